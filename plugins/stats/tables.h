/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What was counted, table by table: a hash table that only grows, up to a limit, and is searched and
 * added to without a lock. Tables beyond the limit are counted together.
 */
#ifndef STATS_TABLES_H
#define STATS_TABLES_H

#include "stats/histogram.h"

#define STATS_STRIPES_MAX 16

typedef enum stats_operation {
    STATS_GET,
    STATS_SET,
    STATS_DEL,
    STATS_PEEK,
    STATS_TOUCH,
    STATS_INCR,
    STATS_SCAN,
    STATS_CLEAR
} stats_operation;
#define STATS_OPERATIONS 8

typedef enum stats_counter {
    STATS_HITS,
    STATS_MISSES,
    STATS_WRITES,
    STATS_DELETES,
    STATS_ERRORS
} stats_counter;
#define STATS_COUNTERS 5

/* One stripe of a table's counters: a cache line. Relaxed, as all counting. */
typedef struct stats_counts {
    _Atomic uint64_t of[STATS_COUNTERS];
    char rest[STATS_LINE - STATS_COUNTERS * sizeof(uint64_t)];
} stats_counts;

typedef struct stats_table {
    uint64_t hash;
    char name[72]; /* "users"; "(cache)", "(library)", "(other)" */
    /* Made when first used: a release store, an acquire load. */
    _Atomic(stats_histogram *) latencies[STATS_OPERATIONS];
    stats_counts counts[STATS_STRIPES_MAX + 1]; /* one more: to begin at a cache line */
} stats_table;

typedef struct stats_tables {
    const zcache_host *host;
    size_t stripes; /* a power of two */
    size_t limit;
    size_t slot_count;     /* a power of two, more than twice the limit */
    _Atomic size_t count;  /* relaxed: a bound */
    _Atomic uint64_t lost; /* latencies that there was no memory to count */
    stats_table other;
    _Atomic(stats_table *) slots[]; /* set once: a release store, an acquire load */
} stats_tables;

/* NULL: out of memory. */
stats_tables *stats_tables_new(const zcache_host *host, size_t limit);
void stats_tables_free(stats_tables *tables);
void stats_tables_reset(stats_tables *tables);

/* The table of that name, made if it is new. "" is "(cache)", and NULL "(library)". */
stats_table *stats_tables_find(stats_tables *tables, const char *name);

/* The stripe of this thread. */
size_t stats_stripe(const stats_tables *tables);

/* The counters of a stripe. */
stats_counts *stats_counts_of(stats_table *table, size_t stripe);

void stats_table_time(stats_tables *tables, stats_table *table, stats_operation operation,
                      size_t stripe, int64_t ns);

/* Whether anything was ever counted. */
bool stats_table_is_used(const stats_tables *tables, stats_table *table);

void stats_table_tell(stats_tables *tables, stats_table *table, zcache_stat_sink *sink);

#endif
