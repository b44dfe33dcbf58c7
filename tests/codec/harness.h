/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs as the library calls them, for tests that meet all of them: encoding into a buffer that
 * grows, decoding into a block that is made larger when it was too small. Inputs are decoded from
 * memory that ends where they end, so that a read past the end shows under AddressSanitizer and
 * memcheck. What must never happen, whatever the input, ends the program.
 */
#ifndef TESTS_CODEC_HARNESS_H
#define TESTS_CODEC_HARNESS_H

#include "codec/codec.h"

typedef struct codec_under_test {
    const char *name;
    zc_encode_fn *encode;
    zc_decode_fn *decode;
    const zcache_codec *custom;
    unsigned limits; /* values_limits: what it cannot hold */
} codec_under_test;

/* tokens: the walker by tokens, with the codec of tests/fixtures/tagged.h. */
extern const codec_under_test codec_json, codec_msgpack, codec_tokens, codec_bytes, codec_string;
#ifdef WITH_CBOR /* the plugin, linked in */
extern const codec_under_test codec_cbor;
#endif

/* The plan of a type; ends the program if it cannot be made. */
zc_plan *codec_plan(const zcache_struct *type);

/* Bytes of the harness: free `data`. */
typedef struct codec_output {
    zcache_status status;
    unsigned char *data;
    size_t size;
} codec_output;

codec_output codec_encode(const codec_under_test *codec, const zc_plan *plan, const void *value);

/* A decoded value: codec_value_free releases it. `value` is NULL unless `status` is ZCACHE_OK. */
typedef struct codec_value {
    zcache_status status;
    void *value;
    void *block;
    size_t capacity; /* of the block */
    size_t needed;   /* of it: at least this */
} codec_value;

codec_value codec_decode(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                         size_t size);
/* Into a block of this size, once: ZCACHE_E_NOMEM if it is too small, and `needed` tells what would
 * have got further. */
codec_value codec_decode_into(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                              size_t size, size_t capacity);
void codec_value_free(codec_value *value);

/* What holds for any input. Decodes it; if that succeeds, encodes the value and decodes that: the
 * two values are equal. Whatever the size of the block, the answer is the same. Returns the status. */
zcache_status codec_try(const codec_under_test *codec, const zc_plan *plan, const void *bytes,
                        size_t size);

#endif
