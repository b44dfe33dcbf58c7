/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The connections of an instance: at most `max`, the last used first, and what is known of the
 * server when it cannot be reached. After a failed attempt to connect, nobody tries until a
 * growing, jittered pause has passed, and then one alone; meanwhile all others fail at once with
 * the reason of the last failure.
 */
#ifndef REDIS_POOL_H
#define REDIS_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <zcache/plugin.h>

#include "connection.h"

typedef struct redis_lease redis_lease;

typedef struct redis_pool {
    /* Guards everything here. The innermost lock: never held while waiting for a server or in a
     * call of the host. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a connection is idle, or may be opened, or trying has failed */
    redis_connection *idle; /* last used first */
    redis_connection *all;  /* idle, in use and being opened */
    redis_lease *leases;    /* native handles that are out */
    size_t open, max;       /* connections, those being opened included */
    size_t waiting;         /* threads */
    unsigned epoch;         /* how often this process has been the child of a fork */
    /* since the server could last be reached */
    unsigned failures; /* 0: it can be reached, as far as is known */
    bool trying;       /* somebody is connecting while failures > 0 */
    int64_t first_failure_ns, last_failure_ns, next_try_ns;
    int64_t pause_ns;
    zcache_status failure;
    char failure_text[256];
    uint64_t random;
    /* statistics */
    uint64_t opened, lost, reconnects, failed_attempts;
    bool missed; /* a connection was lost or not made since one was last made */
} redis_pool;

zcache_status redis_pool_init(redis_instance *instance);
/* Frees what is left; nothing is in use any more. */
void redis_pool_destroy(redis_instance *instance);

/* Takes a connection, which it opens if none is idle, or waits for until the deadline. */
zcache_status redis_pool_take(redis_instance *instance, int64_t deadline_ns,
                              redis_connection **connection);
/* Gives it back in order. */
void redis_pool_give(redis_instance *instance, redis_connection *connection);
/* Gives it back to be closed. */
void redis_pool_discard(redis_instance *instance, redis_connection *connection);
/* Closes all that are idle: another one was found dead, and so may they be. */
void redis_pool_drain(redis_instance *instance);

/* Opens a connection, logged in and in blocking mode, beside those that may be taken: to be lent or
 * discarded. */
zcache_status redis_pool_open_apart(redis_instance *instance, int64_t deadline_ns,
                                    redis_connection **connection);
/* Lets the socket go, which belongs to the lease from now on, and frees the connection. */
void redis_pool_lend(redis_instance *instance, redis_connection *connection, redis_lease *lease);

/* Takes, exchanges, gives back. Sends a second time, on another connection, what a connection that
 * had been idle has lost, if it is certain that the server has not carried out any of it, or that
 * this makes no difference. */
zcache_status redis_pool_exchange(redis_instance *instance, redis_exchange *exchange,
                                  int64_t deadline_ns);

void redis_pool_fork(redis_instance *instance, zcache_fork_phase phase);

#endif
