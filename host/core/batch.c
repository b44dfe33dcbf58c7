/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Operations on many keys: one call of the provider for all keys that are well-formed; those that
 * are not get their status here and never reach it. One block of memory holds the physical keys and
 * the way back from the provider's index to the caller's.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"

/* The caller's keys, as C strings or as slices. */
typedef struct key_array {
    const char *const *strings;
    const zcache_slice *slices;
    const zcache_item *items;
} key_array;

static zcache_slice key_at(const key_array *keys, size_t i)
{
    if (keys->strings != NULL)
        return (zcache_slice){keys->strings[i], zc_key_size(keys->strings[i])};
    return keys->slices != NULL ? keys->slices[i] : keys->items[i].key;
}

/* A batch on its way to the provider: `count` of the caller's `n` keys. */
typedef struct key_batch {
    zc_operation *operation;
    size_t n;
    const key_array *caller_keys;
    zcache_status *statuses; /* by the caller's index */
    zcache_slice *keys;      /* physical, by the provider's index */
    size_t *index;           /* from the provider's index to the caller's */
    size_t count;
    char *bytes; /* where the next physical key goes */
    void *memory;
} key_batch;

/* Allocates the arrays. `statuses` is the caller's, or NULL. */
static zcache_status batch_start(key_batch *batch, zc_operation *operation, size_t n,
                                 const key_array *keys, zcache_status *statuses)
{
    size_t key_max = operation->generation->key_max;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        size_t size = key_at(keys, i).size;
        size_t made = operation->handle->prefix_size + (size < key_max ? 3 * size : key_max);
        bytes += made < key_max ? made : key_max;
    }
    size_t each = sizeof(zcache_slice) + sizeof(size_t) + sizeof(zcache_status);
    if (n > (SIZE_MAX - bytes) / each)
        return zc_error(ZCACHE_E_INVALID, "n is %zu: that is no number of keys", n);
    char *memory = zc_alloc(n * each + bytes);
    if (memory == NULL)
        return zc_error_nomem();
    *batch = (key_batch){.operation = operation, .n = n, .caller_keys = keys, .memory = memory};
    batch->keys = (zcache_slice *)(void *)memory;
    batch->index = (size_t *)(void *)(batch->keys + n);
    zcache_status *own_statuses = (zcache_status *)(void *)(batch->index + n);
    batch->statuses = statuses != NULL ? statuses : own_statuses;
    batch->bytes = (char *)(own_statuses + n);
    for (size_t i = 0; i < n; i++)
        batch->statuses[i] = ZC_STATUS_UNSET;
    return ZCACHE_OK;
}

/* Makes the physical key of the caller's key i and puts it next in the batch. */
static zcache_status batch_add(key_batch *batch, size_t i)
{
    zcache_slice key = key_at(batch->caller_keys, i);
    zcache_slice *physical = &batch->keys[batch->count];
    physical->data = batch->bytes;
    zcache_status status = zc_key_make(batch->operation->handle, batch->operation->generation,
                                       key.data, key.size, batch->bytes, &physical->size);
    if (status != ZCACHE_OK)
        return status;
    batch->bytes += physical->size;
    batch->index[batch->count++] = i;
    return ZCACHE_OK;
}

/* Gives every key that the provider left without a status the one of the whole call, or `silent`.
 */
static void batch_settle(key_batch *batch, const char *op, zcache_status returned,
                         zcache_status silent)
{
    if (returned != ZCACHE_OK)
        returned = zc_operation_failed(batch->operation, op, returned);
    for (size_t i = 0; i < batch->count; i++) {
        zcache_status *status = &batch->statuses[batch->index[i]];
        if (*status == ZC_STATUS_UNSET)
            *status = returned != ZCACHE_OK ? returned : silent;
        else if (*status > ZCACHE_CONFLICT || *status < ZCACHE_OK)
            *status = zc_operation_failed(batch->operation, op, *status);
    }
}

