/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opening typed tables, and what a reload of the configuration does to those that are open.
 *
 * Finding a codec may load a plugin, which must not happen under the cache's lock. So a codec is
 * found first, by the configuration that is in force at that moment, and entered then; whether the
 * configuration has changed meanwhile is looked at afterwards, by whoever came last.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"
#include "table/typed.h"

/* ---- which codec ----------------------------------------------------------------------------- */

static const char *codec_name(const zcache_typed *table, const zc_config *config)
{
    if (table->serialization[0] != '\0')
        return table->serialization;
    const char *own = zc_config_table(config, table->handle->name).serialization;
    if (own != NULL)
        return own;
    if (zc_plan_is_bytes(table->plan))
        return "bytes";
    if (zc_plan_is_string(table->plan))
        return "string";
    return zc_config_cache(config)->serialization;
}

static zcache_status find_codec(zcache_typed *table, const zc_config *config, zc_codec_use **found)
{
    zc_codec_use *use = zc_calloc(1, sizeof(*use));
    if (use == NULL)
        return zc_error_nomem();
    zcache_status status = zc_codec_find(
        codec_name(table, config), &zc_config_cache(config)->plugin_path, table->plan, &use->codec);
    if (status != ZCACHE_OK) {
        zc_error_prefix("table %s: ", table->handle->name);
        zc_free(use);
        return status;
    }
    use->table = table;
    *found = use;
    return ZCACHE_OK;
}

static void free_codecs(zc_codec_use *use)
{
    while (use != NULL) {
        zc_codec_use *next = use->next;
        zc_codec_release(&use->codec);
        zc_free(use);
        use = next;
    }
}

static bool uses(zcache_typed *table, const char *name)
{
    const zc_codec_use *use = atomic_load(&table->codec);
    return use != NULL && strcmp(use->codec.name, name) == 0;
}

