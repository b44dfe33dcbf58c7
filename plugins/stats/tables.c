/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A slot is set once, by compare-and-swap, and stays: so a search that meets an empty one knows that
 * the name is not there, and one that loses the race for a slot looks at who has won it.
 */
#define _POSIX_C_SOURCE 200809L /* sysconf */

#include "stats/tables.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const operation_names[STATS_OPERATIONS] = {"get",   "set",  "del",  "peek",
                                                              "touch", "incr", "scan", "clear"};
static const char *const counter_names[STATS_COUNTERS] = {"hits", "misses", "writes", "deletes",
                                                          "errors"};

/* As many as processors, for no more threads count at once. */
static size_t stripes_for_this_machine(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t stripes = 1;
    while (stripes < STATS_STRIPES_MAX && (long)stripes < processors)
        stripes *= 2;
    return stripes;
}

stats_tables *stats_tables_new(const zcache_host *host, size_t limit)
{
    size_t slots = 4;
    while (slots < 2 * limit + 2)
        slots *= 2;
    size_t size = sizeof(stats_tables) + slots * sizeof(stats_table *);
    stats_tables *tables = host->alloc(size);
    if (tables == NULL)
        return NULL;
    memset(tables, 0, size);
    tables->host = host;
    tables->stripes = stripes_for_this_machine();
    tables->limit = limit;
    tables->slot_count = slots;
    strcpy(tables->other.name, "(other)");
    return tables;
}

static void release_table(const zcache_host *host, stats_table *table)
{
    for (size_t i = 0; i < STATS_OPERATIONS; i++)
        stats_histogram_free(host, atomic_load(&table->latencies[i]));
}

void stats_tables_free(stats_tables *tables)
{
    const zcache_host *host = tables->host;
    for (size_t i = 0; i < tables->slot_count; i++) {
        stats_table *table = atomic_load(&tables->slots[i]);
        if (table != NULL)
            release_table(host, table);
        host->free(table);
    }
    release_table(host, &tables->other);
    host->free(tables);
}

static void reset_table(stats_tables *tables, stats_table *table)
{
    for (size_t stripe = 0; stripe < tables->stripes; stripe++)
        for (size_t i = 0; i < STATS_COUNTERS; i++)
            atomic_store_explicit(&stats_counts_of(table, stripe)->of[i], 0, memory_order_relaxed);
    for (size_t i = 0; i < STATS_OPERATIONS; i++) {
        stats_histogram *latencies =
            atomic_load_explicit(&table->latencies[i], memory_order_acquire);
        if (latencies != NULL)
            stats_histogram_reset(latencies);
    }
}

void stats_tables_reset(stats_tables *tables)
{
    for (size_t i = 0; i < tables->slot_count; i++) {
        stats_table *table = atomic_load_explicit(&tables->slots[i], memory_order_acquire);
        if (table != NULL)
            reset_table(tables, table);
    }
    reset_table(tables, &tables->other);
    atomic_store_explicit(&tables->lost, 0, memory_order_relaxed);
}

/* ---- finding --------------------------------------------------------------------------------- */

/* FNV-1a. Names come from the program, so nobody chooses them to collide. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

static stats_table *make_table(stats_tables *tables, const char *name, uint64_t hash)
{
    if (atomic_load_explicit(&tables->count, memory_order_relaxed) >= tables->limit)
        return NULL;
    stats_table *made = tables->host->alloc(sizeof(*made));
    if (made == NULL)
        return NULL;
    memset(made, 0, sizeof(*made));
    made->hash = hash;
    snprintf(made->name, sizeof(made->name), "%s", name);
    return made;
}

stats_table *stats_tables_find(stats_tables *tables, const char *name)
{
    if (name == NULL || *name == '\0')
        name = name == NULL ? "(library)" : "(cache)";
    uint64_t hash = hash_of(name);
    size_t at = (size_t)(hash >> 32) & (tables->slot_count - 1);
    for (;;) {
        stats_table *table = atomic_load_explicit(&tables->slots[at], memory_order_acquire);
        if (table == NULL) {
            stats_table *made = make_table(tables, name, hash);
            if (made == NULL)
                return &tables->other;
            /* who gets a number below the limit may add a table: so slots stay empty */
            size_t count = atomic_fetch_add_explicit(&tables->count, 1, memory_order_relaxed);
            if (count < tables->limit &&
                atomic_compare_exchange_strong_explicit(&tables->slots[at], &table, made,
                                                        memory_order_acq_rel, memory_order_acquire))
                return made;
            atomic_fetch_sub_explicit(&tables->count, 1, memory_order_relaxed);
            tables->host->free(made);
            if (table == NULL)
                return &tables->other;
        }
        if (table->hash == hash && strcmp(table->name, name) == 0)
            return table;
        at = (at + 1) & (tables->slot_count - 1);
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Stacks of threads lie at least as far apart as they are large: the address of a variable tells
 * them apart, without thread-local storage in a module that can be unloaded. */
