/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Writing JSON (RFC 8259): the plan of a type says what to write, field by field, and the text goes
 * straight into the buffer.
 *
 * `at`, where the next byte goes, is handed from function to function, so that it stays in a
 * register; NULL says that one failed. A comma is written after every value, and becomes the
 * bracket after the last. Whoever calls for a value has found room for it, if it is SMALL, and for
 * what may follow it; texts and bytes find room for themselves, and again for what may follow.
 */
#include "base/decimal.h"
#include "base/error.h"
#include "codec/base64.h"
#include "codec/codec.h"
#include "codec/field.h"
#include "codec/json-lex.h"

/* Numbers, words, an opening bracket; then a comma, and a bracket for each level that ends here. */
#define SMALL (ZC_DOUBLE_MAX + 8 + ZC_DEPTH_MAX)

typedef struct encoder {
    zcache_buffer *buffer;
    unsigned char *end; /* of the buffer's memory */
    zcache_status status;
    /* What is being written, for messages. */
    const zc_plan *plan;
    const zc_field *field;
} encoder;

static unsigned char *put_value(encoder *e, unsigned char *at, const zc_field *field,
                                const char *from, unsigned depth);

/* ---- room, failures -------------------------------------------------------------------------- */

__attribute__((cold)) static unsigned char *fail(encoder *e, const char *what)
{
    e->status = zc_field_refuse_encode(e->plan, e->field, "%s", what);
    return NULL;
}

__attribute__((cold)) static unsigned char *too_deep(encoder *e)
{
    e->status = zc_field_refuse_encode(
        e->plan, e->field, "nested deeper than %d levels (is it a cycle?)", ZC_DEPTH_MAX);
    return NULL;
}

__attribute__((cold)) static unsigned char *grow(encoder *e, unsigned char *at, size_t more)
{
    zcache_buffer *buffer = e->buffer;
    buffer->size = (size_t)(at - buffer->data);
    at = zcache_buffer_room(buffer, more);
    if (at == NULL)
        e->status = ZCACHE_E_NOMEM;
    else
        e->end = buffer->data + buffer->capacity;
    return at;
}

static inline unsigned char *room(encoder *e, unsigned char *at, size_t more)
{
    return (size_t)(e->end - at) >= more ? at : grow(e, at, more);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Copies the characters beyond ASCII that `text` begins with; there is room for all `size` bytes. */
static unsigned char *put_beyond_ascii(encoder *e, unsigned char *at, const unsigned char **text,
                                       size_t size)
{
    const unsigned char *next = *text, *end = next + size;
    while (next < end && *next >= 0x80) {
        size_t length = zc_json_utf8_length(next, (size_t)(end - next));
        if (length == 0)
            return fail(e, "the text is not UTF-8");
        if (end - next >= 4)
            memcpy(at, next, 4);
        else
            memcpy(at, next, length);
        at += length;
        next += length;
    }
    *text = next;
    return at;
}

/* Writes what `text` begins with, which stops a scan: an escape, or characters beyond ASCII. Moves
 * `text` behind it, and finds room for the rest, `size` bytes with this. */
static unsigned char *put_stop(encoder *e, unsigned char *at, const unsigned char **text,
                               size_t size)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    unsigned char byte = **text;
    at = room(e, at, size + SMALL);
    if (at == NULL)
        return NULL;
    if (byte >= 0x80)
        return put_beyond_ascii(e, at, text, size);
    (*text)++;
    *at++ = '\\';
    if (byte >= 0x20) {
        *at++ = byte;
    } else if (letters[byte] != '\0') {
        *at++ = (unsigned char)letters[byte];
    } else {
        memcpy(at, "u00", 3);
        at[3] = (unsigned char)hex[byte >> 4];
        at[4] = (unsigned char)hex[byte & 15];
        at += 5;
    }
    return at;
}

/* Byte by byte; there is room. */
static unsigned char *put_careful(encoder *e, unsigned char *at, const unsigned char *text,
                                  size_t size)
{
    const unsigned char *end = text + size;
    while (text < end && at != NULL) {
        if (zc_json_stops(*text))
            at = put_stop(e, at, &text, (size_t)(end - text));
        else
            *at++ = *text++;
    }
    return at;
}

