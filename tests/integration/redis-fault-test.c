/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The redis provider when its server dies, freezes, restarts, drips or lies: every operation ends
 * by its timeout with the right status, none is carried out twice, no reply is taken for another's,
 * SIGPIPE (whose disposition these tests leave alone) kills nobody, and all recovers by itself.
 */
#include "redis-cache.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pthread.h>

#include "proxy.h"
#include "threads.h"

#define TIMEOUT_MS 500
#define TIMEOUT    "cache.timeout=500ms"

/* ---- helpers --------------------------------------------------------------------------------- */

/* Until an operation succeeds again; the longest pause between attempts is 2 s. */
static void assert_recovers(zcache *cache)
{
    int64_t until = clock_ms() + 2000 + 4 * CLOCK_SLACK_MS;
    while (set_text(cache, "recovered", "yes") != ZCACHE_OK) {
        if (clock_ms() > until)
            fail_msg("redis: has not recovered: %s", zcache_error_message());
        clock_sleep_ms(10);
    }
    assert_reads(cache, "recovered", "yes");
}

/* The call fails so within `ms`, and the slack of a loaded machine. */
#define assert_fails_within(ms, status, part, call)                      \
    do {                                                                 \
        int64_t begin_ms = clock_ms();                                   \
        assert_error(status, part, call);                                \
        assert_between(0, (ms) + CLOCK_SLACK_MS, clock_ms() - begin_ms); \
    } while (0)

/* ---- a server that lies ---------------------------------------------------------------------- */

/* Answers the first request of each connection (SELECT) with +OK, and each later one with `reply`,
 * byte by byte with `pause_ms` between if that is not 0. */
typedef struct liar {
    int listening;
    char setting[64];
    const char *reply;
    int pause_ms;
    pthread_t thread;
    _Atomic bool stopping;
} liar;

static bool say(int fd, const char *reply, int pause_ms)
{
    size_t step = pause_ms > 0 ? 1 : strlen(reply);
    for (; *reply != '\0'; reply += step) {
        if (send(fd, reply, step, MSG_NOSIGNAL) != (ssize_t)step)
            return false;
        clock_sleep_ms(pause_ms);
    }
    return true;
}

static void *lie(void *user)
{
    liar *one = user;
    char request[4096];
    for (;;) {
        int fd = accept(one->listening, NULL, NULL);
        if (atomic_load(&one->stopping)) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        bool talking =
            fd >= 0 && recv(fd, request, sizeof(request), 0) > 0 && say(fd, "+OK\r\n", 0);
        while (talking && recv(fd, request, sizeof(request), 0) > 0)
            talking = say(fd, one->reply, one->pause_ms);
        if (fd >= 0)
            close(fd);
    }
}

/* A listening socket on a free port, and the setting that names it. */
static int listen_anywhere(char *url, size_t url_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listening >= 0);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(listening, 16));
    assert_int_equal(0, getsockname(listening, (struct sockaddr *)&address, &size));
    snprintf(url, url_size, "redis.url=redis://127.0.0.1:%d", ntohs(address.sin_port));
    return listening;
}

static void liar_start(liar *one, const char *reply, int pause_ms)
{
    *one = (liar){.reply = reply, .pause_ms = pause_ms};
    one->listening = listen_anywhere(one->setting, sizeof(one->setting));
    assert_int_equal(0, pthread_create(&one->thread, NULL, lie, one));
}

/* After the cache was closed. */
static void liar_stop(liar *one)
{
    atomic_store(&one->stopping, true);
    shutdown(one->listening, SHUT_RDWR);
    pthread_join(one->thread, NULL);
    close(one->listening);
}

/* ---- lies ------------------------------------------------------------------------------------ */

