/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values as MessagePack: structs are maps with their fields' names, numbers take as few bytes as
 * they can.
 *
 * A struct asks for room once, for all its names and all that has a fixed size: plan->msgpack_room,
 * which stays reserved behind the limit while it is written. Only texts, bytes, arrays and structs
 * in it ask again, each for itself, before the limit. `to` is where the next byte goes, and lives
 * in a register: functions take it and return it moved on, or NULL when they failed.
 *
 * Each field has a step, as in msgpack-quick.c: it writes name and value, and ends with a jump to the
 * next field's.
 */
#include "base/error.h"
#include "codec/field.h"
#include "codec/msgpack-write.h"
#include "codec/msgpack.h"
#include "codec/utf8.h"

typedef struct zc_msgpack_writer {
    zcache_buffer *buffer;
    const unsigned char *limit; /* `reserved` bytes before the end of the buffer's capacity */
    size_t reserved;
    const zc_plan *plan;  /* of the struct that is written */
    const zc_field *last; /* behind its last field */
    unsigned depth;
    zcache_status status; /* why a function returned NULL */
} encoder;

#define INLINE static inline __attribute__((always_inline))

static __attribute__((cold)) unsigned char *fail(encoder *self, zcache_status status)
{
    self->status = status;
    return NULL;
}

#define REFUSE(...) fail(self, zc_field_refuse_encode(self->plan, field, __VA_ARGS__))

static __attribute__((noinline)) unsigned char *grow(encoder *self, unsigned char *to, size_t more)
{
    zcache_buffer *buffer = self->buffer;
    buffer->size = (size_t)(to - buffer->data);
    to = more <= SIZE_MAX - self->reserved ? zcache_buffer_room(buffer, more + self->reserved)
                                           : NULL;
    if (to == NULL)
        return fail(self, ZCACHE_E_NOMEM);
    self->limit = buffer->data + buffer->capacity - self->reserved;
    return to;
}