/* Less than 16 bytes, most often as two pieces that overlap; there is room. */
static inline unsigned char *put_tail(encoder *e, unsigned char *at, const unsigned char *text,
                                      size_t size)
{
    if (size >= 8) {
        uint64_t first = ZC_LOAD(uint64_t, text), last = ZC_LOAD(uint64_t, text + size - 8);
        if (zc_json_any_stops8(first) || zc_json_any_stops8(last))
            return put_careful(e, at, text, size);
        memcpy(at, &first, 8);
        memcpy(at + size - 8, &last, 8);
    } else if (size >= 4) {
        uint32_t first = ZC_LOAD(uint32_t, text), last = ZC_LOAD(uint32_t, text + size - 4);
        if (zc_json_any_stops8(first | (uint64_t)last << 32))
            return put_careful(e, at, text, size);
        memcpy(at, &first, 4);
        memcpy(at + size - 4, &last, 4);
    } else {
        return put_careful(e, at, text, size);
    }
    return at + size;
}

static unsigned char *put_text(encoder *e, unsigned char *at, const char *from, size_t size)
{
    const unsigned char *text = (const unsigned char *)from;
    at = room(e, at, size + SMALL);
    if (at == NULL)
        return NULL;
    *at++ = '"';
    while (size >= 16) {
        uint32_t stops = zc_json_stops16(text);
        size_t plain = stops == 0 ? 16 : (size_t)__builtin_ctz(stops);
        memcpy(at, text, 16);
        at += plain;
        text += plain;
        size -= plain;
        if (stops != 0) {
            const unsigned char *stop = text;
            at = put_stop(e, at, &text, size);
            if (at == NULL)
                return NULL;
            size -= (size_t)(text - stop);
        }
    }
    at = put_tail(e, at, text, size);
    if (at != NULL)
        *at++ = '"';
    return at;
}

/* An element of an array may be NULL even where the array is required. */
static unsigned char *put_null(encoder *e, unsigned char *at, const zc_field *field)
{
    if (field->required && field->shape == ZCACHE_SHAPE_ONE)
        return fail(e, "required, but NULL");
    memcpy(at, "null", 4);
    return at + 4;
}

static inline unsigned char *put_string(encoder *e, unsigned char *at, const zc_field *field,
                                        const char *from)
{
    const char *text = ZC_LOAD(const char *, from);
    return text != NULL ? put_text(e, at, text, strlen(text)) : put_null(e, at, field);
}

static unsigned char *put_chars(encoder *e, unsigned char *at, const zc_field *field,
                                const char *from)
{
    size_t size = zc_chars_size(field, from);
    return size != SIZE_MAX ? put_text(e, at, from, size) : fail(e, "no NUL at the end");
}

static unsigned char *put_enum(encoder *e, unsigned char *at, const zc_field *field,
                               const char *from)
{
    const zcache_slice *name = zc_enum_name(field, from);
    return name != NULL ? put_text(e, at, name->data, name->size)
                        : fail(e, "the value has no name");
}

static unsigned char *put_bytes(encoder *e, unsigned char *at, const zc_field *field,
                                const char *from)
{
    const void *data = ZC_LOAD(const void *, from);
    size_t size = ZC_LOAD(size_t, from + field->bytes_offset);
    if (data == NULL && size > 0)
        return fail(e, "NULL with a size above 0");
    if (data == NULL)
        return put_null(e, at, field);
    if (size > SIZE_MAX / 2)
        return fail(e, "the size is no object's");
    at = room(e, at, zc_base64_size(size) + SMALL);
    if (at == NULL)
        return NULL;
    *at++ = '"';
    at += zc_base64_encode(data, size, (char *)at);
    *at++ = '"';
    return at;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static unsigned char *put_real(encoder *e, unsigned char *at, const zc_field *field,
                               const char *from)
{
    bool is_float = field->type == ZCACHE_TYPE_FLOAT;
    double value = is_float ? (double)ZC_LOAD(float, from) : ZC_LOAD(double, from);
    if (!isfinite(value))
        return fail(e, "JSON has no NaN and no infinity");
    return at + (is_float ? zc_float_write((float)value, (char *)at)
                          : zc_double_write(value, (char *)at));
}

static inline unsigned char *put_integer(unsigned char *at, const zc_field *field, const char *from)
{
    int64_t value = zc_field_integer(field, from);
    return at + zc_int64_write(value, (char *)at);
}

static inline unsigned char *put_bool(unsigned char *at, const char *from)
{
    if (ZC_LOAD(bool, from)) {
        memcpy(at, "true", 4);
        return at + 4;
    }
    memcpy(at, "false", 5);
    return at + 5;
}

/* ---- arrays, structs ------------------------------------------------------------------------- */

static unsigned char *put_array(encoder *e, unsigned char *at, const zc_field *field,
                                const char *value, unsigned depth)
{
    const char *from = value + field->offset;
    size_t count = field->count;
    const zc_plan *plan = e->plan;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        from = ZC_LOAD(const char *, from);
        count = ZC_LOAD(size_t, value + field->count);
        if (from == NULL && count > 0)
            return fail(e, "NULL with a count above 0");
    }
    if (depth > ZC_DEPTH_MAX)
        return too_deep(e);
    *at++ = '[';
    for (size_t i = 0; i < count; i++, from += field->size) {
        at = room(e, at, SMALL);
        if (at == NULL)
            return NULL;
        at = put_value(e, at, field, from, depth + 1);
        if (at == NULL)
            return NULL;
        e->plan = plan;
        e->field = field;
        *at++ = ',';
    }
    at -= count > 0;
    *at++ = ']';
    return at;
}

