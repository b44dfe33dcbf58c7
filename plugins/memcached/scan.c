/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * scan. Keys come from `lru_crawler metadump`, one server after the other, on a connection beside
 * the pool, as fast as the server sends them, into a spool; then they are reported, with nothing
 * held that anybody waits for. The dump walks the hash table ("hash"): a walk of the LRU lists
 * ("all", for servers that lack the other) may miss an entry that moves from one list to another
 * meanwhile.
 */
#include <time.h>

#include "exchange.h"
#include "operations.h"
#include "spool.h"

/* A server has one crawler: while it is busy with another dump, it is asked again after this. */
#define BUSY_PAUSE_NS 5000000

typedef struct scan_context {
    zcache_slice prefix;
    mc_spool spool;
    bool by_lru;  /* "hash" is not known to this server */
    bool again;   /* the crawler was busy, or "hash" was not known */
    bool started; /* keys have come */
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
    zcache_status status = ZCACHE_OK;
    mc_dump_line dump;
    mc_line line;

    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    if (found > 0 && mc_parse_dump_line(&line, &dump)) {
        scan->started = true;
        if (dump.key_size >= scan->prefix.size &&
            (scan->prefix.size == 0 || memcmp(dump.key, scan->prefix.data, scan->prefix.size) == 0))
            status = mc_spool_put(&scan->spool, &dump);
    } else if (found > 0 && mc_line_is(&line, "END")) {
        job->awaited = 0;
    } else if (found > 0 && !scan->started && mc_line_begins(&line, "BUSY")) {
        scan->again = true;
        job->awaited = 0;
    } else if (found > 0 && !scan->started && !scan->by_lru && mc_line_begins(&line, "BADCLASS")) {
        scan->by_lru = scan->again = true;
        job->awaited = 0;
    } else {
        return refuse_dump(job, &line);
    }
    return status == ZCACHE_OK ? (int64_t)line.whole : status;
}

/* Waits a little, not beyond the deadline. */
static void pause_busy(const mc_pool *pool, const zcache_call *call)
{
    int64_t left_ns = call->deadline_ns - pool->host->now_ns();
    struct timespec pause = {.tv_nsec = left_ns < BUSY_PAUSE_NS ? left_ns : BUSY_PAUSE_NS};
    if (left_ns > 0)
        (void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}

/* Reads the whole dump of a server. */
static zcache_status spool_server(mc_pool *pool, const zcache_call *call, mc_client *client,
                                  size_t server, scan_context *scan)
{
    static const mc_work work = {.fill = fill_dump, .take = take_dump};
    scan->by_lru = scan->started = false;
    do {
        if (!mc_batch_begin(client, 0))
            return mc_nomem(pool);
        mc_job *job = mc_batch_use(client, server);
        scan->again = false;
        mc_exchange(client, call, &work, scan);
        if (job->status != ZCACHE_OK)
            return job->status;
        if (!scan->again)
            return mc_spool_rewind(&scan->spool);
        pause_busy(pool, call);
    } while (pool->host->now_ns() < call->deadline_ns);
    return mc_connection_error(&client->connections[server], ZCACHE_E_TIMEOUT,
                               "its LRU crawler was busy until the deadline");
}

/* What a key's remaining TTL is by the server's clock. False: it has expired. */
static bool remaining_ttl(const mc_connection *connection, const mc_dump_line *dump,
                          int64_t *ttl_ms)
{
    int64_t earliest_s;
    int64_t latest_s;
    *ttl_ms = ZCACHE_TTL_NEVER;
    if (dump->expires_s < 0)
        return true;
    if (!mc_server_time(connection, &earliest_s, &latest_s))
        earliest_s = (int64_t)time(NULL);
    *ttl_ms = (dump->expires_s - earliest_s) * 1000;
    return *ttl_ms > 0;
}

/* Reports what is in the spool; *ended: the sink wants no more. */
static zcache_status report_keys(mc_pool *pool, const zcache_call *call,
                                 const mc_connection *connection, mc_spool *spool,
                                 zcache_scan_sink *sink, bool *ended)
{
    zcache_status status;
    mc_dump_line dump;
    int64_t ttl_ms;

    while (!*ended && (status = mc_spool_next(spool, &dump)) != ZCACHE_MISS) {
        if (status != ZCACHE_OK)
            return status;
        if (pool->host->now_ns() >= call->deadline_ns)
            return mc_connection_error(connection, ZCACHE_E_TIMEOUT,
                                       "not all keys were taken by the deadline");
        if (!remaining_ttl(connection, &dump, &ttl_ms))
            continue;
        const zcache_meta meta = {
            .ttl_ms = (call->flags & ZCACHE_CALL_TTL) != 0 ? ttl_ms : ZCACHE_TTL_UNKNOWN};
        *ended = !sink->key(sink, zcache_bytes_of(dump.key, dump.key_size), &meta);
    }
    return ZCACHE_OK;
}

zcache_status mc_scan(void *self, const zcache_call *call, zcache_slice prefix,
                      zcache_scan_sink *sink)
{
    mc_pool *pool = self;
    scan_context scan = {.prefix = prefix};
    bool ended = false;

    zcache_status status = mc_spool_open(&scan.spool, pool->host);
    if (status != ZCACHE_OK)
        return status;
    mc_client *client = mc_client_create(pool);
    if (client == NULL)
        status = mc_nomem(pool);
    for (size_t s = 0; s < pool->server_count && status == ZCACHE_OK && !ended; s++) {
        mc_connection *connection = &client->connections[s];
        mc_spool_clear(&scan.spool);
        status = spool_server(pool, call, client, s, &scan);
        mc_connection_close(connection);
        if (status == ZCACHE_OK)
            status = report_keys(pool, call, connection, &scan.spool, sink, &ended);
    }
    if (client != NULL)
        mc_client_destroy(client);
    mc_spool_close(&scan.spool);
    return status;
}
