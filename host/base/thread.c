/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The list of thread records only grows: a new record is pushed with one compare-and-swap, so that
 * readers need no lock; a record whose thread has ended is taken again by the next new thread.
 */
#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "base/allocator.h"

__thread zc_thread *zc_thread_current __attribute__((tls_model("initial-exec")));

static struct {
    _Atomic(zc_thread *) first; /* pairs: release push in register, acquire in first */
    _Atomic unsigned count;
    pthread_key_t key; /* its destructor tells that a thread ends */
    bool have_key;
    _Atomic(void (*)(zc_thread *)) on_exit;
} threads;

/* The key's value in a thread for which there was no memory: its next record says so. */
static char starved;

static void thread_ends(void *record)
{
    if (record == &starved)
        return;
    zc_thread *thread = record;
    zc_thread_current = thread; /* destructors of other keys may have run before */
    void (*handler)(zc_thread *) = atomic_load(&threads.on_exit);
    if (handler != NULL)
        handler(thread);
    zc_thread_current = NULL;
    zc_free(thread->scratch);
    thread->scratch = NULL;
    thread->message[0] = '\0';
    atomic_store_explicit(&thread->taken, false, memory_order_release);
}

__attribute__((constructor)) static void threads_start(void)
{
    threads.have_key = pthread_key_create(&threads.key, thread_ends) == 0;
}

/* The library is being unloaded, or the process exits. Other threads may still be inside at exit:
 * then the records stay. */
__attribute__((destructor)) static void threads_stop(void)
{
    if (threads.have_key)
        pthread_key_delete(threads.key);
    for (zc_thread *thread = zc_thread_first(); thread != NULL; thread = thread->next)
        if (thread != zc_thread_current && atomic_load(&thread->taken))
            return;
    zc_thread_current = NULL;
    zc_thread *thread = atomic_exchange(&threads.first, NULL);
    while (thread != NULL) {
        zc_thread *next = thread->next;
        zc_free(thread->scratch);
        zc_free(thread);
        thread = next;
    }
}

zc_thread *zc_thread_first(void)
{
    return atomic_load_explicit(&threads.first, memory_order_acquire);
}

void zc_thread_on_exit(void (*handler)(zc_thread *))
{
    atomic_store(&threads.on_exit, handler);
}

static zc_thread *take_free_record(void)
{
    for (zc_thread *thread = zc_thread_first(); thread != NULL; thread = thread->next) {
        bool expected = false;
        if (atomic_compare_exchange_strong(&thread->taken, &expected, true))
            return thread;
    }
    return NULL;
}

zc_thread *zc_thread_register(void)
{
    zc_thread *thread = take_free_record();
    if (thread == NULL) {
        thread = zc_calloc(1, sizeof(*thread));
        if (thread == NULL) {
            if (threads.have_key)
                pthread_setspecific(threads.key, &starved);
            return NULL;
        }
        thread->index = atomic_fetch_add(&threads.count, 1);
        atomic_store(&thread->taken, true);
        zc_thread *first = zc_thread_first();
        do
            thread->next = first;
        while (!atomic_compare_exchange_weak(&threads.first, &first, thread));
    }
    if (threads.have_key) {
        if (pthread_getspecific(threads.key) == &starved)
            strcpy(thread->message, "out of memory");
        pthread_setspecific(threads.key, thread);
    }
    zc_thread_current = thread;
    return thread;
}

int zc_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        pthread_setname_np(*thread, name);
    return failed;
}

void zc_thread_after_fork_in_child(void)
{
    for (zc_thread *thread = zc_thread_first(); thread != NULL; thread = thread->next) {
        if (thread == zc_thread_current)
            continue;
        for (unsigned i = 0; i < ZC_PIN_DEPTH; i++)
            atomic_store_explicit(&thread->pins[i], NULL, memory_order_relaxed);
        thread->depth = 0;
        atomic_store(&thread->taken, false);
    }
}

/* A larger one is not kept: a thread that once read a large value would hold its memory for ever. */
#define SCRATCH_MAX ((size_t)65536)

void *zc_scratch_take(size_t *capacity)
{
    zc_thread *thread = zc_thread_self();
    *capacity = 0;
    if (thread == NULL || thread->scratch == NULL)
        return NULL;
    void *memory = thread->scratch;
    *capacity = thread->scratch_capacity;
    thread->scratch = NULL;
    return memory;
}

void zc_scratch_give(void *memory, size_t capacity)
{
    zc_thread *thread = zc_thread_self();
    if (thread == NULL || thread->scratch != NULL || capacity > SCRATCH_MAX) {
        zc_free(memory);
        return;
    }
    thread->scratch = memory;
    thread->scratch_capacity = capacity;
}
