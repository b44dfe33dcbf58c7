/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A shard: the entries whose hashes share their top bits, under one lock. It knows its entries by
 * key (table.h), by age for eviction, and by TTL for expiry.
 *
 * Eviction is SIEVE (Y. Zhang et al., NSDI 2024): entries queue in the order they came, a use only
 * sets a bit, and a hand goes from the oldest to the newest, clears set bits and evicts the first
 * entry without one. The hand clears at most MEMORY_HAND_STEPS bits for each eviction, so that a
 * cache in which everything is used makes nobody wait.
 *
 * Expiry: entries with a TTL also stand in a list for TTLs like theirs (after Segcache, J. Yang et
 * al., NSDI 2021): a class holds TTLs that differ by a quarter at most, so its oldest entry expires
 * first, or nearly, and an expired entry waits behind a living one for a quarter of its TTL at
 * most. Operations look at the oldest of a few classes as they go by, and take out what has
 * expired; whoever needs room looks at all classes before anything alive is evicted.
 */
#ifndef MEMORY_SHARD_H
#define MEMORY_SHARD_H

#include <pthread.h>

#include "memory/table.h"

#define MEMORY_HAND_STEPS  32
#define MEMORY_TTL_CLASSES 192 /* four for each power of two of 2^20 ns, up to 2^48 of them */

typedef struct memory_shard {
    /* Guards all of the shard. A thread holds one shard's lock at a time, except before a fork:
     * then all of them, taken in the order of the shards. No sink is called with it held. */
    _Alignas(MEMORY_CACHE_LINE) pthread_mutex_t lock;
    memory_table table;
    uint64_t last_cas;
    uint64_t operations;
    uint64_t hits, misses, writes, deletes, evictions, expirations;
    memory_node queue; /* next: the newest; previous: the oldest */
    memory_node *hand; /* the next to look at; &queue: begin at the oldest */
    unsigned ttl_turn; /* the class to look at next */
    uint64_t ttl_used[MEMORY_TTL_CLASSES / 64]; /* a bit for each class that has entries */
    memory_node ttl_classes[MEMORY_TTL_CLASSES];
} memory_shard;

/* False: no memory. */
bool memory_shard_init(memory_shard *shard, const memory_heap *heap, uint64_t first_cas);
void memory_shard_destroy(memory_shard *shard, const memory_heap *heap);

/* All that follows is called with the lock held. Where entries are taken out, the table is left for
 * the caller to shrink. */

/* As memory_table_find, but what has expired is taken out, and not there. */
memory_entry **memory_shard_find(memory_shard *shard, const memory_heap *heap, uint64_t hash,
                                 zcache_slice key, memory_removed *removed);

/* Puts `entry`, which has its TTL, at a place that find gave: instead of the entry there, or as a
 * new one. False: *missing bytes must be made free first, and nothing has changed. */
bool memory_shard_store(memory_shard *shard, memory_heap *heap, memory_entry **place,
                        memory_entry *entry, memory_removed *removed, uint64_t *missing);

/* Takes out the entry at a place that find gave. */
void memory_shard_remove(memory_shard *shard, memory_entry **place, memory_removed *removed);

/* Gives the entry another end. */
void memory_shard_set_expiry(memory_shard *shard, memory_entry *entry, int64_t now_ns,
                             int64_t expires_ns);

/* Takes out up to `most` expired entries, from up to `classes` classes. */
void memory_shard_reclaim(memory_shard *shard, const memory_heap *heap, size_t classes, size_t most,
                          memory_removed *removed);

/* Takes out up to `most` entries, until they make `bytes`: expired ones if there are any, else by
 * SIEVE, never one whose hash is `keep`. */
void memory_shard_evict(memory_shard *shard, const memory_heap *heap, uint64_t keep, size_t most,
                        uint64_t bytes, memory_removed *removed);

#endif
