/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A backend that is dead or does not answer: every operation ends by its deadline with an error
 * that is never a miss, says whom it asked, and works again by itself when the backend is back.
 */
#include "conform.h"

#define TIMEOUT_MS 600
/* Where nothing has to wait for it: time that passes elsewhere, on a loaded machine, does no harm. */
#define PATIENT_MS 20000
/* How often an operation is called that was late, or in time no more: once may be the machine's fault. */
#define ATTEMPTS 5

/* Longer than any backoff between two attempts to reconnect. */
#define RECOVERY_MS 15000

typedef struct backend {
    server *server;
    zcache *cache;
    zcache_value value;
} backend;

static backend backend_start(int timeout_ms, const char *setting)
{
    backend one = {.value = ZCACHE_VALUE_INIT};
    char timeout[64], scan_timeout[64];
    snprintf(timeout, sizeof(timeout), "cache.timeout=%dms", timeout_ms);
    snprintf(scan_timeout, sizeof(scan_timeout), "cache.scan_timeout=%dms", timeout_ms);
    const char *const settings[] = {"cache.key_prefix=b:", timeout, scan_timeout, setting, NULL};
    one.server = server_start(conform_provider_now->kind, SERVER_TCP, NULL);
    one.cache = conform_open(one.server, settings);
    return one;
}

static void backend_end(backend *one)
{
    zcache_value_free(&one->value);
    assert_status(ZCACHE_OK, zcache_close(one->cache));
    server_free(one->server);
}

/* ---- every operation that needs the backend -------------------------------------------------- */

static void ignore_stat(void *user, const zcache_stat *stat)
{
    (void)user, (void)stat;
}

static bool ignore_key(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)user, (void)key, (void)ttl_ms;
    return true;
}

static zcache_status call_get(backend *b)
{
    zcache_status status = zcache_get(b->cache, "k", &b->value, NULL);
    if (status != ZCACHE_OK)
        assert_int_equal(b->value.size, 0);
    return status;
}
static zcache_status call_exists(backend *b)
{
    return zcache_exists(b->cache, "k", NULL);
}
static zcache_status call_ttl(backend *b)
{
    int64_t ttl_ms;
    return zcache_ttl(b->cache, "k", &ttl_ms, NULL);
}
static zcache_status call_get_multi(backend *b)
{
    const char *const keys[] = {"k", "k2"};
    zcache_value values[2] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    zcache_status statuses[2];
    zcache_status status = zcache_get_multi(b->cache, 2, keys, values, statuses, NULL);
    assert_int_equal(statuses[0] < 0, status < 0);
    assert_int_equal(statuses[1] < 0, status < 0);
    zcache_value_free(&values[0]);
    zcache_value_free(&values[1]);
    return status == ZCACHE_OK ? statuses[0] : status;
}
static zcache_status call_set(backend *b)
{
    return zcache_set(b->cache, "k", "v", 1, NULL);
}
static zcache_status call_add(backend *b)
{
    return zcache_add(b->cache, "k", "v", 1, NULL);
}
static zcache_status call_replace(backend *b)
{
    return zcache_replace(b->cache, "k", "v", 1, NULL);
}
static zcache_status call_cas(backend *b)
{
    return zcache_cas(b->cache, "k", "v", 1, 99, NULL);
}
static zcache_status call_del(backend *b)
{
    return zcache_del(b->cache, "k", NULL);
}
static zcache_status call_touch(backend *b)
{
    return zcache_touch(b->cache, "k", ZCACHE_WRITE(.ttl_ms = 60000));
}
static zcache_status call_incr(backend *b)
{
    return zcache_incr(b->cache, "n", 1, NULL, NULL);
}
static zcache_status call_set_multi(backend *b)
{
    zcache_item items[2] = {{.key = zcache_str("k"), .value = zcache_str("v")},
                            {.key = zcache_str("k2"), .value = zcache_str("v")}};
    zcache_status status = zcache_set_multi(b->cache, 2, items, NULL);
    assert_int_equal(items[0].status < 0, status < 0);
    assert_int_equal(items[1].status < 0, status < 0);
    return status;
}
static zcache_status call_del_multi(backend *b)
{
    const char *const keys[] = {"k", "k2"};
    zcache_status statuses[2];
    zcache_status status = zcache_del_multi(b->cache, 2, keys, statuses, NULL);
    assert_int_equal(statuses[0] < 0, status < 0);
    assert_int_equal(statuses[1] < 0, status < 0);
    return status;
}
static zcache_status call_keys(backend *b)
{
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    zcache_status status = zcache_keys(b->cache, NULL, &list, NULL);
    if (status != ZCACHE_OK)
        assert_int_equal(list.count, 0);
    zcache_key_list_free(&list);
    return status;
}
static zcache_status call_scan(backend *b)
{
    return zcache_scan(b->cache, NULL, ignore_key, NULL, NULL);
}
static zcache_status call_clear(backend *b)
{
    return zcache_clear(b->cache, NULL);
}
static zcache_status call_ping(backend *b)
{
    return zcache_ping(b->cache, NULL);
}
static zcache_status call_stats(backend *b)
{
    return zcache_stats(b->cache, ignore_stat, NULL, NULL);
}

