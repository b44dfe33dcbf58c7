/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs: what turns a value of a typed table (<zcache/table.h>) into the bytes that are stored,
 * and back. Four are built in:
 *
 *     bytes     the bytes of a zcache_bytes as they are
 *     string    the bytes of a string, which must be UTF-8
 *     json      RFC 8259
 *     msgpack   MessagePack, structs as maps with their fields' names
 *
 * A table takes the one that its options, `[table.NAME] serialization` or `[cache] serialization`
 * name, else the one that fits its type: bytes, string, or json. What is stored is the codec's
 * bytes and nothing else, so programs in other languages read and write the same keys.
 *
 * Your own codec is registered by the program (zcache_codec_register), or comes from a plugin of
 * the kind ZCACHE_KIND_CODEC (<zcache/plugin.h>), which is loaded by its name. It works in one of
 * two ways:
 *
 *   - By tokens, `put` and `next`: it writes and reads numbers, texts, arrays and maps one after the
 *     other, and the library walks the struct: fields, defaults, aliases, limits of depth. This is
 *     for formats: CBOR, BSON, YAML.
 *   - By values, `encode` and `decode`: it is given the whole struct. This is for what a format
 *     library of your own does, or for a struct with a fixed layout.
 *
 * Bytes that come from a backend are untrusted: a decoder believes no length before it has seen as
 * many bytes, and never reads past the end.
 *
 * The header is plain C99 and C++11. Everything here is since 1.0.
 */
#ifndef ZCACHE_CODEC_H
#define ZCACHE_CODEC_H

#include <zcache/types.h>

ZCACHE_BEGIN_DECLS

typedef struct zcache_struct zcache_struct; /* what a value looks like: <zcache/table.h> */
typedef struct zcache_codec zcache_codec;
typedef struct zcache_buffer zcache_buffer;
typedef struct zcache_reader zcache_reader;
typedef struct zcache_block zcache_block;

/* Leaves the message for zcache_error_message() and returns `status`, so that a failure reads
 * `return reader->error(ZCACHE_E_TYPE, "byte %zu: …", at);`. One line; the library adds the names
 * of codec, table and key. */
typedef zcache_status zcache_codec_error_fn(zcache_status status, const char *format, ...)
    ZCACHE_PRINTF(2, 3);

/* ---- where encoded bytes go ------------------------------------------------------------------ */

/* A growing run of bytes: data[0 .. size). The library owns the memory. */
struct zcache_buffer {
    unsigned char *data;
    size_t size;
    size_t capacity;
    /* Makes room for `more` bytes beyond size; false when memory is short. Call it through
     * zcache_buffer_room. */
    bool (*grow)(zcache_buffer *buffer, size_t more);
    zcache_codec_error_fn *error;
};

/* Room for `more` bytes, at least 1, at the end: write there, then add what was written to size.
 * NULL when memory is short: return ZCACHE_E_NOMEM. Valid until the next call on this buffer. */
static inline unsigned char *zcache_buffer_room(zcache_buffer *buffer, size_t more)
{
    if (buffer->capacity - buffer->size < more && !buffer->grow(buffer, more))
        return NULL;
    return buffer->data + buffer->size;
}

/* Appends a copy of `size` bytes; false when memory is short: return ZCACHE_E_NOMEM. */
static inline bool zcache_buffer_append(zcache_buffer *buffer, const void *data, size_t size)
{
    unsigned char *to;
    if (size == 0)
        return true;
    to = zcache_buffer_room(buffer, size);
    if (to == NULL)
        return false;
    memcpy(to, data, size);
    buffer->size += size;
    return true;
}

/* ---- where decoded bytes come from ----------------------------------------------------------- */

/* What is still to be read: at[0 .. end - at). A decoder moves `at` on. */
struct zcache_reader {
    const unsigned char *at;
    const unsigned char *end;
    const unsigned char *begin; /* of the whole value: byte numbers in messages count from here */
    zcache_codec_error_fn *error;
};

/* ---- the memory of a decoded value ----------------------------------------------------------- */

/* Strings, bytes, arrays and pointed-to structs of one decoded value share one block of memory,
 * which TYPE_free() releases. */
struct zcache_block {
    unsigned char *base;
    size_t used;
    size_t capacity;
    size_t wanted; /* what `used` would be with enough room: more than capacity asks for more */
    zcache_codec_error_fn *error;
};

/* In front of each piece of a block stands where the block begins, and a check of it. */
#define ZCACHE_BLOCK_MARK 8
static inline uint32_t zcache_block_check(const void *piece, uint32_t offset)
{
    return (uint32_t)(((uint64_t)(uintptr_t)piece * UINT64_C(0x9E3779B97F4A7C15)) >> 32) ^ offset;
}