size_t stats_stripe(const stats_tables *tables)
{
    char here;
    uint64_t address = (uint64_t)(uintptr_t)&here >> 16;
    return (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (tables->stripes - 1);
}

stats_counts *stats_counts_of(stats_table *table, size_t stripe)
{
    uintptr_t first = (uintptr_t)table->counts;
    size_t gap = (STATS_LINE - first % STATS_LINE) % STATS_LINE;
    return (stats_counts *)(void *)((char *)table->counts + gap) + stripe;
}

void stats_table_time(stats_tables *tables, stats_table *table, stats_operation operation,
                      size_t stripe, int64_t ns)
{
    _Atomic(stats_histogram *) *place = &table->latencies[operation];
    stats_histogram *latencies = atomic_load_explicit(place, memory_order_acquire);
    if (latencies == NULL) {
        stats_histogram *made = stats_histogram_new(tables->host, tables->stripes);
        if (made == NULL) {
            atomic_fetch_add_explicit(&tables->lost, 1, memory_order_relaxed);
            return;
        }
        if (atomic_compare_exchange_strong_explicit(place, &latencies, made, memory_order_acq_rel,
                                                    memory_order_acquire))
            latencies = made;
        else
            stats_histogram_free(tables->host, made);
    }
    stats_histogram_count(latencies, stripe, ns);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(zcache_stat_sink *sink, zcache_stat_kind kind, const char *table,
                 const char *first, const char *second, int64_t number)
{
    char name[128];
    snprintf(name, sizeof(name), "stats_%s_%s%s", table, first, second);
    const zcache_stat stat = {name, kind, number, NULL};
    sink->stat(sink, &stat);
}

static void tell_latencies(zcache_stat_sink *sink, const char *table, const char *operation,
                           const stats_summary *summary)
{
    tell(sink, ZCACHE_STAT_COUNTER, table, operation, "_count", (int64_t)summary->count);
    tell(sink, ZCACHE_STAT_GAUGE, table, operation, "_p50_ns", summary->p50_ns);
    tell(sink, ZCACHE_STAT_GAUGE, table, operation, "_p90_ns", summary->p90_ns);
    tell(sink, ZCACHE_STAT_GAUGE, table, operation, "_p99_ns", summary->p99_ns);
    tell(sink, ZCACHE_STAT_GAUGE, table, operation, "_p999_ns", summary->p999_ns);
    tell(sink, ZCACHE_STAT_GAUGE, table, operation, "_max_ns", summary->max_ns);
}

static uint64_t sum_of(const stats_tables *tables, stats_table *table, size_t counter)
{
    uint64_t sum = 0;
    for (size_t stripe = 0; stripe < tables->stripes; stripe++)
        sum += atomic_load_explicit(&stats_counts_of(table, stripe)->of[counter],
                                    memory_order_relaxed);
    return sum;
}

bool stats_table_is_used(const stats_tables *tables, stats_table *table)
{
    bool used = false;
    for (size_t i = 0; i < STATS_COUNTERS; i++)
        used |= sum_of(tables, table, i) > 0;
    for (size_t i = 0; i < STATS_OPERATIONS; i++)
        used |= atomic_load_explicit(&table->latencies[i], memory_order_relaxed) != NULL;
    return used;
}

void stats_table_tell(stats_tables *tables, stats_table *table, zcache_stat_sink *sink)
{
    for (size_t i = 0; i < STATS_COUNTERS; i++)
        tell(sink, ZCACHE_STAT_COUNTER, table->name, counter_names[i], "",
             (int64_t)sum_of(tables, table, i));
    for (size_t i = 0; i < STATS_OPERATIONS; i++) {
        const stats_histogram *latencies =
            atomic_load_explicit(&table->latencies[i], memory_order_acquire);
        stats_summary summary;
        if (latencies == NULL)
            continue;
        stats_histogram_sum(latencies, &summary);
        if (summary.count > 0)
            tell_latencies(sink, table->name, operation_names[i], &summary);
    }
}
