/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The codec cbor: CBOR (RFC 8949) by tokens, on libcbor. Its encoders write into the buffer, and
 * its streaming decoder, which allocates nothing, calls one of the functions below for each token.
 *
 * Integers take their shortest form; float and double stay what they are. Read are also half
 * floats, undefined (as null), maps and arrays of unknown length; tags are passed over, since what
 * they add to a value has no place in a struct. Texts and bytes in pieces are refused: a token is
 * one piece of the bytes that are read.
 */
#include <cbor.h>
#include <zcache/plugin.h>

/* ---- writing --------------------------------------------------------------------------------- */

/* The longest header or number. */
#define HEADER_MAX 9

static size_t encode_header(const zcache_token *token, unsigned char *to)
{
    switch (token->kind) {
    case ZCACHE_TOKEN_NULL:
        return cbor_encode_null(to, HEADER_MAX);
    case ZCACHE_TOKEN_BOOL:
        return cbor_encode_bool(token->boolean, to, HEADER_MAX);
    case ZCACHE_TOKEN_INTEGER: /* CBOR has -1 - n for a negative number */
        return token->integer >= 0 ? cbor_encode_uint((uint64_t)token->integer, to, HEADER_MAX)
                                   : cbor_encode_negint(~(uint64_t)token->integer, to, HEADER_MAX);
    case ZCACHE_TOKEN_UNSIGNED:
        return cbor_encode_uint(token->natural, to, HEADER_MAX);
    case ZCACHE_TOKEN_FLOAT:
        return cbor_encode_single((float)token->real, to, HEADER_MAX);
    case ZCACHE_TOKEN_DOUBLE:
        return cbor_encode_double(token->real, to, HEADER_MAX);
    case ZCACHE_TOKEN_TEXT:
        return cbor_encode_string_start(token->slice.size, to, HEADER_MAX);
    case ZCACHE_TOKEN_BYTES:
        return cbor_encode_bytestring_start(token->slice.size, to, HEADER_MAX);
    case ZCACHE_TOKEN_ARRAY:
        return cbor_encode_array_start(token->count, to, HEADER_MAX);
    case ZCACHE_TOKEN_MAP:
        return cbor_encode_map_start(token->count, to, HEADER_MAX);
    default:
        return 0;
    }
}

static zcache_status cbor_put(const zcache_codec *codec, zcache_buffer *buffer,
                              const zcache_token *token)
{
    (void)codec;
    bool has_slice = token->kind == ZCACHE_TOKEN_TEXT || token->kind == ZCACHE_TOKEN_BYTES;
    size_t body = has_slice ? token->slice.size : 0;
    unsigned char *to = zcache_buffer_room(buffer, HEADER_MAX + body);
    if (to == NULL)
        return ZCACHE_E_NOMEM;
    size_t header = encode_header(token, to);
    if (header == 0)
        return buffer->error(ZCACHE_E_INVALID, "a token of kind %d", (int)token->kind);
    if (body > 0)
        memcpy(to + header, token->slice.data, body);
    buffer->size += header + body;
    return ZCACHE_OK;
}

/* ---- reading: what libcbor calls, each time it has read one item ----------------------------- */

typedef struct item {
    zcache_token *token;
    bool is_tag;       /* it says something of the next one, and is no token */
    bool is_in_pieces; /* a text or bytes whose pieces follow */
} item;

static void on_natural(void *context, uint64_t value)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = value <= INT64_MAX ? ZCACHE_TOKEN_INTEGER : ZCACHE_TOKEN_UNSIGNED;
    token->integer = (int64_t)value;
    token->natural = value;
}

static void on_uint8(void *context, uint8_t value)
{
    on_natural(context, value);
}

static void on_uint16(void *context, uint16_t value)
{
    on_natural(context, value);
}

static void on_uint32(void *context, uint32_t value)
{
    on_natural(context, value);
}

static void on_double(void *context, double value)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = ZCACHE_TOKEN_DOUBLE;
    token->real = value;
}

static void on_float(void *context, float value)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = ZCACHE_TOKEN_FLOAT;
    token->real = (double)value;
}

/* The number -1 - value. Below INT64_MIN no integer field can hold it, and real ones hold it
 * rounded: so it is a real number. */
