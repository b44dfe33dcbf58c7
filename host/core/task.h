/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Calls into plugins that may not come back: each is made in a thread of its own, so that whoever
 * asked for it can stop waiting at a deadline. The thread then goes on alone, and a close of the
 * cache waits for it as it does for operations in flight.
 */
#ifndef ZC_CORE_TASK_H
#define ZC_CORE_TASK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <zcache/types.h>

typedef struct zc_cache zc_cache;

/* A part of a larger struct, which stays where it is until `release`. */
typedef struct zc_task {
    zc_cache *cache;
    const char *name;              /* of the thread, at most 15 bytes: "zcache-open" */
    char plugin[ZCACHE_NAME_SIZE]; /* whose calls these are, for messages */
    void (*run)(struct zc_task *task);
    /* In the thread, after run, if nobody waits for it any more; NULL: nothing is to be done. */
    void (*left_alone)(struct zc_task *task);
    /* For one that was left alone, when it has done that: gives the memory back. */
    void (*release)(struct zc_task *task);
    pthread_t thread;
    /* Guarded by cache->lock. */
    bool waited;              /* somebody waits */
    bool ended;               /* the thread is about to end: to be joined */
    void (*last)(zc_cache *); /* what the thread does last (zc_task_detach) */
    struct zc_task *next;     /* in cache->tasks */
} zc_task;

/* Starts the task, of which cache, name, plugin, run, left_alone and release are set. `waited`: the
 * caller calls zc_task_wait. Errors: ZCACHE_E_NOMEM, no thread could be started. */
zcache_status zc_task_start(zc_task *task, bool waited);

/* Waits until the task has run, and joins it: true, it is the caller's again. False, at the
 * deadline: it is left alone. */
bool zc_task_wait(zc_task *task, int64_t deadline_ns);

/* Makes the thread of a task that was left alone end with last(cache): nothing waits for it any
 * more. False: it has run, and is joined now. */
bool zc_task_detach(zc_task *task, void (*last)(zc_cache *cache));

/* Joins and releases the tasks of a cache that were left alone and have run. */
void zc_tasks_join(zc_cache *cache);

/* Whether tasks are running; if so, and if `plugin` is not NULL, of which plugin one of them is. */
bool zc_tasks_run(zc_cache *cache, char plugin[ZCACHE_NAME_SIZE]);

/* In a forked child, with cache->lock: the threads are the parent's. */
void zc_tasks_after_fork_in_child(zc_cache *cache);

#endif