static const struct {
    const char *name;
    zcache_status (*call)(backend *b);
    bool read; /* errors = miss concerns it */
} calls[] = {
    {"get", call_get, true},
    {"exists", call_exists, true},
    {"ttl", call_ttl, true},
    {"get_multi", call_get_multi, true},
    {"set", call_set, false},
    {"add", call_add, false},
    {"replace", call_replace, false},
    {"cas", call_cas, false},
    {"del", call_del, false},
    {"touch", call_touch, false},
    {"incr", call_incr, false},
    {"set_multi", call_set_multi, false},
    {"del_multi", call_del_multi, false},
    {"keys", call_keys, false},
    {"scan", call_scan, false},
    {"clear", call_clear, false},
    {"ping", call_ping, false},
    {"stats", call_stats, false},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* Each operation fails in time, with one of two statuses and a message that names the server. */
static void assert_all_fail(backend *b, zcache_status one, zcache_status other)
{
    for (size_t i = 0; i < CALLS; i++) {
        zcache_status status;
        int64_t took_ms;
        int tries = 0;
        do {
            int64_t start_ms = clock_ms();
            status = calls[i].call(b);
            took_ms = clock_ms() - start_ms;
        } while (took_ms >= TIMEOUT_MS && ++tries < ATTEMPTS &&
                 (took_ms > TIMEOUT_MS + CLOCK_SLACK_MS || (status != one && status != other)));
        if (status != one && status != other)
            fail_msg("%s: %s: expected %s, got %s (%s)", conform_provider_now->name, calls[i].name,
                     zcache_status_name(one), zcache_status_name(status), zcache_error_message());
        if (strstr(zcache_error_message(), server_address(b->server)) == NULL)
            fail_msg("%s: %s: expected a message that names %s, got \"%s\"",
                     conform_provider_now->name, calls[i].name, server_address(b->server),
                     zcache_error_message());
        if (took_ms > TIMEOUT_MS + CLOCK_SLACK_MS)
            fail_msg("%s: %s took %lld ms with a timeout of %d ms", conform_provider_now->name,
                     calls[i].name, (long long)took_ms, TIMEOUT_MS);
    }
}

static void wait_for_recovery(backend *b)
{
    int64_t end_ms = clock_ms() + RECOVERY_MS;
    for (int tries = 1; call_set(b) != ZCACHE_OK; tries++) {
        if (clock_ms() > end_ms && tries >= 10 * ATTEMPTS)
            fail_msg("%s: not recovered after %d ms: %s", conform_provider_now->name, RECOVERY_MS,
                     zcache_error_message());
        clock_sleep_ms(20);
    }
}

/* One call that comes too late may cost the connection. */
static void assert_works(backend *b, size_t i)
{
    for (int tries = 1;; tries++) {
        wait_for_recovery(b);
        int64_t start_ms = clock_ms();
        if (calls[i].call(b) >= 0)
            return;
        if (clock_ms() - start_ms < TIMEOUT_MS || tries == ATTEMPTS)
            fail_msg("%s: after the recovery: %s: %s", conform_provider_now->name, calls[i].name,
                     zcache_error_message());
    }
}

static void assert_recovers(backend *b)
{
    for (size_t i = 0; i < CALLS; i++)
        assert_works(b, i);
    assert_status(ZCACHE_OK, zcache_set(b->cache, "k", "recovered", 9,
                                        ZCACHE_WRITE(.timeout_ms = ZCACHE_MINUTES(1))));
    assert_status(ZCACHE_OK, zcache_get(b->cache, "k", &b->value,
                                        ZCACHE_READ(.timeout_ms = ZCACHE_MINUTES(1))));
    assert_text("recovered", &b->value);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_killed_backend_is_unavailable_and_comes_back(void **state)
{
    (void)state;
    backend b = backend_start(TIMEOUT_MS, NULL);
    assert_recovers(&b);
    server_kill(b.server);
    assert_all_fail(&b, ZCACHE_E_UNAVAILABLE, ZCACHE_E_UNAVAILABLE);
    server_restart(b.server);
    assert_recovers(&b);
    backend_end(&b);
}

static void test_restarted_backend_is_simply_empty(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, NULL);
    put(b.cache, "k", "v");
    server_restart(b.server);
    int64_t end_ms = clock_ms() + RECOVERY_MS;
    zcache_status status;
    while ((status = zcache_get(b.cache, "k", &b.value, NULL)) < 0 && clock_ms() < end_ms)
        clock_sleep_ms(20);
    assert_status(ZCACHE_MISS, status);
    backend_end(&b);
}

static void test_cache_opens_while_its_backend_is_down(void **state)
{
    (void)state;
    backend b = {.value = ZCACHE_VALUE_INIT};
    b.server = server_start(conform_provider_now->kind, SERVER_TCP, NULL);
    server_kill(b.server);
    const char *const settings[] = {"cache.key_prefix=b:", "cache.timeout=20s", NULL};
    b.cache = conform_open(b.server, settings);
    assert_status(ZCACHE_E_UNAVAILABLE, call_get(&b));
    server_restart(b.server);
    assert_recovers(&b);
    backend_end(&b);
}

static void test_frozen_backend_times_out_and_comes_back(void **state)
{
    (void)state;
    backend b = backend_start(TIMEOUT_MS, NULL);
    assert_recovers(&b);
    server_freeze(b.server);
    assert_all_fail(&b, ZCACHE_E_TIMEOUT, ZCACHE_E_UNAVAILABLE);
    server_thaw(b.server);
    assert_recovers(&b);
    backend_end(&b);
}

/* The replies to what timed out arrive when the server goes on: they must not be taken for the
 * replies to what is asked then. */
static void test_late_replies_answer_nobody(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, NULL);
    char key[16];
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        put(b.cache, key, key);
    }
    for (int round = 0; round < 2; round++) {
        server_freeze(b.server);
        for (int i = 0; i < 3; i++) {
            snprintf(key, sizeof(key), "k%d", i);
            zcache_status status =
                zcache_get(b.cache, key, &b.value, ZCACHE_READ(.timeout_ms = 50));
            assert_true(status == ZCACHE_E_TIMEOUT || status == ZCACHE_E_UNAVAILABLE);
        }
        server_thaw(b.server);
        assert_recovers(&b);
        for (int i = 0; i < 20; i++) {
            snprintf(key, sizeof(key), "k%d", i);
            zcache_status status = zcache_set(b.cache, key, key, strlen(key), NULL);
            assert_status(ZCACHE_OK, status);
            assert_holds(b.cache, key, key);
        }
    }
    backend_end(&b);
}

