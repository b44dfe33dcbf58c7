/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Taking a lock until a deadline.
 */
#ifndef ZC_BASE_LOCK_H
#define ZC_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZC_TELL_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define ZC_TELL_THREAD_SANITIZER
#endif

#ifdef ZC_TELL_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

/* Takes the lock; false: it was not to be had by `deadline_ns` of CLOCK_MONOTONIC. */
static inline bool zc_lock_until(pthread_mutex_t *lock, int64_t deadline_ns)
{
    struct timespec deadline = {deadline_ns / 1000000000, deadline_ns % 1000000000};
#ifdef ZC_TELL_THREAD_SANITIZER
    /* ThreadSanitizer of gcc 12 and of clang 14 does not see pthread_mutex_clocklock. */
    __tsan_mutex_pre_lock(lock, __tsan_mutex_try_lock);
    int failed = pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &deadline);
    __tsan_mutex_post_lock(lock,
                           __tsan_mutex_try_lock | (failed ? __tsan_mutex_try_lock_failed : 0), 1);
    return failed == 0;
#else
    return pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &deadline) == 0;
#endif
}

#endif
