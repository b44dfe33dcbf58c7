/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Taking and giving back connections, when to try to connect again, and forking.
 */
#include "pool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "instance.h"

#define MILLISECOND INT64_C(1000000)
/* A connection that was idle for less is not asked whether it still lives. */
#define TRUSTED_IDLE_NS MILLISECOND

zcache_status redis_pool_init(redis_instance *instance)
{
    redis_pool *pool = &instance->pool;
    pool->max = (size_t)instance->options->pool_size;
    pool->random = (uint64_t)instance->host->now_ns() ^ (uint64_t)getpid() << 40;
    if (!redis_condition_init(&pool->changed))
        return redis_fail_nomem(instance);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        pthread_cond_destroy(&pool->changed);
        return redis_fail_nomem(instance);
    }
    return ZCACHE_OK;
}

/* ---- the lists; the lock is held ------------------------------------------------------------- */

static void list(redis_pool *pool, redis_connection *connection)
{
    connection->previous = NULL;
    connection->next = pool->all;
    if (pool->all != NULL)
        pool->all->previous = connection;
    pool->all = connection;
}

static void unlist(redis_pool *pool, redis_connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        pool->all = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
}

/* Takes a connection out of the pool, which the caller then frees without the lock. False: it
 * belongs to the process that this one was forked from, and is in no list. */
static bool retire(redis_pool *pool, redis_connection *connection)
{
    if (connection->epoch != pool->epoch)
        return false;
    unlist(pool, connection);
    pool->open--;
    pthread_cond_signal(&pool->changed);
    return true;
}

void redis_pool_drain(redis_instance *instance)
{
    redis_pool *pool = &instance->pool;
    pthread_mutex_lock(&pool->lock);
    redis_connection *idle = pool->idle;
    pool->idle = NULL;
    for (redis_connection *each = idle; each != NULL; each = each->next_idle)
        retire(pool, each);
    pthread_mutex_unlock(&pool->lock);
    while (idle != NULL) {
        redis_connection *next = idle->next_idle;
        redis_connection_free(idle);
        idle = next;
    }
}

void redis_pool_destroy(redis_instance *instance)
{
    redis_pool_drain(instance);
    pthread_mutex_destroy(&instance->pool.lock);
    pthread_cond_destroy(&instance->pool.changed);
}

/* ---- after failures; the lock is held -------------------------------------------------------- */

/* xorshift64: spreads the clients of a server that comes back, nothing more */
static uint64_t next_random(redis_pool *pool)
{
    pool->random ^= pool->random << 13;
    pool->random ^= pool->random >> 7;
    pool->random ^= pool->random << 17;
    return pool->random;
}

static void note_failure(redis_instance *instance, zcache_status status, const char *text,
                         int64_t now_ns)
{
    redis_pool *pool = &instance->pool;
    int64_t min_ns = instance->options->backoff_min_ms * MILLISECOND;
    int64_t max_ns = instance->options->backoff_max_ms * MILLISECOND;
    pool->failed_attempts++;
    pool->missed = true;
    if (pool->failures++ == 0) {
        pool->first_failure_ns = now_ns;
        pool->pause_ns = min_ns;
    } else if (now_ns >= pool->next_try_ns) { /* not one that began together with the last */
        pool->pause_ns *= 2;
    }
    if (pool->pause_ns > max_ns)
        pool->pause_ns = max_ns;
    /* from half of the pause to all of it */
    int64_t half_ns = pool->pause_ns / 2;
    pool->next_try_ns = now_ns + half_ns + (int64_t)(next_random(pool) % (uint64_t)(half_ns + 1));
    pool->last_failure_ns = now_ns;
    pool->failure = status;
    snprintf(pool->failure_text, sizeof(pool->failure_text), "%s", text);
    pthread_cond_broadcast(&pool->changed);
}

/* The answer while the pause lasts. Unlocks. */
static zcache_status fail_in_pause(redis_instance *instance)
{
    redis_pool *pool = &instance->pool;
    char text[sizeof(pool->failure_text)];
    memcpy(text, pool->failure_text, sizeof(text));
    zcache_status status = pool->failure == ZCACHE_E_TIMEOUT ? ZCACHE_E_UNAVAILABLE : pool->failure;
    unsigned failures = pool->failures;
    int64_t ms = (pool->last_failure_ns - pool->first_failure_ns) / MILLISECOND;
    pthread_mutex_unlock(&pool->lock);
    if (failures == 1)
        return redis_fail(instance, status, "%s (1 attempt)", text);
    return redis_fail(instance, status, "%s (%u attempts in %lld ms)", text, failures,
                      (long long)ms);
}

/* ---- taking and giving ----------------------------------------------------------------------- */

