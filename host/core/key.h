/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Physical keys: prefix, table and key in one string of bytes, as the provider takes it.
 *
 * The length of every key is counted in its TEXT form, where each byte outside 0x21 to 0x7e, and
 * each
 * `%`, is three bytes: so a key that fits one provider fits all. A provider with TEXT keys is given
 * that form; one with ANY keys the bytes as they are.
 */
#ifndef ZC_CORE_KEY_H
#define ZC_CORE_KEY_H

#include "core/cache.h"

/* The longest max_key_length that the configuration allows. */
#define ZC_KEY_MAX 1024

/* Makes the physical key of `key` in `handle` for `generation`, into `buffer` of at least
 * ZC_KEY_MAX bytes. A key that is too long is refused, or, with long_keys = hash, becomes its
 * beginning, "~", and 32 hexadecimal digits of its XXH3 128-bit hash.
 * Errors: ZCACHE_E_KEY. */
zcache_status zc_key_make(const zcache *handle, const zc_generation *generation, const void *key,
                          size_t size, char *buffer, size_t *made);

/* The TEXT form of `size` bytes; `buffer` has room for three times as many. Returns its length. */
size_t zc_key_encode(const void *bytes, size_t size, char *buffer);

/* Undoes it, into `buffer` of at least `size` bytes, which may be `text` itself. False: `text` is
 * no TEXT form that zc_key_encode made. */
bool zc_key_decode(const void *text, size_t size, char *buffer, size_t *decoded);

/* How long the TEXT form of `size` bytes is. */
size_t zc_key_text_size(const void *bytes, size_t size);

#endif
