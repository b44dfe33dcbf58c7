/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs as the library calls them. Neither cmocka nor the typed tables are here: fuzzers link
 * this.
 */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <zcache/plugin.h>

#include "base/error.h"
#include "fenced.h"
#include "fixtures/tagged.h"
#include "values.h"

/* That format has no NaN: what cannot be written is not to be read either. */
static zcache_status finite_next(const zcache_codec *codec, zcache_reader *reader,
                                 zcache_token *token)
{
    zcache_status status = tagged_next(codec, reader, token);
    bool is_real = token->kind == ZCACHE_TOKEN_FLOAT || token->kind == ZCACHE_TOKEN_DOUBLE;
    return status == ZCACHE_OK && is_real && isnan(token->real)
               ? reader->error(ZCACHE_E_TYPE, "this format has no NaN")
               : status;
}

static const zcache_codec tagged = {.size = sizeof(tagged), .put = tagged_put, .next = finite_next};

const codec_under_test codec_json = {"json", zc_json_encode, zc_json_decode, NULL, VALUES_FINITE};
const codec_under_test codec_msgpack = {"msgpack", zc_msgpack_encode, zc_msgpack_decode, NULL, 0};
const codec_under_test codec_tokens = {"tokens", zc_tokens_encode, zc_tokens_decode, &tagged,
                                       VALUES_FINITE};
const codec_under_test codec_bytes = {"bytes", zc_bytes_encode, zc_bytes_decode, NULL, 0};
const codec_under_test codec_string = {"string", zc_string_encode, zc_string_decode, NULL, 0};

#ifdef WITH_CBOR
extern const zcache_descriptor zcache_plugin;

static zcache_status cbor_put(const zcache_codec *codec, zcache_buffer *buffer,
                              const zcache_token *token)
{
    (void)codec;
    return zcache_plugin.codec->put(zcache_plugin.codec, buffer, token);
}

static zcache_status cbor_next(const zcache_codec *codec, zcache_reader *reader,
                               zcache_token *token)
{
    (void)codec;
    return zcache_plugin.codec->next(zcache_plugin.codec, reader, token);
}

static const zcache_codec cbor = {.size = sizeof(cbor), .put = cbor_put, .next = cbor_next};
const codec_under_test codec_cbor = {"cbor", zc_tokens_encode, zc_tokens_decode, &cbor, 0};
#endif

static _Noreturn void never(const codec_under_test *codec, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", codec->name, what, zc_error_text());
    abort();
}

static void *memory(size_t size)
{
    void *made = malloc(size > 0 ? size : 1);
    if (made == NULL)
        abort();
    return made;
}

zc_plan *codec_plan(const zcache_struct *type)
{
    zc_plan *plan;
    if (zc_plan_make(type, &plan) != ZCACHE_OK) {
        fprintf(stderr, "%s: %s\n", type->name, zc_error_text());
        abort();
    }
    return plan;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* Just as much as was asked for, in new memory each time: a write past it, or by an old pointer,
 * shows. */
static bool grow(zcache_buffer *buffer, size_t more)
{
    unsigned char *data = memory(buffer->size + more);
    if (buffer->size > 0)
        memcpy(data, buffer->data, buffer->size);
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = buffer->size + more;
    return true;
}

codec_output codec_encode(const codec_under_test *codec, const zc_plan *plan, const void *value)
{
    zcache_buffer buffer = {.grow = grow, .error = zc_error};
    zcache_status status = codec->encode(codec->custom, plan, value, &buffer);
    if (status != ZCACHE_OK && status != ZCACHE_E_INVALID)
        never(codec, "encoding ended with a status that it does not have");
    return (codec_output){.status = status, .data = buffer.data, .size = buffer.size};
}

/* ---- decoding -------------------------------------------------------------------------------- */

codec_value codec_decode_into(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                              size_t size, size_t capacity)
{
    codec_value decoded = {
        .value = memory(plan->size), .block = memory(capacity), .capacity = capacity};
    zcache_block block = {.base = decoded.block, .capacity = capacity, .error = zc_error};
    unsigned char *input = fenced(bytes, size);
    memset(decoded.value, 0, plan->size);
    decoded.status =
        codec->decode(codec->custom, plan, zcache_bytes_of(input, size), decoded.value, &block);
    free(input);
    decoded.needed = block.wanted;
    if (decoded.status == ZCACHE_OK && block.wanted != block.used)
        never(codec, "decoding succeeded with a block that was too small");
    if (decoded.status == ZCACHE_E_NOMEM && block.wanted <= capacity)
        never(codec, "decoding asked for no more than it had");
    if (decoded.status != ZCACHE_OK) {
        free(decoded.value);
        free(decoded.block);
        decoded.value = decoded.block = NULL;
    }
    return decoded;
}

codec_value codec_decode(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                         size_t size)
{
    size_t capacity = 64;
    for (;;) {
        codec_value decoded = codec_decode_into(codec, plan, bytes, size, capacity);
        if (decoded.status == ZCACHE_OK || decoded.status == ZCACHE_E_TYPE)
            return decoded;
        if (decoded.status != ZCACHE_E_NOMEM)
            never(codec, "decoding ended with a status that it does not have");
        capacity = decoded.needed * 4;
    }
}

void codec_value_free(codec_value *value)
{
    free(value->value);
    free(value->block);
    *value = (codec_value){.status = ZCACHE_OK};
}

/* ---- what holds for any input ---------------------------------------------------------------- */

zcache_status codec_try(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                        size_t size)
{
    const char *where = "";
    codec_value first = codec_decode(codec, plan, bytes, size);
    codec_value roomy = codec_decode_into(codec, plan, bytes, size, first.capacity * 2);
    if (roomy.status != first.status)
        never(codec, "a larger block made a difference");
    if (first.status != ZCACHE_OK)
        return first.status;
    if (!values_equal(plan->type, first.value, roomy.value, &where))
        never(codec, "a larger block made another value");
    codec_value_free(&roomy);
    if (first.needed > 0 &&
        codec_decode_into(codec, plan, bytes, size, first.needed - 1).status != ZCACHE_E_NOMEM)
        never(codec, "a block that is too small was enough");

    codec_output again = codec_encode(codec, plan, first.value);
    if (again.status == ZCACHE_OK) {
        codec_value second = codec_decode(codec, plan, again.data, again.size);
        if (second.status != ZCACHE_OK)
            never(codec, "what was encoded is not decoded");
        if (!values_equal(plan->type, first.value, second.value, &where)) {
            fprintf(stderr, "the field %s\n", where);
            never(codec, "what was encoded is decoded to another value");
        }
        codec_value_free(&second);
    } else {
        never(codec, "what was decoded is not encoded");
    }
    free(again.data);
    codec_value_free(&first);
    return ZCACHE_OK;
}
