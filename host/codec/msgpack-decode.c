/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * MessagePack into structs, straight from the bytes.
 *
 * Most values are as our own encoder writes them, and are read the quick way (msgpack-quick.h).
 * Here is the long way: a field in whatever form it may have, or what is wrong with it.
 */
#include "base/error.h"
#include "codec/field.h"
#include "codec/msgpack-quick.h"

typedef zc_msgpack_reader decoder;

#define FAIL(status) zc_msgpack_fail(self, status)
#define REFUSE(at, ...) \
    FAIL(zc_field_refuse_decode(plan, field, zc_msgpack_byte(self, at), __VA_ARGS__))
#define REFUSE_TYPE(at) \
    FAIL(zc_field_refuse_type(plan, field, zc_msgpack_byte(self, at), zc_msgpack_found(*(at))))

/* ---- numbers --------------------------------------------------------------------------------- */

/* An integer of several bytes, from MSGPACK_UINT8 to MSGPACK_INT64; NULL: it is cut off.
 * `*is_huge`: it is above INT64_MAX, and `*value` its bits. */
static inline const unsigned char *wide_integer(const decoder *self, const unsigned char *at,
                                                int64_t *value, bool *is_huge)
{
    unsigned char first = *at;
    size_t width = (size_t)1 << (first & 3);
    if (zc_msgpack_left(self, at) <= width)
        return NULL;
    at++;
    if (first >= MSGPACK_INT8)
        *value = width == 2   ? (int16_t)zc_msgpack_load_16(at)
                 : width == 4 ? (int32_t)zc_msgpack_load_32(at)
                 : width == 1 ? (int8_t)*at
                              : (int64_t)zc_msgpack_load_64(at);
    else
        *value = width == 2   ? zc_msgpack_load_16(at)
                 : width == 4 ? zc_msgpack_load_32(at)
                 : width == 1 ? *at
                              : (int64_t)zc_msgpack_load_64(at);
    *is_huge = first == MSGPACK_UINT64 && *value < 0;
    return at + width;
}

static const unsigned char *get_real(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     const zc_field *field, void *to)
{
    double value;
    size_t size = *at == MSGPACK_FLOAT ? 5 : 9;
    if (zc_msgpack_left(self, at) < size)
        return ZC_MSGPACK_REFUSE_END();
    if (size == 5) {
        uint32_t bits = zc_msgpack_load_32(at + 1);
        value = (double)ZC_LOAD(float, &bits);
    } else {
        uint64_t bits = zc_msgpack_load_64(at + 1);
        value = ZC_LOAD(double, &bits);
    }
    if (!zc_field_set_real(field, to, value))
        return FAIL(zc_field_refuse_real(plan, field, zc_msgpack_byte(self, at), value));
    return at + size;
}

static const unsigned char *get_number(decoder *self, const unsigned char *at, const zc_plan *plan,
                                       const zc_field *field, void *to)
{
    const unsigned char first = *at, *next = at + 1;
    int64_t value = (int8_t)first;
    bool is_huge = false;
    if (first == MSGPACK_FLOAT || first == MSGPACK_DOUBLE)
        return get_real(self, at, plan, field, to);
    if (first >= MSGPACK_UINT8 && first <= MSGPACK_INT64)
        next = wide_integer(self, at, &value, &is_huge);
    else if (value < -32)
        return REFUSE_TYPE(at);
    if (next == NULL)
        return ZC_MSGPACK_REFUSE_END();
    size_t byte = zc_msgpack_byte(self, at);
    if (is_huge && !zc_field_set_natural(field, to, (uint64_t)value))
        return FAIL(zc_field_refuse_natural(plan, field, byte, (uint64_t)value));
    if (!is_huge && !zc_field_set_integer(field, to, value))
        return FAIL(zc_field_refuse_integer(plan, field, byte, value));
    return next;
}

/* ---- texts, bytes ---------------------------------------------------------------------------- */

static const unsigned char *get_text(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     const zc_field *field, void *to)
{
    size_t size;
    bool is_text;
    const unsigned char *text = zc_msgpack_text(self, at, &size, &is_text);
    if (text == NULL)
        return NULL;
    if (!is_text)
        return REFUSE_TYPE(at);
    zcache_status status = ZCACHE_OK;
    const char *fault = zc_field_set_text(field, to, text, size, self->block, &status);
    if (fault != NULL)
        return REFUSE(at, "%s", fault);
    return status == ZCACHE_OK ? text + size : FAIL(status);
}

static const unsigned char *get_enum(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     const zc_field *field, void *to)
{
    size_t size;
    bool is_text;
    const unsigned char *name = zc_msgpack_text(self, at, &size, &is_text);
    if (name == NULL)
        return NULL;
    if (!is_text)
        return REFUSE_TYPE(at);
    if (!zc_enum_set(field, to, name, size))
        return FAIL(
            zc_field_refuse_name(plan, field, zc_msgpack_byte(self, at), (const char *)name, size));
    return name + size;
}

