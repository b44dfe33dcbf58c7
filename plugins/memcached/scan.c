/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * scan and clear. Keys come from `lru_crawler metadump`, one server after the other, on a
 * connection beside the pool, line by line as they arrive: bounded memory, and no lock or pooled
 * client is held while the sink runs. The dump walks the hash table ("hash"): a walk of the LRU
 * lists ("all", for servers that lack the other) may miss an entry that moves from one list to
 * another meanwhile.
 */
#include <time.h>

#include "exchange.h"
#include "operations.h"

/* A server has one crawler: while it is busy with another dump, it is asked again after this. */
#define BUSY_PAUSE_NS 5000000

typedef struct scan_context {
    zcache_slice prefix;
    zcache_scan_sink *sink;
    bool with_ttl;
    bool by_lru;  /* "hash" is not known to this server */
    bool busy;    /* the crawler was */
    bool started; /* keys have come */
    bool ended;   /* the sink wants no more */
} scan_context;

static zcache_status fill_dump(mc_job *job)
{
    const scan_context *scan = job->context;
    mc_put_text(job->connection,
                scan->by_lru ? "lru_crawler metadump all\r\n" : "lru_crawler metadump hash\r\n");
    job->awaited = 1;
    job->filled = true;
    return ZCACHE_OK;
}

/* Reports the key of a dump's line, unless it is another's or has expired. */
static void report(mc_job *job, const mc_dump_line *dump)
{
    scan_context *scan = job->context;
    zcache_meta meta = {.ttl_ms = ZCACHE_TTL_UNKNOWN};
    int64_t earliest_s = 0;
    int64_t latest_s;

    if (dump->key_size < scan->prefix.size ||
        (scan->prefix.size > 0 && memcmp(dump->key, scan->prefix.data, scan->prefix.size) != 0))
        return;
    if (dump->expires_s < 0) {
        meta.ttl_ms = ZCACHE_TTL_NEVER;
    } else {
        if (!mc_server_time(job->connection, &earliest_s, &latest_s))
            earliest_s = (int64_t)time(NULL);
        if (dump->expires_s <= earliest_s)
            return;
        meta.ttl_ms = (dump->expires_s - earliest_s) * 1000;
    }
    if (!scan->with_ttl)
        meta.ttl_ms = ZCACHE_TTL_UNKNOWN;
    scan->ended = !scan->sink->key(scan->sink, zcache_bytes_of(dump->key, dump->key_size), &meta);
    job->stopped = scan->ended;
}

static int64_t refuse_dump(mc_job *job, const mc_line *line)
{
    if (mc_line_begins(line, "CLIENT_ERROR lru crawler disabled"))
        return mc_connection_error(job->connection, ZCACHE_E_NOTSUP,
                                   "it cannot list its keys: its LRU crawler is off (-o "
                                   "no_lru_crawler)");
    if (mc_line_begins(line, "ERROR metadump not allowed"))
        return mc_connection_error(job->connection, ZCACHE_E_NOTSUP,
                                   "it may not list its keys (it was started with -X)");
    if (mc_line_is(line, "ERROR"))
        return mc_connection_error(job->connection, ZCACHE_E_NOTSUP,
                                   "it cannot list its keys: use memcached 1.4.31 or later");
    return mc_connection_refusal(job->connection, line);
}

static int64_t take_dump(mc_job *job, const char *data, size_t size)
{
    scan_context *scan = job->context;
    mc_dump_line dump;
    mc_line line;

    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    if (found > 0 && mc_parse_dump_line(&line, &dump)) {
        scan->started = true;
        report(job, &dump);
        return (int64_t)line.whole;
    }
    if (found > 0 && mc_line_is(&line, "END")) {
        job->awaited = 0;
    } else if (found > 0 && !scan->started && mc_line_begins(&line, "BUSY")) {
        scan->busy = true;
        job->awaited = 0;
    } else if (found > 0 && !scan->started && !scan->by_lru && mc_line_begins(&line, "BADCLASS")) {
        scan->by_lru = scan->busy = true;
        job->awaited = 0;
    } else {
        return refuse_dump(job, &line);
    }
    return (int64_t)line.whole;
}

