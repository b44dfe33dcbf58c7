/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * incr by the rules of zcache, which memcached's own arithmetic (unsigned, wrapping, blanks where a
 * number has become shorter) does not keep. Each counter is read with its compare-and-set token;
 * the sum is made here; the write goes through only if nothing has changed since, else it begins
 * anew:
 *
 *     mg KEY c, then        the token, then the number with its token
 *     mg KEY v c t f
 *     ms KEY … ME T<ttl>    missing: add
 *     mg KEY t, then        there: a set gives a new TTL, the remaining one. Should the clock have
 *     ms KEY … C<token>     ticked since it was read, `mg` shows it, and the set is done again with
 *        T<ttl>             the right one
 *
 * Why the token is read before: when memcached adds to a number that is being read (`incr`, `decr`
 * and `ma` of other clients), it gives the old item, too, the new token (do_add_delta, from 2011 on,
 * still so in 1.6.45). Whoever is reading it sees the old number with the new token, and a write
 * with that token would undo the addition. A token that was there before the number was asked for
 * is not new: the number that comes with it is its own. For the same reason zcache never uses that
 * arithmetic.
 *
 * All counters of a batch take each step together, in one round trip a server.
 */
#include <stdio.h>

#include "exchange.h"
#include "operations.h"

typedef enum counter_step {
    COUNTER_READ,
    COUNTER_CREATE,
    COUNTER_REPLACE,
    COUNTER_DONE
} counter_step;

typedef struct counter {
    counter_step step;
    uint64_t cas;
    uint64_t flags;     /* of another client's: kept */
    int64_t ttl_s;      /* remaining when it was read; -1: for ever */
    bool counted;       /* the sum is stored: only its TTL may still be wrong */
    int64_t seen_ttl_s; /* the same, just before the last set */
} counter;

typedef struct incr_context {
    zcache_increment *increments;
    counter *counters;
} incr_context;

static void finish(incr_context *incr, size_t i, zcache_status status)
{
    incr->increments[i].status = status;
    incr->counters[i].step = COUNTER_DONE;
}

