/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What MessagePack needs apart from values that fit: words for those that do not, and a way past
 * those that nobody asked for.
 */
#include "codec/msgpack-read.h"

#include "base/error.h"
#include "codec/plan.h"

zcache_status zc_msgpack_fault(const zc_msgpack_reader *self, const unsigned char *at,
                               const char *fault)
{
    return zc_error(ZCACHE_E_TYPE, "byte %zu: %s", zc_msgpack_byte(self, at), fault);
}

const char *zc_msgpack_found(unsigned char first)
{
    if (first < MSGPACK_FIXMAP || first >= MSGPACK_NEGATIVE_FIXINT)
        return "a number";
    if (first < MSGPACK_FIXARRAY || first == MSGPACK_MAP16 || first == MSGPACK_MAP32)
        return "a map";
    if (first < MSGPACK_FIXSTR || first == MSGPACK_ARRAY16 || first == MSGPACK_ARRAY32)
        return "an array";
    if (first < MSGPACK_NIL || first >= MSGPACK_STR8)
        return "a text";
    if (first == MSGPACK_NIL)
        return "nil";
    if (first == MSGPACK_NEVER_USED)
        return "the byte 0xc1, which is never used";
    if (first <= MSGPACK_TRUE)
        return "a bool";
    if (first <= MSGPACK_BIN32)
        return "bytes";
    if (first <= MSGPACK_EXT32 || first >= MSGPACK_FIXEXT1)
        return "an extension type";
    return "a number";
}

/* What follows the first bytes from 0xc0 to 0xdf. */
static const struct {
    unsigned char width; /* bytes of the number that follows: a size, or a count */
    unsigned char body;  /* bytes after that, whatever the number is */
    unsigned char each;  /* values for each of a count; 0: the number is a size */
} formats[] = {
    [MSGPACK_NIL - MSGPACK_NIL] = {0, 0, 0},       [MSGPACK_BIN8 - MSGPACK_NIL] = {1, 0, 0},
    [MSGPACK_BIN16 - MSGPACK_NIL] = {2, 0, 0},     [MSGPACK_BIN32 - MSGPACK_NIL] = {4, 0, 0},
    [MSGPACK_EXT8 - MSGPACK_NIL] = {1, 1, 0}, /* and the type */
    [MSGPACK_EXT16 - MSGPACK_NIL] = {2, 1, 0},     [MSGPACK_EXT32 - MSGPACK_NIL] = {4, 1, 0},
    [MSGPACK_FLOAT - MSGPACK_NIL] = {0, 4, 0},     [MSGPACK_DOUBLE - MSGPACK_NIL] = {0, 8, 0},
    [MSGPACK_UINT8 - MSGPACK_NIL] = {0, 1, 0},     [MSGPACK_UINT16 - MSGPACK_NIL] = {0, 2, 0},
    [MSGPACK_UINT32 - MSGPACK_NIL] = {0, 4, 0},    [MSGPACK_UINT64 - MSGPACK_NIL] = {0, 8, 0},
    [MSGPACK_INT8 - MSGPACK_NIL] = {0, 1, 0},      [MSGPACK_INT16 - MSGPACK_NIL] = {0, 2, 0},
    [MSGPACK_INT32 - MSGPACK_NIL] = {0, 4, 0},     [MSGPACK_INT64 - MSGPACK_NIL] = {0, 8, 0},
    [MSGPACK_FIXEXT1 - MSGPACK_NIL] = {0, 2, 0},   [MSGPACK_FIXEXT2 - MSGPACK_NIL] = {0, 3, 0},
    [MSGPACK_FIXEXT4 - MSGPACK_NIL] = {0, 5, 0},   [MSGPACK_FIXEXT8 - MSGPACK_NIL] = {0, 9, 0},
    [MSGPACK_FIXEXT16 - MSGPACK_NIL] = {0, 17, 0}, [MSGPACK_STR8 - MSGPACK_NIL] = {1, 0, 0},
    [MSGPACK_STR16 - MSGPACK_NIL] = {2, 0, 0},     [MSGPACK_STR32 - MSGPACK_NIL] = {4, 0, 0},
    [MSGPACK_ARRAY16 - MSGPACK_NIL] = {2, 0, 1},   [MSGPACK_ARRAY32 - MSGPACK_NIL] = {4, 0, 1},
    [MSGPACK_MAP16 - MSGPACK_NIL] = {2, 0, 2},     [MSGPACK_MAP32 - MSGPACK_NIL] = {4, 0, 2},
};

/* Moves over a header and what follows it, but for the values in a map or array, whose number is
 * `*inner`. */
static const unsigned char *skip_one(zc_msgpack_reader *self, const unsigned char *at,
                                     size_t *inner)
{
    unsigned char first = *at;
    size_t size = 1;
    *inner = 0;
    if (first >= MSGPACK_FIXMAP && first < MSGPACK_FIXSTR) {
        *inner = (first & 0x0fu) * (first < MSGPACK_FIXARRAY ? 2u : 1u);
    } else if (first >= MSGPACK_FIXSTR && first < MSGPACK_NIL) {
        size += first & 0x1fu;
    } else if (first == MSGPACK_NEVER_USED) {
        return ZC_MSGPACK_REFUSE(at, zc_msgpack_found(first));
    } else if (first >= MSGPACK_NIL && first < MSGPACK_NEGATIVE_FIXINT) {
        size_t width = formats[first - MSGPACK_NIL].width, number = 0;
        if (width > 0 && zc_msgpack_size(self, at, width, &number) == NULL)
            return NULL;
        *inner = number * formats[first - MSGPACK_NIL].each;
        size += width + formats[first - MSGPACK_NIL].body;
        if (formats[first - MSGPACK_NIL].each == 0)
            size += number;
    }
    if (size > zc_msgpack_left(self, at) || *inner > zc_msgpack_left(self, at + size))
        return ZC_MSGPACK_REFUSE_END();
    return at + size;
}

const unsigned char *zc_msgpack_skip(zc_msgpack_reader *self, const unsigned char *at)
{
    size_t pending[ZC_DEPTH_MAX + 1]; /* values still to come, at each level */
    unsigned level = self->depth;
    pending[level] = 1;
    for (;;) {
        while (pending[level] == 0) {
            if (level == self->depth)
                return at;
            level--;
        }
        pending[level]--;
        if (at == self->end)
            return ZC_MSGPACK_REFUSE_END();
        const unsigned char *begin = at;
        size_t inner;
        at = skip_one(self, at, &inner);
        if (at == NULL)
            return NULL;
        if (inner == 0)
            continue;
        if (++level > ZC_DEPTH_MAX)
            return ZC_MSGPACK_REFUSE(begin, "nested too deep");
        pending[level] = inner;
    }
}
