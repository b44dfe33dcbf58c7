/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * MessagePack into structs, straight from the bytes, which are not trusted: each read asks for its
 * bytes first, and no count is believed beyond the bytes that are left.
 *
 * `at` is the next byte, and lives in a register: functions take it and return it moved on, or NULL
 * when they failed.
 */
#include "base/error.h"
#include "codec/field.h"
#include "codec/msgpack.h"

typedef struct decoder {
    const unsigned char *begin, *end;
    zcache_block *block;
    unsigned depth;
    zcache_status status; /* why a function returned NULL */
} decoder;

/* Where a value is decoded to. */
typedef struct place {
    const zc_plan *plan;
    const zc_field *field;
} place;

static inline const unsigned char *fail(decoder *self, zcache_status status)
{
    self->status = status;
    return NULL;
}

static size_t byte_number(const decoder *self, const unsigned char *at)
{
    return (size_t)(at - self->begin);
}

static inline size_t left(const decoder *self, const unsigned char *at)
{
    return (size_t)(self->end - at);
}

#define REFUSE(at, ...) \
    fail(self, zc_field_refuse_decode(plan, field, byte_number(self, at), __VA_ARGS__))

/* Of what is in no field. */
static __attribute__((cold)) zcache_status value_fault(const decoder *self, const unsigned char *at,
                                                       const char *fault)
{
    return zc_error(ZCACHE_E_TYPE, "byte %zu: %s", byte_number(self, at), fault);
}

#define REFUSE_VALUE(at, fault) fail(self, value_fault(self, at, fault))
#define REFUSE_END()            REFUSE_VALUE(self->end, "the value ends too early")

/* What a first byte begins, in words. */
static const char *found(unsigned char first)
{
    if (first < MSGPACK_FIXMAP || first >= MSGPACK_NEGATIVE_FIXINT)
        return "a number";
    if (first < MSGPACK_FIXARRAY || first == MSGPACK_MAP16 || first == MSGPACK_MAP32)
        return "a map";
    if (first < MSGPACK_FIXSTR || first == MSGPACK_ARRAY16 || first == MSGPACK_ARRAY32)
        return "an array";
    if (first < MSGPACK_NIL || first >= MSGPACK_STR8)
        return "a text";
    if (first == MSGPACK_NIL)
        return "nil";
    if (first == MSGPACK_NEVER_USED)
        return "the byte 0xc1, which is never used";
    if (first <= MSGPACK_TRUE)
        return "a bool";
    if (first <= MSGPACK_BIN32)
        return "bytes";
    if (first <= MSGPACK_EXT32 || first >= MSGPACK_FIXEXT1)
        return "an extension type";
    return "a number";
}

#define REFUSE_TYPE(at) \
    fail(self, zc_field_refuse_type(plan, field, byte_number(self, at), found(*(at))))

/* ---- sizes and counts -------------------------------------------------------------------------- */

/* Reads the big-endian number of `width` bytes behind the first byte. */
static inline const unsigned char *read_size(decoder *self, const unsigned char *at, size_t width,
                                             size_t *size)
{
    if (left(self, at) <= width)
        return REFUSE_END();
    if (width == 1)
        *size = at[1];
    else if (width == 2)
        *size = zc_msgpack_load_16(at + 1);
    else
        *size = zc_msgpack_load_32(at + 1);
    return at + 1 + width;
}

/* The header of a text, whose bytes are there. `is_text` is false, and nothing was read, if it is
 * something else. `at` is before the end, here and below. */
static inline const unsigned char *read_text(decoder *self, const unsigned char *at, size_t *size,
                                             bool *is_text)
{
    unsigned char first = *at;
    *is_text = true;
    if (first >= MSGPACK_FIXSTR && first < MSGPACK_NIL) {
        *size = first & 0x1f;
        at++;
    } else if (first >= MSGPACK_STR8 && first <= MSGPACK_STR32) {
        at = read_size(self, at, (size_t)1 << (first - MSGPACK_STR8), size);
        if (at == NULL)
            return NULL;
    } else {
        *is_text = false;
        return at;
    }
    return left(self, at) >= *size ? at : REFUSE_END();
}

/* The header of bytes, or of a text, as older writers store them. */
static const unsigned char *read_bytes(decoder *self, const unsigned char *at, size_t *size,
                                       bool *is_bytes)
{
    unsigned char first = *at;
    if (first < MSGPACK_BIN8 || first > MSGPACK_BIN32)
        return read_text(self, at, size, is_bytes);
    *is_bytes = true;
    at = read_size(self, at, (size_t)1 << (first - MSGPACK_BIN8), size);
    if (at == NULL)
        return NULL;
    return left(self, at) >= *size ? at : REFUSE_END();
}

