/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The harness of memcached-harness.h.
 */
#include "memcached-harness.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"

server *servers[SERVERS];
char three[512];

zcache *open_cache_(const char *const given[])
{
    const char *settings[13] = {NULL};
    char path[512];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    settings[0] = path;
    settings[1] = "cache.timeout=5s";
    settings[2] = "memcached.connect_timeout=20s"; /* a loaded machine is no silent server */
    for (size_t i = 0; given[i] != NULL; i++)
        settings[i + 3] = given[i];
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

int64_t ttl_of(zcache *cache, const char *key)
{
    int64_t ttl_ms = 0;
    assert_status(ZCACHE_OK, zcache_ttl(cache, key, &ttl_ms, NULL));
    return ttl_ms;
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

static void *lie(void *argument)
{
    liar *it = argument;
    for (;;) {
        const char *const *reply = it->replies;
        int connection = accept(it->listener, NULL, NULL);
        if (connection < 0)
            return NULL;
        ssize_t got = recv(connection, it->request, sizeof(it->request) - 1, 0);
        if (got > 0)
            send(connection, it->greeting, strlen(it->greeting), MSG_NOSIGNAL);
        while (got > 0 && (got = recv(connection, it->request, sizeof(it->request) - 1, 0)) > 0) {
            it->request[got] = '\0';
            do
                got = send(connection, *reply, strlen(*reply), MSG_NOSIGNAL);
            while (it->endless && got > 0);
            if (reply[1] != NULL)
                reply++;
        }
        close(connection);
    }
}

void liar_start(liar *it)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    it->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(it->listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(it->listener, 16));
    assert_int_equal(0, getsockname(it->listener, (struct sockaddr *)&address, &size));
    it->port = ntohs(address.sin_port);
    assert_int_equal(0, pthread_create(&it->thread, NULL, lie, it));
}

void liar_stop(liar *it)
{
    shutdown(it->listener, SHUT_RDWR);
    pthread_join(it->thread, NULL);
    close(it->listener);
}
