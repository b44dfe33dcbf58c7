/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a scan of the memory engine gives, whatever its sink and other threads do meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory-harness.h"
#include "threads.h"

#define LIMIT (64u << 20)
#define KEYS  3000

static memory_engine *engine;
static counting_sink sink;

static int setup(void **state)
{
    (void)state;
    world_reset();
    engine = engine_new(LIMIT);
    counting_sink_init(&sink, KEYS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    counting_sink_free(&sink);
    memory_engine_close(engine);
    assert_int_equal(world_live_blocks(), 0);
    return 0;
}

static void put_keys(const char *prefix, unsigned from, unsigned to, int64_t ttl_ms)
{
    char key[64];
    for (unsigned i = from; i < to; i++) {
        snprintf(key, sizeof(key), "%s%u", prefix, i);
        zcache_item item = item_of(key, "value", ttl_ms, ZCACHE_SET_ALWAYS, 0);
        if (memory_engine_set(engine, NO_DEADLINE, &item) != ZCACHE_OK)
            abort();
    }
}

static void del_keys(const char *prefix, unsigned from, unsigned to)
{
    char key[64];
    for (unsigned i = from; i < to; i++) {
        snprintf(key, sizeof(key), "%s%u", prefix, i);
        memory_engine_del(engine, zcache_str(key));
    }
}

static void scan_all(const char *prefix)
{
    memset(sink.seen, 0, KEYS);
    sink.total = sink.others = 0;
    assert_int_equal(memory_engine_scan(engine, NO_DEADLINE, zcache_str(prefix), &sink.sink),
                     ZCACHE_OK);
}

static void assert_each_once(void)
{
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(sink.seen[i], 1);
}

static void test_scan_gives_each_key_once(void **state)
{
    (void)state;
    scan_all("");
    assert_int_equal(sink.total, 0);
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    scan_all("");
    assert_each_once();
    assert_int_equal(sink.total, KEYS);
}

static void test_scan_gives_only_what_has_the_prefix(void **state)
{
    (void)state;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    put_keys("other", 0, KEYS, ZCACHE_TTL_NEVER);
    put_keys("", 0, KEYS, ZCACHE_TTL_NEVER);
    scan_all("k");
    assert_each_once();
    assert_int_equal(sink.others, 0);
    scan_all("k1234567");
    assert_int_equal(sink.total, 0);
}

static void test_scan_gives_no_expired_key(void **state)
{
    (void)state;
    put_keys("x", 0, KEYS, 1000);
    put_keys("k", 0, KEYS, 1001);
    world_advance_ms(1000);
    scan_all("");
    assert_each_once();
    assert_int_equal(sink.others, 0);
}

static bool stop(counting_sink *self, zcache_slice key)
{
    (void)key;
    return self->total < 10;
}

static void test_scan_stops_when_the_sink_says_so(void **state)
{
    (void)state;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    sink.then = stop;
    scan_all("");
    assert_int_equal(sink.total, 10);
}

static bool let_time_pass(counting_sink *self, zcache_slice key)
{
    (void)self;
    (void)key;
    world_advance_ms(1);
    return true;
}

static void test_scan_with_a_slow_sink_ends_by_its_deadline(void **state)
{
    (void)state;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    sink.then = let_time_pass;
    assert_int_equal(
        memory_engine_scan(engine, world_now_ns() + 100 * 1000000, zcache_str(""), &sink.sink),
        ZCACHE_E_TIMEOUT);
    assert_int_equal(sink.total, 100);
}

static bool delete_it(counting_sink *self, zcache_slice key)
{
    (void)self;
    return memory_engine_del(engine, key) == ZCACHE_OK;
}

static void test_sink_may_delete_what_it_is_given(void **state)
{
    (void)state;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    sink.then = delete_it;
    scan_all("");
    assert_each_once();
    assert_int_equal(snapshot_of(engine).items, 0);
}

/* Makes the tables grow while half of the scan goes by, and shrink in the other half. */
static bool resize(counting_sink *self, zcache_slice key)
{
    (void)key;
    const unsigned step = 40;
    unsigned at = (unsigned)self->total * step;
    if (self->total - self->others > KEYS)
        return true;
    if (self->total < KEYS / 2)
        put_keys("x", at, at + step, ZCACHE_TTL_NEVER);
    else
        del_keys("x", at - KEYS / 2 * step, at - KEYS / 2 * step + step);
    return true;
}

static void test_scan_gives_all_keys_while_tables_resize(void **state)
{
    (void)state;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    sink.then = resize;
    scan_all("k");
    assert_each_once();
}

static void test_scan_gives_keys_longer_than_its_buffer(void **state)
{
    (void)state;
    const size_t size = 100000;
    char *key = malloc(size);
    assert_non_null(key);
    memset(key, 'x', size);
    zcache_item item = {.key = {key, size}, .ttl_ms = ZCACHE_TTL_NEVER};
    assert_int_equal(memory_engine_set(engine, NO_DEADLINE, &item), ZCACHE_OK);
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    scan_all("");
    assert_each_once();
    assert_int_equal(sink.others, 1);
    scan_all("xxx");
    assert_int_equal(sink.total, 1);
    free(key);
}

static _Atomic bool scanning;

/* One thread scans; the others write and delete other keys, and overwrite those that it looks for.
 */
static void scan_or_write(void *user, size_t index)
{
    size_t *failures = user;
    if (index > 0) {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "x%zu-", index);
        while (atomic_load(&scanning)) {
            put_keys(prefix, 0, 20000, ZCACHE_TTL_NEVER);
            put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
            del_keys(prefix, 0, 20000);
        }
        return;
    }
    for (int round = 0; round < 20; round++) {
        memset(sink.seen, 0, KEYS);
        if (memory_engine_scan(engine, NO_DEADLINE, zcache_str(round % 2 == 0 ? "" : "k"),
                               &sink.sink) != ZCACHE_OK)
            ++*failures;
        for (unsigned i = 0; i < KEYS; i++)
            *failures += sink.seen[i] != 1;
    }
    atomic_store(&scanning, false);
}

static void test_scan_gives_all_keys_while_others_write(void **state)
{
    (void)state;
    size_t failures = 0;
    put_keys("k", 0, KEYS, ZCACHE_TTL_NEVER);
    scanning = true;
    threads_run(3, scan_or_write, &failures);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scan_gives_each_key_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_gives_only_what_has_the_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_gives_no_expired_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_stops_when_the_sink_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_with_a_slow_sink_ends_by_its_deadline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_sink_may_delete_what_it_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_gives_all_keys_while_tables_resize, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_scan_gives_keys_longer_than_its_buffer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_scan_gives_all_keys_while_others_write, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("memory scan", tests, NULL, NULL);
}