/* The header of a map or array, for whose elements at least a byte each is left (a pair has two
 * elements). */
static inline const unsigned char *read_count(decoder *self, const unsigned char *at,
                                              unsigned fixed, unsigned wide, size_t *count,
                                              bool *is_one)
{
    unsigned char first = *at;
    *is_one = true;
    if ((first & 0xf0u) == fixed) {
        *count = first & 0x0f;
        at++;
    } else if (first == wide || first == wide + 1) {
        at = read_size(self, at, first == wide ? 2 : 4, count);
        if (at == NULL)
            return NULL;
    } else {
        *is_one = false;
        return at;
    }
    size_t elements = fixed == MSGPACK_FIXMAP ? *count * 2 : *count;
    return left(self, at) >= elements ? at : REFUSE_END();
}

/* ---- skipping ---------------------------------------------------------------------------------- */

/* Bytes of a value's header and body, without the elements of a map or array, whose number is added
 * to `*elements`. 0: the byte is never used. SIZE_MAX: it ends too early. */
static size_t extent(decoder *self, const unsigned char *at, size_t *elements)
{
    unsigned char first = *at;
    size_t have = left(self, at), width, body;
    if (first < MSGPACK_FIXMAP || first >= MSGPACK_NEGATIVE_FIXINT)
        return 1;
    if (first < MSGPACK_FIXSTR) {
        *elements = (first & 0x0fu) * (first < MSGPACK_FIXARRAY ? 2u : 1u);
        return 1;
    }
    if (first < MSGPACK_NIL)
        return 1 + (first & 0x1fu);
    static const unsigned char fixed[] = {
        [MSGPACK_NIL - MSGPACK_NIL] = 1,      [MSGPACK_FALSE - MSGPACK_NIL] = 1,
        [MSGPACK_TRUE - MSGPACK_NIL] = 1,     [MSGPACK_FLOAT - MSGPACK_NIL] = 5,
        [MSGPACK_DOUBLE - MSGPACK_NIL] = 9,   [MSGPACK_UINT8 - MSGPACK_NIL] = 2,
        [MSGPACK_UINT16 - MSGPACK_NIL] = 3,   [MSGPACK_UINT32 - MSGPACK_NIL] = 5,
        [MSGPACK_UINT64 - MSGPACK_NIL] = 9,   [MSGPACK_INT8 - MSGPACK_NIL] = 2,
        [MSGPACK_INT16 - MSGPACK_NIL] = 3,    [MSGPACK_INT32 - MSGPACK_NIL] = 5,
        [MSGPACK_INT64 - MSGPACK_NIL] = 9,    [MSGPACK_FIXEXT1 - MSGPACK_NIL] = 3,
        [MSGPACK_FIXEXT2 - MSGPACK_NIL] = 4,  [MSGPACK_FIXEXT4 - MSGPACK_NIL] = 6,
        [MSGPACK_FIXEXT8 - MSGPACK_NIL] = 10, [MSGPACK_FIXEXT16 - MSGPACK_NIL] = 18,
        [MSGPACK_MAP32 - MSGPACK_NIL] = 0};
    if (fixed[first - MSGPACK_NIL] != 0 || first == MSGPACK_NEVER_USED)
        return fixed[first - MSGPACK_NIL];
    bool is_ext = first >= MSGPACK_EXT8 && first <= MSGPACK_EXT32;
    if (first <= MSGPACK_BIN32)
        width = (size_t)1 << (first - MSGPACK_BIN8);
    else if (is_ext)
        width = (size_t)1 << (first - MSGPACK_EXT8);
    else if (first <= MSGPACK_STR32)
        width = (size_t)1 << (first - MSGPACK_STR8);
    else
        width = (first - MSGPACK_ARRAY16) % 2 == 0 ? 2 : 4;
    if (have <= width)
        return SIZE_MAX;
    body = width == 1   ? at[1]
           : width == 2 ? zc_msgpack_load_16(at + 1)
                        : zc_msgpack_load_32(at + 1);
    if (first < MSGPACK_ARRAY16)
        return 1 + width + body + is_ext;
    *elements = first < MSGPACK_MAP16 ? body : body * 2;
    return 1 + width;
}

