/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * UTF-8 by a state machine of one load and one shift a byte: the table gives for each byte the next
 * states of all states, six bits each, at the position that the present state is the number of (Per
 * Vognsen, "Shift-based DFAs", after Björn Höhrmann's decoder). INVALID leads only to itself, so it
 * is looked at once a block.
 */
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "codec/utf8.h"

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
    [0x00 ... 0x7F] = ON(START, START),
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

static inline uint64_t load8(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static inline bool block_is_ascii(const unsigned char *bytes)
{
#ifdef __SSE2__
    return _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)bytes)) == 0;
#else
    return ((load8(bytes) | load8(bytes + 8)) & UINT64_C(0x8080808080808080)) == 0;
#endif
}

/* The state in the low six bits; what is above them is left over. */
static inline uint64_t advance(uint64_t state, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        state = transitions[bytes[i]] >> (state & 63);
    return state;
}

bool zc_utf8_is_valid(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    const unsigned char *end = at + size;
    /* short texts, mostly ASCII, by two words that overlap */
    if (size >= 8 && size <= BLOCK &&
        ((load8(at) | load8(end - 8)) & UINT64_C(0x8080808080808080)) == 0)
        return true;
    uint64_t state = START;
    while ((size_t)(end - at) >= BLOCK) {
        if ((state & 63) != START || !block_is_ascii(at)) {
            state = advance(state, at, BLOCK);
            if ((state & 63) == INVALID)
                return false;
        }
        at += BLOCK;
    }
    /* fewer are left, so the last that was read is among them: no character is begun */
    if (size >= BLOCK && block_is_ascii(end - BLOCK))
        return true;
    return (advance(state, at, (size_t)(end - at)) & 63) == START;
}
