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
    const zc_generation *generation;
    zcache_stat_fn *each;
    void *user;
} stat_sink;

/* What the statistics of a plugin begin with: words are joined by `_`, so those of its name, too. */
static void make_prefix(const zc_instance *instance, char prefix[ZCACHE_NAME_SIZE + 1])
{
    snprintf(prefix, ZCACHE_NAME_SIZE + 1, "%s_", instance->descriptor->name);
    for (char *at = prefix; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
}

/* Whether the name begins with that of a filter: then it is complete. */
static bool is_a_filters(const zc_generation *generation, const char *name)
{
    const zc_stack *stack = generation->stack;
    for (size_t i = 0; i + 1 < stack->count; i++) {
        char prefix[ZCACHE_NAME_SIZE + 1];
        make_prefix(&stack->instances[i], prefix);
        if (strncmp(name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

static void provider_stat(zcache_stat_sink *sink, const zcache_stat *stat)
{
    const stat_sink *reporting = (const stat_sink *)sink;
    const zc_generation *generation = reporting->generation;
    char name[192]; /* of a filter, with a table's in it */
    char prefix[ZCACHE_NAME_SIZE + 1] = "";
    if (!is_a_filters(generation, stat->name))
        make_prefix(zc_generation_provider(generation), prefix);
    snprintf(name, sizeof(name), "%s%s", prefix, stat->name);
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
                          .generation = operation.generation,
                          .each = each,
                          .user = user};
        status = top->stats.call(top->stats.self, &operation.call, &sink.sink);
        if (status != ZCACHE_OK)
            status = zc_operation_failed(&operation, "stats", status);
    }
    zc_operation_end(&operation);
    return status;
}
