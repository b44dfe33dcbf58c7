/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Operations on all keys: scan, keys, clear. The provider is asked for the keys that begin with the
 * handle's prefix and the literal head of the pattern; what it gives is matched again here, because
 * a backend is not trusted to match, and because patterns must mean the same on every provider.
 */
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/glob.h"
#include "core/operation.h"

/* How many keys a clear by scan deletes at once. */
#define CLEAR_BATCH 256

typedef struct key_sink {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    zc_operation *operation;
    zcache_slice pattern; /* of the key without prefix */
    bool with_ttl;
    zcache_scan_fn *each;
    void *user;
} key_sink;

/* From the provider: a physical key. To the application: its key, if it matches. */
static bool key_found(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    key_sink *scan = (key_sink *)sink;
    const zcache *handle = scan->operation->handle;
    if (key.size <= handle->prefix_size ||
        memcmp(key.data, handle->prefix, handle->prefix_size) != 0)
        return true;
    zcache_slice own = {(const char *)key.data + handle->prefix_size,
                        key.size - handle->prefix_size};
    char decoded[ZC_KEY_MAX];
    if (scan->operation->generation->text_keys) {
        if (own.size > sizeof(decoded) || !zc_key_decode(own.data, own.size, decoded, &own.size))
            return true; /* not written by us: no application could read it by this name */
        own.data = decoded;
    }
    if (!zc_glob_match(scan->pattern, own))
        return true;
    int64_t ttl_ms = scan->with_ttl && meta != NULL ? meta->ttl_ms : ZCACHE_TTL_UNKNOWN;
    return scan->each(scan->user, own, ttl_ms);
}

/* The physical prefix of all matches: the handle's, then the pattern's literal head, cut where it
 * could not belong to a key anyway. `buffer` has ZC_KEY_MAX bytes. */
static zcache_slice physical_prefix(const zc_operation *operation, zcache_slice pattern,
                                    char *buffer)
{
    const zcache *handle = operation->handle;
    size_t room = (ZC_KEY_MAX - handle->prefix_size) / 3;
    memcpy(buffer, handle->prefix, handle->prefix_size);
    char *out = buffer + handle->prefix_size;
    if (pattern.size > room)
        return (zcache_slice){buffer, handle->prefix_size};
    char head[ZC_KEY_MAX];
    size_t size = zc_glob_literal_head(pattern, head);
    if (operation->generation->text_keys) {
        out += zc_key_encode(head, size, out);
    } else {
        memcpy(out, head, size);
        out += size;
    }
    return (zcache_slice){buffer, (size_t)(out - buffer)};
}

static zcache_status scan_in(zc_operation *operation, const char *pattern, bool with_ttl,
                             zcache_scan_fn *each, void *user)
{
    const zcache_layer *top = &operation->generation->top;
    if (top->scan.call == NULL)
        return zc_operation_unsupported(operation, "scan");
    key_sink sink = {.sink = {.key = key_found},
                     .operation = operation,
                     .pattern = zcache_str(pattern != NULL ? pattern : "*"),
                     .with_ttl = with_ttl,
                     .each = each,
                     .user = user};
    char buffer[ZC_KEY_MAX];
    zcache_slice prefix = physical_prefix(operation, sink.pattern, buffer);
    zcache_status status = top->scan.call(top->scan.self, &operation->call, prefix, &sink.sink);
    if (status == ZCACHE_OK)
        return ZCACHE_OK;
    zc_operation_count(operation, ZC_ERRORS, 1);
    return zc_operation_failed(operation, "scan", status);
}

