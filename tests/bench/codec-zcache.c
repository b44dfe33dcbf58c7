/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache in the benchmark of codecs: with all that a typed table does for a value, but for reading
 * and writing the store.
 */
#include <stdio.h>

#include "base/error.h"
#include "codec.h"
#include "table/typed.h"

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

/* A table that no cache has: values are all that it is used for. */
typedef struct bench_table {
    zcache_typed typed;
    zc_codec_use use;
} bench_table;

static const zcache_struct *type_of(record which)
{
    return which == RECORD_USER ? user_struct() : product_struct();
}

static void must_be_ok(zcache_status status)
{
    if (status == ZCACHE_OK)
        return;
    fprintf(stderr, "%s\n", zc_error_text());
    abort();
}

static zcache_typed *open_table(bench_table *table, record which, zc_encode_fn *encode,
                                zc_decode_fn *decode)
{
    if (table->typed.plan == NULL) {
        must_be_ok(zc_plan_make(type_of(which), &table->typed.plan));
        table->use.codec = (zc_codec){.encode = encode, .decode = decode};
        atomic_store_explicit(&table->typed.codec, &table->use, memory_order_release);
    }
    return &table->typed;
}

static zcache_typed *json_table(record which)
{
    static bench_table tables[RECORDS];
    return open_table(&tables[which], which, zc_json_encode, zc_json_decode);
}

static zcache_typed *msgpack_table(record which)
{
    static bench_table tables[RECORDS];
    return open_table(&tables[which], which, zc_msgpack_encode, zc_msgpack_decode);
}

static size_t encode(zcache_typed *table, const void *value, const char **bytes)
{
    static zcache_buffer buffer; /* kept, as a thread's own is */
    if (buffer.grow == NULL)
        buffer = zc_buffer_over(NULL, 0);
    buffer.size = 0;
    must_be_ok(zc_typed_encode(table, value, &buffer));
    *bytes = (const char *)buffer.data;
    return buffer.size;
}

static void *decode(zcache_typed *table, char *bytes, size_t size, void *value)
{
    if (bench_kept == NULL) {
        zcache_value read = {.data = bytes, .size = size, .capacity = size + BENCH_ROOM};
        must_be_ok(zc_typed_decode(table, zcache_bytes_of("key", 3), &read, value));
        return NULL; /* the value has its block itself */
    }
    zcache_block block = {
        .base = (unsigned char *)bench_kept, .capacity = BENCH_KEPT_SIZE, .error = zc_error};
    memset(bytes + size, ZC_FENCE_BYTE, ZC_FENCE);
    const zc_codec *codec = &atomic_load_explicit(&table->codec, memory_order_acquire)->codec;
    must_be_ok(codec->decode(NULL, table->plan, zcache_bytes_of(bytes, size), value, &block));
    return bench_kept;
}

static void release(record which, void *value, void *memory)
{
    if (memory == NULL)
        zcache_struct_free(type_of(which), value);
}

#define FUNCTIONS(name, which, table)                                  \
    static size_t encode_##name(const void *value, const char **bytes) \
    {                                                                  \
        return encode(table(which), value, bytes);                     \
    }                                                                  \
    static void *decode_##name(char *bytes, size_t size, void *value)  \
    {                                                                  \
        return decode(table(which), bytes, size, value);               \
    }
FUNCTIONS(user_json, RECORD_USER, json_table)
FUNCTIONS(product_json, RECORD_PRODUCT, json_table)
FUNCTIONS(user_msgpack, RECORD_USER, msgpack_table)
FUNCTIONS(product_msgpack, RECORD_PRODUCT, msgpack_table)

const competitor bench_zcache_json = {"zcache",
                                      {encode_user_json, encode_product_json},
                                      {decode_user_json, decode_product_json},
                                      release};
const competitor bench_zcache_msgpack = {"zcache",
                                         {encode_user_msgpack, encode_product_msgpack},
                                         {decode_user_msgpack, decode_product_msgpack},
                                         release};