static const unsigned char *get_bytes(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, void *to)
{
    size_t size;
    bool is_bytes;
    const unsigned char *bytes = zc_msgpack_bytes(self, at, &size, &is_bytes);
    if (bytes == NULL)
        return NULL;
    if (!is_bytes)
        return REFUSE_TYPE(at);
    if (!zc_field_set_bytes(field, to, bytes, size, self->block))
        return FAIL(ZCACHE_E_NOMEM);
    return bytes + size;
}

/* ---- structs and arrays ---------------------------------------------------------------------- */

static const unsigned char *get_struct(decoder *self, const unsigned char *at, const zc_plan *plan,
                                       size_t count, void *value);

/* A struct in a struct: a map. */
static const unsigned char *get_inner(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, void *to)
{
    size_t count;
    bool is_map;
    const unsigned char *pairs =
        zc_msgpack_count(self, at, MSGPACK_FIXMAP, MSGPACK_MAP16, &count, &is_map);
    if (pairs == NULL)
        return NULL;
    if (!is_map)
        return REFUSE_TYPE(at);
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE(at, "nested deeper than %d levels", ZC_DEPTH_MAX);
    if (field->type == ZCACHE_TYPE_POINTER) {
        void *memory = zcache_block_alloc(self->block, field->plan->size, field->plan->alignment);
        if (memory == NULL)
            return FAIL(ZCACHE_E_NOMEM);
        ZC_STORE(void *, to, memory);
        to = memory;
    }
    self->depth++;
    at = get_struct(self, pairs, field->plan, count, to);
    self->depth--;
    return at;
}

/* One value, which is not nil, into `to`. */
static const unsigned char *get_one(decoder *self, const unsigned char *at, const zc_plan *plan,
                                    const zc_field *field, void *to)
{
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        if (*at != MSGPACK_FALSE && *at != MSGPACK_TRUE)
            return REFUSE_TYPE(at);
        ZC_STORE(bool, to, *at == MSGPACK_TRUE);
        return at + 1;
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
        return get_number(self, at, plan, field, to);
    }
}

/* An element in any form that it may have; `at` may be the end. */
static __attribute__((noinline)) const unsigned char *get_element(decoder *self,
                                                                  const unsigned char *at,
                                                                  const zc_plan *plan,
                                                                  const zc_field *field, void *to)
{
    if (at == self->end)
        return ZC_MSGPACK_REFUSE_END();
    if (*at != MSGPACK_NIL)
        return get_one(self, at, plan, field, to);
    return zc_element_set_null(field, to) ? at + 1 : REFUSE_TYPE(at);
}

static const unsigned char *get_array(decoder *self, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *field, char *value)
{
    size_t count;
    bool is_array;
    char *element = value + field->offset;
    const unsigned char *begin = at;
    at = zc_msgpack_count(self, at, MSGPACK_FIXARRAY, MSGPACK_ARRAY16, &count, &is_array);
    if (at == NULL)
        return NULL;
    if (!is_array)
        return REFUSE_TYPE(begin);
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE(begin, "nested deeper than %d levels", ZC_DEPTH_MAX);
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        char *memory = NULL;
        if (count > 0 && (memory = zc_field_alloc_array(field, count, self->block)) == NULL)
            return FAIL(ZCACHE_E_NOMEM);
        ZC_STORE(char *, element, memory);
        ZC_STORE(size_t, value + field->count, count);
        element = memory;
    } else if (count != field->count) {
        return FAIL(zc_field_refuse_count(plan, field, zc_msgpack_byte(self, begin), count));
    }
    self->depth++;
    for (;;) {
        at = zc_msgpack_quick_elements(self, at, field, &element, &count);
        if (at > self->end)
            return ZC_MSGPACK_REFUSE_END();
        if (count == 0)
            break;
        at = get_element(self, at, plan, field, element);
        if (at == NULL)
            return NULL;
        element += field->size;
        count--;
    }
    self->depth--;
    return at;
}

/* A field's value in any form that it may have, or nil; false in `*there` if it is as if it were
 * missing. `at` may be the end. */
