/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The stores of this process, by directory. During a swap from lmdb to lmdb two instances are open
 * at once, and a program may have several caches on one directory: they share the store, whose
 * settings are those of the newest. It is closed with the last.
 *
 * A forked child has no use for its parent's environment, and LMDB none for being closed there: the
 * child forgets it (three descriptors and two maps stay behind) and opens its own when it first
 * needs it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "writer.h"

#define CLOSE_FLUSH_NS INT64_C(2000000000)

static struct {
    pthread_mutex_t lock; /* guards the list; before any store's */
    pthread_cond_t changed;
    pthread_condattr_t monotonic;
    lmdb_store *first;
    unsigned forking; /* instances that have prepared a fork */
    _Atomic pid_t process;
} registry;

static void start(void)
{
    pthread_mutex_init(&registry.lock, NULL);
    pthread_cond_init(&registry.changed, &registry.monotonic);
    atomic_store(&registry.process, getpid());
}

zcache_status lmdb_registry_load(const zcache_host *host)
{
    (void)host;
    pthread_condattr_init(&registry.monotonic);
    pthread_condattr_setclock(&registry.monotonic, CLOCK_MONOTONIC);
    start();
    return ZCACHE_OK;
}

void lmdb_registry_unload(void)
{
    pthread_cond_destroy(&registry.changed);
    pthread_mutex_destroy(&registry.lock);
    pthread_condattr_destroy(&registry.monotonic);
}

/* In a child that was forked when no instance was there to be told: nothing in the list is ours. */
static void check_process(void)
{
    pid_t known = atomic_load(&registry.process);
    if (known != getpid() && atomic_compare_exchange_strong(&registry.process, &known, getpid())) {
        registry.first = NULL;
        start();
    }
}

/* ---- a store's life -------------------------------------------------------------------------- */

static void start_locks(lmdb_store *store)
{
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->log_lock, NULL);
    pthread_cond_init(&store->work, &store->monotonic);
    pthread_cond_init(&store->keep, &store->monotonic);
    pthread_cond_init(&store->changed, &store->monotonic);
}

static lmdb_store *create(const lmdb_instance *instance, const lmdb_directory_id *id, mode_t mode)
{
    const zcache_host *host = instance->host;
    const lmdb_options *options = instance->options;
    size_t path_size = strlen(options->path) + 1;
    lmdb_store *store = host->alloc(sizeof(*store) + path_size);
    if (store == NULL)
        return NULL;
    memset(store, 0, sizeof(*store));
    store->alloc = host->alloc;
    store->free = host->free;
    store->now_ns = host->now_ns;
    store->path = memcpy(store + 1, options->path, path_size);
    store->device = id->device;
    store->inode = id->inode;
    store->mode = mode;
    store->max_readers = (unsigned)options->max_readers;
    store->directory = (lmdb_directory)LMDB_DIRECTORY_NONE;
    pthread_condattr_init(&store->monotonic);
    pthread_condattr_setclock(&store->monotonic, CLOCK_MONOTONIC);
    start_locks(store);
    return store;
}

static void stop_threads(lmdb_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->stop = true;
    pthread_cond_broadcast(&store->keep);
    bool keeper = store->keeper_runs, writer = store->writer_runs;
    pthread_mutex_unlock(&store->lock);
    if (keeper)
        pthread_join(store->keeper, NULL);
    pthread_mutex_lock(&store->lock);
    store->keeper_runs = false;
    pthread_cond_broadcast(&store->work);
    pthread_mutex_unlock(&store->lock);
    if (writer)
        pthread_join(store->writer, NULL);
}

/* ---- attach, detach -------------------------------------------------------------------------- */

static lmdb_store *find(const lmdb_directory_id *id)
{
    lmdb_store *store = registry.first;
    while (store != NULL && (store->device != id->device || store->inode != id->inode))
        store = store->next;
    return store;
}

/* Under the lock; waits for one that is being closed. NULL: there is none any more, or *late. */
static lmdb_store *find_open(const lmdb_directory_id *id, int64_t deadline_ns, bool *late)
{
    const struct timespec deadline = {.tv_sec = deadline_ns / 1000000000,
                                      .tv_nsec = deadline_ns % 1000000000};
    lmdb_store *store;
    *late = false;
    while (!*late && (store = find(id)) != NULL) {
        if (!store->closing)
            return store;
        *late = pthread_cond_timedwait(&registry.changed, &registry.lock, &deadline) == ETIMEDOUT;
    }
    return NULL;
}

/* The newest instance's settings and log hold; `last` is the one that is there when none is. */
static void follow_newest(lmdb_store *store, const lmdb_instance *last)
{
    const lmdb_instance *newest = store->instances != NULL ? store->instances : last;
    store->settings = newest->settings;
    pthread_mutex_lock(&store->log_lock);
    store->host = newest->host;
    pthread_mutex_unlock(&store->log_lock);
    pthread_cond_broadcast(&store->keep);
}

