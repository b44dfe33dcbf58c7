/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How long operations took: a histogram that many threads add to, and its percentiles. Buckets are
 * an eighth of a power of two of nanoseconds wide, so a percentile is right to an eighth; the
 * longest is exact.
 */
#ifndef TESTS_SUPPORT_DURATIONS_H
#define TESTS_SUPPORT_DURATIONS_H

#include <stdatomic.h>
#include <stdint.h>

#define DURATION_BUCKETS 400

typedef struct durations {
    _Atomic uint64_t count[DURATION_BUCKETS];
    _Atomic int64_t max_ns;
} durations;

/* The monotonic clock. */
int64_t durations_now_ns(void);

void durations_add(durations *all, int64_t took_ns);

/* The duration that a share of all (0.99) did not exceed; how many there are. */
double durations_percentile_us(const durations *all, double share);
uint64_t durations_total(const durations *all);

/* All to 0; no other thread uses it. */
void durations_reset(durations *all);

/* "p50 12.0 us, p99 85.0 us, p99.9 …, max 1234.5 us", in a static buffer of the calling thread. */
const char *durations_text(const durations *all);

#endif
