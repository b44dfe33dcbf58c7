/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opening and closing caches, the default cache, tables.
 */
#include "core/cache.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "control/control.h"
#include "core/pin.h"
#include "core/retire.h"
#include "reload/watch.h"
#include "table/typed.h"

/* ---- open and close -------------------------------------------------------------------------- */

static void cache_free(zc_cache *cache)
{
    zc_typed_free_all(cache);
    while (cache->tables != NULL) {
        zcache *table = cache->tables;
        cache->tables = table->next;
        zc_free(table);
    }
    while (cache->free != NULL) {
        zc_generation *generation = cache->free;
        cache->free = generation->next;
        zc_free(generation);
    }
    zc_watch_free(cache);
    zc_config_source_free(cache->source);
    zc_counters_free(&cache->counters);
    pthread_mutex_destroy(&cache->lock);
    zc_free(cache);
}

/* `source` is the cache's own if it succeeds. */
static zc_cache *cache_new(zc_config_source *source, const zc_config *config,
                           const zcache_options *options)
{
    zc_cache *cache = zc_calloc(1, sizeof(*cache));
    if (cache == NULL)
        return NULL;
    const zc_cache_settings *settings = zc_config_cache(config);
    pthread_mutex_init(&cache->lock, NULL);
    cache->source = source;
    cache->log.write = options->log;
    cache->log.user = options->log_user;
    atomic_store(&cache->log.level, settings->log_level);
    zcache *root = &cache->root;
    root->magic = ZC_HANDLE_MAGIC;
    root->cache = cache;
    atomic_init(&root->ttl_ms, ZCACHE_TTL_DEFAULT);
    root->prefix_size = strlen(settings->key_prefix);
    memcpy(root->prefix, settings->key_prefix, root->prefix_size);
    return cache;
}

zcache_status zc_cache_open(zcache_source source, const char *path, const zcache_options *options,
                            zcache **handle)
{
    zcache_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_OPTIONS");
    if (status != ZCACHE_OK)
        return status;
    zc_config_source *from;
    status = zc_config_source_new(source, path, &asked, &from);
    if (status != ZCACHE_OK)
        return status;
    zc_config *config = NULL;
    zc_cache *cache = NULL;
    status = zc_config_source_load(from, &config);
    if (status == ZCACHE_OK && zc_config_cache(config)->watch &&
        zc_config_source_file(from) == NULL)
        status =
            zc_error(ZCACHE_E_CONFIG, "[cache] watch = yes: this cache is configured from code "
                                      "alone: there is no file to watch");
    if (status == ZCACHE_OK && (cache = cache_new(from, config, &asked)) == NULL)
        status = zc_error_nomem();
    if (status != ZCACHE_OK) {
        zc_config_free(config);
        zc_config_source_free(from);
        return status;
    }
    zc_generation *generation;
    zc_open_times times;
    status =
        zc_generation_open(cache, config, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS, &times, &generation);
    if (status != ZCACHE_OK) {
        zc_config_free(config);
        cache_free(cache);
        return status;
    }
    zc_generation_publish(generation);
    zc_caches_add(cache);
    status = zc_control_open(cache, config);
    if (status != ZCACHE_OK) {
        zc_caches_remove(cache);
        zc_close_here(generation);
        cache_free(cache);
        return status;
    }
    zc_watch_set(cache, zc_config_cache(config)->watch);
    *handle = &cache->root;
    return ZCACHE_OK;
}

/* Makes sure that nobody else closes or swaps from now on. */
static zcache_status close_begin(zc_cache *cache)
{
    zcache_status status = ZCACHE_OK;
    pthread_mutex_lock(&cache->lock);
    if (cache->swapping)
        status = zc_error(ZCACHE_E_BUSY, "zcache_close: a swap of this cache is running");
    else if (cache->leases != NULL)
        status = zc_error(ZCACHE_E_BUSY,
                          "zcache_close: a native handle of the provider %s is still out: give it "
                          "back with zcache_native_release",
                          zc_generation_provider(cache->leases->generation)->descriptor->name);
    else
        cache->swapping = true;
    pthread_mutex_unlock(&cache->lock);
    return status;
}

