/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The operations of typed tables: those of the table below, with a codec between. Single values go
 * through a buffer that each thread keeps.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"
#include "table/typed.h"

/* ---- one key --------------------------------------------------------------------------------- */

static void give_info(const zcache_read_options *asked, size_t i, const zcache_value *read,
                      zcache_status status)
{
    if (asked->info == NULL)
        return;
    bool hit = status == ZCACHE_OK;
    asked->info[i] = (zcache_read_info){.ttl_ms = hit ? read->ttl_ms : ZCACHE_TTL_UNKNOWN,
                                        .cas = hit ? read->cas : 0};
}

ZCACHE_PUBLIC zcache_status zcache_typed_get(zcache_typed *table, const void *key, size_t key_size,
                                             void *value, const zcache_read_options *options)
{
    if (table == NULL)
        return zc_typed_unopened();
    if (value == NULL)
        return zc_error(ZCACHE_E_INVALID, "table %s: the value is NULL", table->handle->name);
    zcache_read_options asked = {0};
    if (options != NULL) {
        zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
        if (status != ZCACHE_OK) {
            memset(value, 0, table->plan->size);
            return status;
        }
    }
    zcache_value bytes = ZCACHE_VALUE_INIT;
    bytes.data = zc_scratch_take(&bytes.capacity);
    zcache_status status = zcache_get_n(table->handle, key, key_size, &bytes, options);
    if (status == ZCACHE_OK)
        status = zc_typed_decode(table, zcache_bytes_of(key, key_size), &bytes, value);
    else
        memset(value, 0, table->plan->size);
    give_info(&asked, 0, &bytes, status);
    zc_scratch_give(bytes.data, bytes.capacity);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_typed_set(zcache_typed *table, const void *key, size_t key_size,
                                             const void *value, zcache_set_mode mode, uint64_t cas,
                                             const zcache_write_options *options)
{
    if (table == NULL)
        return zc_typed_unopened();
    size_t capacity;
    void *memory = zc_scratch_take(&capacity);
    zcache_buffer buffer = zc_buffer_over(memory, capacity);
    zcache_status status = zc_typed_encode(table, value, &buffer);
    if (status == ZCACHE_OK)
        status =
            zc_store(table->handle, key, key_size, buffer.data, buffer.size, mode, cas, options);
    zc_scratch_give(buffer.data, buffer.capacity);
    return status;
}

/* ---- many keys ------------------------------------------------------------------------------- */

static zcache_status check_multi(zcache_typed *table, size_t n, const void *keys,
                                 const void *values, const char *function)
{
    if (table == NULL)
        return zc_typed_unopened();
    if (n > 0 && (keys == NULL || values == NULL))
        return zc_error(ZCACHE_E_INVALID, "table %s: %s: keys and values must be given",
                        table->handle->name, function);
    return ZCACHE_OK;
}

/* So that values can be freed, whatever comes. */
static void zero_values(const zcache_typed *table, size_t n, void *values)
{
    if (table != NULL && values != NULL)
        memset(values, 0, n * table->plan->size);
}

ZCACHE_PUBLIC zcache_status zcache_typed_get_multi_n(zcache_typed *table, size_t n,
                                                     const zcache_slice keys[], void *values,
                                                     zcache_status statuses[],
                                                     const zcache_read_options *options)
{
    zero_values(table, n, values);
    zcache_status status = check_multi(table, n, keys, values, "get_multi");
    zcache_read_options asked = {0};
    if (status == ZCACHE_OK && options != NULL)
        status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
    if (status != ZCACHE_OK || n == 0)
        return zc_fail_all(n, statuses, status);
    size_t size = table->plan->size;
    zcache_value *bytes = zc_calloc(n, sizeof(*bytes));
    zcache_status *own = zc_calloc(n, sizeof(*own));
    if (bytes == NULL || own == NULL) {
        zc_free(bytes);
        zc_free(own);
        return zc_fail_all(n, statuses, zc_error_nomem());
    }
    zc_fail_all(n, own, ZC_STATUS_UNSET);
    zcache_status first = zcache_get_multi_n(table->handle, n, keys, bytes, own, options);
    for (size_t i = 0; i < n; i++) {
        if (own[i] == ZC_STATUS_UNSET)
            own[i] = first;
        if (own[i] == ZCACHE_OK) {
            own[i] = zc_typed_decode(table, keys[i], &bytes[i], (char *)values + i * size);
            if (own[i] < ZCACHE_OK && first == ZCACHE_OK)
                first = own[i];
        }
        give_info(&asked, i, &bytes[i], own[i]);
        if (statuses != NULL)
            statuses[i] = own[i];
        zcache_value_free(&bytes[i]);
    }
    zc_free(bytes);
    zc_free(own);
    return first;
}

/* The values of a batch, encoded one behind the other, and of which of the caller's each is. */
typedef struct encoded_batch {
    zcache_buffer buffer;
    zcache_item *items;
    size_t *index;
    size_t count;
} encoded_batch;

/* Encodes all values; one that cannot be stored fails alone. Returns the first failure. */
static zcache_status encode_all(zcache_typed *table, size_t n, const zcache_slice keys[],
                                const void *values, zcache_status statuses[], encoded_batch *batch)
{
    zcache_status first = ZCACHE_OK;
    for (size_t i = 0; i < n; i++) {
        size_t begin = batch->buffer.size;
        zcache_status status =
            zc_typed_encode(table, (const char *)values + i * table->plan->size, &batch->buffer);
        if (status != ZCACHE_OK) {
            batch->buffer.size = begin;
            if (first == ZCACHE_OK)
                first = status;
            if (statuses != NULL)
                statuses[i] = status;
            continue;
        }
        zcache_item *item = &batch->items[batch->count];
        item->key = keys[i];
        item->value.size = batch->buffer.size - begin;
        item->status = ZC_STATUS_UNSET;
        batch->index[batch->count++] = i;
    }
    /* Only now the buffer no longer moves. */
    const unsigned char *at = batch->buffer.data;
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].value.data = at;
        at += batch->items[i].value.size;
    }
    return first;
}