/* The status of the batch, and the message that belongs to it. */
static zcache_status batch_end(key_batch *batch)
{
    zcache_status first = ZCACHE_OK;
    for (size_t i = 0; i < batch->n && first == ZCACHE_OK; i++) {
        if (batch->statuses[i] >= ZCACHE_OK)
            continue;
        first = batch->statuses[i];
        if (first == ZCACHE_E_KEY) { /* a later key may have left its message over this one's */
            char buffer[ZC_KEY_MAX];
            size_t size;
            zcache_slice key = key_at(batch->caller_keys, i);
            (void)zc_key_make(batch->operation->handle, batch->operation->generation, key.data,
                              key.size, buffer, &size);
        }
    }
    zc_free(batch->memory);
    return first;
}

/* ---- get ------------------------------------------------------------------------------------- */

typedef struct batch_sink {
    zcache_sink sink; /* first: the provider gives its address back */
    key_batch *batch;
    zcache_value *values;
    bool with_ttl, with_cas;
} batch_sink;

static void batch_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    batch_sink *reading = (batch_sink *)sink;
    if (i >= reading->batch->count)
        return;
    size_t at = reading->batch->index[i];
    zcache_value *out = &reading->values[at];
    if (!zc_value_reserve(out, value.size)) {
        reading->batch->statuses[at] = zc_error_nomem();
        return;
    }
    char *data = out->data;
    if (value.size > 0)
        memcpy(data, value.data, value.size);
    data[value.size] = '\0';
    out->size = value.size;
    if (meta != NULL) {
        out->ttl_ms = reading->with_ttl ? meta->ttl_ms : ZCACHE_TTL_UNKNOWN;
        out->cas =
            reading->with_cas ? zc_cas_to_application(reading->batch->operation, meta->cas) : 0;
    }
    reading->batch->statuses[at] = ZCACHE_OK;
}

static void batch_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    batch_sink *reading = (batch_sink *)sink;
    if (i < reading->batch->count)
        reading->batch->statuses[reading->batch->index[i]] =
            status < ZCACHE_OK ? status : ZCACHE_E_INTERNAL;
}

static zcache_status get_multi_in(zc_operation *operation, size_t n, const key_array *keys,
                                  zcache_value values[], zcache_status statuses[],
                                  const zcache_read_options *asked)
{
    key_batch batch;
    zcache_status status = batch_start(&batch, operation, n, keys, statuses);
    if (status != ZCACHE_OK)
        return zc_fail_all(n, statuses, status);
    for (size_t i = 0; i < n; i++) {
        status = batch_add(&batch, i);
        if (status != ZCACHE_OK)
            batch.statuses[i] = status;
    }
    if (batch.count > 0) {
        batch_sink sink = {.sink = {.hit = batch_hit, .fail = batch_fail},
                           .batch = &batch,
                           .values = values,
                           .with_ttl = asked->with_ttl,
                           .with_cas = asked->with_cas};
        const zcache_layer *top = &operation->generation->top;
        status =
            top->get.call(top->get.self, &operation->call, batch.count, batch.keys, &sink.sink);
        batch_settle(&batch, "get", status, ZCACHE_MISS);
    }
    for (size_t i = 0; i < n; i++) {
        batch.statuses[i] = zc_read_status(operation, batch.statuses[i]);
        if (batch.statuses[i] != ZCACHE_OK)
            values[i].size = 0;
    }
    return batch_end(&batch);
}

