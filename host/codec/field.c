/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is wrong with a field, in the same words for every codec.
 */
#include "codec/field.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "codec/utf8.h"

const char *zc_text_fault(const void *text, size_t size)
{
    if (zc_utf8_is_text(text, size))
        return NULL;
    return memchr(text, '\0', size) != NULL ? "the text has a NUL inside" : "the text is not UTF-8";
}

void zc_field_prefix(const zc_plan *plan, const zc_field *field)
{
    if (plan->bare)
        zc_error_prefix("%s: ", plan->name);
    else
        zc_error_prefix("%s.%.*s: ", plan->name, (int)field->name.size,
                        (const char *)field->name.data);
}

zcache_status zc_field_refuse_encode(const zc_plan *plan, const zc_field *field, const char *format,
                                     ...)
{
    va_list arguments;
    va_start(arguments, format);
    zc_error_va(ZCACHE_E_INVALID, format, arguments);
    va_end(arguments);
    zc_field_prefix(plan, field);
    return ZCACHE_E_INVALID;
}

zcache_status zc_field_refuse_decode(const zc_plan *plan, const zc_field *field, size_t byte,
                                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    zc_error_va(ZCACHE_E_TYPE, format, arguments);
    va_end(arguments);
    zc_field_prefix(plan, field);
    zc_error_prefix("byte %zu: ", byte);
    return ZCACHE_E_TYPE;
}

/* What a field holds, for people. */
static const char *holds(const zc_field *field)
{
    static const char *const names[ZCACHE_TYPES] = {
        [ZCACHE_TYPE_BOOL] = "true or false",
        [ZCACHE_TYPE_I8] = "a number (int8)",
        [ZCACHE_TYPE_I16] = "a number (int16)",
        [ZCACHE_TYPE_I32] = "a number (int32)",
        [ZCACHE_TYPE_I64] = "a number (int64)",
        [ZCACHE_TYPE_U8] = "a number (uint8)",
        [ZCACHE_TYPE_U16] = "a number (uint16)",
        [ZCACHE_TYPE_U32] = "a number (uint32)",
        [ZCACHE_TYPE_U64] = "a number (uint64)",
        [ZCACHE_TYPE_FLOAT] = "a number (float)",
        [ZCACHE_TYPE_DOUBLE] = "a number (double)",
        [ZCACHE_TYPE_ENUM] = "a name",
        [ZCACHE_TYPE_STRING] = "a text",
        [ZCACHE_TYPE_CHARS] = "a text",
        [ZCACHE_TYPE_BYTES] = "bytes",
        [ZCACHE_TYPE_NESTED] = "a map",
        [ZCACHE_TYPE_POINTER] = "a map",
    };
    return names[field->type];
}

const char *zc_field_number_name(const zc_field *field)
{
    static const char *const names[ZCACHE_TYPES] = {
        [ZCACHE_TYPE_I8] = "int8",     [ZCACHE_TYPE_I16] = "int16",
        [ZCACHE_TYPE_I32] = "int32",   [ZCACHE_TYPE_I64] = "int64",
        [ZCACHE_TYPE_U8] = "uint8",    [ZCACHE_TYPE_U16] = "uint16",
        [ZCACHE_TYPE_U32] = "uint32",  [ZCACHE_TYPE_U64] = "uint64",
        [ZCACHE_TYPE_FLOAT] = "float", [ZCACHE_TYPE_DOUBLE] = "double",
    };
    return names[field->type] != NULL ? names[field->type] : "no number";
}

zcache_status zc_field_refuse_type(const zc_plan *plan, const zc_field *field, size_t byte,
                                   const char *found)
{
    bool is_array = field->shape != ZCACHE_SHAPE_ONE;
    return zc_field_refuse_decode(plan, field, byte, "%s, expected %s%s", found,
                                  is_array ? "an array, each element of it " : "", holds(field));
}

zcache_status zc_field_refuse_integer(const zc_plan *plan, const zc_field *field, size_t byte,
                                      int64_t value)
{
    if (!zc_field_is_number(field))
        return zc_field_refuse_type(plan, field, byte, "a number");
    return zc_field_refuse_decode(plan, field, byte, "%" PRId64 " is out of range (%s)", value,
                                  zc_field_number_name(field));
}

zcache_status zc_field_refuse_natural(const zc_plan *plan, const zc_field *field, size_t byte,
                                      uint64_t value)
{
    if (!zc_field_is_number(field))
        return zc_field_refuse_type(plan, field, byte, "a number");
    return zc_field_refuse_decode(plan, field, byte, "%" PRIu64 " is out of range (%s)", value,
                                  zc_field_number_name(field));
}

zcache_status zc_field_refuse_real(const zc_plan *plan, const zc_field *field, size_t byte,
                                   double value)
{
    if (!zc_field_is_number(field))
        return zc_field_refuse_type(plan, field, byte, "a number");
    bool is_real = field->type == ZCACHE_TYPE_FLOAT || field->type == ZCACHE_TYPE_DOUBLE;
    bool is_large = value > (double)ZC_REAL_INTEGER_MAX || value < (double)-ZC_REAL_INTEGER_MAX;
    bool is_integral = !is_large && !isnan(value) && value == (double)(int64_t)value;
    if (is_real || is_large || is_integral)
        return zc_field_refuse_decode(plan, field, byte, "%.17g is out of range (%s)", value,
                                      zc_field_number_name(field));
    return zc_field_refuse_decode(plan, field, byte, "%.17g is no integer (%s)", value,
                                  zc_field_number_name(field));
}

zcache_status zc_field_refuse_name(const zc_plan *plan, const zc_field *field, size_t byte,
                                   const char *name, size_t size)
{
    return zc_field_refuse_decode(plan, field, byte, "\"%.*s%s\" is no %s",
                                  (int)(size < 40 ? size : 40), name, size > 40 ? "..." : "",
                                  field->enumeration->name);
}

zcache_status zc_field_refuse_count(const zc_plan *plan, const zc_field *field, size_t byte,
                                    size_t count)
{
    return zc_field_refuse_decode(plan, field, byte, "%zu elements, expected %zu", count,
                                  field->count);
}
