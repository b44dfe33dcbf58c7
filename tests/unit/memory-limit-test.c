/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memory engine and memory: the limit, what goes when it is reached, what comes back, and
 * allocations that fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory-harness.h"

#define LIMIT UINT64_C(2097152)

static memory_engine *engine;
static uint64_t floor_bytes; /* of the empty engine */

static int setup(void **state)
{
    (void)state;
    world_reset();
    engine = engine_new(LIMIT);
    floor_bytes = snapshot_of(engine).memory_bytes;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_engine_close(engine);
    assert_int_equal(world_live_blocks(), 0);
    return 0;
}

static const char *numbered(char text[32], const char *prefix, unsigned number)
{
    snprintf(text, 32, "%s%u", prefix, number);
    return text;
}

/* What the engine says that it holds is what is out, and within the limit. */
static void check_accounts(uint64_t limit)
{
    uint64_t counted = snapshot_of(engine).memory_bytes;
    assert_int_equal(counted, world_live_cost());
    assert_true(counted <= limit);
}

static void test_limit_holds_whatever_is_written(void **state)
{
    (void)state;
    char key[32];
    int64_t result;
    srandom(1);
    check_accounts(LIMIT);
    for (unsigned i = 0; i < 60000; i++) {
        unsigned number = (unsigned)random() % 20000;
        size_t size = random() % 100 == 0 ? (size_t)random() % 300000 : (size_t)random() % 400;
        switch (random() % 8) {
        case 0:
            memory_engine_del(engine, zcache_str(numbered(key, "k", number)));
            break;
        case 1:
            add_number(engine, numbered(key, "n", number), 1, 100, &result);
            break;
        case 2:
            assert_int_equal(put_sized(engine, numbered(key, "t", number), size, 50), ZCACHE_OK);
            world_advance_ms(1);
            break;
        default:
            assert_int_equal(put_sized(engine, numbered(key, "k", number), size, ZCACHE_TTL_NEVER),
                             ZCACHE_OK);
            assert_true(has(engine, key)); /* what was just written is there */
        }
        check_accounts(LIMIT);
    }
    assert_true(snapshot_of(engine).evictions > 1000);
    assert_int_equal(memory_engine_clear(engine, NO_DEADLINE, zcache_str("")), ZCACHE_OK);
    assert_int_equal(snapshot_of(engine).memory_bytes, floor_bytes);
}

static void test_limit_is_used_before_anything_goes(void **state)
{
    (void)state;
    char key[32];
    unsigned i = 0;
    while (snapshot_of(engine).evictions == 0)
        assert_int_equal(put_sized(engine, numbered(key, "k", i++), 1000, ZCACHE_TTL_NEVER),
                         ZCACHE_OK);
    assert_true(snapshot_of(engine).memory_bytes > LIMIT - LIMIT / 20);
}

static void test_what_is_used_stays_longer(void **state)
{
    (void)state;
    char key[32];
    unsigned kept = 0;
    for (unsigned i = 0; i < 200; i++)
        put_sized(engine, numbered(key, "hot", i), 1000, ZCACHE_TTL_NEVER);
    for (unsigned i = 0; i < 20000; i++) {
        text_of(engine, numbered(key, "hot", i % 200));
        put_sized(engine, numbered(key, "cold", i), 1000, ZCACHE_TTL_NEVER);
    }
    for (unsigned i = 0; i < 200; i++)
        kept += has(engine, numbered(key, "hot", i));
    assert_true(kept >= 190);
}

static void test_room_is_made_though_everything_is_used(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < 2500; i++) {
        assert_int_equal(put_sized(engine, numbered(key, "k", i), 1000, ZCACHE_TTL_NEVER),
                         ZCACHE_OK);
        for (unsigned j = 0; j < i && i % 100 == 0; j++)
            text_of(engine, numbered(key, "k", j));
        assert_non_null(text_of(engine, numbered(key, "k", i)));
    }
    check_accounts(LIMIT);
}