ZCACHE_PUBLIC zcache_status zcache_typed_set_multi_n(zcache_typed *table, size_t n,
                                                     const zcache_slice keys[], const void *values,
                                                     zcache_status statuses[],
                                                     const zcache_write_options *options)
{
    zcache_status status = check_multi(table, n, keys, values, "set_multi");
    if (status != ZCACHE_OK || n == 0)
        return zc_fail_all(n, statuses, status);
    encoded_batch batch = {.buffer = zc_buffer_over(NULL, 0),
                           .items = zc_calloc(n, sizeof(zcache_item)),
                           .index = zc_calloc(n, sizeof(size_t))};
    if (batch.items == NULL || batch.index == NULL) {
        status = zc_fail_all(n, statuses, zc_error_nomem());
        goto out;
    }
    status = encode_all(table, n, keys, values, statuses, &batch);
    /* The message that stays is of the first failure: of encoding, if there was one. */
    char message[ZC_ERROR_MAX];
    strcpy(message, zc_error_text());
    zcache_status stored = zcache_set_multi(table->handle, batch.count, batch.items, options);
    for (size_t i = 0; statuses != NULL && i < batch.count; i++) {
        zcache_status own = batch.items[i].status;
        statuses[batch.index[i]] = own != ZC_STATUS_UNSET ? own : stored;
    }
    if (status == ZCACHE_OK)
        status = stored;
    else
        zc_error(status, "%s", message);
out:
    zc_free(batch.buffer.data);
    zc_free(batch.items);
    zc_free(batch.index);
    return status;
}

/* C strings as slices, to be freed; NULL: memory is short, or there are none. */
static zcache_slice *slices_of(size_t n, const char *const keys[])
{
    zcache_slice *slices = keys != NULL ? zc_calloc(n, sizeof(*slices)) : NULL;
    for (size_t i = 0; slices != NULL && i < n; i++)
        slices[i] = zcache_bytes_of(keys[i], zc_key_size(keys[i]));
    return slices;
}

ZCACHE_PUBLIC zcache_status zcache_typed_get_multi(zcache_typed *table, size_t n,
                                                   const char *const keys[], void *values,
                                                   zcache_status statuses[],
                                                   const zcache_read_options *options)
{
    zcache_slice *slices = slices_of(n, keys);
    if (slices == NULL && keys != NULL && n > 0) {
        zero_values(table, n, values);
        return zc_fail_all(n, statuses, zc_error_nomem());
    }
    zcache_status status = zcache_typed_get_multi_n(table, n, slices, values, statuses, options);
    zc_free(slices);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_typed_set_multi(zcache_typed *table, size_t n,
                                                   const char *const keys[], const void *values,
                                                   zcache_status statuses[],
                                                   const zcache_write_options *options)
{
    zcache_slice *slices = slices_of(n, keys);
    if (slices == NULL && keys != NULL && n > 0)
        return zc_fail_all(n, statuses, zc_error_nomem());
    zcache_status status = zcache_typed_set_multi_n(table, n, slices, values, statuses, options);
    zc_free(slices);
    return status;
}
