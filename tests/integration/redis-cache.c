/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Short forms for the tests of the redis provider.
 */
#include "redis-cache.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTINGS_MAX 10

/* The path of the plugins first, then those given. */
static zcache_status try_open(zcache **cache, const char *const given[])
{
    const char *settings[SETTINGS_MAX + 1] = {NULL};
    char path[512];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    settings[0] = path;
    for (size_t i = 0; given[i] != NULL; i++) {
        assert_true(i + 1 < SETTINGS_MAX);
        settings[i + 1] = given[i];
    }
    *cache = NULL;
    return zcache_open(cache, ZCACHE_OPTIONS(.provider = "redis", .settings = settings));
}

zcache *open_cache_(const char *const settings[])
{
    zcache *cache;
    assert_status(ZCACHE_OK, try_open(&cache, settings));
    return cache;
}

void assert_not_opened(const char *one, const char *part)
{
    zcache *cache;
    const char *const settings[] = {one, NULL};
    assert_error(ZCACHE_E_CONFIG, part, try_open(&cache, settings));
    assert_null(cache);
}

const char *setting(const char *format, ...)
{
    static char texts[8][300];
    static unsigned next;
    char *text = texts[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(texts[0]), format, arguments);
    va_end(arguments);
    return text;
}

zcache_status set_text(zcache *cache, const char *key, const char *text)
{
    return zcache_set(cache, key, text, strlen(text), NULL);
}

void assert_reads(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_text(text, &value);
    zcache_value_free(&value);
}

typedef struct wanted_stat {
    const char *name;
    int64_t number;
} wanted_stat;

static void note_stat(void *user, const zcache_stat *stat)
{
    wanted_stat *wanted = user;
    if (strcmp(stat->name, wanted->name) == 0)
        wanted->number = stat->number;
}

int64_t stat_of(zcache *cache, const char *name)
{
    wanted_stat wanted = {name, -1};
    zcache_stats(cache, note_stat, &wanted, ZCACHE_READ(.timeout_ms = 200));
    return wanted.number;
}

static void say(int fd, const char *verb, const char *text)
{
    char line[512], reply[512];
    int size = snprintf(line, sizeof(line), "%s%s\r\n", verb, text);
    assert_int_equal(size, send(fd, line, (size_t)size, MSG_NOSIGNAL));
    ssize_t received = recv(fd, reply, sizeof(reply) - 1, 0);
    assert_true(received > 0);
    reply[received] = '\0';
    if (reply[0] == '-')
        fail_msg("%s: %s", text, reply);
}

void server_command(const server *one, const char *password, const char *text)
{
    int fd = server_connect(one);
    if (password != NULL)
        say(fd, "AUTH ", password);
    say(fd, "", text);
    close(fd);
}