ZCACHE_PUBLIC zcache_status zcache_scan(zcache *cache, const char *pattern, zcache_scan_fn *each,
                                        void *user, const zcache_scan_options *options)
{
    if (each == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_scan: each is NULL");
    zcache_scan_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_SCAN");
    if (status != ZCACHE_OK)
        return status;
    zc_operation operation;
    status =
        zc_scan_begin(&operation, cache, asked.timeout_ms, asked.with_ttl ? ZCACHE_CALL_TTL : 0);
    if (status != ZCACHE_OK)
        return status;
    status = scan_in(&operation, pattern, asked.with_ttl, each, user);
    zc_operation_end(&operation);
    return status;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Keys while they are collected: their bytes, each followed by 0, in one growing block, and where
 * each begins and how long it is. */
typedef struct collection {
    char *bytes;
    size_t used, capacity;
    struct {
        size_t offset, size;
    } * keys;
    size_t count, key_capacity;
    bool out_of_memory;
} collection;

static bool grow(void *pointer, size_t *capacity, size_t needed, size_t each)
{
    if (needed <= *capacity)
        return true;
    size_t larger = *capacity < 256 ? 256 : *capacity * 2;
    if (larger < needed)
        larger = needed;
    void *memory;
    memcpy(&memory, pointer, sizeof(memory));
    memory = zc_realloc(memory, larger * each);
    if (memory == NULL)
        return false;
    memcpy(pointer, &memory, sizeof(memory));
    *capacity = larger;
    return true;
}

static bool collect(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)ttl_ms;
    collection *all = user;
    if (!grow(&all->bytes, &all->capacity, all->used + key.size + 1, 1) ||
        !grow(&all->keys, &all->key_capacity, all->count + 1, sizeof(*all->keys))) {
        all->out_of_memory = true;
        return false;
    }
    memcpy(all->bytes + all->used, key.data, key.size);
    all->bytes[all->used + key.size] = '\0';
    all->keys[all->count].offset = all->used;
    all->keys[all->count++].size = key.size;
    all->used += key.size + 1;
    return true;
}

static int compare_slices(const void *left, const void *right)
{
    const zcache_slice *a = left;
    const zcache_slice *b = right;
    size_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->data, b->data, common);
    if (order != 0)
        return order;
    return (a->size > b->size) - (a->size < b->size);
}

/* Makes the sorted list without repetitions; takes the bytes over. */
static zcache_status finish_list(collection *all, zcache_key_list *list)
{
    zcache_slice *slices = zc_alloc((all->count + 1) * sizeof(*slices));
    if (slices == NULL)
        return zc_error_nomem();
    for (size_t i = 0; i < all->count; i++)
        slices[i] = (zcache_slice){all->bytes + all->keys[i].offset, all->keys[i].size};
    qsort(slices, all->count, sizeof(*slices), compare_slices);
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++)
        if (kept == 0 || compare_slices(&slices[kept - 1], &slices[i]) != 0)
            slices[kept++] = slices[i];
    *list = (zcache_key_list){kept, slices, all->bytes};
    all->bytes = NULL;
    return ZCACHE_OK;
}

