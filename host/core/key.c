/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Prefixes and table names consist of bytes that the TEXT form leaves alone, so only the
 * application's part of a key is ever encoded.
 */
#include "core/key.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

#define HASH_DIGITS 32
#define HASH_SUFFIX (1 + HASH_DIGITS) /* "~" and the digits */

static bool is_plain(unsigned char byte)
{
    return byte >= 0x21 && byte <= 0x7e && byte != '%';
}

size_t zc_key_text_size(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    size_t text_size = size;
    for (size_t i = 0; i < size; i++)
        text_size += is_plain(byte[i]) ? 0 : 2;
    return text_size;
}

size_t zc_key_encode(const void *bytes, size_t size, char *buffer)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *byte = bytes;
    char *out = buffer;
    for (size_t i = 0; i < size; i++) {
        if (is_plain(byte[i])) {
            *out++ = (char)byte[i];
        } else {
            *out++ = '%';
            *out++ = digits[byte[i] >> 4];
            *out++ = digits[byte[i] & 15];
        }
    }
    return (size_t)(out - buffer);
}

static int hex_value(unsigned char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

bool zc_key_decode(const void *text, size_t size, char *buffer, size_t *decoded)
{
    const unsigned char *byte = text;
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        if (byte[i] != '%') {
            if (!is_plain(byte[i]))
                return false;
            buffer[out++] = (char)byte[i];
            continue;
        }
        if (size - i < 3)
            return false;
        int high = hex_value(byte[i + 1]);
        int low = hex_value(byte[i + 2]);
        if (high < 0 || low < 0)
            return false;
        buffer[out++] = (char)(high << 4 | low);
        i += 2;
    }
    *decoded = out;
    return true;
}

/* As much of the beginning of `key` as has a TEXT form of at most `room` bytes. */
static size_t head_size(const unsigned char *key, size_t size, size_t room)
{
    size_t i = 0;
    for (size_t used = 0; i < size; i++) {
        used += is_plain(key[i]) ? 1 : 3;
        if (used > room)
            break;
    }
    return i;
}

static void append_hash(const void *key, size_t size, char *out)
{
    XXH128_hash_t hash = XXH3_128bits(key, size);
    char digits[HASH_DIGITS + 1];
    snprintf(digits, sizeof(digits), "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    out[0] = '~';
    memcpy(out + 1, digits, HASH_DIGITS);
}

zcache_status zc_key_make(const zcache *handle, const zc_generation *generation, const void *key,
                          size_t size, char *buffer, size_t *made)
{
    if (key == NULL || size == 0)
        return zc_error(ZCACHE_E_KEY, "the key is empty: a key has at least 1 byte");
    size_t prefix_size = handle->prefix_size;
    size_t room = generation->key_max > prefix_size ? generation->key_max - prefix_size : 0;
    /* Three times the size is the longest that the TEXT form can be: most keys need no count. */
    bool too_long = size > room || (size > room / 3 && zc_key_text_size(key, size) > room);
    size_t plain_size = size;
    if (too_long) {
        if (!generation->hash_long_keys || room < HASH_SUFFIX)
            return zc_error(ZCACHE_E_KEY,
                            "the key is too long: %zu bytes and a prefix of %zu are %zu in their "
                            "text form; at most %zu are allowed (max_key_length; or set "
                            "long_keys = hash)",
                            size, prefix_size, zc_key_text_size(key, size) + prefix_size,
                            generation->key_max);
        plain_size = head_size(key, size, room - HASH_SUFFIX);
    }
    memcpy(buffer, handle->prefix, prefix_size);
    char *out = buffer + prefix_size;
    if (generation->text_keys) {
        out += zc_key_encode(key, plain_size, out);
    } else {
        memcpy(out, key, plain_size);
        out += plain_size;
    }
    if (too_long) {
        append_hash(key, size, out);
        out += HASH_SUFFIX;
    }
    *made = (size_t)(out - buffer);
    return ZCACHE_OK;
}
