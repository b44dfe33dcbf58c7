/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The operator's side of the API: configuration and plugins, shown and checked.
 */
#include "core/admin.h"

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"
#include <zcache/admin.h>

ZCACHE_PUBLIC zcache_status zcache_config_each(zcache *cache, zcache_setting_fn *each, void *user)
{
    if (each == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_config_each: each is NULL");
    zc_operation operation;
    zcache_status status = zc_operation_begin(&operation, cache, 0, 0);
    if (status != ZCACHE_OK)
        return status;
    const zc_generation *generation = operation.generation;
    const zcache_descriptor **plugins = zc_alloc(generation->instance_count * sizeof(*plugins));
    if (plugins != NULL) {
        size_t last = generation->instance_count - 1;
        plugins[0] = generation->instances[last].descriptor; /* the provider first */
        for (size_t i = 0; i < last; i++)
            plugins[i + 1] = generation->instances[i].descriptor;
        zc_config_each(generation->config, plugins, generation->instance_count, each, user);
    } else {
        status = zc_error_nomem();
    }
    zc_free(plugins);
    zc_operation_end(&operation);
    return status;
}

zcache_status zc_admin_config(zcache_source source, const char *path, const zcache_options *options,
                              zc_config **config)
{
    zcache_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_OPTIONS");
    if (status != ZCACHE_OK)
        return status;
    if (source == ZCACHE_SOURCE_FILE && path == NULL)
        return zc_error(ZCACHE_E_INVALID, "path is NULL: ZCACHE_SOURCE_FILE needs one");
    return zc_config_load(source, path, &asked, config);
}

/* Loads the i-th plugin that the configuration names (0: the provider) and checks its section. */
static zcache_status check_plugin(const zc_config *config, size_t i, zc_module **module)
{
    const zc_cache_settings *settings = zc_config_cache(config);
    zcache_status status = i == 0
                               ? zc_module_open(settings->provider, &settings->plugin_path,
                                                ZCACHE_KIND_PROVIDER, module)
                               : zc_module_open(settings->filters.items[i - 1],
                                                &settings->plugin_path, ZCACHE_KIND_FILTER, module);
    if (status != ZCACHE_OK)
        return status;
    const zcache_descriptor *descriptor = zc_module_descriptor(*module);
    void *plugin_options = NULL;
    status = zc_config_plugin_options(config, descriptor, &plugin_options);
    if (status == ZCACHE_OK)
        zc_config_plugin_options_free(descriptor, plugin_options);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_config_check(zcache_source source, const char *path,
                                                const zcache_options *options,
                                                zcache_setting_fn *each, void *user)
{
    zc_config *config = NULL;
    zcache_status status = zc_admin_config(source, path, options, &config);
    if (status != ZCACHE_OK)
        return status;
    size_t count = 1 + zc_config_cache(config)->filters.count;
    zc_module **modules = zc_calloc(count, sizeof(*modules));
    const zcache_descriptor **plugins = zc_calloc(count, sizeof(*plugins));
    if (modules == NULL || plugins == NULL) {
        status = zc_error_nomem();
        goto out;
    }
    for (size_t i = 0; i < count && status == ZCACHE_OK; i++) {
        status = check_plugin(config, i, &modules[i]);
        if (status == ZCACHE_OK)
            plugins[i] = zc_module_descriptor(modules[i]);
    }
    if (status == ZCACHE_OK && each != NULL)
        zc_config_each(config, plugins, count, each, user);
out:
    for (size_t i = 0; modules != NULL && i < count; i++)
        zc_module_close(modules[i]);
    zc_free(plugins);
    zc_free(modules);
    zc_config_free(config);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_plugin_each(zcache_source source, const char *path,
                                               const zcache_options *options,
                                               zcache_plugin_fn *each, void *user)
{
    if (each == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_plugin_each: each is NULL");
    zc_config *config = NULL;
    zcache_status status = zc_admin_config(source, path, options, &config);
    if (status != ZCACHE_OK)
        return status;
    status = zc_module_each(&zc_config_cache(config)->plugin_path, each, user);
    zc_config_free(config);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_plugin_inspect(zcache_source source, const char *path,
                                                  const zcache_options *options, const char *name,
                                                  zcache_plugin_fn *each, void *user)
{
    if (each == NULL || name == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_plugin_inspect: name and each must be given");
    zc_config *config = NULL;
    zcache_status status = zc_admin_config(source, path, options, &config);
    if (status != ZCACHE_OK)
        return status;
    status = zc_module_inspect(name, &zc_config_cache(config)->plugin_path, each, user);
    zc_config_free(config);
    return status;
}
