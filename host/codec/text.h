/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Short texts, which most are, without a call: copied, compared, and told plain ones apart, which
 * are ASCII without a NUL and need no other check. They are read and written in pieces of 16, 8
 * or 4 bytes, of which the last two may overlap: no byte outside of a text is touched, but by
 * zc_text_copy_32, which always takes 32.
 */
#ifndef ZC_CODEC_TEXT_H
#define ZC_CODEC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define ZC_LOAD(type, from)                    \
    __extension__({                            \
        type loaded;                           \
        memcpy(&loaded, from, sizeof(loaded)); \
        loaded;                                \
    })

#define ZC_STORE(type, to, value)            \
    do {                                     \
        type stored = (type)(value);         \
        memcpy(to, &stored, sizeof(stored)); \
    } while (0)

/* 0 if all bytes of a word are 0x01 to 0x7f: subtracting 1 from each borrows only where one is 0,
 * and leaves a high bit there. */
static inline uint64_t zc_word_oddities(uint64_t word)
{
    return ((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080);
}

/* What is known of bytes so far: whether all are 0x01 to 0x7f. */
#ifdef __SSE2__
typedef __m128i zc_plainness;

static inline zc_plainness zc_plain_so_far(void)
{
    return _mm_set1_epi8(-1);
}

/* Copies 16 bytes. */
static inline zc_plainness zc_plain_copy(zc_plainness so_far, void *to, const void *from)
{
    __m128i bytes = _mm_loadu_si128(from);
    _mm_storeu_si128(to, bytes);
    return _mm_and_si128(so_far, _mm_cmpgt_epi8(bytes, _mm_setzero_si128()));
}

static inline bool zc_is_plain(zc_plainness so_far)
{
    return _mm_movemask_epi8(so_far) == 0xffff;
}
#else
typedef uint64_t zc_plainness; /* the oddities */

static inline zc_plainness zc_plain_so_far(void)
{
    return 0;
}

static inline zc_plainness zc_plain_copy(zc_plainness so_far, void *to, const void *from)
{
    uint64_t head = ZC_LOAD(uint64_t, from), tail = ZC_LOAD(uint64_t, (const char *)from + 8);
    ZC_STORE(uint64_t, to, head);
    ZC_STORE(uint64_t, (char *)to + 8, tail);
    return so_far | zc_word_oddities(head) | zc_word_oddities(tail);
}

static inline bool zc_is_plain(zc_plainness so_far)
{
    return so_far == 0;
}
#endif

/* Copies 32 bytes; a bit is set for the first that is not 0x01 to 0x7f, and maybe for some after
 * it. */
static inline uint32_t zc_text_copy_32(void *to, const void *from)
{
#ifdef __SSE2__
    __m128i head = _mm_loadu_si128(from), tail = _mm_loadu_si128((const __m128i *)from + 1);
    _mm_storeu_si128(to, head);
    _mm_storeu_si128((__m128i *)to + 1, tail);
    uint32_t plain = (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(head, _mm_setzero_si128())) |
                     (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(tail, _mm_setzero_si128())) << 16;
    return ~plain;
#else
    uint32_t oddities = 0;
    for (unsigned at = 0; at < 32; at += 8) {
        uint64_t word = ZC_LOAD(uint64_t, (const char *)from + at);
        ZC_STORE(uint64_t, (char *)to + at, word);
        /* the high bits of the bytes, gathered in the highest byte */
        uint64_t bits = (zc_word_oddities(word) >> 7) * UINT64_C(0x0102040810204080) >> 56;
        oddities |= (uint32_t)bits << at;
    }
    return oddities;
#endif
}

/* Copies a text; true if it is plain. */
static inline bool zc_text_copy(void *to, const void *from, size_t size)
{
    const char *in = from;
    char *out = to;
    if (size >= 16) {
        zc_plainness plain = zc_plain_copy(zc_plain_so_far(), out + size - 16, in + size - 16);
        for (size_t at = 0; at < size - 16; at += 16)
            plain = zc_plain_copy(plain, out + at, in + at);
        return zc_is_plain(plain);
    }
    if (size >= 8) {
        uint64_t head = ZC_LOAD(uint64_t, in), tail = ZC_LOAD(uint64_t, in + size - 8);
        ZC_STORE(uint64_t, out, head);
        ZC_STORE(uint64_t, out + size - 8, tail);
        return (zc_word_oddities(head) | zc_word_oddities(tail)) == 0;
    }
    if (size >= 4) {
        uint32_t head = ZC_LOAD(uint32_t, in), tail = ZC_LOAD(uint32_t, in + size - 4);
        ZC_STORE(uint32_t, out, head);
        ZC_STORE(uint32_t, out + size - 4, tail);
        return zc_word_oddities((uint64_t)tail << 32 | head) == 0;
    }
    uint64_t word = UINT64_C(0x0101010101010101);
    for (size_t i = 0; i < size; i++) {
        out[i] = in[i];
        word = word << 8 | (unsigned char)in[i];
    }
    return zc_word_oddities(word) == 0;
}

/* As memcmp() == 0. */
static inline bool zc_bytes_equal(const void *a, const void *b, size_t size)
{
    const char *left = a, *right = b;
    if (size >= 8 && size <= 16)
        return ((ZC_LOAD(uint64_t, left) ^ ZC_LOAD(uint64_t, right)) |
                (ZC_LOAD(uint64_t, left + size - 8) ^ ZC_LOAD(uint64_t, right + size - 8))) == 0;
    if (size >= 4 && size < 8)
        return ((ZC_LOAD(uint32_t, left) ^ ZC_LOAD(uint32_t, right)) |
                (ZC_LOAD(uint32_t, left + size - 4) ^ ZC_LOAD(uint32_t, right + size - 4))) == 0;
    if (size < 4) {
        size_t i = 0;
        while (i < size && left[i] == right[i])
            i++;
        return i == size;
    }
    return memcmp(left, right, size) == 0;
}

/* What is wrong with a text that is not plain; NULL: nothing. */
const char *zc_text_fault(const void *text, size_t size);

#endif
