/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values as MessagePack: structs are maps with their fields' names, numbers take as few bytes as
 * they can.
 *
 * A struct asks for room once, for all its names and all that has a fixed size; only texts, bytes,
 * arrays and structs in it ask again, each for itself and for the rest of the struct. `to` is where
 * the next byte goes, and lives in a register: functions take it and return it moved on, or NULL
 * when they failed.
 */
#include "base/error.h"
#include "codec/field.h"
#include "codec/msgpack.h"
#include "codec/utf8.h"

/* The longest number, and the longest header of what has a size. */
#define NUMBER_MAX 9
#define HEADER_MAX 5

typedef struct encoder {
    zcache_buffer *buffer;
    const unsigned char *end; /* of the buffer's capacity */
    unsigned depth;
    zcache_status status; /* why a function returned NULL */
} encoder;

static unsigned char *fail(encoder *self, zcache_status status)
{
    self->status = status;
    return NULL;
}

#define REFUSE(...) fail(self, zc_field_refuse_encode(plan, field, __VA_ARGS__))

static __attribute__((noinline)) unsigned char *grow(encoder *self, unsigned char *to, size_t more)
{
    zcache_buffer *buffer = self->buffer;
    buffer->size = (size_t)(to - buffer->data);
    to = zcache_buffer_room(buffer, more);
    if (to == NULL)
        return fail(self, ZCACHE_E_NOMEM);
    self->end = buffer->data + buffer->capacity;
    return to;
}

/* Room for `more` bytes at `to`. */
static inline unsigned char *need(encoder *self, unsigned char *to, size_t more)
{
    return (size_t)(self->end - to) >= more ? to : grow(self, to, more);
}

/* ---- numbers and headers --------------------------------------------------------------------- */

static inline unsigned char *put_natural(unsigned char *to, uint64_t value)
{
    if (value < 0x80) {
        *to = (unsigned char)value;
        return to + 1;
    }
    if (value <= UINT8_MAX)
        return zc_msgpack_put_8(to, MSGPACK_UINT8, (uint8_t)value);
    if (value <= UINT16_MAX)
        return zc_msgpack_put_16(to, MSGPACK_UINT16, (uint16_t)value);
    if (value <= UINT32_MAX)
        return zc_msgpack_put_32(to, MSGPACK_UINT32, (uint32_t)value);
    return zc_msgpack_put_64(to, MSGPACK_UINT64, value);
}

static inline unsigned char *put_integer(unsigned char *to, int64_t value)
{
    if (value >= 0)
        return put_natural(to, (uint64_t)value);
    if (value >= -32) {
        *to = (unsigned char)value;
        return to + 1;
    }
    if (value >= INT8_MIN)
        return zc_msgpack_put_8(to, MSGPACK_INT8, (uint8_t)value);
    if (value >= INT16_MIN)
        return zc_msgpack_put_16(to, MSGPACK_INT16, (uint16_t)value);
    if (value >= INT32_MIN)
        return zc_msgpack_put_32(to, MSGPACK_INT32, (uint32_t)value);
    return zc_msgpack_put_64(to, MSGPACK_INT64, (uint64_t)value);
}

static inline unsigned char *put_text_header(unsigned char *to, size_t size)
{
    if (size <= MSGPACK_FIXSTR_MAX) {
        *to = (unsigned char)(MSGPACK_FIXSTR | size);
        return to + 1;
    }
    if (size <= UINT8_MAX)
        return zc_msgpack_put_8(to, MSGPACK_STR8, (uint8_t)size);
    if (size <= UINT16_MAX)
        return zc_msgpack_put_16(to, MSGPACK_STR16, (uint16_t)size);
    return zc_msgpack_put_32(to, MSGPACK_STR32, (uint32_t)size);
}

static inline unsigned char *put_bytes_header(unsigned char *to, size_t size)
{
    if (size <= UINT8_MAX)
        return zc_msgpack_put_8(to, MSGPACK_BIN8, (uint8_t)size);
    if (size <= UINT16_MAX)
        return zc_msgpack_put_16(to, MSGPACK_BIN16, (uint16_t)size);
    return zc_msgpack_put_32(to, MSGPACK_BIN32, (uint32_t)size);
}

/* Of a map or an array: `fixed` and `wide` are the first bytes for few and for 16 bits. */
static inline unsigned char *put_count(unsigned char *to, unsigned fixed, unsigned wide,
                                       size_t count)
{
    if (count <= MSGPACK_FIXMAP_MAX) {
        *to = (unsigned char)(fixed | count);
        return to + 1;
    }
    if (count <= UINT16_MAX)
        return zc_msgpack_put_16(to, wide, (uint16_t)count);
    return zc_msgpack_put_32(to, wide + 1, (uint32_t)count);
}

