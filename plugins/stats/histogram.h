/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Latencies, counted in buckets that grow with what they count, as HdrHistogram's do: sixteen to each
 * power of two, so that a percentile is told at most 1/16 too high, in a fixed amount of memory.
 * Threads count in stripes of their own, so that they seldom meet on a cache line, and never wait.
 */
#ifndef STATS_HISTOGRAM_H
#define STATS_HISTOGRAM_H

#include <stdatomic.h>

#include <zcache/plugin.h>

#define STATS_LINE 64 /* bytes of a cache line */

#define STATS_SUB_BITS 4
#define STATS_EXPONENT 43 /* the longest that is told apart is 2^43 ns, 2.4 hours */
#define STATS_BUCKETS  ((STATS_EXPONENT - STATS_SUB_BITS + 2) << STATS_SUB_BITS)

/* What the threads of one stripe have counted. All relaxed: they order nothing else. */
typedef struct stats_part {
    _Atomic uint64_t buckets[STATS_BUCKETS];
    _Atomic int64_t max_ns;
} stats_part;

typedef struct stats_histogram {
    void *block; /* what was allocated */
    size_t stripes;
    stats_part *parts;
} stats_histogram;

/* NULL: out of memory. */
stats_histogram *stats_histogram_new(const zcache_host *host, size_t stripes);
void stats_histogram_free(const zcache_host *host, stats_histogram *histogram);

/* Approximate while others count. */
void stats_histogram_reset(stats_histogram *histogram);

/* The bucket of a latency, and the longest latency that it counts. */
size_t stats_bucket_of(int64_t ns);
int64_t stats_bucket_end(size_t bucket);

void stats_histogram_count(stats_histogram *histogram, size_t stripe, int64_t ns);

typedef struct stats_summary {
    uint64_t count;
    int64_t p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
} stats_summary;

void stats_histogram_sum(const stats_histogram *histogram, stats_summary *summary);

#endif
