/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Writes of one key: set in its modes, del, touch, incr.
 */
#include <string.h>

#include "base/error.h"
#include "core/operation.h"

/* What became of a single key: the operation's error, else the key's own status. */
static zcache_status key_status(zc_operation *operation, const char *op, zcache_status batch,
                                zcache_status own)
{
    zcache_status status = batch != ZCACHE_OK && own == ZC_STATUS_UNSET ? batch : own;
    if (status >= ZCACHE_OK && status <= ZCACHE_CONFLICT)
        return status;
    zc_operation_count(operation, ZC_ERRORS, 1);
    return zc_operation_failed(operation, op, status);
}

static zcache_status write_begin(zc_operation *operation, zcache *cache,
                                 const zcache_write_options *options, zcache_write_options *asked)
{
    zcache_status status = zc_options_copy(asked, sizeof(*asked), options, "ZCACHE_WRITE");
    if (status != ZCACHE_OK)
        return status;
    return zc_operation_begin(operation, cache, asked->timeout_ms, 0);
}

static zcache_status store_in(zc_operation *operation, const void *key, size_t key_size,
                              zcache_item *item)
{
    if (item->value.data == NULL && item->value.size > 0)
        return zc_error(ZCACHE_E_INVALID, "data is NULL, size is %zu", item->value.size);
    if (item->value.size > operation->generation->value_max)
        return zc_error(ZCACHE_E_TOO_LARGE,
                        "the value has %zu bytes: at most %zu are allowed (max_value_size)",
                        item->value.size, operation->generation->value_max);
    zcache_status status = zc_ttl_resolve(operation, item->ttl_ms, &item->ttl_ms);
    if (status != ZCACHE_OK)
        return status;
    char buffer[ZC_KEY_MAX];
    item->key.data = buffer;
    status = zc_key_make(operation->handle, operation->generation, key, key_size, buffer,
                         &item->key.size);
    if (status != ZCACHE_OK)
        return status;
    const zcache_layer *top = &operation->generation->top;
    item->cas = zc_cas_to_provider(operation, item->cas);
    item->status = ZC_STATUS_UNSET;
    status = top->set.call(top->set.self, &operation->call, 1, item);
    status = key_status(operation, "set", status, item->status);
    if (status == ZCACHE_OK)
        zc_operation_count(operation, ZC_WRITES, 1);
    return status;
}

zcache_status zc_store(zcache *cache, const void *key, size_t key_size, const void *data,
                       size_t size, zcache_set_mode mode, uint64_t cas,
                       const zcache_write_options *options)
{
    if (mode == ZCACHE_SET_CAS && cas == 0)
        return zc_error(ZCACHE_E_INVALID,
                        "the cas token is 0: read the value with ZCACHE_READ(.with_cas = true) "
                        "and pass its cas");
    zc_operation operation;
    zcache_write_options asked;
    zcache_status status = write_begin(&operation, cache, options, &asked);
    if (status != ZCACHE_OK)
        return status;
    zcache_item item = {.value = {data, size}, .ttl_ms = asked.ttl_ms, .mode = mode, .cas = cas};
    status = store_in(&operation, key, key_size, &item);
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_set_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size,
                                         const zcache_write_options *options)
{
    return zc_store(cache, key, key_size, data, size, ZCACHE_SET_ALWAYS, 0, options);
}

ZCACHE_PUBLIC zcache_status zcache_add_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size,
                                         const zcache_write_options *options)
{
    return zc_store(cache, key, key_size, data, size, ZCACHE_SET_ADD, 0, options);
}

ZCACHE_PUBLIC zcache_status zcache_replace_n(zcache *cache, const void *key, size_t key_size,
                                             const void *data, size_t size,
                                             const zcache_write_options *options)
{
    return zc_store(cache, key, key_size, data, size, ZCACHE_SET_REPLACE, 0, options);
}

ZCACHE_PUBLIC zcache_status zcache_cas_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size, uint64_t cas,
                                         const zcache_write_options *options)
{
    return zc_store(cache, key, key_size, data, size, ZCACHE_SET_CAS, cas, options);
}

ZCACHE_PUBLIC zcache_status zcache_del_n(zcache *cache, const void *key, size_t key_size,
                                         const zcache_write_options *options)
{
    zc_operation operation;
    zcache_write_options asked;
    zcache_status status = write_begin(&operation, cache, options, &asked);
    if (status != ZCACHE_OK)
        return status;
    char buffer[ZC_KEY_MAX];
    zcache_slice physical = {.data = buffer};
    status =
        zc_key_make(operation.handle, operation.generation, key, key_size, buffer, &physical.size);
    if (status == ZCACHE_OK) {
        const zcache_layer *top = &operation.generation->top;
        zcache_status own = ZC_STATUS_UNSET;
        status = top->del.call(top->del.self, &operation.call, 1, &physical, &own);
        status = key_status(&operation, "del", status, own);
        if (status == ZCACHE_OK)
            zc_operation_count(&operation, ZC_DELETES, 1);
    }
    zc_operation_end(&operation);
    return status;
}

