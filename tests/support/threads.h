/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Runs a function in several threads at once, from a common start line, and joins them.
 */
#ifndef TESTS_SUPPORT_THREADS_H
#define TESTS_SUPPORT_THREADS_H

#include <stddef.h>

#define THREADS_MAX 64

typedef void threads_fn(void *user, size_t index);

/* Runs `count` threads, indexes 0 to count - 1; returns when all have ended. */
void threads_run(size_t count, threads_fn *run, void *user);

#endif