static void test_expired_entries_go_before_living_ones(void **state)
{
    (void)state;
    char key[32];
    static const int64_t ttls[] = {7, 100, 5000, 60000};
    for (unsigned i = 0; i < 800; i++)
        put_sized(engine, numbered(key, "live", i), 1000, ZCACHE_TTL_NEVER);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 800; i++)
            put_sized(engine, numbered(key, "t", round * 800 + i), 1000, ttls[i % 4]);
        world_advance_ms(60000);
    }
    assert_int_equal(snapshot_of(engine).evictions, 0);
    for (unsigned i = 0; i < 800; i++)
        assert_true(has(engine, numbered(key, "live", i)));
}

static void test_expired_entries_go_though_there_is_room(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < 5000; i++)
        put_sized(engine, numbered(key, "t", i), 20, 1 + (int64_t)i % 3000);
    uint64_t most = snapshot_of(engine).memory_bytes;
    world_advance_ms(3000);
    for (unsigned i = 0; i < 5000; i++)
        put_sized(engine, numbered(key, "k", i % 10), 20, ZCACHE_TTL_NEVER);
    assert_in_range(snapshot_of(engine).items, 10, 20);
    assert_int_equal(snapshot_of(engine).expirations, 5000);
    assert_true(snapshot_of(engine).memory_bytes - floor_bytes < (most - floor_bytes) / 10);
    check_accounts(LIMIT);
}

static void test_reads_alone_reclaim_what_has_expired(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < 2000; i++)
        put_sized(engine, numbered(key, "t", i), 20, 1000);
    put(engine, "key", "value", ZCACHE_TTL_NEVER);
    world_advance_ms(1000);
    for (unsigned i = 0; i < 20000; i++)
        text_of(engine, numbered(key, "none", i));
    assert_int_equal(snapshot_of(engine).items, 1);
}

