/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is behind a `zcache *`: a handle is a key space (the cache's own, or a table's) on one
 * zc_cache, which holds the current generation and everything that outlives generations.
 */
#ifndef ZC_CORE_CACHE_H
#define ZC_CORE_CACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/log.h"
#include "config/source.h"
#include "core/counters.h"
#include "core/generation.h"

#define ZC_HANDLE_MAGIC   UINT32_C(0x7a636864)
#define ZC_KEY_PREFIX_MAX 64
#define ZC_TABLE_NAME_MAX 64
#define ZC_SPACE_MAX      (ZC_KEY_PREFIX_MAX + ZC_TABLE_NAME_MAX + 1)

/* A handle: one key space of a cache. Immutable but for the TTL. */
struct zcache {
    uint32_t magic;
    zc_cache *cache;
    /* Of the table; ZCACHE_TTL_DEFAULT: the cache's. A reload may store another; any operation may
     * use either meanwhile. */
    _Atomic int64_t ttl_ms;
    bool ttl_of_program; /* the program gave it: a reload leaves it; guarded by cache->lock */
    size_t prefix_size;
    char prefix[ZC_SPACE_MAX + 1]; /* key_prefix, and for a table its name and ":" */
    char name[ZC_TABLE_NAME_MAX + 1];
    struct zcache *next; /* in the cache's list of tables */
};

typedef struct zc_watch zc_watch;
typedef struct zc_control zc_control;

/* A native handle that is out. */
typedef struct zc_lease {
    void *handle;
    zc_generation *generation;
    pid_t thread; /* that acquired it */
    int64_t since_ns;
    struct zc_lease *next;
} zc_lease;

struct zc_cache {
    /* The generation that operations pin. Stored by the one swap at a time; see core/pin.h. */
    _Atomic(zc_generation *) current;
    /* Counts the ends of pins and leases of draining generations: what a drain sleeps on. */
    _Atomic uint32_t drain_events;

    /* Asks a copying swap to give up; read by the copier (swap/copy.c). */
    _Atomic bool abort_swap;

    /* Reloads that were refused or failed; relaxed: a statistic. */
    _Atomic uint64_t reload_failures;

    zcache root;              /* the handle of the cache itself */
    zc_config_source *source; /* used by the one swap or reload at a time */
    zc_log log;
    zc_counters counters;

    /* Guards all below. Held for short: never while a plugin is called, but for the fork callbacks.
     * Order: caches.lock (process.c), then this, then a plugin's own locks. */
    pthread_mutex_t lock;
    bool swapping;        /* a swap or the close is under way: one at a time */
    zc_task *tasks;       /* threads with calls into plugins that may not come back */
    uint64_t last_number; /* of a generation */
    zc_watch *watch;      /* NULL: never started (reload/watch.h) */
    zcache *tables;
    struct zcache_typed *typed; /* tables with a type (table/typed.h) */
    zc_lease *leases;
    zc_stack *opened;       /* all stacks of generations */
    zc_generation *retired; /* no longer current, not closed yet; see core/retire.c */
    zc_generation *free;    /* closed; kept for reuse, because U2 of pin.h may still read them */
    zc_generation *made;    /* every one that was ever allocated, closed ones too */
    zc_control *control;    /* NULL: none; set at open, and by the close */
    struct zc_cache *next;  /* in the list of open caches; guarded by caches.lock */
};

/* The handle that NULL stands for: the default cache, configured from the environment if need be.
 */
zcache_status zc_default_handle(zcache **handle);

/* `*handle`, or the default one. */
static inline zcache_status zc_handle_resolve(zcache **handle)
{
    return *handle != NULL ? ZCACHE_OK : zc_default_handle(handle);
}

/* Takes and releases the lock of the default cache, for a fork. */
void zc_default_lock(bool lock);

/* Opens and closes one; the public functions are made of these. */
zcache_status zc_cache_open(zcache_source source, const char *path, const zcache_options *options,
                            zcache **handle);
zcache_status zc_cache_close(zc_cache *cache);

/* A copy of the caller's options struct, which may be older (shorter) than ours: missing members
 * are 0. NULL: all 0. Errors: ZCACHE_E_INVALID, its size member is not sane. */
zcache_status zc_options_copy(void *copy, size_t size, const void *options, const char *macro);

/* The list of open caches, and what a fork does to it (process.c). */
void zc_caches_add(zc_cache *cache);
void zc_caches_remove(zc_cache *cache);

#endif
