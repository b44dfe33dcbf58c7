/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A latency's bucket is its highest bit and the four bits below that: the first sixteen buckets have
 * a nanosecond each.
 */
#include "stats/histogram.h"

#include <string.h>

#define SUB_BUCKETS ((size_t)1 << STATS_SUB_BITS)

stats_histogram *stats_histogram_new(const zcache_host *host, size_t stripes)
{
    /* Parts begin on cache lines of their own. */
    size_t part = (sizeof(stats_part) + STATS_LINE - 1) / STATS_LINE * STATS_LINE;
    size_t size = sizeof(stats_histogram) + STATS_LINE + stripes * part;
    char *block = host->alloc(size);
    if (block == NULL)
        return NULL;
    memset(block, 0, size);
    stats_histogram *histogram = (stats_histogram *)(void *)block;
    uintptr_t first = (uintptr_t)(block + sizeof(*histogram));
    size_t gap = (STATS_LINE - first % STATS_LINE) % STATS_LINE;
    histogram->block = block;
    histogram->stripes = stripes;
    histogram->parts = (stats_part *)(void *)(block + sizeof(*histogram) + gap);
    return histogram;
}

void stats_histogram_free(const zcache_host *host, stats_histogram *histogram)
{
    if (histogram != NULL)
        host->free(histogram->block);
}

void stats_histogram_reset(stats_histogram *histogram)
{
    for (size_t i = 0; i < histogram->stripes; i++) {
        for (size_t bucket = 0; bucket < STATS_BUCKETS; bucket++)
            atomic_store_explicit(&histogram->parts[i].buckets[bucket], 0, memory_order_relaxed);
        atomic_store_explicit(&histogram->parts[i].max_ns, 0, memory_order_relaxed);
    }
}

/* Of a number above 0. */
static unsigned highest_bit(uint64_t number)
{
#ifdef __GNUC__
    return 63 - (unsigned)__builtin_clzll(number);
#else
    unsigned bit = 0;
    while ((number >>= 1) != 0)
        bit++;
    return bit;
#endif
}

size_t stats_bucket_of(int64_t ns)
{
    if (ns < (int64_t)SUB_BUCKETS)
        return ns < 0 ? 0 : (size_t)ns;
    unsigned exponent = highest_bit((uint64_t)ns);
    if (exponent > STATS_EXPONENT)
        return STATS_BUCKETS - 1;
    unsigned shift = exponent - STATS_SUB_BITS;
    return ((size_t)shift << STATS_SUB_BITS) + (size_t)(ns >> shift);
}

int64_t stats_bucket_end(size_t bucket)
{
    if (bucket < 2 * SUB_BUCKETS)
        return (int64_t)bucket;
    size_t shift = bucket / SUB_BUCKETS - 1;
    int64_t from = (int64_t)(bucket % SUB_BUCKETS + SUB_BUCKETS) << shift;
    return from + ((int64_t)1 << shift) - 1;
}

void stats_histogram_count(stats_histogram *histogram, size_t stripe, int64_t ns)
{
    stats_part *part = &histogram->parts[stripe];
    atomic_fetch_add_explicit(&part->buckets[stats_bucket_of(ns)], 1, memory_order_relaxed);
    int64_t max_ns = atomic_load_explicit(&part->max_ns, memory_order_relaxed);
    while (ns > max_ns &&
           !atomic_compare_exchange_weak_explicit(&part->max_ns, &max_ns, ns, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

/* The end of the bucket that holds what `thousandths` of all are not above. */
static int64_t percentile(const uint64_t buckets[], uint64_t count, unsigned thousandths,
                          int64_t max_ns)
{
    /* rounded up, and never the 0th */
    uint64_t rank = count / 1000 * thousandths + (count % 1000 * thousandths + 999) / 1000;
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < STATS_BUCKETS; bucket++) {
        seen += buckets[bucket];
        if (seen >= rank && seen > 0)
            return stats_bucket_end(bucket) < max_ns ? stats_bucket_end(bucket) : max_ns;
    }
    return max_ns;
}

void stats_histogram_sum(const stats_histogram *histogram, stats_summary *summary)
{
    uint64_t buckets[STATS_BUCKETS] = {0};
    *summary = (stats_summary){0};
    for (size_t i = 0; i < histogram->stripes; i++) {
        stats_part *part = &histogram->parts[i];
        int64_t max_ns = atomic_load_explicit(&part->max_ns, memory_order_relaxed);
        if (max_ns > summary->max_ns)
            summary->max_ns = max_ns;
        for (size_t bucket = 0; bucket < STATS_BUCKETS; bucket++)
            buckets[bucket] += atomic_load_explicit(&part->buckets[bucket], memory_order_relaxed);
    }
    for (size_t bucket = 0; bucket < STATS_BUCKETS; bucket++)
        summary->count += buckets[bucket];
    summary->p50_ns = percentile(buckets, summary->count, 500, summary->max_ns);
    summary->p90_ns = percentile(buckets, summary->count, 900, summary->max_ns);
    summary->p99_ns = percentile(buckets, summary->count, 990, summary->max_ns);
    summary->p999_ns = percentile(buckets, summary->count, 999, summary->max_ns);
}
