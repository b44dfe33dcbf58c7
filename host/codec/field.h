/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What all codecs do alike with one field, or one element of an array, whatever the format: store a
 * number if it fits, a text if it is one, a null; look up an enum; say what is wrong.
 *
 * `to` and `from` are the element itself. Storing functions return false where the value does not
 * fit; the caller then says so with zc_field_refuse_…, which knows the words.
 */
#ifndef ZC_CODEC_FIELD_H
#define ZC_CODEC_FIELD_H

#include <math.h>

#include "codec/codec.h"
#include "codec/text.h"

/* ---- numbers --------------------------------------------------------------------------------- */

/* Integers beyond this may have lost digits as doubles: a real number is no integer then. */
#define ZC_REAL_INTEGER_MAX INT64_C(0x20000000000000)

/* Fields are read and written as bytes (ZC_LOAD, ZC_STORE), for the program may call an int64_t by
 * another name: long or long long. */
#define ZC_STORE_IF_SAME(type, to, value) \
    do {                                  \
        ZC_STORE(type, to, value);        \
        return (type)(value) == (value);  \
    } while (0)

/* Stores an integer into a field of any type of number. */
static inline bool zc_field_set_integer(const zc_field *field, void *to, int64_t value)
{
    switch (field->type) {
    case ZCACHE_TYPE_I8:
        ZC_STORE_IF_SAME(int8_t, to, value);
    case ZCACHE_TYPE_I16:
        ZC_STORE_IF_SAME(int16_t, to, value);
    case ZCACHE_TYPE_I32:
        ZC_STORE_IF_SAME(int32_t, to, value);
    case ZCACHE_TYPE_I64:
        ZC_STORE_IF_SAME(int64_t, to, value);
    case ZCACHE_TYPE_U8:
        ZC_STORE_IF_SAME(uint8_t, to, value);
    case ZCACHE_TYPE_U16:
        ZC_STORE_IF_SAME(uint16_t, to, value);
    case ZCACHE_TYPE_U32:
        ZC_STORE_IF_SAME(uint32_t, to, value);
    case ZCACHE_TYPE_U64:
        ZC_STORE(uint64_t, to, value);
        return value >= 0;
    case ZCACHE_TYPE_FLOAT:
        ZC_STORE(float, to, value);
        return true;
    case ZCACHE_TYPE_DOUBLE:
        ZC_STORE(double, to, value);
        return true;
    default:
        return false;
    }
}

/* Stores an integer that may be above INT64_MAX. */
static inline bool zc_field_set_natural(const zc_field *field, void *to, uint64_t value)
{
    if (value <= INT64_MAX)
        return zc_field_set_integer(field, to, (int64_t)value);
    if (field->type == ZCACHE_TYPE_U64)
        ZC_STORE(uint64_t, to, value);
    else if (field->type == ZCACHE_TYPE_FLOAT)
        ZC_STORE(float, to, value);
    else if (field->type == ZCACHE_TYPE_DOUBLE)
        ZC_STORE(double, to, value);
    else
        return false;
    return true;
}

/* Stores a real number: into an integer field only if it is exactly an integer, into a float if it
 * does not become infinite by that. */
static inline bool zc_field_set_real(const zc_field *field, void *to, double value)
{
    if (field->type == ZCACHE_TYPE_DOUBLE) {
        ZC_STORE(double, to, value);
        return true;
    }
    if (field->type == ZCACHE_TYPE_FLOAT) {
        ZC_STORE(float, to, value);
        return !isinf((float)value) || isinf(value);
    }
    return value >= (double)-ZC_REAL_INTEGER_MAX && value <= (double)ZC_REAL_INTEGER_MAX &&
           value == (double)(int64_t)value && zc_field_set_integer(field, to, (int64_t)value);
}

/* An integer field's value; that of a U64 as its bits. */
static inline int64_t zc_field_integer(const zc_field *field, const void *from)
{
    switch (field->type) {
    case ZCACHE_TYPE_I8:
        return ZC_LOAD(int8_t, from);
    case ZCACHE_TYPE_I16:
        return ZC_LOAD(int16_t, from);
    case ZCACHE_TYPE_I32:
        return ZC_LOAD(int32_t, from);
    case ZCACHE_TYPE_U8:
        return ZC_LOAD(uint8_t, from);
    case ZCACHE_TYPE_U16:
        return ZC_LOAD(uint16_t, from);
    case ZCACHE_TYPE_U32:
        return ZC_LOAD(uint32_t, from);
    default:
        return ZC_LOAD(int64_t, from);
    }
}

