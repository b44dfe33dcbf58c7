/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The calls that allocation-failure-test.c makes with failing allocations.
 */
#ifndef TESTS_INTEGRATION_ALLOCATION_TRIALS_H
#define TESTS_INTEGRATION_ALLOCATION_TRIALS_H

#include <stdbool.h>
#include <stddef.h>

#include <zcache/zcache.h>

#include "servers.h"

/* A provider, and how a cache on it is configured. */
typedef struct subject {
    const char *provider;
    server *server; /* NULL: it needs none */
    const char *settings[6];
    char file[4096];         /* an INI file with the same settings */
    const char *native_type; /* NULL: it lends none */
} subject;

/* One call under test. */
typedef struct trial {
    const char *name;
    /* Makes the call. Whatever it returns, nothing but the cache may stay allocated: results are
     * released. A result that is wrong is ZCACHE_E_INTERNAL. */
    zcache_status (*call)(const subject *about, zcache *cache);
    bool opens;        /* it opens a cache itself, and closes it: `cache` is NULL */
    bool needs_native; /* only for providers that lend handles */
} trial;

extern const trial allocation_trials[];
extern const size_t allocation_trial_count;

/* The options that open a cache on it, filled in. */
const zcache_options *options_of(const subject *about, zcache_options *options);

#endif
