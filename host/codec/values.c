/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs by values: they are given the whole struct, and do the rest.
 */
#include "base/error.h"
#include "codec/codec.h"
#include "codec/custom.h"

zcache_status zc_values_encode(const zcache_codec *codec, const zc_plan *plan, const void *value,
                               zcache_buffer *buffer)
{
    zcache_status status = zc_custom_begin();
    if (status != ZCACHE_OK)
        return status;
    const size_t before = buffer->size;
    buffer->error = zc_error;
    status = zc_custom_end(codec->encode(codec, plan->type, value, buffer), ZCACHE_E_INVALID);
    if (status != ZCACHE_OK)
        buffer->size = before;
    return status;
}

zcache_status zc_values_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                               void *value, zcache_block *block)
{
    zcache_status status = zc_custom_begin();
    if (status != ZCACHE_OK)
        return status;
    const unsigned char *begin = bytes.data;
    zcache_reader reader = {
        .at = begin, .end = begin + bytes.size, .begin = begin, .error = zc_error};
    block->error = zc_error;
    memset(value, 0, plan->size);
    return zc_custom_end(codec->decode(codec, plan->type, &reader, value, block), ZCACHE_E_TYPE);
}
