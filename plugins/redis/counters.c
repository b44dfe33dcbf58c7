/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * incr. INCRBY creates without a TTL and else keeps the one there is; where creating needs a TTL, a
 * script does the same. The server checks that the old value is the canonical text of a number.
 */
#include "batch.h"

static void incr_write(redis_batch *batch, size_t i)
{
    const zcache_increment *increment = (const zcache_increment *)batch->context + i;
    redis_commands *commands = &batch->exchange.commands;
    if (increment->ttl_ms == ZCACHE_TTL_NEVER) {
        redis_command(commands, 3);
        redis_argument_text(commands, "INCRBY");
        redis_argument(commands, increment->key);
        redis_argument_number(commands, increment->delta);
        return;
    }
    redis_batch_script(batch, &redis_script_incr, increment->key, 2);
    redis_argument_number(commands, increment->delta);
    redis_argument_number(commands, increment->ttl_ms);
}

static bool incr_read(redis_batch *batch, size_t i, size_t command, const redis_part *part)
{
    zcache_increment *increment = (zcache_increment *)batch->context + i;
    (void)command;
    if (part->type == REDIS_REPLY_ERROR) {
        increment->status = redis_fail_reply(batch->instance, part->text);
        return true;
    }
    if (part->type == REDIS_REPLY_INTEGER)
        increment->result = part->number;
    else if (part->type != REDIS_REPLY_STRING || !zcache_counter_of(part->text, &increment->result))
        return false;
    increment->status = ZCACHE_OK;
    return true;
}

zcache_status redis_incr(void *self, const zcache_call *call, size_t n,
                         zcache_increment increments[])
{
    redis_batch batch;
    batch.context = increments;
    batch.exchange.repeatable = false;
    batch.commands_each = 1;
    batch.write = incr_write;
    batch.read = incr_read;
    return redis_batch_run(&batch, self, n, call->deadline_ns);
}
