/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One function an operation, all alike: lock, call, unlock. The lock is recursive, because the sink
 * of a scan may call the cache again in the same thread.
 */
#include "core/serialize.h"

#include "base/error.h"
#include "base/lock.h"

static zcache_status enter(zc_instance *instance, const zcache_call *call)
{
    if (!zc_lock_until(&instance->lock, call->deadline_ns))
        return zc_error(ZCACHE_E_TIMEOUT,
                        "%s: another operation was still running at the deadline; this plugin "
                        "takes one operation at a time",
                        instance->descriptor->name);
    return ZCACHE_OK;
}

/* SERIALIZED(get, (parameters after self and call), (arguments)) */
#define SERIALIZED(op, parameters, arguments)                                                \
    static zcache_status serialized_##op(void *self, const zcache_call *call ADD parameters) \
    {                                                                                        \
        zc_instance *instance = self;                                                        \
        zcache_status status = enter(instance, call);                                        \
        if (status != ZCACHE_OK)                                                             \
            return status;                                                                   \
        status = instance->descriptor->ops->op(instance->self, call ADD arguments);          \
        pthread_mutex_unlock(&instance->lock);                                               \
        return status;                                                                       \
    }
#define ADD(...) , __VA_ARGS__

SERIALIZED(get, (size_t n, const zcache_slice *keys, zcache_sink *sink), (n, keys, sink))
SERIALIZED(set, (size_t n, zcache_item *items), (n, items))
SERIALIZED(del, (size_t n, const zcache_slice *keys, zcache_status *status_of),
           (n, keys, status_of))
SERIALIZED(peek, (size_t n, const zcache_slice *keys, zcache_sink *sink), (n, keys, sink))
SERIALIZED(touch, (size_t n, const zcache_slice *keys, int64_t ttl_ms, zcache_status *status_of),
           (n, keys, ttl_ms, status_of))
SERIALIZED(incr, (size_t n, zcache_increment *increments), (n, increments))
SERIALIZED(scan, (zcache_slice prefix, zcache_scan_sink *sink), (prefix, sink))
SERIALIZED(clear, (zcache_slice prefix), (prefix))
SERIALIZED(stats, (zcache_stat_sink * sink), (sink))
#undef ADD
#define ADD(...)
SERIALIZED(ping, (), ())
#undef ADD

void zc_serialize_bind(zc_instance *instance, zcache_layer *layer)
{
#define BIND(op)                                 \
    if (instance->descriptor->ops->op != NULL) { \
        layer->op.call = serialized_##op;        \
        layer->op.self = instance;               \
    }
    BIND(get)
    BIND(set)
    BIND(del)
    BIND(peek)
    BIND(touch)
    BIND(incr)
    BIND(scan)
    BIND(clear)
    BIND(ping)
    BIND(stats)
#undef BIND
}
