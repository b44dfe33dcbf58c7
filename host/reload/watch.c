/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The thread sleeps until something on the way to the file changes, waits until it is still, sets
 * its watches anew, for the way may be another now, and only then reads: a change after the watches
 * were set wakes it again, one before them it reads.
 */
#include "reload/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "reload/reload.h"
#include "reload/trail.h"
#include "swap/swap.h"

/* How long nothing may happen before the file is read, and how long that is waited for. */
#define STILL_MS      100
#define SETTLE_MAX_MS 500
/* How long a writer in the middle of the file is waited for. */
#define UNWRITTEN_MAX_MS 5000
/* Until another swap may be over. */
#define TURN_MS 50

struct zc_watch {
    zc_cache *cache;
    zc_trail trail; /* the thread's, while it runs */
    bool due;       /* the file is not what was loaded; the thread's */
    bool gone;      /* the last reload failed because it is not there; the thread's */
    int wake;       /* an eventfd: readable while the thread is to end */
    pthread_t thread;
    /* Guarded by cache->lock. */
    bool started; /* `thread` is to be joined, and the descriptors to be closed */
    bool ended;   /* it looks at nothing here any more */
    bool off;     /* the configuration says so */
    bool paused;  /* the cache is being closed */
    bool forked;  /* this is a child, which does not watch */
};

/* ---- the thread ------------------------------------------------------------------------------ */

/* Sleeps until there is news, the end is asked for (false), or the time has passed. */
static bool sleep_ms(const zc_watch *watch, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = watch->wake, .events = POLLIN},
                            {.fd = watch->trail.fd, .events = POLLIN}};
    return poll(fds, 2, timeout_ms) <= 0 || (fds[0].revents & POLLIN) == 0;
}

/* The same, without looking at news. */
static bool pause_ms(const zc_watch *watch, int timeout_ms)
{
    struct pollfd fd = {.fd = watch->wake, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) <= 0;
}

static bool is_over(zc_watch *watch)
{
    pthread_mutex_lock(&watch->cache->lock);
    watch->ended = watch->off || watch->paused;
    bool over = watch->ended;
    pthread_mutex_unlock(&watch->cache->lock);
    return over;
}

/* Waits until nothing happens any more. */
static void settle(zc_watch *watch)
{
    int64_t begin_ns = zc_now_ns(), last_ns = begin_ns;
    for (;;) {
        int64_t now_ns = zc_now_ns();
        bool stirs = watch->trail.stirs;
        int64_t max_ms = stirs ? UNWRITTEN_MAX_MS : SETTLE_MAX_MS;
        int64_t still_ms = stirs ? UNWRITTEN_MAX_MS : STILL_MS;
        int64_t left_ms = still_ms - (now_ns - last_ns) / ZC_NS_PER_MS;
        if (left_ms <= 0 || now_ns - begin_ns >= max_ms * ZC_NS_PER_MS ||
            !sleep_ms(watch, (int)left_ms))
            return;
        if (zc_trail_read(&watch->trail) != ZC_TRAIL_QUIET)
            last_ns = zc_now_ns();
    }
}

/* One that is not there was told of once. */
static bool is_told(zc_watch *watch)
{
    bool gone = access(zc_config_source_file(watch->cache->source), F_OK) != 0;
    bool told = gone && watch->gone;
    watch->gone = gone;
    return told;
}

/* When no swap is under way. */
static void reload(zc_watch *watch)
{
    zc_cache *cache = watch->cache;
    while (zc_swap_begin(cache, "reload") != ZCACHE_OK)
        if (!pause_ms(watch, TURN_MS)) {
            watch->due = true; /* if the close fails */
            return;
        }
    const zcache_reload_options asked = {.size = sizeof(asked)};
    zcache_reload_report report;
    if (zc_reload(cache, &asked, &report) != ZCACHE_OK)
        zc_log_write(&cache->log, ZCACHE_LOG_ERROR, "%s", zc_error_text());
    zc_swap_end(cache);
}

/* With the lock, so that a forked child finds the trail whole. */
static void follow(zc_watch *watch)
{
    pthread_mutex_lock(&watch->cache->lock);
    zcache_status status =
        zc_trail_follow(&watch->trail, zc_config_source_file(watch->cache->source));
    pthread_mutex_unlock(&watch->cache->lock);
    if (status != ZCACHE_OK)
        zc_log_write(&watch->cache->log, ZCACHE_LOG_ERROR,
                     "changes of the configuration may be missed: %s", zc_error_text());
}

static void *run(void *argument)
{
    zc_watch *watch = argument;
    while (!is_over(watch)) {
        zc_trail_news news = watch->due ? ZC_TRAIL_CHANGED : zc_trail_read(&watch->trail);
        watch->due = false;
        if (news != ZC_TRAIL_CHANGED) {
            sleep_ms(watch, -1);
            continue;
        }
        settle(watch);
        if (is_over(watch))
            break;
        follow(watch);
        if (!is_told(watch))
            reload(watch);
    }
    return NULL;
}

/* ---- starting and ending --------------------------------------------------------------------- */

