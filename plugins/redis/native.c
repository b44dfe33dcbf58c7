/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The native lease: a connection opened for the borrower as any other is, then made a redisContext
 * in blocking mode. It is closed when it comes back: nobody knows in what state it is. It does not
 * count towards pool_size, so that a borrower never starves, or blocks itself in, operations.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zcache/native/redis.h>

#include "instance.h"

struct redis_lease {
    redisContext *context;
    redis_lease *next; /* under the pool's lock */
};

/* Bounds each system call on the borrower's connection. */
static bool set_timeout(redisContext *context, int64_t timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    return redisSetTimeout(context, timeout) == REDIS_OK;
}

static zcache_status redis_acquire(void *self, const zcache_call *call, void **handle)
{
    redis_instance *instance = self;
    int64_t timeout_ms = (call->deadline_ns - instance->host->now_ns()) / 1000000;
    redis_lease *lease = instance->host->alloc(sizeof(*lease));
    if (lease == NULL)
        return redis_fail_nomem(instance);
    redis_connection *connection;
    zcache_status status = redis_pool_open_apart(instance, call->deadline_ns, &connection);
    if (status != ZCACHE_OK)
        goto fail;
    lease->context = redisConnectFd(connection->fd);
    if (lease->context == NULL || lease->context->err != 0 ||
        !set_timeout(lease->context, timeout_ms > 0 ? timeout_ms : 1)) {
        if (lease->context != NULL) {
            lease->context->fd = -1; /* the connection closes it */
            redisFree(lease->context);
        }
        redis_pool_discard(instance, connection);
        status = redis_fail_nomem(instance);
        goto fail;
    }
    redis_pool_lend(instance, connection, lease);
    *handle = lease->context;
    return ZCACHE_OK;

fail:
    instance->host->free(lease);
    return status;
}

static void redis_release(void *self, void *handle)
{
    redis_instance *instance = self;
    pthread_mutex_lock(&instance->pool.lock);
    redis_lease **at = &instance->pool.leases;
    while ((*at)->context != handle)
        at = &(*at)->next;
    redis_lease *lease = *at;
    *at = lease->next;
    pthread_mutex_unlock(&instance->pool.lock);
    redisFree(lease->context);
    instance->host->free(lease);
}

void redis_native_list(redis_lease **leases, redis_lease *lease)
{
    lease->next = *leases;
    *leases = lease;
}

void redis_native_fork_child(redis_instance *instance)
{
    for (redis_lease *each = instance->pool.leases; each != NULL; each = each->next) {
        if (each->context->fd >= 0)
            close(each->context->fd);
        each->context->fd = -1;
    }
}

size_t redis_native_count(const redis_instance *instance)
{
    size_t count = 0;
    for (const redis_lease *each = instance->pool.leases; each != NULL; each = each->next)
        count++;
    return count;
}

const zcache_native redis_native = {
    .type = ZCACHE_REDIS_NATIVE_TYPE,
    .acquire = redis_acquire,
    .release = redis_release,
};
