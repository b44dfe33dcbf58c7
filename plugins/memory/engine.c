/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The engine: finds the shard of a key and carries operations out in it.
 *
 * Memory, from the outside in:
 *
 *     engine ── heap        the limit, and how much of it is in use (heap.h)
 *            ├─ secret      keys the hash, XXH3, anew in each engine
 *            └─ shard[0 … 2^b-1]       by the top bits of the hash; each on cache lines of its own
 *                 ├─ lock
 *                 ├─ table  by the low bits of the hash: segments of buckets of chains (table.h)
 *                 ├─ queue  by age, for eviction: SIEVE (shard.h)
 *                 └─ TTL classes, for expiry (shard.h)
 *
 *     entry  [ chain | queue | expiry | hash | expires | cas | references … | key | value ]
 *              one block of the allocator, in the table, the queue and one class at once
 *
 * A write makes its entry first, then takes the lock, decides by mode, reserves its bytes and puts
 * the entry in the old one's place. Where the limit is in the way it gives the lock back, takes a
 * few entries out of one shard after the other, and begins again: no thread holds two locks, and
 * none holds one for longer than a few entries take. What was taken out is freed without a lock.
 *
 * Not counted are, for as long as an operation runs, the entry that a write has made and not yet
 * put in, and one that was taken out while a reader holds it, which that reader frees.
 */
#include "memory/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "memory/state.h"

#define BYTES_A_SHARD   (UINT64_C(256) * 1024) /* of the limit, at least */
#define RECLAIM_CLASSES 2                      /* looked at by each write */
#define RECLAIM_ENTRIES 4                      /* taken out by each write: more than it adds */
#define TEND_OPERATIONS 8                      /* one in so many looks after another shard */
#define TEND_CLASSES    8
#define TEND_ENTRIES    16 /* taken out there */
#define EVICT_ENTRIES   16 /* taken out at most in one hold of a lock */

_Static_assert(MEMORY_SECRET_SIZE >= XXH3_SECRET_SIZE_MIN, "XXH3 needs a longer secret");

/* ---- open and close -------------------------------------------------------------------------- */

static unsigned shard_bits_for(uint64_t limit)
{
    unsigned bits = 0;
    while ((UINT64_C(1) << bits) < MEMORY_SHARDS_MAX && (BYTES_A_SHARD << (bits + 1)) <= limit)
        bits++;
    return bits;
}

static memory_engine *new_engine(const memory_services *services, uint64_t limit)
{
    unsigned bits = shard_bits_for(limit);
    size_t size = sizeof(memory_engine) + (sizeof(memory_shard) << bits) + MEMORY_CACHE_LINE;
    unsigned char *block = services->alloc(size);
    if (block == NULL)
        return NULL;
    uintptr_t over = (uintptr_t)block % MEMORY_CACHE_LINE;
    memory_engine *engine = (void *)(block + (over == 0 ? 0 : MEMORY_CACHE_LINE - over));
    engine->heap.services = *services;
    atomic_init(&engine->heap.limit, limit);
    engine->heap.floor = memory_cost(size) + (memory_table_floor() << bits);
    atomic_init(&engine->heap.used, engine->heap.floor);
    engine->block = block;
    engine->shard_bits = bits;
    atomic_init(&engine->turn, 0);
    return engine;
}

zcache_status memory_engine_open(const memory_services *services, uint64_t limit,
                                 memory_engine **opened)
{
    memory_engine *engine = new_engine(services, limit);
    if (engine == NULL)
        return ZCACHE_E_NOMEM;
    zcache_status status = ZCACHE_E_INTERNAL;
    size_t made = 0;
    uint64_t first_cas;
    if (getrandom(engine->secret, sizeof(engine->secret), 0) != sizeof(engine->secret) ||
        getrandom(&first_cas, sizeof(first_cas), 0) != sizeof(first_cas))
        goto out;
    first_cas >>= 1; /* never comes round to 0 */
    for (; made < memory_shard_count(engine); made++) {
        status = ZCACHE_E_NOMEM;
        if (!memory_shard_init(&engine->shards[made], &engine->heap, first_cas))
            goto out;
    }
    *opened = engine;
    return ZCACHE_OK;
out:
    while (made > 0)
        memory_shard_destroy(&engine->shards[--made], &engine->heap);
    services->free(engine->block);
    return status;
}

