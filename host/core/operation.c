/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The common part of all operations. zc_operation_begin is on the way of every read: it must stay
 * as short as it is.
 */
#include "core/operation.h"

#include <string.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"

static zcache_status begin(zc_operation *operation, zcache *handle, uint32_t call_flags)
{
    if (handle == NULL) {
        zcache_status status = zc_default_handle(&handle);
        if (status != ZCACHE_OK)
            return status;
    }
    zc_thread *thread = zc_thread_self();
    if (__builtin_expect(thread == NULL, 0))
        return ZCACHE_E_NOMEM;
    if (__builtin_expect(thread->depth == ZC_PIN_DEPTH, 0))
        return zc_error(ZCACHE_E_REFUSED,
                        "operations are nested %d callbacks deep: that is the limit", ZC_PIN_DEPTH);
    thread->message_left = false;
    operation->handle = handle;
    operation->cache = handle->cache;
    operation->thread = thread;
    operation->generation = zc_pin(&handle->cache->current, thread);
    operation->call.size = sizeof(operation->call);
    operation->call.started_ns = zc_now_ns();
    operation->call.flags = call_flags;
    operation->call.table = handle->name;
    return ZCACHE_OK;
}

static zcache_status set_deadline(zc_operation *operation, int64_t timeout_ms, int64_t default_ms,
                                  int64_t max_ms)
{
    if (timeout_ms == 0)
        timeout_ms = default_ms;
    if (__builtin_expect(timeout_ms < 1 || timeout_ms > max_ms, 0)) {
        zc_operation_end(operation);
        return zc_error(ZCACHE_E_INVALID,
                        "timeout_ms is %lld: it must be 1 to %lld, or 0 for the "
                        "configured one",
                        (long long)timeout_ms, (long long)max_ms);
    }
    operation->call.deadline_ns = operation->call.started_ns + timeout_ms * ZC_NS_PER_MS;
    return ZCACHE_OK;
}

zcache_status zc_operation_begin(zc_operation *operation, zcache *handle, int64_t timeout_ms,
                                 uint32_t call_flags)
{
    zcache_status status = begin(operation, handle, call_flags);
    if (__builtin_expect(status != ZCACHE_OK, 0))
        return status;
    return set_deadline(operation, timeout_ms, operation->generation->timeout_ms,
                        ZC_TIMEOUT_MAX_MS);
}

zcache_status zc_scan_begin(zc_operation *operation, zcache *handle, int64_t timeout_ms,
                            uint32_t call_flags)
{
    zcache_status status = begin(operation, handle, call_flags);
    if (status != ZCACHE_OK)
        return status;
    const zc_cache_settings *settings = zc_config_cache(operation->generation->config);
    return set_deadline(operation, timeout_ms, settings->scan_timeout_ms, ZC_SCAN_TIMEOUT_MAX_MS);
}

static const char *provider_name(const zc_operation *operation)
{
    return zc_generation_provider(operation->generation)->descriptor->name;
}

zcache_status zc_operation_failed(zc_operation *operation, const char *op, zcache_status status)
{
    if (status > ZCACHE_OK || status < ZCACHE_E_INTERNAL)
        return zc_error(ZCACHE_E_INTERNAL,
                        "%s: %s returned the status %d, which is not an error: "
                        "the plugin is broken",
                        provider_name(operation), op, (int)status);
    if (!operation->thread->message_left)
        zc_error(status, "%s: %s: %s", provider_name(operation), op, zcache_status_text(status));
    return status;
}

zcache_status zc_operation_unsupported(zc_operation *operation, const char *op)
{
    return zc_error(ZCACHE_E_NOTSUP, "the provider %s does not support %s",
                    provider_name(operation), op);
}

static bool is_backend_fault(zcache_status status)
{
    return status == ZCACHE_E_UNAVAILABLE || status == ZCACHE_E_TIMEOUT ||
           status == ZCACHE_E_PROTOCOL || status == ZCACHE_E_SERVER || status == ZCACHE_E_AUTH;
}

zcache_status zc_read_status(zc_operation *operation, zcache_status status)
{
    if (status < ZCACHE_OK) {
        zc_operation_count(operation, ZC_ERRORS, 1);
        if (!operation->generation->errors_are_misses || !is_backend_fault(status))
            return status;
        status = ZCACHE_MISS;
    }
    zc_operation_count(operation, status == ZCACHE_OK ? ZC_HITS : ZC_MISSES, 1);
    return status;
}

zcache_status zc_ttl_resolve(const zc_operation *operation, int64_t ttl_ms, int64_t *resolved_ms)
{
    if (ttl_ms == ZCACHE_TTL_DEFAULT)
        ttl_ms = atomic_load_explicit(&operation->handle->ttl_ms, memory_order_relaxed);
    if (ttl_ms == ZCACHE_TTL_DEFAULT)
        ttl_ms = operation->generation->default_ttl_ms;
    if (ttl_ms != ZCACHE_TTL_NEVER && (ttl_ms < 1 || ttl_ms > ZCACHE_TTL_MAX))
        return zc_error(ZCACHE_E_INVALID,
                        "ttl_ms is %lld: it must be 1 to %lld, ZCACHE_TTL_DEFAULT (0) or "
                        "ZCACHE_TTL_NEVER (-1)",
                        (long long)ttl_ms, (long long)ZCACHE_TTL_MAX);
    *resolved_ms = ttl_ms;
    return ZCACHE_OK;
}

bool zc_value_reserve(zcache_value *value, size_t size)
{
    if (value->data != NULL && value->capacity > size)
        return true;
    if (size > SIZE_MAX / 4)
        return false;
    size_t capacity = value->capacity < 128 ? 128 : value->capacity;
    while (capacity <
           size + 64) /* more than is asked for: a table puts a fence there to decode it */
        capacity *= 2;
    void *data = zc_alloc(capacity); /* not realloc: the old bytes need no copy */
    if (data == NULL)
        return false;
    zc_free(value->data);
    value->data = data;
    value->capacity = capacity;
    return true;
}

ZCACHE_PUBLIC void zcache_value_free(zcache_value *value)
{
    if (value == NULL)
        return;
    zc_free(value->data);
    *value = (zcache_value)ZCACHE_VALUE_INIT;
}
