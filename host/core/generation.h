/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A generation: an opened stack of a provider and its filters, with the configuration in force. A
 * cache has one current generation; a swap makes another current, and closes the old one when its
 * last operation and lease have ended. Generations that differ in settings of the cache only share
 * one stack, which the last of them closes.
 */
#ifndef ZC_CORE_GENERATION_H
#define ZC_CORE_GENERATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "config/config.h"
#include "core/instance.h"
#include "core/task.h"
#include <zcache/plugin.h>

typedef struct zc_cache zc_cache;

/* The opened plugins of a provider and its filters. */
typedef struct zc_stack {
    size_t users;               /* generations; guarded by cache->lock, as the next three */
    uint64_t standings;         /* the last one that was given to a generation */
    struct zc_change *replaced; /* options that older generations may use (configure.h) */
    struct zc_stack *next;      /* in the cache's list of opened stacks */
    size_t count;
    zc_instance instances[]; /* outermost filter first, the provider last */
} zc_stack;

typedef enum zc_generation_phase {
    ZC_GENERATION_CLOSED,
    ZC_GENERATION_OPENED,
    ZC_GENERATION_CURRENT,
    ZC_GENERATION_LEFT,
    ZC_GENERATION_RETIRED
} zc_generation_phase;

typedef struct zc_generation {
    /* What every operation reads: written before publish, then never. */
    zcache_layer top; /* the outermost layer's */
    bool text_keys;   /* keys are percent-encoded for this provider */
    bool errors_are_misses;
    bool hash_long_keys;
    size_t key_max; /* TEXT form of the physical key */
    size_t value_max;
    int64_t timeout_ms;
    int64_t default_ttl_ms;
    /* Random, added to every cas token that leaves for the application and taken off when it comes
     * back: so a token of one provider is never a token of the next. */
    uint64_t cas_salt;
    /* Set when the generation is no longer current; pairs with the load in zc_unpin (core/pin.h).
     */
    _Atomic bool draining;

    zc_cache *cache; /* whose generation it is, for ever */
    uint64_t number; /* 1 was the first of the cache */
    zc_config *config;
    zc_stack *stack;
    uint64_t standing;      /* its rank by age among those on the stack, 1 the oldest */
    zc_instance *instances; /* the stack's */
    size_t instance_count;
    /* What keeps it open beside pins: native handles that are out, and a composite above it. The
     * last release wakes the drain. */
    _Atomic size_t leases;
    /* A composite stands above two opened generations while entries are copied from one to the
     * other (swap/dual.h): its stack and configuration are the lender's. Else `lender` is the
     * generation itself, and the rest NULL. */
    struct zc_generation *lender;
    void *composite;
    void (*composite_free)(void *composite);
    struct zc_generation *next; /* in the cache's list of retired or of free generations */
    /* The thread that closes it (retire.c), and what it found out. */
    zc_task closer;
    bool unmapped;
    bool attended; /* there is such a thread; guarded by cache->lock */
    /* What generations.c tells; guarded by cache->lock. */
    struct zc_generation *next_made; /* in the cache's list of all; immutable */
    zc_generation_phase phase;
    int64_t opened_ns, current_ns,
        left_ns; /* when it was opened, became and ceased to be current */
    char provider[ZCACHE_NAME_SIZE];
} zc_generation;

/* How long the steps of opening took. */
typedef struct zc_open_times {
    int64_t load_ns;
    int64_t open_ns;
} zc_open_times;

/* Opens a generation by `config`, which it owns from then on if it succeeds. On failure nothing is
 * left, and the message names the step. */
zcache_status zc_generation_open(zc_cache *cache, zc_config *config, int64_t deadline_ns,
                                 zc_open_times *times, zc_generation **generation);

/* A generation on the opened stack of `old`, which is current, with the settings of `config`, which
 * it owns from then on if it succeeds. Errors: ZCACHE_E_CONFIG, the provider cannot keep them;
 * ZCACHE_E_NOMEM. */
zcache_status zc_generation_renew(zc_generation *old, zc_config *config,
                                  zc_generation **generation);

/* A generation without a stack of its own, whose operations are those of `top` and whose settings
 * are `lender`'s. Closing it frees `composite` with `composite_free`. */
zcache_status zc_generation_composite(zc_generation *lender, const zcache_layer *top,
                                      void *composite, void (*composite_free)(void *),
                                      zc_generation **generation);

/* Asks the backend for a sign of life. */
zcache_status zc_generation_ping(zc_generation *generation, int64_t deadline_ns);

/* Makes the leases on `from` leases on `to`, which stands on the same stack. No pin may be on
 * `from`, so that no lease is being made. */
void zc_generation_move_leases(zc_generation *from, zc_generation *to);

/* Gives back what keeps a generation open beside pins. */
void zc_generation_unlease(zc_generation *generation);

/* Makes a generation current: every operation that begins from now on uses it. Returns the one that
 * was current before, draining, with the pins on it visible to zc_pin_count; NULL: none. */
zc_generation *zc_generation_publish(zc_generation *generation);

/* Quiesces and closes all layers and unloads their plugins, unless another generation stands on
 * them, and frees the configuration. No pin and no lease may be on it. Tells whether the provider's
 * code is gone from memory. */
bool zc_generation_close(zc_generation *generation, int64_t deadline_ns);

/* Puts a closed generation on its cache's free list. */
void zc_generation_give_back(zc_generation *generation);

/* Tells all layers that this thread, which may have used them, is ending. */
void zc_generation_thread_exit(zc_generation *generation);

static inline const zc_instance *zc_generation_provider(const zc_generation *generation)
{
    return &generation->instances[generation->instance_count - 1];
}

#endif
