/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * get and peek. Values alone: GET for one key, MGET for many, where a key of another type than
 * string (a list, say) is a miss, for MGET does not tell. With TTLs: PTTL and GET for each key, in
 * this order, so that when the value arrives its TTL is known and nothing must be kept. With CAS
 * tokens: a script, for value and token must be of one moment.
 */
#include <stdlib.h>
#include <string.h>

#include "batch.h"

/* Keys of one MGET: what the server does without serving anybody else. */
#define KEYS_EACH 256
/* MGETs of one round trip. */
#define COMMANDS_MAX 64

typedef struct reading {
    const zcache_slice *keys;
    zcache_sink *sink;
    zcache_meta meta;     /* of the key whose reply is being received */
    zcache_status failed; /* what its PTTL failed with */
    bool gone;            /* its PTTL found no key */
} reading;

static zcache_status reply_failure(const redis_batch *batch, const redis_part *part)
{
    return redis_fail_reply(batch->instance, part->text);
}

/* -2: no such key; -1: never expires */
static int64_t ttl_of_reply(int64_t pttl)
{
    if (pttl == -1)
        return ZCACHE_TTL_NEVER;
    return pttl > 0 ? pttl : 1;
}

/* ---- one key, one GET ------------------------------------------------------------------------ */

static void get_write(redis_batch *batch, size_t item)
{
    reading *read = batch->context;
    redis_command(&batch->exchange.commands, 2);
    redis_argument_text(&batch->exchange.commands, "GET");
    redis_argument(&batch->exchange.commands, read->keys[item]);
}

static bool get_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    reading *read = batch->context;
    (void)command;
    if (part->type == REDIS_REPLY_STRING)
        read->sink->hit(read->sink, item, part->text, NULL);
    else if (part->type == REDIS_REPLY_ERROR)
        read->sink->fail(read->sink, item, reply_failure(batch, part));
    else
        return part->type == REDIS_REPLY_NIL;
    return true;
}

/* ---- PTTL, GET ------------------------------------------------------------------------------- */

static void get_ttl_write(redis_batch *batch, size_t item)
{
    reading *read = batch->context;
    redis_command(&batch->exchange.commands, 2);
    redis_argument_text(&batch->exchange.commands, "PTTL");
    redis_argument(&batch->exchange.commands, read->keys[item]);
    get_write(batch, item);
}

static bool get_ttl_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    reading *read = batch->context;
    if (command == 0) {
        read->failed = ZCACHE_OK;
        if (part->type == REDIS_REPLY_ERROR)
            read->failed = reply_failure(batch, part);
        read->gone = part->number == -2;
        read->meta.ttl_ms = ttl_of_reply(part->number);
        return part->type == REDIS_REPLY_ERROR || part->type == REDIS_REPLY_INTEGER;
    }
    if (part->type == REDIS_REPLY_STRING && read->failed == ZCACHE_OK) {
        if (!read->gone) /* else it was created between the two: still a miss */
            read->sink->hit(read->sink, item, part->text, &read->meta);
        return true;
    }
    if (read->failed != ZCACHE_OK && part->type != REDIS_REPLY_ERROR) {
        read->sink->fail(read->sink, item, read->failed);
        return true;
    }
    return get_read(batch, item, command, part);
}

/* ---- the script: PTTL, token, value ---------------------------------------------------------- */

static void get_cas_write(redis_batch *batch, size_t item)
{
    reading *read = batch->context;
    redis_batch_script(batch, &redis_script_read, read->keys[item], 0);
}

static bool token_of_reply(zcache_slice text, uint64_t *token)
{
    char digits[17];
    if (text.size != 16)
        return false;
    memcpy(digits, text.data, 16);
    digits[16] = '\0';
    char *end;
    *token = strtoull(digits, &end, 16);
    return *end == '\0' && *token != 0;
}

static bool get_cas_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    reading *read = batch->context;
    if (part->depth == 0)
        return part->type == REDIS_REPLY_ARRAY
                   ? part->number == 3
                   : part->type != REDIS_REPLY_STRING && get_read(batch, item, command, part);
    if (part->index == 0) {
        read->meta.ttl_ms = ttl_of_reply(part->number);
        return part->type == REDIS_REPLY_INTEGER;
    }
    if (part->type != REDIS_REPLY_STRING)
        return false;
    if (part->index == 1)
        return token_of_reply(part->text, &read->meta.cas);
    read->sink->hit(read->sink, item, part->text, &read->meta);
    return true;
}

/* ---- MGET ------------------------------------------------------------------------------------ */

typedef struct multi_get {
    redis_exchange exchange; /* first: parts are received through it */
    redis_instance *instance;
    zcache_sink *sink;
    size_t first, end; /* of the keys of this round trip */
    bool refused[COMMANDS_MAX];
    bool any_refused;
} multi_get;

static bool multi_get_part(redis_exchange *exchange, const redis_part *part)
{
    multi_get *get = (multi_get *)exchange;
    size_t first = get->first + part->reply * KEYS_EACH;
    size_t count = get->end - first < KEYS_EACH ? get->end - first : KEYS_EACH;
    if (part->depth == 0 && part->type == REDIS_REPLY_ERROR) {
        get->refused[part->reply] = true;
        get->any_refused = true;
        return true;
    }
    if (part->depth == 0)
        return part->type == REDIS_REPLY_ARRAY && part->number == (int64_t)count;
    if (part->type == REDIS_REPLY_STRING)
        get->sink->hit(get->sink, first + part->index, part->text, NULL);
    return part->type == REDIS_REPLY_STRING || part->type == REDIS_REPLY_NIL;
}

/* A sink whose indexes begin further on. */
typedef struct shifted_sink {
    zcache_sink sink;
    zcache_sink *to;
    size_t by;
} shifted_sink;

