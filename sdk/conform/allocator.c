/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Each block has a header with a mark, by which a block of another allocator, one that was freed
 * twice, or one that was written before its beginning, is found out. The mark stands where glibc
 * lets what is in a freed block be, for a while.
 */
#include "allocator.h"

#include <stdatomic.h>
#include <stdint.h>

#include "check.h"

#define MARK_LIVE  UINT64_C(0x7a636865636b2121)
#define MARK_FREED UINT64_C(0x7a66726565642121)
#define FILL       0xdd

typedef struct header {
    _Alignas(max_align_t) size_t size;
    _Alignas(max_align_t) uint64_t mark;
} header;

static _Atomic long live;
static _Atomic long until_failure; /* 0: none is planned */
static _Atomic bool has_failed;

static bool must_fail(void)
{
    if (atomic_load(&until_failure) <= 0 || atomic_fetch_sub(&until_failure, 1) != 1)
        return false;
    atomic_store(&has_failed, true);
    return true;
}

static void *allocate(size_t size)
{
    if (must_fail() || size > SIZE_MAX - sizeof(header))
        return NULL;
    header *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    *block = (header){.size = size, .mark = MARK_LIVE};
    memset(block + 1, FILL, size); /* nobody may count on zeros */
    atomic_fetch_add(&live, 1);
    return block + 1;
}

static void release(void *memory)
{
    if (memory == NULL)
        return;
    header *block = (header *)memory - 1;
    expect(block->mark != MARK_FREED, "a block of host->alloc was given to host->free twice");
    expect(
        block->mark == MARK_LIVE,
        "host->free was given what host->alloc did not: memory of the C library goes back there");
    memset(memory, FILL, block->size);
    block->mark = MARK_FREED;
    atomic_fetch_sub(&live, 1);
    free(block);
}

static void *reallocate(void *memory, size_t size)
{
    void *moved = allocate(size);
    if (moved == NULL || memory == NULL)
        return moved;
    size_t old = ((header *)memory - 1)->size;
    memcpy(moved, memory, old < size ? old : size);
    release(memory);
    return moved;
}

zcache_status conform_prepare(void)
{
    static const zcache_allocator functions = {allocate, reallocate, release};
    return zcache_set_allocator(&functions);
}

long conform_allocator_live(void)
{
    return atomic_load(&live);
}

void conform_allocator_fail(long nth)
{
    atomic_store(&has_failed, false);
    atomic_store(&until_failure, nth);
}

bool conform_allocator_failed(void)
{
    return atomic_load(&has_failed);
}