static void test_a_dripping_server_is_left_by_the_deadline(void **state)
{
    (void)state;
    liar one;
    liar_start(&one,
               "$100\r\n0123456789012345678901234567890123456789012345678901234567890123456789",
               100);
    zcache *cache = open_cache(one.setting, TIMEOUT);
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_fails_within(TIMEOUT_MS, ZCACHE_E_TIMEOUT, "redis at",
                        zcache_get(cache, "a", &value, NULL));
    assert_fails_within(100, ZCACHE_E_TIMEOUT, "redis at",
                        zcache_get(cache, "a", &value, ZCACHE_READ(.timeout_ms = 100)));
    assert_fails_within(5, ZCACHE_E_TIMEOUT, "redis at",
                        zcache_get(cache, "a", &value, ZCACHE_READ(.timeout_ms = 5)));
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    liar_stop(&one);
}

static void test_senseless_replies_are_protocol_errors(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "*2147483647\r\n",               /* would be 16 GB of elements */
        "*1\r\n*1\r\n*1\r\n$1\r\nx\r\n", /* an array for a value */
        ":1\r\n",                        /* a number for a value */
        "+OK\r\n",                       /* a status for a value */
        "HTTP/1.1 400 Bad Request\r\n",
        "$-5\r\n",
        "$99999999999999999999\r\n",
    };
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        liar one;
        liar_start(&one, replies[i], 0);
        zcache *cache = open_cache(one.setting, "cache.timeout=20s");
        zcache_value value = ZCACHE_VALUE_INIT;
        assert_fails_within(0, ZCACHE_E_PROTOCOL, "redis at 127.0.0.1",
                            zcache_get(cache, "a", &value, NULL));
        assert_int_equal(0, stat_of(cache, "redis_connections_idle"));
        zcache_value_free(&value);
        assert_status(ZCACHE_OK, zcache_close(cache));
        liar_stop(&one);
    }
}

static void test_many_keys_do_not_take_more_values_than_they_are(void **state)
{
    (void)state;
    static const char *const replies[] = {"*2147483647\r\n",
                                          "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
                                          "*1\r\n$1\r\na\r\n", "*2\r\n:1\r\n:2\r\n", "*-1\r\n"};
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        liar one;
        liar_start(&one, replies[i], 0);
        zcache *cache = open_cache(one.setting, "cache.timeout=20s");
        zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
        const char *keys[] = {"a", "b"};
        assert_fails_within(0, ZCACHE_E_PROTOCOL, "redis at 127.0.0.1",
                            zcache_get_multi(cache, 2, keys, values, NULL, NULL));
        zcache_value_free(&values[0]);
        zcache_value_free(&values[1]);
        assert_status(ZCACHE_OK, zcache_close(cache));
        liar_stop(&one);
    }
}

static void test_a_reply_too_many_is_nobodys(void **state)
{
    (void)state;
    liar one;
    liar_start(&one, "$1\r\na\r\n$1\r\nb\r\n", 0);
    zcache *cache = open_cache(one.setting, "cache.timeout=20s", "redis.pool_size=1");
    for (int i = 0; i < 3; i++)
        assert_reads(cache, "key", "a");
    assert_status(ZCACHE_OK, zcache_close(cache));
    liar_stop(&one);
}

static void test_what_an_error_quotes_is_not_shown(void **state)
{
    (void)state;
    liar one;
    liar_start(&one, "-ERR unknown command 'SET', with args beginning with: 'key' 'hunter2' \r\n",
               0);
    zcache *cache = open_cache(one.setting, TIMEOUT);
    assert_error(ZCACHE_E_SERVER, "unknown command 'SET'", set_text(cache, "key", "hunter2"));
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_status(ZCACHE_OK, zcache_close(cache));
    liar_stop(&one);
}

static void test_a_server_that_loads_is_unavailable(void **state)
{
    (void)state;
    liar one;
    liar_start(&one, "-LOADING Redis is loading the dataset in memory\r\n", 0);
    zcache *cache = open_cache(one.setting, TIMEOUT);
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_error(ZCACHE_E_UNAVAILABLE, "LOADING", zcache_get(cache, "key", &value, NULL));
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    liar_stop(&one);
}