ZCACHE_PUBLIC zcache_status zcache_keys(zcache *cache, const char *pattern, zcache_key_list *list,
                                        const zcache_scan_options *options)
{
    if (list == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_keys: list is NULL");
    *list = (zcache_key_list)ZCACHE_KEY_LIST_INIT;
    collection all = {0};
    zcache_status status = zcache_scan(cache, pattern, collect, &all, options);
    if (all.out_of_memory)
        status = zc_error_nomem();
    if (status == ZCACHE_OK)
        status = finish_list(&all, list);
    zc_free(all.keys);
    zc_free(all.bytes);
    return status;
}

ZCACHE_PUBLIC void zcache_key_list_free(zcache_key_list *list)
{
    if (list == NULL)
        return;
    zc_free(list->keys);
    zc_free(list->memory);
    *list = (zcache_key_list)ZCACHE_KEY_LIST_INIT;
}

/* ---- clear ----------------------------------------------------------------------------------- */

/* Deletes what a scan finds, a batch at a time, while it goes on. */
typedef struct clear_sink {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    const zcache_layer *layer;
    const zcache_call *call;
    zcache_slice prefix;
    size_t count, used;
    zcache_status status;
    zcache_slice keys[CLEAR_BATCH];
    zcache_status statuses[CLEAR_BATCH];
    char bytes[CLEAR_BATCH * 64];
} clear_sink;

static bool delete_batch(clear_sink *clear)
{
    if (clear->count == 0)
        return true;
    for (size_t i = 0; i < clear->count; i++)
        clear->statuses[i] = ZC_STATUS_UNSET;
    zcache_status status = clear->layer->del.call(clear->layer->del.self, clear->call, clear->count,
                                                  clear->keys, clear->statuses);
    for (size_t i = 0; i < clear->count && status == ZCACHE_OK; i++)
        if (clear->statuses[i] < ZCACHE_OK)
            status = clear->statuses[i];
    clear->count = 0;
    clear->used = 0;
    clear->status = status;
    return status == ZCACHE_OK;
}

static bool delete_key(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)meta;
    clear_sink *clear = (clear_sink *)sink;
    if (key.size < clear->prefix.size ||
        (clear->prefix.size > 0 && memcmp(key.data, clear->prefix.data, clear->prefix.size) != 0))
        return true;
    if (key.size > sizeof(clear->bytes))
        return true; /* longer than any key of ours */
    if ((clear->count == CLEAR_BATCH || clear->used + key.size > sizeof(clear->bytes)) &&
        !delete_batch(clear))
        return false;
    char *copy = clear->bytes + clear->used;
    memcpy(copy, key.data, key.size);
    clear->keys[clear->count++] = (zcache_slice){copy, key.size};
    clear->used += key.size;
    return true;
}

static zcache_status clear_by_scan(const zcache_layer *layer, const zcache_call *call,
                                   zcache_slice prefix)
{
    clear_sink *clear = zc_calloc(1, sizeof(*clear));
    if (clear == NULL)
        return zc_error_nomem();
    clear->sink.key = delete_key;
    clear->layer = layer;
    clear->call = call;
    clear->prefix = prefix;
    zcache_status status = layer->scan.call(layer->scan.self, call, prefix, &clear->sink);
    if (status == ZCACHE_OK && clear->status == ZCACHE_OK)
        delete_batch(clear);
    if (status == ZCACHE_OK)
        status = clear->status;
    zc_free(clear);
    return status;
}

zcache_status zc_layer_clear(const zcache_layer *layer, const zcache_call *call,
                             zcache_slice prefix)
{
    if (layer->clear.call != NULL)
        return layer->clear.call(layer->clear.self, call, prefix);
    return clear_by_scan(layer, call, prefix);
}

static zcache_status clear_in(zc_operation *operation)
{
    const zcache *handle = operation->handle;
    const zcache_layer *top = &operation->generation->top;
    if (handle->prefix_size == 0 && !zc_config_cache(operation->generation->config)->allow_flush)
        return zc_error(ZCACHE_E_REFUSED,
                        "clear: the cache has no key_prefix, so this would empty the whole store, "
                        "other programs' keys too; set key_prefix, clear a table, or set "
                        "allow_flush = yes");
    zcache_slice prefix = {handle->prefix, handle->prefix_size};
    if (top->clear.call == NULL && top->scan.call == NULL)
        return zc_operation_unsupported(operation, "clear");
    zcache_status status = zc_layer_clear(top, &operation->call, prefix);
    if (status == ZCACHE_OK)
        return ZCACHE_OK;
    zc_operation_count(operation, ZC_ERRORS, 1);
    return zc_operation_failed(operation, "clear", status);
}

ZCACHE_PUBLIC zcache_status zcache_clear(zcache *cache, const zcache_scan_options *options)
{
    zcache_scan_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_SCAN");
    if (status != ZCACHE_OK)
        return status;
    zc_operation operation;
    status = zc_scan_begin(&operation, cache, asked.timeout_ms, 0);
    if (status != ZCACHE_OK)
        return status;
    status = clear_in(&operation);
    zc_operation_end(&operation);
    return status;
}
