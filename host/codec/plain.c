/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The codecs bytes and string: what is stored is the value as it is. There is no null: a
 * zcache_bytes that is NULL is stored as no bytes, a string that is NULL not at all.
 */
#include "base/error.h"
#include "codec/field.h"

zcache_status zc_bytes_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                              zcache_buffer *buffer)
{
    (void)codec;
    const zc_field *field = plan->fields;
    const char *from = (const char *)value + field->offset;
    const void *bytes = ZC_LOAD(const void *, from);
    size_t size = ZC_LOAD(size_t, from + field->bytes_offset);
    if (bytes == NULL && size > 0)
        return zc_field_refuse_encode(plan, field, "it is NULL, and its size %zu", size);
    return zcache_buffer_append(buffer, bytes, size) ? ZCACHE_OK : ZCACHE_E_NOMEM;
}

zcache_status zc_bytes_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                              void *value, zcache_block *block)
{
    (void)codec;
    const zc_field *field = plan->fields;
    memcpy(value, plan->initial, plan->size);
    bool done =
        zc_field_set_bytes(field, (char *)value + field->offset, bytes.data, bytes.size, block);
    return done ? ZCACHE_OK : ZCACHE_E_NOMEM;
}

zcache_status zc_string_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                               zcache_buffer *buffer)
{
    (void)codec;
    const zc_field *field = plan->fields;
    const char *text = ZC_LOAD(const char *, (const char *)value + field->offset);
    if (text == NULL)
        return zc_field_refuse_encode(plan, field, "it is NULL");
    size_t size = strlen(text);
    const char *fault = zc_text_fault(text, size);
    if (fault != NULL)
        return zc_field_refuse_encode(plan, field, "%s", fault);
    return zcache_buffer_append(buffer, text, size) ? ZCACHE_OK : ZCACHE_E_NOMEM;
}

zcache_status zc_string_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                               void *value, zcache_block *block)
{
    (void)codec;
    const zc_field *field = plan->fields;
    zcache_status status = ZCACHE_OK;
    memcpy(value, plan->initial, plan->size);
    const char *fault = zc_field_set_text(field, (char *)value + field->offset, bytes.data,
                                          bytes.size, block, &status);
    if (fault != NULL)
        return zc_field_refuse_decode(plan, field, 0, "%s", fault);
    return status;
}