/* Enters a codec of its table, which becomes the one in use. Under the cache's lock. */
static void use_codec(zc_codec_use *use)
{
    use->next = use->table->codecs;
    use->table->codecs = use;
    atomic_store(&use->table->codec, use);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void typed_free(zcache_typed *table)
{
    if (table == NULL)
        return;
    free_codecs(table->codecs);
    zc_plan_free(table->plan);
    zc_free(table);
}

/* An open one of the same table, type and wish. Under the cache's lock. */
static zcache_typed *find_typed(const zcache *handle, const zcache_struct *type,
                                const char *serialization)
{
    zcache_typed *table = handle->cache->typed;
    while (table != NULL && (table->handle != handle || table->plan->type != type ||
                             strcmp(table->serialization, serialization) != 0))
        table = table->next;
    return table;
}

static zcache_status typed_new(zcache *handle, const zcache_struct *type, const char *serialization,
                               zcache_typed **made)
{
    zcache_typed *table = zc_calloc(1, sizeof(*table));
    if (table == NULL)
        return zc_error_nomem();
    table->handle = handle;
    strcpy(table->serialization, serialization);
    zcache_status status = zc_plan_make(type, &table->plan);
    if (status != ZCACHE_OK) {
        typed_free(table);
        return status;
    }
    *made = table;
    return ZCACHE_OK;
}

/* Makes the table's codec the one of the configuration in force, if it isn't. By the time that a
 * codec is entered another configuration may be, so it is looked again. */
static zcache_status follow_configuration(zcache_typed *table)
{
    for (;;) {
        zc_operation operation;
        zcache_status status = zc_operation_begin(&operation, table->handle, 0, 0);
        if (status != ZCACHE_OK)
            return status;
        const zc_config *config = operation.generation->config;
        zc_codec_use *use = NULL;
        if (!uses(table, codec_name(table, config)))
            status = find_codec(table, config, &use);
        zc_operation_end(&operation);
        if (use == NULL)
            return status;
        pthread_mutex_lock(&table->handle->cache->lock);
        use_codec(use);
        pthread_mutex_unlock(&table->handle->cache->lock);
    }
}

/* Enters a new typed table in its cache, unless another thread entered its like. */
static zcache_typed *enter(zcache_typed *table)
{
    zc_cache *cache = table->handle->cache;
    pthread_mutex_lock(&cache->lock);
    zcache_typed *other = find_typed(table->handle, table->plan->type, table->serialization);
    if (other == NULL) {
        table->next = cache->typed;
        cache->typed = table;
    }
    pthread_mutex_unlock(&cache->lock);
    if (other == NULL)
        return table;
    typed_free(table);
    return other;
}

static zcache_status open_typed(zcache *handle, const zcache_struct *type,
                                const char *serialization, zcache_typed **table)
{
    pthread_mutex_lock(&handle->cache->lock);
    *table = find_typed(handle, type, serialization);
    pthread_mutex_unlock(&handle->cache->lock);
    if (*table != NULL)
        return ZCACHE_OK;
    zcache_typed *made = NULL;
    zcache_status status = typed_new(handle, type, serialization, &made);
    if (status != ZCACHE_OK)
        return status;
    status = follow_configuration(made);
    if (status != ZCACHE_OK) {
        typed_free(made);
        return status;
    }
    *table = enter(made);
    return follow_configuration(*table); /* a reload may have come before it was entered */
}

static zcache_status check_open(const zcache_struct *type, const zcache_table_options *asked)
{
    if (type == NULL || type->self_size < offsetof(zcache_struct, bare))
        return zc_error(ZCACHE_E_INVALID, "zcache_typed_open: type is no descriptor");
    if (asked->serialization != NULL && strlen(asked->serialization) >= ZCACHE_NAME_SIZE)
        return zc_error(ZCACHE_E_CONFIG,
                        "serialization = \"%.40s…\": a codec's name has at most %d "
                        "bytes",
                        asked->serialization, ZCACHE_NAME_SIZE - 1);
    if (asked->ttl_ms < ZCACHE_TTL_NEVER || asked->ttl_ms > ZCACHE_TTL_MAX)
        return zc_error(ZCACHE_E_INVALID,
                        "ttl_ms is %lld: it must be 1 to %lld, ZCACHE_TTL_DEFAULT (0) or "
                        "ZCACHE_TTL_NEVER (-1)",
                        (long long)asked->ttl_ms, (long long)ZCACHE_TTL_MAX);
    return ZCACHE_OK;
}

ZCACHE_PUBLIC zcache_status zcache_typed_open(zcache *cache, const char *name,
                                              const zcache_struct *type, zcache_typed **table,
                                              const zcache_table_options *options)
{
    if (table == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_typed_open: table is NULL");
    *table = NULL;
    zcache_table_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_TABLE_OPTIONS");
    if (status == ZCACHE_OK)
        status = check_open(type, &asked);
    zcache *handle;
    if (status == ZCACHE_OK)
        status = zcache_table(cache, name, &handle);
    if (status == ZCACHE_OK)
        status =
            open_typed(handle, type, asked.serialization != NULL ? asked.serialization : "", table);
    if (status != ZCACHE_OK) {
        *table = NULL;
        return status;
    }
    if (asked.ttl_ms != ZCACHE_TTL_DEFAULT) {
        pthread_mutex_lock(&handle->cache->lock);
        handle->ttl_of_program = true;
        atomic_store_explicit(&handle->ttl_ms, asked.ttl_ms, memory_order_relaxed);
        pthread_mutex_unlock(&handle->cache->lock);
    }
    return ZCACHE_OK;
}

zcache_status zc_typed_unopened(void)
{
    return zc_error(ZCACHE_E_INVALID, "the typed table was not opened: call its NAME_open first");
}

ZCACHE_PUBLIC zcache *zcache_typed_handle(zcache_typed *table)
{
    if (table == NULL)
        zc_typed_unopened();
    return table != NULL ? table->handle : NULL;
}

void zc_typed_free_all(zc_cache *cache)
{
    while (cache->typed != NULL) {
        zcache_typed *table = cache->typed;
        cache->typed = table->next;
        typed_free(table);
    }
}

/* ---- reload ---------------------------------------------------------------------------------- */

/* The i-th typed table, newest first: the list only grows, at its head, so those behind one that is
 * known stay where they are. */
static zcache_typed *first_typed(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    zcache_typed *first = cache->typed;
    pthread_mutex_unlock(&cache->lock);
    return first;
}

zcache_status zc_typed_prepare(zc_cache *cache, const zc_config *config, zc_codec_use **found)
{
    *found = NULL;
    for (zcache_typed *table = first_typed(cache); table != NULL; table = table->next) {
        zc_codec_use *use;
        if (uses(table, codec_name(table, config)))
            continue;
        zcache_status status = find_codec(table, config, &use);
        if (status != ZCACHE_OK) {
            zc_typed_drop(*found);
            *found = NULL;
            return status;
        }
        use->next = *found;
        *found = use;
    }
    return ZCACHE_OK;
}

void zc_typed_adopt(zc_cache *cache, zc_codec_use *found)
{
    pthread_mutex_lock(&cache->lock);
    while (found != NULL) {
        zc_codec_use *use = found;
        found = use->next;
        use_codec(use);
    }
    pthread_mutex_unlock(&cache->lock);
    /* those that were opened since, perhaps by the configuration before */
    for (zcache_typed *table = first_typed(cache); table != NULL; table = table->next)
        if (follow_configuration(table) != ZCACHE_OK)
            zc_log_write(&cache->log, ZCACHE_LOG_ERROR, "%s; it keeps its codec", zc_error_text());
}

void zc_typed_drop(zc_codec_use *found)
{
    free_codecs(found);
}