/* Waits a little, not beyond the deadline. */
static void pause_busy(const mc_pool *pool, const zcache_call *call)
{
    int64_t left_ns = call->deadline_ns - pool->host->now_ns();
    struct timespec pause = {.tv_nsec = left_ns < BUSY_PAUSE_NS ? left_ns : BUSY_PAUSE_NS};
    if (left_ns > 0)
        (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}

static zcache_status scan_server(mc_pool *pool, const zcache_call *call, mc_client *client,
                                 size_t server, scan_context *scan)
{
    static const mc_work work = {.fill = fill_dump, .take = take_dump};
    scan->by_lru = scan->started = false;
    do {
        if (!mc_batch_begin(client, 0))
            return mc_nomem(pool);
        mc_job *job = mc_batch_use(client, server);
        scan->busy = false;
        mc_exchange(client, call, &work, scan);
        if (job->status != ZCACHE_OK)
            return job->status;
        if (!scan->busy)
            return ZCACHE_OK;
        pause_busy(pool, call);
    } while (pool->host->now_ns() < call->deadline_ns);
    return mc_connection_error(&client->connections[server], ZCACHE_E_TIMEOUT,
                               "its LRU crawler was busy until the deadline");
}

zcache_status mc_scan(void *self, const zcache_call *call, zcache_slice prefix,
                      zcache_scan_sink *sink)
{
    mc_pool *pool = self;
    zcache_status status = ZCACHE_OK;
    scan_context scan = {
        .prefix = prefix, .sink = sink, .with_ttl = (call->flags & ZCACHE_CALL_TTL) != 0};

    mc_client *client = mc_client_create(pool);
    if (client == NULL)
        return mc_nomem(pool);
    for (size_t s = 0; s < pool->server_count && status == ZCACHE_OK && !scan.ended; s++) {
        status = scan_server(pool, call, client, s, &scan);
        mc_connection_close(&client->connections[s]);
    }
    mc_client_destroy(client);
    return status;
}

/* ---- clear -------------------------------------------------------------------------------------
 */

#define CLEAR_BATCH 256

typedef struct clear_sink {
    zcache_scan_sink sink;
    mc_pool *pool;
    const zcache_call *call;
    zcache_status status;
    size_t count;
    zcache_slice keys[CLEAR_BATCH];
    zcache_status statuses[CLEAR_BATCH];
    char bytes[CLEAR_BATCH][MC_KEY_MAX];
} clear_sink;

/* Deletes the keys that are collected. A key that has gone by itself is well. */
static void delete_collected(clear_sink *clear)
{
    size_t count = clear->count;
    clear->count = 0;
    if (count == 0)
        return;
    clear->status = mc_del(clear->pool, clear->call, count, clear->keys, clear->statuses);
    for (size_t i = 0; i < count && clear->status == ZCACHE_OK; i++)
        if (clear->statuses[i] < 0)
            clear->status = clear->statuses[i];
}

static bool collect_key(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    clear_sink *clear = (clear_sink *)sink;
    (void)meta;
    char *bytes = clear->bytes[clear->count];
    memcpy(bytes, key.data, key.size);
    clear->keys[clear->count++] = zcache_bytes_of(bytes, key.size);
    if (clear->count == CLEAR_BATCH)
        delete_collected(clear);
    return clear->status == ZCACHE_OK;
}

static zcache_status clear_prefix(mc_pool *pool, const zcache_call *call, zcache_slice prefix)
{
    clear_sink *clear = pool->host->alloc(sizeof(*clear));
    if (clear == NULL)
        return mc_nomem(pool);
    clear->sink.key = collect_key;
    clear->pool = pool;
    clear->call = call;
    clear->status = ZCACHE_OK;
    clear->count = 0;
    zcache_status status = mc_scan(pool, call, prefix, &clear->sink);
    if (status == ZCACHE_OK && clear->status == ZCACHE_OK)
        delete_collected(clear);
    if (status == ZCACHE_OK)
        status = clear->status;
    pool->host->free(clear);
    return status;
}

/* `flush_all` hits the entries of this second by their compare-and-set tokens, so that what is
 * written after it stays. Without tokens (-C, and servers so old that they lack the meta commands)
 * it hits by the second, and would take later writes too. */
static zcache_status fill_flush(mc_job *job)
{
    bool *key_by_key = job->context;
    job->filled = true;
    if (!job->connection->cas || !job->connection->meta) {
        *key_by_key = true;
        return ZCACHE_OK;
    }
    mc_put_text(job->connection, "flush_all\r\n");
    job->awaited = 1;
    return ZCACHE_OK;
}

static int64_t take_flush(mc_job *job, const char *data, size_t size)
{
    bool *key_by_key = job->context;
    mc_line line;
    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    if (mc_line_begins(&line, "CLIENT_ERROR flush_all not allowed"))
        *key_by_key = true;
    else if (!mc_line_is(&line, "OK"))
        return mc_connection_refusal(job->connection, &line);
    job->awaited = 0;
    return (int64_t)line.whole;
}

/* Empties every server that can do so at once; *key_by_key: there are others (-F forbids it). */
static zcache_status flush_servers(mc_pool *pool, const zcache_call *call, bool *key_by_key)
{
    static const mc_work work = {.fill = fill_flush, .take = take_flush};
    mc_client *client;
    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (mc_batch_begin(client, 0)) {
        for (size_t s = 0; s < pool->server_count; s++)
            mc_batch_use(client, s);
        mc_exchange(client, call, &work, key_by_key);
        for (size_t s = 0; s < pool->server_count; s++)
            if (client->jobs[s].status != ZCACHE_OK)
                status = client->jobs[s].status;
    } else {
        status = mc_nomem(pool);
    }
    mc_pool_release(client);
    return status;
}

zcache_status mc_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    mc_pool *pool = self;
    bool key_by_key = prefix.size > 0;
    zcache_status status = ZCACHE_OK;
    if (!key_by_key)
        status = flush_servers(pool, call, &key_by_key);
    if (status == ZCACHE_OK && key_by_key)
        status = clear_prefix(pool, call, prefix);
    return status;
}
