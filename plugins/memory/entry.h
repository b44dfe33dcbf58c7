/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * An entry: header, key and value in one block. Key and value never change once it is in a table: a
 * write puts a new entry in its place, so a reader that holds a reference needs no lock.
 */
#ifndef MEMORY_ENTRY_H
#define MEMORY_ENTRY_H

#include "memory/heap.h"

/* A place in a circular list with a head of the same type. */
typedef struct memory_node {
    struct memory_node *previous, *next;
} memory_node;

#define MEMORY_NEVER INT64_MAX

typedef struct memory_entry {
    struct memory_entry *chain; /* the next in its bucket */
    memory_node queue;          /* its place in the order of eviction */
    memory_node expiry;         /* its place among entries of like TTL; unused if it has none */
    uint64_t hash;
    int64_t expires_ns; /* it is there before this time; MEMORY_NEVER */
    uint64_t cas;
    /* One of the table, one a reader. Taken with the shard's lock held, given back without: the
     * release of one pairs with the acquire of the last, which frees. */
    _Atomic uint32_t references;
    uint32_t key_size;
    uint32_t value_size;
    uint8_t ttl_class;
    bool visited; /* used since the hand of eviction passed */
    unsigned char bytes[];
} memory_entry;

static inline size_t memory_entry_size(size_t key_size, size_t value_size)
{
    return offsetof(memory_entry, bytes) + key_size + value_size;
}

static inline uint64_t memory_entry_cost(const memory_entry *entry)
{
    return memory_cost(memory_entry_size(entry->key_size, entry->value_size));
}

static inline zcache_slice memory_entry_key(const memory_entry *entry)
{
    return zcache_bytes_of(entry->bytes, entry->key_size);
}

static inline zcache_slice memory_entry_value(const memory_entry *entry)
{
    return zcache_bytes_of(entry->bytes + entry->key_size, entry->value_size);
}

/* A new entry with one reference, in no list; NULL when memory is short. */
memory_entry *memory_entry_new(const memory_heap *heap, uint64_t hash, zcache_slice key,
                               zcache_slice value);

/* Gives one reference back; the last one frees. */
void memory_entry_release(const memory_heap *heap, memory_entry *entry);

/* Entries taken out of a shard, to be released once its lock is: freeing is not for the lock. */
typedef struct memory_removed {
    memory_entry *first; /* linked by chain */
    size_t count;
    uint64_t bytes; /* to return to the heap when they are released */
} memory_removed;

/* `bytes`: the entry's cost, or 0 where that was given back already. */
void memory_removed_add(memory_removed *removed, memory_entry *entry, uint64_t bytes);
void memory_removed_release(memory_heap *heap, memory_removed *removed);

#endif
