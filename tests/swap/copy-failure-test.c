/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a copying swap leaves behind when it does not come to its end, whoever is to blame: the old
 * provider complete and in charge, and no failed operation.
 */
#include "copy-harness.h"

static void assert_gave_up(held_copy *copy, zcache_status status, const char *part)
{
    assert_status(status, copy->status);
    if (strstr(copy->message, part) == NULL ||
        strstr(copy->message, "the swap failed and memory goes on") == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, copy->message);
    assert_provider("memory");
}

/* What redis has of ours, seen by a cache of its own. */
static size_t keys_in_redis(void)
{
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, "cache.provider=redis",
                              "cache.key_prefix=copy:", server_setting(redis), NULL};
    zcache *own;
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_open(&own, ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_OK, zcache_keys(own, "*", &list, NULL));
    size_t count = list.count;
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_close(own));
    return count;
}

static void test_an_aborted_copy_leaves_the_old_complete_and_the_new_empty(void **state)
{
    (void)state;
    held_copy copy;
    fill(KEYS);
    begin_copy(&copy, "redis");
    assert_true(keys_in_redis() > 0);
    assert_status(ZCACHE_OK, zcache_set(cache, "meanwhile", "1", 1, NULL));
    end_copy(&copy, ZCACHE_SWAP_ABORT);
    assert_gave_up(&copy, ZCACHE_E_REFUSED, "given up by the application");
    assert_int_equal(keys_in_redis(), 0);
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_all_there(KEYS);

    begin_copy(&copy, "redis");
    assert_status(ZCACHE_OK, zcache_swap_abort(cache));
    pthread_join(copy.thread, NULL);
    assert_gave_up(&copy, ZCACHE_E_REFUSED, "the swap was aborted");
    assert_int_equal(keys_in_redis(), 0);
    assert_all_there(KEYS);
    zcache_swap_report report;
    copy_to("redis", &report); /* and it can be done again */
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_all_there(KEYS);
}

static void test_a_new_server_that_dies_costs_the_application_nothing(void **state)
{
    (void)state;
    held_copy copy;
    fill(KEYS);
    begin_copy(&copy, "redis");
    server_kill(redis);
    assert_status(ZCACHE_OK, zcache_set(cache, "meanwhile", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_del(cache, key_of(7), NULL));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_gave_up(&copy, ZCACHE_E_UNAVAILABLE, "copy: ");
    assert_status(ZCACHE_OK, zcache_exists(cache, "meanwhile", NULL));
    assert_status(ZCACHE_MISS, zcache_exists(cache, key_of(7), NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, key_of(7), "value 7", 7, NULL));
    assert_all_there(KEYS);
    server_restart(redis);
}

#define WRITERS 4

typedef struct writers {
    _Atomic bool stop;
    _Atomic unsigned long written;
} writers;

/* Writes with a deadline that is shorter than the copier's. */
static void write_on(void *user, size_t thread)
{
    writers *all = user;
    for (size_t i = thread; !atomic_load(&all->stop); i = (i + WRITERS) % KEYS) {
        char text[64];
        int size = snprintf(text, sizeof(text), "value %zu", i);
        check_status(ZCACHE_OK, zcache_set(cache, key_of(i), text, (size_t)size,
                                           ZCACHE_WRITE(.timeout_ms = 2000,
                                                        .ttl_ms = i % 3 == 0 ? ZCACHE_HOURS(1)
                                                                             : ZCACHE_TTL_NEVER)));
        atomic_fetch_add(&all->written, 1);
    }
}

static void *run_writers(void *user)
{
    threads_run(WRITERS, write_on, user);
    return NULL;
}

/* It keeps its connections and answers nothing: the copier waits for it with a lock of some keys. */
static void test_a_new_server_that_hangs_fails_no_write(void **state)
{
    (void)state;
    held_copy copy;
    writers all = {0};
    pthread_t runner;
    fill(KEYS);
    begin_copy_by(&copy, "redis", 6000);
    assert_int_equal(pthread_create(&runner, NULL, run_writers, &all), 0);
    while (atomic_load(&all.written) < 100)
        clock_sleep_ms(1);
    server_freeze(redis);
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    unsigned long written = atomic_load(&all.written);
    while (atomic_load(&all.written) < written + 100) /* as if nothing had happened */
        clock_sleep_ms(1);
    atomic_store(&all.stop, true);
    pthread_join(runner, NULL);
    server_thaw(redis);
    assert_int_equal(checks_failed(), 0);
    assert_true(copy.status == ZCACHE_E_TIMEOUT || copy.status == ZCACHE_E_UNAVAILABLE);
    assert_gave_up(&copy, copy.status, "copy: ");
    assert_all_there(KEYS);
}

static void test_an_old_server_that_dies_fails_the_copy(void **state)
{
    (void)state;
    held_copy copy;
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "redis")));
    fill(KEYS);
    begin_copy(&copy, "memory");
    server_kill(redis);
    assert_status(ZCACHE_E_UNAVAILABLE,
                  zcache_set(cache, "meanwhile", "1", 1, ZCACHE_WRITE(.timeout_ms = 300)));
    end_copy(&copy, ZCACHE_SWAP_CONTINUE);
    assert_true(copy.status < ZCACHE_OK);
    assert_provider("redis"); /* and it recovers by itself, when its server does */
    server_restart(redis);
    for (int64_t end = clock_ms() + 20000;
         zcache_ping(cache, NULL) != ZCACHE_OK && clock_ms() < end;)
        clock_sleep_ms(10);
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
}

static void test_a_new_provider_that_is_too_small_is_found_by_verify(void **state)
{
    (void)state;
    const char *settings[] = {"memory.max_memory=1m", NULL};
    char *large = malloc(20000);
    memset(large, 'x', 20000);
    for (size_t i = 0; i < 200; i++)
        assert_status(ZCACHE_OK, zcache_set(cache, key_of(i), large, 20000, NULL));
    free(large);
    assert_error(ZCACHE_E_SERVER, "entries differ in the new provider",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .settings = settings,
                                                .mode = ZCACHE_SWAP_COPY, .verify = true)));
    for (size_t i = 0; i < 200; i++)
        assert_status(ZCACHE_OK, zcache_exists(cache, key_of(i), NULL));
}

static void *close_it(void *status)
{
    *(zcache_status *)status = zcache_close(cache);
    return NULL;
}

static void test_a_close_in_the_middle_gives_the_copy_up(void **state)
{
    held_copy copy;
    pthread_t closer;
    zcache_status closed = ZCACHE_E_INTERNAL;
    fill(KEYS);
    begin_copy(&copy, "redis");
    assert_int_equal(pthread_create(&closer, NULL, close_it, &closed), 0);
    pthread_join(copy.thread, NULL);
    pthread_join(closer, NULL);
    assert_status(ZCACHE_OK, closed);
    assert_status(ZCACHE_E_REFUSED, copy.status);
    open_cache(state);
}

#define COPY_TEST(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COPY_TEST(test_an_aborted_copy_leaves_the_old_complete_and_the_new_empty),
        COPY_TEST(test_a_new_server_that_dies_costs_the_application_nothing),
        COPY_TEST(test_a_new_server_that_hangs_fails_no_write),
        COPY_TEST(test_an_old_server_that_dies_fails_the_copy),
        COPY_TEST(test_a_new_provider_that_is_too_small_is_found_by_verify),
        COPY_TEST(test_a_close_in_the_middle_gives_the_copy_up),
    };
    return cmocka_run_group_tests_name("copy failure", tests, start_servers, stop_servers);
}
