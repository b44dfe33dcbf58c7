/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reading JSON (RFC 8259) straight into a struct, by the plan of its type.
 *
 * Whoever wrote the text most likely wrote the fields in our order and without white space: so each
 * name is first compared, quotes and colon included, with that of the field that comes next, and
 * only if it is another one, it is read and looked up.
 */
#include "base/decimal.h"
#include "base/error.h"
#include "codec/base64.h"
#include "codec/codec.h"
#include "codec/field.h"
#include "codec/json-number.h"
#include "codec/json-scan.h"

typedef zc_json_reader reader;

static const unsigned char *read_value(reader *r, const unsigned char *at, const zc_field *field,
                                       char *to, unsigned depth);

/* ---- failures -------------------------------------------------------------------------------- */

static const unsigned char *full(reader *r)
{
    r->status = ZCACHE_E_NOMEM;
    return NULL;
}

__attribute__((cold)) static const unsigned char *wrong_type(reader *r, const unsigned char *at)
{
    r->status =
        zc_field_refuse_type(r->plan, r->field, (size_t)(at - r->begin), zc_json_kind(r, at));
    return NULL;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static inline const unsigned char *read_number(reader *r, const unsigned char *at,
                                               const zc_field *field, void *to)
{
    const char *next = (const char *)at;
    zc_number number;
    if (!zc_number_read(&next, (const char *)r->end, &number)) {
        unsigned char first = *at;
        if (first != '-' && (first < '0' || first > '9'))
            return wrong_type(r, at);
        return zc_json_fail(r, (const unsigned char *)next, "no number of JSON");
    }
    bool fits = number.kind == ZC_NUMBER_INTEGER ? zc_field_set_integer(field, to, number.integer)
                                                 : zc_json_store_number(field, to, &number);
    if (!fits)
        return zc_json_refuse_number(r, at, (const unsigned char *)next);
    return (const unsigned char *)next;
}

static inline const unsigned char *read_bool(reader *r, const unsigned char *at, void *to)
{
    bool is_true = memcmp(at, "true", 4) == 0;
    if (!is_true && memcmp(at, "false", 5) != 0)
        return wrong_type(r, at);
    ZC_STORE(bool, to, is_true);
    return at + (is_true ? 4 : 5);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static inline const unsigned char *scan_text(reader *r, const unsigned char *at,
                                             zc_json_string *string)
{
    if (*at != '"')
        return wrong_type(r, at);
    const unsigned char *next = zc_json_scan_string(r, at + 1, string);
    if (next != NULL && string->has_nul)
        return zc_json_fail(r, at, "the text has a NUL inside");
    return next;
}

/* Copies a text. A short one, where `room` allows it, in whole pieces of 16 bytes, which write over
 * more than the text. */
static inline void copy_text(char *to, size_t room, const zc_json_string *string)
{
    size_t whole = (string->size + 15) & ~(size_t)15;
    if (string->is_escaped)
        zc_json_unescape(string, to);
    else if (whole > ZC_FENCE || room < whole)
        memcpy(to, string->raw, string->size);
    else
        for (size_t done = 0; done < whole; done += 16)
            memcpy(to + done, string->raw + done, 16);
}

static inline const unsigned char *read_string(reader *r, const unsigned char *at, char *to)
{
    zc_json_string string;
    const unsigned char *next = scan_text(r, at, &string);
    if (next == NULL)
        return NULL;
    char *text = zcache_block_alloc(r->block, string.size + 1, 1);
    if (text == NULL)
        return full(r);
    size_t room = r->block->capacity - (size_t)((unsigned char *)text - r->block->base);
    copy_text(text, room, &string);
    text[string.size] = '\0';
    ZC_STORE(char *, to, text);
    return next;
}

static const unsigned char *read_chars(reader *r, const unsigned char *at, const zc_field *field,
                                       char *to)
{
    zc_json_string string;
    const unsigned char *next = scan_text(r, at, &string);
    if (next == NULL)
        return NULL;
    if (string.size >= field->size)
        return zc_json_fail(r, at, "the text is too long: %zu bytes, at most %zu", string.size,
                            field->size - 1);
    copy_text(to, field->size, &string);
    memset(to + string.size, 0, field->size - string.size);
    return next;
}

static const unsigned char *read_enum(reader *r, const unsigned char *at, const zc_field *field,
                                      char *to)
{
    zc_json_string string;
    const unsigned char *next = scan_text(r, at, &string);
    if (next == NULL)
        return NULL;
    char text[ZC_FIELD_NAME_MAX];
    const char *name = (const char *)string.raw;
    if (string.is_escaped && string.size <= sizeof(text)) {
        zc_json_unescape(&string, text);
        name = text;
    }
    if (!zc_enum_set(field, to, name, string.size)) {
        r->status =
            zc_field_refuse_name(r->plan, field, (size_t)(at - r->begin), name, string.size);
        return NULL;
    }
    return next;
}

static const unsigned char *read_bytes(reader *r, const unsigned char *at, const zc_field *field,
                                       char *to)
{
    zc_json_string string;
    const unsigned char *next = scan_text(r, at, &string);
    if (next == NULL)
        return NULL;
    size_t size = string.is_escaped ? string.size : zc_base64_bytes_max(string.size);
    char *bytes = zc_field_alloc_text(to, size, r->block);
    if (bytes == NULL)
        return full(r);
    const char *text = (const char *)string.raw;
    if (string.is_escaped) {
        zc_json_unescape(&string, bytes);
        text = bytes;
    }
    if (!zc_base64_decode(text, string.size, bytes, &size))
        return zc_json_fail(r, at, "the text is no base64");
    bytes[size] = '\0';
    ZC_STORE(size_t, to + field->bytes_offset, size);
    return next;
}

/* ---- structs --------------------------------------------------------------------------------- */

/* Whether the name of `field` and its colon come next. */
static inline bool is_next(const reader *r, const unsigned char *at, const zc_field *field)
{
    const unsigned char *name = field->json_name.data;
    size_t size = field->json_name.size;
    if (size <= 16)
        return zc_json_same16(at, name, size);
    return zc_json_same16(at, name, 16) && (size_t)(r->end - at) >= size &&
           memcmp(at + 16, name + 16, size - 16) == 0;
}

/* Reads a name and its colon; `*field` is NULL if it is no field's. */
static const unsigned char *read_name(reader *r, const unsigned char *at, const zc_plan *plan,
                                      const zc_field *next, const zc_field **field)
{
    zc_json_string string;
    char text[ZC_FIELD_NAME_MAX];
    if (*at != '"')
        return zc_json_fail(r, at, "expected a name");
    at = zc_json_scan_string(r, at + 1, &string);
    if (at == NULL)
        return NULL;
    const char *name = (const char *)string.raw;
    *field = NULL;
    if (string.size <= sizeof(text)) {
        if (string.is_escaped) {
            zc_json_unescape(&string, text);
            name = text;
        }
        *field = zc_plan_find(plan, name, string.size, (size_t)(next - plan->fields));
    }
    at = zc_json_skip_space(at);
    if (*at != ':')
        return zc_json_fail(r, at, "expected ':'");
    return at + 1;
}

/* An array that grows: in place while it is the last piece of the block. */
typedef struct array {
    char *elements;
    size_t count, capacity; /* elements */
} array;

static bool is_last(const zcache_block *block, const array *a, size_t size)
{
    return a->capacity > 0 &&
           (unsigned char *)a->elements + a->capacity * size == block->base + block->used;
}

__attribute__((noinline)) static bool grow_array(reader *r, array *a, const zc_field *field)
{
    zcache_block *block = r->block;
    size_t capacity = a->capacity > 0 ? 2 * a->capacity : field->size < 64 ? 64 / field->size : 1;
    size_t more = (capacity - a->capacity) * field->size;
    if (is_last(block, a, field->size) && more <= block->capacity - block->used) {
        block->used = block->wanted = block->used + more;
    } else {
        char *elements = zc_field_alloc_array(field, capacity, block);
        if (elements == NULL)
            return false;
        if (a->count > 0)
            memcpy(elements, a->elements, a->count * field->size);
        a->elements = elements;
    }
    a->capacity = capacity;
    return true;
}

/* The slot of the next element; NULL: it failed. */
static inline char *next_element(reader *r, const unsigned char *at, const zc_field *field,
                                 array *a)
{
    if (a->count == a->capacity) {
        if (field->shape == ZCACHE_SHAPE_FIXED) {
            zc_json_fail(r, at, "more than %zu elements", field->count);
            return NULL;
        }
        if (!grow_array(r, a, field)) {
            full(r);
            return NULL;
        }
    }
    return a->elements + a->count++ * field->size;
}

/* The elements of an array; `at` is behind its bracket. */
static const unsigned char *read_elements(reader *r, const unsigned char *at, const zc_field *field,
                                          array *a, unsigned depth)
{
    const zc_plan *plan = r->plan;
    at = zc_json_skip_space(at);
    if (*at == ']')
        return at + 1;
    for (;;) {
        char *to = next_element(r, at, field, a);
        if (to == NULL)
            return NULL;
        if (*at == 'n' && zc_element_set_null(field, to))
            at = zc_json_read_null(r, at);
        else
            at = read_value(r, at, field, to, depth + 1);
        if (at == NULL)
            return NULL;
        r->plan = plan;
        r->field = field;
        at = zc_json_skip_space(at);
        unsigned char byte = *at;
        if (byte == ']')
            return at + 1;
        if (byte != ',')
            return zc_json_fail(r, at, "expected ',' or ']'");
        at = zc_json_skip_space(at + 1);
    }
}

static const unsigned char *read_array(reader *r, const unsigned char *at, const zc_field *field,
                                       char *value, unsigned depth)
{
    array a = {value + field->offset, 0, field->count};
    bool is_counted = field->shape == ZCACHE_SHAPE_COUNTED;
    if (is_counted)
        a = (array){NULL, 0, 0};
    if (*at != '[')
        return wrong_type(r, at);
    if (depth > ZC_DEPTH_MAX)
        return zc_json_fail(r, at, "nested deeper than %d levels", ZC_DEPTH_MAX);
    const unsigned char *next = read_elements(r, at + 1, field, &a, depth);
    if (next == NULL)
        return NULL;
    if (is_counted) {
        if (is_last(r->block, &a, field->size))
            r->block->used = r->block->wanted -= (a.capacity - a.count) * field->size;
        ZC_STORE(char *, value + field->offset, a.elements);
        ZC_STORE(size_t, value + field->count, a.count);
    } else if (a.count != field->count) {
        r->status = zc_field_refuse_count(r->plan, field, (size_t)(at - r->begin), a.count);
        return NULL;
    }
    return next;
}

/* One field of `value`. `*there` is false for a null that is as if it was missing. */
static inline const unsigned char *read_field(reader *r, const unsigned char *at,
                                              const zc_plan *plan, const zc_field *field,
                                              char *value, unsigned depth, bool *there)
{
    *there = true;
    if (*at == 'n') {
        *there = zc_field_set_null(plan, field, value);
        return zc_json_read_null(r, at);
    }
    if (field->shape == ZCACHE_SHAPE_ONE)
        return read_value(r, at, field, value + field->offset, depth);
    return read_array(r, at, field, value, depth);
}

/* After the last field: those that were missing. */
static const unsigned char *settle(reader *r, const unsigned char *at, const zc_plan *plan,
                                   const zc_seen *seen, char *value)
{
    r->status = zc_plan_settle(plan, seen->words, value, r->block);
    if (r->status == ZCACHE_OK)
        return at;
    if (r->status == ZCACHE_E_TYPE)
        zc_error_prefix("byte %zu: ", (size_t)(at - r->begin));
    return NULL;
}

/* The fields of a struct; `at` is behind its bracket. `seen` may be NULL. */
static inline const unsigned char *read_fields(reader *r, const unsigned char *at,
                                               const zc_plan *plan, char *value, unsigned depth,
                                               zc_seen *seen)
{
    const zc_field *next = plan->fields, *end = next + plan->field_count;
    for (;;) {
        const zc_field *field = next;
        r->plan = plan;
        r->field = NULL;
        if (next < end && is_next(r, at, next))
            at += next->json_name.size;
        else
            at = read_name(r, at, plan, next, &field);
        if (at == NULL)
            return NULL;
        at = zc_json_skip_space(at);
        if (field != NULL) {
            bool there;
            r->field = field;
            at = read_field(r, at, plan, field, value, depth + 1, &there);
            if (seen != NULL)
                zc_seen_put(seen, (size_t)(field - plan->fields), there);
            next = field + 1;
        } else {
            at = zc_json_skip_value(r, at, depth + 1);
        }
        if (at == NULL)
            return NULL;
        at = zc_json_skip_space(at);
        unsigned char byte = *at;
        if (byte == '}')
            return at + 1;
        if (byte != ',') {
            r->plan = plan;
            r->field = field;
            return zc_json_fail(r, at, "expected ',' or '}'");
        }
        at = zc_json_skip_space(at + 1);
    }
}

static const unsigned char *read_struct(reader *r, const unsigned char *at, const zc_plan *plan,
                                        char *value, unsigned depth)
{
    if (*at != '{')
        return wrong_type(r, at);
    if (depth > ZC_DEPTH_MAX)
        return zc_json_fail(r, at, "nested deeper than %d levels", ZC_DEPTH_MAX);
    memcpy(value, plan->initial, plan->size);
    zc_seen seen;
    bool needs_seen = zc_plan_needs_seen(plan);
    if (needs_seen)
        zc_seen_clear(plan, &seen);
    at = zc_json_skip_space(at + 1);
    if (*at == '}')
        at++;
    else
        at = read_fields(r, at, plan, value, depth, needs_seen ? &seen : NULL);
    return at != NULL && needs_seen ? settle(r, at, plan, &seen, value) : at;
}

static const unsigned char *read_pointer(reader *r, const unsigned char *at, const zc_field *field,
                                         char *to, unsigned depth)
{
    if (*at != '{')
        return wrong_type(r, at);
    char *value = zcache_block_alloc(r->block, field->plan->size, field->plan->alignment);
    if (value == NULL)
        return full(r);
    ZC_STORE(char *, to, value);
    return read_struct(r, at, field->plan, value, depth);
}

/* One value that is no null: a field's, or an element's of its array. `depth` is the level that it
 * is if it is a struct. */
static inline __attribute__((always_inline)) const unsigned char *
read_value(reader *r, const unsigned char *at, const zc_field *field, char *to, unsigned depth)
{
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        return read_bool(r, at, to);
    case ZCACHE_TYPE_ENUM:
        return read_enum(r, at, field, to);
    case ZCACHE_TYPE_STRING:
        return read_string(r, at, to);
    case ZCACHE_TYPE_CHARS:
        return read_chars(r, at, field, to);
    case ZCACHE_TYPE_BYTES:
        return read_bytes(r, at, field, to);
    case ZCACHE_TYPE_NESTED:
        return read_struct(r, at, field->plan, to, depth);
    case ZCACHE_TYPE_POINTER:
        return read_pointer(r, at, field, to, depth);
    default:
        return read_number(r, at, field, to);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A value that is its one field. */
static const unsigned char *read_bare(reader *r, const unsigned char *at, char *value)
{
    const zc_plan *plan = r->plan;
    zc_seen seen = {{0}};
    bool there;
    memcpy(value, plan->initial, plan->size);
    r->field = plan->fields;
    at = read_field(r, at, plan, plan->fields, value, 1, &there);
    zc_seen_put(&seen, 0, there);
    return at != NULL ? settle(r, at, plan, &seen, value) : NULL;
}

zcache_status zc_json_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                             void *value, zcache_block *block)
{
    (void)codec;
    const unsigned char *at = bytes.data;
    reader r = {.begin = at, .end = at + bytes.size, .block = block, .plan = plan};
    at = zc_json_skip_space(at);
    if (plan->bare) {
        at = read_bare(&r, at, value);
    } else if (*at == '{') {
        at = read_struct(&r, at, plan, value, 1);
    } else {
        zc_json_fail(&r, at, "%s, expected a map", zc_json_kind(&r, at));
        return r.status;
    }
    if (at == NULL)
        return r.status;
    at = zc_json_skip_space(at);
    if (at < r.end) {
        r.plan = plan;
        r.field = NULL;
        zc_json_fail(&r, at, "bytes after the value");
        return r.status;
    }
    return ZCACHE_OK;
}
