/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The pool of pool.h: opening the servers and the ring, handing clients out, native leases, forks.
 */
#include "pool.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "exchange.h"

struct mc_lease {
    mc_lease *next;
    memcached_st *handle;
    unsigned generation;
};

zcache_status mc_nomem(const mc_pool *pool)
{
    return pool->host->error(pool->host, ZCACHE_E_NOMEM, "memcached: out of memory");
}

/* ---- servers and ring --------------------------------------------------------------------------
 */

/* Sets up libmemcached: keys go to the servers that its other users, in any language, find them on.
 * Servers are never ejected from the ring: their keys would be looked for elsewhere, where stale
 * copies may be. */
static memcached_st *make_ring(const mc_pool *pool)
{
    memcached_st *ring = memcached_create(NULL);
    memcached_return_t result = MEMCACHED_SUCCESS;

    if (ring == NULL)
        return NULL;
    bool ketama = pool->options->distribution == MC_KETAMA;
    const struct {
        memcached_behavior_t behavior;
        uint64_t value;
    } behaviors[] = {
        {ketama ? MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED : MEMCACHED_BEHAVIOR_DISTRIBUTION,
         ketama ? 1 : (uint64_t)MEMCACHED_DISTRIBUTION_MODULA},
        {MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1},
        {MEMCACHED_BEHAVIOR_VERIFY_KEY, 1},
        {MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
        {MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (uint64_t)pool->options->connect_timeout_ms},
    };
    for (size_t i = 0; i < sizeof(behaviors) / sizeof(behaviors[0]); i++)
        if (result == MEMCACHED_SUCCESS)
            result = memcached_behavior_set(ring, behaviors[i].behavior, behaviors[i].value);
    for (size_t s = 0; s < pool->server_count && result == MEMCACHED_SUCCESS; s++) {
        const mc_address *address = &pool->servers[s].address;
        result =
            address->port == 0
                ? memcached_server_add_unix_socket_with_weight(ring, address->host, address->weight)
                : memcached_server_add_with_weight(ring, address->host, address->port,
                                                   address->weight);
    }
    if (result == MEMCACHED_SUCCESS && memcached_server_count(ring) == pool->server_count)
        return ring;
    memcached_free(ring);
    return NULL;
}

/* Reads the server list: names, and the same server twice, which would only skew the ring. */
static zcache_status parse_servers(mc_pool *pool)
{
    const zcache_host *host = pool->host;
    const zcache_list *list = &pool->options->servers;
    const char *why = NULL;

    if (list->count == 0)
        return host->error(host, ZCACHE_E_CONFIG,
                           "memcached: `servers` is empty; it takes " MC_ADDRESS_FORMS);
    if (list->count > MC_SERVERS_MAX)
        return host->error(host, ZCACHE_E_CONFIG,
                           "memcached: `servers` has %zu entries; at most %d are allowed",
                           list->count, MC_SERVERS_MAX);
    for (size_t s = 0; s < list->count; s++) {
        mc_address *address = &pool->servers[s].address;
        if (!mc_parse_address(list->items[s], address, &why))
            return host->error(host, ZCACHE_E_CONFIG,
                               "memcached: servers: \"%s\": %s; allowed is " MC_ADDRESS_FORMS,
                               list->items[s], why);
        for (size_t other = 0; other < s; other++)
            if (strcmp(pool->servers[other].address.text, address->text) == 0)
                return host->error(host, ZCACHE_E_CONFIG,
                                   "memcached: servers: \"%s\" is there twice", address->text);
    }
    return ZCACHE_OK;
}

static zcache_status open_servers(mc_pool *pool)
{
    zcache_status status = ZCACHE_OK;
    size_t count = pool->options->servers.count;

    pool->servers = pool->host->alloc((count > 0 ? count : 1) * sizeof(*pool->servers));
    if (pool->servers == NULL)
        return mc_nomem(pool);
    memset(pool->servers, 0, (count > 0 ? count : 1) * sizeof(*pool->servers));
    status = parse_servers(pool);
    for (size_t s = 0; s < count && status == ZCACHE_OK; s++) {
        status = mc_resolver_open(&pool->servers[s].resolver, &pool->servers[s].address);
        if (status == ZCACHE_OK)
            pool->server_count++;
        else
            mc_nomem(pool);
    }
    return status;
}

/* ---- open and close ----------------------------------------------------------------------------
 */

static bool open_condition(mc_pool *pool)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    int error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (error == 0)
        error = pthread_cond_init(&pool->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    return error == 0;
}

static bool open_lock(mc_pool *pool)
{
    if (pthread_mutex_init(&pool->lock, NULL) != 0)
        return false;
    pool->waitable = open_condition(pool);
    if (!pool->waitable)
        pthread_mutex_destroy(&pool->lock);
    return pool->waitable;
}

zcache_status mc_pool_open(const zcache_host *host, const mc_options *options, mc_pool **result)
{
    mc_pool *pool = host->alloc(sizeof(*pool));
    if (pool == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "memcached: out of memory");
    *pool = (mc_pool){.host = host, .options = options};

    zcache_status status = open_servers(pool);
    if (status == ZCACHE_OK) {
        pool->ring = make_ring(pool);
        if (pool->ring == NULL || !open_lock(pool))
            status = mc_nomem(pool);
    }
    if (status == ZCACHE_OK)
        *result = pool;
    else
        mc_pool_close(pool);
    return status;
}

void mc_pool_close(mc_pool *pool)
{
    const zcache_host *host = pool->host;
    while (pool->idle != NULL) {
        mc_client *client = pool->idle;
        pool->idle = client->below;
        mc_client_destroy(client);
    }
    for (size_t s = 0; s < pool->server_count; s++)
        mc_resolver_close(&pool->servers[s].resolver);
    if (pool->ring != NULL)
        memcached_free(pool->ring);
    if (pool->waitable) {
        pthread_cond_destroy(&pool->freed);
        pthread_mutex_destroy(&pool->lock);
    }
    host->free(pool->servers);
    host->free(pool);
}

/* ---- clients -----------------------------------------------------------------------------------
 */

mc_client *mc_client_create(mc_pool *pool)
{
    const zcache_host *host = pool->host;
    size_t count = pool->server_count;

    mc_client *client = host->alloc(sizeof(*client));
    if (client == NULL)
        return NULL;
    *client = (mc_client){.pool = pool};
    client->connections = host->alloc(count * sizeof(*client->connections));
    client->jobs = host->alloc(count * sizeof(*client->jobs));
    client->polls = host->alloc(count * sizeof(*client->polls));
    if (client->connections == NULL || client->jobs == NULL || client->polls == NULL) {
        host->free(client->connections);
        host->free(client->jobs);
        host->free(client->polls);
        host->free(client);
        return NULL;
    }
    for (size_t s = 0; s < count; s++)
        mc_connection_init(&client->connections[s], pool, &pool->servers[s]);
    pthread_mutex_lock(&pool->lock);
    client->generation = pool->generation;
    pthread_mutex_unlock(&pool->lock);
    return client;
}

void mc_client_destroy(mc_client *client)
{
    const zcache_host *host = client->pool->host;
    for (size_t s = 0; s < client->pool->server_count; s++)
        mc_connection_end(&client->connections[s]);
    host->free(client->connections);
    host->free(client->jobs);
    host->free(client->polls);
    host->free(client->next);
    host->free(client->marks);
    host->free(client);
}

/* Waits, with the lock held, until a client is idle or may be made. */
static zcache_status wait_for_client(mc_pool *pool, int64_t deadline_ns)
{
    const struct timespec until = {.tv_sec = deadline_ns / 1000000000,
                                   .tv_nsec = deadline_ns % 1000000000};
    int error = 0;

    pool->waiters++;
    while (pool->idle == NULL && pool->client_count >= (size_t)pool->options->pool_size &&
           error == 0)
        error = pthread_cond_timedwait(&pool->freed, &pool->lock, &until);
    pool->waiters--;
    if (error == 0)
        return ZCACHE_OK;
    return pool->host->error(pool->host, ZCACHE_E_TIMEOUT,
                             "memcached: all %lld clients were in use until the deadline: raise "
                             "pool_size",
                             (long long)pool->options->pool_size);
}

zcache_status mc_pool_acquire(mc_pool *pool, const zcache_call *call, mc_client **result)
{
    const zcache_host *host = pool->host;
    mc_client *client = NULL;

    if (host->now_ns() >= call->deadline_ns)
        return host->error(host, ZCACHE_E_TIMEOUT,
                           "memcached: the deadline had passed before the "
                           "operation began");
    pthread_mutex_lock(&pool->lock);
    zcache_status status = wait_for_client(pool, call->deadline_ns);
    if (status == ZCACHE_OK) {
        client = pool->idle;
        if (client != NULL)
            pool->idle = client->below;
        else
            pool->client_count++; /* it is made below, without the lock */
    }
    pthread_mutex_unlock(&pool->lock);
    if (status != ZCACHE_OK)
        return status;
    if (client == NULL)
        client = mc_client_create(pool);
    if (client == NULL) {
        pthread_mutex_lock(&pool->lock);
        pool->client_count--;
        pthread_cond_signal(&pool->freed);
        pthread_mutex_unlock(&pool->lock);
        return mc_nomem(pool);
    }
    *result = client;
    return ZCACHE_OK;
}

void mc_pool_release(mc_client *client)
{
    mc_pool *pool = client->pool;
    pthread_mutex_lock(&pool->lock);
    bool ours = client->generation == pool->generation;
    if (ours) {
        client->below = pool->idle;
        pool->idle = client;
        if (pool->waiters > 0)
            pthread_cond_signal(&pool->freed);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!ours)
        mc_client_destroy(client); /* its sink forked, and this is the child */
}

/* ---- native leases -----------------------------------------------------------------------------
 */

/* Not memcached_clone: with a weighted ring, libmemcached 1.1.4's copies look for most keys on
 * other servers than the original. */
zcache_status mc_lease_acquire(mc_pool *pool, void **handle)
{
    mc_lease *lease = pool->host->alloc(sizeof(*lease));
    if (lease == NULL)
        return mc_nomem(pool);
    lease->handle = make_ring(pool);
    if (lease->handle == NULL) {
        pool->host->free(lease);
        return mc_nomem(pool);
    }
    *handle = lease->handle;
    pthread_mutex_lock(&pool->lock);
    lease->generation = pool->generation;
    lease->next = pool->leases;
    pool->leases = lease;
    pthread_mutex_unlock(&pool->lock);
    return ZCACHE_OK;
}

void mc_lease_release(mc_pool *pool, void *handle)
{
    pthread_mutex_lock(&pool->lock);
    mc_lease **at = &pool->leases;
    while (*at != NULL && (*at)->handle != handle)
        at = &(*at)->next;
    mc_lease *lease = *at;
    if (lease != NULL)
        *at = lease->next;
    bool ours = lease != NULL && lease->generation == pool->generation;
    pthread_mutex_unlock(&pool->lock);
    pool->host->free(lease);
    if (!ours)
        return; /* the parent's: libmemcached would say "quit" on its sockets, which it does not
                 * show; a child gives them up with its memory */
    /* It says "quit" and waits for the end of what comes back: not long, if the server is stuck. */
    (void)memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 1);
    memcached_free(handle);
}