void memory_engine_close(memory_engine *engine)
{
    for (size_t i = 0; i < memory_shard_count(engine); i++)
        memory_shard_destroy(&engine->shards[i], &engine->heap);
    engine->heap.services.free(engine->block);
}

/* ---- finding a key's shard ------------------------------------------------------------------- */

static uint64_t hash_of(const memory_engine *engine, zcache_slice key)
{
    return XXH3_64bits_withSecret(key.data, key.size, engine->secret, sizeof(engine->secret));
}

/* Begins an operation on the shard of a key. */
static memory_shard *lock_shard(memory_engine *engine, uint64_t hash)
{
    memory_shard *shard = &engine->shards[hash >> 32 >> (32 - engine->shard_bits)];
    pthread_mutex_lock(&shard->lock);
    shard->operations++;
    return shard;
}

/* Gives the lock back, then frees what was taken out. */
static void finish(memory_engine *engine, memory_shard *shard, memory_removed *removed)
{
    if (removed->count > 0)
        memory_table_shrink(&shard->table, &engine->heap, removed->count);
    pthread_mutex_unlock(&shard->lock);
    if (removed->count > 0)
        memory_removed_release(&engine->heap, removed);
}

static memory_shard *next_shard(memory_engine *engine)
{
    unsigned turn = atomic_fetch_add_explicit(&engine->turn, 1, memory_order_relaxed);
    return &engine->shards[turn % memory_shard_count(engine)];
}

/* Ends an operation. One in a few takes out what has expired in another shard, which may be one
 * that nobody uses; a busy one is looked after by those who use it. */
static void unlock_shard(memory_engine *engine, memory_shard *shard, memory_removed *removed)
{
    bool tend = shard->operations % TEND_OPERATIONS == 0;
    finish(engine, shard, removed);
    if (!tend)
        return;
    shard = next_shard(engine);
    if (pthread_mutex_trylock(&shard->lock) != 0)
        return;
    memory_shard_reclaim(shard, &engine->heap, TEND_CLASSES, TEND_ENTRIES, removed);
    finish(engine, shard, removed);
}

/* ---- reading --------------------------------------------------------------------------------- */

static zcache_meta meta_of(const memory_engine *engine, const memory_entry *entry)
{
    zcache_meta meta = {.ttl_ms = ZCACHE_TTL_NEVER, .cas = entry->cas};
    if (entry->expires_ns != MEMORY_NEVER) {
        int64_t left_ns = entry->expires_ns - engine->heap.services.now_ns();
        meta.ttl_ms = left_ns <= 1000000 ? 1 : (left_ns + 999999) / 1000000;
    }
    return meta;
}

bool memory_engine_get(memory_engine *engine, zcache_slice key, memory_reading *reading)
{
    uint64_t hash = hash_of(engine, key);
    memory_removed removed = {NULL, 0, 0};
    memory_shard *shard = lock_shard(engine, hash);
    memory_entry *entry = *memory_shard_find(shard, &engine->heap, hash, key, &removed);
    if (entry != NULL) {
        shard->hits++;
        entry->visited = true;
        atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
        reading->value = memory_entry_value(entry);
        reading->meta = meta_of(engine, entry);
        reading->entry = entry;
    } else {
        shard->misses++;
    }
    unlock_shard(engine, shard, &removed);
    return entry != NULL;
}

void memory_engine_release(memory_engine *engine, memory_reading *reading)
{
    memory_entry_release(&engine->heap, reading->entry);
}