/* Skips a value of any kind, which is not yet at a level of its own. */
static const unsigned char *skip(decoder *self, const unsigned char *at)
{
    size_t pending[ZC_DEPTH_MAX + 1]; /* values still to come, at each level */
    unsigned level = self->depth;
    pending[level] = 1;
    for (;;) {
        while (pending[level] == 0) {
            if (level == self->depth)
                return at;
            level--;
        }
        pending[level]--;
        if (at == self->end)
            return REFUSE_END();
        size_t elements = SIZE_MAX;
        size_t size = extent(self, at, &elements);
        if (size == 0)
            return REFUSE_VALUE(at, found(*at));
        if (size > left(self, at))
            return REFUSE_END();
        at += size;
        if (elements == SIZE_MAX)
            continue;
        if (elements > left(self, at))
            return REFUSE_END();
        if (++level > ZC_DEPTH_MAX)
            return REFUSE_VALUE(at, "nested too deep");
        pending[level] = elements;
    }
}

/* ---- single values ----------------------------------------------------------------------------- */

static const unsigned char *get_real(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     const zc_field *field, void *to)
{
    double value;
    size_t size = *at == MSGPACK_FLOAT ? 5 : 9;
    if (left(self, at) < size)
        return REFUSE_END();
    if (size == 5) {
        uint32_t bits = zc_msgpack_load_32(at + 1);
        value = (double)ZC_LOAD(float, &bits);
    } else {
        uint64_t bits = zc_msgpack_load_64(at + 1);
        value = ZC_LOAD(double, &bits);
    }
    if (!zc_field_set_real(field, to, value))
        return fail(self, zc_field_refuse_real(plan, field, byte_number(self, at), value));
    return at + size;
}

/* A number of several bytes. */
static const unsigned char *get_wide_number(decoder *self, const unsigned char *at,
                                            const zc_plan *plan, const zc_field *field, void *to)
{
    unsigned char first = *at;
    if (first == MSGPACK_FLOAT || first == MSGPACK_DOUBLE)
        return get_real(self, at, plan, field, to);
    if (first < MSGPACK_UINT8 || first > MSGPACK_INT64)
        return REFUSE_TYPE(at);
    size_t width = (size_t)1 << (first & 3);
    if (left(self, at) <= width)
        return REFUSE_END();
    int64_t value;
    switch (first) {
    case MSGPACK_UINT8:
        value = at[1];
        break;
    case MSGPACK_UINT16:
        value = zc_msgpack_load_16(at + 1);
        break;
    case MSGPACK_UINT32:
        value = zc_msgpack_load_32(at + 1);
        break;
    case MSGPACK_INT8:
        value = (int8_t)at[1];
        break;
    case MSGPACK_INT16:
        value = (int16_t)zc_msgpack_load_16(at + 1);
        break;
    case MSGPACK_INT32:
        value = (int32_t)zc_msgpack_load_32(at + 1);
        break;
    default:
        value = (int64_t)zc_msgpack_load_64(at + 1);
    }
    if (first == MSGPACK_UINT64 && value < 0) {
        if (!zc_field_set_natural(field, to, (uint64_t)value))
            return fail(
                self, zc_field_refuse_natural(plan, field, byte_number(self, at), (uint64_t)value));
    } else if (!zc_field_set_integer(field, to, value)) {
        return fail(self, zc_field_refuse_integer(plan, field, byte_number(self, at), value));
    }
    return at + 1 + width;
}

static inline const unsigned char *get_number(decoder *self, const unsigned char *at,
                                              const zc_plan *plan, const zc_field *field, void *to)
{
    int8_t value = (int8_t)*at;
    if (value < -32)
        return get_wide_number(self, at, plan, field, to);
    if (!zc_field_set_integer(field, to, value))
        return fail(self, zc_field_refuse_integer(plan, field, byte_number(self, at), value));
    return at + 1;
}

static inline const unsigned char *get_text(decoder *self, const unsigned char *at,
                                            const zc_plan *plan, const zc_field *field, void *to)
{
    size_t size;
    bool is_text;
    const unsigned char *text = read_text(self, at, &size, &is_text);
    if (text == NULL)
        return NULL;
    if (!is_text)
        return REFUSE_TYPE(at);
    zcache_status status = ZCACHE_OK;
    const char *fault = zc_field_set_text(field, to, text, size, self->block, &status);
    if (fault != NULL)
        return REFUSE(at, "%s", fault);
    return status == ZCACHE_OK ? text + size : fail(self, status);
}