static zcache_status get_multi(zcache *cache, size_t n, const key_array *keys,
                               zcache_value values[], zcache_status statuses[],
                               const zcache_read_options *options)
{
    zcache_read_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
    if (status != ZCACHE_OK || n == 0)
        return status;
    if (values == NULL || (keys->strings == NULL && keys->slices == NULL))
        return zc_error(ZCACHE_E_INVALID, "zcache_get_multi: keys and values must be given");
    for (size_t i = 0; i < n; i++) {
        values[i].size = 0;
        values[i].ttl_ms = ZCACHE_TTL_UNKNOWN;
        values[i].cas = 0;
    }
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms,
                                (asked.with_ttl ? ZCACHE_CALL_TTL : 0) |
                                    (asked.with_cas ? ZCACHE_CALL_CAS : 0));
    if (status != ZCACHE_OK)
        return zc_fail_all(n, statuses, status);
    status = get_multi_in(&operation, n, keys, values, statuses, &asked);
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_get_multi(zcache *cache, size_t n, const char *const keys[],
                                             zcache_value values[], zcache_status statuses[],
                                             const zcache_read_options *options)
{
    return get_multi(cache, n, &(key_array){.strings = keys}, values, statuses, options);
}

ZCACHE_PUBLIC zcache_status zcache_get_multi_n(zcache *cache, size_t n, const zcache_slice keys[],
                                               zcache_value values[], zcache_status statuses[],
                                               const zcache_read_options *options)
{
    return get_multi(cache, n, &(key_array){.slices = keys}, values, statuses, options);
}

/* ---- set ------------------------------------------------------------------------------------- */

/* Checks the caller's item i and puts it next in the batch. */
static zcache_status add_item(key_batch *batch, zcache_item *physical, const zcache_item *item,
                              size_t i, int64_t default_ttl_ms)
{
    *physical = *item;
    physical->status = ZC_STATUS_UNSET;
    physical->cas = zc_cas_to_provider(batch->operation, item->cas);
    if ((unsigned)item->mode > ZCACHE_SET_CAS)
        return zc_error(ZCACHE_E_INVALID, "items[%zu]: mode %d is none of ZCACHE_SET_…", i,
                        (int)item->mode);
    if (item->mode == ZCACHE_SET_CAS && item->cas == 0)
        return zc_error(ZCACHE_E_INVALID, "items[%zu]: the cas token is 0", i);
    if (item->value.data == NULL && item->value.size > 0)
        return zc_error(ZCACHE_E_INVALID, "items[%zu]: data is NULL, size is %zu", i,
                        item->value.size);
    if (item->value.size > batch->operation->generation->value_max)
        return zc_error(ZCACHE_E_TOO_LARGE,
                        "items[%zu]: the value has %zu bytes: at most %zu are allowed "
                        "(max_value_size)",
                        i, item->value.size, batch->operation->generation->value_max);
    int64_t ttl_ms = item->ttl_ms != ZCACHE_TTL_DEFAULT ? item->ttl_ms : default_ttl_ms;
    zcache_status status = zc_ttl_resolve(batch->operation, ttl_ms, &physical->ttl_ms);
    if (status == ZCACHE_OK)
        status = batch_add(batch, i);
    if (status == ZCACHE_OK)
        physical->key = batch->keys[batch->count - 1];
    return status;
}

static zcache_status set_multi_in(zc_operation *operation, size_t n, zcache_item items[],
                                  int64_t default_ttl_ms)
{
    if (n > SIZE_MAX / sizeof(zcache_item))
        return zc_error(ZCACHE_E_INVALID, "n is %zu: that is no number of items", n);
    zcache_item *physical = zc_alloc(n * sizeof(*physical));
    if (physical == NULL)
        return zc_error_nomem();
    const key_array keys = {.items = items};
    key_batch batch;
    zcache_status status = batch_start(&batch, operation, n, &keys, NULL);
    if (status != ZCACHE_OK) {
        zc_free(physical);
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        status = add_item(&batch, &physical[batch.count], &items[i], i, default_ttl_ms);
        if (status != ZCACHE_OK)
            batch.statuses[i] = status;
    }
    if (batch.count > 0) {
        const zcache_layer *top = &operation->generation->top;
        status = top->set.call(top->set.self, &operation->call, batch.count, physical);
        for (size_t i = 0; i < batch.count; i++)
            batch.statuses[batch.index[i]] = physical[i].status;
        batch_settle(&batch, "set", status, ZCACHE_E_INTERNAL);
    }
    for (size_t i = 0; i < n; i++) {
        items[i].status = batch.statuses[i];
        if (items[i].status <= ZCACHE_OK)
            zc_operation_count(operation, items[i].status == ZCACHE_OK ? ZC_WRITES : ZC_ERRORS, 1);
    }
    zc_free(physical);
    return batch_end(&batch);
}

