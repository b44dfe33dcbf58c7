/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the files of the filter share: fault.c has its options and its life, call.c what strikes a
 * call as a whole, batch.c what strikes keys, plan.c who is struck.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <pthread.h>

#include "fault/plan.h"

typedef struct fault {
    const zcache_host *host;
    /* In force: a release store by configure, an acquire load by each call. */
    _Atomic(fault_plan *) plan;
    /* Guards the list of plans that calls may use still. Order: no other lock is taken. */
    pthread_mutex_t lock;
    fault_plan *plans;
    /* Faults that were injected, of each kind; relaxed: statistics. */
    _Atomic uint64_t injected[FAULT_KINDS];
} fault;

/* A call that faults may strike. */
typedef struct fault_call {
    fault *self;
    fault_place place;
    zcache_call call; /* for the layer below */
} fault_call;

/* The keys of a batch, whatever they stand in. */
typedef struct fault_keys {
    const void *first; /* a zcache_slice, or what begins with one */
    size_t stride;
    size_t count;
} fault_keys;

static inline const zcache_slice *fault_key(const fault_keys *keys, size_t i)
{
    return (const zcache_slice *)(const void *)((const char *)keys->first + i * keys->stride);
}

/* False: nothing can strike this operation, and nothing was begun. */
static inline bool fault_begin(fault *self, fault_operation operation, const zcache_call *call,
                               fault_call *begun)
{
    fault_plan *plan = atomic_load_explicit(&self->plan, memory_order_acquire);
    if ((plan->operations & UINT32_C(1) << operation) == 0)
        return false;
    begun->self = self;
    begun->place.plan = plan;
    begun->place.operation = operation;
    begun->place.call = atomic_fetch_add_explicit(&plan->calls, 1, memory_order_relaxed);
    begun->call = *call;
    return true;
}

static inline void fault_count(fault *self, fault_kind kind, uint64_t n)
{
    atomic_fetch_add_explicit(&self->injected[kind], n, memory_order_relaxed);
}

/* Hang and delay. `keys` NULL: the operation has none. An error: the call has ended with it. */
zcache_status fault_wait(fault_call *call, const fault_keys *keys);

/* Leaves the message of an injected error, and returns its status. */
zcache_status fault_error(const fault_call *call);

zcache_get_fn fault_get;
zcache_peek_fn fault_peek;
zcache_set_fn fault_set;
zcache_del_fn fault_del;
zcache_touch_fn fault_touch;
zcache_incr_fn fault_incr;
zcache_scan_op_fn fault_scan;
zcache_clear_fn fault_clear;
zcache_ping_fn fault_ping;
zcache_stats_fn fault_stats;

#endif