static void fail_counter(void *context, size_t i, zcache_status status)
{
    finish(context, i, status);
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static void put_key(mc_connection *connection, const char *command, zcache_slice key)
{
    mc_put_text(connection, command);
    mc_put(connection, key.data, key.size);
}

static void put_expiry(mc_connection *connection, int64_t seconds)
{
    if (seconds >= 0)
        mc_put_format(connection, " T%lld", (long long)mc_expiry(connection, seconds));
}

static zcache_status fill_counter(mc_job *job)
{
    const incr_context *incr = job->context;
    mc_connection *connection = job->connection;
    const zcache_increment *increment = &incr->increments[job->unsent];
    const counter *at = &incr->counters[job->unsent];
    char number[ZCACHE_COUNTER_SIZE];
    int size =
        snprintf(number, sizeof(number), "%lld",
                 (long long)(at->step == COUNTER_CREATE ? increment->delta : increment->result));

    if (!connection->meta || !connection->cas)
        return mc_connection_error(connection, ZCACHE_E_NOTSUP, "it cannot count: %s",
                                   connection->cas ? "it lacks the meta commands (memcached 1.6.10)"
                                                   : "it has no compare-and-set (started with -C)");
    switch (at->step) {
    case COUNTER_READ:
        put_key(connection, "mg ", increment->key);
        put_key(connection, " c\r\nmg ", increment->key);
        mc_put_text(connection, " v c t f\r\n");
        job->awaited++;
        break;
    case COUNTER_CREATE:
        put_key(connection, "ms ", increment->key);
        mc_put_format(connection, " %d ME", size);
        put_expiry(connection,
                   increment->ttl_ms == ZCACHE_TTL_NEVER ? -1 : mc_ttl_seconds(increment->ttl_ms));
        mc_put_format(connection, "\r\n%s\r\n", number);
        break;
    case COUNTER_REPLACE:
        put_key(connection, "mg ", increment->key);
        put_key(connection, " t\r\nms ", increment->key);
        mc_put_format(connection, " %d c C%llu F%llu", size, (unsigned long long)at->cas,
                      (unsigned long long)at->flags);
        put_expiry(connection, at->ttl_s);
        mc_put_format(connection, "\r\n%s\r\n", number);
        job->awaited++;
        break;
    case COUNTER_DONE:
        break;
    }
    job->awaited++;
    job->unsent = job->client->next[job->unsent];
    job->filled = job->unsent == MC_NO_KEY;
    return ZCACHE_OK;
}

/* ---- replies -----------------------------------------------------------------------------------
 */

/* The counter has been read: makes the sum. */
static void plan_write(incr_context *incr, mc_job *job, size_t i, zcache_slice value)
{
    zcache_increment *increment = &incr->increments[i];
    counter *at = &incr->counters[i];
    int64_t old;

    if (!zcache_counter_of(value, &old)) {
        finish(incr, i,
               mc_connection_error(job->connection, ZCACHE_E_TYPE,
                                   "the value of \"%.*s\" is not a 64-bit number",
                                   (int)increment->key.size, (const char *)increment->key.data));
        return;
    }
    if (__builtin_add_overflow(old, increment->delta, &increment->result)) {
        finish(incr, i,
               mc_connection_error(job->connection, ZCACHE_E_RANGE,
                                   "\"%.*s\" is %lld: adding %lld would overflow",
                                   (int)increment->key.size, (const char *)increment->key.data,
                                   (long long)old, (long long)increment->delta));
        return;
    }
    if (increment->delta == 0)
        finish(incr, i, ZCACHE_OK);
    else
        at->step = COUNTER_REPLACE;
}

/* The number with its token. If that is not the one of before, somebody writes: it is read again. */
static int64_t take_read(mc_job *job, const mc_line *line, const mc_meta_reply *reply,
                         const char *data, size_t size)
{
    incr_context *incr = job->context;
    counter *at = &incr->counters[job->head];

    if (mc_meta_is(reply, "EN")) {
        at->step = COUNTER_CREATE;
        mc_answer_head(job);
        job->awaited--;
        return (int64_t)line->whole;
    }
    if (!mc_meta_is(reply, "VA") || reply->size > SIZE_MAX / 4 || reply->ttl_s < -1 ||
        reply->cas == 0)
        return mc_connection_refusal(job->connection, line);
    size_t value_size = (size_t)reply->size;
    if (size - line->whole < value_size + 2)
        return 0;
    size_t i = mc_answer_head(job);
    if (reply->cas == at->cas) {
        at->flags = reply->flags;
        at->ttl_s = reply->ttl_s;
        plan_write(incr, job, i, zcache_bytes_of(data + line->whole, value_size));
    }
    job->awaited--;
    return (int64_t)(line->whole + value_size + 2);
}

/* The reply to the write of a counter. */
static int64_t take_written(mc_job *job, const mc_line *line, const mc_meta_reply *reply)
{
    incr_context *incr = job->context;
    size_t i = job->head;
    counter *at = &incr->counters[i];

    if (mc_meta_is(reply, "HD")) {
        if (at->step == COUNTER_REPLACE && at->seen_ttl_s != at->ttl_s) {
            /* Between the reading and the set the clock ticked, or a touch came: once more. */
            at->counted = true;
            at->cas = reply->cas;
            at->ttl_s = at->seen_ttl_s;
        } else {
            if (at->step == COUNTER_CREATE)
                incr->increments[i].result = incr->increments[i].delta;
            finish(incr, i, ZCACHE_OK);
        }
    } else if (at->counted && (mc_meta_is(reply, "EX") || mc_meta_is(reply, "NF"))) {
        finish(incr, i, ZCACHE_OK); /* it has been changed again: it has a TTL of its writer's */
    } else if (mc_meta_is(reply, "NS") || mc_meta_is(reply, "EX") || mc_meta_is(reply, "NF")) {
        at->step = COUNTER_READ; /* somebody was faster */
    } else {
        return mc_connection_refusal(job->connection, line);
    }
    mc_answer_head(job);
    job->awaited--;
    return (int64_t)line->whole;
}

/* The reply to the first request of a step that has two: EN, if the key is not there. */
static int64_t take_first(mc_job *job, const mc_line *line, const mc_meta_reply *reply)
{
    const incr_context *incr = job->context;
    counter *at = &incr->counters[job->head];
    bool read = at->step == COUNTER_READ;
    bool missing = mc_meta_is(reply, "EN");
    bool told = mc_meta_is(reply, "HD") && (read ? reply->cas != 0 : reply->ttl_s >= -1);

    if (!missing && !told)
        return mc_connection_refusal(job->connection, line);
    if (read)
        at->cas = missing ? 0 : reply->cas;
    else
        at->seen_ttl_s = missing ? at->ttl_s : reply->ttl_s;
    job->client->marks[job->head] |= MC_MARK_FIRST;
    job->awaited--;
    return (int64_t)line->whole;
}

static int64_t take_counter(mc_job *job, const char *data, size_t size)
{
    incr_context *incr = job->context;
    counter_step step = incr->counters[job->head].step;
    bool last = step == COUNTER_CREATE || (job->client->marks[job->head] & MC_MARK_FIRST) != 0;
    mc_meta_reply reply;
    mc_line line;

    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    if (found > 0 && mc_line_begins(&line, "SERVER_ERROR") && last) {
        finish(incr, mc_answer_head(job), mc_connection_refusal(job->connection, &line));
        job->awaited--;
        return (int64_t)line.whole;
    }
    if (found < 0 || !mc_parse_meta(&line, &reply))
        return mc_connection_refusal(job->connection, &line);
    if (!last)
        return take_first(job, &line, &reply);
    return step == COUNTER_READ ? take_read(job, &line, &reply, data, size)
                                : take_written(job, &line, &reply);
}

/* ---- the operation -----------------------------------------------------------------------------
 */

/* Adds every counter that is not done to the batch of the next round. Returns how many. */
static size_t plan_round(mc_pool *pool, mc_client *client, incr_context *incr, size_t n)
{
    size_t added = 0;
    for (size_t i = 0; i < n; i++) {
        if (incr->counters[i].step == COUNTER_DONE)
            continue;
        if (mc_batch_add(client, i, incr->increments[i].key))
            added++;
        else
            finish(incr, i, pool->host->error(pool->host, ZCACHE_E_KEY, "not a text key"));
    }
    return added;
}

static zcache_status run_rounds(mc_pool *pool, const zcache_call *call, mc_client *client,
                                incr_context *incr, size_t n)
{
    static const mc_work work = {.fill = fill_counter, .take = take_counter};
    for (;;) {
        if (!mc_batch_begin(client, n))
            return mc_nomem(pool);
        if (plan_round(pool, client, incr, n) == 0)
            return ZCACHE_OK;
        if (pool->host->now_ns() >= call->deadline_ns) {
            zcache_status status = pool->host->error(
                pool->host, ZCACHE_E_TIMEOUT,
                "memcached: a counter kept being changed by others until the deadline");
            for (size_t i = 0; i < n; i++)
                if (incr->counters[i].step != COUNTER_DONE)
                    finish(incr, i, status);
            return ZCACHE_OK;
        }
        mc_exchange(client, call, &work, incr);
        mc_each_failed(client, fail_counter, incr);
    }
}

zcache_status mc_incr(void *self, const zcache_call *call, size_t n, zcache_increment increments[])
{
    mc_pool *pool = self;
    counter one;
    incr_context incr = {.increments = increments, .counters = &one};
    mc_client *client;

    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (n > 1)
        incr.counters = pool->host->alloc(n * sizeof(*incr.counters));
    if (incr.counters == NULL) {
        status = mc_nomem(pool);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        incr.counters[i] = (counter){.step = COUNTER_READ};
    status = run_rounds(pool, call, client, &incr, n);
out:
    if (incr.counters != &one)
        pool->host->free(incr.counters);
    mc_pool_release(client);
    return status;
}
