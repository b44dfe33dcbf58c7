/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * scan and clear: SCAN, step by step. The keys of a step are kept, and the connection given back,
 * before the sink sees any of them, so that the sink may use the cache even where the pool has one
 * connection.
 */
#include <stdio.h>
#include <string.h>

#include "instance.h"

/* Buckets that the server looks at in one step. */
#define STEP 1000
/* Keys of one UNLINK. */
#define UNLINK_MAX 1000

typedef struct stepping {
    redis_exchange exchange; /* first: parts are received through it */
    redis_instance *instance;
    zcache_slice prefix;
    char cursor[24];      /* "0" at the beginning, and again at the end */
    zcache_status status; /* of the server's reply */
    /* the keys of the step */
    char *bytes;
    size_t size, capacity;
    size_t *ends; /* of each key in `bytes` */
    size_t count, ends_capacity;
    /* made of them when the step is complete */
    zcache_slice *keys;
    int64_t *ttls;
    size_t keys_capacity, ttls_capacity;
    bool short_of_memory;
} stepping;

/* Makes room for `needed` elements. False: memory is short. */
static bool grow(stepping *step, void **memory, size_t *capacity, size_t needed, size_t element)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 1024 : *capacity;
    while (wanted < needed)
        wanted *= 2;
    void *grown = step->instance->host->realloc(*memory, wanted * element);
    if (grown == NULL) {
        step->short_of_memory = true;
        return false;
    }
    *memory = grown;
    *capacity = wanted;
    return true;
}

#define GROW(step, array, capacity, needed) \
    grow(step, (void **)&(step)->array, &(step)->capacity, needed, sizeof((step)->array[0]))

static void keep_key(stepping *step, zcache_slice key)
{
    /* the server's word for what matches is not taken: it is another's pattern language */
    if (key.size < step->prefix.size || memcmp(key.data, step->prefix.data, step->prefix.size) != 0)
        return;
    if (!GROW(step, bytes, capacity, step->size + key.size) ||
        !GROW(step, ends, ends_capacity, step->count + 1))
        return;
    memcpy(step->bytes + step->size, key.data, key.size);
    step->size += key.size;
    step->ends[step->count++] = step->size;
}

static bool keep_cursor(stepping *step, zcache_slice text)
{
    if (text.size == 0 || text.size >= sizeof(step->cursor))
        return false;
    memcpy(step->cursor, text.data, text.size);
    step->cursor[text.size] = '\0';
    return true;
}

/* {cursor, {key, …}} */
static bool step_part(redis_exchange *exchange, const redis_part *part)
{
    stepping *step = (stepping *)exchange;
    if (part->depth == 0 && part->type == REDIS_REPLY_ERROR) {
        step->status = redis_fail_reply(step->instance, part->text);
        return true;
    }
    if (part->depth == 0)
        return part->type == REDIS_REPLY_ARRAY && part->number == 2;
    if (part->depth == 1 && part->index == 0)
        return part->type == REDIS_REPLY_STRING && keep_cursor(step, part->text);
    if (part->depth == 1)
        return part->type == REDIS_REPLY_ARRAY;
    if (part->type == REDIS_REPLY_STRING)
        keep_key(step, part->text);
    return part->type == REDIS_REPLY_STRING;
}

/* MATCH prefix*, with what the server's patterns would take for more than itself escaped. */
static void write_pattern(stepping *step)
{
    char *pattern = step->instance->host->alloc(step->prefix.size * 2 + 1);
    if (pattern == NULL) {
        step->exchange.commands.failed = true;
        return;
    }
    const char *from = step->prefix.data;
    size_t size = 0;
    for (size_t i = 0; i < step->prefix.size; i++) {
        if (from[i] != '\0' && strchr("*?[]\\^-", from[i]) != NULL)
            pattern[size++] = '\\';
        pattern[size++] = from[i];
    }
    pattern[size++] = '*';
    redis_argument_text(&step->exchange.commands, "MATCH");
    redis_argument(&step->exchange.commands, zcache_bytes_of(pattern, size));
    step->instance->host->free(pattern);
}

static void stepping_init(stepping *step, redis_instance *instance, zcache_slice prefix)
{
    memset(step, 0, sizeof(*step));
    step->instance = instance;
    step->prefix = prefix;
    step->exchange.part = step_part;
    step->exchange.repeatable = true;
    strcpy(step->cursor, "0");
    redis_commands_init(&step->exchange.commands, instance->host);
}

static void stepping_free(stepping *step)
{
    const zcache_host *host = step->instance->host;
    redis_commands_free(&step->exchange.commands);
    host->free(step->bytes);
    host->free(step->ends);
    host->free(step->keys);
    host->free(step->ttls);
}

