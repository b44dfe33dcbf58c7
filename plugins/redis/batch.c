/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Round trips: which items each carries, and which item a reply is for.
 */
#include "batch.h"

static bool batch_part(redis_exchange *exchange, const redis_part *part)
{
    redis_batch *batch = (redis_batch *)exchange;
    size_t place = part->reply / batch->commands_each;
    if (part->type == REDIS_REPLY_ERROR && part->depth == 0 && !batch->by_source &&
        redis_text_begins(part->text, "NOSCRIPT ")) {
        batch->again[batch->again_count++] = batch->items[place];
        return true;
    }
    return batch->read(batch, batch->first + batch->items[place],
                       part->reply % batch->commands_each, part);
}

void redis_batch_script(redis_batch *batch, const redis_script *script, zcache_slice key,
                        size_t arguments)
{
    redis_commands *commands = &batch->exchange.commands;
    redis_command(commands, 4 + arguments);
    redis_argument_text(commands, batch->by_source ? "EVAL" : "EVALSHA");
    redis_argument_text(commands, batch->by_source ? script->source : script->sha1);
    redis_argument_text(commands, "1");
    redis_argument(commands, key);
}

/* Sends the items that were refused with NOSCRIPT once more, if there are any. */
static zcache_status run_again(redis_batch *batch, int64_t deadline_ns)
{
    if (batch->again_count == 0)
        return ZCACHE_OK;
    redis_commands_clear(&batch->exchange.commands);
    batch->by_source = true;
    for (size_t i = 0; i < batch->again_count; i++) {
        batch->items[i] = batch->again[i];
        batch->write(batch, batch->first + batch->items[i]);
    }
    return redis_pool_exchange(batch->instance, &batch->exchange, deadline_ns);
}

zcache_status redis_batch_run(redis_batch *batch, redis_instance *instance, size_t n,
                              int64_t deadline_ns)
{
    redis_commands *commands = &batch->exchange.commands;
    zcache_status status = ZCACHE_OK;
    batch->instance = instance;
    batch->exchange.part = batch_part;
    redis_commands_init(commands, instance->host);
    for (batch->first = 0; batch->first < n && status == ZCACHE_OK; batch->first += batch->count) {
        redis_commands_clear(commands);
        batch->by_source = false;
        batch->again_count = 0;
        batch->count = 0;
        do {
            batch->items[batch->count] = (uint16_t)batch->count;
            batch->write(batch, batch->first + batch->count++);
        } while (batch->count < REDIS_BATCH_ITEMS && batch->first + batch->count < n &&
                 commands->total < REDIS_BATCH_BYTES);
        status = redis_pool_exchange(instance, &batch->exchange, deadline_ns);
        if (status == ZCACHE_OK)
            status = run_again(batch, deadline_ns);
    }
    redis_commands_free(commands);
    return status;
}
