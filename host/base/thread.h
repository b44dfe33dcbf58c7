/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the library keeps for each thread: the generations it is using now (its pins), its last
 * error message, its index among living threads. A record is made at a thread's first call, is
 * found through one thread-local pointer, and is reused by another thread after its own has ended.
 * Records live until the library is unloaded, so that a swap can read them at any time.
 */
#ifndef ZC_BASE_THREAD_H
#define ZC_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How deep operations can be nested: a callback of an operation may call the cache again. */
#define ZC_PIN_DEPTH 16

typedef struct zc_thread {
    /* What the thread uses now, a stack: pins[0 .. depth). Written by the thread only, with no
     * fence; read by a swap after membarrier (core/pin.h says why that suffices). */
    _Atomic(void *) pins[ZC_PIN_DEPTH];
    unsigned depth;         /* the thread's own */
    unsigned index;         /* unique among living threads, small */
    struct zc_thread *next; /* in the list of all records; immutable once published */
    _Atomic bool taken;     /* a living thread owns it */
    bool message_left;      /* by a failure since the operation under way began */
    void *scratch;          /* a buffer that it keeps; NULL: none, or taken */
    size_t scratch_capacity;
    char message[ZC_ERROR_MAX];
} zc_thread;

/* The first of all records, in use or not. */
zc_thread *zc_thread_first(void);

/* Called by each ending thread, with its record still valid, if it ever had one. */
void zc_thread_on_exit(void (*handler)(zc_thread *thread));

/* Starts a thread of the library's own, which takes no signal of the application's. `name`: at most
 * 15 bytes, as debuggers and /proc/PID/task show it. Returns 0, or an errno. */
int zc_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument);

/* In a forked child: the records of all other threads become free. */
void zc_thread_after_fork_in_child(void);

/* The thread-local pointer: initial-exec, which costs one instruction and, as the one such variable
 * of a library that is loaded once, no lasting static TLS. */
extern __thread zc_thread *zc_thread_current __attribute__((tls_model("initial-exec")));
zc_thread *zc_thread_register(void);

/* The record of the calling thread, made if need be; NULL only when memory is short. */
static inline zc_thread *zc_thread_self(void)
{
    zc_thread *thread = zc_thread_current;
    return __builtin_expect(thread != NULL, 1) ? thread : zc_thread_register();
}

/* The buffer that the calling thread keeps, of *capacity bytes; NULL and 0 if it has none, or if it
 * was taken by a call that this one is nested in. The caller owns it, may realloc it, and gives it
 * back. */
void *zc_scratch_take(size_t *capacity);
void zc_scratch_give(void *memory, size_t capacity);

#endif
