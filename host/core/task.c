/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A task and whoever waits for it part in one of two ways, decided with the cache's lock: the task
 * has ended, and is joined; or nobody waits any more, and it stays on the cache's list until it is
 * joined by a later swap or the close.
 */
#include "core/task.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/cache.h"
#include "core/pin.h"
#include "core/retire.h"

static void *run(void *argument)
{
    zc_task *task = argument;
    zc_cache *cache = task->cache;
    task->run(task);
    pthread_mutex_lock(&cache->lock);
    bool waited = task->waited;
    task->ended = waited;
    pthread_mutex_unlock(&cache->lock);
    if (!waited) {
        if (task->left_alone != NULL)
            task->left_alone(task);
        pthread_mutex_lock(&cache->lock);
        task->ended = true;
        void (*last)(zc_cache *) = task->last;
        pthread_mutex_unlock(&cache->lock);
        if (last != NULL) {
            task->release(task); /* `task` may be gone now */
            last(cache);
            return NULL;
        }
    }
    zc_pin_wake_cache(cache); /* the cache stays until this thread is joined */
    return NULL;
}

zcache_status zc_task_start(zc_task *task, bool waited)
{
    zc_cache *cache = task->cache;
    task->waited = waited;
    task->ended = false;
    task->last = NULL;
    pthread_mutex_lock(&cache->lock);
    int failed = zc_thread_start(&task->thread, task->name, run, task);
    if (failed == 0) {
        task->next = cache->tasks;
        cache->tasks = task;
    }
    pthread_mutex_unlock(&cache->lock);
    return failed == 0
               ? ZCACHE_OK
               : zc_error(ZCACHE_E_NOMEM, "no thread could be started: %s", strerror(failed));
}

/* With cache->lock. */
static void take_off(zc_task *task)
{
    zc_task **at = &task->cache->tasks;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
}

bool zc_task_wait(zc_task *task, int64_t deadline_ns)
{
    zc_cache *cache = task->cache;
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        pthread_mutex_lock(&cache->lock);
        bool ended = task->ended, late = !ended && zc_now_ns() >= deadline_ns;
        if (ended)
            take_off(task);
        if (late)
            task->waited = false;
        pthread_mutex_unlock(&cache->lock);
        if (ended)
            pthread_join(task->thread, NULL);
        if (ended || late)
            return ended;
        zc_wait_for_event(cache, seen, deadline_ns);
    }
}

bool zc_task_detach(zc_task *task, void (*last)(zc_cache *cache))
{
    zc_cache *cache = task->cache;
    pthread_mutex_lock(&cache->lock);
    bool ended = task->ended;
    take_off(task);
    if (!ended) {
        task->last = last;
        pthread_detach(task->thread);
    }
    pthread_mutex_unlock(&cache->lock);
    if (ended)
        pthread_join(task->thread, NULL);
    return !ended;
}

/* Takes one off the list that has ended and that nobody waits for; NULL: there is none. */
static zc_task *take_ended(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    zc_task *task = cache->tasks;
    while (task != NULL && (task->waited || !task->ended))
        task = task->next;
    if (task != NULL)
        take_off(task);
    pthread_mutex_unlock(&cache->lock);
    return task;
}

void zc_tasks_join(zc_cache *cache)
{
    zc_task *task;
    while ((task = take_ended(cache)) != NULL) {
        pthread_join(task->thread, NULL);
        task->release(task);
    }
}

bool zc_tasks_run(zc_cache *cache, char plugin[ZCACHE_NAME_SIZE])
{
    pthread_mutex_lock(&cache->lock);
    const zc_task *task = cache->tasks;
    while (task != NULL && task->ended)
        task = task->next;
    if (task != NULL && plugin != NULL)
        snprintf(plugin, ZCACHE_NAME_SIZE, "%s", task->plugin);
    pthread_mutex_unlock(&cache->lock);
    return task != NULL;
}

void zc_tasks_after_fork_in_child(zc_cache *cache)
{
    cache->tasks = NULL; /* what they had in hand is lost to the child */
}
