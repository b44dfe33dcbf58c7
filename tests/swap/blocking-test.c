/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plugin that does not come back, whatever its deadline: from open, ping, get, quiesce or close.
 * Whoever swaps stops waiting for it in time, the cache goes on, and when the plugin does come back
 * it is closed and unloaded, and nothing of it is left.
 */
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#include "../fixtures/fixture-files.h"
#include <zcache/admin.h>

/* last: its variables have the names of parameters of the headers above */
#include "reload-harness.h"

#define TIMEOUT_MS 200
/* A swap waits for each of open, drain and close; the host gives 500 ms more to some. */
#define BOUND_MS (3 * (TIMEOUT_MS + 500) + CLOCK_SLACK_MS)

static char gate[PATH_MAX]; /* the file whose appearance lets the plugin go on */

/* The options of a plugin that blocks in `place`. */
static const char *const *blocking_in(const char *place)
{
    static char place_setting[64], until[PATH_MAX + 32];
    static const char *settings[] = {place_setting, until, NULL};
    snprintf(gate, sizeof(gate), "%s/gate", directory);
    snprintf(place_setting, sizeof(place_setting), "blocking.place=%s", place);
    snprintf(until, sizeof(until), "blocking.until=%s", gate);
    return settings;
}

static void open_the_gate(void)
{
    harness_write(gate, "");
}

/* Opens a cache on memory, or on a plugin that will block in `place`. */
static void open_cache(const char *place)
{
    char text[2 * PATH_MAX];
    fixture_copy("blocking", directory, "blocking");
    const char *const *options = blocking_in(place != NULL ? place : "nothing");
    snprintf(text, sizeof(text), "log_level = info\nprovider = %s\n[blocking]\nplace = %s\n%s\n",
             place != NULL ? "blocking" : "memory", strchr(options[0], '=') + 1,
             strchr(options[1], '.') + 1);
    harness_open(text);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
}

static void assert_value(const char *expected)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL));
    assert_text(expected, &value);
    zcache_value_free(&value);
}

static void wait_until_nothing_is_left(void)
{
    int64_t until = clock_ms() + 20000;
    bool mapped = getenv("ZCACHE_KEEP_MODULES") == NULL;
    while (((mapped && is_mapped("/blocking.so")) || count_threads("zcache-") > 0) &&
           clock_ms() < until)
        clock_sleep_ms(5);
    if (mapped)
        assert_false(is_mapped("/blocking.so"));
    assert_int_equal(0, count_threads("zcache-"));
}

typedef struct generations {
    int live, retired;
    size_t pins; /* of the retired */
} generations;

static void count_generation(void *user, const zcache_generation *generation)
{
    generations *all = user;
    all->live += generation->state == ZCACHE_GENERATION_LIVE;
    if (generation->state != ZCACHE_GENERATION_RETIRED)
        return;
    all->retired++;
    all->pins += generation->pins;
    check_that(strcmp(generation->provider, "blocking") == 0);
    check_that(generation->age_ms >= 0 && generation->age_ms < 60000);
}

static void assert_retired(int expected, size_t pins)
{
    generations all = {0};
    assert_status(ZCACHE_OK, zcache_generation_each(cache, count_generation, &all));
    assert_int_equal(1, all.live);
    assert_int_equal(expected, all.retired);
    assert_int_equal(pins, all.pins);
    assert_int_equal(0, checks_failed());
}

/* ---- the new plugin -------------------------------------------------------------------------- */

