/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values as tokens, one after the other, for a codec that knows how to write each.
 */
#include "base/error.h"
#include "codec/custom.h"
#include "codec/field.h"

typedef struct encoder {
    const zcache_codec *codec;
    zcache_buffer *buffer;
    unsigned depth;
} encoder;

/* Of `field` of `plan`; NULL: of the value as a whole. */
static zcache_status put(encoder *self, const zc_plan *plan, const zc_field *field,
                         const zcache_token *token)
{
    zcache_status status =
        zc_custom_end(self->codec->put(self->codec, self->buffer, token), ZCACHE_E_INVALID);
    if (status == ZCACHE_E_INVALID && field != NULL)
        zc_field_prefix(plan, field);
    return status;
}

#define PUT(...)    put(self, plan, field, &(zcache_token){__VA_ARGS__})
#define REFUSE(...) zc_field_refuse_encode(plan, field, __VA_ARGS__)

/* ---- single values --------------------------------------------------------------------------- */

static zcache_status put_null(encoder *self, const zc_plan *plan, const zc_field *field)
{
    if (field->required && field->shape == ZCACHE_SHAPE_ONE)
        return REFUSE("it is required, and NULL");
    return PUT(.kind = ZCACHE_TOKEN_NULL);
}

static zcache_status put_text(encoder *self, const zc_plan *plan, const zc_field *field,
                              const char *text, size_t size)
{
    const char *fault = zc_text_fault(text, size);
    if (fault != NULL)
        return REFUSE("%s", fault);
    return PUT(.kind = ZCACHE_TOKEN_TEXT, .slice = {text, size});
}

static zcache_status put_bytes(encoder *self, const zc_plan *plan, const zc_field *field,
                               const void *from)
{
    const void *bytes = ZC_LOAD(const void *, from);
    size_t size = ZC_LOAD(size_t, (const char *)from + field->bytes_offset);
    if (bytes == NULL && size > 0)
        return REFUSE("it is NULL, and its size %zu", size);
    if (bytes == NULL)
        return put_null(self, plan, field);
    return PUT(.kind = ZCACHE_TOKEN_BYTES, .slice = {bytes, size});
}

static zcache_status put_chars(encoder *self, const zc_plan *plan, const zc_field *field,
                               const void *from)
{
    size_t size = zc_chars_size(field, from);
    if (size == SIZE_MAX)
        return REFUSE("it has no NUL at its end");
    return put_text(self, plan, field, from, size);
}

static zcache_status put_enum(encoder *self, const zc_plan *plan, const zc_field *field,
                              const void *from)
{
    const zcache_slice *name = zc_enum_name(field, from);
    if (name == NULL)
        return REFUSE("it has a value without a name in %s", field->enumeration->name);
    return put_text(self, plan, field, name->data, name->size);
}

static zcache_status put_integer(encoder *self, const zc_plan *plan, const zc_field *field,
                                 const void *from)
{
    int64_t value = zc_field_integer(field, from);
    if (field->type == ZCACHE_TYPE_U64 && value < 0)
        return PUT(.kind = ZCACHE_TOKEN_UNSIGNED, .natural = (uint64_t)value);
    return PUT(.kind = ZCACHE_TOKEN_INTEGER, .integer = value);
}

/* ---- structs and arrays ---------------------------------------------------------------------- */

static zcache_status put_struct(encoder *self, const zc_plan *plan, const void *value);

/* A struct in a struct, which `field` of `plan` leads to. */
static zcache_status put_inner(encoder *self, const zc_plan *plan, const zc_field *field,
                               const void *from)
{
    if (field->type == ZCACHE_TYPE_POINTER)
        from = ZC_LOAD(const void *, from);
    if (from == NULL)
        return put_null(self, plan, field);
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels (is it a cycle?)", ZC_DEPTH_MAX);
    self->depth++;
    zcache_status status = put_struct(self, field->plan, from);
    self->depth--;
    return status;
}

