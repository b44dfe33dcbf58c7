/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * set, del and touch: the classic commands, which every server knows, pipelined: all requests of a
 * batch go out without waiting, and each reply is checked. (`noreply` and libmemcached's buffering
 * report success for writes that failed.) Replies come in the order of the requests.
 */
#include <stdio.h>

#include "exchange.h"
#include "operations.h"

/* What an item has beside key and value: its header, suffix and chunk headers; measured with
 * 1.6.18 and rounded up. A set that is larger than the server's items would delete the old value.
 */
#define ITEM_OVERHEAD 512

typedef struct write_context {
    zcache_item *items;       /* set */
    const zcache_slice *keys; /* del, touch */
    zcache_status *status;
    int64_t ttl_ms; /* touch */
} write_context;

/* The expiry time to send for a TTL. */
static int64_t expiry_of(const mc_connection *connection, int64_t ttl_ms)
{
    return mc_expiry(connection, ttl_ms == ZCACHE_TTL_NEVER ? -1 : mc_ttl_seconds(ttl_ms));
}

/* Goes to the next key that is to be requested. */
static void advance(mc_job *job)
{
    job->unsent = job->client->next[job->unsent];
    job->filled = job->unsent == MC_NO_KEY;
}

/* Answers a key whose request is not sent at all. */
static void answer_unsent(mc_job *job)
{
    job->client->marks[job->unsent] |= MC_MARK_ANSWERED;
    job->head = mc_next_key(job, job->head);
}

/* Reads the reply of one request, whatever the command. */
static int64_t take_line(mc_job *job, const char *data, size_t size, mc_line *line)
{
    int found = mc_find_line(data, size, line);
    if (found >= 0)
        return found == 0 ? 0 : (int64_t)line->whole;
    *line = (mc_line){.text = data, .size = 80};
    return mc_connection_refusal(job->connection, line);
}

/* ---- set ---------------------------------------------------------------------------------------
 */

static const char *const set_commands[] = {"set", "add", "replace", "cas"};

static zcache_status check_item(const mc_connection *connection, const zcache_item *item)
{
    if (item->key.size + item->value.size + ITEM_OVERHEAD > connection->item_max)
        return mc_connection_error(connection, ZCACHE_E_TOO_LARGE,
                                   "a value of %zu bytes is too large for its items of %llu bytes "
                                   "(memcached -I)",
                                   item->value.size, (unsigned long long)connection->item_max);
    if (item->mode == ZCACHE_SET_CAS && !connection->cas)
        return mc_connection_error(connection, ZCACHE_E_NOTSUP,
                                   "it has no compare-and-set: start it without -C");
    return ZCACHE_OK;
}

static zcache_status fill_set(mc_job *job)
{
    const write_context *write = job->context;
    mc_connection *connection = job->connection;
    zcache_item *item = &write->items[job->unsent];

    zcache_status status = check_item(connection, item);
    if (status != ZCACHE_OK) {
        item->status = status;
        answer_unsent(job);
        advance(job);
        return ZCACHE_OK;
    }
    mc_put_text(connection, set_commands[item->mode]);
    mc_put(connection, " ", 1);
    mc_put(connection, item->key.data, item->key.size);
    mc_put_format(connection, " 0 %lld %zu", (long long)expiry_of(connection, item->ttl_ms),
                  item->value.size);
    if (item->mode == ZCACHE_SET_CAS)
        mc_put_format(connection, " %llu", (unsigned long long)item->cas);
    mc_put(connection, "\r\n", 2);
    mc_put(connection, item->value.data, item->value.size);
    mc_put(connection, "\r\n", 2);
    job->awaited++;
    advance(job);
    return ZCACHE_OK;
}

static int64_t take_set(mc_job *job, const char *data, size_t size)
{
    const write_context *write = job->context;
    mc_line line;
    int64_t whole = take_line(job, data, size, &line);
    if (whole <= 0)
        return whole;

    zcache_item *item = &write->items[job->head];
    zcache_status status;
    if (mc_line_is(&line, "STORED"))
        status = ZCACHE_OK;
    else if (mc_line_is(&line, "NOT_STORED") && item->mode == ZCACHE_SET_ADD)
        status = ZCACHE_EXISTS;
    else if (mc_line_is(&line, "NOT_STORED") && item->mode == ZCACHE_SET_REPLACE)
        status = ZCACHE_MISS;
    else if (mc_line_is(&line, "EXISTS") && item->mode == ZCACHE_SET_CAS)
        status = ZCACHE_CONFLICT;
    else if (mc_line_is(&line, "NOT_FOUND") && item->mode == ZCACHE_SET_CAS)
        status = ZCACHE_MISS;
    else
        status = mc_connection_refusal(job->connection, &line);
    if (status == ZCACHE_E_PROTOCOL || status == ZCACHE_E_AUTH)
        return status;
    item->status = status;
    mc_answer_head(job);
    job->awaited--;
    return whole;
}

