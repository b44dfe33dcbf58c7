/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memory engine's world. Each block has its size before it, so that what is out is known.
 */
#include "memory-harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory/heap.h"

#define WORLD_BEGIN_NS INT64_C(1000000000000)

static struct {
    _Atomic int64_t now_ns;
    _Atomic int64_t blocks;
    _Atomic int64_t cost;
    _Atomic int64_t fail_in; /* 1: the next; 0 or less: none */
    _Atomic bool failed;
} world;

typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static void *world_alloc(size_t size)
{
    if (atomic_load(&world.fail_in) > 0 && atomic_fetch_sub(&world.fail_in, 1) == 1) {
        world.failed = true;
        return NULL;
    }
    block_head *head = malloc(sizeof(*head) + size);
    if (head == NULL)
        return NULL;
    head->size = size;
    memset(head + 1, 0xa5, size < 4096 ? size : 4096); /* nobody may rely on what it holds */
    atomic_fetch_add(&world.blocks, 1);
    atomic_fetch_add(&world.cost, (int64_t)memory_cost(size));
    return head + 1;
}

static void world_free(void *memory)
{
    if (memory == NULL)
        return;
    block_head *head = (block_head *)memory - 1;
    atomic_fetch_sub(&world.blocks, 1);
    atomic_fetch_sub(&world.cost, (int64_t)memory_cost(head->size));
    memset(memory, 0x5a, head->size < 4096 ? head->size : 4096);
    free(head);
}

int64_t world_now_ns(void)
{
    return world.now_ns;
}

void world_reset(void)
{
    world.now_ns = WORLD_BEGIN_NS;
    world_fail_allocation(0);
    assert_int_equal(world.blocks, 0);
    assert_int_equal(world.cost, 0);
}

void world_advance_ms(int64_t ms)
{
    atomic_fetch_add(&world.now_ns, ms * 1000000);
}

size_t world_live_blocks(void)
{
    return (size_t)world.blocks;
}

uint64_t world_live_cost(void)
{
    return (uint64_t)world.cost;
}

void world_fail_allocation(int64_t nth)
{
    world.failed = false;
    world.fail_in = nth;
}

bool world_has_failed(void)
{
    return world.failed;
}

memory_services world_services(void)
{
    return (memory_services){world_alloc, world_free, world_now_ns};
}

memory_engine *engine_new(uint64_t limit)
{
    const memory_services services = world_services();
    memory_engine *engine = NULL;
    assert_int_equal(memory_engine_open(&services, limit, &engine), ZCACHE_OK);
    return engine;
}

zcache_item item_of(const char *key, const char *value, int64_t ttl_ms, zcache_set_mode mode,
                    uint64_t cas)
{
    return (zcache_item){.key = zcache_str(key),
                         .value = zcache_str(value),
                         .ttl_ms = ttl_ms,
                         .cas = cas,
                         .mode = mode};
}

zcache_status put(memory_engine *engine, const char *key, const char *value, int64_t ttl_ms)
{
    zcache_item item = item_of(key, value, ttl_ms, ZCACHE_SET_ALWAYS, 0);
    return memory_engine_set(engine, NO_DEADLINE, &item);
}

zcache_status put_sized(memory_engine *engine, const char *key, size_t size, int64_t ttl_ms)
{
    char *value = malloc(size + 1);
    assert_non_null(value);
    memset(value, key[strlen(key) - 1], size);
    zcache_item item = {.key = zcache_str(key), .value = {value, size}, .ttl_ms = ttl_ms};
    zcache_status status = memory_engine_set(engine, NO_DEADLINE, &item);
    free(value);
    return status;
}

zcache_status add_number(memory_engine *engine, const char *key, int64_t delta, int64_t ttl_ms,
                         int64_t *result)
{
    zcache_increment increment = {.key = zcache_str(key), .delta = delta, .ttl_ms = ttl_ms};
    zcache_status status = memory_engine_incr(engine, NO_DEADLINE, &increment);
    *result = increment.result;
    return status;
}

bool has(memory_engine *engine, const char *key)
{
    zcache_meta meta;
    return memory_engine_peek(engine, zcache_str(key), &meta);
}

const char *text_of(memory_engine *engine, const char *key)
{
    static char text[256];
    memory_reading reading;
    if (!memory_engine_get(engine, zcache_str(key), &reading))
        return NULL;
    snprintf(text, sizeof(text), "%.*s", (int)reading.value.size, (const char *)reading.value.data);
    memory_engine_release(engine, &reading);
    return text;
}

zcache_meta meta_of_key(memory_engine *engine, const char *key)
{
    zcache_meta meta;
    assert_true(memory_engine_peek(engine, zcache_str(key), &meta));
    return meta;
}

zcache_memory_engine snapshot_of(memory_engine *engine)
{
    zcache_memory_engine snapshot;
    memory_engine_snapshot(engine, &snapshot);
    return snapshot;
}

static bool count_key(zcache_scan_sink *self, zcache_slice key, const zcache_meta *meta)
{
    counting_sink *sink = (counting_sink *)self;
    char text[32] = "";
    size_t number = sink->range;
    if (key.size > 1 && key.size < sizeof(text) && *(const char *)key.data == 'k') {
        memcpy(text, (const char *)key.data + 1, key.size - 1);
        number = strtoul(text, NULL, 10);
    }
    if (number < sink->range && sink->seen[number] < 255)
        sink->seen[number]++;
    else
        sink->others++;
    sink->total += meta->ttl_ms == ZCACHE_TTL_NEVER || meta->ttl_ms > 0;
    return sink->then == NULL || sink->then(sink, key);
}

void counting_sink_init(counting_sink *sink, size_t range)
{
    *sink = (counting_sink){.sink.key = count_key, .range = range, .seen = calloc(range, 1)};
    assert_non_null(sink->seen);
}

void counting_sink_free(counting_sink *sink)
{
    free(sink->seen);
}
