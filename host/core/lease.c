/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Native leases: a provider's own handle, lent to the application. A lease outlives the operation
 * that made it, so it is counted on its generation apart from pins: the generation is closed when
 * its last lease has come back.
 */
#include <string.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/operation.h"

static zcache_status check_type(const zc_operation *operation, const char *type)
{
    const zcache_descriptor *provider = zc_generation_provider(operation->generation)->descriptor;
    if (provider->native == NULL)
        return zc_error(ZCACHE_E_TYPE,
                        "a native handle of type %s was asked for, but the active provider is %s, "
                        "which has none",
                        type, provider->name);
    if (strcmp(provider->native->type, type) != 0)
        return zc_error(ZCACHE_E_TYPE,
                        "a native handle of type %s was asked for, but the active provider is %s, "
                        "whose handle is a %s",
                        type, provider->name, provider->native->type);
    return ZCACHE_OK;
}

static zcache_status acquire(zc_operation *operation, zc_lease *lease)
{
    const zc_instance *provider = zc_generation_provider(operation->generation);
    zcache_status status =
        provider->descriptor->native->acquire(provider->self, &operation->call, &lease->handle);
    if (status != ZCACHE_OK)
        return zc_operation_failed(operation, "native acquire", status);
    if (lease->handle == NULL)
        return zc_error(ZCACHE_E_INTERNAL,
                        "%s: native acquire gave no handle: the plugin is broken",
                        provider->descriptor->name);
    lease->thread = gettid();
    lease->since_ns = zc_now_ns();
    lease->generation = operation->generation->lender;
    atomic_fetch_add(&lease->generation->leases, 1); /* while the pin still holds it */
    zc_cache *cache = operation->cache;
    pthread_mutex_lock(&cache->lock);
    lease->next = cache->leases;
    cache->leases = lease;
    pthread_mutex_unlock(&cache->lock);
    return ZCACHE_OK;
}

void zc_generation_move_leases(zc_generation *from, zc_generation *to)
{
    zc_cache *cache = from->cache;
    pthread_mutex_lock(&cache->lock);
    for (zc_lease *lease = cache->leases; lease != NULL; lease = lease->next) {
        if (lease->generation != from)
            continue;
        lease->generation = to;
        atomic_fetch_add(&to->leases, 1);
        atomic_fetch_sub(&from->leases, 1);
    }
    pthread_mutex_unlock(&cache->lock);
}

ZCACHE_PUBLIC void *zcache_native_acquire(zcache *cache, const char *type, zcache_status *status)
{
    zcache_status ignored;
    if (status == NULL)
        status = &ignored;
    if (type == NULL) {
        *status = zc_error(ZCACHE_E_INVALID, "zcache_native_acquire: type is NULL");
        return NULL;
    }
    zc_lease *lease = zc_calloc(1, sizeof(*lease));
    if (lease == NULL) {
        *status = zc_error_nomem();
        return NULL;
    }
    zc_operation operation;
    *status = zc_operation_begin(&operation, cache, 0, 0);
    if (*status == ZCACHE_OK) {
        *status = check_type(&operation, type);
        if (*status == ZCACHE_OK)
            *status = acquire(&operation, lease);
        zc_operation_end(&operation);
    }
    if (*status == ZCACHE_OK)
        return lease->handle;
    zc_free(lease);
    return NULL;
}

ZCACHE_PUBLIC zcache_status zcache_native_release(zcache *cache, void *handle)
{
    zcache_status status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    zc_cache *core = cache->cache;
    pthread_mutex_lock(&core->lock);
    zc_lease **at = &core->leases;
    while (*at != NULL && (*at)->handle != handle)
        at = &(*at)->next;
    zc_lease *lease = *at;
    if (lease != NULL)
        *at = lease->next;
    pthread_mutex_unlock(&core->lock);
    if (lease == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_native_release: this handle is not out: it was "
                                          "never acquired from this cache, or is released already");
    zc_generation *generation = lease->generation;
    const zc_instance *provider = zc_generation_provider(generation);
    provider->descriptor->native->release(provider->self, handle);
    zc_free(lease);
    zc_generation_unlease(generation);
    return ZCACHE_OK;
}
