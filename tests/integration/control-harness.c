/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The harness of control-harness.h.
 */
#include "control-harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

server *redis;
zcache *cache;
const char *directory;
char socket_path[108];

int start_server(void **state)
{
    (void)state;
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    return 0;
}

int stop_server(void **state)
{
    (void)state;
    server_free(redis);
    return 0;
}

/* ---- the cache ------------------------------------------------------------------------------- */

zcache_status open_at(zcache **opened, const char *path)
{
    static char plugins[4096];
    char socket_setting[512];
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s,%s", directory,
             getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(socket_setting, sizeof(socket_setting), "control.socket=%s", path);
    const char *settings[] = {plugins,        "cache.key_prefix=ctl:", "cache.timeout=20s",
                              socket_setting, server_setting(redis),   NULL};
    return zcache_open(opened, ZCACHE_OPTIONS(.settings = settings));
}

int open_cache(void **state)
{
    (void)state;
    directory = temp_dir();
    snprintf(socket_path, sizeof(socket_path), "%s/control.sock", directory);
    assert_status(ZCACHE_OK, open_at(&cache, socket_path));
    return 0;
}

int close_cache(void **state)
{
    (void)state;
    if (cache != NULL) {
        assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
    cache = NULL;
    assert_int_equal(-1, access(socket_path, F_OK));
    return 0;
}

void fill(void)
{
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        int size = snprintf(key, sizeof(key), "key:%d", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key, key, (size_t)size, NULL));
    }
}

void assert_all_there(void)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key:%d", i);
        assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
        assert_text(key, &value);
    }
    zcache_value_free(&value);
}

/* ---- a client -------------------------------------------------------------------------------- */

int try_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 30};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

int connect_client(void)
{
    int fd = try_connect();
    assert_true(fd >= 0);
    return fd;
}

void send_bytes(int fd, const char *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    assert_true(sent == (ssize_t)size || errno == EPIPE); /* refused and gone already */
}

void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

void read_reply(int fd, char reply[REPLY_MAX])
{
    size_t used = 0;
    ssize_t got;
    do { /* a process that was stopped goes on with EINTR, since the socket has a timeout */
        got = recv(fd, reply + used, REPLY_MAX - 1 - used, 0);
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    assert_true(got == 0 || errno == ECONNRESET); /* not all that we sent was read */
    reply[used] = '\0';
    close(fd);
}

const char *ask(const char *request)
{
    static char reply[REPLY_MAX];
    int fd = connect_client();
    send_text(fd, request);
    send_text(fd, "\n");
    read_reply(fd, reply);
    return reply;
}

void assert_has_(const char *part, const char *reply, int line)
{
    if (strstr(reply, part) != NULL)
        return;
    print_message("# line %d: expected in the reply: ", line);
    print_message("%.300s\n", part);
    print_message("# the reply: %.2000s\n", reply);
    fail();
}

void assert_serves(void)
{
    assert_has(ENDS_OK, ask("status"));
}

void wait_for_reply(const char *request, const char *part)
{
    int64_t deadline_ms = clock_ms() + 30000;
    while (strstr(ask(request), part) == NULL) {
        if (clock_ms() > deadline_ms)
            fail_msg("%s never answered %s", request, part);
        clock_sleep_ms(20);
    }
}

/* ---- the application at work ----------------------------------------------------------------- */

static void *count_up(void *argument)
{
    work *working = argument;
    int64_t number = 0;
    while (!atomic_load(&working->stop)) {
        check_status(ZCACHE_OK, zcache_incr(cache, "counter", 1, &number, NULL));
        working->counted++;
        check_that(number == working->counted);
    }
    return NULL;
}

void work_begin(work *working)
{
    *working = (work){0};
    assert_int_equal(0, pthread_create(&working->thread, NULL, count_up, working));
}

void work_end(work *working)
{
    atomic_store(&working->stop, true);
    pthread_join(working->thread, NULL);
    assert_true(working->counted > 0);
    assert_int_equal(0, checks_failed());
    int64_t number = 0;
    assert_status(ZCACHE_OK, zcache_incr(cache, "counter", 0, &number, NULL));
    assert_int_equal(working->counted, number);
}