static void test_timeout_of_a_call_wins_over_the_configured_one(void **state)
{
    (void)state;
    backend b = {.value = ZCACHE_VALUE_INIT};
    b.server = server_start(conform_provider_now->kind, SERVER_TCP, NULL);
    const char *const settings[] = {"cache.key_prefix=b:", "cache.timeout=60s",
                                    "cache.scan_timeout=60s", NULL};
    b.cache = conform_open(b.server, settings);
    put(b.cache, "k", "v");
    server_freeze(b.server);
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    const zcache_read_options *read = ZCACHE_READ(.timeout_ms = 100);
    const zcache_write_options *write = ZCACHE_WRITE(.timeout_ms = 100);
    int64_t start_ms = clock_ms();
    assert_status(ZCACHE_E_TIMEOUT, zcache_get(b.cache, "k", &b.value, read));
    assert_true(zcache_set(b.cache, "k", "w", 1, write) < 0);
    assert_true(zcache_incr(b.cache, "n", 1, NULL, write) < 0);
    assert_true(zcache_del(b.cache, "k", write) < 0);
    assert_true(zcache_keys(b.cache, NULL, &list, ZCACHE_SCAN(.timeout_ms = 100)) < 0);
    assert_between(0, 500 + 5 * CLOCK_SLACK_MS, clock_ms() - start_ms);
    server_thaw(b.server);
    backend_end(&b);
}

