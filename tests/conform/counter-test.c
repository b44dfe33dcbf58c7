/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters: the decimal text of a signed 64-bit number, changed in one atomic step, and never
 * changed by an error.
 */
#include "conform.h"

#include "threads.h"

#define assert_incr(cache, key, delta, expected)                                  \
    do {                                                                          \
        int64_t number_ = 777;                                                    \
        assert_status(ZCACHE_OK, zcache_incr(cache, key, delta, &number_, NULL)); \
        assert_between(expected, expected, number_);                              \
    } while (0)

static void test_missing_counter_counts_as_zero(void **state)
{
    conform *t = *state;
    assert_incr(t->cache, "five", 5, 5);
    assert_holds(t->cache, "five", "5");
    assert_incr(t->cache, "minus", -5, -5);
    assert_holds(t->cache, "minus", "-5");
    assert_incr(t->cache, "zero", 0, 0);
    assert_holds(t->cache, "zero", "0");
    assert_incr(t->cache, "most", INT64_MAX, INT64_MAX);
    assert_incr(t->cache, "least", INT64_MIN, INT64_MIN);
    assert_holds(t->cache, "most", "9223372036854775807");
    assert_holds(t->cache, "least", "-9223372036854775808");
}

static void test_counter_counts_both_ways_through_zero(void **state)
{
    conform *t = *state;
    static const int64_t deltas[] = {100, -1, -98, -1, -1, 2, -1000000, 1, 999999, 0, -0x7fffffff};
    int64_t expected = 0;
    for (size_t i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
        char text[32];
        expected += deltas[i];
        snprintf(text, sizeof(text), "%lld", (long long)expected);
        assert_incr(t->cache, "n", deltas[i], expected);
        assert_holds(t->cache, "n", text); /* no blanks where a shorter number replaced a longer */
    }
}

static void test_result_may_be_null(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", 3, NULL, NULL));
    assert_holds(t->cache, "n", "3");
}

static void test_set_makes_a_counter(void **state)
{
    conform *t = *state;
    static const char *const texts[] = {"0",
                                        "7",
                                        "-7",
                                        "41",
                                        "-1",
                                        "99999999999",
                                        "4294967296",
                                        "-2147483649",
                                        "9223372036854775806",
                                        "-9223372036854775808"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put(t->cache, "n", texts[i]);
        assert_incr(t->cache, "n", 0, strtoll(texts[i], NULL, 10));
        assert_incr(t->cache, "n", 1, strtoll(texts[i], NULL, 10) + 1);
    }
}

static void test_counter_can_be_overwritten_and_deleted(void **state)
{
    conform *t = *state;
    assert_incr(t->cache, "n", 12345, 12345);
    put(t->cache, "n", "text");
    assert_holds(t->cache, "n", "text");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "n", NULL));
    assert_incr(t->cache, "n", 1, 1);
}

static void test_overflow_is_an_error_and_changes_nothing(void **state)
{
    conform *t = *state;
    static const struct {
        const char *text;
        int64_t delta;
    } cases[] = {
        {"9223372036854775807", 1},
        {"9223372036854775807", INT64_MAX},
        {"1", INT64_MAX},
        {"9223372036854775800", 8},
        {"-9223372036854775808", -1},
        {"-9223372036854775808", INT64_MIN},
        {"-1", INT64_MIN},
        {"-9223372036854775800", -9},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_for(t->cache, "n", cases[i].text, ZCACHE_HOURS(1));
        assert_status(ZCACHE_E_RANGE, zcache_incr(t->cache, "n", cases[i].delta, NULL, NULL));
        assert_true(zcache_error_message()[0] != '\0');
        assert_holds(t->cache, "n", cases[i].text);
        assert_ttl(t->cache, "n", ZCACHE_HOURS(1));
    }
    assert_incr(t->cache, "n", 1, -9223372036854775799);
}

static void test_limits_can_be_reached(void **state)
{
    conform *t = *state;
    put(t->cache, "n", "9223372036854775806");
    assert_incr(t->cache, "n", 1, INT64_MAX);
    assert_incr(t->cache, "n", INT64_MIN, -1);
    assert_incr(t->cache, "n", -INT64_MAX, INT64_MIN);
    assert_incr(t->cache, "n", INT64_MAX, -1);
    assert_incr(t->cache, "n", 1, 0);
    assert_incr(t->cache, "n", INT64_MIN, INT64_MIN);
}

