/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values to and from bytes, which are written in hexadecimal, with any codec. All memory is just as
 * large as what was asked for, so that a sanitizer sees a byte too much.
 */
#ifndef TESTS_UNIT_CODEC_HARNESS_H
#define TESTS_UNIT_CODEC_HARNESS_H

#include <zcache/table.h>

#include "codec/codec.h"

/* The codec under test. */
typedef struct harness_codec {
    zc_encode_fn *encode;
    zc_decode_fn *decode;
    const zcache_codec *custom;
} harness_codec;
extern harness_codec harness;

typedef struct harness_bytes {
    unsigned char *data;
    size_t size;
} harness_bytes;

/* "81 a1 78 01" as bytes, to be freed. */
harness_bytes harness_hex(const char *hex);

/* Encodes in a buffer that grows by no more than is asked for. `bytes->data` is to be freed. */
zcache_status harness_encode(const zcache_struct *type, const void *value, harness_bytes *bytes);

/* Decodes from a copy of the bytes into a block that is just as large as it must be; `*memory` is
 * to be freed. */
zcache_status harness_decode(const zcache_struct *type, const void *bytes, size_t size, void *value,
                             void **memory);

/* A value of TYPE is written as these bytes; cannot be, and the message has `part` in it. */
#define assert_encodes(TYPE, hex, ...) \
    assert_encodes_(TYPE##_struct(), hex, &(TYPE){__VA_ARGS__}, __FILE__, __LINE__)
#define assert_unencodable(TYPE, part, ...) \
    assert_unencodable_(TYPE##_struct(), part, &(TYPE){__VA_ARGS__}, __FILE__, __LINE__)
/* Reads the bytes into *value, whose memory lives until the next call. */
#define assert_decodes(TYPE, hex, value) \
    assert_decodes_(TYPE##_struct(), hex, 1 ? (value) : (TYPE *)NULL, __FILE__, __LINE__)
#define assert_undecodable(TYPE, hex, part) \
    assert_undecodable_(TYPE##_struct(), hex, part, __FILE__, __LINE__)
/* What is read from the bytes is written as others. */
#define assert_becomes(TYPE, hex, expected) \
    assert_becomes_(TYPE##_struct(), hex, expected, __FILE__, __LINE__)
/* No cut and no flipped bit of the bytes makes the decoder read what is not there, or give a value
 * that cannot be written; each cut is undecodable. */
#define assert_survives(TYPE, hex) assert_survives_(TYPE##_struct(), hex, __FILE__, __LINE__)

void assert_encodes_(const zcache_struct *type, const char *hex, const void *value,
                     const char *file, int line);
void assert_unencodable_(const zcache_struct *type, const char *part, const void *value,
                         const char *file, int line);
void assert_decodes_(const zcache_struct *type, const char *hex, void *value, const char *file,
                     int line);
void assert_undecodable_(const zcache_struct *type, const char *hex, const char *part,
                         const char *file, int line);
void assert_becomes_(const zcache_struct *type, const char *hex, const char *expected,
                     const char *file, int line);
void assert_survives_(const zcache_struct *type, const char *hex, const char *file, int line);

/* Frees what assert_decodes kept: the teardown of a group. */
int harness_forget(void **state);

#endif
