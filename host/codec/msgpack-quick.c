/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a field needs is in step(): everything else here is inlined into it, or is what it ends with.
 * So a step needs no stack, and few registers are saved: rare cases are functions of their own, which
 * are jumped to as well. (A compiler that is not asked to optimise makes calls of the jumps, and the
 * stack as deep as a struct has fields.)
 */
#include "codec/msgpack-quick.h"

#include "codec/field.h"
#include "codec/utf8.h"

#define INLINE static inline __attribute__((always_inline))
#define RARE   static __attribute__((noinline))

typedef zc_msgpack_reader reader;
typedef const unsigned char *bytes; /* or NULL: a value that is not read here */

/* Short texts are copied as so many bytes. */
#define SHORT 32

/* ---- from step to step ----------------------------------------------------------------------- */

#define PARAMETERS    reader *self, bytes at, const zc_field *field, char *value
#define ARGUMENTS(at) self, at, field, value

bytes zc_msgpack_stop(PARAMETERS)
{
    (void)value;
    self->next = field;
    return at;
}

INLINE bytes next_step(PARAMETERS)
{
    field++;
    if (ZC_UNLIKELY(field == self->last))
        return zc_msgpack_stop(ARGUMENTS(at));
    return field->msgpack_step(ARGUMENTS(at));
}

/* ---- names ----------------------------------------------------------------------------------- */

typedef bool is_name_fn(const reader *self, bytes at, const zc_msgpack_name *name);

INLINE bool is_short_name(const reader *self, bytes at, const zc_msgpack_name *name)
{
    (void)self;
    return ((ZC_LOAD(uint64_t, at) ^ name->words[0]) & name->masks[0]) == 0;
}

INLINE bool is_wide_name(const reader *self, bytes at, const zc_msgpack_name *name)
{
    (void)self;
    return ((ZC_LOAD(uint64_t, at) ^ name->words[0]) |
            ((ZC_LOAD(uint64_t, at + 8) ^ name->words[1]) & name->masks[1])) == 0;
}

INLINE bool is_long_name(const reader *self, bytes at, const zc_msgpack_name *name)
{
    return is_wide_name(self, at, name) && zc_msgpack_left(self, at) >= name->bytes.size &&
           memcmp(at, name->bytes.data, name->bytes.size) == 0;
}

/* A name of up to 16 bytes, or the first 16 of one. */
INLINE bool is_any_name(bytes at, const zc_msgpack_name *name)
{
    return (((ZC_LOAD(uint64_t, at) ^ name->words[0]) & name->masks[0]) |
            ((ZC_LOAD(uint64_t, at + 8) ^ name->words[1]) & name->masks[1])) == 0;
}

bool zc_msgpack_is_name(const reader *self, bytes at, const zc_msgpack_name *name)
{
    return name->bytes.size <= sizeof(name->words) ? is_any_name(at, name)
                                                   : is_long_name(self, at, name);
}

/* ---- numbers --------------------------------------------------------------------------------- */

typedef bytes read_fn(const reader *self, bytes at, const zc_field *field, void *to);

/* An integer that an int64_t holds. A field's integers are mostly of one width, so that branches
 * which are foreseen tell where the next pair is before this one's bytes were loaded. */
INLINE bytes read_integer(bytes at, int64_t *number)
{
    int64_t first = (int8_t)*at;
    *number = first;
    if (first >= -32)
        return at + 1;
    switch (*at) {
    case MSGPACK_UINT8:
        *number = at[1];
        return at + 2;
    case MSGPACK_UINT16:
        *number = zc_msgpack_load_16(at + 1);
        return at + 3;
    case MSGPACK_UINT32:
        *number = zc_msgpack_load_32(at + 1);
        return at + 5;
    case MSGPACK_INT8:
        *number = (int8_t)at[1];
        return at + 2;
    case MSGPACK_INT16:
        *number = (int16_t)zc_msgpack_load_16(at + 1);
        return at + 3;
    case MSGPACK_INT32:
        *number = (int32_t)zc_msgpack_load_32(at + 1);
        return at + 5;
    case MSGPACK_UINT64:
    case MSGPACK_INT64:
        *number = (int64_t)zc_msgpack_load_64(at + 1);
        return *number >= 0 || *at == MSGPACK_INT64 ? at + 9 : NULL;
    default:
        return NULL;
    }
}

