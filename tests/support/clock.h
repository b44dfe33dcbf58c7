/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The monotonic clock and sleep, in milliseconds. Tests compare times only as bounds: never early,
 * and late by no more than a slack that a loaded machine keeps.
 */
#ifndef TESTS_SUPPORT_CLOCK_H
#define TESTS_SUPPORT_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

/* What a test allows the scheduler of a loaded machine beyond any deadline. */
#define CLOCK_SLACK_MS 8000

static inline int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void clock_sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

#endif
