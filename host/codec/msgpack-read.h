/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reading the pieces of MessagePack from bytes that are not trusted: each read asks for its bytes
 * first, and no size or count is believed beyond the bytes that are left.
 *
 * `at` is the next byte, and lives in a register: functions take it and return it moved on, or NULL
 * when they failed. Unless they say otherwise, it is before the end when they are called.
 */
#ifndef ZC_CODEC_MSGPACK_READ_H
#define ZC_CODEC_MSGPACK_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <zcache/codec.h>

#include "codec/msgpack.h"
#include "codec/plan.h"

typedef struct zc_msgpack_reader {
    const unsigned char *begin, *end; /* the fence is behind the end */
    zcache_block *block;
    unsigned depth;
    zcache_status status; /* why a function returned NULL */
    /* Of msgpack-quick.h. */
    bool is_blank;
    const zc_field *last, *next;
    const unsigned char *pair;
} zc_msgpack_reader;

static inline const unsigned char *zc_msgpack_fail(zc_msgpack_reader *self, zcache_status status)
{
    self->status = status;
    return NULL;
}

static inline size_t zc_msgpack_byte(const zc_msgpack_reader *self, const unsigned char *at)
{
    return (size_t)(at - self->begin);
}

static inline size_t zc_msgpack_left(const zc_msgpack_reader *self, const unsigned char *at)
{
    return (size_t)(self->end - at);
}

/* "byte 17: …": ZCACHE_E_TYPE, of what is in no field. */
zcache_status zc_msgpack_fault(const zc_msgpack_reader *self, const unsigned char *at,
                               const char *fault) __attribute__((cold));
#define ZC_MSGPACK_REFUSE(at, fault) zc_msgpack_fail(self, zc_msgpack_fault(self, at, fault))
#define ZC_MSGPACK_REFUSE_END()      ZC_MSGPACK_REFUSE(self->end, "the value ends too early")

/* What a first byte begins, in words: "a map". */
const char *zc_msgpack_found(unsigned char first);

/* Skips a value of any kind, which may be cut off: `at` may be the end. */
const unsigned char *zc_msgpack_skip(zc_msgpack_reader *self, const unsigned char *at);

/* Reads the big-endian number of `width` bytes behind the first byte. */
static inline const unsigned char *zc_msgpack_size(zc_msgpack_reader *self, const unsigned char *at,
                                                   size_t width, size_t *size)
{
    if (zc_msgpack_left(self, at) <= width)
        return ZC_MSGPACK_REFUSE_END();
    if (width == 1)
        *size = at[1];
    else if (width == 2)
        *size = zc_msgpack_load_16(at + 1);
    else
        *size = zc_msgpack_load_32(at + 1);
    return at + 1 + width;
}

/* The header of a text, whose bytes are there. `*is_text` is false, and nothing was read, if it is
 * something else. */
static inline const unsigned char *zc_msgpack_text(zc_msgpack_reader *self, const unsigned char *at,
                                                   size_t *size, bool *is_text)
{
    unsigned char first = *at;
    *is_text = true;
    if (first >= MSGPACK_FIXSTR && first < MSGPACK_NIL) {
        *size = first & 0x1f;
        at++;
    } else if (first >= MSGPACK_STR8 && first <= MSGPACK_STR32) {
        at = zc_msgpack_size(self, at, (size_t)1 << (first - MSGPACK_STR8), size);
        if (at == NULL)
            return NULL;
    } else {
        *is_text = false;
        return at;
    }
    return zc_msgpack_left(self, at) >= *size ? at : ZC_MSGPACK_REFUSE_END();
}

/* The header of bytes, or of a text, as older writers store them. */
static inline const unsigned char *
zc_msgpack_bytes(zc_msgpack_reader *self, const unsigned char *at, size_t *size, bool *is_bytes)
{
    unsigned char first = *at;
    if (first < MSGPACK_BIN8 || first > MSGPACK_BIN32)
        return zc_msgpack_text(self, at, size, is_bytes);
    *is_bytes = true;
    at = zc_msgpack_size(self, at, (size_t)1 << (first - MSGPACK_BIN8), size);
    if (at == NULL)
        return NULL;
    return zc_msgpack_left(self, at) >= *size ? at : ZC_MSGPACK_REFUSE_END();
}

/* The header of a map or array, for whose elements at least a byte each is left (a pair has two
 * elements). */
static inline const unsigned char *zc_msgpack_count(zc_msgpack_reader *self,
                                                    const unsigned char *at, unsigned fixed,
                                                    unsigned wide, size_t *count, bool *is_one)
{
    unsigned char first = *at;
    *is_one = true;
    if ((first & 0xf0u) == fixed) {
        *count = first & 0x0f;
        at++;
    } else if (first == wide || first == wide + 1) {
        at = zc_msgpack_size(self, at, first == wide ? 2 : 4, count);
        if (at == NULL)
            return NULL;
    } else {
        *is_one = false;
        return at;
    }
    size_t elements = fixed == MSGPACK_FIXMAP ? *count * 2 : *count;
    return zc_msgpack_left(self, at) >= elements ? at : ZC_MSGPACK_REFUSE_END();
}

#endif