/* Fetches the keys of the next step. */
static zcache_status next_step(stepping *step, int64_t deadline_ns)
{
    redis_commands *commands = &step->exchange.commands;
    step->size = 0;
    step->count = 0;
    redis_commands_clear(commands);
    redis_command(commands, step->prefix.size > 0 ? 6 : 4);
    redis_argument_text(commands, "SCAN");
    redis_argument_text(commands, step->cursor);
    if (step->prefix.size > 0)
        write_pattern(step);
    redis_argument_text(commands, "COUNT");
    redis_argument_number(commands, STEP);
    zcache_status status = redis_pool_exchange(step->instance, &step->exchange, deadline_ns);
    if (status != ZCACHE_OK)
        return status;
    if (step->status != ZCACHE_OK)
        return step->status;
    if (step->short_of_memory || !GROW(step, keys, keys_capacity, step->count))
        return redis_fail_nomem(step->instance);
    size_t begin = 0;
    for (size_t i = 0; i < step->count; i++) {
        step->keys[i] = zcache_bytes_of(step->bytes + begin, step->ends[i] - begin);
        begin = step->ends[i];
    }
    return ZCACHE_OK;
}

static bool at_end(const stepping *step)
{
    return strcmp(step->cursor, "0") == 0;
}

/* ---- scan ------------------------------------------------------------------------------------ */

/* Gives the sink the keys of a step. *more: it wants more. */
static zcache_status give_keys(stepping *step, const zcache_call *call, zcache_scan_sink *sink,
                               bool *more)
{
    bool with_ttl = (call->flags & ZCACHE_CALL_TTL) != 0;
    if (with_ttl && step->count > 0) {
        if (!GROW(step, ttls, ttls_capacity, step->count))
            return redis_fail_nomem(step->instance);
        zcache_status status =
            redis_ttls(step->instance, call, step->count, step->keys, step->ttls);
        if (status != ZCACHE_OK)
            return status;
    }
    for (size_t i = 0; i < step->count && *more; i++) {
        zcache_meta meta = {with_ttl ? step->ttls[i] : ZCACHE_TTL_UNKNOWN, 0};
        if (meta.ttl_ms != 0) /* else it has expired since */
            *more = sink->key(sink, step->keys[i], &meta);
    }
    return ZCACHE_OK;
}

zcache_status redis_scan(void *self, const zcache_call *call, zcache_slice prefix,
                         zcache_scan_sink *sink)
{
    stepping step;
    stepping_init(&step, self, prefix);
    zcache_status status;
    bool more = true;
    do {
        status = next_step(&step, call->deadline_ns);
        if (status == ZCACHE_OK)
            status = give_keys(&step, call, sink, &more);
    } while (status == ZCACHE_OK && more && !at_end(&step));
    stepping_free(&step);
    return status;
}

/* ---- clear ----------------------------------------------------------------------------------- */

typedef struct answering {
    redis_exchange exchange; /* first: parts are received through it */
    redis_instance *instance;
    bool refused; /* with FLUSHDB: by a rule, rather than by what the server is up to */
    zcache_status status;
} answering;

/* Any answer but an error. */
static bool answer_part(redis_exchange *exchange, const redis_part *part)
{
    answering *answer = (answering *)exchange;
    if (part->type == REDIS_REPLY_ERROR) {
        answer->status = redis_fail_reply(answer->instance, part->text);
        answer->refused = redis_text_begins(part->text, "NOPERM ") ||
                          redis_text_begins(part->text, "ERR unknown command");
    }
    return part->depth == 0;
}

static void answering_init(answering *answer, redis_instance *instance)
{
    answer->exchange.part = answer_part;
    answer->exchange.repeatable = false;
    answer->instance = instance;
    answer->refused = false;
    answer->status = ZCACHE_OK;
    redis_commands_init(&answer->exchange.commands, instance->host);
}

static zcache_status answering_run(answering *answer, int64_t deadline_ns)
{
    zcache_status status = redis_pool_exchange(answer->instance, &answer->exchange, deadline_ns);
    redis_commands_free(&answer->exchange.commands);
    return status == ZCACHE_OK ? answer->status : status;
}

static zcache_status flush(redis_instance *instance, int64_t deadline_ns, bool *refused)
{
    answering answer;
    answering_init(&answer, instance);
    redis_command(&answer.exchange.commands, 2);
    redis_argument_text(&answer.exchange.commands, "FLUSHDB");
    redis_argument_text(&answer.exchange.commands, "ASYNC");
    zcache_status status = answering_run(&answer, deadline_ns);
    *refused = answer.refused;
    return status;
}

static zcache_status unlink_keys(redis_instance *instance, size_t n, const zcache_slice keys[],
                                 int64_t deadline_ns)
{
    answering answer;
    answering_init(&answer, instance);
    for (size_t first = 0; first < n; first += UNLINK_MAX) {
        size_t count = n - first < UNLINK_MAX ? n - first : UNLINK_MAX;
        redis_command(&answer.exchange.commands, 1 + count);
        redis_argument_text(&answer.exchange.commands, "UNLINK");
        for (size_t i = 0; i < count; i++)
            redis_argument(&answer.exchange.commands, keys[first + i]);
    }
    return answering_run(&answer, deadline_ns);
}

zcache_status redis_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    if (prefix.size == 0) {
        bool refused;
        zcache_status status = flush(self, call->deadline_ns, &refused);
        if (!refused)
            return status;
    }
    stepping step;
    stepping_init(&step, self, prefix);
    zcache_status status;
    do {
        status = next_step(&step, call->deadline_ns);
        if (status == ZCACHE_OK && step.count > 0)
            status = unlink_keys(self, step.count, step.keys, call->deadline_ns);
    } while (status == ZCACHE_OK && !at_end(&step));
    stepping_free(&step);
    return status;
}
