/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Under AddressSanitizer and ThreadSanitizer: nobody is inside malloc while a test forks, as with
 * glibc's own malloc.
 *
 * The sanitizers' allocator takes locks that it does not know to release in a forked child. One
 * that another thread holds at the moment of the fork is held for ever in the child, which hangs in
 * its next malloc, be it in a fork handler. LLVM mended this in version 18 for AddressSanitizer
 * (llvm-project pull request 75290), in 19 for ThreadSanitizer (96600), and GCC has these runtimes
 * since its version 15. Before them a fork waits here until nobody is inside. All but malloc is
 * still in the middle of what it does.
 *
 * The runtimes' functions are weak, so that a program may replace them, and have second names.
 */
#include "child.h"

#include "watched.h"

#if SANITIZED && \
    ((defined(__clang__) && __clang_major__ < 19) || (!defined(__clang__) && __GNUC__ < 15))

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

/* A lock of its own, which ThreadSanitizer does not see: it must not take the calls of malloc for
 * an order among threads, and runs none of its code here before it has started.
 *
 * An allocation first counts itself and then looks for a fork; a fork first shows itself and then
 * looks at the count: one of the two sees the other. */
static atomic_uint inside;
static atomic_bool forking;
/* This thread is the one that forks: other handlers of the fork may allocate. */
static _Thread_local bool forks;

#ifdef __clang__
#define UNSEEN __attribute__((disable_sanitizer_instrumentation))
#else
#define UNSEEN
#endif

UNSEEN static void enter(void)
{
    while (!forks) {
        atomic_fetch_add(&inside, 1);
        if (!atomic_load(&forking))
            return;
        atomic_fetch_sub(&inside, 1);
        while (atomic_load(&forking))
            sched_yield();
    }
}

UNSEEN static void leave(void)
{
    if (!forks)
        atomic_fetch_sub(&inside, 1);
}

UNSEEN static void wait_until_nobody_is_inside(void)
{
    while (atomic_exchange(&forking, true)) /* another thread forks too */
        sched_yield();
    while (atomic_load(&inside) != 0)
        sched_yield();
    forks = true;
}

UNSEEN static void go_on(void)
{
    forks = false;
    atomic_store(&forking, false);
}

UNSEEN static void go_on_in_child(void)
{
    atomic_store(&inside, 0); /* who was about to leave again does not exist here */
    go_on();
}

/* To be called before the library can register its handlers: of the preparations for a fork the
 * first registered is the last to run, and of what follows a fork it is the first. */
void child_make_malloc_fork_safe(void)
{
    static bool is_safe;
    if (!is_safe)
        pthread_atfork(wait_until_nobody_is_inside, go_on, go_on_in_child);
    is_safe = true;
}

/* Where nothing but this file is linked in. */
__attribute__((constructor)) static void make_safe(void)
{
    child_make_malloc_fork_safe();
}

/* ---- the allocator --------------------------------------------------------------------------- */

#define REPLACEMENT UNSEEN __attribute__((visibility("default")))

#define REPLACE(type, name, parameters, arguments)    \
    extern type __interceptor_##name parameters;      \
    REPLACEMENT type name parameters;                 \
    type name parameters                              \
    {                                                 \
        enter();                                      \
        type result = __interceptor_##name arguments; \
        leave();                                      \
        return result;                                \
    }

typedef void *pointer;
typedef char *string;

REPLACE(pointer, malloc, (size_t size), (size))
REPLACE(pointer, calloc, (size_t count, size_t size), (count, size))
REPLACE(pointer, realloc, (void *old, size_t size), (old, size))
REPLACE(pointer, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
REPLACE(pointer, memalign, (size_t alignment, size_t size), (alignment, size))
REPLACE(pointer, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
REPLACE(int, posix_memalign, (void **out, size_t alignment, size_t size), (out, alignment, size))
REPLACE(string, strdup, (const char *text), (text))

extern void __interceptor_free(void *block);
REPLACEMENT void free(void *block);
void free(void *block)
{
    enter();
    __interceptor_free(block);
    leave();
}

#else

void child_make_malloc_fork_safe(void)
{
}

#endif
