/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The one clock of the library: CLOCK_MONOTONIC, in nanoseconds.
 */
#ifndef ZC_BASE_CLOCK_H
#define ZC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define ZC_NS_PER_MS INT64_C(1000000)

static inline int64_t zc_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
