/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Linear hashing: see table.h. The table has a bucket for each entry at most when it grows, and
 * shrinks below one entry in four buckets, so that it does not go to and fro.
 */
#include "memory/table.h"

#define DIRECTORY_MIN     8 /* places */
#define BUCKETS_AN_ENTRY  4 /* at most, before it shrinks */
#define JOINS_AN_ENTRY    8 /* buckets joined for each entry removed: faster than entries can go */
#define SEGMENT_SIZE      (MEMORY_SEGMENT_BUCKETS * sizeof(memory_entry *))
#define DIRECTORY_SIZE(n) ((n) * sizeof(memory_entry **))

/* The largest power of two that is at most n. */
static size_t power_below(size_t n)
{
    return (size_t)1 << (63 - __builtin_clzll(n));
}

static memory_entry **bucket_at(const memory_table *table, size_t index)
{
    return &table->segments[index / MEMORY_SEGMENT_BUCKETS][index % MEMORY_SEGMENT_BUCKETS];
}

static size_t bucket_index(const memory_table *table, uint64_t hash)
{
    size_t low = power_below(table->buckets);
    size_t index = hash & (2 * low - 1);
    return index < table->buckets ? index : index & (low - 1);
}

static memory_entry **new_segment(const memory_heap *heap)
{
    memory_entry **segment = heap->services.alloc(SEGMENT_SIZE);
    if (segment != NULL)
        memset(segment, 0, SEGMENT_SIZE);
    return segment;
}

uint64_t memory_table_floor(void)
{
    return memory_cost(DIRECTORY_SIZE(DIRECTORY_MIN)) + memory_cost(SEGMENT_SIZE);
}

bool memory_table_init(memory_table *table, const memory_heap *heap)
{
    *table = (memory_table){.directory_size = DIRECTORY_MIN, .buckets = MEMORY_SEGMENT_BUCKETS};
    table->segments = heap->services.alloc(DIRECTORY_SIZE(DIRECTORY_MIN));
    if (table->segments == NULL)
        return false;
    table->segments[0] = new_segment(heap);
    if (table->segments[0] == NULL) {
        heap->services.free(table->segments);
        table->segments = NULL;
        return false;
    }
    return true;
}

void memory_table_destroy(memory_table *table, const memory_heap *heap)
{
    for (size_t i = 0; i < table->buckets; i++) {
        for (memory_entry *entry = *bucket_at(table, i), *next; entry != NULL; entry = next) {
            next = entry->chain;
            memory_entry_release(heap, entry);
        }
        if (i % MEMORY_SEGMENT_BUCKETS == MEMORY_SEGMENT_BUCKETS - 1 || i == table->buckets - 1)
            heap->services.free(table->segments[i / MEMORY_SEGMENT_BUCKETS]);
    }
    heap->services.free(table->segments);
}

memory_entry **memory_table_find(const memory_table *table, uint64_t hash, zcache_slice key)
{
    memory_entry **place = bucket_at(table, bucket_index(table, hash));
    for (memory_entry *entry; (entry = *place) != NULL; place = &entry->chain)
        if (entry->hash == hash && entry->key_size == key.size &&
            memcmp(entry->bytes, key.data, key.size) == 0)
            break;
    return place;
}

uint64_t memory_table_growth(const memory_table *table)
{
    if (table->count < table->buckets || table->buckets % MEMORY_SEGMENT_BUCKETS != 0)
        return 0;
    uint64_t bytes = memory_cost(SEGMENT_SIZE);
    if (table->buckets / MEMORY_SEGMENT_BUCKETS == table->directory_size)
        bytes += memory_cost(DIRECTORY_SIZE(2 * table->directory_size));
    return bytes;
}

/* Makes room in the directory and a segment for bucket number `buckets`. */
static bool add_segment(memory_table *table, memory_heap *heap)
{
    size_t at = table->buckets / MEMORY_SEGMENT_BUCKETS;
    memory_entry **segment = new_segment(heap);
    if (segment == NULL)
        return false;
    if (at == table->directory_size) {
        memory_entry ***directory = heap->services.alloc(DIRECTORY_SIZE(2 * at));
        if (directory == NULL) {
            heap->services.free(segment);
            return false;
        }
        memcpy(directory, table->segments, DIRECTORY_SIZE(at));
        heap->services.free(table->segments);
        memory_heap_return(heap, memory_cost(DIRECTORY_SIZE(at)));
        table->segments = directory;
        table->directory_size = 2 * at;
    }
    table->segments[at] = segment;
    return true;
}

