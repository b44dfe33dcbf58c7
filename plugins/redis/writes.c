/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * set, del and touch: one command an item, pipelined. None is ever sent twice, but by a server's
 * own word that it carried nothing out.
 */
#include <stdio.h>

#include "batch.h"

/* ---- set ------------------------------------------------------------------------------------- */

static void set_write_cas(redis_batch *batch, const zcache_item *item)
{
    redis_commands *commands = &batch->exchange.commands;
    char token[17];
    snprintf(token, sizeof(token), "%016llx", (unsigned long long)item->cas);
    redis_batch_script(batch, &redis_script_cas, item->key, 3);
    redis_argument_text(commands, token);
    redis_argument(commands, item->value);
    redis_argument_number(commands, item->ttl_ms);
}

static void set_write(redis_batch *batch, size_t i)
{
    const zcache_item *item = (const zcache_item *)batch->context + i;
    redis_commands *commands = &batch->exchange.commands;
    if (item->mode == ZCACHE_SET_CAS) {
        set_write_cas(batch, item);
        return;
    }
    bool expires = item->ttl_ms != ZCACHE_TTL_NEVER;
    bool conditional = item->mode != ZCACHE_SET_ALWAYS;
    redis_command(commands, 3 + (expires ? 2 : 0) + (conditional ? 1 : 0));
    redis_argument_text(commands, "SET");
    redis_argument(commands, item->key);
    redis_argument(commands, item->value);
    if (expires) {
        redis_argument_text(commands, "PX");
        redis_argument_number(commands, item->ttl_ms);
    }
    if (conditional)
        redis_argument_text(commands, item->mode == ZCACHE_SET_ADD ? "NX" : "XX");
}

static bool set_read(redis_batch *batch, size_t i, size_t command, const redis_part *part)
{
    zcache_item *item = (zcache_item *)batch->context + i;
    bool cas = item->mode == ZCACHE_SET_CAS;
    (void)command;
    if (part->type == REDIS_REPLY_ERROR)
        item->status = redis_fail_reply(batch->instance, part->text);
    else if (cas && part->type == REDIS_REPLY_INTEGER)
        item->status = part->number == 1   ? ZCACHE_OK
                       : part->number == 0 ? ZCACHE_MISS
                                           : ZCACHE_CONFLICT;
    else if (!cas && part->type == REDIS_REPLY_STATUS)
        item->status = ZCACHE_OK;
    else if (part->type == REDIS_REPLY_NIL && item->mode == ZCACHE_SET_ADD)
        item->status = ZCACHE_EXISTS;
    else if (part->type == REDIS_REPLY_NIL && item->mode == ZCACHE_SET_REPLACE)
        item->status = ZCACHE_MISS;
    else
        return false;
    return true;
}

zcache_status redis_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    redis_batch batch;
    batch.context = items;
    batch.exchange.repeatable = false;
    batch.commands_each = 1;
    batch.write = set_write;
    batch.read = set_read;
    return redis_batch_run(&batch, self, n, call->deadline_ns);
}

/* ---- del, touch ------------------------------------------------------------------------------ */

typedef struct marking {
    const zcache_slice *keys;
    int64_t ttl_ms;
    zcache_status *status;
} marking;

/* 1: it was there; 0: it was not */
static bool mark_read(redis_batch *batch, size_t item, size_t command, const redis_part *part)
{
    marking *mark = batch->context;
    (void)command;
    if (part->type == REDIS_REPLY_ERROR)
        mark->status[item] = redis_fail_reply(batch->instance, part->text);
    else if (part->type == REDIS_REPLY_INTEGER)
        mark->status[item] = part->number == 1 ? ZCACHE_OK : ZCACHE_MISS;
    else
        return false;
    return true;
}

static void del_write(redis_batch *batch, size_t item)
{
    marking *mark = batch->context;
    redis_command(&batch->exchange.commands, 2);
    redis_argument_text(&batch->exchange.commands, "UNLINK");
    redis_argument(&batch->exchange.commands, mark->keys[item]);
}

/* PERSIST answers 0 for a missing key and for one without a TTL alike: hence the script. */
static void touch_write(redis_batch *batch, size_t item)
{
    marking *mark = batch->context;
    if (mark->ttl_ms == ZCACHE_TTL_NEVER) {
        redis_batch_script(batch, &redis_script_persist, mark->keys[item], 0);
        return;
    }
    redis_command(&batch->exchange.commands, 3);
    redis_argument_text(&batch->exchange.commands, "PEXPIRE");
    redis_argument(&batch->exchange.commands, mark->keys[item]);
    redis_argument_number(&batch->exchange.commands, mark->ttl_ms);
}

static zcache_status run_marking(redis_instance *instance, const zcache_call *call, size_t n,
                                 marking *mark, void (*write)(redis_batch *, size_t))
{
    redis_batch batch;
    batch.context = mark;
    batch.exchange.repeatable = false;
    batch.commands_each = 1;
    batch.write = write;
    batch.read = mark_read;
    return redis_batch_run(&batch, instance, n, call->deadline_ns);
}

zcache_status redis_del(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                        zcache_status status[])
{
    marking mark = {.keys = keys, .status = status};
    return run_marking(self, call, n, &mark, del_write);
}

zcache_status redis_touch(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                          int64_t ttl_ms, zcache_status status[])
{
    marking mark = {.keys = keys, .ttl_ms = ttl_ms, .status = status};
    return run_marking(self, call, n, &mark, touch_write);
}