/* Copies a name in pieces of 16 bytes: there is room for the last to be whole. */
static inline unsigned char *put_name(unsigned char *at, const zc_field *field)
{
    const unsigned char *name = field->json_name.data;
    size_t size = field->json_name.size;
    memcpy(at, name, 16);
    for (size_t done = 16; done < size; done += 16)
        memcpy(at + done, name + done, 16);
    return at + size;
}

static unsigned char *put_struct(encoder *e, unsigned char *at, const zc_plan *plan,
                                 const char *value, unsigned depth)
{
    if (depth > ZC_DEPTH_MAX)
        return too_deep(e);
    *at++ = '{';
    const zc_field *end = plan->fields + plan->field_count;
    for (const zc_field *field = plan->fields; field < end; field++) {
        at = room(e, at, field->json_name.size + ZC_NAME_PADDING + SMALL);
        if (at == NULL)
            return NULL;
        e->plan = plan;
        e->field = field;
        at = put_name(at, field);
        if (field->shape == ZCACHE_SHAPE_ONE)
            at = put_value(e, at, field, value + field->offset, depth + 1);
        else
            at = put_array(e, at, field, value, depth + 1);
        if (at == NULL)
            return NULL;
        *at++ = ',';
    }
    at[-1] = '}';
    return at;
}

static unsigned char *put_pointer(encoder *e, unsigned char *at, const zc_field *field,
                                  const char *from, unsigned depth)
{
    const char *value = ZC_LOAD(const char *, from);
    return value != NULL ? put_struct(e, at, field->plan, value, depth) : put_null(e, at, field);
}

/* One value: a field's, or an element's of its array. `depth` is the level that it would be as a
 * struct. */
static inline __attribute__((always_inline)) unsigned char *
put_value(encoder *e, unsigned char *at, const zc_field *field, const char *from, unsigned depth)
{
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        return put_bool(at, from);
    case ZCACHE_TYPE_I8:
    case ZCACHE_TYPE_I16:
    case ZCACHE_TYPE_I32:
    case ZCACHE_TYPE_I64:
    case ZCACHE_TYPE_U8:
    case ZCACHE_TYPE_U16:
    case ZCACHE_TYPE_U32:
        return put_integer(at, field, from);
    case ZCACHE_TYPE_U64:
        return at + zc_uint64_write(ZC_LOAD(uint64_t, from), (char *)at);
    case ZCACHE_TYPE_FLOAT:
    case ZCACHE_TYPE_DOUBLE:
        return put_real(e, at, field, from);
    case ZCACHE_TYPE_ENUM:
        return put_enum(e, at, field, from);
    case ZCACHE_TYPE_STRING:
        return put_string(e, at, field, from);
    case ZCACHE_TYPE_CHARS:
        return put_chars(e, at, field, from);
    case ZCACHE_TYPE_BYTES:
        return put_bytes(e, at, field, from);
    case ZCACHE_TYPE_NESTED:
        return put_struct(e, at, field->plan, from, depth);
    case ZCACHE_TYPE_POINTER:
        return put_pointer(e, at, field, from, depth);
    case ZCACHE_TYPES:
        break;
    }
    return fail(e, "of no known type");
}

zcache_status zc_json_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                             zcache_buffer *buffer)
{
    (void)codec;
    size_t size = buffer->size;
    encoder e = {.buffer = buffer, .plan = plan, .field = plan->fields};
    unsigned char *at = zcache_buffer_room(buffer, SMALL);
    if (at == NULL)
        return ZCACHE_E_NOMEM;
    e.end = buffer->data + buffer->capacity;
    if (!plan->bare)
        at = put_struct(&e, at, plan, value, 1);
    else if (plan->fields->shape == ZCACHE_SHAPE_ONE)
        at = put_value(&e, at, plan->fields, (const char *)value + plan->fields->offset, 1);
    else
        at = put_array(&e, at, plan->fields, value, 1);
    buffer->size = at != NULL ? (size_t)(at - buffer->data) : size;
    return at != NULL ? ZCACHE_OK : e.status;
}
