/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Whoever ends the last pin or lease of a draining generation adds to cache->drain_events and wakes
 * its sleepers: waiting costs nothing, and operations pay nothing while nothing is draining.
 *
 * A generation that ends is put on the retired list, and is closed by whoever takes it off: the
 * thread that was started for it (its closer), or, where no thread could be started, the close of
 * the cache.
 */
#include "core/retire.h"

#include <stdio.h>

#include "base/clock.h"
#include "core/futex.h"
#include "core/pin.h"

/* A sleeper looks again after this long even if nothing woke it. */
#define LOOK_AGAIN_NS INT64_C(1000000000)

static bool is_left(const zc_generation *generation)
{
    return zc_pin_count(generation) == 0;
}

static bool is_free(const zc_generation *generation)
{
    return is_left(generation) && atomic_load(&generation->leases) == 0;
}

void zc_wait_for_event(zc_cache *cache, uint32_t seen, int64_t deadline_ns)
{
    int64_t look_again_ns = zc_now_ns() + LOOK_AGAIN_NS;
    zc_futex_wait(&cache->drain_events, seen,
                  deadline_ns < look_again_ns ? deadline_ns : look_again_ns);
}

static bool wait_until(bool (*is_so)(const zc_generation *), zc_generation *generation,
                       int64_t deadline_ns)
{
    zc_cache *cache = generation->cache;
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        if (is_so(generation))
            return true;
        if (zc_now_ns() >= deadline_ns)
            return false;
        zc_wait_for_event(cache, seen, deadline_ns);
    }
}

bool zc_drain(zc_generation *generation, int64_t deadline_ns)
{
    return wait_until(is_free, generation, deadline_ns);
}

bool zc_drain_operations(zc_generation *generation, int64_t deadline_ns)
{
    return wait_until(is_left, generation, deadline_ns);
}

bool zc_wait_for_swap(zc_cache *cache, int64_t deadline_ns)
{
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        pthread_mutex_lock(&cache->lock);
        bool swapping = cache->swapping;
        pthread_mutex_unlock(&cache->lock);
        if (!swapping)
            return true;
        if (zc_now_ns() >= deadline_ns)
            return false;
        zc_wait_for_event(cache, seen, deadline_ns);
    }
}

/* ---- closing --------------------------------------------------------------------------------- */

bool zc_close_here(zc_generation *generation)
{
    bool unmapped = zc_generation_close(generation, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS);
    zc_generation_give_back(generation);
    return unmapped;
}

/* Takes a generation off the retired list; false: somebody else has. With cache->lock. */
static bool take_off(zc_generation *generation)
{
    zc_generation **at = &generation->cache->retired;
    while (*at != NULL && *at != generation)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = generation->next;
    return true;
}

static zc_generation *generation_of(zc_task *closer)
{
    return (zc_generation *)((char *)closer - offsetof(zc_generation, closer));
}

static void close_when_free(zc_task *closer)
{
    zc_generation *generation = generation_of(closer);
    zc_drain(generation, INT64_MAX);
    pthread_mutex_lock(&closer->cache->lock);
    bool taken = take_off(generation);
    pthread_mutex_unlock(&closer->cache->lock);
    if (taken)
        generation->unmapped = zc_generation_close(generation, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS);
}

static void tell_closed(zc_task *closer)
{
    const zc_generation *generation = generation_of(closer);
    zc_log_write(&closer->cache->log, ZCACHE_LOG_INFO, "generation %llu is closed%s",
                 (unsigned long long)generation->number,
                 generation->unmapped ? ", its plugin unloaded" : "");
}

static void closer_release(zc_task *closer)
{
    zc_generation_give_back(generation_of(closer));
}

/* With cache->lock. */
static void mark_retired(zc_generation *generation)
{
    if (generation->phase == ZC_GENERATION_CLOSED)
        return;
    if (generation->phase == ZC_GENERATION_OPENED) /* it was never current */
        generation->left_ns = zc_now_ns();
    generation->phase = ZC_GENERATION_RETIRED;
}