/* Adds bucket number `buckets` and gives it its part of the bucket that it comes from. */
static void split(memory_table *table)
{
    size_t fresh = table->buckets, low = power_below(fresh);
    memory_entry **from = bucket_at(table, fresh - low), **to = bucket_at(table, fresh);
    table->buckets++;
    for (memory_entry *entry; (entry = *from) != NULL;) {
        if ((entry->hash & low) != 0) {
            *from = entry->chain;
            *to = entry;
            to = &entry->chain;
        } else {
            from = &entry->chain;
        }
    }
    *to = NULL;
}

void memory_table_insert(memory_table *table, memory_heap *heap, memory_entry **place,
                         memory_entry *entry, uint64_t reserved)
{
    entry->chain = *place;
    *place = entry;
    bool grow = table->count >= table->buckets;
    table->count++;
    if (!grow)
        return;
    if (reserved > 0 && !add_segment(table, heap))
        memory_heap_return(heap, reserved);
    else
        split(table);
}

/* Gives the entries of the last bucket to the one that it came from. */
static void join(memory_table *table)
{
    size_t last = --table->buckets, low = power_below(last);
    memory_entry **from = bucket_at(table, last), **to = bucket_at(table, last - low);
    while (*to != NULL)
        to = &(*to)->chain;
    *to = *from;
    *from = NULL;
}

/* Halves the directory when that leaves room to grow again: never on the way to and fro. */
static void shrink_directory(memory_table *table, memory_heap *heap)
{
    size_t used = table->buckets / MEMORY_SEGMENT_BUCKETS, next = table->directory_size / 2;
    if (next < DIRECTORY_MIN || used > next / 2)
        return;
    memory_entry ***directory = heap->services.alloc(DIRECTORY_SIZE(next));
    if (directory == NULL)
        return;
    memcpy(directory, table->segments, DIRECTORY_SIZE(used));
    heap->services.free(table->segments);
    memory_heap_return(heap, memory_cost(DIRECTORY_SIZE(table->directory_size)) -
                                 memory_cost(DIRECTORY_SIZE(next)));
    table->segments = directory;
    table->directory_size = next;
}

void memory_table_shrink(memory_table *table, memory_heap *heap, size_t removed)
{
    for (size_t joins = removed * JOINS_AN_ENTRY; joins > 0; joins--) {
        if (table->buckets <= MEMORY_SEGMENT_BUCKETS ||
            table->buckets <= table->count * BUCKETS_AN_ENTRY)
            return;
        join(table);
        if (table->buckets % MEMORY_SEGMENT_BUCKETS != 0)
            continue;
        heap->services.free(table->segments[table->buckets / MEMORY_SEGMENT_BUCKETS]);
        memory_heap_return(heap, memory_cost(SEGMENT_SIZE));
        shrink_directory(table, heap);
    }
}

uint64_t memory_table_position(uint64_t hash)
{
    hash =
        ((hash >> 1) & UINT64_C(0x5555555555555555)) | ((hash & UINT64_C(0x5555555555555555)) << 1);
    hash =
        ((hash >> 2) & UINT64_C(0x3333333333333333)) | ((hash & UINT64_C(0x3333333333333333)) << 2);
    hash =
        ((hash >> 4) & UINT64_C(0x0f0f0f0f0f0f0f0f)) | ((hash & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4);
    return __builtin_bswap64(hash);
}

memory_entry **memory_table_bucket(const memory_table *table, uint64_t position, uint64_t *end)
{
    size_t index = bucket_index(table, memory_table_position(position));
    size_t low = power_below(table->buckets);
    bool narrow = index >= low || index < table->buckets - low;
    /* an interval of hashes equal in b bits is 2^(64-b) long */
    int bits = __builtin_ctzll(low) + (narrow ? 1 : 0);
    *end = memory_table_position(index) + (UINT64_C(1) << (64 - bits));
    return bucket_at(table, index);
}
