/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The latencies of the filter stats: every one falls into the bucket that tells it, and percentiles
 * are those of the sorted latencies, at most a sixteenth higher.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "stats/histogram.h"
#include "threads.h"

static const zcache_host host = {.size = sizeof(host), .alloc = malloc, .free = free};

static void assert_bucket_fits(int64_t ns)
{
    size_t bucket = stats_bucket_of(ns);
    int64_t end = stats_bucket_end(bucket);
    if (bucket >= STATS_BUCKETS || ns > end || (bucket > 0 && ns <= stats_bucket_end(bucket - 1)) ||
        end - ns > ns / 16)
        fail_msg("%lld ns is in bucket %zu, which ends at %lld", (long long)ns, bucket,
                 (long long)end);
}

static void test_each_latency_is_in_its_bucket(void **state)
{
    (void)state;
    for (int64_t ns = 0; ns < 100000; ns++)
        assert_bucket_fits(ns);
    for (int bit = 4; bit <= STATS_EXPONENT; bit++)
        for (int64_t near = -2; near <= 2; near++)
            assert_bucket_fits((INT64_C(1) << bit) + near);
    assert_int_equal(0, stats_bucket_of(-1));
    assert_int_equal(STATS_BUCKETS - 1, stats_bucket_of((INT64_C(1) << (STATS_EXPONENT + 1)) - 1));
    assert_int_equal(STATS_BUCKETS - 1, stats_bucket_of(INT64_MAX));
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void assert_near(int64_t exact, int64_t told)
{
    if (told < exact || told > exact + exact / 16)
        fail_msg("expected %lld to a sixteenth more, it is %lld", (long long)exact,
                 (long long)told);
}

static void test_percentiles_are_those_of_the_sorted(void **state)
{
    (void)state;
    static int64_t latencies[20011];
    const size_t count = sizeof(latencies) / sizeof(latencies[0]);
    uint64_t random = 5;
    stats_histogram *histogram = stats_histogram_new(&host, 4);
    stats_summary summary;
    stats_histogram_sum(histogram, &summary);
    assert_int_equal(0, summary.count);
    assert_int_equal(0, summary.p50_ns);
    for (size_t i = 0; i < count; i++) {
        latencies[i] = (int64_t)(random_bits(&random) >> (24 + random_below(&random, 36)));
        stats_histogram_count(histogram, i % 4, latencies[i]);
    }
    qsort(latencies, count, sizeof(latencies[0]), by_size);
    stats_histogram_sum(histogram, &summary);
    assert_int_equal(count, summary.count);
    assert_near(latencies[(count * 500 + 999) / 1000 - 1], summary.p50_ns);
    assert_near(latencies[(count * 900 + 999) / 1000 - 1], summary.p90_ns);
    assert_near(latencies[(count * 990 + 999) / 1000 - 1], summary.p99_ns);
    assert_near(latencies[(count * 999 + 999) / 1000 - 1], summary.p999_ns);
    assert_int_equal(latencies[count - 1], summary.max_ns);
    stats_histogram_reset(histogram);
    stats_histogram_count(histogram, 3, 1000);
    stats_histogram_sum(histogram, &summary);
    assert_int_equal(1, summary.count);
    assert_int_equal(1000, summary.p50_ns); /* never above the longest */
    assert_int_equal(1000, summary.p999_ns);
    stats_histogram_free(&host, histogram);
}

static void count_some(void *user, size_t index)
{
    for (int i = 0; i < 20000; i++)
        stats_histogram_count(user, index % 2, (int64_t)index * 20000 + i);
}

static void test_threads_of_one_stripe_lose_nothing(void **state)
{
    (void)state;
    stats_histogram *histogram = stats_histogram_new(&host, 2);
    stats_summary summary;
    threads_run(4, count_some, histogram);
    stats_histogram_sum(histogram, &summary);
    assert_int_equal(80000, summary.count);
    assert_int_equal(79999, summary.max_ns);
    stats_histogram_free(&host, histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_latency_is_in_its_bucket),
        cmocka_unit_test(test_percentiles_are_those_of_the_sorted),
        cmocka_unit_test(test_threads_of_one_stripe_lose_nothing),
    };
    return cmocka_run_group_tests_name("stats: latencies", tests, NULL, NULL);
}