static void assert_swap_gives_up(const char *place, zcache_swap_mode mode)
{
    char message[64];
    snprintf(message, sizeof(message), "%s blocking: the plugin has not returned after", place);
    open_cache(NULL);
    int64_t begin_ms = clock_ms();
    assert_error(
        ZCACHE_E_TIMEOUT, message,
        zcache_swap(cache, ZCACHE_SWAP(.provider = "blocking", .mode = mode,
                                       .settings = blocking_in(place), .timeout_ms = TIMEOUT_MS)));
    assert_non_null(strstr(zcache_error_message(), "the swap failed and memory goes on"));
    assert_between(TIMEOUT_MS, BOUND_MS, clock_ms() - begin_ms);
    assert_provider("memory");
    assert_value("1");
    assert_true(is_mapped("/blocking.so"));
    assert_retired(0, 0);

    /* Others can be swapped to meanwhile, and the same one again. */
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    assert_status(
        ZCACHE_E_TIMEOUT,
        zcache_swap(cache, ZCACHE_SWAP(.provider = "blocking", .mode = mode,
                                       .settings = blocking_in(place), .timeout_ms = TIMEOUT_MS)));
    assert_provider("redis");
    assert_int_equal(2, count_threads("zcache-open"));
    open_the_gate();
    wait_until_nothing_is_left();
    wait_for_logged(ZCACHE_LOG_INFO, "the plugin blocking has returned, too late", 2);
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "blocking")));
}

static void test_an_open_that_blocks_fails_the_swap(void **state)
{
    (void)state;
    assert_swap_gives_up("open", ZCACHE_SWAP_COLD);
}

static void test_a_ping_that_blocks_fails_the_swap(void **state)
{
    (void)state;
    assert_swap_gives_up("ping", ZCACHE_SWAP_COPY);
}

static void test_an_open_that_blocks_fails_a_reload(void **state)
{
    (void)state;
    char text[2 * PATH_MAX];
    open_cache(NULL);
    snprintf(text, sizeof(text),
             "provider = blocking\n[swap]\ntimeout = %dms\n[blocking]\nplace = open\nuntil = %s\n",
             TIMEOUT_MS, gate);
    harness_edit(text);
    int64_t begin_ms = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "the last good one goes on: open blocking",
                 zcache_reload(cache, NULL));
    assert_between(TIMEOUT_MS, BOUND_MS, clock_ms() - begin_ms);
    assert_value("1");
    open_the_gate();
    wait_until_nothing_is_left();
}

/* One that opens, cannot be copied to, and blocks in the close that follows. */
static void test_a_new_plugin_that_blocks_in_close_holds_nobody_up(void **state)
{
    (void)state;
    open_cache(NULL);
    const char *const *settings = blocking_in("close");
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_E_NOTSUP, /* it has no scan */
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "blocking", .mode = ZCACHE_SWAP_COPY,
                                                 .settings = settings, .timeout_ms = TIMEOUT_MS)));
    assert_between(0, BOUND_MS, clock_ms() - begin_ms);
    assert_value("1");
    assert_retired(1, 0);
    open_the_gate();
    wait_until_nothing_is_left();
    assert_retired(0, 0);
}

/* ---- the old plugin -------------------------------------------------------------------------- */

static void *get_a(void *status)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    *(zcache_status *)status = zcache_get(cache, "a", &value, NULL);
    zcache_value_free(&value);
    return NULL;
}

static size_t pins_of_all(void)
{
    generations all = {0};
    assert_status(ZCACHE_OK, zcache_generation_each(cache, count_generation, &all));
    return all.pins;
}

static void test_a_get_that_blocks_retires_its_provider(void **state)
{
    (void)state;
    pthread_t getter;
    zcache_status got = ZCACHE_E_INTERNAL;
    zcache_swap_report report;
    open_cache("get");
    assert_int_equal(0, pthread_create(&getter, NULL, get_a, &got));
    clock_sleep_ms(50);
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory",
                                                            .drain_timeout_ms = TIMEOUT_MS,
                                                            .report = &report)));
    assert_between(TIMEOUT_MS, BOUND_MS, clock_ms() - begin_ms);
    assert_true(report.retired);
    assert_false(report.unmapped);
    assert_int_equal(1, report.in_flight);
    assert_retired(1, 1);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "2", 1, NULL));
    assert_value("2");
    open_the_gate();
    pthread_join(getter, NULL);
    assert_status(ZCACHE_OK, got);
    wait_until_nothing_is_left();
    assert_int_equal(0, pins_of_all());
    wait_for_logged(ZCACHE_LOG_INFO, "generation 1 is closed", 1);
}

