/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What competes in the benchmark of codecs.
 *
 * Each library is used as its own documentation says is fast: buffers, allocators and zones are
 * kept from one value to the next. What is decoded owns its texts in every case, and all take the
 * memory for them as ours do, one block for a value: a malloc for each text would be the program's
 * own doing, not the library's.
 */
#ifndef TESTS_BENCH_CODEC_H
#define TESTS_BENCH_CODEC_H

#include <stdlib.h>
#include <string.h>

#include "codec-records.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Encodes a value into memory of its own, which is valid until the next call. Returns the size; it
 * never fails. */
typedef size_t bench_encode(const void *value, const char **bytes);

/* What can be written behind bytes that are decoded; before anybody does, there is a NUL. */
#define BENCH_ROOM 64

/* Decodes all of the bytes into `value`, which is not initialised. Returns the block, for the
 * competitor's `release`. Aborts where the bytes are no such value. */
typedef void *bench_decode(char *bytes, size_t size, void *value);

typedef void bench_release(record which, void *value, void *memory);

typedef struct competitor {
    const char *name;
    bench_encode *encode[RECORDS]; /* NULL: another row of the same library has it */
    bench_decode *decode[RECORDS];
    bench_release *release;
} competitor;

extern const competitor bench_zcache_json, bench_zcache_msgpack;
extern const competitor bench_rapidjson, bench_rapidjson_insitu, bench_rapidjson_reader;
extern const competitor bench_jansson, bench_cjson;
extern const competitor bench_msgpack_c, bench_msgpack_c_next;

/* ---- the memory of a value that another library decoded -------------------------------------- */

typedef struct bench_block {
    char *memory;
    char *at;
    char *end;
} bench_block;

/* Where texts go while it is the codec alone that is measured; NULL: each value has its own block. */
#define BENCH_KEPT_SIZE 16384
extern char *bench_kept;

/* Enough for what is encoded in `size` bytes of any of the records: see block_take. */
static inline bench_block block_begin(size_t size)
{
    size_t capacity = size + 128;
    char *memory = bench_kept != NULL ? bench_kept : (char *)malloc(capacity);
    if (memory == NULL || capacity > BENCH_KEPT_SIZE)
        abort();
    bench_block begun = {memory, memory, memory + capacity};
    return begun;
}

static inline void *block_take(bench_block *self, size_t size)
{
    char *taken = self->at;
    if ((size_t)(self->end - taken) < size)
        abort();
    self->at += size;
    return taken;
}

static inline void *block_take_array(bench_block *self, size_t size)
{
    uintptr_t over = (uintptr_t)self->at % sizeof(void *);
    if (over > 0)
        block_take(self, sizeof(void *) - over);
    return block_take(self, size);
}

static inline char *block_text(bench_block *self, const char *text, size_t size)
{
    char *copy = (char *)block_take(self, size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

/* A text into a char array of `room` bytes. */
static inline void bench_copy_chars(char *to, size_t room, const char *text, size_t size)
{
    if (size >= room)
        abort();
    memcpy(to, text, size);
    to[size] = '\0';
}

static inline state bench_state(const char *name, size_t size)
{
    if (size == 6 && memcmp(name, "active", 6) == 0)
        return ACTIVE;
    if (size == 7 && memcmp(name, "pending", 7) == 0)
        return PENDING;
    if (size == 9 && memcmp(name, "suspended", 9) == 0)
        return SUSPENDED;
    abort();
}

static inline void bench_release_block(record which, void *value, void *memory)
{
    (void)which;
    (void)value;
    if (memory != bench_kept)
        free(memory);
}

#ifdef __cplusplus
}
#endif

#endif
