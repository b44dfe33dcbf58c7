/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * clear: a prefix by scan and delete, in batches; everything by flush_all where that keeps what is
 * written after it.
 */
#include "exchange.h"
#include "operations.h"

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
