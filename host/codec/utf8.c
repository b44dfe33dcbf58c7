/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * UTF-8 by a state machine of one load and one shift a byte: the table gives for each byte the next
 * states of all states, six bits each, at the position that the present state is the number of (Per
 * Vognsen, "Shift-based DFAs", after Björn Höhrmann's decoder). INVALID leads only to itself, so it
 * is looked at once a block.
 */
#include "codec/utf8.h"

#include "codec/text.h"

/* What may follow, which is the position of the state's next states. */
#define INVALID  0
#define START    6  /* any character */
#define LAST     12 /* one byte 80..BF */
#define TWO      18 /* two of them */
#define THREE    24
#define AFTER_E0 30 /* A0..BF and LAST: no overlong forms */
#define AFTER_ED 36 /* 80..9F and LAST: no surrogates */
#define AFTER_F0 42 /* 90..BF and TWO: no overlong forms */
#define AFTER_F4 48 /* 80..8F and TWO: nothing above U+10FFFF */

#define ON(state, next) ((uint64_t)(next) << (state))
#define CONTINUATION    (ON(LAST, START) | ON(TWO, LAST) | ON(THREE, TWO))

static const uint64_t transitions[256] = {
    [0x01 ... 0x7F] = ON(START, START),
    [0x80 ... 0x8F] = CONTINUATION | ON(AFTER_ED, LAST) | ON(AFTER_F4, TWO),
    [0x90 ... 0x9F] = CONTINUATION | ON(AFTER_ED, LAST) | ON(AFTER_F0, TWO),
    [0xA0 ... 0xBF] = CONTINUATION | ON(AFTER_E0, LAST) | ON(AFTER_F0, TWO),
    [0xC2 ... 0xDF] = ON(START, LAST),
    [0xE0] = ON(START, AFTER_E0),
    [0xE1 ... 0xEC] = ON(START, TWO),
    [0xED] = ON(START, AFTER_ED),
    [0xEE ... 0xEF] = ON(START, TWO),
    [0xF0] = ON(START, AFTER_F0),
    [0xF1 ... 0xF3] = ON(START, THREE),
    [0xF4] = ON(START, AFTER_F4),
};

#define BLOCK 16

static inline bool block_is_plain(const unsigned char *bytes)
{
#ifdef __SSE2__
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    return _mm_movemask_epi8(_mm_cmpgt_epi8(block, _mm_setzero_si128())) == 0xffff;
#else
    return (zc_word_oddities(ZC_LOAD(uint64_t, bytes)) |
            zc_word_oddities(ZC_LOAD(uint64_t, bytes + 8))) == 0;
#endif
}

/* The state in the low six bits; what is above them is left over. */
static inline uint64_t advance(uint64_t state, const unsigned char *bytes, size_t size)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < size; i++)
        state = transitions[bytes[i]] >> (state & 63);
    return state;
}

/* Past what is plain, 8 bytes at a time and then, if bytes are little endian, up to the odd one. */
static inline const unsigned char *skip_plain(const unsigned char *at, const unsigned char *end)
{
    while (end - at >= 8) {
        uint64_t oddities = zc_word_oddities(ZC_LOAD(uint64_t, at));
        if (oddities != 0)
            return at +
                   (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_ctzll(oddities) / 8 : 0);
        at += 8;
    }
    return at;
}

bool zc_utf8_is_text(const void *bytes, size_t size)
{
    const unsigned char *end = (const unsigned char *)bytes + size, *at = skip_plain(bytes, end);
    uint64_t state = START;
    for (; end - at >= BLOCK; at += BLOCK) {
        if ((state & 63) == START && block_is_plain(at))
            continue;
        state = advance(state, at, BLOCK);
        if ((state & 63) == INVALID)
            return false;
    }
    return (advance(state, at, (size_t)(end - at)) & 63) == START;
}
