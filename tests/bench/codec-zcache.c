/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache in the benchmark of codecs: with all that a typed table does for a value, but for reading
 * and writing the store.
 */
#include <stdio.h>

#include <zcache/table.h>

#include "base/allocator.h"
#include "base/error.h"
#include "codec.h"
#include "codec/codec.h"

ZCACHE_ENUM(state, ZC_VALUE(ACTIVE, "active"), ZC_VALUE(PENDING, "pending"),
            ZC_VALUE(SUSPENDED, "suspended"))

#define DESCRIBE_I64(f)     ZC_I64(f),
#define DESCRIBE_I32(f)     ZC_I32(f),
#define DESCRIBE_BOOL(f)    ZC_BOOL(f),
#define DESCRIBE_STATE(f)   ZC_ENUM(f, state),
#define DESCRIBE_DOUBLE(f)  ZC_DOUBLE(f),
#define DESCRIBE_STRING(f)  ZC_STRING(f),
#define DESCRIBE_CHARS(f)   ZC_CHARS(f),
#define DESCRIBE_STRINGS(f) ZC_ARRAY(f, f##_count, ZC_STRING),
#define DESCRIBE_DOUBLES(f) ZC_ARRAY(f, f##_count, ZC_DOUBLE),
#define DESCRIBE_ADDRESS(f) ZC_NESTED(f, address),
#define DESCRIBE(KIND, f)   DESCRIBE_##KIND(f)

ZCACHE_STRUCT(address, ADDRESS_FIELDS(DESCRIBE))
ZCACHE_STRUCT(user, USER_FIELDS(DESCRIBE))
ZCACHE_STRUCT(product, PRODUCT_FIELDS(DESCRIBE))

static const zc_plan *plan_of(record which)
{
    static zc_plan *plans[RECORDS];
    if (plans[which] == NULL &&
        zc_plan_make(which == RECORD_USER ? user_struct() : product_struct(), &plans[which]) !=
            ZCACHE_OK) {
        fprintf(stderr, "%s\n", zc_error_text());
        abort();
    }
    return plans[which];
}

/* ---- encoding: into a buffer that is kept ---------------------------------------------------- */

static bool grow(zcache_buffer *buffer, size_t more)
{
    size_t capacity = 2 * (buffer->size + more);
    unsigned char *data = zc_realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

static size_t encode(zc_encode_fn *codec, record which, const void *value, const char **bytes)
{
    static zcache_buffer buffer = {.grow = grow, .error = zc_error};
    buffer.size = 0;
    if (codec(NULL, plan_of(which), value, &buffer) != ZCACHE_OK) {
        fprintf(stderr, "%s\n", zc_error_text());
        abort();
    }
    *bytes = (const char *)buffer.data;
    return buffer.size;
}

static size_t encode_user_json(const void *value, const char **bytes)
{
    return encode(zc_json_encode, RECORD_USER, value, bytes);
}

static size_t encode_product_json(const void *value, const char **bytes)
{
    return encode(zc_json_encode, RECORD_PRODUCT, value, bytes);
}

static size_t encode_user_msgpack(const void *value, const char **bytes)
{
    return encode(zc_msgpack_encode, RECORD_USER, value, bytes);
}

static size_t encode_product_msgpack(const void *value, const char **bytes)
{
    return encode(zc_msgpack_encode, RECORD_PRODUCT, value, bytes);
}

/* ---- decoding: into a block that the value owns ---------------------------------------------- */

/* As host/table/value.c does. */
static void *decode(zc_decode_fn *codec, record which, const char *bytes, size_t size, void *value)
{
    const zc_plan *plan = plan_of(which);
    zcache_block into = {.capacity = size + 2 * ZCACHE_BLOCK_MARK * plan->field_count + 64,
                         .error = zc_error};
    zcache_status status;
    for (;;) {
        into.base = zc_alloc(into.capacity);
        if (into.base == NULL)
            abort();
        status = codec(NULL, plan, zcache_bytes_of(bytes, size), value, &into);
        if (status != ZCACHE_E_NOMEM || into.wanted <= into.capacity)
            break;
        zc_free(into.base);
        into.capacity = into.wanted;
        into.used = into.wanted = 0;
    }
    if (status != ZCACHE_OK) {
        fprintf(stderr, "%s\n", zc_error_text());
        abort();
    }
    return into.base;
}

static void release(record which, void *value, void *memory)
{
    memset(value, 0, plan_of(which)->size);
    zc_free(memory);
}

static void *decode_user_json(const char *bytes, size_t size, void *value)
{
    return decode(zc_json_decode, RECORD_USER, bytes, size, value);
}

static void *decode_product_json(const char *bytes, size_t size, void *value)
{
    return decode(zc_json_decode, RECORD_PRODUCT, bytes, size, value);
}

static void *decode_user_msgpack(const char *bytes, size_t size, void *value)
{
    return decode(zc_msgpack_decode, RECORD_USER, bytes, size, value);
}

static void *decode_product_msgpack(const char *bytes, size_t size, void *value)
{
    return decode(zc_msgpack_decode, RECORD_PRODUCT, bytes, size, value);
}

const competitor bench_zcache_json = {"zcache",
                                      {encode_user_json, encode_product_json},
                                      {decode_user_json, decode_product_json},
                                      release};
const competitor bench_zcache_msgpack = {"zcache",
                                         {encode_user_msgpack, encode_product_msgpack},
                                         {decode_user_msgpack, decode_product_msgpack},
                                         release};
