/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What concerns the process as a whole: the list of open caches, and through it a fork and the end
 * of a thread, which providers are told of.
 *
 * Before a fork every lock is taken, from the outermost to the plugins' own, so that the child, in
 * which only the forking thread exists, finds nothing half done; after it they are released on both
 * sides.
 */
#include <pthread.h>

#include "control/control.h"
#include "core/cache.h"
#include "core/pin.h"
#include "core/retire.h"
#include "loader/module.h"
#include "reload/watch.h"

static struct {
    /* Guards `first`. Order: after the default cache's, before every cache's. */
    pthread_mutex_t lock;
    zc_cache *first;
    pthread_once_t once;
} caches = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* ---- fork ------------------------------------------------------------------------------------ */

static void fork_instances(zc_stack *stack, zcache_fork_phase phase)
{
    for (size_t i = 0; i < stack->count; i++) {
        zc_instance *instance = &stack->instances[i];
        bool serialized = instance->descriptor->threads == ZCACHE_THREADS_SERIALIZED;
        if (serialized && phase == ZCACHE_FORK_PREPARE)
            pthread_mutex_lock(&instance->lock);
        if (instance->descriptor->ops->fork != NULL)
            instance->descriptor->ops->fork(instance->self, phase);
        if (serialized && phase == ZCACHE_FORK_PARENT)
            pthread_mutex_unlock(&instance->lock);
        if (serialized && phase == ZCACHE_FORK_CHILD)
            zc_instance_lock_start(instance);
    }
}

static void fork_cache(zc_cache *cache, zcache_fork_phase phase)
{
    if (phase == ZCACHE_FORK_PREPARE)
        pthread_mutex_lock(&cache->lock);
    for (zc_stack *stack = cache->opened; stack != NULL; stack = stack->next)
        fork_instances(stack, phase);
    if (phase == ZCACHE_FORK_CHILD) {
        /* What may have been under way in other threads is the parent's. */
        zc_generation *lender = atomic_load(&cache->current)->lender;
        atomic_store(&lender->draining, false);
        atomic_store(&cache->current, lender);
        cache->swapping = false;
        zc_retire_after_fork_in_child(cache);
        zc_watch_after_fork_in_child(cache);
    }
    zc_control_fork(cache, phase);
    if (phase != ZCACHE_FORK_PREPARE)
        pthread_mutex_unlock(&cache->lock);
}

static void fork_prepare(void)
{
    zc_default_lock(true);
    pthread_mutex_lock(&caches.lock);
    zc_module_fork(ZCACHE_FORK_PREPARE);
    for (zc_cache *cache = caches.first; cache != NULL; cache = cache->next)
        fork_cache(cache, ZCACHE_FORK_PREPARE);
}

static void fork_end(zcache_fork_phase phase)
{
    for (zc_cache *cache = caches.first; cache != NULL; cache = cache->next)
        fork_cache(cache, phase);
    zc_module_fork(phase);
    pthread_mutex_unlock(&caches.lock);
    zc_default_lock(false);
}

static void fork_parent(void)
{
    fork_end(ZCACHE_FORK_PARENT);
}

static void fork_child(void)
{
    zc_thread_after_fork_in_child();
    zc_pin_after_fork_in_child();
    fork_end(ZCACHE_FORK_CHILD);
}

/* ---- the end of a thread --------------------------------------------------------------------- */

static void thread_exit_of(zc_cache *cache, zc_thread *thread)
{
    zc_generation *generation = zc_pin(&cache->current, thread);
    zc_generation_thread_exit(generation);
    zc_unpin(generation, thread);
}

static void thread_ends(zc_thread *thread)
{
    pthread_mutex_lock(&caches.lock);
    for (zc_cache *cache = caches.first; cache != NULL; cache = cache->next)
        thread_exit_of(cache, thread);
    pthread_mutex_unlock(&caches.lock);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void register_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
    zc_thread_on_exit(thread_ends);
}

void zc_caches_add(zc_cache *cache)
{
    pthread_once(&caches.once, register_handlers);
    pthread_mutex_lock(&caches.lock);
    cache->next = caches.first;
    caches.first = cache;
    pthread_mutex_unlock(&caches.lock);
}

void zc_caches_remove(zc_cache *cache)
{
    pthread_mutex_lock(&caches.lock);
    zc_cache **at = &caches.first;
    while (*at != cache)
        at = &(*at)->next;
    *at = cache->next;
    pthread_mutex_unlock(&caches.lock);
}
