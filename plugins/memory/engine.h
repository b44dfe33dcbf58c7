/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The engine of the memory provider: a store of entries within a byte limit. The provider
 * (memory.c) knows this interface and nothing of what is behind it, so that the inside can be
 * replaced. Every function may be called from any thread; none calls a sink with a lock held.
 */
#ifndef MEMORY_ENGINE_H
#define MEMORY_ENGINE_H

#include <zcache/native/memory.h>
#include <zcache/plugin.h>

/* What the engine needs of the world: an allocator and CLOCK_MONOTONIC. */
typedef struct memory_services {
    void *(*alloc)(size_t size);
    void (*free)(void *memory);
    int64_t (*now_ns)(void);
} memory_services;

typedef struct memory_engine memory_engine;

/* The smallest limit that memory_engine_open takes. */
#define MEMORY_LIMIT_MIN INT64_C(1048576)

/* Creates an engine that holds at most `limit` bytes, its own structures included.
 * Errors: ZCACHE_E_NOMEM; ZCACHE_E_INTERNAL, the system gives no random numbers. */
zcache_status memory_engine_open(const memory_services *services, uint64_t limit,
                                 memory_engine **engine);

/* Changes the limit, at least MEMORY_LIMIT_MIN, of an engine at work; evicts what is beyond it. Not
 * two at once. ZCACHE_OK; ZCACHE_E_NOTSUP, an empty engine of this size takes half of it already;
 * ZCACHE_E_TIMEOUT, there was too much to evict. Then the old limit holds. */
zcache_status memory_engine_limit(memory_engine *engine, int64_t deadline_ns, uint64_t limit);

/* Frees everything. No other call may be running, and every reading must have been released. */
void memory_engine_close(memory_engine *engine);

/* One entry as it was found. `value` stays as it is until memory_engine_release, whatever becomes
 * of the key meanwhile. */
typedef struct memory_reading {
    zcache_slice value;
    zcache_meta meta; /* both fields known */
    void *entry;      /* the engine's */
} memory_reading;

/* Finds a key: true, and a reading that must be released; or false, a miss. Counts as a use. */
bool memory_engine_get(memory_engine *engine, zcache_slice key, memory_reading *reading);
void memory_engine_release(memory_engine *engine, memory_reading *reading);

/* Tells whether a key is there, and its meta, without counting as a use. */
bool memory_engine_peek(memory_engine *engine, zcache_slice key, zcache_meta *meta);

/* Writes one item by its mode and returns what would be its status: ZCACHE_OK, ZCACHE_EXISTS,
 * ZCACHE_MISS, ZCACHE_CONFLICT, ZCACHE_E_TOO_LARGE, ZCACHE_E_NOMEM, or ZCACHE_E_TIMEOUT (room could
 * not be made by then). Whatever is not OK leaves the key as it was. */
zcache_status memory_engine_set(memory_engine *engine, int64_t deadline_ns,
                                const zcache_item *item);

/* ZCACHE_OK or ZCACHE_MISS. */
zcache_status memory_engine_del(memory_engine *engine, zcache_slice key);
zcache_status memory_engine_touch(memory_engine *engine, zcache_slice key, int64_t ttl_ms);

/* Adds to one counter: fills in its result and returns what would be its status: ZCACHE_OK,
 * ZCACHE_E_TYPE, ZCACHE_E_RANGE, or an error as from set. */
zcache_status memory_engine_incr(memory_engine *engine, int64_t deadline_ns,
                                 zcache_increment *increment);

/* Gives every key that begins with `prefix` to the sink: a key that is there throughout exactly
 * once, one that comes or goes meanwhile at most once each time it is there.
 * ZCACHE_OK, ZCACHE_E_NOMEM, or ZCACHE_E_TIMEOUT. */
zcache_status memory_engine_scan(memory_engine *engine, int64_t deadline_ns, zcache_slice prefix,
                                 zcache_scan_sink *sink);

/* Deletes every key that begins with `prefix`. ZCACHE_OK or ZCACHE_E_TIMEOUT. */
zcache_status memory_engine_clear(memory_engine *engine, int64_t deadline_ns, zcache_slice prefix);

/* Fills in the statistics. */
void memory_engine_snapshot(memory_engine *engine, zcache_memory_engine *snapshot);

/* Takes every lock, before a fork; gives them back, after it, in parent and child. */
void memory_engine_lock_all(memory_engine *engine);
void memory_engine_unlock_all(memory_engine *engine);

#endif