/* Tells the thread to end, or not to, as the flags say. With the lock. */
static void wake(zc_watch *watch)
{
    uint64_t count = 1;
    ssize_t done = watch->off || watch->paused ? write(watch->wake, &count, sizeof(count))
                                               : read(watch->wake, &count, sizeof(count));
    (void)done; /* it fails only if that is how it is already */
}

static void close_descriptors(zc_watch *watch)
{
    zc_trail_close(&watch->trail);
    if (watch->wake >= 0)
        close(watch->wake);
    watch->wake = -1;
}

static zcache_status open_descriptors(zc_watch *watch)
{
    zcache_status status = zc_trail_open(&watch->trail);
    if (status != ZCACHE_OK)
        return status;
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->wake < 0) {
        status = zc_error(ZCACHE_E_UNAVAILABLE, "no eventfd: %s", strerror(errno));
        close_descriptors(watch);
    }
    return status;
}

/* Joins a thread that has ended, or is about to. Without the lock. */
static void join(zc_watch *watch)
{
    pthread_join(watch->thread, NULL);
    pthread_mutex_lock(&watch->cache->lock);
    close_descriptors(watch);
    watch->started = false;
    pthread_mutex_unlock(&watch->cache->lock);
}

/* With the lock, which the thread waits for before it does anything. */
static zcache_status start_thread(zc_watch *watch)
{
    int failed = zc_thread_start(&watch->thread, "zcache-watch", run, watch);
    if (failed != 0) {
        close_descriptors(watch);
        return zc_error(ZCACHE_E_UNAVAILABLE, "no thread: %s", strerror(failed));
    }
    watch->ended = false;
    watch->started = true;
    return ZCACHE_OK;
}

static zcache_status start(zc_watch *watch)
{
    pthread_mutex_t *lock = &watch->cache->lock;
    pthread_mutex_lock(lock);
    zcache_status status = open_descriptors(watch);
    pthread_mutex_unlock(lock);
    if (status != ZCACHE_OK)
        return status;
    follow(watch);
    watch->gone = false;
    watch->due = zc_config_source_is_stale(watch->cache->source);
    pthread_mutex_lock(lock);
    status = start_thread(watch);
    pthread_mutex_unlock(lock);
    return status;
}

/* Makes the thread run or end, as the flags say. */
static zcache_status obey(zc_watch *watch)
{
    zc_cache *cache = watch->cache;
    pthread_mutex_lock(&cache->lock);
    bool runs = watch->started && !watch->ended;
    bool begin = !runs && !watch->off && !watch->paused && !watch->forked;
    if (runs)
        wake(watch);
    pthread_mutex_unlock(&cache->lock);
    if (!begin)
        return ZCACHE_OK;
    if (watch->started)
        join(watch);
    return start(watch);
}

void zc_watch_set(zc_cache *cache, bool on)
{
    zc_watch *watch = cache->watch;
    zcache_status status = ZCACHE_OK;
    if (watch == NULL && !on)
        return;
    if (watch == NULL) {
        watch = zc_alloc(sizeof(*watch));
        if (watch != NULL)
            *watch = (zc_watch){.cache = cache, .trail = {.fd = -1}, .wake = -1};
        else
            status = zc_error_nomem();
    }
    if (watch != NULL) {
        pthread_mutex_lock(&cache->lock);
        cache->watch = watch;
        watch->off = !on;
        pthread_mutex_unlock(&cache->lock);
        status = obey(watch);
    }
    if (status != ZCACHE_OK)
        zc_log_write(&cache->log, ZCACHE_LOG_ERROR, "the configuration is not watched: %s",
                     zc_error_text());
}

void zc_watch_pause(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    zc_watch *watch = cache->watch;
    if (watch != NULL) {
        watch->paused = true;
        if (watch->started)
            wake(watch);
    }
    pthread_mutex_unlock(&cache->lock);
}

void zc_watch_resume(zc_cache *cache)
{
    zc_watch *watch = cache->watch;
    if (watch == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    watch->paused = false;
    pthread_mutex_unlock(&cache->lock);
    if (obey(watch) != ZCACHE_OK)
        zc_log_write(&cache->log, ZCACHE_LOG_ERROR, "the configuration is not watched: %s",
                     zc_error_text());
}

void zc_watch_join(zc_cache *cache)
{
    zc_watch_pause(cache);
    if (cache->watch != NULL && cache->watch->started)
        join(cache->watch);
}

void zc_watch_after_fork_in_child(zc_cache *cache)
{
    zc_watch *watch = cache->watch;
    if (watch == NULL)
        return;
    watch->forked = true;
    watch->started = false;
    /* Not removed from the inotify, which is the parent's too. What the trail has allocated is
     * freed with the watch: in a child of many threads that may be too early. */
    if (watch->trail.fd >= 0)
        close(watch->trail.fd);
    if (watch->wake >= 0)
        close(watch->wake);
    watch->trail.fd = -1;
    watch->wake = -1;
}

void zc_watch_free(zc_cache *cache)
{
    zc_watch *watch = cache->watch;
    if (watch != NULL && watch->forked)
        zc_trail_close(&watch->trail);
    zc_free(watch);
}
