/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the memory engine's operations do to keys, by a clock that the test moves.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory-harness.h"

#define LIMIT (8u << 20)

static memory_engine *engine;

static int setup(void **state)
{
    (void)state;
    world_reset();
    engine = engine_new(LIMIT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_engine_close(engine);
    assert_int_equal(world_live_blocks(), 0);
    return 0;
}

static zcache_status write_mode(const char *key, const char *value, zcache_set_mode mode,
                                uint64_t cas)
{
    zcache_item item = item_of(key, value, ZCACHE_TTL_NEVER, mode, cas);
    return memory_engine_set(engine, NO_DEADLINE, &item);
}

static void test_value_is_read_as_it_was_written(void **state)
{
    (void)state;
    const char bytes[] = "a\0b\xff";
    zcache_item item = {.key = {bytes, sizeof(bytes)}, .value = {bytes, sizeof(bytes)}};
    item.ttl_ms = ZCACHE_TTL_NEVER;
    assert_int_equal(memory_engine_set(engine, NO_DEADLINE, &item), ZCACHE_OK);
    memory_reading reading;
    assert_true(memory_engine_get(engine, item.key, &reading));
    assert_int_equal(reading.value.size, sizeof(bytes));
    assert_memory_equal(reading.value.data, bytes, sizeof(bytes));
    assert_int_equal(reading.meta.ttl_ms, ZCACHE_TTL_NEVER);
    assert_int_not_equal(reading.meta.cas, 0);
    memory_engine_release(engine, &reading);
    /* a key that only begins alike is another */
    assert_false(memory_engine_get(engine, zcache_bytes_of(bytes, 2), &reading));
}

static void test_empty_value_is_no_miss(void **state)
{
    (void)state;
    zcache_item item = {.key = zcache_str("empty"), .ttl_ms = ZCACHE_TTL_NEVER};
    assert_int_equal(memory_engine_set(engine, NO_DEADLINE, &item), ZCACHE_OK);
    assert_string_equal(text_of(engine, "empty"), "");
    assert_null(text_of(engine, "none"));
}

static void test_reading_outlives_the_entry(void **state)
{
    (void)state;
    assert_int_equal(put(engine, "key", "old", ZCACHE_TTL_NEVER), ZCACHE_OK);
    memory_reading reading;
    assert_true(memory_engine_get(engine, zcache_str("key"), &reading));
    assert_int_equal(put(engine, "key", "new", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_int_equal(memory_engine_del(engine, zcache_str("key")), ZCACHE_OK);
    assert_memory_equal(reading.value.data, "old", 3);
    memory_engine_release(engine, &reading);
}

static void test_modes_ask_for_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(write_mode("key", "1", ZCACHE_SET_REPLACE, 0), ZCACHE_MISS);
    assert_int_equal(write_mode("key", "1", ZCACHE_SET_CAS, 1), ZCACHE_MISS);
    assert_false(has(engine, "key"));
    assert_int_equal(write_mode("key", "1", ZCACHE_SET_ADD, 0), ZCACHE_OK);
    assert_int_equal(write_mode("key", "2", ZCACHE_SET_ADD, 0), ZCACHE_EXISTS);
    assert_string_equal(text_of(engine, "key"), "1");
    assert_int_equal(write_mode("key", "3", ZCACHE_SET_REPLACE, 0), ZCACHE_OK);
    assert_string_equal(text_of(engine, "key"), "3");
    assert_int_equal(memory_engine_del(engine, zcache_str("key")), ZCACHE_OK);
    assert_int_equal(memory_engine_del(engine, zcache_str("key")), ZCACHE_MISS);
}

static void test_cas_stores_only_over_what_was_read(void **state)
{
    (void)state;
    assert_int_equal(put(engine, "key", "1", ZCACHE_TTL_NEVER), ZCACHE_OK);
    uint64_t read = meta_of_key(engine, "key").cas;
    assert_int_equal(write_mode("key", "2", ZCACHE_SET_CAS, read), ZCACHE_OK);
    assert_int_equal(write_mode("key", "3", ZCACHE_SET_CAS, read), ZCACHE_CONFLICT);
    assert_string_equal(text_of(engine, "key"), "2");
    /* gone and written again, with the same value: another token */
    read = meta_of_key(engine, "key").cas;
    assert_int_equal(memory_engine_del(engine, zcache_str("key")), ZCACHE_OK);
    assert_int_equal(put(engine, "key", "2", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_int_equal(write_mode("key", "3", ZCACHE_SET_CAS, read), ZCACHE_CONFLICT);
    /* a touch changes no value */
    read = meta_of_key(engine, "key").cas;
    assert_int_equal(memory_engine_touch(engine, zcache_str("key"), 1000), ZCACHE_OK);
    assert_int_equal(write_mode("key", "4", ZCACHE_SET_CAS, read), ZCACHE_OK);
}

static void test_cas_token_is_no_other_engines(void **state)
{
    (void)state;
    memory_engine *other = engine_new(LIMIT);
    assert_int_equal(put(engine, "key", "1", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_int_equal(put(other, "key", "1", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_true(meta_of_key(engine, "key").cas != meta_of_key(other, "key").cas);
    memory_engine_close(other);
}

static void test_ttl_is_exact_to_the_millisecond(void **state)
{
    (void)state;
    static const int64_t ttls[] = {1, 2, 3, 999, 1000, 60000, 86400000, ZCACHE_TTL_MAX};
    for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        assert_int_equal(put(engine, "key", "1", ttls[i]), ZCACHE_OK);
        assert_int_equal(meta_of_key(engine, "key").ttl_ms, ttls[i]);
        world_advance_ms(ttls[i] - 1);
        assert_int_equal(meta_of_key(engine, "key").ttl_ms, 1);
        assert_string_equal(text_of(engine, "key"), "1");
        world_advance_ms(1);
        assert_null(text_of(engine, "key"));
        assert_false(has(engine, "key"));
    }
}

static void test_expired_key_is_not_there_for_any_operation(void **state)
{
    (void)state;
    int64_t result;
    for (int operation = 0; operation < 5; operation++) {
        assert_int_equal(put(engine, "key", "41", 10), ZCACHE_OK);
        world_advance_ms(10);
        switch (operation) {
        case 0:
            assert_int_equal(write_mode("key", "1", ZCACHE_SET_REPLACE, 0), ZCACHE_MISS);
            break;
        case 1:
            assert_int_equal(memory_engine_del(engine, zcache_str("key")), ZCACHE_MISS);
            break;
        case 2:
            assert_int_equal(memory_engine_touch(engine, zcache_str("key"), 5), ZCACHE_MISS);
            break;
        case 3:
            assert_int_equal(add_number(engine, "key", 1, ZCACHE_TTL_NEVER, &result), ZCACHE_OK);
            assert_int_equal(result, 1);
            break;
        default:
            assert_int_equal(write_mode("key", "1", ZCACHE_SET_ADD, 0), ZCACHE_OK);
            assert_int_equal(meta_of_key(engine, "key").ttl_ms, ZCACHE_TTL_NEVER);
        }
    }
}

static void test_write_and_touch_replace_the_ttl(void **state)
{
    (void)state;
    assert_int_equal(put(engine, "key", "1", 10), ZCACHE_OK);
    assert_int_equal(put(engine, "key", "2", 5000), ZCACHE_OK);
    assert_int_equal(meta_of_key(engine, "key").ttl_ms, 5000);
    world_advance_ms(1000);
    assert_int_equal(memory_engine_touch(engine, zcache_str("key"), 70000), ZCACHE_OK);
    assert_int_equal(meta_of_key(engine, "key").ttl_ms, 70000);
    assert_int_equal(memory_engine_touch(engine, zcache_str("key"), ZCACHE_TTL_NEVER), ZCACHE_OK);
    world_advance_ms(100000);
    assert_int_equal(meta_of_key(engine, "key").ttl_ms, ZCACHE_TTL_NEVER);
    assert_int_equal(memory_engine_touch(engine, zcache_str("key"), 1), ZCACHE_OK);
    world_advance_ms(1);
    assert_false(has(engine, "key"));
    assert_int_equal(memory_engine_touch(engine, zcache_str("none"), 1), ZCACHE_MISS);
}

static void test_incr_adds_and_keeps_the_ttl(void **state)
{
    (void)state;
    int64_t result;
    assert_int_equal(add_number(engine, "n", 5, 1000, &result), ZCACHE_OK);
    assert_int_equal(result, 5);
    world_advance_ms(400);
    assert_int_equal(add_number(engine, "n", -15, 9999, &result), ZCACHE_OK);
    assert_int_equal(result, -10);
    assert_string_equal(text_of(engine, "n"), "-10");
    assert_int_equal(meta_of_key(engine, "n").ttl_ms, 600);
    uint64_t read = meta_of_key(engine, "n").cas;
    assert_int_equal(add_number(engine, "n", 10, 9999, &result), ZCACHE_OK);
    assert_string_equal(text_of(engine, "n"), "0");
    assert_true(meta_of_key(engine, "n").cas != read);
    world_advance_ms(600);
    assert_false(has(engine, "n"));
}

static void test_incr_takes_only_what_it_would_write(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      "01",
                                      "-0",
                                      "-01",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "--1",
                                      "00",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999"};
    int64_t result;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(put(engine, "n", bad[i], 1000), ZCACHE_OK);
        assert_int_equal(add_number(engine, "n", 1, 5, &result), ZCACHE_E_TYPE);
        assert_string_equal(text_of(engine, "n"), bad[i]);
        assert_int_equal(meta_of_key(engine, "n").ttl_ms, 1000);
    }
    static const char *const good[] = {
        "0", "7", "-7", "10", "9223372036854775807", "-9223372036854775808"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(put(engine, "n", good[i], 1000), ZCACHE_OK);
        assert_int_equal(add_number(engine, "n", 0, 5, &result), ZCACHE_OK);
        assert_string_equal(text_of(engine, "n"), good[i]);
        assert_int_equal(result, strtoll(good[i], NULL, 10));
    }
}

static void test_incr_beyond_64_bits_changes_nothing(void **state)
{
    (void)state;
    int64_t result;
    assert_int_equal(put(engine, "n", "9223372036854775807", 1000), ZCACHE_OK);
    assert_int_equal(add_number(engine, "n", 1, 5, &result), ZCACHE_E_RANGE);
    assert_string_equal(text_of(engine, "n"), "9223372036854775807");
    assert_int_equal(add_number(engine, "n", INT64_MIN, 5, &result), ZCACHE_OK);
    assert_int_equal(result, -1);
    assert_int_equal(add_number(engine, "n", INT64_MIN, 5, &result), ZCACHE_E_RANGE);
    assert_string_equal(text_of(engine, "n"), "-1");
    assert_int_equal(add_number(engine, "new", INT64_MIN, 5, &result), ZCACHE_OK);
    assert_string_equal(text_of(engine, "new"), "-9223372036854775808");
    assert_int_equal(add_number(engine, "new", -1, 5, &result), ZCACHE_E_RANGE);
}

static void test_clear_takes_exactly_the_prefix(void **state)
{
    (void)state;
    char key[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), i % 2 == 0 ? "foo:%d" : "foobar:%d", i);
        assert_int_equal(put(engine, key, "v", ZCACHE_TTL_NEVER), ZCACHE_OK);
    }
    assert_int_equal(memory_engine_clear(engine, NO_DEADLINE, zcache_str("foo:")), ZCACHE_OK);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), i % 2 == 0 ? "foo:%d" : "foobar:%d", i);
        assert_int_equal(has(engine, key), i % 2 == 1);
    }
    assert_int_equal(memory_engine_clear(engine, NO_DEADLINE, zcache_str("")), ZCACHE_OK);
    assert_int_equal(snapshot_of(engine).items, 0);
}

static void test_scan_and_clear_end_by_their_deadline(void **state)
{
    (void)state;
    counting_sink sink;
    counting_sink_init(&sink, 10);
    assert_int_equal(put(engine, "k1", "v", ZCACHE_TTL_NEVER), ZCACHE_OK);
    assert_int_equal(memory_engine_scan(engine, world_now_ns(), zcache_str(""), &sink.sink),
                     ZCACHE_E_TIMEOUT);
    assert_int_equal(memory_engine_clear(engine, world_now_ns(), zcache_str("")), ZCACHE_E_TIMEOUT);
    assert_true(has(engine, "k1"));
    counting_sink_free(&sink);
}

static void test_statistics_count_what_happened(void **state)
{
    (void)state;
    int64_t result;
    put(engine, "a", "1", ZCACHE_TTL_NEVER);
    put(engine, "b", "1", 10);
    write_mode("a", "2", ZCACHE_SET_ADD, 0);
    add_number(engine, "n", 1, ZCACHE_TTL_NEVER, &result);
    text_of(engine, "a");
    text_of(engine, "none");
    memory_engine_del(engine, zcache_str("n"));
    memory_engine_del(engine, zcache_str("n"));
    world_advance_ms(10);
    text_of(engine, "b");
    zcache_memory_engine counted = snapshot_of(engine);
    assert_int_equal(counted.size, sizeof(counted));
    assert_int_equal(counted.items, 1);
    assert_int_equal(counted.writes, 3);
    assert_int_equal(counted.hits, 1);
    assert_int_equal(counted.misses, 2);
    assert_int_equal(counted.deletes, 1);
    assert_int_equal(counted.expirations, 1);
    assert_int_equal(counted.evictions, 0);
    assert_int_equal(counted.memory_limit, LIMIT);
    assert_int_equal(counted.memory_bytes, world_live_cost());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_value_is_read_as_it_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_value_is_no_miss, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reading_outlives_the_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes_ask_for_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cas_stores_only_over_what_was_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cas_token_is_no_other_engines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ttl_is_exact_to_the_millisecond, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expired_key_is_not_there_for_any_operation, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_write_and_touch_replace_the_ttl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incr_adds_and_keeps_the_ttl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incr_takes_only_what_it_would_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incr_beyond_64_bits_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clear_takes_exactly_the_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan_and_clear_end_by_their_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statistics_count_what_happened, setup, teardown),
    };
    return cmocka_run_group_tests_name("memory engine", tests, NULL, NULL);
}