static void test_too_large_a_value_keeps_the_old_one(void **state)
{
    (void)state;
    assert_int_equal(put(engine, "key", "old", 1000), ZCACHE_OK);
    assert_int_equal(put(engine, "other", "value", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_int_equal(put_sized(engine, "key", LIMIT, ZCACHE_TTL_NEVER), ZCACHE_E_TOO_LARGE);
    assert_int_equal(put_sized(engine, "key", LIMIT - floor_bytes, ZCACHE_TTL_NEVER),
                     ZCACHE_E_TOO_LARGE);
    assert_string_equal(text_of(engine, "key"), "old");
    assert_string_equal(text_of(engine, "other"), "value");
    assert_int_equal(meta_of_key(engine, "key").ttl_ms, 1000);
}

static void test_value_as_large_as_the_limit_permits_is_held(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < 50000; i++) /* so many that the table takes its share */
        assert_int_equal(put(engine, numbered(key, "k", i), "", ZCACHE_TTL_NEVER), ZCACHE_OK);
    size_t size = (size_t)(LIMIT - floor_bytes) / 4096 * 4096 - 256;
    assert_int_equal(put_sized(engine, "large", size, ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_true(has(engine, "large"));
    check_accounts(LIMIT);
    /* and replaced by another, though both together are beyond the limit */
    assert_int_equal(put_sized(engine, "large", size - 1, ZCACHE_TTL_NEVER), ZCACHE_OK);
    zcache_item item = item_of("large", "small", ZCACHE_TTL_NEVER, ZCACHE_SET_CAS,
                               meta_of_key(engine, "large").cas);
    assert_int_equal(memory_engine_set(engine, NO_DEADLINE, &item), ZCACHE_OK);
    check_accounts(LIMIT);
}

static void test_replacing_never_evicts_what_it_replaces(void **state)
{
    (void)state;
    char key[32], *value = malloc(160000);
    assert_non_null(value);
    memset(value, 'v', 160000);
    zcache_item item = {.key = zcache_str("key"), .ttl_ms = ZCACHE_TTL_NEVER};
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(put(engine, "key", "small", ZCACHE_TTL_NEVER), ZCACHE_OK);
        for (unsigned j = 0; j < 300; j++)
            put_sized(engine, numbered(key, "k", j), 5000, ZCACHE_TTL_NEVER);
        if (!has(engine, "key")) /* evicted by those: no matter of replacing */
            continue;
        item.mode = i % 2 == 0 ? ZCACHE_SET_REPLACE : ZCACHE_SET_CAS;
        item.value = zcache_bytes_of(value, 160000);
        item.cas = meta_of_key(engine, "key").cas;
        assert_int_equal(memory_engine_set(engine, NO_DEADLINE, &item), ZCACHE_OK);
        check_accounts(LIMIT);
    }
    free(value);
}

static void test_room_that_comes_too_late_keeps_the_old_value(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < 3000; i++)
        put_sized(engine, numbered(key, "k", i), 1000, ZCACHE_TTL_NEVER);
    assert_int_equal(put(engine, "key", "old", ZCACHE_TTL_NEVER), ZCACHE_OK);
    char *value = calloc(1, 100000);
    assert_non_null(value);
    zcache_item item = {.key = zcache_str("key"), .value = {value, 100000}, .ttl_ms = 1000};
    assert_int_equal(memory_engine_set(engine, world_now_ns(), &item), ZCACHE_E_TIMEOUT);
    assert_string_equal(text_of(engine, "key"), "old");
    check_accounts(LIMIT);
    free(value);
}

static void test_another_limit_holds_at_once(void **state)
{
    (void)state;
    char key[32];
    const uint64_t larger = 8 * LIMIT;
    assert_int_equal(memory_engine_limit(engine, INT64_MAX, larger), ZCACHE_OK);
    assert_int_equal(snapshot_of(engine).memory_limit, larger);
    for (unsigned i = 0; i < 20000; i++)
        put_sized(engine, numbered(key, "k", i), 400, ZCACHE_TTL_NEVER);
    assert_int_equal(snapshot_of(engine).evictions, 0);
    assert_true(snapshot_of(engine).memory_bytes > 4 * LIMIT);
    check_accounts(larger);
    /* there is no time to evict: all stays as it is, but for what went already */
    assert_int_equal(memory_engine_limit(engine, world_now_ns(), LIMIT), ZCACHE_E_TIMEOUT);
    check_accounts(larger);
    assert_int_equal(snapshot_of(engine).memory_limit, larger);
    assert_int_equal(memory_engine_limit(engine, INT64_MAX, LIMIT), ZCACHE_OK);
    check_accounts(LIMIT);
    assert_true(snapshot_of(engine).memory_bytes > LIMIT / 2); /* and no more than needed went */
    assert_true(has(engine, "k19999"));
    assert_false(has(engine, "k0"));
    for (unsigned i = 0; i < 5000; i++)
        put_sized(engine, numbered(key, "new", i), 400, ZCACHE_TTL_NEVER);
    check_accounts(LIMIT);
}

static void test_too_low_a_limit_is_refused(void **state)
{
    (void)state;
    memory_engine_close(engine);
    engine = engine_new(1u << 30);
    uint64_t floor = snapshot_of(engine).memory_bytes;
    assert_int_equal(memory_engine_limit(engine, INT64_MAX, floor), ZCACHE_E_NOTSUP);
    assert_int_equal(memory_engine_limit(engine, INT64_MAX, 2 * floor + 2), ZCACHE_OK);
    assert_int_equal(put(engine, "a", "1", ZCACHE_TTL_NEVER), ZCACHE_OK);
    check_accounts(2 * floor + 2);
}

static void test_table_grows_and_shrinks_with_its_entries(void **state)
{
    (void)state;
    memory_engine_close(engine);
    engine = engine_new(64u << 20);
    floor_bytes = snapshot_of(engine).memory_bytes;
    char key[32];
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 60000; i++) {
            assert_int_equal(put(engine, numbered(key, "k", i), "value", ZCACHE_TTL_NEVER),
                             ZCACHE_OK);
            if (i % 1000 == 0)
                check_accounts(64u << 20);
        }
        for (unsigned i = 0; i < 60000; i++)
            assert_true(has(engine, numbered(key, "k", i)));
        for (unsigned i = 0; i < 60000; i++) {
            assert_int_equal(memory_engine_del(engine, zcache_str(numbered(key, "k", i))),
                             ZCACHE_OK);
            assert_false(has(engine, key));
            if (i % 1000 == 0)
                check_accounts(64u << 20);
        }
        assert_int_equal(snapshot_of(engine).memory_bytes, floor_bytes);
        check_accounts(64u << 20);
    }
}

