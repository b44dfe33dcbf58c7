/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The filter stats: counts what happens to each table, and how long its operations take from their
 * beginning in the library to their return from the layer below. Where it stands among the filters
 * says what it sees: outermost, what the application gets; innermost, what the provider does.
 *
 * It costs 25 ns an operation, and 60 ns with latencies, of which the clock has the most: a read on
 * memory takes 102 ns without it (`make bench-filters`, 2 cores, 1 and 2 threads alike).
 */
#include "stats/tables.h"

typedef struct stats_options {
    int64_t tables;
    bool latency;
    int64_t reset;
} stats_options;

static const zcache_option stats_option_table[] = {
    ZCACHE_INT_OPTION(
        stats_options, tables, "tables", "64", 1, 4096,
        "the most tables that are told apart; further ones are counted together, as "
        "(other); what is used without a table counts as (cache), and copies that the "
        "library makes as (library)"),
    ZCACHE_BOOL_OPTION(stats_options, latency, "latency", "yes",
                       "whether operations are timed, for percentiles, or only counted"),
    ZCACHE_INT_OPTION(stats_options, reset, "reset", "0", 0, INT64_MAX,
                      "set to another number, as with zcache ctl set, it sets all counts to 0"),
};

typedef struct stats {
    const zcache_host *host;
    stats_tables *tables;
    _Atomic bool latency; /* relaxed: an operation may go by either */
    int64_t reset;        /* the one in force; used by open and configure */
} stats;

/* ---- life ------------------------------------------------------------------------------------ */

static zcache_status stats_open(const zcache_host *host, const zcache_call *call,
                                const void *options, void **self)
{
    (void)call;
    const stats_options *asked = options;
    stats *made = host->alloc(sizeof(*made));
    stats_tables *tables = stats_tables_new(host, (size_t)asked->tables);
    if (made == NULL || tables == NULL) {
        if (tables != NULL)
            stats_tables_free(tables);
        host->free(made);
        return host->error(host, ZCACHE_E_NOMEM, "stats: out of memory opening the filter");
    }
    made->host = host;
    made->tables = tables;
    atomic_init(&made->latency, asked->latency);
    made->reset = asked->reset;
    *self = made;
    return ZCACHE_OK;
}

static void stats_close(void *self)
{
    stats *own = self;
    stats_tables_free(own->tables);
    own->host->free(own);
}

static zcache_status stats_configure(void *self, const zcache_call *call, const void *options)
{
    (void)call;
    stats *own = self;
    const stats_options *asked = options;
    if ((size_t)asked->tables != own->tables->limit)
        return own->host->error(own->host, ZCACHE_E_NOTSUP,
                                "stats: tables = %lld: it cannot change from %zu while the filter "
                                "is open",
                                (long long)asked->tables, own->tables->limit);
    atomic_store_explicit(&own->latency, asked->latency, memory_order_relaxed);
    if (asked->reset != own->reset)
        stats_tables_reset(own->tables);
    own->reset = asked->reset;
    return ZCACHE_OK;
}

/* ---- counting -------------------------------------------------------------------------------- */

static void add(stats_counts *counts, stats_counter counter, size_t n)
{
    if (n > 0)
        atomic_fetch_add_explicit(&counts->of[counter], n, memory_order_relaxed);
}

/* What an operation came to: done keys count as `done`, keys that are not there as misses if it is
 * a read. */
typedef struct outcome {
    size_t done, missed, failed;
} outcome;

static void note(stats *self, const zcache_call *call, stats_operation operation, outcome came)
{
    static const struct {
        bool counts;
        stats_counter as;
    } done_as[STATS_OPERATIONS] = {
        [STATS_GET] = {true, STATS_HITS},    [STATS_PEEK] = {true, STATS_HITS},
        [STATS_SET] = {true, STATS_WRITES},  [STATS_INCR] = {true, STATS_WRITES},
        [STATS_DEL] = {true, STATS_DELETES},
    };
    stats_table *table = stats_tables_find(self->tables, call->table);
    size_t stripe = stats_stripe(self->tables);
    stats_counts *counts = stats_counts_of(table, stripe);
    if (done_as[operation].counts)
        add(counts, done_as[operation].as, came.done);
    if (operation == STATS_GET || operation == STATS_PEEK)
        add(counts, STATS_MISSES, came.missed);
    add(counts, STATS_ERRORS, came.failed);
    if (atomic_load_explicit(&self->latency, memory_order_relaxed))
        stats_table_time(self->tables, table, operation, stripe,
                         self->host->now_ns() - call->started_ns);
}

/* One key's status. Where the operation failed, a key that has none has still what the host puts
 * there, which is below ZCACHE_OK, too. */
static void judge(outcome *came, zcache_status key)
{
    if (key == ZCACHE_OK)
        came->done++;
    else if (key > ZCACHE_OK)
        came->missed++;
    else
        came->failed++;
}

/* ---- reads ----------------------------------------------------------------------------------- */

typedef struct counting_sink {
    zcache_sink sink; /* first: the layer below gives its address back */
    zcache_sink *outer;
    size_t hits, failed;
} counting_sink;