/* ---- fork --------------------------------------------------------------------------------------
 */

/* In the child: every socket is closed without a byte, idle clients are freed, those in use are
 * their threads', which do not exist here, but for the one that forked from a sink: it finds its
 * client closed and frees it. */
static void become_child(mc_pool *pool)
{
    for (struct mc_connection *c = pool->connections; c != NULL; c = c->next) {
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        c->probe = false;
    }
    for (size_t s = 0; s < pool->server_count; s++)
        pool->servers[s].probing = false;
    pool->generation++;
    pool->client_count = 0;
    pool->waiters = 0;
    (void)open_condition(pool); /* its waiters do not exist here; on Linux it needs no memory */
}

void mc_pool_fork(mc_pool *pool, zcache_fork_phase phase)
{
    bool prepare = phase == ZCACHE_FORK_PREPARE;
    bool child = phase == ZCACHE_FORK_CHILD;
    mc_client *idle = NULL;

    if (prepare)
        pthread_mutex_lock(&pool->lock);
    for (size_t s = 0; s < pool->server_count; s++)
        mc_resolver_fork(&pool->servers[s].resolver, prepare, child);
    if (prepare)
        return;
    if (child) {
        become_child(pool);
        idle = pool->idle;
        pool->idle = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    while (idle != NULL) {
        mc_client *client = idle;
        idle = client->below;
        mc_client_destroy(client);
    }
}