static void fail_item(void *context, size_t i, zcache_status status)
{
    const write_context *write = context;
    write->items[i].status = status;
}

zcache_status mc_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    static const mc_work work = {.fill = fill_set, .take = take_set};
    mc_pool *pool = self;
    write_context write = {.items = items};
    mc_client *client;

    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (mc_batch_begin(client, n)) {
        for (size_t i = 0; i < n; i++)
            if (!mc_batch_add(client, i, items[i].key))
                items[i].status = pool->host->error(pool->host, ZCACHE_E_KEY, "not a text key");
        mc_exchange(client, call, &work, &write);
        mc_each_failed(client, fail_item, &write);
    } else {
        status = mc_nomem(pool);
    }
    mc_pool_release(client);
    return status;
}

/* ---- del and touch -----------------------------------------------------------------------------
 */

static zcache_status fill_del(mc_job *job)
{
    const write_context *write = job->context;
    const zcache_slice *key = &write->keys[job->unsent];
    mc_put_text(job->connection, "delete ");
    mc_put(job->connection, key->data, key->size);
    mc_put(job->connection, "\r\n", 2);
    job->awaited++;
    advance(job);
    return ZCACHE_OK;
}

static zcache_status fill_touch(mc_job *job)
{
    const write_context *write = job->context;
    const zcache_slice *key = &write->keys[job->unsent];
    mc_put_text(job->connection, "touch ");
    mc_put(job->connection, key->data, key->size);
    mc_put_format(job->connection, " %lld\r\n",
                  (long long)expiry_of(job->connection, write->ttl_ms));
    job->awaited++;
    advance(job);
    return ZCACHE_OK;
}

/* The reply of `delete` and `touch`. */
static int64_t take_answer(mc_job *job, const char *data, size_t size)
{
    const write_context *write = job->context;
    mc_line line;
    int64_t whole = take_line(job, data, size, &line);
    if (whole <= 0)
        return whole;

    zcache_status status;
    if (mc_line_is(&line, "DELETED") || mc_line_is(&line, "TOUCHED"))
        status = ZCACHE_OK;
    else if (mc_line_is(&line, "NOT_FOUND"))
        status = ZCACHE_MISS;
    else
        status = mc_connection_refusal(job->connection, &line);
    if (status == ZCACHE_E_PROTOCOL || status == ZCACHE_E_AUTH)
        return status;
    write->status[mc_answer_head(job)] = status;
    job->awaited--;
    return whole;
}

static void fail_key(void *context, size_t i, zcache_status status)
{
    const write_context *write = context;
    write->status[i] = status;
}

static zcache_status write_keys(mc_pool *pool, const zcache_call *call, size_t n,
                                const mc_work *work, write_context *write)
{
    mc_client *client;
    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (mc_batch_begin(client, n)) {
        for (size_t i = 0; i < n; i++)
            if (!mc_batch_add(client, i, write->keys[i]))
                write->status[i] = pool->host->error(pool->host, ZCACHE_E_KEY, "not a text key");
        mc_exchange(client, call, work, write);
        mc_each_failed(client, fail_key, write);
    } else {
        status = mc_nomem(pool);
    }
    mc_pool_release(client);
    return status;
}

zcache_status mc_del(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                     zcache_status status[])
{
    static const mc_work work = {.fill = fill_del, .take = take_answer};
    write_context write = {.keys = keys, .status = status};
    return write_keys(self, call, n, &work, &write);
}

zcache_status mc_touch(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                       int64_t ttl_ms, zcache_status status[])
{
    static const mc_work work = {.fill = fill_touch, .take = take_answer};
    write_context write = {.keys = keys, .status = status, .ttl_ms = ttl_ms};
    return write_keys(self, call, n, &work, &write);
}
