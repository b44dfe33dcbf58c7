/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The first bytes of the MessagePack format
 * (https://github.com/msgpack/msgpack/blob/master/spec.md, "Formats"), and its numbers, which are
 * big endian.
 */
#ifndef ZC_CODEC_MSGPACK_H
#define ZC_CODEC_MSGPACK_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
    /* 0x00 to 0x7f: the integer itself */
    MSGPACK_FIXMAP = 0x80,   /* and the count, to 0x8f */
    MSGPACK_FIXARRAY = 0x90, /* and the count, to 0x9f */
    MSGPACK_FIXSTR = 0xa0,   /* and the size, to 0xbf */
    MSGPACK_NIL = 0xc0,
    MSGPACK_NEVER_USED = 0xc1,
    MSGPACK_FALSE = 0xc2,
    MSGPACK_TRUE = 0xc3,
    MSGPACK_BIN8 = 0xc4,
    MSGPACK_BIN16 = 0xc5,
    MSGPACK_BIN32 = 0xc6,
    MSGPACK_EXT8 = 0xc7,
    MSGPACK_EXT16 = 0xc8,
    MSGPACK_EXT32 = 0xc9,
    MSGPACK_FLOAT = 0xca,
    MSGPACK_DOUBLE = 0xcb,
    MSGPACK_UINT8 = 0xcc,
    MSGPACK_UINT16 = 0xcd,
    MSGPACK_UINT32 = 0xce,
    MSGPACK_UINT64 = 0xcf,
    MSGPACK_INT8 = 0xd0,
    MSGPACK_INT16 = 0xd1,
    MSGPACK_INT32 = 0xd2,
    MSGPACK_INT64 = 0xd3,
    MSGPACK_FIXEXT1 = 0xd4,
    MSGPACK_FIXEXT2 = 0xd5,
    MSGPACK_FIXEXT4 = 0xd6,
    MSGPACK_FIXEXT8 = 0xd7,
    MSGPACK_FIXEXT16 = 0xd8,
    MSGPACK_STR8 = 0xd9,
    MSGPACK_STR16 = 0xda,
    MSGPACK_STR32 = 0xdb,
    MSGPACK_ARRAY16 = 0xdc,
    MSGPACK_ARRAY32 = 0xdd,
    MSGPACK_MAP16 = 0xde,
    MSGPACK_MAP32 = 0xdf,
    MSGPACK_NEGATIVE_FIXINT = 0xe0 /* to 0xff: -32 to -1 */
};

/* What fits into one byte with its size. */
#define MSGPACK_FIXSTR_MAX 31
#define MSGPACK_FIXMAP_MAX 15 /* and of an array */
/* The longest number, and the longest header of what has a size. */
#define MSGPACK_NUMBER_MAX 9
#define MSGPACK_HEADER_MAX 5

static inline uint16_t zc_msgpack_load_16(const unsigned char *from)
{
    uint16_t number;
    memcpy(&number, from, sizeof(number));
    return be16toh(number);
}

static inline uint32_t zc_msgpack_load_32(const unsigned char *from)
{
    uint32_t number;
    memcpy(&number, from, sizeof(number));
    return be32toh(number);
}

static inline uint64_t zc_msgpack_load_64(const unsigned char *from)
{
    uint64_t number;
    memcpy(&number, from, sizeof(number));
    return be64toh(number);
}

/* Each writes a first byte and a number, and returns what is behind them. */
static inline unsigned char *zc_msgpack_put_8(unsigned char *to, unsigned first, uint8_t number)
{
    to[0] = (unsigned char)first;
    to[1] = number;
    return to + 2;
}

static inline unsigned char *zc_msgpack_put_16(unsigned char *to, unsigned first, uint16_t number)
{
    to[0] = (unsigned char)first;
    number = htobe16(number);
    memcpy(to + 1, &number, sizeof(number));
    return to + 1 + sizeof(number);
}

static inline unsigned char *zc_msgpack_put_32(unsigned char *to, unsigned first, uint32_t number)
{
    to[0] = (unsigned char)first;
    number = htobe32(number);
    memcpy(to + 1, &number, sizeof(number));
    return to + 1 + sizeof(number);
}

static inline unsigned char *zc_msgpack_put_64(unsigned char *to, unsigned first, uint64_t number)
{
    to[0] = (unsigned char)first;
    number = htobe64(number);
    memcpy(to + 1, &number, sizeof(number));
    return to + 1 + sizeof(number);
}

#endif