static __attribute__((noinline)) const unsigned char *
get_field(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field *field,
          char *value, bool *there)
{
    *there = true;
    if (at == self->end)
        return ZC_MSGPACK_REFUSE_END();
    if (*at == MSGPACK_NIL) {
        *there = zc_field_set_null(plan, field, value);
        return at + 1;
    }
    if (field->shape != ZCACHE_SHAPE_ONE)
        return get_array(self, at, plan, field, value);
    return get_one(self, at, plan, field, value + field->offset);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* The name of a pair that is not the expected one, and the field that it means; NULL: none. `at`
 * may be the end. */
static __attribute__((noinline)) const unsigned char *
get_name(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field **field)
{
    size_t size, expected = (size_t)(*field - plan->fields);
    bool is_text;
    if (at == self->end)
        return ZC_MSGPACK_REFUSE_END();
    const unsigned char *name = zc_msgpack_text(self, at, &size, &is_text);
    if (name == NULL)
        return NULL;
    if (!is_text)
        return ZC_MSGPACK_REFUSE(at, "a key that is not a text");
    *field = zc_plan_find(plan, (const char *)name, size, expected);
    return name + size;
}

/* A pair in whatever form. `*field` is the one that is expected, then the one that it was; NULL:
 * none, it was skipped. */
static __attribute__((noinline)) const unsigned char *
get_pair(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field **field,
         void *value, bool *there)
{
    at = get_name(self, at, plan, field);
    if (at == NULL)
        return NULL;
    if (*field == NULL)
        return zc_msgpack_skip(self, at);
    return get_field(self, at, plan, *field, value, there);
}

/* The rest of a struct, whose quick way ended at `expected`, with `count` pairs left. */
static __attribute__((noinline)) const unsigned char *
get_rest(decoder *self, const unsigned char *at, const zc_plan *plan, const zc_field *expected,
         size_t count, void *value)
{
    zc_seen seen;
    const bool needs_seen = zc_plan_needs_seen(plan);
    const zc_field *first = plan->fields, *const end = first + plan->field_count;
    bool in_order = true; /* and while it holds, no field is read twice */
    if (needs_seen)
        zc_seen_clear(plan, &seen);
    for (;;) {
        if (at > self->end)
            return ZC_MSGPACK_REFUSE_END();
        for (; needs_seen && first < expected; first++)
            zc_seen_put(&seen, (size_t)(first - plan->fields), true);
        if (count == 0)
            break;
        const zc_field *field = expected;
        bool there = true;
        if (field < end && zc_msgpack_is_name(self, at, &field->msgpack_name))
            at = get_field(self, at + field->msgpack_name.bytes.size, plan, field, value, &there);
        else
            at = get_pair(self, at, plan, &field, value, &there);
        if (at == NULL)
            return NULL;
        count--;
        if (field != NULL) {
            if (needs_seen)
                zc_seen_put(&seen, (size_t)(field - plan->fields), there);
            in_order &= field >= expected;
            expected = field + 1;
        }
        first = expected;
        if (count > 0) {
            const zc_field *last = count < (size_t)(end - first) ? first + count : end;
            at = zc_msgpack_quick_pairs(self, at, first, last, value, in_order);
            expected = self->next;
            count -= (size_t)(expected - first);
        }
    }
    if (!needs_seen)
        return at;
    zcache_status status = zc_plan_settle(plan, seen.words, value, self->block);
    return status == ZCACHE_OK ? at : FAIL(status);
}

/* Encoders keep to the order of the fields, and leave none out. */
static const unsigned char *get_struct(decoder *self, const unsigned char *at, const zc_plan *plan,
                                       size_t count, void *value)
{
    memcpy(value, plan->initial, plan->size);
    if (ZC_UNLIKELY(count != plan->field_count))
        return get_rest(self, at, plan, plan->fields, count, value);
    at = zc_msgpack_quick_pairs(self, at, plan->fields, plan->fields + count, value, true);
    if (ZC_LIKELY(self->next == self->last && at <= self->end && !zc_plan_needs_seen(plan)))
        return at;
    count = (size_t)(self->last - self->next);
    return get_rest(self, at, plan, self->next, count, value);
}

static const unsigned char *get_root(decoder *self, const unsigned char *at, const zc_plan *plan,
                                     void *value)
{
    size_t count;
    bool is_map, there;
    if (plan->bare) {
        memcpy(value, plan->initial, plan->size);
        return get_field(self, at, plan, plan->fields, value, &there);
    }
    self->depth = 1;
    const unsigned char *pairs =
        zc_msgpack_count(self, at, MSGPACK_FIXMAP, MSGPACK_MAP16, &count, &is_map);
    if (pairs == NULL)
        return NULL;
    if (!is_map)
        return FAIL(zc_error(ZCACHE_E_TYPE, "byte 0: %s, expected a map (%s)",
                             zc_msgpack_found(*at), plan->name));
    return get_struct(self, pairs, plan, count, value);
}

zcache_status zc_msgpack_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                                void *value, zcache_block *block)
{
    (void)codec;
    decoder reader, *self = &reader;
    self->begin = bytes.data;
    self->end = self->begin + bytes.size;
    self->block = block;
    self->depth = 0;
    if (ZC_UNLIKELY(bytes.size == 0))
        return zc_error(ZCACHE_E_TYPE, "byte 0: the value is empty");
    const unsigned char *at = get_root(self, self->begin, plan, value);
    if (ZC_UNLIKELY(at == NULL))
        return self->status;
    if (ZC_UNLIKELY(at != self->end))
        return zc_error(ZCACHE_E_TYPE, "byte %zu: bytes after the value",
                        zc_msgpack_byte(self, at));
    return ZCACHE_OK;
}