static inline bool zc_field_is_number(const zc_field *field)
{
    return field->type >= ZCACHE_TYPE_I8 && field->type <= ZCACHE_TYPE_DOUBLE;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The bytes of a CHARS up to its NUL; SIZE_MAX: it has none. */
static inline size_t zc_chars_size(const zc_field *field, const void *from)
{
    const char *end = memchr(from, '\0', field->size);
    return end != NULL ? (size_t)(end - (const char *)from) : SIZE_MAX;
}

/* ---- enums ----------------------------------------------------------------------------------- */

/* The name of the value; NULL: it has none. Whether an enum has a sign is the compiler's choice, so
 * only its bits are compared. */
static inline const zcache_slice *zc_enum_name(const zc_field *field, const void *from)
{
    const zcache_enum *known = field->enumeration;
    const zcache_enum_value *values = known->values;
    const uint64_t mask = UINT64_MAX >> (64 - 8 * field->size);
    uint64_t bits = field->size == 4   ? ZC_LOAD(uint32_t, from)
                    : field->size == 1 ? ZC_LOAD(uint8_t, from)
                    : field->size == 2 ? ZC_LOAD(uint16_t, from)
                                       : ZC_LOAD(uint64_t, from);
    for (size_t i = 0; i < known->count; i++)
        if (((uint64_t)values[i].value & mask) == bits)
            return &field->enum_names[i];
    return NULL;
}

static inline void zc_enum_store(const zc_field *field, void *to, int64_t value)
{
    if (field->size == 4)
        ZC_STORE(int32_t, to, value);
    else if (field->size == 1)
        ZC_STORE(int8_t, to, value);
    else if (field->size == 2)
        ZC_STORE(int16_t, to, value);
    else
        ZC_STORE(int64_t, to, value);
}

/* Stores the value that a name means; false: none. */
static inline bool zc_enum_set(const zc_field *field, void *to, const void *name, size_t size)
{
    const zcache_enum *known = field->enumeration;
    for (size_t i = 0; i < known->count; i++) {
        if (field->enum_names[i].size == size &&
            zc_bytes_equal(field->enum_names[i].data, name, size)) {
            zc_enum_store(field, to, known->values[i].value);
            return true;
        }
    }
    return false;
}

/* ---- nulls, memory --------------------------------------------------------------------------- */

/* Whether the field as a whole can be NULL. */
static inline bool zc_field_is_nullable(const zc_field *field)
{
    return field->shape == ZCACHE_SHAPE_COUNTED ||
           (field->shape == ZCACHE_SHAPE_ONE &&
            (field->type == ZCACHE_TYPE_STRING || field->type == ZCACHE_TYPE_BYTES ||
             field->type == ZCACHE_TYPE_POINTER));
}

/* Makes an element of a type that can be NULL so; false: it is of another. */
static inline bool zc_element_set_null(const zc_field *field, void *to)
{
    if (field->type != ZCACHE_TYPE_STRING && field->type != ZCACHE_TYPE_BYTES &&
        field->type != ZCACHE_TYPE_POINTER)
        return false;
    ZC_STORE(void *, to, NULL);
    if (field->type == ZCACHE_TYPE_BYTES)
        ZC_STORE(size_t, (char *)to + field->bytes_offset, 0);
    return true;
}

/* A null for a field: NULL where it can be, else what it is when it is missing. True if the field
 * now has a value: false for a required one too, which zc_plan_settle then finds missing. */
static inline bool zc_field_set_null(const zc_plan *plan, const zc_field *field, void *value)
{
    char *to = (char *)value + field->offset;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        ZC_STORE(void *, to, NULL);
        ZC_STORE(size_t, (char *)value + field->count, 0);
    } else if (field->shape == ZCACHE_SHAPE_FIXED || !zc_element_set_null(field, to)) {
        size_t count = field->shape == ZCACHE_SHAPE_FIXED ? field->count : 1;
        memcpy(to, (const char *)plan->initial + field->offset, count * field->size);
        return false;
    }
    return !field->required;
}

static inline size_t zc_field_alignment(const zc_field *field)
{
    if (field->type == ZCACHE_TYPE_NESTED)
        return field->plan->alignment;
    if (field->type == ZCACHE_TYPE_CHARS)
        return 1;
    if (field->type == ZCACHE_TYPE_BYTES)
        return _Alignof(zcache_bytes);
    return field->size; /* a number or a pointer */
}

/* Memory for the elements of a COUNTED array, of which at least one; NULL: the block is full. */
static inline void *zc_field_alloc_array(const zc_field *field, size_t count, zcache_block *block)
{
    size_t size = count <= SIZE_MAX / field->size ? count * field->size : SIZE_MAX;
    return zcache_block_alloc(block, size, zc_field_alignment(field));
}