/* Under the lock, which is released. */
static void note_success(redis_instance *instance)
{
    redis_pool *pool = &instance->pool;
    unsigned failures = pool->failures;
    pool->opened++;
    pool->reconnects += pool->missed ? 1 : 0;
    pool->missed = false;
    pool->failures = 0;
    if (failures > 0)
        pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    if (failures > 0)
        instance->host->log(instance->host, ZCACHE_LOG_INFO,
                            "%s: connected again after %u failed attempts", instance->name,
                            failures);
}

/* What a failed attempt means for the caller, and for those to come. Under the lock, which is
 * released. */
static zcache_status give_up(redis_instance *instance, redis_connection *connection,
                             zcache_status status, bool hurried)
{
    redis_pool *pool = &instance->pool;
    bool first = pool->failures == 0;
    retire(pool, connection);
    if (hurried || status == ZCACHE_E_NOMEM) { /* which says nothing about the server */
        pthread_mutex_unlock(&pool->lock);
        return redis_fail(instance, status, "%s", connection->failure);
    }
    note_failure(instance, status, connection->failure, instance->host->now_ns());
    status = fail_in_pause(instance);
    if (first)
        instance->host->log(instance->host, ZCACHE_LOG_WARNING, "%s: %s", instance->name,
                            connection->failure);
    return status;
}

/* Opens a connection, for which `open` has been counted. */
static zcache_status open_connection(redis_instance *instance, int64_t deadline_ns,
                                     redis_connection **taken)
{
    redis_pool *pool = &instance->pool;
    int64_t limit_ns =
        instance->host->now_ns() + instance->options->connect_timeout_ms * MILLISECOND;
    redis_connection *connection = redis_connection_new(instance);
    pthread_mutex_lock(&pool->lock);
    if (connection == NULL) {
        pool->open--;
        pool->trying = false;
        pthread_cond_signal(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
        return redis_fail_nomem(instance);
    }
    connection->epoch = pool->epoch;
    connection->in_use = true;
    connection->owner = pthread_self();
    list(pool, connection);
    pthread_mutex_unlock(&pool->lock);

    zcache_status status =
        redis_connection_open(connection, limit_ns < deadline_ns ? limit_ns : deadline_ns);

    pthread_mutex_lock(&pool->lock);
    pool->trying = false;
    if (status == ZCACHE_OK) {
        note_success(instance);
        *taken = connection;
        return ZCACHE_OK;
    }
    status =
        give_up(instance, connection, status, status == ZCACHE_E_TIMEOUT && limit_ns > deadline_ns);
    redis_connection_free(connection);
    return status;
}

/* Takes the connection that was used last, if there is one. The lock is held. */
static redis_connection *take_idle(redis_pool *pool)
{
    redis_connection *connection = pool->idle;
    if (connection != NULL) {
        pool->idle = connection->next_idle;
        connection->in_use = true;
        connection->owner = pthread_self();
        connection->pooled = true;
    }
    return connection;
}

/* Whether a new connection may not be tried now. The lock is held. */
static bool must_pause(const redis_pool *pool, int64_t now_ns)
{
    return pool->failures > 0 && (pool->trying || now_ns < pool->next_try_ns);
}

/* Waits for a change. The lock is held. */
static bool wait_for_change(redis_pool *pool, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / (1000 * MILLISECOND),
                             deadline_ns % (1000 * MILLISECOND)};
    pool->waiting++;
    int error = pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
    pool->waiting--;
    return error == 0;
}

zcache_status redis_pool_take(redis_instance *instance, int64_t deadline_ns,
                              redis_connection **taken)
{
    redis_pool *pool = &instance->pool;
    int64_t now_ns = instance->host->now_ns();
    bool in_time = now_ns < deadline_ns;
    pthread_mutex_lock(&pool->lock);
    while (in_time) {
        redis_connection *connection = take_idle(pool);
        if (connection != NULL) {
            pthread_mutex_unlock(&pool->lock);
            if (now_ns - connection->idle_since_ns < TRUSTED_IDLE_NS ||
                redis_connection_quiet(connection)) {
                *taken = connection;
                return ZCACHE_OK;
            }
            redis_pool_discard(instance, connection);
            pthread_mutex_lock(&pool->lock);
        } else if (pool->open < pool->max) {
            if (must_pause(pool, now_ns))
                return fail_in_pause(instance);
            pool->trying = pool->failures > 0;
            pool->open++;
            pthread_mutex_unlock(&pool->lock);
            return open_connection(instance, deadline_ns, taken);
        } else {
            in_time = wait_for_change(pool, deadline_ns);
            now_ns = instance->host->now_ns();
        }
    }
    size_t open = pool->open;
    pthread_cond_signal(&pool->changed); /* the one that came too late here may do for another */
    pthread_mutex_unlock(&pool->lock);
    return redis_fail(instance, ZCACHE_E_TIMEOUT,
                      open == pool->max ? "the deadline passed while all %zu connections were in "
                                          "use (pool_size allows no more)"
                                        : "the deadline had passed before a connection was taken",
                      open);
}

