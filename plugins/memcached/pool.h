/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One opened provider: its servers, libmemcached's ring that tells which server has a key, and a
 * pool of clients. A client has a connection to each server and what a batch needs, and is used by
 * one thread at a time; waiting for one of many is for a whole client, so that no two threads can
 * wait for each other's connections.
 *
 * Order of locks: pool->lock, then a resolver's.
 */
#ifndef MC_POOL_H
#define MC_POOL_H

#include <libmemcached/memcached.h>
#include <pthread.h>
#include <zcache/plugin.h>

typedef struct mc_options {
    zcache_list servers;
    int64_t pool_size;
    int64_t connect_timeout_ms;
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    int distribution;
} mc_options;

enum { MC_KETAMA, MC_MODULA };

typedef struct mc_pool mc_pool;
typedef struct mc_client mc_client;
typedef struct mc_lease mc_lease;
struct mc_server;
struct mc_connection;
struct mc_job;
struct pollfd;

struct mc_pool {
    const zcache_host *host;
    const mc_options *options;
    memcached_st *ring; /* only read after open: libmemcached's hashing writes nothing */
    struct mc_server *servers;
    size_t server_count;
    pthread_mutex_t lock;              /* guards all that follows, and each server's health */
    pthread_cond_t freed;              /* CLOCK_MONOTONIC: a client was given back */
    bool waitable;                     /* lock and freed exist */
    mc_client *idle;                   /* a stack: the warmest connections are used first */
    size_t client_count;               /* idle or in use */
    size_t waiters;                    /* for freed */
    unsigned generation;               /* grows in a forked child: what is older is the parent's */
    struct mc_connection *connections; /* all of them, the scans' too */
    mc_lease *leases;
};

struct mc_client {
    mc_pool *pool;
    mc_client *below; /* in the idle stack */
    unsigned generation;
    struct mc_connection *connections; /* one a server */
    struct mc_job *jobs;               /* one a server */
    struct pollfd *polls;              /* one a server */
    size_t capacity;                   /* of the two arrays of a batch */
    size_t *next;                      /* a list of keys for each job */
    unsigned char *marks;              /* MC_MARK_… of each key */
};

/* Errors leave a message and nothing else. */
zcache_status mc_pool_open(const zcache_host *host, const mc_options *options, mc_pool **pool);
void mc_pool_close(mc_pool *pool);

/* Takes a client out of the pool, waiting until the deadline if all are in use.
 * Errors, with a message: ZCACHE_E_TIMEOUT, ZCACHE_E_NOMEM. */
zcache_status mc_pool_acquire(mc_pool *pool, const zcache_call *call, mc_client **client);
void mc_pool_release(mc_client *client);

/* A client beside the pool, for an operation that lasts (a scan). NULL: out of memory. */
mc_client *mc_client_create(mc_pool *pool);
void mc_client_destroy(mc_client *client);

/* The native handle: a libmemcached client of the caller's own. */
zcache_status mc_lease_acquire(mc_pool *pool, void **handle);
void mc_lease_release(mc_pool *pool, void *handle);

void mc_pool_fork(mc_pool *pool, zcache_fork_phase phase);

/* ZCACHE_E_NOMEM, with its message. */
zcache_status mc_nomem(const mc_pool *pool);

#endif