static void shifted_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    shifted_sink *shifted = (shifted_sink *)sink;
    shifted->to->hit(shifted->to, i + shifted->by, value, meta);
}

static void shifted_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    shifted_sink *shifted = (shifted_sink *)sink;
    shifted->to->fail(shifted->to, i + shifted->by, status);
}

static zcache_status get_each(redis_instance *instance, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_sink *sink)
{
    reading read = {.keys = keys, .sink = sink, .meta = {ZCACHE_TTL_UNKNOWN, 0}};
    redis_batch batch;
    batch.context = &read;
    batch.exchange.repeatable = true;
    batch.commands_each = 1;
    if ((call->flags & ZCACHE_CALL_CAS) != 0) {
        batch.write = get_cas_write;
        batch.read = get_cas_read;
    } else if ((call->flags & ZCACHE_CALL_TTL) != 0) {
        batch.commands_each = 2;
        batch.write = get_ttl_write;
        batch.read = get_ttl_read;
    } else {
        batch.write = get_write;
        batch.read = get_read;
    }
    return redis_batch_run(&batch, instance, n, call->deadline_ns);
}

/* The server refused a whole MGET, of which perhaps one key alone is to blame (NOPERM, MOVED): each
 * is asked for on its own. */
static zcache_status get_refused(const multi_get *get, const zcache_call *call,
                                 const zcache_slice keys[])
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < get->exchange.commands.count && status == ZCACHE_OK; i++) {
        size_t first = get->first + i * KEYS_EACH;
        size_t count = get->end - first < KEYS_EACH ? get->end - first : KEYS_EACH;
        shifted_sink shifted = {{shifted_hit, shifted_fail}, get->sink, first};
        if (get->refused[i])
            status = get_each(get->instance, call, count, keys + first, &shifted.sink);
    }
    return status;
}

static zcache_status get_many(redis_instance *instance, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_sink *sink)
{
    multi_get get;
    redis_commands *commands = &get.exchange.commands;
    zcache_status status = ZCACHE_OK;
    get.exchange.part = multi_get_part;
    get.exchange.repeatable = true;
    get.instance = instance;
    get.sink = sink;
    redis_commands_init(commands, instance->host);
    for (get.first = 0; get.first < n && status == ZCACHE_OK; get.first = get.end) {
        redis_commands_clear(commands);
        memset(get.refused, 0, sizeof(get.refused));
        get.any_refused = false;
        get.end = get.first;
        while (get.end < n && commands->count < COMMANDS_MAX) {
            size_t count = n - get.end < KEYS_EACH ? n - get.end : KEYS_EACH;
            redis_command(commands, 1 + count);
            redis_argument_text(commands, "MGET");
            for (size_t i = 0; i < count; i++)
                redis_argument(commands, keys[get.end + i]);
            get.end += count;
        }
        status = redis_pool_exchange(instance, &get.exchange, call->deadline_ns);
        if (status == ZCACHE_OK && get.any_refused)
            status = get_refused(&get, call, keys);
    }
    redis_commands_free(commands);
    return status;
}

zcache_status redis_get(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                        zcache_sink *sink)
{
    if (n == 1 || (call->flags & (ZCACHE_CALL_TTL | ZCACHE_CALL_CAS)) != 0)
        return get_each(self, call, n, keys, sink);
    return get_many(self, call, n, keys, sink);
}

/* ---- PTTL alone ------------------------------------------------------------------------------ */

static void peek_write(redis_batch *batch, size_t item)
{
    reading *read = batch->context;
    redis_command(&batch->exchange.commands, 2);
    redis_argument_text(&batch->exchange.commands, "PTTL");
    redis_argument(&batch->exchange.commands, read->keys[item]);
}

static bool peek_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    reading *read = batch->context;
    (void)command;
    if (part->type == REDIS_REPLY_ERROR) {
        read->sink->fail(read->sink, item, reply_failure(batch, part));
        return true;
    }
    if (part->type != REDIS_REPLY_INTEGER)
        return false;
    zcache_meta meta = {ttl_of_reply(part->number), 0};
    if (part->number != -2)
        read->sink->hit(read->sink, item, zcache_bytes_of("", 0), &meta);
    return true;
}

zcache_status redis_peek(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                         zcache_sink *sink)
{
    reading read = {.keys = keys, .sink = sink};
    redis_batch batch;
    batch.context = &read;
    batch.exchange.repeatable = true;
    batch.commands_each = 1;
    batch.write = peek_write;
    batch.read = peek_read;
    return redis_batch_run(&batch, self, n, call->deadline_ns);
}

/* ---- the TTLs of a scan's keys --------------------------------------------------------------- */

typedef struct ttl_reading {
    reading read; /* first: peek_write sees the context as this */
    int64_t *ttls;
} ttl_reading;

static bool ttls_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    ttl_reading *read = batch->context;
    (void)command;
    if (part->type == REDIS_REPLY_ERROR) {
        reply_failure(batch, part);
        read->ttls[item] = ZCACHE_TTL_UNKNOWN;
        return true;
    }
    read->ttls[item] = part->number == -2 ? 0 : ttl_of_reply(part->number);
    return part->type == REDIS_REPLY_INTEGER;
}

zcache_status redis_ttls(redis_instance *instance, const zcache_call *call, size_t n,
                         const zcache_slice keys[], int64_t ttls[])
{
    ttl_reading read = {.read.keys = keys, .ttls = ttls};
    redis_batch batch;
    batch.context = &read;
    batch.exchange.repeatable = true;
    batch.commands_each = 1;
    batch.write = peek_write;
    batch.read = ttls_read;
    return redis_batch_run(&batch, instance, n, call->deadline_ns);
}