static void test_other_texts_are_not_counters_and_stay(void **state)
{
    conform *t = *state;
    static const char *const texts[] = {
        "",
        "abc",
        " 12",
        "12 ",
        "+1",
        "01",
        "-01",
        "-0",
        "1.0",
        "1e3",
        "0x10",
        "--1",
        "-",
        "12\n",
        "1 2",
        "12a",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "99999999999999999999",
        "000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (int64_t delta = -1; delta <= 1; delta++) {
            put_for(t->cache, "n", texts[i], ZCACHE_HOURS(1));
            zcache_status status = zcache_incr(t->cache, "n", delta, NULL, NULL);
            if (status != ZCACHE_E_TYPE)
                fail_msg("%s: incr of \"%s\" by %d: expected ZCACHE_E_TYPE, got %s",
                         conform_provider_now->name, texts[i], (int)delta,
                         zcache_status_name(status));
            assert_true(zcache_error_message()[0] != '\0');
            assert_holds(t->cache, "n", texts[i]);
            assert_ttl(t->cache, "n", ZCACHE_HOURS(1));
        }
    assert_status(ZCACHE_OK, zcache_set(t->cache, "n", "1\0", 2, NULL));
    assert_status(ZCACHE_E_TYPE, zcache_incr(t->cache, "n", 1, NULL, NULL));
}

static void test_failed_incr_leaves_the_result_alone(void **state)
{
    conform *t = *state;
    int64_t number = 777;
    put(t->cache, "n", "text");
    assert_status(ZCACHE_E_TYPE, zcache_incr(t->cache, "n", 1, &number, NULL));
    assert_int_equal(number, 777);
}

static void test_counters_work_with_any_key_and_in_tables(void **state)
{
    conform *t = *state;
    zcache *table;
    int64_t number;
    assert_status(ZCACHE_OK, zcache_table(t->cache, "hits", &table));
    assert_incr(table, "n", 4, 4);
    assert_miss(t->cache, "n");
    for (int64_t i = 1; i <= 3; i++) {
        assert_status(ZCACHE_OK, zcache_incr_n(t->cache, "\0 \xff", 3, 1, &number, NULL));
        assert_int_equal(number, i);
    }
}

/* ---- contention ------------------------------------------------------------------------------ */

enum { THREADS = 8, ROUNDS = 150, KEYS = 20 };

static void count_up(void *user, size_t index)
{
    zcache *cache = user;
    int64_t last = 0, number;
    for (int i = 0; i < ROUNDS; i++) {
        if (!check_status(ZCACHE_OK, zcache_incr(cache, "n", (int64_t)index + 1, &number, NULL)))
            return;
        check_that(number > last);
        last = number;
    }
}

static void test_concurrent_counts_sum_exactly(void **state)
{
    conform *t = *state;
    threads_run(THREADS, count_up, t->cache);
    assert_int_equal(checks_failed(), 0);
    assert_incr(t->cache, "n", 0, ROUNDS * THREADS * (THREADS + 1) / 2);
}

static void count_both_ways(void *user, size_t index)
{
    zcache *cache = user;
    for (int i = 0; i < ROUNDS; i++)
        check_status(ZCACHE_OK, zcache_incr(cache, "n", index % 2 == 0 ? 7 : -7, NULL, NULL));
}

static void test_concurrent_counts_round_zero_sum_exactly(void **state)
{
    conform *t = *state;
    threads_run(THREADS, count_both_ways, t->cache);
    assert_int_equal(checks_failed(), 0);
    assert_holds(t->cache, "n", "0");
}

static void create_all(void *user, size_t index)
{
    zcache *cache = user;
    (void)index;
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "n%d", i);
        check_status(ZCACHE_OK, zcache_incr(cache, key, 1, NULL, NULL));
    }
}

static void test_counters_created_at_once_lose_nothing(void **state)
{
    conform *t = *state;
    threads_run(THREADS, create_all, t->cache);
    assert_int_equal(checks_failed(), 0);
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "n%d", i);
        assert_incr(t->cache, key, 0, THREADS);
    }
}

static const struct CMUnitTest counter_tests[] = {
    TEST(test_missing_counter_counts_as_zero),
    TEST(test_counter_counts_both_ways_through_zero),
    TEST(test_result_may_be_null),
    TEST(test_set_makes_a_counter),
    TEST(test_counter_can_be_overwritten_and_deleted),
    TEST(test_overflow_is_an_error_and_changes_nothing),
    TEST(test_limits_can_be_reached),
    TEST(test_other_texts_are_not_counters_and_stay),
    TEST(test_failed_incr_leaves_the_result_alone),
    TEST(test_counters_work_with_any_key_and_in_tables),
    TEST(test_concurrent_counts_sum_exactly),
    TEST(test_concurrent_counts_round_zero_sum_exactly),
    TEST(test_counters_created_at_once_lose_nothing),
};
CONFORM_PART(counter, .only = NULL);