#define READ_INTEGER(name, type)                                                     \
    INLINE bytes name(const reader *self, bytes at, const zc_field *field, void *to) \
    {                                                                                \
        int64_t number;                                                              \
        (void)self, (void)field;                                                     \
        at = read_integer(at, &number);                                              \
        if (ZC_UNLIKELY(at == NULL || ((type)-1 > 0 && number < 0) ||                \
                        (sizeof(type) < 8 && number != (type)number)))               \
            return NULL;                                                             \
        ZC_STORE(type, to, number);                                                  \
        return at;                                                                   \
    }
READ_INTEGER(read_i8, int8_t)
READ_INTEGER(read_i16, int16_t)
READ_INTEGER(read_i32, int32_t)
READ_INTEGER(read_i64, int64_t)
READ_INTEGER(read_u8, uint8_t)
READ_INTEGER(read_u16, uint16_t)
READ_INTEGER(read_u32, uint32_t)
READ_INTEGER(read_u64, uint64_t)

INLINE bytes read_bool(const reader *self, bytes at, const zc_field *field, void *to)
{
    (void)self, (void)field;
    if (ZC_UNLIKELY((*at | 1) != MSGPACK_TRUE))
        return NULL;
    ZC_STORE(unsigned char, to, *at & 1);
    return at + 1;
}

INLINE bytes read_float(const reader *self, bytes at, const zc_field *field, void *to)
{
    (void)self, (void)field;
    if (ZC_UNLIKELY(*at != MSGPACK_FLOAT))
        return NULL;
    ZC_STORE(uint32_t, to, zc_msgpack_load_32(at + 1));
    return at + 5;
}

INLINE bytes read_double(const reader *self, bytes at, const zc_field *field, void *to)
{
    (void)self, (void)field;
    if (ZC_UNLIKELY(*at != MSGPACK_DOUBLE))
        return NULL;
    ZC_STORE(uint64_t, to, zc_msgpack_load_64(at + 1));
    return at + 9;
}

