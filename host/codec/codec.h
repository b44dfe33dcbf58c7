/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs from the inside: what each is given, and the list of those that have a name.
 *
 * All encoders have one shape, and all decoders:
 *
 *   encode  appends the value. ZCACHE_OK, ZCACHE_E_NOMEM, or ZCACHE_E_INVALID with a message that
 *           names type and field ("user.name: not UTF-8"). On failure the buffer holds what it held.
 *   decode  fills `value` from all of the bytes, behind which is a fence. It first copies plan->initial over it. Pointers come
 *           from the block. ZCACHE_OK; ZCACHE_E_TYPE with a message that tells what is wrong and at
 *           which byte ("byte 17: user.age: 300 is out of range"); ZCACHE_E_NOMEM: the block is full
 *           (block->wanted tells). On failure what is in `value` is nobody's: the caller zeroes it.
 */
#ifndef ZC_CODEC_CODEC_H
#define ZC_CODEC_CODEC_H

#include <zcache/codec.h>

#include "codec/plan.h"

/* Behind bytes that are decoded so many more are there, and may be read. Each is one that is in no
 * UTF-8 and begins no MessagePack, so that a decoder which comes to the end unawares stops there. */
#define ZC_FENCE      64
#define ZC_FENCE_BYTE 0xc1

typedef zcache_status zc_encode_fn(const zcache_codec *codec, const zc_plan *plan,
                                   const void *value, zcache_buffer *buffer);
typedef zcache_status zc_decode_fn(const zcache_codec *codec, const zc_plan *plan,
                                   zcache_slice bytes, void *value, zcache_block *block);

/* The built-in ones ignore `codec`. */
zc_encode_fn zc_json_encode, zc_msgpack_encode, zc_bytes_encode, zc_string_encode;
zc_decode_fn zc_json_decode, zc_msgpack_decode, zc_bytes_decode, zc_string_decode;

/* Those of a public zcache_codec: by tokens (tokens.c), by values (values.c). */
zc_encode_fn zc_tokens_encode, zc_values_encode;
zc_decode_fn zc_tokens_decode, zc_values_decode;

#endif
