/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The harness of memcached-harness.h.
 */
#include "memcached-harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "expect.h"

server *servers[SERVERS];
char three[512];

zcache *open_cache_(const char *const given[])
{
    const char *settings[12] = {NULL};
    char path[512];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    settings[0] = path;
    settings[1] = "cache.timeout=5s";
    for (size_t i = 0; given[i] != NULL; i++)
        settings[i + 2] = given[i];
    zcache *cache = NULL;
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.provider = "memcached",
                                                                .settings = settings)));
    return cache;
}

zcache_status set_text(zcache *cache, const char *key, const char *text, int64_t ttl_ms)
{
    return zcache_set(cache, key, text, strlen(text), ZCACHE_WRITE(.ttl_ms = ttl_ms));
}

void assert_reads(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_text(text, &value);
    zcache_value_free(&value);
}

zcache *open_one(const server *one)
{
    return open_cache(server_setting(one), "cache.allow_flush=yes");
}

/* Speaks to a server by hand: sends a command, gives what comes until `end`. */
const char *ask(int connection, const char *command, const char *end)
{
    static char reply[16384];
    size_t size = 0;
    assert_int_equal((ssize_t)strlen(command),
                     send(connection, command, strlen(command), MSG_NOSIGNAL));
    do {
        ssize_t got = recv(connection, reply + size, sizeof(reply) - 1 - size, 0);
        assert_true(got > 0);
        size += (size_t)got;
        reply[size] = '\0';
    } while (strstr(reply, end) == NULL);
    return reply;
}

int start_servers(void **state)
{
    (void)state;
    expect_of("memcached");
    for (size_t i = 0; i < SERVERS; i++)
        servers[i] = server_start(SERVER_MEMCACHED, i == 0 ? SERVER_UNIX : SERVER_TCP, NULL);
    snprintf(three, sizeof(three), "memcached.servers=%s,%s,%s", server_address(servers[0]),
             server_address(servers[1]), server_address(servers[2]));
    return 0;
}

int free_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVERS; i++)
        server_free(servers[i]);
    return 0;
}

int empty_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVERS; i++)
        server_restart(servers[i]);
    return 0;
}