static void test_a_server_that_never_answers_is_unavailable(void **state)
{
    (void)state;
    char url[64];
    int listening = listen_anywhere(url, sizeof(url)); /* the kernel accepts; nobody speaks */
    zcache *cache = open_cache(url, "cache.timeout=60s", "redis.connect_timeout=200ms",
                               "redis.backoff_min=50s", "redis.backoff_max=60s");
    int64_t begin = clock_ms();
    assert_error(ZCACHE_E_UNAVAILABLE, "(1 attempt)", set_text(cache, "key", "value"));
    assert_between(199, 200 + CLOCK_SLACK_MS, clock_ms() - begin);
    /* in the pause that follows, at once */
    assert_fails_within(0, ZCACHE_E_UNAVAILABLE, "(1 attempt)", set_text(cache, "key", "value"));
    assert_int_equal(1, stat_of(cache, "redis_failed_attempts"));
    assert_status(ZCACHE_OK, zcache_close(cache));
    close(listening);
}

static void test_a_caller_in_a_hurry_does_not_stop_the_others(void **state)
{
    (void)state;
    char url[64];
    int listening = listen_anywhere(url, sizeof(url));
    zcache *cache = open_cache(url, "cache.timeout=60s", "redis.connect_timeout=30s");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_fails_within(50, ZCACHE_E_TIMEOUT, "connect",
                        zcache_get(cache, "key", &value, ZCACHE_READ(.timeout_ms = 50)));
    assert_int_equal(0, stat_of(cache, "redis_failed_attempts"));
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    close(listening);
}