zcache_status lmdb_registry_attach(lmdb_instance *instance, const lmdb_directory_id *id,
                                   mode_t mode, int64_t deadline_ns, lmdb_failure *failure)
{
    bool late;
    check_process();
    pthread_mutex_lock(&registry.lock);
    lmdb_store *store = find_open(id, deadline_ns, &late);
    if (store == NULL && !late && (store = create(instance, id, mode)) != NULL) {
        store->next = registry.first;
        registry.first = store;
    }
    if (store != NULL)
        store->users++;
    pthread_mutex_unlock(&registry.lock);
    if (store == NULL && late)
        return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                         "lmdb at %s: the store was still being closed at the deadline",
                         instance->options->path);
    if (store == NULL)
        return lmdb_fail(failure, ZCACHE_E_NOMEM, "lmdb: out of memory opening the store");
    instance->store = store;
    pthread_mutex_lock(&store->lock);
    instance->next = store->instances;
    store->instances = instance;
    follow_newest(store, instance);
    pthread_mutex_unlock(&store->lock);
    zcache_status status = lmdb_ready(store, deadline_ns, failure);
    if (status != ZCACHE_OK)
        lmdb_registry_detach(instance);
    return status;
}

void lmdb_registry_configure(lmdb_instance *instance, const lmdb_settings *settings)
{
    lmdb_store *store = instance->store;
    pthread_mutex_lock(&store->lock);
    instance->settings = *settings;
    follow_newest(store, instance);
    pthread_mutex_unlock(&store->lock);
}

/* Whether it was the last; then its settings and its log hold to the end. */
static bool leave(lmdb_instance *instance)
{
    lmdb_store *store = instance->store;
    pthread_mutex_lock(&registry.lock);
    pthread_mutex_lock(&store->lock);
    lmdb_instance **at = &store->instances;
    while (*at != instance)
        at = &(*at)->next;
    *at = instance->next;
    store->closing = --store->users == 0;
    follow_newest(store, instance);
    bool last = store->closing;
    pthread_mutex_unlock(&store->lock);
    pthread_mutex_unlock(&registry.lock);
    return last;
}

static void destroy(lmdb_store *store)
{
    if (atomic_load(&store->unflushed))
        lmdb_flush(store, store->now_ns() + CLOSE_FLUSH_NS);
    stop_threads(store);
    lmdb_environment_close(store);
    pthread_mutex_lock(&registry.lock);
    lmdb_store **at = &registry.first;
    while (*at != store)
        at = &(*at)->next;
    *at = store->next;
    pthread_cond_broadcast(&registry.changed);
    pthread_mutex_unlock(&registry.lock);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->keep);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->log_lock);
    pthread_condattr_destroy(&store->monotonic);
    store->free(store);
}

void lmdb_registry_detach(lmdb_instance *instance)
{
    if (leave(instance))
        destroy(instance->store);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* Only the thread that forked is here: what others were doing, and waited for, is gone. */
static void forget(lmdb_store *store)
{
    lmdb_request *lists[] = {store->first, store->group};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        for (lmdb_request *next, *request = lists[i]; request != NULL; request = next) {
            next = request->next;
            store->free(request->prefix);
            store->free(request); /* its condition may have waiters, in the parent */
        }
    store->first = store->last = store->group = NULL;
    start_locks(store);
    store->stop = store->keeper_runs = store->writer_runs = false;
    store->retry_ns = 0;
    atomic_store(&store->state, LMDB_CLOSED);
    atomic_store(&store->unflushed, false);
    for (size_t i = 0; i < LMDB_SLOTS; i++) {
        store->slots[i].txn = NULL; /* its place in LMDB's table is the parent's */
        atomic_store(&store->slots[i].busy, 0);
    }
    store->env = NULL;
    lmdb_directory_close(&store->directory);
    store->forked = true;
}

/* Stores that no living instance has told of were being opened or closed by other threads. */
static void drop_strangers(void)
{
    lmdb_store **at = &registry.first;
    while (*at != NULL) {
        if ((*at)->forked) {
            (*at)->forked = false;
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
        }
    }
    start();
}

void lmdb_registry_fork(lmdb_store *store, zcache_fork_phase phase)
{
    if (phase == ZCACHE_FORK_PREPARE) {
        if (registry.forking == 0) /* one thread forks at a time */
            pthread_mutex_lock(&registry.lock);
        registry.forking++;
        if (store->forking == 0) {
            pthread_mutex_lock(&store->lock);
            pthread_mutex_lock(&store->log_lock);
        }
        store->forking++;
        return;
    }
    bool child = phase == ZCACHE_FORK_CHILD;
    if (--store->forking == 0) {
        pthread_mutex_unlock(&store->log_lock);
        pthread_mutex_unlock(&store->lock);
        if (child)
            forget(store);
    }
    if (--registry.forking == 0) {
        pthread_mutex_unlock(&registry.lock);
        if (child)
            drop_strangers();
    }
}