ZCACHE_PUBLIC zcache_status zcache_set_multi(zcache *cache, size_t n, zcache_item items[],
                                             const zcache_write_options *options)
{
    zcache_write_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_WRITE");
    if (status != ZCACHE_OK || n == 0)
        return status;
    if (items == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_set_multi: items is NULL");
    for (size_t i = 0; i < n; i++)
        items[i].status = ZC_STATUS_UNSET;
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms, 0);
    if (status == ZCACHE_OK) {
        status = set_multi_in(&operation, n, items, asked.ttl_ms);
        zc_operation_end(&operation);
    }
    for (size_t i = 0; i < n; i++)
        if (items[i].status == ZC_STATUS_UNSET)
            items[i].status = status;
    return status;
}

/* ---- del ------------------------------------------------------------------------------------- */

static zcache_status del_multi_in(zc_operation *operation, size_t n, const key_array *keys,
                                  zcache_status statuses[])
{
    key_batch batch;
    zcache_status status = batch_start(&batch, operation, n, keys, statuses);
    if (status != ZCACHE_OK)
        return zc_fail_all(n, statuses, status);
    for (size_t i = 0; i < n; i++) {
        status = batch_add(&batch, i);
        if (status != ZCACHE_OK)
            batch.statuses[i] = status;
    }
    if (batch.count > 0) {
        zcache_status *physical = zc_alloc(batch.count * sizeof(*physical));
        if (physical == NULL) {
            batch_settle(&batch, "del", zc_error_nomem(), ZCACHE_E_NOMEM);
            return batch_end(&batch);
        }
        for (size_t i = 0; i < batch.count; i++)
            physical[i] = ZC_STATUS_UNSET;
        const zcache_layer *top = &operation->generation->top;
        status = top->del.call(top->del.self, &operation->call, batch.count, batch.keys, physical);
        for (size_t i = 0; i < batch.count; i++)
            batch.statuses[batch.index[i]] = physical[i];
        zc_free(physical);
        batch_settle(&batch, "del", status, ZCACHE_E_INTERNAL);
    }
    for (size_t i = 0; i < n; i++)
        if (batch.statuses[i] <= ZCACHE_OK)
            zc_operation_count(operation, batch.statuses[i] == ZCACHE_OK ? ZC_DELETES : ZC_ERRORS,
                               1);
    return batch_end(&batch);
}

static zcache_status del_multi(zcache *cache, size_t n, const key_array *keys,
                               zcache_status statuses[], const zcache_write_options *options)
{
    zcache_write_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_WRITE");
    if (status != ZCACHE_OK || n == 0)
        return status;
    if (keys->strings == NULL && keys->slices == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_del_multi: keys is NULL");
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms, 0);
    if (status != ZCACHE_OK)
        return zc_fail_all(n, statuses, status);
    status = del_multi_in(&operation, n, keys, statuses);
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_del_multi(zcache *cache, size_t n, const char *const keys[],
                                             zcache_status statuses[],
                                             const zcache_write_options *options)
{
    return del_multi(cache, n, &(key_array){.strings = keys}, statuses, options);
}

ZCACHE_PUBLIC zcache_status zcache_del_multi_n(zcache *cache, size_t n, const zcache_slice keys[],
                                               zcache_status statuses[],
                                               const zcache_write_options *options)
{
    return del_multi(cache, n, &(key_array){.slices = keys}, statuses, options);
}