static const unsigned char *get_enum(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     const zc_field *field, void *to)
{
    size_t size;
    bool is_text;
    const unsigned char *name = read_text(self, at, &size, &is_text);
    if (name == NULL)
        return NULL;
    if (!is_text)
        return REFUSE_TYPE(at);
    if (!zc_enum_set(field, to, (const char *)name, size))
        return fail(self, zc_field_refuse_name(plan, field, byte_number(self, at),
                                               (const char *)name, size));
    return name + size;
}

static const unsigned char *get_bytes(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, void *to)
{
    size_t size;
    bool is_bytes;
    const unsigned char *bytes = read_bytes(self, at, &size, &is_bytes);
    if (bytes == NULL)
        return NULL;
    if (!is_bytes)
        return REFUSE_TYPE(at);
    if (!zc_field_set_bytes(field, to, bytes, size, self->block))
        return fail(self, ZCACHE_E_NOMEM);
    return bytes + size;
}

/* ---- structs and arrays ------------------------------------------------------------------------ */

static const unsigned char *get_struct(decoder *self, const unsigned char *at, const zc_plan *plan,
                                       size_t count, void *value);

/* A struct in a struct: a map. */
static const unsigned char *get_inner(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, void *to)
{
    size_t count;
    bool is_map;
    const unsigned char *pairs =
        read_count(self, at, MSGPACK_FIXMAP, MSGPACK_MAP16, &count, &is_map);
    if (pairs == NULL)
        return NULL;
    if (!is_map)
        return REFUSE_TYPE(at);
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE(at, "nested deeper than %d levels", ZC_DEPTH_MAX);
    if (field->type == ZCACHE_TYPE_POINTER) {
        void *memory = zcache_block_alloc(self->block, field->plan->size, field->plan->alignment);
        if (memory == NULL)
            return fail(self, ZCACHE_E_NOMEM);
        ZC_STORE(void *, to, memory);
        to = memory;
    }
    at = get_struct(self, pairs, field->plan, count, to);
    self->depth--;
    return at;
}

/* One value, which is not nil, into `to`. */
static inline __attribute__((always_inline)) const unsigned char *
get_one(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field *field,
        void *to)
{
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        if (*at != MSGPACK_FALSE && *at != MSGPACK_TRUE)
            return REFUSE_TYPE(at);
        ZC_STORE(bool, to, *at == MSGPACK_TRUE);
        return at + 1;
    case ZCACHE_TYPE_DOUBLE:
        if (*at == MSGPACK_DOUBLE && left(self, at) > 8) {
            ZC_STORE(uint64_t, to, zc_msgpack_load_64(at + 1));
            return at + 9;
        }
        return get_number(self, at, plan, field, to);
    case ZCACHE_TYPE_FLOAT:
    case ZCACHE_TYPE_I8:
    case ZCACHE_TYPE_I16:
    case ZCACHE_TYPE_I32:
    case ZCACHE_TYPE_I64:
    case ZCACHE_TYPE_U8:
    case ZCACHE_TYPE_U16:
    case ZCACHE_TYPE_U32:
    case ZCACHE_TYPE_U64:
        return get_number(self, at, plan, field, to);
    case ZCACHE_TYPE_ENUM:
        return get_enum(self, at, plan, field, to);
    case ZCACHE_TYPE_STRING:
    case ZCACHE_TYPE_CHARS:
        return get_text(self, at, plan, field, to);
    case ZCACHE_TYPE_BYTES:
        return get_bytes(self, at, plan, field, to);
    case ZCACHE_TYPE_NESTED:
    case ZCACHE_TYPE_POINTER:
        return get_inner(self, at, plan, field, to);
    default:
        return fail(self, zc_error(ZCACHE_E_INTERNAL, "a field of unknown type"));
    }
}

static const unsigned char *get_array(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, char *value)
{
    size_t count;
    bool is_array;
    char *element = value + field->offset;
    const unsigned char *begin = at;
    at = read_count(self, at, MSGPACK_FIXARRAY, MSGPACK_ARRAY16, &count, &is_array);
    if (at == NULL)
        return NULL;
    if (!is_array)
        return REFUSE_TYPE(begin);
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE(begin, "nested deeper than %d levels", ZC_DEPTH_MAX);
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        char *memory = NULL;
        if (count > 0 && (memory = zc_field_alloc_array(field, count, self->block)) == NULL)
            return fail(self, ZCACHE_E_NOMEM);
        ZC_STORE(char *, element, memory);
        ZC_STORE(size_t, value + field->count, count);
        element = memory;
    } else if (count != field->count) {
        return fail(self, zc_field_refuse_count(plan, field, byte_number(self, begin), count));
    }
    for (size_t i = 0; i < count; i++, element += field->size) {
        if (at == self->end)
            return REFUSE_END();
        if (*at == MSGPACK_NIL) {
            if (!zc_element_set_null(field, element))
                return REFUSE_TYPE(at);
            at++;
            continue;
        }
        at = get_one(self, at, plan, field, element);
        if (at == NULL)
            return NULL;
    }
    self->depth--;
    return at;
}

