/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What dual.c, which has the stripes and phases, and dual-operations.c, which has the operations
 * above them, share.
 */
#ifndef ZC_SWAP_DUAL_STATE_H
#define ZC_SWAP_DUAL_STATE_H

#include "base/error.h"
#include "swap/dual.h"

typedef struct zc_stripe {
    /* Orders writes and copies of the stripe's keys. Several are taken in ascending order; before
     * any lock of a provider. */
    _Alignas(64) pthread_mutex_t lock;
} zc_stripe;

struct zc_dual {
    zc_stripe stripes[ZC_STRIPES]; /* first: aligned */
    zc_side old, new;
    zc_generation *old_generation, *new_generation;
    /* What makes a token of new look to the host like one that came through old's salt. */
    uint64_t cas_shift;
    /* zc_phase; written with all stripes and failure_lock. Writers load it with a stripe locked, or
     * after the copy has failed, which keeps it from becoming NEW; readers load it without: what
     * they ask was the authority when they asked. */
    _Atomic int phase;
    /* The first failure, before NEW: `failed` is set with the lock, and read without. */
    _Atomic bool failed;
    pthread_mutex_t failure_lock;
    zcache_status failure;
    char failure_text[ZC_ERROR_MAX];
    void *memory; /* to free */
};

/* The phase; OLD instead of BOTH once the copy has failed. */
static inline zc_phase zc_dual_phase(const zc_dual *dual)
{
    int phase = atomic_load_explicit(&dual->phase, memory_order_acquire);
    if (phase == ZC_PHASE_BOTH && atomic_load_explicit(&dual->failed, memory_order_acquire))
        return ZC_PHASE_OLD;
    return (zc_phase)phase;
}

/* Remembers the first failure. The message is the one that this thread has left. */
void zc_dual_fail(zc_dual *dual, const char *what, zcache_status status);

/* The layer that is the composite's top. */
void zc_dual_bind(zc_dual *dual, zcache_layer *top);

#endif
