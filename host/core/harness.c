/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Plugins opened one by one, for programs that test them: what zc_generation_open does, without the
 * generation.
 */
#include <zcache/harness.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/admin.h"
#include "core/instance.h"

struct zcache_harness {
    zc_config *config;
    zc_module *module;
};

/* An instance that is lent out as its first member. */
typedef struct opened {
    zcache_harness_instance shown;
    zc_instance instance;
} opened;

/* Where plugins log: standard error. */
static zc_log harness_log = {.level = ZCACHE_LOG_WARNING};

ZCACHE_PUBLIC zcache_status zcache_harness_load(zcache_harness **harness, const char *name,
                                                zcache_source source, const char *path,
                                                const zcache_options *options)
{
    if (harness == NULL || name == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_harness_load: harness and name must be given");
    *harness = NULL;
    zcache_harness *loaded = zc_calloc(1, sizeof(*loaded));
    if (loaded == NULL)
        return zc_error_nomem();
    zcache_status status = zc_admin_config(source, path, options, &loaded->config);
    if (status == ZCACHE_OK)
        status =
            zc_module_open(name, &zc_config_cache(loaded->config)->plugin_path, 0, &loaded->module);
    if (status != ZCACHE_OK) {
        zcache_harness_unload(loaded);
        return status;
    }
    *harness = loaded;
    return ZCACHE_OK;
}

ZCACHE_PUBLIC const zcache_descriptor *zcache_harness_descriptor(const zcache_harness *harness)
{
    return zc_module_descriptor(harness->module);
}

ZCACHE_PUBLIC const char *zcache_harness_file(const zcache_harness *harness)
{
    return zc_module_file(harness->module);
}

ZCACHE_PUBLIC bool zcache_harness_unload(zcache_harness *harness)
{
    if (harness == NULL)
        return false;
    bool unmapped = zc_module_close(harness->module);
    zc_config_free(harness->config);
    zc_free(harness);
    return unmapped;
}

ZCACHE_PUBLIC zcache_status zcache_harness_open(zcache_harness *harness, const zcache_layer *below,
                                                int64_t timeout_ms,
                                                zcache_harness_instance **instance)
{
    *instance = NULL;
    const zcache_descriptor *descriptor = zcache_harness_descriptor(harness);
    if (descriptor->kind == ZCACHE_KIND_CODEC)
        return zc_error(ZCACHE_E_INVALID, "zcache_harness_open: %s is a codec, which has no open",
                        descriptor->name);
    if ((below != NULL) != (descriptor->kind == ZCACHE_KIND_FILTER))
        return zc_error(ZCACHE_E_INVALID, "zcache_harness_open: %s is a %s below", descriptor->name,
                        below != NULL ? "provider and has nothing"
                                      : "filter and needs the layer that is");
    opened *one = zc_calloc(1, sizeof(*one));
    if (one == NULL)
        return zc_error_nomem();
    zcache_status status =
        zc_instance_load(&one->instance, descriptor->name, descriptor->kind, harness->config);
    if (status == ZCACHE_OK)
        status = zc_instance_open(&one->instance, &harness_log, below,
                                  zc_now_ns() + timeout_ms * ZC_NS_PER_MS);
    if (status != ZCACHE_OK) {
        zc_instance_close(&one->instance);
        zc_free(one);
        return status;
    }
    one->shown.self = one->instance.self;
    one->shown.layer = &one->instance.layer;
    *instance = &one->shown;
    return ZCACHE_OK;
}

ZCACHE_PUBLIC void zcache_harness_close(zcache_harness_instance *instance)
{
    if (instance == NULL)
        return;
    opened *one = (opened *)instance;
    zc_instance_close(&one->instance);
    zc_free(one);
}
