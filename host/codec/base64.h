/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Base64 (RFC 4648, section 4: the alphabet with + and /). One text for each run of bytes: only
 * padding may be left out; spaces, line ends, anything after the padding, and bits that are set
 * beyond the last byte are refused.
 */
#ifndef ZC_CODEC_BASE64_H
#define ZC_CODEC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters that `size` bytes make, padding included. size <= SIZE_MAX / 2. */
static inline size_t zc_base64_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

/* Writes zc_base64_size(size) characters, no NUL; returns their number. */
size_t zc_base64_encode(const void *bytes, size_t size, char *to);

/* The most bytes that `size` characters can make. */
static inline size_t zc_base64_bytes_max(size_t size)
{
    return size / 4 * 3 + size % 4 * 3 / 4;
}

/* Writes the bytes to `to`, which has room for zc_base64_bytes_max(size) or is `text` itself, and
 * their number to *count. False: it is not Base64; what is in `to` then is nothing. */
bool zc_base64_decode(const char *text, size_t size, void *to, size_t *count);

#endif