static void assert_swap_leaves_behind(const char *place)
{
    zcache_swap_report report;
    open_cache(place);
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory",
                                                            .drain_timeout_ms = TIMEOUT_MS,
                                                            .report = &report)));
    assert_between(TIMEOUT_MS, BOUND_MS, clock_ms() - begin_ms);
    assert_true(report.retired);
    assert_false(report.unmapped);
    assert_int_equal(0, report.in_flight);
    assert_true(report.close_ns >= INT64_C(1000000) * TIMEOUT_MS);
    assert_int_equal(1, harness_logged(ZCACHE_LOG_WARNING,
                                       "generation 1 (blocking) has not returned from its close"));
    assert_retired(1, 0);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "2", 1, NULL));
    /* It keeps no other from being closed. */
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .report = &report)));
    assert_false(report.retired);
    assert_true(is_mapped("/blocking.so"));
    assert_retired(1, 0);
    open_the_gate();
    wait_until_nothing_is_left();
    assert_retired(0, 0);
    wait_for_logged(ZCACHE_LOG_INFO, "generation 1 is closed", 1);
}

static void test_a_quiesce_that_blocks_retires_its_provider(void **state)
{
    (void)state;
    assert_swap_leaves_behind("quiesce");
}

static void test_a_close_that_blocks_retires_its_provider(void **state)
{
    (void)state;
    assert_swap_leaves_behind("close");
}

/* ---- the close of the cache ------------------------------------------------------------------ */

typedef struct closer {
    zcache *cache;
    pthread_t thread;
    zcache_status status;
    char message[256];
    int64_t took_ms;
} closer;

static void *close_it(void *user)
{
    closer *one = user;
    int64_t begin_ms = clock_ms();
    one->status = zcache_close(one->cache);
    one->took_ms = clock_ms() - begin_ms;
    snprintf(one->message, sizeof(one->message), "%s", zcache_error_message());
    return NULL;
}

/* Two caches: one that has left a blocking plugin behind, and one whose provider it still is. They
 * are closed side by side, because either takes all the time that a close may take: 10 s. */
static void test_a_close_of_the_cache_is_bounded_too(void **state)
{
    (void)state;
    closer left = {0}, last = {0};
    open_cache(NULL);
    assert_status(ZCACHE_E_TIMEOUT, zcache_swap(cache, ZCACHE_SWAP(.provider = "blocking",
                                                                   .settings = blocking_in("open"),
                                                                   .timeout_ms = TIMEOUT_MS)));
    left.cache = cache;
    open_cache("close");
    last.cache = cache;
    cache = left.cache;
    assert_int_equal(0, pthread_create(&left.thread, NULL, close_it, &left));
    assert_int_equal(0, pthread_create(&last.thread, NULL, close_it, &last));
    pthread_join(left.thread, NULL);
    pthread_join(last.thread, NULL);
    assert_status(ZCACHE_E_BUSY, left.status);
    assert_non_null(strstr(left.message, "the plugin blocking has not returned"));
    assert_between(0, 10000 + BOUND_MS, left.took_ms);
    assert_value("1"); /* it is open as before */
    assert_status(ZCACHE_E_TIMEOUT, last.status);
    assert_non_null(strstr(last.message, "the provider blocking has not returned from its close"));
    assert_between(0, 10000 + BOUND_MS, last.took_ms);
    open_the_gate();
    wait_until_nothing_is_left(); /* of that one the library's own parts are gone, too */
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = NULL;
}

#define BLOCKING_TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BLOCKING_TEST(test_an_open_that_blocks_fails_the_swap),
        BLOCKING_TEST(test_a_ping_that_blocks_fails_the_swap),
        BLOCKING_TEST(test_an_open_that_blocks_fails_a_reload),
        BLOCKING_TEST(test_a_new_plugin_that_blocks_in_close_holds_nobody_up),
        BLOCKING_TEST(test_a_get_that_blocks_retires_its_provider),
        BLOCKING_TEST(test_a_quiesce_that_blocks_retires_its_provider),
        BLOCKING_TEST(test_a_close_that_blocks_retires_its_provider),
        BLOCKING_TEST(test_a_close_of_the_cache_is_bounded_too),
    };
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("blocking", tests, NULL, NULL);
    harness_stop_servers();
    return failures;
}
