/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reads of one key: get, exists, ttl. The provider hands the value to a sink, which copies it into
 * the caller's buffer while it is borrowed; then the pin ends.
 */
#include <string.h>

#include "base/error.h"
#include "core/operation.h"

/* Receives the one answer of a read. */
typedef struct read_sink {
    zcache_sink sink;    /* first: the provider gives its address back */
    zcache_value *value; /* NULL: existence only */
    int64_t ttl_ms;
    uint64_t cas;
    zcache_status status; /* ZCACHE_MISS until something came */
} read_sink;

static void read_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    (void)i;
    read_sink *read = (read_sink *)sink;
    read->status = ZCACHE_OK;
    if (meta != NULL) {
        read->ttl_ms = meta->ttl_ms;
        read->cas = meta->cas;
    }
    if (read->value == NULL)
        return;
    if (!zc_value_reserve(read->value, value.size)) {
        read->status = zc_error_nomem();
        return;
    }
    char *data = read->value->data;
    if (value.size > 0)
        memcpy(data, value.data, value.size);
    data[value.size] = '\0';
    read->value->size = value.size;
}

static void read_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    (void)i;
    ((read_sink *)sink)->status = status < ZCACHE_OK ? status : ZCACHE_E_INTERNAL;
}

static read_sink read_sink_for(zcache_value *value)
{
    return (read_sink){.sink = {.hit = read_hit, .fail = read_fail},
                       .value = value,
                       .ttl_ms = ZCACHE_TTL_UNKNOWN,
                       .status = ZCACHE_MISS};
}

/* Asks the provider about one key with `call`, which is get or peek. */
static zcache_status read_one(zc_operation *operation, const char *op, zcache_get_fn *call,
                              void *self, const void *key, size_t key_size, read_sink *read)
{
    char buffer[ZC_KEY_MAX];
    zcache_slice physical = {.data = buffer};
    zcache_status status = zc_key_make(operation->handle, operation->generation, key, key_size,
                                       buffer, &physical.size);
    if (status != ZCACHE_OK)
        return status;
    status = call(self, &operation->call, 1, &physical, &read->sink);
    if (__builtin_expect(status != ZCACHE_OK, 0))
        return zc_operation_failed(operation, op, status);
    if (__builtin_expect(read->status < ZCACHE_OK, 0))
        return zc_operation_failed(operation, op, read->status);
    return read->status;
}

ZCACHE_PUBLIC zcache_status zcache_get_n(zcache *cache, const void *key, size_t key_size,
                                         zcache_value *value, const zcache_read_options *options)
{
    if (value == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_get: value is NULL");
    value->size = 0;
    value->ttl_ms = ZCACHE_TTL_UNKNOWN;
    value->cas = 0;
    zcache_read_options asked = {0};
    if (options != NULL) {
        zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
        if (status != ZCACHE_OK)
            return status;
    }
    zc_operation operation;
    zcache_status status = zc_operation_begin(&operation, cache, asked.timeout_ms,
                                              (asked.with_ttl ? ZCACHE_CALL_TTL : 0) |
                                                  (asked.with_cas ? ZCACHE_CALL_CAS : 0));
    if (status != ZCACHE_OK)
        return status;
    read_sink read = read_sink_for(value);
    const zcache_layer *top = &operation.generation->top;
    status = read_one(&operation, "get", top->get.call, top->get.self, key, key_size, &read);
    if (status == ZCACHE_OK) {
        value->ttl_ms = asked.with_ttl ? read.ttl_ms : ZCACHE_TTL_UNKNOWN;
        value->cas = asked.with_cas ? zc_cas_to_application(&operation, read.cas) : 0;
    } else {
        value->size = 0;
    }
    status = zc_read_status(&operation, status);
    zc_operation_end(&operation);
    return status;
}

/* exists and ttl: by peek where there is one, else by get. */
static zcache_status peek_one(zcache *cache, const void *key, size_t key_size, uint32_t call_flags,
                              const zcache_read_options *options, int64_t *ttl_ms)
{
    zcache_read_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_READ");
    if (status != ZCACHE_OK)
        return status;
    zc_operation operation;
    status = zc_operation_begin(&operation, cache, asked.timeout_ms, call_flags);
    if (status != ZCACHE_OK)
        return status;
    read_sink read = read_sink_for(NULL);
    const zcache_layer *top = &operation.generation->top;
    if (top->peek.call != NULL)
        status = read_one(&operation, "peek", top->peek.call, top->peek.self, key, key_size, &read);
    else
        status = read_one(&operation, "get", top->get.call, top->get.self, key, key_size, &read);
    *ttl_ms = read.ttl_ms;
    if (status == ZCACHE_OK && (call_flags & ZCACHE_CALL_TTL) != 0 &&
        read.ttl_ms == ZCACHE_TTL_UNKNOWN)
        status = zc_operation_unsupported(&operation, "ttl");
    status = zc_read_status(&operation, status);
    zc_operation_end(&operation);
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_exists_n(zcache *cache, const void *key, size_t key_size,
                                            const zcache_read_options *options)
{
    int64_t ttl_ms;
    return peek_one(cache, key, key_size, 0, options, &ttl_ms);
}

ZCACHE_PUBLIC zcache_status zcache_ttl_n(zcache *cache, const void *key, size_t key_size,
                                         int64_t *ttl_ms, const zcache_read_options *options)
{
    if (ttl_ms == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_ttl: ttl_ms is NULL");
    *ttl_ms = ZCACHE_TTL_UNKNOWN;
    int64_t found_ms = ZCACHE_TTL_UNKNOWN;
    zcache_status status = peek_one(cache, key, key_size, ZCACHE_CALL_TTL, options, &found_ms);
    if (status == ZCACHE_OK)
        *ttl_ms = found_ms;
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_get(zcache *cache, const char *key, zcache_value *value,
                                       const zcache_read_options *options)
{
    return zcache_get_n(cache, key, zc_key_size(key), value, options);
}

ZCACHE_PUBLIC zcache_status zcache_exists(zcache *cache, const char *key,
                                          const zcache_read_options *options)
{
    return zcache_exists_n(cache, key, zc_key_size(key), options);
}

ZCACHE_PUBLIC zcache_status zcache_ttl(zcache *cache, const char *key, int64_t *ttl_ms,
                                       const zcache_read_options *options)
{
    return zcache_ttl_n(cache, key, zc_key_size(key), ttl_ms, options);
}