zcache_status redis_pool_open_apart(redis_instance *instance, int64_t deadline_ns,
                                    redis_connection **connection)
{
    redis_pool *pool = &instance->pool;
    pthread_mutex_lock(&pool->lock);
    if (must_pause(pool, instance->host->now_ns()))
        return fail_in_pause(instance);
    pool->trying = pool->failures > 0;
    pool->open++;
    pthread_mutex_unlock(&pool->lock);
    return open_connection(instance, deadline_ns, connection);
}

void redis_pool_lend(redis_instance *instance, redis_connection *connection, redis_lease *lease)
{
    redis_pool *pool = &instance->pool;
    pthread_mutex_lock(&pool->lock);
    retire(pool, connection);
    connection->fd = -1;
    redis_native_list(&pool->leases, lease);
    pthread_mutex_unlock(&pool->lock);
    redis_connection_free(connection);
}

void redis_pool_give(redis_instance *instance, redis_connection *connection)
{
    redis_pool *pool = &instance->pool;
    if (connection->spoilt) {
        redis_pool_discard(instance, connection);
        return;
    }
    connection->idle_since_ns = instance->host->now_ns();
    pthread_mutex_lock(&pool->lock);
    bool ours = connection->epoch == pool->epoch;
    if (ours) {
        connection->in_use = false;
        connection->next_idle = pool->idle;
        pool->idle = connection;
        if (pool->waiting > 0)
            pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!ours)
        redis_connection_free(connection);
}

void redis_pool_discard(redis_instance *instance, redis_connection *connection)
{
    redis_pool *pool = &instance->pool;
    pthread_mutex_lock(&pool->lock);
    if (retire(pool, connection)) {
        pool->lost++;
        pool->missed = true;
    }
    pthread_mutex_unlock(&pool->lock);
    redis_connection_free(connection);
}

static zcache_status exchange_once(redis_instance *instance, redis_exchange *exchange,
                                   int64_t deadline_ns, bool *again)
{
    redis_connection *connection;
    zcache_status status = redis_pool_take(instance, deadline_ns, &connection);
    if (status != ZCACHE_OK) {
        *again = false;
        return status;
    }
    status = redis_connection_exchange(connection, exchange, deadline_ns);
    if (status == ZCACHE_OK) {
        redis_pool_give(instance, connection);
        *again = false;
        return ZCACHE_OK;
    }
    /* Nothing was taken by the socket, so nothing can have been carried out; or it does not matter
     * that it was. */
    *again = *again && connection->pooled && status == ZCACHE_E_UNAVAILABLE && !exchange->heard &&
             (exchange->repeatable || exchange->sent == 0);
    if (!*again)
        redis_fail(instance, status, "%s", connection->failure);
    redis_pool_discard(instance, connection);
    return status;
}

zcache_status redis_pool_exchange(redis_instance *instance, redis_exchange *exchange,
                                  int64_t deadline_ns)
{
    if (exchange->commands.failed)
        return redis_fail_nomem(instance);
    exchange->sent = 0;
    exchange->answered = 0;
    exchange->heard = false;
    bool again = true;
    zcache_status status = exchange_once(instance, exchange, deadline_ns, &again);
    if (again) {
        redis_pool_drain(instance);
        exchange->sent = 0;
        again = false;
        status = exchange_once(instance, exchange, deadline_ns, &again);
    }
    if (status == ZCACHE_E_TIMEOUT)
        atomic_fetch_add_explicit(&instance->timeouts, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&instance->round_trips, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&instance->commands, exchange->commands.count, memory_order_relaxed);
    return status;
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* In the child, under the lock. Connections of threads that do not exist here are freed; one that
 * the forking thread is using right now only loses its socket, and is freed when given back. */
static void forget_connections(redis_pool *pool)
{
    redis_connection *all = pool->all;
    pool->all = NULL;
    pool->idle = NULL;
    pool->open = 0;
    pool->epoch++;
    while (all != NULL) {
        redis_connection *next = all->next;
        redis_connection_drop(all);
        if (!all->in_use || !pthread_equal(all->owner, pthread_self()))
            redis_connection_free(all);
        all = next;
    }
}

void redis_pool_fork(redis_instance *instance, zcache_fork_phase phase)
{
    redis_pool *pool = &instance->pool;
    if (phase == ZCACHE_FORK_PREPARE) {
        pthread_mutex_lock(&pool->lock);
        return;
    }
    if (phase == ZCACHE_FORK_CHILD) {
        /* made anew: the old one counts waiting threads that do not exist here */
        redis_condition_init(&pool->changed);
        forget_connections(pool);
        redis_native_fork_child(instance);
        pool->waiting = 0;
        pool->trying = false;
        pool->failures = 0;
        pool->next_try_ns = 0;
        pool->random ^= (uint64_t)getpid() << 20;
    }
    pthread_mutex_unlock(&pool->lock);
}
