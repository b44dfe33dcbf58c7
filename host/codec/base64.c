/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Base64: three bytes are four characters of six bits. Each character's value is kept with a bit
 * above it, VALID, so that one test serves four characters and one subtraction takes the bits away.
 */
#include <stdint.h>

#include "codec/base64.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define VALID                64u
#define IS(character, value) [character] = VALID + (value)

static const uint8_t values[256] = {
    IS('A', 0),  IS('B', 1),  IS('C', 2),  IS('D', 3),  IS('E', 4),  IS('F', 5),  IS('G', 6),
    IS('H', 7),  IS('I', 8),  IS('J', 9),  IS('K', 10), IS('L', 11), IS('M', 12), IS('N', 13),
    IS('O', 14), IS('P', 15), IS('Q', 16), IS('R', 17), IS('S', 18), IS('T', 19), IS('U', 20),
    IS('V', 21), IS('W', 22), IS('X', 23), IS('Y', 24), IS('Z', 25), IS('a', 26), IS('b', 27),
    IS('c', 28), IS('d', 29), IS('e', 30), IS('f', 31), IS('g', 32), IS('h', 33), IS('i', 34),
    IS('j', 35), IS('k', 36), IS('l', 37), IS('m', 38), IS('n', 39), IS('o', 40), IS('p', 41),
    IS('q', 42), IS('r', 43), IS('s', 44), IS('t', 45), IS('u', 46), IS('v', 47), IS('w', 48),
    IS('x', 49), IS('y', 50), IS('z', 51), IS('0', 52), IS('1', 53), IS('2', 54), IS('3', 55),
    IS('4', 56), IS('5', 57), IS('6', 58), IS('7', 59), IS('8', 60), IS('9', 61), IS('+', 62),
    IS('/', 63),
};

size_t zc_base64_encode(const void *bytes, size_t size, char *to)
{
    const uint8_t *from = bytes;
    char *begin = to;
    for (; size >= 3; size -= 3, from += 3, to += 4) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        to[0] = alphabet[group >> 18];
        to[1] = alphabet[group >> 12 & 63];
        to[2] = alphabet[group >> 6 & 63];
        to[3] = alphabet[group & 63];
    }
    if (size > 0) {
        uint32_t group = (uint32_t)from[0] << 16 | (size > 1 ? (uint32_t)from[1] << 8 : 0);
        to[0] = alphabet[group >> 18];
        to[1] = alphabet[group >> 12 & 63];
        to[2] = size > 1 ? alphabet[group >> 6 & 63] : '=';
        to[3] = '=';
        to += 4;
    }
    return (size_t)(to - begin);
}

/* Four characters as 24 bits. False: one of them is none. */
static inline bool read_group(const uint8_t *from, uint32_t *group)
{
    uint32_t a = values[from[0]];
    uint32_t b = values[from[1]];
    uint32_t c = values[from[2]];
    uint32_t d = values[from[3]];
    *group =
        (a << 18) + (b << 12) + (c << 6) + d - (VALID << 18) - (VALID << 12) - (VALID << 6) - VALID;
    return (a & b & c & d & VALID) != 0;
}

bool zc_base64_decode(const char *text, size_t size, void *to, size_t *count)
{
    const uint8_t *from = (const uint8_t *)text;
    uint8_t *at = to;
    uint32_t group;
    /* padding fills up four: "xx==" or "xxx=" */
    if (size > 0 && size % 4 == 0 && from[size - 1] == '=')
        size -= from[size - 2] == '=' ? 2 : 1;
    for (; size >= 4; size -= 4, from += 4, at += 3) {
        if (!read_group(from, &group))
            return false;
        at[0] = (uint8_t)(group >> 16);
        at[1] = (uint8_t)(group >> 8);
        at[2] = (uint8_t)group;
    }
    if (size == 1)
        return false;
    if (size > 0) {
        const uint8_t last[4] = {from[0], from[1], size > 2 ? from[2] : 'A', 'A'};
        if (!read_group(last, &group) || (group & (size > 2 ? 0xFF : 0xFFFF)) != 0)
            return false;
        *at++ = (uint8_t)(group >> 16);
        if (size > 2)
            *at++ = (uint8_t)(group >> 8);
    }
    *count = (size_t)(at - (uint8_t *)to);
    return true;
}
