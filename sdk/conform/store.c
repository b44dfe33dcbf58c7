/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Loading the plugin, and opening stores and caches on it. A filter stands on the memory provider.
 */
#include <stdio.h>

#include "check.h"

#define SETTINGS_MAX 64

void conform_load(conform *c)
{
    const conform_request *request = c->request;
    conform_watch_call("load");
    expect_status(ZCACHE_OK,
                  zcache_harness_load(&c->harness, request->plugin, request->source, request->path,
                                      request->options),
                  "loading it");
    c->plugin = zcache_harness_descriptor(c->harness);
    if (c->plugin->kind == ZCACHE_KIND_FILTER) {
        /* from where the library's own are, not from the plugin_path of the request */
        expect_status(ZCACHE_OK,
                      zcache_harness_load(&c->base, "memory", request->source, request->path,
                                          request->options),
                      "loading the provider memory, to stand below the filter (it is looked up in "
                      "plugin_path too)");
        expect_status(ZCACHE_OK,
                      zcache_harness_open(c->base, NULL, CALL_TIMEOUT_MS, &c->base_store),
                      "opening the provider memory");
    }
    conform_watch(0, NULL);
}

void conform_unload(conform *c)
{
    conform_watch_call("unload");
    zcache_harness_unload(c->harness);
    zcache_harness_close(c->base_store);
    zcache_harness_unload(c->base);
    c->harness = NULL;
    c->base = NULL;
    c->base_store = NULL;
    c->plugin = NULL;
    conform_watch(0, NULL);
}

zcache_status conform_try_open(conform *c, zcache_harness_instance **store)
{
    conform_watch_call("open");
    zcache_status status = zcache_harness_open(
        c->harness, c->base_store != NULL ? c->base_store->layer : NULL, CALL_TIMEOUT_MS, store);
    conform_watch(0, NULL);
    return status;
}

zcache_harness_instance *conform_open(conform *c)
{
    zcache_harness_instance *store;
    expect_status(ZCACHE_OK, conform_try_open(c, &store), "open");
    return store;
}

void conform_close(conform *c, zcache_harness_instance *store)
{
    if (store == NULL)
        return;
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    if (c->plugin->ops->quiesce != NULL) {
        conform_watch_call("quiesce");
        expect_status(ZCACHE_OK, c->plugin->ops->quiesce(store->self, &call), "quiesce");
    }
    conform_watch_call("close");
    zcache_harness_close(store);
    conform_watch(0, NULL);
}

zcache_status conform_try_cache(conform *c, const char *provider, const char *const settings[],
                                zcache **cache)
{
    const conform_request *request = c->request;
    const char *all[SETTINGS_MAX];
    char filters[64], timeout[64];
    size_t count = 0;
    bool filter = c->plugin->kind == ZCACHE_KIND_FILTER;
    snprintf(filters, sizeof(filters), "cache.filters=%s", request->plugin);
    snprintf(timeout, sizeof(timeout), "cache.timeout=%dms", CALL_TIMEOUT_MS);
    all[count++] = "control.socket="; /* that of the configuration is another process's */
    all[count++] = timeout;
    if (filter)
        all[count++] = filters;
    const char *const *given = request->options->settings;
    for (; given != NULL && *given != NULL && count < SETTINGS_MAX - 1; given++)
        all[count++] = *given;
    for (; settings != NULL && *settings != NULL && count < SETTINGS_MAX - 1; settings++)
        all[count++] = *settings;
    all[count] = NULL;
    zcache_options options = *request->options;
    options.provider = provider != NULL ? provider : filter ? "memory" : request->plugin;
    options.settings = all;
    conform_watch_call("zcache_open");
    zcache_status status =
        request->source == ZCACHE_SOURCE_FILE ? zcache_open_file(cache, request->path, &options)
        : request->source == ZCACHE_SOURCE_ENVIRONMENT ? zcache_open_env(cache, &options)
                                                       : zcache_open(cache, &options);
    conform_watch(0, NULL);
    return status;
}

zcache *conform_cache(conform *c, const char *provider, const char *const settings[])
{
    zcache *cache;
    expect_status(ZCACHE_OK, conform_try_cache(c, provider, settings, &cache),
                  "opening a cache on it");
    return cache;
}

zcache *conform_codec_cache(conform *c)
{
    char serialization[80];
    snprintf(serialization, sizeof(serialization), "cache.serialization=%s", c->request->plugin);
    return conform_cache(c, "memory",
                         (const char *const[]){serialization, "cache.log_level=error", NULL});
}

void conform_end_cache(zcache *cache)
{
    conform_watch_call("zcache_close");
    expect_status(ZCACHE_OK, zcache_close(cache), "zcache_close");
    conform_watch(0, NULL);
}
