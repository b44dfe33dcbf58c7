/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A hash table that grows and shrinks by one bucket at a time: linear hashing (W. Litwin, VLDB
 * 1980; P.-A. Larson, CACM 31(4), 1988). No operation ever pays for moving the whole table.
 *
 * Of `buckets` = 2^L + p buckets, those below p and from 2^L on hold hashes equal in L+1 low bits,
 * the others in L bits. Buckets are in segments of a fixed size, found through a directory.
 *
 * The walk: let an entry's position be its hash with the bits reversed. The hashes of one bucket
 * are equal in their low bits, so their positions are one interval; a bucket that is split or
 * joined splits or joins intervals and changes no position. So whoever walks by position meets
 * every entry that is there throughout exactly once, however the table changes.
 *
 * Not locked: its shard's lock guards it.
 */
#ifndef MEMORY_TABLE_H
#define MEMORY_TABLE_H

#include "memory/entry.h"

#define MEMORY_SEGMENT_BUCKETS 128 /* one segment is the smallest table */

typedef struct memory_table {
    memory_entry ***segments; /* the directory */
    size_t directory_size;    /* places in it */
    size_t buckets;
    size_t count; /* entries */
} memory_table;

/* Makes an empty table, its memory already counted in memory_table_floor(). False: no memory. */
bool memory_table_init(memory_table *table, const memory_heap *heap);
uint64_t memory_table_floor(void);

/* Frees the table and releases its entries. */
void memory_table_destroy(memory_table *table, const memory_heap *heap);

/* Where the pointer to the entry of `key` is, or, if it is not there, the NULL at which it may be
 * inserted. Valid until the table changes. */
memory_entry **memory_table_find(const memory_table *table, uint64_t hash, zcache_slice key);

/* What must be reserved in the heap for the growth that comes with one insertion: mostly 0. */
uint64_t memory_table_growth(const memory_table *table);

/* Inserts at a place that find gave; `reserved` is what growth told. Without memory for more
 * buckets the chains get longer, and `reserved` is returned. */
void memory_table_insert(memory_table *table, memory_heap *heap, memory_entry **place,
                         memory_entry *entry, uint64_t reserved);

/* Puts `entry` in the place of the one that is there, whose key it has. */
static inline void memory_table_replace(memory_entry **place, memory_entry *entry)
{
    entry->chain = (*place)->chain;
    *place = entry;
}

/* Takes out the entry at `place`. */
static inline void memory_table_remove(memory_table *table, memory_entry **place)
{
    *place = (*place)->chain;
    table->count--;
}

/* Shrinks a table from which `removed` entries were taken, by some buckets for each. */
void memory_table_shrink(memory_table *table, memory_heap *heap, size_t removed);

/* The position of a hash in the order of the walk; its own inverse. */
uint64_t memory_table_position(uint64_t hash);

/* The bucket in whose interval `position` lies; *end receives the first position after it, 0 for
 * the end of the table. */
memory_entry **memory_table_bucket(const memory_table *table, uint64_t position, uint64_t *end);

#endif
