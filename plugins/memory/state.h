/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The engine's own struct, for the files that make up the engine.
 */
#ifndef MEMORY_STATE_H
#define MEMORY_STATE_H

#include "memory/shard.h"

/* ThreadSanitizer follows 64 locks a thread; a fork takes all of ours, and others'. */
#define MEMORY_SHARDS_MAX 32
/* XXH3 asks for 136 bytes of secret at least; this many are its own default. */
#define MEMORY_SECRET_SIZE 192

struct memory_engine {
    memory_heap heap;
    void *block; /* what the allocator gave: the engine is the first aligned place in it */
    unsigned shard_bits;
    unsigned char secret[MEMORY_SECRET_SIZE]; /* keys the hash */
    /* Whose turn it is to give room or to be looked after. Relaxed: any order will do. */
    _Alignas(MEMORY_CACHE_LINE) _Atomic unsigned turn;
    memory_shard shards[]; /* 2^shard_bits */
};

static inline size_t memory_shard_count(const memory_engine *engine)
{
    return (size_t)1 << engine->shard_bits;
}

#endif