bool memory_engine_peek(memory_engine *engine, zcache_slice key, zcache_meta *meta)
{
    uint64_t hash = hash_of(engine, key);
    memory_removed removed = {NULL, 0, 0};
    memory_shard *shard = lock_shard(engine, hash);
    const memory_entry *entry = *memory_shard_find(shard, &engine->heap, hash, key, &removed);
    if (entry != NULL)
        *meta = meta_of(engine, entry);
    unlock_shard(engine, shard, &removed);
    return entry != NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int64_t expiry_after(const memory_engine *engine, int64_t ttl_ms)
{
    return ttl_ms == ZCACHE_TTL_NEVER ? MEMORY_NEVER
                                      : engine->heap.services.now_ns() + ttl_ms * 1000000;
}

/* Whether key and value could be held if nothing else was. */
static bool fits(const memory_heap *heap, size_t key_size, size_t value_size)
{
    return key_size <= UINT32_MAX && value_size <= UINT32_MAX &&
           memory_cost(memory_entry_size(key_size, value_size)) <=
               memory_heap_limit(heap) - heap->floor;
}

/* Takes entries out, none of hash `keep`, until `bytes` could be reserved. */
static zcache_status make_room(memory_engine *engine, int64_t deadline_ns, uint64_t bytes,
                               uint64_t keep)
{
    while (!memory_heap_has_room(&engine->heap, bytes)) {
        if (engine->heap.services.now_ns() >= deadline_ns)
            return ZCACHE_E_TIMEOUT;
        memory_shard *shard = next_shard(engine);
        memory_removed removed = {NULL, 0, 0};
        pthread_mutex_lock(&shard->lock);
        memory_shard_evict(shard, &engine->heap, keep, EVICT_ENTRIES, bytes, &removed);
        finish(engine, shard, &removed);
    }
    return ZCACHE_OK;
}

zcache_status memory_engine_limit(memory_engine *engine, int64_t deadline_ns, uint64_t limit)
{
    memory_heap *heap = &engine->heap;
    uint64_t before = memory_heap_limit(heap);
    if (limit / 2 < heap->floor)
        return ZCACHE_E_NOTSUP;
    atomic_store_explicit(&heap->limit, limit, memory_order_relaxed);
    for (;;) {
        uint64_t used = atomic_load_explicit(&heap->used, memory_order_relaxed);
        if (used <= limit)
            return ZCACHE_OK;
        if (heap->services.now_ns() >= deadline_ns) {
            atomic_store_explicit(&heap->limit, before, memory_order_relaxed);
            return ZCACHE_E_TIMEOUT;
        }
        memory_shard *shard = next_shard(engine);
        memory_removed removed = {NULL, 0, 0};
        pthread_mutex_lock(&shard->lock);
        memory_shard_evict(shard, heap, 0, EVICT_ENTRIES, used - limit, &removed);
        finish(engine, shard, &removed);
    }
}

/* What a write of this mode answers, the key being as it is; ZCACHE_OK: go on. */
static zcache_status permits(const zcache_item *item, const memory_entry *there)
{
    switch (item->mode) {
    case ZCACHE_SET_ALWAYS:
        return ZCACHE_OK;
    case ZCACHE_SET_ADD:
        return there == NULL ? ZCACHE_OK : ZCACHE_EXISTS;
    case ZCACHE_SET_REPLACE:
        return there != NULL ? ZCACHE_OK : ZCACHE_MISS;
    case ZCACHE_SET_CAS:
        if (there == NULL)
            return ZCACHE_MISS;
        return there->cas == item->cas ? ZCACHE_OK : ZCACHE_CONFLICT;
    }
    return ZCACHE_E_INVALID;
}

zcache_status memory_engine_set(memory_engine *engine, int64_t deadline_ns, const zcache_item *item)
{
    memory_heap *heap = &engine->heap;
    if (!fits(heap, item->key.size, item->value.size))
        return ZCACHE_E_TOO_LARGE;
    uint64_t hash = hash_of(engine, item->key);
    memory_entry *fresh = memory_entry_new(heap, hash, item->key, item->value);
    if (fresh == NULL)
        return ZCACHE_E_NOMEM;

    zcache_status status;
    for (;;) {
        uint64_t missing = 0;
        bool stored = false;
        memory_removed removed = {NULL, 0, 0};
        memory_shard *shard = lock_shard(engine, hash);
        memory_shard_reclaim(shard, heap, RECLAIM_CLASSES, RECLAIM_ENTRIES, &removed);
        memory_entry **place = memory_shard_find(shard, heap, hash, item->key, &removed);
        status = permits(item, *place);
        if (status == ZCACHE_OK) {
            fresh->expires_ns = expiry_after(engine, item->ttl_ms);
            stored = memory_shard_store(shard, heap, place, fresh, &removed, &missing);
        }
        unlock_shard(engine, shard, &removed);
        if (stored)
            return ZCACHE_OK;
        if (status == ZCACHE_OK)
            status = make_room(engine, deadline_ns, missing, hash);
        if (status != ZCACHE_OK)
            break;
    }
    memory_entry_release(heap, fresh);
    return status;
}

zcache_status memory_engine_del(memory_engine *engine, zcache_slice key)
{
    uint64_t hash = hash_of(engine, key);
    memory_removed removed = {NULL, 0, 0};
    memory_shard *shard = lock_shard(engine, hash);
    memory_entry **place = memory_shard_find(shard, &engine->heap, hash, key, &removed);
    bool found = *place != NULL;
    if (found) {
        memory_shard_remove(shard, place, &removed);
        shard->deletes++;
    }
    unlock_shard(engine, shard, &removed);
    return found ? ZCACHE_OK : ZCACHE_MISS;
}

zcache_status memory_engine_touch(memory_engine *engine, zcache_slice key, int64_t ttl_ms)
{
    uint64_t hash = hash_of(engine, key);
    memory_removed removed = {NULL, 0, 0};
    memory_shard *shard = lock_shard(engine, hash);
    memory_entry *entry = *memory_shard_find(shard, &engine->heap, hash, key, &removed);
    if (entry != NULL) {
        entry->visited = true;
        memory_shard_set_expiry(shard, entry, engine->heap.services.now_ns(),
                                expiry_after(engine, ttl_ms));
    }
    unlock_shard(engine, shard, &removed);
    return entry != NULL ? ZCACHE_OK : ZCACHE_MISS;
}

/* The entry that is to take the place of `there`, or to be the first of its key. */
static zcache_status add_to(const memory_engine *engine, uint64_t hash, const memory_entry *there,
                            zcache_increment *increment, memory_entry **fresh)
{
    int64_t number = 0;
    if (there != NULL && !zcache_counter_of(memory_entry_value(there), &number))
        return ZCACHE_E_TYPE;
    if (__builtin_add_overflow(number, increment->delta, &number))
        return ZCACHE_E_RANGE;
    char text[ZCACHE_COUNTER_SIZE];
    size_t size = (size_t)snprintf(text, sizeof(text), "%" PRId64, number);
    if (!fits(&engine->heap, increment->key.size, size))
        return ZCACHE_E_TOO_LARGE;
    *fresh = memory_entry_new(&engine->heap, hash, increment->key, zcache_bytes_of(text, size));
    if (*fresh == NULL)
        return ZCACHE_E_NOMEM;
    (*fresh)->expires_ns =
        there != NULL ? there->expires_ns : expiry_after(engine, increment->ttl_ms);
    increment->result = number;
    return ZCACHE_OK;
}

zcache_status memory_engine_incr(memory_engine *engine, int64_t deadline_ns,
                                 zcache_increment *increment)
{
    memory_heap *heap = &engine->heap;
    uint64_t hash = hash_of(engine, increment->key);
    for (;;) {
        uint64_t missing = 0;
        bool stored = false;
        memory_entry *fresh = NULL;
        memory_removed removed = {NULL, 0, 0};
        memory_shard *shard = lock_shard(engine, hash);
        memory_shard_reclaim(shard, heap, RECLAIM_CLASSES, RECLAIM_ENTRIES, &removed);
        memory_entry **place = memory_shard_find(shard, heap, hash, increment->key, &removed);
        zcache_status status = add_to(engine, hash, *place, increment, &fresh);
        if (status == ZCACHE_OK)
            stored = memory_shard_store(shard, heap, place, fresh, &removed, &missing);
        unlock_shard(engine, shard, &removed);
        if (stored || status != ZCACHE_OK)
            return status;
        memory_entry_release(heap, fresh);
        status = make_room(engine, deadline_ns, missing, hash);
        if (status != ZCACHE_OK)
            return status;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

void memory_engine_snapshot(memory_engine *engine, zcache_memory_engine *snapshot)
{
    *snapshot = (zcache_memory_engine){
        .size = sizeof(*snapshot),
        .memory_bytes = atomic_load_explicit(&engine->heap.used, memory_order_relaxed),
        .memory_limit = memory_heap_limit(&engine->heap),
    };
    for (size_t i = 0; i < memory_shard_count(engine); i++) {
        memory_shard *shard = &engine->shards[i];
        pthread_mutex_lock(&shard->lock);
        snapshot->items += shard->table.count;
        snapshot->hits += shard->hits;
        snapshot->misses += shard->misses;
        snapshot->writes += shard->writes;
        snapshot->deletes += shard->deletes;
        snapshot->evictions += shard->evictions;
        snapshot->expirations += shard->expirations;
        pthread_mutex_unlock(&shard->lock);
    }
}

void memory_engine_lock_all(memory_engine *engine)
{
    for (size_t i = 0; i < memory_shard_count(engine); i++)
        pthread_mutex_lock(&engine->shards[i].lock);
}

void memory_engine_unlock_all(memory_engine *engine)
{
    for (size_t i = 0; i < memory_shard_count(engine); i++)
        pthread_mutex_unlock(&engine->shards[i].lock);
}