/* Waits for what still uses the cache, or undoes the beginning of the close. */
static zcache_status end_all_use(zc_cache *cache, zc_generation *generation, int64_t deadline_ns)
{
    char plugin[ZCACHE_NAME_SIZE] = "";
    atomic_store(&generation->draining, true);
    zc_pin_grace();
    if (zc_drain(generation, deadline_ns) && zc_reap_all(cache, deadline_ns, plugin))
        return ZCACHE_OK;
    atomic_store(&generation->draining, false);
    pthread_mutex_lock(&cache->lock);
    cache->swapping = false;
    pthread_mutex_unlock(&cache->lock);
    if (plugin[0] != '\0')
        return zc_error(ZCACHE_E_BUSY,
                        "zcache_close: the plugin %s has not returned from a call that a swap made",
                        plugin);
    return zc_error(ZCACHE_E_BUSY, "zcache_close: operations of other threads are still "
                                   "running: end them first");
}

zcache_status zc_cache_close(zc_cache *cache)
{
    if (zc_pin_inside(cache))
        return zc_error(ZCACHE_E_BUSY, "zcache_close: called from inside a callback of this cache");
    int64_t deadline_ns = zc_now_ns() + ZC_CLOSE_TIMEOUT_NS;
    zc_watch_pause(cache);
    atomic_store(&cache->abort_swap, true);
    bool idle = zc_control_pause(cache, deadline_ns);
    zc_wait_for_swap(cache, deadline_ns);
    zcache_status status = idle ? close_begin(cache)
                                : zc_error(ZCACHE_E_BUSY, "zcache_close: a command that came by "
                                                          "the control socket is running");
    atomic_store(&cache->abort_swap, false);
    zc_generation *generation = atomic_load(&cache->current);
    if (status == ZCACHE_OK)
        status = end_all_use(cache, generation, deadline_ns);
    if (status != ZCACHE_OK) {
        zc_control_resume(cache);
        zc_watch_resume(cache);
        return status;
    }
    zc_control_stop(cache);
    zc_watch_join(cache);
    zc_caches_remove(cache);
    char provider[ZCACHE_NAME_SIZE];
    snprintf(provider, sizeof(provider), "%s", generation->provider);
    return zc_end_last(generation, cache_free)
               ? ZCACHE_OK
               : zc_error(ZCACHE_E_TIMEOUT,
                          "zcache_close: the provider %s has not returned from its close after "
                          "%lld ms: it is left to a thread of its own, and the cache is gone",
                          provider, (long long)(ZC_CLOSE_TIMEOUT_NS / ZC_NS_PER_MS));
}