static void count_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    counting_sink *own = (counting_sink *)sink;
    own->hits++;
    own->outer->hit(own->outer, i, value, meta);
}

static void count_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    counting_sink *own = (counting_sink *)sink;
    own->failed++;
    own->outer->fail(own->outer, i, status);
}

/* Keys that were not reported are misses, or have failed with the operation. */
static void note_read(stats *self, const zcache_call *call, stats_operation operation, size_t n,
                      const counting_sink *counted, zcache_status status)
{
    size_t silent = n - counted->hits - counted->failed;
    outcome came = {.done = counted->hits, .failed = counted->failed};
    if (status == ZCACHE_OK)
        came.missed = silent;
    else
        came.failed += silent;
    note(self, call, operation, came);
}

static zcache_status stats_get(void *self, const zcache_call *call, size_t n,
                               const zcache_slice keys[], zcache_sink *sink)
{
    const zcache_layer *next = ((stats *)self)->host->next;
    counting_sink own = {{count_hit, count_fail}, sink, 0, 0};
    zcache_status status = next->get.call(next->get.self, call, n, keys, &own.sink);
    note_read(self, call, STATS_GET, n, &own, status);
    return status;
}

static zcache_status stats_peek(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_sink *sink)
{
    const zcache_layer *next = ((stats *)self)->host->next;
    counting_sink own = {{count_hit, count_fail}, sink, 0, 0};
    zcache_status status = next->peek.call(next->peek.self, call, n, keys, &own.sink);
    note_read(self, call, STATS_PEEK, n, &own, status);
    return status;
}

/* ---- writes ---------------------------------------------------------------------------------- */

static zcache_status stats_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->set.call(next->set.self, call, n, items);
    outcome came = {0};
    for (size_t i = 0; i < n; i++)
        judge(&came, items[i].status);
    note(self, call, STATS_SET, came);
    return status;
}

static zcache_status stats_incr(void *self, const zcache_call *call, size_t n,
                                zcache_increment increments[])
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->incr.call(next->incr.self, call, n, increments);
    outcome came = {0};
    for (size_t i = 0; i < n; i++)
        judge(&came, increments[i].status);
    note(self, call, STATS_INCR, came);
    return status;
}

static zcache_status stats_del(void *self, const zcache_call *call, size_t n,
                               const zcache_slice keys[], zcache_status statuses[])
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->del.call(next->del.self, call, n, keys, statuses);
    outcome came = {0};
    for (size_t i = 0; i < n; i++)
        judge(&came, statuses[i]);
    note(self, call, STATS_DEL, came);
    return status;
}

static zcache_status stats_touch(void *self, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], int64_t ttl_ms,
                                 zcache_status statuses[])
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->touch.call(next->touch.self, call, n, keys, ttl_ms, statuses);
    outcome came = {0};
    for (size_t i = 0; i < n; i++)
        judge(&came, statuses[i]);
    note(self, call, STATS_TOUCH, came);
    return status;
}

/* ---- operations without keys ----------------------------------------------------------------- */

static zcache_status stats_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                zcache_scan_sink *sink)
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->scan.call(next->scan.self, call, prefix, sink);
    note(self, call, STATS_SCAN, (outcome){.failed = status != ZCACHE_OK});
    return status;
}

static zcache_status stats_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    const zcache_layer *next = ((stats *)self)->host->next;
    zcache_status status = next->clear.call(next->clear.self, call, prefix);
    note(self, call, STATS_CLEAR, (outcome){.failed = status != ZCACHE_OK});
    return status;
}

static zcache_status stats_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    stats *own = self;
    stats_tables *tables = own->tables;
    const zcache_layer *next = own->host->next;
    const zcache_stat lost = {"stats_lost", ZCACHE_STAT_COUNTER,
                              (int64_t)atomic_load_explicit(&tables->lost, memory_order_relaxed),
                              NULL};
    sink->stat(sink, &lost);
    for (size_t i = 0; i < tables->slot_count; i++) {
        stats_table *table = atomic_load_explicit(&tables->slots[i], memory_order_acquire);
        if (table != NULL)
            stats_table_tell(tables, table, sink);
    }
    if (stats_table_is_used(tables, &tables->other))
        stats_table_tell(tables, &tables->other, sink);
    return next->stats.call != NULL ? next->stats.call(next->stats.self, call, sink) : ZCACHE_OK;
}

/* ---- descriptor ------------------------------------------------------------------------------ */

static const zcache_ops stats_ops = {
    .size = sizeof(zcache_ops),
    .open = stats_open,
    .close = stats_close,
    .get = stats_get,
    .set = stats_set,
    .del = stats_del,
    .peek = stats_peek,
    .touch = stats_touch,
    .incr = stats_incr,
    .scan = stats_scan,
    .clear = stats_clear,
    .stats = stats_stats,
    .configure = stats_configure,
};

ZCACHE_PLUGIN(stats) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_FILTER,
    .name = "stats",
    .version = ZCACHE_VERSION,
    .summary = "counts and times the operations of each table",
    .threads = ZCACHE_THREADS_PARALLEL,
    ZCACHE_DESCRIPTOR_OPTIONS(stats_option_table, stats_options),
    .ops = &stats_ops,
};