/* The piece of the block at `at`, where there is room for it: what zcache_block_alloc ends with. */
static inline void *zcache_block_take(zcache_block *block, size_t at, size_t size)
{
    unsigned char *piece = block->base + at;
    uint32_t mark[2];
    mark[0] = (uint32_t)at;
    mark[1] = zcache_block_check(piece, (uint32_t)at);
    memcpy(piece - ZCACHE_BLOCK_MARK, mark, sizeof(mark));
    block->used = block->wanted = at + size;
    return piece;
}

/* A piece of the block, aligned to `alignment` (a power of two, at most 16), not zeroed. NULL: the
 * block is too small; return ZCACHE_E_NOMEM, and the library calls the decoder again with a larger
 * one, or gives up. Every pointer that a decoder leaves in the struct comes from here. */
static inline void *zcache_block_alloc(zcache_block *block, size_t size, size_t alignment)
{
    size_t at = (block->wanted + ZCACHE_BLOCK_MARK + alignment - 1) & ~(alignment - 1);
    bool is_huge;
    if (at <= block->capacity && size <= block->capacity - at)
        return zcache_block_take(block, at, size);
    /* half of SIZE_MAX: beyond what a value may take */
    is_huge = size > (size_t)INT32_MAX || at > (size_t)INT32_MAX - size;
    block->wanted = is_huge ? SIZE_MAX / 2 : at + size;
    return NULL;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* What a value is made of, to a codec that works by tokens. */
typedef enum zcache_token_kind {
    ZCACHE_TOKEN_NULL = 0,
    ZCACHE_TOKEN_BOOL = 1,     /* boolean */
    ZCACHE_TOKEN_INTEGER = 2,  /* integer: any number that an int64_t holds */
    ZCACHE_TOKEN_UNSIGNED = 3, /* natural: only for those above INT64_MAX */
    ZCACHE_TOKEN_FLOAT = 4,    /* real, exactly a float */
    ZCACHE_TOKEN_DOUBLE = 5,   /* real */
    ZCACHE_TOKEN_TEXT = 6,     /* slice: UTF-8; the library checks it */
    ZCACHE_TOKEN_BYTES = 7,    /* slice */
    ZCACHE_TOKEN_ARRAY = 8,    /* count elements follow */
    ZCACHE_TOKEN_MAP = 9,      /* count pairs follow: a key, which is a TEXT, and its value */
    ZCACHE_TOKEN_END = 10      /* read only: ends an array or map of unknown count */
} zcache_token_kind;

#define ZCACHE_COUNT_UNKNOWN SIZE_MAX /* read only: an END will come */

typedef struct zcache_token {
    zcache_token_kind kind;
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double real;
    zcache_slice slice; /* put: borrowed for the call; next: lies in the bytes that are read */
    size_t count;
} zcache_token;

/* ---- codecs ---------------------------------------------------------------------------------- */

/* A codec: `put` and `next`, or `encode` and `decode`; the others NULL. Its functions are called by
 * any thread, several at once. */
struct zcache_codec {
    size_t size; /* sizeof(zcache_codec) */
    void *user;  /* your own; a plugin's is NULL */

    /* Appends one token. Returns ZCACHE_OK, ZCACHE_E_NOMEM (the buffer cannot grow), or
     * ZCACHE_E_INVALID: this format cannot hold it (a NaN, say). */
    zcache_status (*put)(const zcache_codec *codec, zcache_buffer *buffer,
                         const zcache_token *token);

    /* Reads the next token and moves reader->at behind it. Returns ZCACHE_OK, or ZCACHE_E_TYPE: the
     * bytes are not of this format, or end too early. */
    zcache_status (*next)(const zcache_codec *codec, zcache_reader *reader, zcache_token *token);

    /* Appends `value`, which is a `type`. Returns ZCACHE_OK, ZCACHE_E_NOMEM, or ZCACHE_E_INVALID. */
    zcache_status (*encode)(const zcache_codec *codec, const zcache_struct *type, const void *value,
                            zcache_buffer *buffer);

    /* Fills `value`, which is a `type` and all zero, from all bytes of the reader. Pointers in it
     * come from zcache_block_alloc. On failure what it left in `value` is forgotten. Returns
     * ZCACHE_OK, ZCACHE_E_NOMEM, or ZCACHE_E_TYPE: the bytes are no such value. */
    zcache_status (*decode)(const zcache_codec *codec, const zcache_struct *type,
                            zcache_reader *reader, void *value, zcache_block *block);
};

/* Makes `codec` known by `name` to the whole process, until it ends: `serialization = name` then
 * means it. Register before tables are opened.
 *     name    [a-z][a-z0-9_-]{0,31}; copied
 *     codec   must stay valid to the end of the process
 * Errors: ZCACHE_E_BUSY: a codec of this name is built in or registered already; ZCACHE_E_INVALID;
 * ZCACHE_E_NOMEM. Any thread. */
ZCACHE_PUBLIC zcache_status zcache_codec_register(const char *name, const zcache_codec *codec);

ZCACHE_END_DECLS

#endif /* ZCACHE_CODEC_H */