static void test_smallest_limit_holds_the_largest_usual_value(void **state)
{
    (void)state;
    memory_engine_close(engine);
    engine = engine_new(MEMORY_LIMIT_MIN);
    assert_int_equal(put_sized(engine, "key", 1000000, ZCACHE_TTL_NEVER), ZCACHE_OK);
    check_accounts(MEMORY_LIMIT_MIN);
}

/* Runs some of everything; every failure is ZCACHE_E_NOMEM and changes nothing. */
static void use_everything(void)
{
    char key[32], text[32];
    int64_t result, counter = 0;
    for (unsigned i = 0; i < 400; i++) {
        bool was = has(engine, numbered(key, "k", i % 350));
        snprintf(text, sizeof(text), "%u", i);
        zcache_status status = put(engine, key, text, i % 3 == 0 ? 1000 : ZCACHE_TTL_NEVER);
        if (status == ZCACHE_OK) {
            assert_string_equal(text_of(engine, key), text);
        } else {
            assert_int_equal(status, ZCACHE_E_NOMEM);
            assert_int_equal(has(engine, key), was);
        }
        if (i % 50 != 0)
            continue;
        status = add_number(engine, "counter", 1, ZCACHE_TTL_NEVER, &result);
        if (status == ZCACHE_OK)
            assert_int_equal(result, ++counter);
        else
            assert_int_equal(status, ZCACHE_E_NOMEM);
    }
    counting_sink sink;
    counting_sink_init(&sink, 350);
    zcache_status status = memory_engine_scan(engine, NO_DEADLINE, zcache_str("k"), &sink.sink);
    assert_true(status == ZCACHE_OK || (status == ZCACHE_E_NOMEM && world_has_failed()));
    if (status == ZCACHE_OK)
        for (unsigned i = 0; i < 350; i++)
            assert_int_equal(sink.seen[i], has(engine, numbered(key, "k", i)));
    counting_sink_free(&sink);
    assert_int_equal(memory_engine_clear(engine, NO_DEADLINE, zcache_str("")), ZCACHE_OK);
    assert_int_equal(snapshot_of(engine).items, 0);
}

static void test_any_allocation_may_fail(void **state)
{
    (void)state;
    memory_engine_close(engine);
    bool failed = true;
    for (int64_t nth = 1; failed; nth++) {
        const memory_services services = world_services();
        world_fail_allocation(nth);
        /* one shard, so that its table grows */
        zcache_status status = memory_engine_open(&services, 300000, &engine);
        if (status == ZCACHE_OK) {
            use_everything();
            assert_int_equal(snapshot_of(engine).memory_bytes, world_live_cost());
            memory_engine_close(engine);
        } else {
            assert_int_equal(status, ZCACHE_E_NOMEM);
        }
        failed = world_has_failed();
        assert_int_equal(world_live_blocks(), 0);
        assert_true(nth > 400 || failed);
    }
    world_fail_allocation(0);
    engine = engine_new(LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_limit_holds_whatever_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_is_used_before_anything_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_used_stays_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_room_is_made_though_everything_is_used, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_expired_entries_go_before_living_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_expired_entries_go_though_there_is_room, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_reads_alone_reclaim_what_has_expired, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large_a_value_keeps_the_old_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_value_as_large_as_the_limit_permits_is_held, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_replacing_never_evicts_what_it_replaces, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_room_that_comes_too_late_keeps_the_old_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_another_limit_holds_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_low_a_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_grows_and_shrinks_with_its_entries, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_smallest_limit_holds_the_largest_usual_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_any_allocation_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests_name("memory limit", tests, NULL, NULL);
}