static zcache_status open_public(zcache **cache, zcache_source source, const char *path,
                                 const zcache_options *options)
{
    if (cache == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_open: cache is NULL");
    *cache = NULL;
    return zc_cache_open(source, path, options, cache);
}

ZCACHE_PUBLIC zcache_status zcache_open(zcache **cache, const zcache_options *options)
{
    return open_public(cache, ZCACHE_SOURCE_CODE, NULL, options);
}

ZCACHE_PUBLIC zcache_status zcache_open_file(zcache **cache, const char *path,
                                             const zcache_options *options)
{
    if (path == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_open_file: path is NULL");
    return open_public(cache, ZCACHE_SOURCE_FILE, path, options);
}

ZCACHE_PUBLIC zcache_status zcache_open_env(zcache **cache, const zcache_options *options)
{
    return open_public(cache, ZCACHE_SOURCE_ENVIRONMENT, NULL, options);
}

/* ---- the default cache ----------------------------------------------------------------------- */

static struct {
    /* Published by the thread that opened it; pairs with the loads in zc_default_handle. */
    _Atomic(zcache *) handle;
    /* Held while the default cache is opened or closed. Order: before every other lock. */
    pthread_mutex_t lock;
} default_cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static zcache_status configure(zcache_source source, const char *path,
                               const zcache_options *options)
{
    pthread_mutex_lock(&default_cache.lock);
    zcache *handle = NULL;
    zcache_status status;
    if (atomic_load(&default_cache.handle) != NULL)
        status = zc_error(ZCACHE_E_BUSY,
                          "the default cache is open already: configure it before its first use, "
                          "or close it with zcache_close(NULL)");
    else
        status = zc_cache_open(source, path, options, &handle);
    if (status == ZCACHE_OK)
        atomic_store(&default_cache.handle, handle);
    pthread_mutex_unlock(&default_cache.lock);
    return status;
}

zcache_status zc_default_handle(zcache **handle)
{
    *handle = atomic_load_explicit(&default_cache.handle, memory_order_acquire);
    if (__builtin_expect(*handle != NULL, 1))
        return ZCACHE_OK;
    zcache_status status = ZCACHE_OK;
    pthread_mutex_lock(&default_cache.lock);
    *handle = atomic_load(&default_cache.handle);
    if (*handle == NULL)
        status = zc_cache_open(ZCACHE_SOURCE_ENVIRONMENT, NULL, NULL, handle);
    if (status == ZCACHE_OK)
        atomic_store(&default_cache.handle, *handle);
    pthread_mutex_unlock(&default_cache.lock);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_configure(const zcache_options *options)
{
    return configure(ZCACHE_SOURCE_CODE, NULL, options);
}

ZCACHE_PUBLIC zcache_status zcache_configure_file(const char *path, const zcache_options *options)
{
    if (path == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_configure_file: path is NULL");
    return configure(ZCACHE_SOURCE_FILE, path, options);
}

ZCACHE_PUBLIC zcache_status zcache_configure_env(const zcache_options *options)
{
    return configure(ZCACHE_SOURCE_ENVIRONMENT, NULL, options);
}

ZCACHE_PUBLIC zcache *zcache_default(void)
{
    zcache *handle;
    return zc_default_handle(&handle) == ZCACHE_OK ? handle : NULL;
}

ZCACHE_PUBLIC zcache_status zcache_close(zcache *cache)
{
    if (cache != NULL && cache != &cache->cache->root)
        return zc_error(ZCACHE_E_INVALID,
                        "zcache_close: this is the table %s: it belongs to its "
                        "cache and ends with it",
                        cache->name);
    if (cache != NULL && cache != atomic_load(&default_cache.handle))
        return zc_cache_close(cache->cache);
    zcache_status status = ZCACHE_OK;
    pthread_mutex_lock(&default_cache.lock);
    zcache *handle = atomic_load(&default_cache.handle);
    if (handle != NULL)
        status = zc_cache_close(handle->cache);
    if (status == ZCACHE_OK || status == ZCACHE_E_TIMEOUT) /* either way it is gone */
        atomic_store(&default_cache.handle, NULL);
    pthread_mutex_unlock(&default_cache.lock);
    return status;
}

void zc_default_lock(bool lock)
{
    if (lock)
        pthread_mutex_lock(&default_cache.lock);
    else
        pthread_mutex_unlock(&default_cache.lock);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool is_table_name(const char *name)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    return size >= 1 && size <= ZC_TABLE_NAME_MAX && name[size] == '\0';
}

static zcache *find_table(const zc_cache *cache, const char *name)
{
    zcache *table = cache->tables;
    while (table != NULL && strcmp(table->name, name) != 0)
        table = table->next;
    return table;
}

static zcache *table_new(zc_cache *cache, const char *name)
{
    zcache *table = zc_calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    zc_generation *generation = zc_pin(&cache->current, zc_thread_self());
    atomic_init(&table->ttl_ms, zc_config_table(generation->config, name).ttl_ms);
    zc_unpin(generation, zc_thread_self());
    table->magic = ZC_HANDLE_MAGIC;
    table->cache = cache;
    size_t name_size = strlen(name);
    memcpy(table->name, name, name_size);
    memcpy(table->prefix, cache->root.prefix, cache->root.prefix_size);
    memcpy(table->prefix + cache->root.prefix_size, name, name_size);
    table->prefix[cache->root.prefix_size + name_size] = ':';
    table->prefix_size = cache->root.prefix_size + name_size + 1;
    return table;
}

ZCACHE_PUBLIC zcache_status zcache_table(zcache *cache, const char *name, zcache **table)
{
    if (table == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_table: table is NULL");
    *table = NULL;
    if (name == NULL || !is_table_name(name))
        return zc_error(ZCACHE_E_INVALID,
                        "zcache_table: \"%.80s\" is no table name: 1 to 64 of A-Z a-z 0-9 _ . -",
                        name != NULL ? name : "(null)");
    zcache_status status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    if (cache != &cache->cache->root)
        return zc_error(ZCACHE_E_INVALID, "zcache_table: %s is a table: tables have no tables",
                        cache->name);
    zc_cache *core = cache->cache;
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return ZCACHE_E_NOMEM;
    if (thread->depth == ZC_PIN_DEPTH)
        return zc_error(ZCACHE_E_REFUSED,
                        "operations are nested %d callbacks deep: that is the "
                        "limit",
                        ZC_PIN_DEPTH);
    pthread_mutex_lock(&core->lock);
    *table = find_table(core, name);
    if (*table == NULL && (*table = table_new(core, name)) != NULL) {
        (*table)->next = core->tables;
        core->tables = *table;
    }
    pthread_mutex_unlock(&core->lock);
    return *table != NULL ? ZCACHE_OK : zc_error_nomem();
}