static void test_timeout_is_used_up_before_giving_up(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, NULL);
    put(b.cache, "k", "v");
    server_freeze(b.server);
    int64_t start_ms = clock_ms();
    assert_status(ZCACHE_E_TIMEOUT,
                  zcache_get(b.cache, "k", &b.value, ZCACHE_READ(.timeout_ms = 500)));
    assert_between(490, 500 + CLOCK_SLACK_MS, clock_ms() - start_ms);
    server_thaw(b.server);
    backend_end(&b);
}

static void test_errors_are_misses_where_that_is_configured(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, "cache.errors=miss");
    put(b.cache, "k", "v");
    server_kill(b.server);
    for (size_t i = 0; i < CALLS; i++) {
        zcache_status status = calls[i].call(&b);
        zcache_status expected = calls[i].read ? ZCACHE_MISS : ZCACHE_E_UNAVAILABLE;
        if (status != expected)
            fail_msg("%s: %s with errors = miss: expected %s, got %s", conform_provider_now->name,
                     calls[i].name, zcache_status_name(expected), zcache_status_name(status));
    }
    assert_status(ZCACHE_E_KEY, zcache_get(b.cache, "", &b.value, NULL));
    assert_status(ZCACHE_E_INVALID,
                  zcache_get(b.cache, "k", &b.value, ZCACHE_READ(.timeout_ms = -1)));
    server_restart(b.server);
    assert_recovers(&b);
    backend_end(&b);
}

/* What is wrong before any byte is sent is told as such, whether the server lives or not. */
static void test_bad_input_is_refused_before_any_io(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, NULL);
    char key[300];
    char *large = calloc(1, 1000001);
    assert_non_null(large);
    memset(key, 'k', sizeof(key));
    server_kill(b.server);
    assert_status(ZCACHE_E_KEY, zcache_set_n(b.cache, key, sizeof(key), "v", 1, NULL));
    assert_status(ZCACHE_E_KEY, zcache_get(b.cache, "", &b.value, NULL));
    assert_status(ZCACHE_E_TOO_LARGE, zcache_set(b.cache, "k", large, 1000001, NULL));
    assert_status(ZCACHE_E_INVALID, zcache_set(b.cache, "k", "v", 1, ZCACHE_WRITE(.ttl_ms = -9)));
    free(large);
    backend_end(&b);
}

static void test_statistics_of_the_cache_are_told_without_backend(void **state)
{
    (void)state;
    backend b = backend_start(PATIENT_MS, NULL);
    server_kill(b.server);
    assert_status(ZCACHE_E_UNAVAILABLE, call_get(&b));
    assert_status(ZCACHE_E_UNAVAILABLE, call_stats(&b));
    backend_end(&b);
}

static void test_cache_closes_while_its_backend_is_frozen(void **state)
{
    (void)state;
    backend b = backend_start(TIMEOUT_MS, NULL);
    wait_for_recovery(&b); /* it is connected */
    server_freeze(b.server);
    int64_t start_ms = clock_ms();
    assert_status(ZCACHE_OK, zcache_close(b.cache));
    assert_between(0, TIMEOUT_MS + CLOCK_SLACK_MS, clock_ms() - start_ms);
    server_free(b.server);
}

static const struct CMUnitTest backend_tests[] = {
    TEST(test_killed_backend_is_unavailable_and_comes_back),
    TEST(test_restarted_backend_is_simply_empty),
    TEST(test_cache_opens_while_its_backend_is_down),
    TEST(test_frozen_backend_times_out_and_comes_back),
    TEST(test_late_replies_answer_nobody),
    TEST(test_timeout_of_a_call_wins_over_the_configured_one),
    TEST(test_timeout_is_used_up_before_giving_up),
    TEST(test_errors_are_misses_where_that_is_configured),
    TEST(test_bad_input_is_refused_before_any_io),
    TEST(test_statistics_of_the_cache_are_told_without_backend),
    TEST(test_cache_closes_while_its_backend_is_frozen),
};
CONFORM_PART(backend, .needs_server = true);
