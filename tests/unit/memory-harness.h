/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A world for the memory engine: a clock that a test moves, and an allocator that counts what is
 * out, by the same estimate as the engine, and can fail. Short forms of the engine's operations.
 */
#ifndef TESTS_UNIT_MEMORY_HARNESS_H
#define TESTS_UNIT_MEMORY_HARNESS_H

#include "memory/engine.h"

#define NO_DEADLINE INT64_MAX

/* The world of this program; threads may share it. */
void world_reset(void);
void world_advance_ms(int64_t ms);
int64_t world_now_ns(void);
size_t world_live_blocks(void);
uint64_t world_live_cost(void);          /* of them, as the system's allocator would take */
void world_fail_allocation(int64_t nth); /* the nth from now fails, once; 0: none */
bool world_has_failed(void);

memory_services world_services(void);

/* An engine in this world; ends the test if there is none. */
memory_engine *engine_new(uint64_t limit);

zcache_item item_of(const char *key, const char *value, int64_t ttl_ms, zcache_set_mode mode,
                    uint64_t cas);
zcache_status put(memory_engine *engine, const char *key, const char *value, int64_t ttl_ms);
/* A value of `size` bytes that tells its key. */
zcache_status put_sized(memory_engine *engine, const char *key, size_t size, int64_t ttl_ms);
zcache_status add_number(memory_engine *engine, const char *key, int64_t delta, int64_t ttl_ms,
                         int64_t *result);
bool has(memory_engine *engine, const char *key);
/* Reads a value as text into a static buffer; NULL: a miss. */
const char *text_of(memory_engine *engine, const char *key);
zcache_meta meta_of_key(memory_engine *engine, const char *key);
zcache_memory_engine snapshot_of(memory_engine *engine);

/* A sink that counts how often it was given each key "k<number>" below `range`. */
typedef struct counting_sink {
    zcache_scan_sink sink; /* first: the engine's pointer is this */
    size_t range;
    unsigned char *seen; /* range counts */
    size_t total, others;
    bool (*then)(struct counting_sink *sink, zcache_slice key); /* or NULL */
    void *user;
} counting_sink;

void counting_sink_init(counting_sink *sink, size_t range);
void counting_sink_free(counting_sink *sink);

#endif
