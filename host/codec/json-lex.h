/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What reading and writing JSON strings share: which bytes a scan stops at, 16 or 8 at a time.
 *
 * A scan stops at the quote, the backslash, control characters, and all beyond ASCII; every other
 * byte stands for itself.
 */
#ifndef ZC_CODEC_JSON_LEX_H
#define ZC_CODEC_JSON_LEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool zc_json_stops(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/* A bit for each of the 16 bytes at `at` that stops a scan, the first the lowest. */
static inline uint32_t zc_json_stops16(const unsigned char *at)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    /* Signed: bytes beyond ASCII are below 0. */
    __m128i other = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), other));
#else
    uint32_t stops = 0;
    for (unsigned i = 0; i < 16; i++)
        stops |= (uint32_t)zc_json_stops(at[i]) << i;
    return stops;
#endif
}

/* Whether any of eight bytes stops a scan. A byte borrows from the next one only if it stops. */
static inline bool zc_json_any_stops8(uint64_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = (bytes ^ ones * '"') - ones;
    uint64_t backslash = (bytes ^ ones * '\\') - ones;
    return ((bytes | quote | backslash | (bytes - ones * 0x20)) & ones * 0x80) != 0;
}

/* The length of the character beyond ASCII that `at` begins with (RFC 3629: the shortest form, no
 * surrogate, at most U+10FFFF); 0: it is not UTF-8. size > 0. */
static inline size_t zc_json_utf8_length(const unsigned char *at, size_t size)
{
    unsigned char first = at[0];
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first < 0xC2 || first > 0xF4 || size < length)
        return 0;
    unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* Whether the 16 bytes at `one` and `other` are the same in their first `size` bytes, at most 16. */
static inline bool zc_json_same16(const unsigned char *one, const unsigned char *other, size_t size)
{
#ifdef __SSE2__
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)one),
                                  _mm_loadu_si128((const __m128i *)other));
    uint32_t wanted = (UINT32_C(1) << size) - 1;
    return ((uint32_t)_mm_movemask_epi8(same) & wanted) == wanted;
#else
    return memcmp(one, other, size) == 0;
#endif
}

#endif