/* ---- texts, bytes ---------------------------------------------------------------------------- */

/* A text without a NUL: its end was found by one. `rest` is the room that is wanted behind the value,
 * here and below. */
static inline unsigned char *put_text(encoder *self, unsigned char *to, const zc_plan *plan,
                                      const zc_field *field, const char *text, size_t size,
                                      size_t rest)
{
    to = need(self, to, size + HEADER_MAX + rest);
    if (to == NULL)
        return NULL;
    if (size > UINT32_MAX)
        return REFUSE("a text of %zu bytes is more than MessagePack can hold", size);
    to = put_text_header(to, size);
    if (!zc_text_copy(to, text, size) && !zc_utf8_is_valid(text, size))
        return REFUSE("the text is not UTF-8");
    return to + size;
}

static unsigned char *put_nil(encoder *self, unsigned char *to, const zc_plan *plan,
                              const zc_field *field)
{
    if (field->required && field->shape == ZCACHE_SHAPE_ONE)
        return REFUSE("it is required, and NULL");
    *to = MSGPACK_NIL;
    return to + 1;
}

static unsigned char *put_bytes(encoder *self, unsigned char *to, const zc_plan *plan,
                                const zc_field *field, const void *from, size_t rest)
{
    const void *bytes = ZC_LOAD(const void *, from);
    size_t size = ZC_LOAD(size_t, (const char *)from + field->bytes_offset);
    if (bytes == NULL && size > 0)
        return REFUSE("it is NULL, and its size %zu", size);
    if (bytes == NULL)
        return put_nil(self, to, plan, field);
    if (size > UINT32_MAX)
        return REFUSE("%zu bytes are more than MessagePack can hold", size);
    to = need(self, to, size + HEADER_MAX + rest);
    if (to == NULL)
        return NULL;
    to = put_bytes_header(to, size);
    memcpy(to, bytes, size);
    return to + size;
}

static unsigned char *put_chars(encoder *self, unsigned char *to, const zc_plan *plan,
                                const zc_field *field, const void *from, size_t rest)
{
    size_t size = zc_chars_size(field, from);
    if (size == SIZE_MAX)
        return REFUSE("it has no NUL at its end");
    return put_text(self, to, plan, field, from, size, rest);
}

static unsigned char *put_enum(encoder *self, unsigned char *to, const zc_plan *plan,
                               const zc_field *field, const void *from, size_t rest)
{
    const zcache_slice *name = zc_enum_name(field, from);
    if (name == NULL)
        return REFUSE("it has a value without a name in %s", field->enumeration->name);
    return put_text(self, to, plan, field, name->data, name->size, rest);
}

/* ---- structs and arrays ---------------------------------------------------------------------- */

static unsigned char *put_struct(encoder *self, unsigned char *to, const zc_plan *plan,
                                 const void *value);

/* A struct in a struct, which `field` of `plan` leads to. */
static unsigned char *put_inner(encoder *self, unsigned char *to, const zc_plan *plan,
                                const zc_field *field, const void *from, size_t rest)
{
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels (is it a cycle?)", ZC_DEPTH_MAX);
    to = put_struct(self, to, field->plan, from);
    self->depth--;
    return to != NULL ? need(self, to, rest) : NULL;
}