/* A text of a STRING, terminated, to be filled; NULL: the block is full. */
static inline char *zc_field_alloc_text(void *to, size_t size, zcache_block *block)
{
    char *text = zcache_block_alloc(block, size + 1, 1);
    if (text == NULL)
        return NULL;
    text[size] = '\0';
    ZC_STORE(char *, to, text);
    return text;
}

/* Stores a text into a STRING or CHARS. Returns what is wrong with it, or NULL; `*status` is
 * ZCACHE_E_NOMEM where the block is full, and then NULL is returned too. */
static inline const char *zc_field_set_text(const zc_field *field, void *to, const void *text,
                                            size_t size, zcache_block *block, zcache_status *status)
{
    char *into = to;
    if (field->type == ZCACHE_TYPE_CHARS) {
        if (size >= field->size)
            return "the text is too long";
        memset(into + size, 0, field->size - size);
    } else {
        into = zc_field_alloc_text(to, size, block);
        if (into == NULL) {
            *status = ZCACHE_E_NOMEM;
            return NULL;
        }
    }
    return zc_text_copy(into, text, size) ? NULL : zc_text_fault(text, size);
}

/* Stores bytes into a BYTES; false: the block is full. Empty ones are not NULL. */
static inline bool zc_field_set_bytes(const zc_field *field, void *to, const void *bytes,
                                      size_t size, zcache_block *block)
{
    char *into = zc_field_alloc_text(to, size, block); /* terminated, for those who print them */
    if (into == NULL)
        return false;
    if (size > 0)
        memcpy(into, bytes, size);
    ZC_STORE(size_t, (char *)to + field->bytes_offset, size);
    return true;
}

/* ---- depth, fields that were seen ------------------------------------------------------------ */

/* Each map and each array is a level; the outermost is level 1, and ZC_DEPTH_MAX the last. */

/* A bit for each field. Only plans with zc_plan_needs_seen need it. */
typedef struct zc_seen {
    uint64_t words[ZC_FIELDS_MAX / 64];
} zc_seen;

static inline bool zc_plan_needs_seen(const zc_plan *plan)
{
    return plan->has_required || plan->has_text_defaults;
}

static inline void zc_seen_clear(const zc_plan *plan, zc_seen *seen)
{
    memset(seen->words, 0, (plan->field_count + 63) / 64 * sizeof(seen->words[0]));
}

/* The last one of two fields of one name counts, so a null takes away what was seen. */
static inline void zc_seen_put(zc_seen *seen, size_t index, bool there)
{
    uint64_t bit = UINT64_C(1) << (index % 64);
    if (there)
        seen->words[index / 64] |= bit;
    else
        seen->words[index / 64] &= ~bit;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* Puts "user.age: " before the message that is there; "zcache_string: ", of a type that is its one
 * field. */
void zc_field_prefix(const zc_plan *plan, const zc_field *field);

/* "user.age: …": ZCACHE_E_INVALID, of a value that cannot be encoded. */
zcache_status zc_field_refuse_encode(const zc_plan *plan, const zc_field *field, const char *format,
                                     ...) __attribute__((cold)) ZCACHE_PRINTF(3, 4);

/* "byte 17: user.age: …": ZCACHE_E_TYPE, of bytes that cannot be decoded. */
zcache_status zc_field_refuse_decode(const zc_plan *plan, const zc_field *field, size_t byte,
                                     const char *format, ...) __attribute__((cold))
ZCACHE_PRINTF(4, 5);

/* "byte 17: user.age: a text, expected a number (uint8)": `found` is "a text", "a map", …. */
zcache_status zc_field_refuse_type(const zc_plan *plan, const zc_field *field, size_t byte,
                                   const char *found) __attribute__((cold));

/* "byte 17: user.age: 300 is out of range (uint8)", of a number that was not stored. */
zcache_status zc_field_refuse_integer(const zc_plan *plan, const zc_field *field, size_t byte,
                                      int64_t value) __attribute__((cold));
zcache_status zc_field_refuse_natural(const zc_plan *plan, const zc_field *field, size_t byte,
                                      uint64_t value) __attribute__((cold));
zcache_status zc_field_refuse_real(const zc_plan *plan, const zc_field *field, size_t byte,
                                   double value) __attribute__((cold));

/* "uint8": what a field of numbers holds. */
const char *zc_field_number_name(const zc_field *field);

/* "byte 17: user.color: "blue" is no color", quoted short. */
zcache_status zc_field_refuse_name(const zc_plan *plan, const zc_field *field, size_t byte,
                                   const char *name, size_t size) __attribute__((cold));

/* "byte 17: user.tags: 4 elements, expected 3". */
zcache_status zc_field_refuse_count(const zc_plan *plan, const zc_field *field, size_t byte,
                                    size_t count) __attribute__((cold));

#endif
