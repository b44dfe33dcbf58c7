/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Ping, statistics, the provider's name.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/operation.h"

ZCACHE_PUBLIC zcache_status zcache_ping(zcache *cache, const zcache_read_options *options)
{
    zcache_read_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
    if (status != ZCACHE_OK)
        return status;
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms, 0);
    if (status != ZCACHE_OK)
        return status;
    status = zc_generation_ping(operation.generation, operation.call.deadline_ns);
    if (status != ZCACHE_OK) {
        zc_operation_count(&operation, ZC_ERRORS, 1);
        status = zc_operation_failed(&operation, "ping", status);
    }
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_provider(zcache *cache, char *name, size_t size)
{
    if (name == NULL || size == 0)
        return zc_error(ZCACHE_E_INVALID, "zcache_provider: name must have room for a byte");
    zc_operation operation;
    zcache_status status = zc_operation_begin(&operation, cache, 0, 0);
    if (status != ZCACHE_OK)
        return status;
    snprintf(name, size, "%s", zc_generation_provider(operation.generation)->descriptor->name);
    zc_operation_end(&operation);
    return ZCACHE_OK;
}

/* ---- statistics ------------------------------------------------------------------------------ */

/* Puts the provider's name before what it reports. */
typedef struct stat_sink {
    zcache_stat_sink sink; /* first: the provider gives its address back */
    const char *provider;
    zcache_stat_fn *each;
    void *user;
} stat_sink;

static void provider_stat(zcache_stat_sink *sink, const zcache_stat *stat)
{
    const stat_sink *reporting = (const stat_sink *)sink;
    char name[96];
    snprintf(name, sizeof(name), "%s_%s", reporting->provider, stat->name);
    zcache_stat named = *stat;
    named.name = name;
    reporting->each(reporting->user, &named);
}

static void cache_stats(const zc_operation *operation, zcache_stat_fn *each, void *user)
{
    static const struct {
        const char *name;
        zc_counter counter;
    } counters[] = {
        {"cache_hits", ZC_HITS},     {"cache_misses", ZC_MISSES},
        {"cache_writes", ZC_WRITES}, {"cache_deletes", ZC_DELETES},
        {"cache_errors", ZC_ERRORS}, {"cache_undecodable", ZC_UNDECODABLE},
    };
    zcache_stat stat = {.name = "cache_provider",
                        .kind = ZCACHE_STAT_TEXT,
                        .text = zc_generation_provider(operation->generation)->descriptor->name};
    each(user, &stat);
    stat = (zcache_stat){.name = "cache_generation",
                         .kind = ZCACHE_STAT_GAUGE,
                         .number = (int64_t)operation->generation->number};
    each(user, &stat);
    stat = (zcache_stat){.name = "cache_config_reload_failures",
                         .kind = ZCACHE_STAT_COUNTER,
                         .number = (int64_t)atomic_load_explicit(&operation->cache->reload_failures,
                                                                 memory_order_relaxed)};
    each(user, &stat);
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        stat = (zcache_stat){
            .name = counters[i].name,
            .kind = ZCACHE_STAT_COUNTER,
            .number = (int64_t)zc_counters_sum(&operation->cache->counters, counters[i].counter)};
        each(user, &stat);
    }
}

ZCACHE_PUBLIC zcache_status zcache_stats(zcache *cache, zcache_stat_fn *each, void *user,
                                         const zcache_read_options *options)
{
    if (each == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_stats: each is NULL");
    zcache_read_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
    if (status != ZCACHE_OK)
        return status;
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms, 0);
    if (status != ZCACHE_OK)
        return status;
    cache_stats(&operation, each, user);
    const zcache_layer *top = &operation.generation->top;
    if (top->stats.call != NULL) {
        stat_sink sink = {.sink = {.stat = provider_stat},
                          .provider =
                              zc_generation_provider(operation.generation)->descriptor->name,
                          .each = each,
                          .user = user};
        status = top->stats.call(top->stats.self, &operation.call, &sink.sink);
        if (status != ZCACHE_OK)
            status = zc_operation_failed(&operation, "stats", status);
    }
    zc_operation_end(&operation);
    return status;
}
