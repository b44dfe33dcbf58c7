/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Relaxed atomics: the readers come after the threads were joined.
 */
#include "durations.h"

#include <stdio.h>
#include <time.h>

int64_t durations_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static unsigned bucket_of(int64_t ns)
{
    unsigned power = 63 - (unsigned)__builtin_clzll((unsigned long long)(ns | 8));
    unsigned bucket = power * 8 + (unsigned)(ns >> (power - 3) & 7);
    return bucket < DURATION_BUCKETS ? bucket : DURATION_BUCKETS - 1;
}

void durations_add(durations *all, int64_t took_ns)
{
    atomic_fetch_add_explicit(&all->count[bucket_of(took_ns)], 1, memory_order_relaxed);
    int64_t max_ns = atomic_load_explicit(&all->max_ns, memory_order_relaxed);
    while (took_ns > max_ns && !atomic_compare_exchange_weak(&all->max_ns, &max_ns, took_ns))
        ;
}

uint64_t durations_total(const durations *all)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < DURATION_BUCKETS; i++)
        total += all->count[i];
    return total;
}

double durations_percentile_us(const durations *all, double share)
{
    uint64_t total = durations_total(all), below = 0;
    for (unsigned i = 0; i < DURATION_BUCKETS; i++) {
        below += all->count[i];
        if (below > 0 && (double)below >= share * (double)total)
            return (double)((8 + i % 8) << (i / 8 - 3)) / 1000;
    }
    return 0;
}

void durations_reset(durations *all)
{
    for (unsigned i = 0; i < DURATION_BUCKETS; i++)
        atomic_store(&all->count[i], 0);
    atomic_store(&all->max_ns, 0);
}

const char *durations_text(const durations *all)
{
    static __thread char text[128];
    snprintf(text, sizeof(text), "p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f ms",
             durations_percentile_us(all, 0.5), durations_percentile_us(all, 0.99),
             durations_percentile_us(all, 0.999), (double)all->max_ns / 1e6);
    return text;
}