INLINE bytes read_enum(const reader *self, bytes at, const zc_field *field, void *to)
{
    (void)self;
    const zc_msgpack_enum *known = field->msgpack_enum;
    while (!is_any_name(at, &known->name))
        known++;
    if (ZC_UNLIKELY(known->name.bytes.size == 0))
        return NULL;
    zc_enum_store(field, to, known->value);
    return at + known->name.bytes.size;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The header of a text whose bytes are there; NULL: it is not. */
INLINE bytes read_header(const reader *self, bytes at, size_t *size)
{
    *size = (size_t)*at - MSGPACK_FIXSTR;
    if (*size <= MSGPACK_FIXSTR_MAX) {
        at++;
    } else if (*at == MSGPACK_STR8) {
        *size = at[1];
        at += 2;
    } else if (*at == MSGPACK_STR16) {
        *size = zc_msgpack_load_16(at + 1);
        at += 3;
    } else {
        return NULL;
    }
    return self->end - at >= (ptrdiff_t)*size ? at : NULL;
}

/* Of 32 bits, one for each byte from a text's end on. */
#define FROM_2(size) UINT32_MAX << (size), UINT32_MAX << ((size) + 1)
#define FROM_8(size) FROM_2(size), FROM_2((size) + 2), FROM_2((size) + 4), FROM_2((size) + 6)
static const uint32_t behind_text[SHORT] = {FROM_8(0), FROM_8(8), FROM_8(16), FROM_8(24)};

/* A short STRING; NULL too if there is little room in the block. `*oddity` is its first byte that
 * is not plain, if any: what follows is still to be checked. */
INLINE bytes read_short_string(const reader *self, bytes at, void *to, bytes *oddity)
{
    zcache_block *block = self->block;
    size_t size = (size_t)*at++ - MSGPACK_FIXSTR;
    if (ZC_UNLIKELY(size > MSGPACK_FIXSTR_MAX ||
                    block->wanted + (ZCACHE_BLOCK_MARK + SHORT) > block->capacity))
        return NULL;
    char *text = zcache_block_take(block, block->wanted + ZCACHE_BLOCK_MARK, size + 1);
    uint32_t plain = ~zc_text_copy_32(text, at) | behind_text[size];
    text[size] = '\0';
    ZC_STORE(char *, to, text);
    *oddity = plain == UINT32_MAX ? NULL : at + __builtin_ctz(~plain);
    return at + size;
}

RARE bytes read_string(const reader *self, bytes at, const zc_field *field, void *to)
{
    zcache_block *block = self->block;
    size_t size;
    if (*at == MSGPACK_NIL && !field->required) {
        ZC_STORE(char *, to, NULL);
        return at + 1;
    }
    at = read_header(self, at, &size);
    if (at == NULL || block->capacity - block->wanted < size + 1 + ZCACHE_BLOCK_MARK)
        return NULL;
    char *text = zcache_block_take(block, block->wanted + ZCACHE_BLOCK_MARK, size + 1);
    text[size] = '\0';
    ZC_STORE(char *, to, text);
    return zc_text_copy(text, at, size) || zc_utf8_is_text(at, size) ? at + size : NULL;
}

INLINE bytes read_chars(const reader *self, bytes at, const zc_field *field, char *to)
{
    size_t size;
    at = read_header(self, at, &size);
    if (at == NULL || size >= field->size)
        return NULL;
    memset(to + size, 0, field->size - size);
    return zc_text_copy(to, at, size) || zc_utf8_is_text(at, size) ? at + size : NULL;
}

/* `at` is behind a text which is there, but whose bytes from `oddity` on are still to be checked;
 * self->pair is its pair. */
RARE bytes step_odd_text(PARAMETERS, bytes oddity)
{
    if (!zc_utf8_is_text(oddity, (size_t)(at - oddity)))
        return zc_msgpack_stop(ARGUMENTS(self->pair));
    return next_step(ARGUMENTS(at));
}

/* `at` is behind the name of a text in any form; self->pair is its pair. */
RARE bytes step_any_text(PARAMETERS)
{
    char *to = value + field->offset;
    at = field->type == ZCACHE_TYPE_STRING ? read_string(self, at, field, to)
                                           : read_chars(self, at, field, to);
    if (at == NULL)
        return zc_msgpack_stop(ARGUMENTS(self->pair));
    return next_step(ARGUMENTS(at));
}

/* ---- steps ----------------------------------------------------------------------------------- */

INLINE bytes step(PARAMETERS, is_name_fn *is_name, read_fn *read)
{
    if (ZC_UNLIKELY(!is_name(self, at, &field->msgpack_name)))
        return zc_msgpack_stop(ARGUMENTS(at));
    bytes behind = read(self, at + field->msgpack_name.bytes.size, field, value + field->offset);
    if (ZC_UNLIKELY(behind == NULL))
        return zc_msgpack_stop(ARGUMENTS(at));
    return next_step(ARGUMENTS(behind));
}

INLINE bytes step_string(PARAMETERS, is_name_fn *is_name)
{
    if (ZC_UNLIKELY(!is_name(self, at, &field->msgpack_name)))
        return zc_msgpack_stop(ARGUMENTS(at));
    self->pair = at;
    at += field->msgpack_name.bytes.size;
    bytes oddity, behind = read_short_string(self, at, value + field->offset, &oddity);
    if (ZC_UNLIKELY(behind == NULL))
        return step_any_text(ARGUMENTS(at));
    if (oddity == NULL)
        return next_step(ARGUMENTS(behind));
    return step_odd_text(ARGUMENTS(behind), oddity);
}

INLINE bytes step_chars(PARAMETERS, is_name_fn *is_name)
{
    if (ZC_UNLIKELY(!is_name(self, at, &field->msgpack_name)))
        return zc_msgpack_stop(ARGUMENTS(at));
    self->pair = at;
    at += field->msgpack_name.bytes.size;
    size_t size;
    bytes from = read_header(self, at, &size);
    if (ZC_UNLIKELY(from == NULL || size >= field->size || !self->is_blank))
        return step_any_text(ARGUMENTS(at));
    at = from + size;
    if (ZC_LIKELY(zc_text_copy(value + field->offset, from, size)))
        return next_step(ARGUMENTS(at));
    return step_odd_text(ARGUMENTS(at), from);
}

#define STEP(name, width, read)                              \
    static bytes name##_##width(PARAMETERS)                  \
    {                                                        \
        return step(ARGUMENTS(at), is_##width##_name, read); \
    }
#define STEPS(name)                       \
    STEP(step_##name, short, read_##name) \
    STEP(step_##name, wide, read_##name)  \
    STEP(step_##name, long, read_##name)
STEPS(bool)
STEPS(i8)
STEPS(i16)
STEPS(i32)
STEPS(i64)
STEPS(u8)
STEPS(u16)
STEPS(u32)
STEPS(u64)
STEPS(float)
STEPS(double)
STEPS(enum)

#define TEXT_STEP(name, width)                         \
    static bytes name##_##width(PARAMETERS)            \
    {                                                  \
        return name(ARGUMENTS(at), is_##width##_name); \
    }
#define TEXT_STEPS(name)   \
    TEXT_STEP(name, short) \
    TEXT_STEP(name, wide)  \
    TEXT_STEP(name, long)
TEXT_STEPS(step_string)
TEXT_STEPS(step_chars)

#define BY_WIDTH(name)                                              \
    {                                                               \
        step_##name##_short, step_##name##_wide, step_##name##_long \
    }
static zc_msgpack_step *const steps[ZCACHE_TYPES][3] = {
    [ZCACHE_TYPE_BOOL] = BY_WIDTH(bool),     [ZCACHE_TYPE_I8] = BY_WIDTH(i8),
    [ZCACHE_TYPE_I16] = BY_WIDTH(i16),       [ZCACHE_TYPE_I32] = BY_WIDTH(i32),
    [ZCACHE_TYPE_I64] = BY_WIDTH(i64),       [ZCACHE_TYPE_U8] = BY_WIDTH(u8),
    [ZCACHE_TYPE_U16] = BY_WIDTH(u16),       [ZCACHE_TYPE_U32] = BY_WIDTH(u32),
    [ZCACHE_TYPE_U64] = BY_WIDTH(u64),       [ZCACHE_TYPE_FLOAT] = BY_WIDTH(float),
    [ZCACHE_TYPE_DOUBLE] = BY_WIDTH(double), [ZCACHE_TYPE_STRING] = BY_WIDTH(string),
    [ZCACHE_TYPE_CHARS] = BY_WIDTH(chars),   [ZCACHE_TYPE_ENUM] = BY_WIDTH(enum),
};

zc_msgpack_step *zc_msgpack_step_of(const zc_field *field, bool has_default)
{
    size_t size = field->msgpack_name.bytes.size;
    zc_msgpack_step *found = steps[field->type][(size > 8) + (size > 16)];
    bool is_quick =
        field->shape == ZCACHE_SHAPE_ONE && !(field->type == ZCACHE_TYPE_CHARS && has_default);
    return is_quick && found != NULL ? found : zc_msgpack_stop;
}

/* ---- elements -------------------------------------------------------------------------------- */

RARE bytes read_any_chars(const reader *self, bytes at, const zc_field *field, void *to)
{
    return read_chars(self, at, field, to);
}

INLINE bytes read_text(const reader *self, bytes at, const zc_field *field, void *to)
{
    bytes oddity, behind = read_short_string(self, at, to, &oddity);
    if (ZC_UNLIKELY(behind == NULL))
        return read_string(self, at, field, to);
    return oddity == NULL || zc_utf8_is_text(oddity, (size_t)(behind - oddity)) ? behind : NULL;
}

INLINE bytes read_elements(reader *self, bytes at, const zc_field *field, char **element,
                           size_t *count, read_fn *read)
{
    char *to = *element;
    size_t left = *count;
    for (; left > 0; left--, to += field->size) {
        bytes behind = read(self, at, field, to);
        if (ZC_UNLIKELY(behind == NULL))
            break;
        at = behind;
    }
    *element = to;
    *count = left;
    return at;
}

#define ELEMENTS(type, read) \
    case type:               \
        return read_elements(self, at, field, element, count, read)
bytes zc_msgpack_quick_elements(reader *self, bytes at, const zc_field *field, char **element,
                                size_t *count)
{
    switch (field->type) {
        ELEMENTS(ZCACHE_TYPE_BOOL, read_bool);
        ELEMENTS(ZCACHE_TYPE_I8, read_i8);
        ELEMENTS(ZCACHE_TYPE_I16, read_i16);
        ELEMENTS(ZCACHE_TYPE_I32, read_i32);
        ELEMENTS(ZCACHE_TYPE_I64, read_i64);
        ELEMENTS(ZCACHE_TYPE_U8, read_u8);
        ELEMENTS(ZCACHE_TYPE_U16, read_u16);
        ELEMENTS(ZCACHE_TYPE_U32, read_u32);
        ELEMENTS(ZCACHE_TYPE_U64, read_u64);
        ELEMENTS(ZCACHE_TYPE_FLOAT, read_float);
        ELEMENTS(ZCACHE_TYPE_DOUBLE, read_double);
        ELEMENTS(ZCACHE_TYPE_STRING, read_text);
        ELEMENTS(ZCACHE_TYPE_CHARS, read_any_chars);
        ELEMENTS(ZCACHE_TYPE_ENUM, read_enum);
    default:
        return at;
    }
}
