/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Sleeping on a word: to wait for an event whose maker must not pay for a lock.
 */
#ifndef ZC_CORE_FUTEX_H
#define ZC_CORE_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *word is `expected`, until `deadline_ns` at most; may wake for no reason. */
static inline void zc_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    syscall(__NR_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, &until, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

static inline void zc_futex_wake(_Atomic uint32_t *word)
{
    syscall(__NR_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

#endif