/* One value; there is room for a number, and for `rest` behind it. */
static inline __attribute__((always_inline)) unsigned char *
put_one(encoder *self, unsigned char *to, const zc_plan *plan, const zc_field *field,
        const void *from, size_t rest)
{
    const void *pointer;
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        *to = ZC_LOAD(unsigned char, from) != 0 ? MSGPACK_TRUE : MSGPACK_FALSE;
        return to + 1;
    case ZCACHE_TYPE_I8:
        return put_integer(to, ZC_LOAD(int8_t, from));
    case ZCACHE_TYPE_I16:
        return put_integer(to, ZC_LOAD(int16_t, from));
    case ZCACHE_TYPE_I32:
        return put_integer(to, ZC_LOAD(int32_t, from));
    case ZCACHE_TYPE_I64:
        return put_integer(to, ZC_LOAD(int64_t, from));
    case ZCACHE_TYPE_U8:
        return put_natural(to, ZC_LOAD(uint8_t, from));
    case ZCACHE_TYPE_U16:
        return put_natural(to, ZC_LOAD(uint16_t, from));
    case ZCACHE_TYPE_U32:
        return put_natural(to, ZC_LOAD(uint32_t, from));
    case ZCACHE_TYPE_U64:
        return put_natural(to, ZC_LOAD(uint64_t, from));
    case ZCACHE_TYPE_FLOAT: /* as its bits */
        return zc_msgpack_put_32(to, MSGPACK_FLOAT, ZC_LOAD(uint32_t, from));
    case ZCACHE_TYPE_DOUBLE:
        return zc_msgpack_put_64(to, MSGPACK_DOUBLE, ZC_LOAD(uint64_t, from));
    case ZCACHE_TYPE_ENUM:
        return put_enum(self, to, plan, field, from, rest);
    case ZCACHE_TYPE_STRING:
        pointer = ZC_LOAD(const void *, from);
        if (pointer == NULL)
            return put_nil(self, to, plan, field);
        return put_text(self, to, plan, field, pointer, strlen(pointer), rest);
    case ZCACHE_TYPE_CHARS:
        return put_chars(self, to, plan, field, from, rest);
    case ZCACHE_TYPE_BYTES:
        return put_bytes(self, to, plan, field, from, rest);
    case ZCACHE_TYPE_NESTED:
        return put_inner(self, to, plan, field, from, rest);
    case ZCACHE_TYPE_POINTER:
        pointer = ZC_LOAD(const void *, from);
        if (pointer == NULL)
            return put_nil(self, to, plan, field);
        return put_inner(self, to, plan, field, pointer, rest);
    default:
        return fail(self, zc_error(ZCACHE_E_INTERNAL, "a field of unknown type"));
    }
}

static unsigned char *put_array(encoder *self, unsigned char *to, const zc_plan *plan,
                                const zc_field *field, const char *value, size_t rest)
{
    const char *element = value + field->offset;
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        element = ZC_LOAD(const char *, element);
        count = ZC_LOAD(size_t, value + field->count);
        if (element == NULL && count > 0)
            return REFUSE("it is NULL, and its count %zu", count);
    }
    if (count > UINT32_MAX)
        return REFUSE("%zu elements are more than MessagePack can hold", count);
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels", ZC_DEPTH_MAX);
    to = put_count(to, MSGPACK_FIXARRAY, MSGPACK_ARRAY16, count);
    for (size_t i = 0; i < count && to != NULL; i++, element += field->size) {
        to = need(self, to, NUMBER_MAX);
        if (to != NULL)
            to = put_one(self, to, plan, field, element, 0);
    }
    self->depth--;
    return to != NULL ? need(self, to, rest) : NULL;
}

static inline unsigned char *put_name(unsigned char *to, zcache_slice name)
{
    memcpy(to, name.data, ZC_NAME_PADDING);
    if (name.size > ZC_NAME_PADDING)
        memcpy(to + ZC_NAME_PADDING, (const char *)name.data + ZC_NAME_PADDING,
               name.size - ZC_NAME_PADDING);
    return to + name.size;
}

static unsigned char *put_struct(encoder *self, unsigned char *to, const zc_plan *plan,
                                 const void *value)
{
    size_t room = HEADER_MAX + plan->names_size + plan->field_count * NUMBER_MAX + ZC_NAME_PADDING;
    to = need(self, to, room);
    if (to == NULL)
        return NULL;
    to = put_count(to, MSGPACK_FIXMAP, MSGPACK_MAP16, plan->field_count);
    const zc_field *end = plan->fields + plan->field_count;
    for (const zc_field *field = plan->fields; field < end && to != NULL; field++) {
        to = put_name(to, field->msgpack_name);
        if (field->shape == ZCACHE_SHAPE_ONE)
            to = put_one(self, to, plan, field, (const char *)value + field->offset, room);
        else
            to = put_array(self, to, plan, field, value, room);
    }
    return to;
}

zcache_status zc_msgpack_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                                zcache_buffer *buffer)
{
    (void)codec;
    const size_t before = buffer->size;
    unsigned char *to = zcache_buffer_room(buffer, NUMBER_MAX);
    if (to == NULL)
        return ZCACHE_E_NOMEM;
    encoder self = {.buffer = buffer, .end = buffer->data + buffer->capacity};
    const zc_field *field = plan->fields;
    if (!plan->bare) {
        self.depth = 1;
        to = put_struct(&self, to, plan, value);
    } else if (field->shape == ZCACHE_SHAPE_ONE) {
        to = put_one(&self, to, plan, field, (const char *)value + field->offset, 0);
    } else {
        to = put_array(&self, to, plan, field, value, 0);
    }
    buffer->size = to != NULL ? (size_t)(to - buffer->data) : before;
    return to != NULL ? ZCACHE_OK : self.status;
}