static void test_a_name_that_is_nobodys_is_unavailable_in_time(void **state)
{
    (void)state;
    zcache *cache = open_cache("redis.url=redis://nobody.invalid", TIMEOUT);
    int64_t begin = clock_ms();
    zcache_status status = zcache_ping(cache, NULL);
    assert_between(0, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - begin);
    /* the second where this machine's resolver has not answered yet */
    assert_true(status == ZCACHE_E_UNAVAILABLE || status == ZCACHE_E_TIMEOUT);
    assert_non_null(strstr(zcache_error_message(), "redis at nobody.invalid:6379: "));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_host_can_be_a_name(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_TCP, NULL);
    char url[64];
    snprintf(url, sizeof(url), "redis.url=redis://%s:%d", server_host_name(), server_port(one));
    zcache *cache = open_cache(url, "cache.timeout=20s", "redis.connect_timeout=20s");
    assert_status(ZCACHE_OK, set_text(cache, "a", "1"));
    server_restart(one);
    assert_status(ZCACHE_MISS, zcache_exists(cache, "a", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

/* ---- death ----------------------------------------------------------------------------------- */

static void test_a_dead_server_is_told_at_once_with_the_reason(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_TCP, NULL);
    zcache *cache = open_cache(server_setting(one), "cache.timeout=20s");
    assert_status(ZCACHE_OK, set_text(cache, "a", "1"));
    server_kill(one);
    assert_fails_within(0, ZCACHE_E_UNAVAILABLE, server_address(one), set_text(cache, "a", "2"));
    int64_t until = clock_ms() + 1000;
    while (clock_ms() < until)
        assert_status(ZCACHE_E_UNAVAILABLE, set_text(cache, "a", "2"));
    assert_error(ZCACHE_E_UNAVAILABLE, "connection refused (", set_text(cache, "a", "2"));
    assert_non_null(strstr(zcache_error_message(), " attempts in "));
    /* with pauses: 50, 100, 200, 400 ms, each half as long at least */
    assert_between(2, 12, stat_of(cache, "redis_failed_attempts"));
    server_restart(one);
    assert_recovers(cache);
    assert_between(1, 2, stat_of(cache, "redis_reconnects"));
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_a_cache_opens_before_its_server(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    server_kill(one);
    unlink(server_socket(one));
    zcache *cache = open_cache(server_setting(one), TIMEOUT);
    assert_error(ZCACHE_E_UNAVAILABLE, "no such file or directory", zcache_ping(cache, NULL));
    server_restart(one);
    assert_recovers(cache);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_a_restart_between_operations_fails_none(void **state)
{
    (void)state;
    for (server_listen listen = SERVER_UNIX; listen <= SERVER_TCP; listen++) {
        server *one = server_start(SERVER_REDIS, listen, NULL);
        zcache *cache = open_cache(server_setting(one), "cache.timeout=20s");
        int64_t number = 0;
        for (int i = 0; i < 3; i++) {
            assert_status(ZCACHE_OK, zcache_incr(cache, "counter", 1, &number, NULL));
            assert_int_equal(1, number);
            server_restart(one);
        }
        assert_int_equal(0, stat_of(cache, "redis_failed_attempts"));
        assert_status(ZCACHE_OK, zcache_close(cache));
        server_free(one);
    }
}

static void test_a_frozen_server_costs_the_timeout_and_no_more(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    zcache *cache = open_cache(server_setting(one), TIMEOUT, "redis.pool_size=2",
                               "redis.connect_timeout=200ms");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, set_text(cache, "a", "before"));
    assert_status(ZCACHE_OK, set_text(cache, "b", "other"));
    server_freeze(one);
    int64_t begin = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "deadline", zcache_get(cache, "a", &value, NULL));
    assert_between(TIMEOUT_MS - 1, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - begin);
    assert_fails_within(TIMEOUT_MS, ZCACHE_E_UNAVAILABLE, "", set_text(cache, "c", "frozen"));
    server_thaw(one);
    assert_recovers(cache);
    /* the reply to the first get came late, on a connection that is used no more */
    assert_reads(cache, "b", "other");
    assert_reads(cache, "a", "before");
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void fail_in_time(void *user, size_t index)
{
    zcache *cache = user;
    int64_t begin = clock_ms();
    (void)index;
    zcache_status status = set_text(cache, "waiting", "1");
    check_that(status == ZCACHE_E_TIMEOUT || status == ZCACHE_E_UNAVAILABLE);
    check_that(clock_ms() - begin <= TIMEOUT_MS + CLOCK_SLACK_MS);
}

static void test_threads_that_wait_for_a_connection_end_in_time(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    zcache *cache = open_cache(server_setting(one), TIMEOUT, "redis.pool_size=1");
    assert_status(ZCACHE_OK, set_text(cache, "waiting", "0"));
    server_freeze(one);
    threads_run(8, fail_in_time, cache);
    assert_int_equal(0, checks_failed());
    server_thaw(one);
    assert_recovers(cache);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

/* ---- in the middle of traffic ---------------------------------------------------------------- */

typedef struct traffic {
    zcache *cache;
    _Atomic bool stopping;
    _Atomic unsigned done, failed;
} traffic;

static bool is_expected(zcache_status status)
{
    return status == ZCACHE_OK || status == ZCACHE_MISS || status == ZCACHE_E_UNAVAILABLE ||
           status == ZCACHE_E_TIMEOUT;
}

/* A value tells whose it is. */
static void drive(void *user, size_t index)
{
    traffic *driven = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    char key[32];
    snprintf(key, sizeof(key), "traffic-%zu", index);
    for (unsigned i = 0; !atomic_load(&driven->stopping); i++) {
        int64_t begin = clock_ms();
        bool writes = i % 4 == 0;
        zcache_status status = writes ? set_text(driven->cache, key, key)
                                      : zcache_get(driven->cache, key, &value, NULL);
        if (!check_that(is_expected(status)) ||
            !check_that(clock_ms() - begin <= TIMEOUT_MS + CLOCK_SLACK_MS))
            printf("# %s: %s\n", zcache_status_name(status), zcache_error_message());
        if (!writes && status == ZCACHE_OK)
            check_that(strcmp(value.data, key) == 0);
        atomic_fetch_add(status >= 0 ? &driven->done : &driven->failed, 1);
        if (status < 0)
            clock_sleep_ms(1);
    }
    zcache_value_free(&value);
}

static void *drive_threads(void *user)
{
    threads_run(6, drive, user);
    return NULL;
}

static void test_traffic_survives_what_happens_to_the_server(void **state)
{
    (void)state;
    for (server_listen listen = SERVER_UNIX; listen <= SERVER_TCP; listen++) {
        server *one = server_start(SERVER_REDIS, listen, NULL);
        traffic driven = {.cache = open_cache(server_setting(one), TIMEOUT, "redis.pool_size=3",
                                              "redis.backoff_max=200ms")};
        pthread_t thread;
        assert_int_equal(0, pthread_create(&thread, NULL, drive_threads, &driven));
        clock_sleep_ms(100);
        server_kill(one);
        clock_sleep_ms(200);
        server_restart(one);
        clock_sleep_ms(300);
        server_freeze(one);
        clock_sleep_ms(TIMEOUT_MS + 200);
        server_thaw(one);
        clock_sleep_ms(100);
        assert_recovers(driven.cache);
        atomic_store(&driven.stopping, true);
        pthread_join(thread, NULL);
        assert_int_equal(0, checks_failed());
        assert_true(atomic_load(&driven.done) > 0);
        assert_true(atomic_load(&driven.failed) > 0);
        assert_between(1, 3, stat_of(driven.cache, "redis_connections_open"));
        assert_status(ZCACHE_OK, zcache_close(driven.cache));
        server_free(one);
    }
}

static void test_no_increment_is_carried_out_twice(void **state)
{
    (void)state;
    server *one = server_start(SERVER_REDIS, SERVER_TCP, NULL);
    proxy *between = proxy_start(one);
    zcache *cache = open_cache(proxy_setting(between), TIMEOUT, "redis.backoff_min=1ms",
                               "redis.backoff_max=2ms");
    int64_t counted = 0, attempted = 0, number = 0;
    for (int i = 0; i < 60; i++) {
        /* replies are ":N\r\n" and "+OK\r\n": some are cut before, some after, some within */
        if (i % 3 == 0)
            proxy_set(between, PROXY_CUT, (size_t)(i % 11), 0);
        attempted++;
        if (zcache_incr(cache, "counter", 1, &number, NULL) == ZCACHE_OK)
            counted++;
    }
    proxy_set(between, PROXY_PASS, 0, 0);
    assert_recovers(cache);
    assert_status(ZCACHE_OK, zcache_incr(cache, "counter", 0, &number, NULL));
    assert_true(counted < attempted);
    assert_between(counted, attempted, number);
    assert_status(ZCACHE_OK, zcache_close(cache));
    proxy_free(between);
    server_free(one);
}

static int name_provider(void **state)
{
    (void)state;
    expect_of("redis");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dripping_server_is_left_by_the_deadline),
        cmocka_unit_test(test_senseless_replies_are_protocol_errors),
        cmocka_unit_test(test_many_keys_do_not_take_more_values_than_they_are),
        cmocka_unit_test(test_a_reply_too_many_is_nobodys),
        cmocka_unit_test(test_what_an_error_quotes_is_not_shown),
        cmocka_unit_test(test_a_server_that_loads_is_unavailable),
        cmocka_unit_test(test_a_server_that_never_answers_is_unavailable),
        cmocka_unit_test(test_a_caller_in_a_hurry_does_not_stop_the_others),
        cmocka_unit_test(test_a_name_that_is_nobodys_is_unavailable_in_time),
        cmocka_unit_test(test_a_host_can_be_a_name),
        cmocka_unit_test(test_a_dead_server_is_told_at_once_with_the_reason),
        cmocka_unit_test(test_a_cache_opens_before_its_server),
        cmocka_unit_test(test_a_restart_between_operations_fails_none),
        cmocka_unit_test(test_a_frozen_server_costs_the_timeout_and_no_more),
        cmocka_unit_test(test_threads_that_wait_for_a_connection_end_in_time),
        cmocka_unit_test(test_traffic_survives_what_happens_to_the_server),
        cmocka_unit_test(test_no_increment_is_carried_out_twice),
    };
    return cmocka_run_group_tests_name("redis faults", tests, name_provider, NULL);
}
