/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Each block stands behind a header that chains it to the others. One lock guards everything: tests
 * want to know exactly, not fast.
 */
#include "failing-allocator.h"

#include <execinfo.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zcache/zcache.h>

#define MAGIC  UINT64_C(0x626c6f636b206f6b)
#define FREED  UINT64_C(0x626c6f636b206e6f)
#define FRAMES 12

typedef struct block {
    _Alignas(max_align_t) uint64_t magic;
    size_t size;
    size_t number; /* of this allocation, counted from the start of the program */
    struct block *previous, *next;
} block;

static struct {
    pthread_mutex_t lock; /* guards everything below */
    block all;            /* head of the ring of live blocks */
    size_t live;
    size_t total;
    size_t asked;   /* since the last fail() */
    size_t fail_at; /* the one that fails, of `asked`; 0: none */
    bool failed;
    bool paused;
    void *frames[FRAMES]; /* who asked for the one that failed */
    int frame_count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .all = {.previous = &state.all, .next = &state.all}};

static void *give(size_t size)
{
    block *one = NULL;
    pthread_mutex_lock(&state.lock);
    state.total++;
    if (!state.paused && ++state.asked == state.fail_at) {
        state.failed = true;
        state.frame_count = backtrace(state.frames, FRAMES);
    } else {
        one = malloc(sizeof(*one) + size);
    }
    if (one != NULL) {
        *one = (block){.magic = MAGIC, .size = size, .number = state.total};
        one->next = &state.all;
        one->previous = state.all.previous;
        one->previous->next = one->next->previous = one;
        state.live++;
    }
    pthread_mutex_unlock(&state.lock);
    if (one == NULL)
        return NULL;
    memset(one + 1, 0xa5, size);
    return one + 1;
}

static block *block_of(void *memory)
{
    block *one = (block *)memory - 1;
    if (one->magic != MAGIC) {
        fprintf(stderr, "# %p was freed before, or is not ours\n", memory);
        abort();
    }
    return one;
}

static void take_back(void *memory)
{
    if (memory == NULL)
        return;
    block *one = block_of(memory);
    pthread_mutex_lock(&state.lock);
    one->previous->next = one->next;
    one->next->previous = one->previous;
    state.live--;
    pthread_mutex_unlock(&state.lock);
    one->magic = FREED;
    memset(one + 1, 0xdd, one->size);
    free(one);
}

static void *move(void *memory, size_t size)
{
    void *moved = give(size);
    if (moved != NULL && memory != NULL) {
        size_t kept = block_of(memory)->size;
        memcpy(moved, memory, kept < size ? kept : size);
        take_back(memory);
    }
    return moved;
}

void failing_allocator_install(void)
{
    void *frame;
    backtrace(&frame, 1); /* its first call loads a library */
    if (zcache_set_allocator(&(zcache_allocator){give, move, take_back}) != ZCACHE_OK) {
        printf("Bail out! %s\n", zcache_error_message());
        exit(1);
    }
}

void failing_allocator_fail(size_t nth)
{
    pthread_mutex_lock(&state.lock);
    state.asked = 0;
    state.fail_at = nth;
    state.failed = false;
    pthread_mutex_unlock(&state.lock);
}

void failing_allocator_pause(bool paused)
{
    pthread_mutex_lock(&state.lock);
    state.paused = paused;
    pthread_mutex_unlock(&state.lock);
}

static size_t read_under_lock(const size_t *number)
{
    pthread_mutex_lock(&state.lock);
    size_t copy = *number;
    pthread_mutex_unlock(&state.lock);
    return copy;
}

bool failing_allocator_failed(void)
{
    pthread_mutex_lock(&state.lock);
    bool failed = state.failed;
    pthread_mutex_unlock(&state.lock);
    return failed;
}

size_t failing_allocator_count(void)
{
    return read_under_lock(&state.asked);
}

size_t failing_allocator_live(void)
{
    return read_under_lock(&state.live);
}

size_t failing_allocator_mark(void)
{
    return read_under_lock(&state.total);
}

void failing_allocator_show(size_t mark)
{
    pthread_mutex_lock(&state.lock);
    for (block *one = state.all.next; one != &state.all; one = one->next)
        if (one->number > mark)
            fprintf(stderr, "# still out: allocation %zu after the mark, %zu bytes\n",
                    one->number - mark, one->size);
    if (state.failed) {
        fprintf(stderr, "# the allocation that failed was asked for by\n");
        fflush(stderr);
        backtrace_symbols_fd(state.frames, state.frame_count, STDERR_FILENO);
    }
    pthread_mutex_unlock(&state.lock);
}