/* Room for `more` bytes at `to`, before the limit. */
static inline unsigned char *need(encoder *self, unsigned char *to, size_t more)
{
    bool is_there = self->limit - to >= (ptrdiff_t)more;
    return __builtin_expect(is_there, 1) ? to : grow(self, to, more);
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

static inline unsigned char *put_bool(unsigned char *to, unsigned char value)
{
    *to = value != 0 ? MSGPACK_TRUE : MSGPACK_FALSE;
    return to + 1;
}

/* As its bits, and so is a double. */
static inline unsigned char *put_float(unsigned char *to, uint32_t bits)
{
    return zc_msgpack_put_32(to, MSGPACK_FLOAT, bits);
}

static inline unsigned char *put_double(unsigned char *to, uint64_t bits)
{
    return zc_msgpack_put_64(to, MSGPACK_DOUBLE, bits);
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

/* A text without a NUL: its end was found by one. */
INLINE unsigned char *put_text(encoder *self, unsigned char *to, const zc_field *field,
                               const char *text, size_t size)
{
    if (__builtin_expect(size > UINT32_MAX, 0))
        return REFUSE("a text of %zu bytes is more than MessagePack can hold", size);
    to = need(self, to, size + MSGPACK_HEADER_MAX);
    if (to == NULL)
        return NULL;
    to = put_text_header(to, size);
    if (zc_text_copy(to, text, size) || zc_utf8_is_text(text, size))
        return to + size;
    return REFUSE("the text is not UTF-8");
}

static unsigned char *put_nil(encoder *self, unsigned char *to, const zc_field *field)
{
    if (field->required && field->shape == ZCACHE_SHAPE_ONE)
        return REFUSE("it is required, and NULL");
    *to = MSGPACK_NIL;
    return to + 1;
}

INLINE unsigned char *put_string(encoder *self, unsigned char *to, const zc_field *field,
                                 const void *from)
{
    const char *text = ZC_LOAD(const char *, from);
    return text != NULL ? put_text(self, to, field, text, strlen(text)) : put_nil(self, to, field);
}

INLINE unsigned char *put_chars(encoder *self, unsigned char *to, const zc_field *field,
                                const void *from)
{
    size_t size = zc_chars_size(field, from);
    if (size == SIZE_MAX)
        return REFUSE("it has no NUL at its end");
    return put_text(self, to, field, from, size);
}

static unsigned char *put_bytes(encoder *self, unsigned char *to, const zc_field *field,
                                const void *from)
{
    const void *bytes = ZC_LOAD(const void *, from);
    size_t size = ZC_LOAD(size_t, (const char *)from + field->bytes_offset);
    if (bytes == NULL && size > 0)
        return REFUSE("it is NULL, and its size %zu", size);
    if (bytes == NULL)
        return put_nil(self, to, field);
    if (size > UINT32_MAX)
        return REFUSE("%zu bytes are more than MessagePack can hold", size);
    to = need(self, to, size + MSGPACK_HEADER_MAX);
    if (to == NULL)
        return NULL;
    to = put_bytes_header(to, size);
    memcpy(to, bytes, size);
    return to + size;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* There is room for ZC_NAME_PADDING more than it. */
static inline unsigned char *put_short_name(unsigned char *to, zcache_slice name)
{
    memcpy(to, name.data, ZC_NAME_PADDING);
    return to + name.size;
}

static inline unsigned char *put_long_name(unsigned char *to, zcache_slice name)
{
    memcpy(to, name.data, name.size);
    return to + name.size;
}

/* The room of a struct has that of its enums' names. */
INLINE unsigned char *put_enum(encoder *self, unsigned char *to, const zc_field *field,
                               const void *from)
{
    const zcache_slice *found = zc_enum_name(field, from);
    if (__builtin_expect(found == NULL, 0))
        return REFUSE("it has a value without a name in %s", field->enumeration->name);
    const zcache_slice name = field->msgpack_enum[found - field->enum_names].name.bytes;
    return name.size <= ZC_NAME_PADDING ? put_short_name(to, name) : put_long_name(to, name);
}

/* ---- structs and arrays ---------------------------------------------------------------------- */

static unsigned char *put_struct(encoder *self, unsigned char *to, const zc_plan *plan,
                                 const void *value);

/* A struct in a struct, which `field` leads to. */
static unsigned char *put_inner(encoder *self, unsigned char *to, const zc_field *field,
                                const void *from)
{
    const zc_plan *outer = self->plan;
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels (is it a cycle?)", ZC_DEPTH_MAX);
    to = put_struct(self, to, field->plan, from);
    self->depth--;
    self->plan = outer;
    return to;
}

static unsigned char *put_pointer(encoder *self, unsigned char *to, const zc_field *field,
                                  const void *from)
{
    const void *pointer = ZC_LOAD(const void *, from);
    return pointer != NULL ? put_inner(self, to, field, pointer) : put_nil(self, to, field);
}

/* One value; there is room for a number, or a name. */
INLINE unsigned char *put_one(encoder *self, unsigned char *to, const zc_field *field,
                              const void *from)
{
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        return put_bool(to, ZC_LOAD(unsigned char, from));
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
    case ZCACHE_TYPE_FLOAT:
        return put_float(to, ZC_LOAD(uint32_t, from));
    case ZCACHE_TYPE_DOUBLE:
        return put_double(to, ZC_LOAD(uint64_t, from));
    case ZCACHE_TYPE_ENUM:
        return put_enum(self, to, field, from);
    case ZCACHE_TYPE_STRING:
        return put_string(self, to, field, from);
    case ZCACHE_TYPE_CHARS:
        return put_chars(self, to, field, from);
    case ZCACHE_TYPE_BYTES:
        return put_bytes(self, to, field, from);
    case ZCACHE_TYPE_NESTED:
        return put_inner(self, to, field, from);
    case ZCACHE_TYPE_POINTER:
        return put_pointer(self, to, field, from);
    case ZCACHE_TYPES:
        break;
    }
    __builtin_unreachable(); /* plan.c refuses other types */
}

/* `element` is where it is or, of a counted one, the pointer to it. */
static __attribute__((noinline)) unsigned char *
put_array(encoder *self, unsigned char *to, const zc_field *field, const char *element)
{
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        count = ZC_LOAD(size_t, element - field->offset + field->count);
        element = ZC_LOAD(const char *, element);
        if (element == NULL && count > 0)
            return REFUSE("it is NULL, and its count %zu", count);
    }
    if (count > UINT32_MAX)
        return REFUSE("%zu elements are more than MessagePack can hold", count);
    if (++self->depth > ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels", ZC_DEPTH_MAX);
    to = put_count(to, MSGPACK_FIXARRAY, MSGPACK_ARRAY16, count);
    for (; count > 0 && to != NULL; count--, element += field->size) {
        to = need(self, to, field->msgpack_room);
        if (to != NULL)
            to = put_one(self, to, field, element);
    }
    self->depth--;
    return to;
}

static unsigned char *put_struct(encoder *self, unsigned char *to, const zc_plan *plan,
                                 const void *value)
{
    const zc_field *outer_last = self->last;
    to = need(self, to, plan->msgpack_room);
    if (to == NULL)
        return NULL;
    self->plan = plan;
    self->last = plan->fields + plan->field_count;
    self->reserved += plan->msgpack_room;
    self->limit -= plan->msgpack_room;
    to = put_count(to, MSGPACK_FIXMAP, MSGPACK_MAP16, plan->field_count);
    to = plan->fields->msgpack_write(self, to, plan->fields, value);
    self->last = outer_last;
    self->reserved -= plan->msgpack_room;
    self->limit += plan->msgpack_room;
    return to;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* What a field needs is in its step, and numbers, which have their room already, need no call: so
 * their steps save no register. */
#define STEP(name, width, put)                                                                    \
    static unsigned char *name##_##width(encoder *self, unsigned char *to, const zc_field *field, \
                                         const char *value)                                       \
    {                                                                                             \
        const char *from = value + field->offset;                                                 \
        to = put_##width##_name(to, field->msgpack_name.bytes);                                   \
        to = put;                                                                                 \
        if (__builtin_expect(to == NULL, 0))                                                      \
            return NULL;                                                                          \
        field++;                                                                                  \
        return field != self->last ? field->msgpack_write(self, to, field, value) : to;           \
    }
#define STEPS(name, put)   \
    STEP(name, short, put) \
    STEP(name, long, put)
#define NUMBER_STEPS(name, put, type) STEPS(name, put(to, ZC_LOAD(type, from)))
#define OTHER_STEPS(name, put)        STEPS(name, put(self, to, field, from))
NUMBER_STEPS(step_bool, put_bool, unsigned char)
NUMBER_STEPS(step_i8, put_integer, int8_t)
NUMBER_STEPS(step_i16, put_integer, int16_t)
NUMBER_STEPS(step_i32, put_integer, int32_t)
NUMBER_STEPS(step_i64, put_integer, int64_t)
NUMBER_STEPS(step_u8, put_natural, uint8_t)
NUMBER_STEPS(step_u16, put_natural, uint16_t)
NUMBER_STEPS(step_u32, put_natural, uint32_t)
NUMBER_STEPS(step_u64, put_natural, uint64_t)
NUMBER_STEPS(step_float, put_float, uint32_t)
NUMBER_STEPS(step_double, put_double, uint64_t)
OTHER_STEPS(step_enum, put_enum)
OTHER_STEPS(step_string, put_string)
OTHER_STEPS(step_chars, put_chars)
OTHER_STEPS(step_bytes, put_bytes)
OTHER_STEPS(step_inner, put_inner)
OTHER_STEPS(step_pointer, put_pointer)
OTHER_STEPS(step_array, put_array)

zc_msgpack_write *zc_msgpack_write_of(const zc_field *field)
{
#define BY_WIDTH(name)             \
    {                              \
        name##_short, name##_long, \
    }
    static zc_msgpack_write *const steps[ZCACHE_TYPES][2] = {
        [ZCACHE_TYPE_BOOL] = BY_WIDTH(step_bool),       [ZCACHE_TYPE_I8] = BY_WIDTH(step_i8),
        [ZCACHE_TYPE_I16] = BY_WIDTH(step_i16),         [ZCACHE_TYPE_I32] = BY_WIDTH(step_i32),
        [ZCACHE_TYPE_I64] = BY_WIDTH(step_i64),         [ZCACHE_TYPE_U8] = BY_WIDTH(step_u8),
        [ZCACHE_TYPE_U16] = BY_WIDTH(step_u16),         [ZCACHE_TYPE_U32] = BY_WIDTH(step_u32),
        [ZCACHE_TYPE_U64] = BY_WIDTH(step_u64),         [ZCACHE_TYPE_FLOAT] = BY_WIDTH(step_float),
        [ZCACHE_TYPE_DOUBLE] = BY_WIDTH(step_double),   [ZCACHE_TYPE_ENUM] = BY_WIDTH(step_enum),
        [ZCACHE_TYPE_STRING] = BY_WIDTH(step_string),   [ZCACHE_TYPE_CHARS] = BY_WIDTH(step_chars),
        [ZCACHE_TYPE_BYTES] = BY_WIDTH(step_bytes),     [ZCACHE_TYPE_NESTED] = BY_WIDTH(step_inner),
        [ZCACHE_TYPE_POINTER] = BY_WIDTH(step_pointer),
    };
    static zc_msgpack_write *const of_arrays[2] = BY_WIDTH(step_array);
    zc_msgpack_write *const *found =
        field->shape == ZCACHE_SHAPE_ONE ? steps[field->type] : of_arrays;
    return found[field->msgpack_name.bytes.size > ZC_NAME_PADDING];
}

zcache_status zc_msgpack_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                                zcache_buffer *buffer)
{
    (void)codec;
    const size_t before = buffer->size;
    unsigned char *to = zcache_buffer_room(buffer, plan->fields->msgpack_room);
    if (to == NULL)
        return ZCACHE_E_NOMEM;
    encoder self = {.buffer = buffer, .limit = buffer->data + buffer->capacity, .plan = plan};
    const zc_field *field = plan->fields;
    if (!plan->bare) {
        self.depth = 1;
        to = put_struct(&self, to, plan, value);
    } else if (field->shape == ZCACHE_SHAPE_ONE) {
        to = put_one(&self, to, field, (const char *)value + field->offset);
    } else {
        to = put_array(&self, to, field, (const char *)value + field->offset);
    }
    buffer->size = to != NULL ? (size_t)(to - buffer->data) : before;
    return to != NULL ? ZCACHE_OK : self.status;
}