static zcache_status put_one(encoder *self, const zc_plan *plan, const zc_field *field,
                             const void *from)
{
    const char *text;
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        return PUT(.kind = ZCACHE_TOKEN_BOOL, .boolean = ZC_LOAD(unsigned char, from) != 0);
    case ZCACHE_TYPE_I8:
    case ZCACHE_TYPE_I16:
    case ZCACHE_TYPE_I32:
    case ZCACHE_TYPE_I64:
    case ZCACHE_TYPE_U8:
    case ZCACHE_TYPE_U16:
    case ZCACHE_TYPE_U32:
    case ZCACHE_TYPE_U64:
        return put_integer(self, plan, field, from);
    case ZCACHE_TYPE_FLOAT:
        return PUT(.kind = ZCACHE_TOKEN_FLOAT, .real = (double)ZC_LOAD(float, from));
    case ZCACHE_TYPE_DOUBLE:
        return PUT(.kind = ZCACHE_TOKEN_DOUBLE, .real = ZC_LOAD(double, from));
    case ZCACHE_TYPE_ENUM:
        return put_enum(self, plan, field, from);
    case ZCACHE_TYPE_STRING:
        text = ZC_LOAD(const char *, from);
        if (text == NULL)
            return put_null(self, plan, field);
        return put_text(self, plan, field, text, strlen(text));
    case ZCACHE_TYPE_CHARS:
        return put_chars(self, plan, field, from);
    case ZCACHE_TYPE_BYTES:
        return put_bytes(self, plan, field, from);
    case ZCACHE_TYPE_NESTED:
    case ZCACHE_TYPE_POINTER:
        return put_inner(self, plan, field, from);
    default:
        return zc_error(ZCACHE_E_INTERNAL, "a field of unknown type");
    }
}

static zcache_status put_array(encoder *self, const zc_plan *plan, const zc_field *field,
                               const char *value)
{
    const char *element = value + field->offset;
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        element = ZC_LOAD(const char *, element);
        count = ZC_LOAD(size_t, value + field->count);
        if (element == NULL && count > 0)
            return REFUSE("it is NULL, and its count %zu", count);
    }
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels", ZC_DEPTH_MAX);
    self->depth++;
    zcache_status status = PUT(.kind = ZCACHE_TOKEN_ARRAY, .count = count);
    for (size_t i = 0; i < count && status == ZCACHE_OK; i++, element += field->size)
        status = put_one(self, plan, field, element);
    self->depth--;
    return status;
}

static zcache_status put_field(encoder *self, const zc_plan *plan, const zc_field *field,
                               const void *value)
{
    if (field->shape != ZCACHE_SHAPE_ONE)
        return put_array(self, plan, field, value);
    return put_one(self, plan, field, (const char *)value + field->offset);
}

static zcache_status put_struct(encoder *self, const zc_plan *plan, const void *value)
{
    const zcache_token map = {.kind = ZCACHE_TOKEN_MAP, .count = plan->field_count};
    zcache_status status = put(self, plan, NULL, &map);
    for (size_t i = 0; i < plan->field_count && status == ZCACHE_OK; i++) {
        const zc_field *field = &plan->fields[i];
        status = PUT(.kind = ZCACHE_TOKEN_TEXT, .slice = field->name);
        if (status == ZCACHE_OK)
            status = put_field(self, plan, field, value);
    }
    return status;
}

zcache_status zc_tokens_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                               zcache_buffer *buffer)
{
    zcache_status status = zc_custom_begin();
    if (status != ZCACHE_OK)
        return status;
    buffer->error = zc_error;
    const size_t before = buffer->size;
    encoder self = {codec, buffer, plan->bare ? 0 : 1};
    status =
        plan->bare ? put_field(&self, plan, plan->fields, value) : put_struct(&self, plan, value);
    if (status != ZCACHE_OK)
        buffer->size = before;
    return status;
}
