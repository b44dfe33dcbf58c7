/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Whoever ends the last pin or lease of a draining generation adds to cache->drain_events and wakes
 * its sleepers: waiting costs nothing, and operations pay nothing while nothing is draining.
 */
#include "core/retire.h"

#include <signal.h>

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

/* Sleeps for an event after `seen`. */
static void wait_for_event(zc_cache *cache, uint32_t seen, int64_t deadline_ns)
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
        wait_for_event(cache, seen, deadline_ns);
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
        wait_for_event(cache, seen, deadline_ns);
    }
}

/* Takes a free generation off the retired list; NULL: there is none. With cache->lock. */
static zc_generation *take_free(zc_cache *cache)
{
    for (zc_generation **at = &cache->retired; *at != NULL; at = &(*at)->next) {
        zc_generation *generation = *at;
        if (is_free(generation)) {
            *at = generation->next;
            return generation;
        }
    }
    return NULL;
}

/* Closes what is free. With cache->lock, which is dropped meanwhile. */
static void close_free(zc_cache *cache)
{
    zc_generation *generation;
    while ((generation = take_free(cache)) != NULL) {
        pthread_mutex_unlock(&cache->lock);
        uint64_t number = generation->number;
        bool unmapped = zc_generation_close(generation, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS);
        zc_log_write(&cache->log, ZCACHE_LOG_INFO, "generation %llu is closed%s",
                     (unsigned long long)number, unmapped ? ", its plugin unloaded" : "");
        pthread_mutex_lock(&cache->lock);
    }
}

static void *reap(void *argument)
{
    zc_cache *cache = argument;
    pthread_mutex_lock(&cache->lock);
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        close_free(cache);
        if (cache->retired == NULL)
            break;
        pthread_mutex_unlock(&cache->lock);
        wait_for_event(cache, seen, INT64_MAX);
        pthread_mutex_lock(&cache->lock);
    }
    cache->reaping = false;
    pthread_mutex_unlock(&cache->lock);
    return NULL;
}

/* Joins a reaper that has ended or is about to. Without cache->lock. */
static void join_reaper(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    bool join = cache->reaper_started;
    cache->reaper_started = false;
    pthread_mutex_unlock(&cache->lock);
    if (join)
        pthread_join(cache->reaper, NULL);
}

/* The reaper takes no signal of the application's. */
static bool start_reaper(zc_cache *cache)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&cache->reaper, NULL, reap, cache) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void zc_retire(zc_generation *generation)
{
    zc_cache *cache = generation->cache;
    pthread_mutex_lock(&cache->lock);
    generation->phase = ZC_GENERATION_RETIRED;
    generation->next = cache->retired;
    cache->retired = generation;
    bool start = !cache->reaping;
    cache->reaping = true;
    pthread_mutex_unlock(&cache->lock);
    if (!start)
        return;
    /* One swap at a time comes here: nobody else starts or joins. */
    join_reaper(cache);
    bool started = start_reaper(cache);
    pthread_mutex_lock(&cache->lock);
    cache->reaper_started = started;
    if (!started)
        cache->reaping = false;
    pthread_mutex_unlock(&cache->lock);
    if (!started)
        zc_log_write(&cache->log, ZCACHE_LOG_WARNING,
                     "no thread could be started to close generation %llu: it is closed with the "
                     "cache",
                     (unsigned long long)generation->number);
}

bool zc_reap_all(zc_cache *cache, int64_t deadline_ns)
{
    pthread_mutex_lock(&cache->lock);
    for (;;) {
        uint32_t seen = atomic_load(&cache->drain_events);
        close_free(cache);
        if (cache->retired == NULL || zc_now_ns() >= deadline_ns)
            break;
        pthread_mutex_unlock(&cache->lock);
        wait_for_event(cache, seen, deadline_ns);
        pthread_mutex_lock(&cache->lock);
    }
    bool done = cache->retired == NULL;
    if (done)
        zc_pin_wake_cache(cache); /* the reaper looks, and ends */
    pthread_mutex_unlock(&cache->lock);
    if (done)
        join_reaper(cache);
    return done;
}