/* Puts a generation on the retired list and starts its closer. */
static bool start_closer(zc_generation *generation, bool waited)
{
    zc_cache *cache = generation->cache;
    generation->unmapped = false;
    generation->closer = (zc_task){.cache = cache,
                                   .name = "zcache-close",
                                   .run = close_when_free,
                                   .left_alone = tell_closed,
                                   .release = closer_release};
    pthread_mutex_lock(&cache->lock);
    snprintf(generation->closer.plugin, sizeof(generation->closer.plugin), "%s",
             generation->provider);
    if (!waited)
        mark_retired(generation);
    generation->attended = true;
    generation->next = cache->retired;
    cache->retired = generation;
    pthread_mutex_unlock(&cache->lock);
    return zc_task_start(&generation->closer, waited) == ZCACHE_OK;
}

void zc_retire(zc_generation *generation)
{
    zc_cache *cache = generation->cache;
    if (start_closer(generation, false))
        return;
    pthread_mutex_lock(&cache->lock);
    generation->attended = false;
    pthread_mutex_unlock(&cache->lock);
    zc_log_write(&cache->log, ZCACHE_LOG_WARNING, "generation %llu is closed with the cache: %s",
                 (unsigned long long)generation->number, zc_error_text());
}

/* Closes one that nobody uses, and waits until the deadline. */
static void close_by(zc_generation *generation, int64_t deadline_ns, zc_ending *ending)
{
    zc_cache *cache = generation->cache;
    if (generation->composite != NULL || !start_closer(generation, true)) {
        pthread_mutex_lock(&cache->lock);
        (void)take_off(generation); /* a composite is not on it */
        pthread_mutex_unlock(&cache->lock);
        ending->unmapped = zc_close_here(generation);
        ending->closed = true;
        return;
    }
    ending->closed = zc_task_wait(&generation->closer, deadline_ns);
    if (ending->closed) {
        ending->unmapped = generation->unmapped;
        zc_generation_give_back(generation);
        return;
    }
    pthread_mutex_lock(&cache->lock);
    mark_retired(generation);
    pthread_mutex_unlock(&cache->lock);
}

void zc_end(zc_generation *generation, int64_t timeout_ns, zc_ending *ending)
{
    *ending = (zc_ending){0};
    int64_t begin_ns = zc_now_ns();
    ending->left = zc_drain(generation, begin_ns + timeout_ns);
    ending->drain_ns = zc_now_ns() - begin_ns;
    if (!ending->left) {
        zc_retire(generation);
        return;
    }
    begin_ns = zc_now_ns();
    close_by(generation, begin_ns + timeout_ns, ending);
    ending->close_ns = zc_now_ns() - begin_ns;
}

/* ---- the close of the cache ------------------------------------------------------------------ */

/* Takes a free generation off the retired list that no thread attends to; NULL: there is none. */
static zc_generation *take_unattended(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    zc_generation *generation = cache->retired;
    while (generation != NULL && (generation->attended || !is_free(generation)))
        generation = generation->next;
    if (generation != NULL)
        (void)take_off(generation);
    pthread_mutex_unlock(&cache->lock);
    return generation;
}

/* Whether generations are retired that operations or leases still use. */
static bool any_in_use(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    const zc_generation *generation = cache->retired;
    while (generation != NULL && is_free(generation))
        generation = generation->next;
    pthread_mutex_unlock(&cache->lock);
    return generation != NULL;
}

static bool any_retired(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    bool any = cache->retired != NULL;
    pthread_mutex_unlock(&cache->lock);
    return any;
}

bool zc_reap_all(zc_cache *cache, int64_t deadline_ns, char plugin[ZCACHE_NAME_SIZE])
{
    bool done;
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        zc_generation *generation;
        while ((generation = take_unattended(cache)) != NULL)
            zc_close_here(generation);
        done = !zc_tasks_run(cache, plugin) && !any_retired(cache);
        if (done || zc_now_ns() >= deadline_ns)
            break;
        zc_wait_for_event(cache, seen, deadline_ns);
    }
    if (!done && any_in_use(cache))
        plugin[0] = '\0';
    zc_tasks_join(cache);
    return done;
}

bool zc_end_last(zc_generation *generation, void (*cache_free)(zc_cache *cache))
{
    zc_cache *cache = generation->cache;
    zc_ending ending = {0};
    close_by(generation, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS, &ending);
    if (!ending.closed) {
        if (zc_task_detach(&generation->closer, cache_free))
            return false;
        zc_generation_give_back(generation);
    }
    cache_free(cache);
    return true;
}

void zc_retire_after_fork_in_child(zc_cache *cache)
{
    zc_tasks_after_fork_in_child(cache);
    for (zc_generation *one = cache->retired; one != NULL; one = one->next)
        one->attended = false;
}