/* A field's value, or nil; false in `*there` if it is as if it were missing. */
static inline __attribute__((always_inline)) const unsigned char *
get_field(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field *field,
          char *value, bool *there)
{
    *there = true;
    if (at == self->end)
        return REFUSE_END();
    if (*at == MSGPACK_NIL) {
        *there = zc_field_set_null(plan, field, value);
        return at + 1;
    }
    if (field->shape != ZCACHE_SHAPE_ONE)
        return get_array(self, at, plan, field, value);
    return get_one(self, at, plan, field, value + field->offset);
}

/* The name of a pair, and the field that it means; NULL in `*field`: an unknown one. */
static inline const unsigned char *get_name(decoder *self, const unsigned char *at,
                                            const zc_plan *plan, size_t expected,
                                            const zc_field **field)
{
    if (expected < plan->field_count) {
        const zc_field *next = &plan->fields[expected];
        if (left(self, at) >= next->msgpack_name.size &&
            zc_bytes_equal(at, next->msgpack_name.data, next->msgpack_name.size)) {
            *field = next;
            return at + next->msgpack_name.size;
        }
    }
    size_t size;
    bool is_text;
    if (at == self->end)
        return REFUSE_END();
    const unsigned char *name = read_text(self, at, &size, &is_text);
    if (name == NULL)
        return NULL;
    if (!is_text)
        return REFUSE_VALUE(at, "a key that is not a text");
    *field = zc_plan_find(plan, (const char *)name, size, expected);
    return name + size;
}

static const unsigned char *get_struct(decoder *self, const unsigned char *at, const zc_plan *plan,
                                       size_t count, void *value)
{
    zc_seen seen;
    bool needs_seen = zc_plan_needs_seen(plan);
    if (needs_seen)
        zc_seen_clear(plan, &seen);
    memcpy(value, plan->initial, plan->size);
    size_t expected = 0;
    for (size_t i = 0; i < count; i++) {
        const zc_field *field;
        at = get_name(self, at, plan, expected, &field);
        if (at == NULL)
            return NULL;
        if (field == NULL) {
            at = skip(self, at);
            if (at == NULL)
                return NULL;
            continue;
        }
        bool there;
        at = get_field(self, at, plan, field, value, &there);
        if (at == NULL)
            return NULL;
        size_t index = (size_t)(field - plan->fields);
        if (needs_seen)
            zc_seen_put(&seen, index, there);
        expected = index + 1;
    }
    if (needs_seen) {
        zcache_status status = zc_plan_settle(plan, seen.words, value, self->block);
        if (status != ZCACHE_OK)
            return fail(self, status);
    }
    return at;
}

zcache_status zc_msgpack_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                                void *value, zcache_block *block)
{
    (void)codec;
    decoder self = {.begin = bytes.data, .block = block};
    if (bytes.size == 0)
        return zc_error(ZCACHE_E_TYPE, "byte 0: the value is empty");
    self.end = self.begin + bytes.size;
    const unsigned char *at = self.begin;
    if (plan->bare) {
        bool there;
        memcpy(value, plan->initial, plan->size);
        at = get_field(&self, at, plan, plan->fields, value, &there);
    } else {
        size_t count;
        bool is_map;
        self.depth = 1;
        at = read_count(&self, at, MSGPACK_FIXMAP, MSGPACK_MAP16, &count, &is_map);
        if (at != NULL && !is_map)
            return zc_error(ZCACHE_E_TYPE, "byte 0: %s, expected a map (%s)", found(*at),
                            plan->name);
        if (at != NULL)
            at = get_struct(&self, at, plan, count, value);
    }
    if (at == NULL)
        return self.status;
    if (at != self.end)
        return zc_error(ZCACHE_E_TYPE, "byte %zu: bytes after the value", byte_number(&self, at));
    return ZCACHE_OK;
}
