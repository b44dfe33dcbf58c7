/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A batch of items, each answered by its own commands, sent in as few round trips as bounded memory
 * allows. Items whose script the server does not know (NOSCRIPT, which carries nothing out) are
 * sent once more with the script itself.
 */
#ifndef REDIS_BATCH_H
#define REDIS_BATCH_H

#include "instance.h"
#include "scripts.h"

/* Items of one round trip, at most; and its bytes, above which no further item is begun. */
#define REDIS_BATCH_ITEMS 1024
#define REDIS_BATCH_BYTES ((size_t)4 << 20)

typedef struct redis_batch redis_batch;
struct redis_batch {
    redis_exchange exchange; /* first: parts are received through it */
    redis_instance *instance;
    size_t commands_each; /* per item */
    void *context;
    /* Appends the commands of an item. Scripts are called by redis_batch_script. */
    void (*write)(redis_batch *batch, size_t item);
    /* Receives each part of each reply to it; `command` counts from 0 to commands_each - 1. False:
     * this is no answer. */
    bool (*read)(redis_batch *batch, size_t item, size_t command, const redis_part *part);
    /* the round trip that goes on */
    bool by_source;
    size_t first; /* items are counted from here */
    size_t count, again_count;
    uint16_t items[REDIS_BATCH_ITEMS], again[REDIS_BATCH_ITEMS];
};

/* Carries the batch out for items 0 to n - 1. */
zcache_status redis_batch_run(redis_batch *batch, redis_instance *instance, size_t n,
                              int64_t deadline_ns);

/* Begins a call of a script with one key and `arguments` more, which must follow. */
void redis_batch_script(redis_batch *batch, const redis_script *script, zcache_slice key,
                        size_t arguments);

#endif