static void on_negative(void *context, uint64_t value)
{
    zcache_token *token = ((item *)context)->token;
    if (value > INT64_MAX) {
        on_double(context, -1.0 - (double)value);
        return;
    }
    token->kind = ZCACHE_TOKEN_INTEGER;
    token->integer = -1 - (int64_t)value;
}

static void on_negative8(void *context, uint8_t value)
{
    on_negative(context, value);
}

static void on_negative16(void *context, uint16_t value)
{
    on_negative(context, value);
}

static void on_negative32(void *context, uint32_t value)
{
    on_negative(context, value);
}

static void on_bytes(void *context, cbor_data data, size_t size)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = ZCACHE_TOKEN_BYTES;
    token->slice = zcache_bytes_of(data, size);
}

static void on_text(void *context, cbor_data data, size_t size)
{
    on_bytes(context, data, size);
    ((item *)context)->token->kind = ZCACHE_TOKEN_TEXT;
}

static void on_pieces(void *context)
{
    ((item *)context)->is_in_pieces = true;
}

static void on_array(void *context, size_t count)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = ZCACHE_TOKEN_ARRAY;
    /* no value has so many, and it would be taken for an unknown count */
    token->count = count != ZCACHE_COUNT_UNKNOWN ? count : ZCACHE_COUNT_UNKNOWN - 1;
}

static void on_map(void *context, size_t count)
{
    on_array(context, count);
    ((item *)context)->token->kind = ZCACHE_TOKEN_MAP;
}

static void on_open_array(void *context)
{
    on_array(context, 0);
    ((item *)context)->token->count = ZCACHE_COUNT_UNKNOWN;
}

static void on_open_map(void *context)
{
    on_map(context, 0);
    ((item *)context)->token->count = ZCACHE_COUNT_UNKNOWN;
}

static void on_tag(void *context, uint64_t value)
{
    (void)value;
    ((item *)context)->is_tag = true;
}

static void on_null(void *context)
{
    ((item *)context)->token->kind = ZCACHE_TOKEN_NULL;
}

static void on_bool(void *context, bool value)
{
    zcache_token *token = ((item *)context)->token;
    token->kind = ZCACHE_TOKEN_BOOL;
    token->boolean = value;
}

static void on_end(void *context)
{
    ((item *)context)->token->kind = ZCACHE_TOKEN_END;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_natural,
    .negint8 = on_negative8,
    .negint16 = on_negative16,
    .negint32 = on_negative32,
    .negint64 = on_negative,
    .byte_string_start = on_pieces,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_pieces,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_end,
};

static zcache_status cbor_next(const zcache_codec *codec, zcache_reader *reader,
                               zcache_token *token)
{
    (void)codec;
    item read;
    bool is_tagged = false;
    for (;;) {
        size_t byte = (size_t)(reader->at - reader->begin);
        read = (item){.token = token};
        struct cbor_decoder_result result =
            cbor_stream_decode(reader->at, (size_t)(reader->end - reader->at), &callbacks, &read);
        if (result.status == CBOR_DECODER_NEDATA)
            return reader->error(ZCACHE_E_TYPE, "byte %zu: the value ends too early", byte);
        if (result.status != CBOR_DECODER_FINISHED)
            return reader->error(ZCACHE_E_TYPE, "byte %zu: 0x%02x begins nothing of CBOR", byte,
                                 *reader->at);
        if (read.is_in_pieces)
            return reader->error(ZCACHE_E_TYPE,
                                 "byte %zu: a text or bytes in pieces (of unknown length), which "
                                 "this codec does not read",
                                 byte);
        if (is_tagged && !read.is_tag && token->kind == ZCACHE_TOKEN_END)
            return reader->error(ZCACHE_E_TYPE, "byte %zu: a tag of nothing", byte);
        reader->at += result.read;
        if (!read.is_tag)
            return ZCACHE_OK;
        is_tagged = true;
    }
}

/* ---- the plugin ------------------------------------------------------------------------------ */

static const zcache_codec cbor_codec = {
    .size = sizeof(zcache_codec),
    .put = cbor_put,
    .next = cbor_next,
};

ZCACHE_PLUGIN(cbor) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_CODEC,
    .name = "cbor",
    .version = ZCACHE_VERSION,
    .summary = "stores structs as CBOR (RFC 8949)",
    .codec = &cbor_codec,
};