static zcache_status touch_in(zc_operation *operation, const void *key, size_t key_size,
                              int64_t ttl_ms)
{
    const zcache_layer *top = &operation->generation->top;
    if (top->touch.call == NULL)
        return zc_operation_unsupported(operation, "touch");
    zcache_status status = zc_ttl_resolve(operation, ttl_ms, &ttl_ms);
    if (status != ZCACHE_OK)
        return status;
    char buffer[ZC_KEY_MAX];
    zcache_slice physical = {.data = buffer};
    status = zc_key_make(operation->handle, operation->generation, key, key_size, buffer,
                         &physical.size);
    if (status != ZCACHE_OK)
        return status;
    zcache_status own = ZC_STATUS_UNSET;
    status = top->touch.call(top->touch.self, &operation->call, 1, &physical, ttl_ms, &own);
    return key_status(operation, "touch", status, own);
}

ZCACHE_PUBLIC zcache_status zcache_touch_n(zcache *cache, const void *key, size_t key_size,
                                           const zcache_write_options *options)
{
    zc_operation operation;
    zcache_write_options asked;
    zcache_status status = write_begin(&operation, cache, options, &asked);
    if (status != ZCACHE_OK)
        return status;
    status = touch_in(&operation, key, key_size, asked.ttl_ms);
    zc_operation_end(&operation);
    return status;
}

static zcache_status incr_in(zc_operation *operation, const void *key, size_t key_size,
                             int64_t ttl_ms, zcache_increment *increment)
{
    const zcache_layer *top = &operation->generation->top;
    if (top->incr.call == NULL)
        return zc_operation_unsupported(operation, "incr");
    zcache_status status = zc_ttl_resolve(operation, ttl_ms, &increment->ttl_ms);
    if (status != ZCACHE_OK)
        return status;
    char buffer[ZC_KEY_MAX];
    increment->key.data = buffer;
    status = zc_key_make(operation->handle, operation->generation, key, key_size, buffer,
                         &increment->key.size);
    if (status != ZCACHE_OK)
        return status;
    increment->status = ZC_STATUS_UNSET;
    status = top->incr.call(top->incr.self, &operation->call, 1, increment);
    status = key_status(operation, "incr", status, increment->status);
    if (status == ZCACHE_OK)
        zc_operation_count(operation, ZC_WRITES, 1);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_incr_n(zcache *cache, const void *key, size_t key_size,
                                          int64_t delta, int64_t *result,
                                          const zcache_write_options *options)
{
    zc_operation operation;
    zcache_write_options asked;
    zcache_status status = write_begin(&operation, cache, options, &asked);
    if (status != ZCACHE_OK)
        return status;
    zcache_increment increment = {.delta = delta};
    status = incr_in(&operation, key, key_size, asked.ttl_ms, &increment);
    if (status == ZCACHE_OK && result != NULL)
        *result = increment.result;
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_set(zcache *cache, const char *key, const void *data,
                                       size_t size, const zcache_write_options *options)
{
    return zcache_set_n(cache, key, zc_key_size(key), data, size, options);
}

ZCACHE_PUBLIC zcache_status zcache_add(zcache *cache, const char *key, const void *data,
                                       size_t size, const zcache_write_options *options)
{
    return zcache_add_n(cache, key, zc_key_size(key), data, size, options);
}

ZCACHE_PUBLIC zcache_status zcache_replace(zcache *cache, const char *key, const void *data,
                                           size_t size, const zcache_write_options *options)
{
    return zcache_replace_n(cache, key, zc_key_size(key), data, size, options);
}

ZCACHE_PUBLIC zcache_status zcache_cas(zcache *cache, const char *key, const void *data,
                                       size_t size, uint64_t cas,
                                       const zcache_write_options *options)
{
    return zcache_cas_n(cache, key, zc_key_size(key), data, size, cas, options);
}

ZCACHE_PUBLIC zcache_status zcache_del(zcache *cache, const char *key,
                                       const zcache_write_options *options)
{
    return zcache_del_n(cache, key, zc_key_size(key), options);
}

ZCACHE_PUBLIC zcache_status zcache_touch(zcache *cache, const char *key,
                                         const zcache_write_options *options)
{
    return zcache_touch_n(cache, key, zc_key_size(key), options);
}

ZCACHE_PUBLIC zcache_status zcache_incr(zcache *cache, const char *key, int64_t delta,
                                        int64_t *result, const zcache_write_options *options)
{
    return zcache_incr_n(cache, key, zc_key_size(key), delta, result, options);
}
