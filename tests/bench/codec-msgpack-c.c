/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * msgpack-c in the benchmark of codecs: a packer driven by hand over an sbuffer that is kept, and
 * objects in a zone that is kept, as in its README. The second row is msgpack_unpack_next, which
 * makes a zone for each value, as its header recommends.
 */
#include <msgpack.h>

#include "codec.h"

/* ---- encoding -------------------------------------------------------------------------------- */

static msgpack_sbuffer buffer;

static void pack_text(msgpack_packer *to, const char *text, size_t size)
{
    msgpack_pack_str(to, size);
    msgpack_pack_str_body(to, text, size);
}

static void pack_texts(msgpack_packer *to, char *const *texts, size_t count)
{
    msgpack_pack_array(to, count);
    for (size_t i = 0; i < count; i++)
        pack_text(to, texts[i], strlen(texts[i]));
}

static void pack_doubles(msgpack_packer *to, const double *numbers, size_t count)
{
    msgpack_pack_array(to, count);
    for (size_t i = 0; i < count; i++)
        msgpack_pack_double(to, numbers[i]);
}

static void pack_address(msgpack_packer *to, const address *from);

#define PACK_I64(f)     msgpack_pack_int64(to, from->f);
#define PACK_I32(f)     msgpack_pack_int32(to, from->f);
#define PACK_BOOL(f)    from->f ? msgpack_pack_true(to) : msgpack_pack_false(to);
#define PACK_DOUBLE(f)  msgpack_pack_double(to, from->f);
#define PACK_STATE(f)   pack_text(to, state_name(from->f), strlen(state_name(from->f)));
#define PACK_STRING(f)  pack_text(to, from->f, strlen(from->f));
#define PACK_CHARS(f)   pack_text(to, from->f, strlen(from->f));
#define PACK_STRINGS(f) pack_texts(to, from->f, from->f##_count);
#define PACK_DOUBLES(f) pack_doubles(to, from->f, from->f##_count);
#define PACK_ADDRESS(f) pack_address(to, &from->f);
#define PACK(KIND, f)                  \
    pack_text(to, #f, sizeof(#f) - 1); \
    PACK_##KIND(f)
#define ONE(KIND, f) +1

static void pack_address(msgpack_packer *to, const address *from)
{
    msgpack_pack_map(to, 0 ADDRESS_FIELDS(ONE));
    ADDRESS_FIELDS(PACK)
}

static size_t encode_user(const void *value, const char **bytes)
{
    const user *from = value;
    msgpack_packer packer, *to = &packer;
    msgpack_sbuffer_clear(&buffer);
    msgpack_packer_init(to, &buffer, msgpack_sbuffer_write);
    msgpack_pack_map(to, 0 USER_FIELDS(ONE));
    USER_FIELDS(PACK)
    *bytes = buffer.data;
    return buffer.size;
}

static size_t encode_product(const void *value, const char **bytes)
{
    const product *from = value;
    msgpack_packer packer, *to = &packer;
    msgpack_sbuffer_clear(&buffer);
    msgpack_packer_init(to, &buffer, msgpack_sbuffer_write);
    msgpack_pack_map(to, 0 PRODUCT_FIELDS(ONE));
    PRODUCT_FIELDS(PACK)
    *bytes = buffer.data;
    return buffer.size;
}

/* ---- from objects into structs --------------------------------------------------------------- */

static bool is_named(const msgpack_object_kv *pair, const char *name, size_t size)
{
    return pair->key.type == MSGPACK_OBJECT_STR && pair->key.via.str.size == size &&
           memcmp(pair->key.via.str.ptr, name, size) == 0;
}

/* The value of a name, which mostly is at *next. */
static inline const msgpack_object *find(const msgpack_object_map *map, uint32_t *next,
                                         const char *name, size_t size)
{
    if (*next < map->size && is_named(&map->ptr[*next], name, size))
        return &map->ptr[(*next)++].val;
    for (uint32_t i = 0; i < map->size; i++)
        if (is_named(&map->ptr[i], name, size))
            return &map->ptr[i].val;
    abort();
}

static void expect(const msgpack_object *object, msgpack_object_type type)
{
    if (object->type != type)
        abort();
}

static int64_t integer(const msgpack_object *object)
{
    if (object->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        expect(object, MSGPACK_OBJECT_POSITIVE_INTEGER);
    return object->via.i64;
}

static double real(const msgpack_object *object)
{
    expect(object, MSGPACK_OBJECT_FLOAT64);
    return object->via.f64;
}

static bool boolean(const msgpack_object *object)
{
    expect(object, MSGPACK_OBJECT_BOOLEAN);
    return object->via.boolean;
}

static const msgpack_object_str *text(const msgpack_object *object)
{
    expect(object, MSGPACK_OBJECT_STR);
    return &object->via.str;
}

static char *copy(const msgpack_object *object, bench_block *memory)
{
    return block_text(memory, text(object)->ptr, text(object)->size);
}

static char **copy_texts(const msgpack_object *object, size_t *count, bench_block *memory)
{
    expect(object, MSGPACK_OBJECT_ARRAY);
    *count = object->via.array.size;
    char **texts = block_take_array(memory, *count * sizeof(*texts));
    for (size_t i = 0; i < *count; i++)
        texts[i] = copy(&object->via.array.ptr[i], memory);
    return texts;
}

static double *copy_doubles(const msgpack_object *object, size_t *count, bench_block *memory)
{
    expect(object, MSGPACK_OBJECT_ARRAY);
    *count = object->via.array.size;
    double *numbers = block_take_array(memory, *count * sizeof(*numbers));
    for (size_t i = 0; i < *count; i++)
        numbers[i] = real(&object->via.array.ptr[i]);
    return numbers;
}

static void get_address(const msgpack_object *object, address *to, bench_block *memory);

#define GET_I64(f)     to->f = integer(got);
#define GET_I32(f)     to->f = (int32_t)integer(got);
#define GET_BOOL(f)    to->f = boolean(got);
#define GET_DOUBLE(f)  to->f = real(got);
#define GET_STATE(f)   to->f = bench_state(text(got)->ptr, text(got)->size);
#define GET_STRING(f)  to->f = copy(got, memory);
#define GET_CHARS(f)   bench_copy_chars(to->f, sizeof(to->f), text(got)->ptr, text(got)->size);
#define GET_STRINGS(f) to->f = copy_texts(got, &to->f##_count, memory);
#define GET_DOUBLES(f) to->f = copy_doubles(got, &to->f##_count, memory);
#define GET_ADDRESS(f) get_address(got, &to->f, memory);
#define GET(KIND, f)                            \
    got = find(map, &next, #f, sizeof(#f) - 1); \
    GET_##KIND(f)

static void get_address(const msgpack_object *object, address *to, bench_block *memory)
{
    expect(object, MSGPACK_OBJECT_MAP);
    const msgpack_object_map *map = &object->via.map;
    const msgpack_object *got;
    uint32_t next = 0;
    ADDRESS_FIELDS(GET)
}

static void get_user(const msgpack_object *object, user *to, bench_block *memory)
{
    expect(object, MSGPACK_OBJECT_MAP);
    const msgpack_object_map *map = &object->via.map;
    const msgpack_object *got;
    uint32_t next = 0;
    USER_FIELDS(GET)
}

static void get_product(const msgpack_object *object, product *to, bench_block *memory)
{
    expect(object, MSGPACK_OBJECT_MAP);
    const msgpack_object_map *map = &object->via.map;
    const msgpack_object *got;
    uint32_t next = 0;
    PRODUCT_FIELDS(GET)
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void unpack(const char *bytes, size_t size, msgpack_object *object)
{
    static msgpack_zone zone;
    static bool made;
    if (!made && !(made = msgpack_zone_init(&zone, 16384)))
        abort();
    msgpack_zone_clear(&zone);
    if (msgpack_unpack(bytes, size, NULL, &zone, object) != MSGPACK_UNPACK_SUCCESS)
        abort();
}

static void *decode_user(char *bytes, size_t size, void *value)
{
    msgpack_object object;
    unpack(bytes, size, &object);
    bench_block memory = block_begin(size);
    get_user(&object, value, &memory);
    return memory.memory;
}

static void *decode_product(char *bytes, size_t size, void *value)
{
    msgpack_object object;
    unpack(bytes, size, &object);
    bench_block memory = block_begin(size);
    get_product(&object, value, &memory);
    return memory.memory;
}

static msgpack_unpacked unpacked; /* what it holds is freed by the next msgpack_unpack_next */

static void unpack_next(const char *bytes, size_t size)
{
    if (msgpack_unpack_next(&unpacked, bytes, size, NULL) != MSGPACK_UNPACK_SUCCESS)
        abort();
}

static void *decode_user_next(char *bytes, size_t size, void *value)
{
    unpack_next(bytes, size);
    bench_block memory = block_begin(size);
    get_user(&unpacked.data, value, &memory);
    return memory.memory;
}

static void *decode_product_next(char *bytes, size_t size, void *value)
{
    unpack_next(bytes, size);
    bench_block memory = block_begin(size);
    get_product(&unpacked.data, value, &memory);
    return memory.memory;
}

const competitor bench_msgpack_c = {
    "msgpack-c", {encode_user, encode_product}, {decode_user, decode_product}, bench_release_block};
const competitor bench_msgpack_c_next = {"msgpack-c, unpack_next",
                                         {NULL, NULL},
                                         {decode_user_next, decode_product_next},
                                         bench_release_block};
