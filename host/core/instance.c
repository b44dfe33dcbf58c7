/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Each layer is the one below with this plugin's operations laid over it, so that a call goes
 * straight to the layer that carries it out. A filter adds nothing that the layer below cannot do:
 * what is not supported stays NULL, so that whoever is above can fall back on something else.
 */
#include "core/instance.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "core/serialize.h"

/* Lays the instance's operations over the layer below. */
static void instance_bind(zc_instance *instance, const zcache_layer *below)
{
    zcache_layer *layer = &instance->layer;
    if (below != NULL)
        *layer = *below;
    else
        *layer = (zcache_layer){.size = sizeof(*layer)};
    if (instance->descriptor->threads == ZCACHE_THREADS_SERIALIZED) {
        zc_serialize_bind(instance, layer);
        return;
    }
    const zcache_ops *ops = instance->descriptor->ops;
#define BIND(op)                         \
    if (ops->op != NULL) {               \
        layer->op.call = ops->op;        \
        layer->op.self = instance->self; \
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

/* Takes away what only this filter has. Pings and statistics may be a filter's alone. */
static void instance_unbind(zcache_layer *layer, const zcache_layer *below)
{
#define UNBIND(op)                \
    if (below->op.call == NULL) { \
        layer->op.call = NULL;    \
        layer->op.self = NULL;    \
    }
    UNBIND(peek)
    UNBIND(touch)
    UNBIND(incr)
    UNBIND(scan)
    UNBIND(clear)
#undef UNBIND
}

void zc_instance_lock_start(zc_instance *instance)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&instance->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

bool zc_instance_close(zc_instance *instance)
{
    if (instance->open) {
        instance->descriptor->ops->close(instance->self);
        pthread_mutex_destroy(&instance->lock);
        instance->open = false;
    }
    zc_services_stop(&instance->services);
    if (instance->descriptor != NULL)
        zc_config_plugin_options_free(instance->descriptor, instance->options);
    bool unmapped = zc_module_close(instance->module);
    *instance = (zc_instance){0};
    return unmapped;
}

zcache_status zc_instance_load(zc_instance *instance, const char *name, zcache_kind kind,
                               const zc_config *config)
{
    zcache_status status =
        zc_module_open(name, &zc_config_cache(config)->plugin_path, kind, &instance->module);
    if (status != ZCACHE_OK)
        return status;
    instance->descriptor = zc_module_descriptor(instance->module);
    return zc_config_plugin_options(config, instance->descriptor, &instance->options);
}

zcache_status zc_instance_open(zc_instance *instance, zc_log *log, const zcache_layer *below,
                               int64_t deadline_ns)
{
    zcache_status status =
        zc_services_start(&instance->services, log, instance->descriptor, instance->options, below);
    if (status != ZCACHE_OK)
        return status;
    zcache_call call = {
        .size = sizeof(call), .started_ns = zc_now_ns(), .deadline_ns = deadline_ns};
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return ZCACHE_E_NOMEM;
    thread->message_left = false;
    status = instance->descriptor->ops->open(&instance->services.host, &call, instance->options,
                                             &instance->self);
    if (status > ZCACHE_OK)
        return zc_error(ZCACHE_E_PLUGIN,
                        "%s: open returned %s, which is not an error: the plugin "
                        "is broken",
                        instance->descriptor->name, zcache_status_name(status));
    if (status != ZCACHE_OK) {
        if (!thread->message_left)
            zc_error(status, "%s: open failed: %s", instance->descriptor->name,
                     zcache_status_text(status));
        return status;
    }
    zc_instance_lock_start(instance);
    instance->open = true;
    instance_bind(instance, below);
    if (below != NULL)
        instance_unbind(&instance->layer, below);
    return ZCACHE_OK;
}
