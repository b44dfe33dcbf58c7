/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Random values of any described struct, and whether two are equal. Both walk the descriptor, and
 * know nothing of codecs. The same seed gives the same values on every machine.
 */
#ifndef TESTS_CODEC_VALUES_H
#define TESTS_CODEC_VALUES_H

#include <zcache/table.h>

/* A generator, and the memory of the values that it made. */
typedef struct values values;

/* The seed of ZCACHE_TEST_SEED, else this one. */
uint64_t values_seed(uint64_t otherwise);

values *values_new(uint64_t seed);
void values_free(values *from);

/* The next number of 64 random bits; and one below a limit. */
uint64_t values_bits(values *from);
size_t values_below(values *from, size_t limit);

/* Fills a struct with a value that can be encoded. Its memory is the generator's. */
typedef enum values_limits {
    VALUES_ANY = 0,
    VALUES_FINITE = 1, /* without NaN and infinities, which JSON does not have */
    VALUES_SIGNED = 2  /* without integers above INT64_MAX, which not all libraries know */
} values_limits;
void values_fill(values *from, const zcache_struct *type, void *value, unsigned limits);

/* Random UTF-8 without a NUL, of at most `most` bytes, terminated; returns its length. */
size_t values_text(values *from, char *text, size_t most);

/* Real numbers of many kinds: small, long, tiny, huge, halfway between two floats. */
double values_real(values *from, bool finite);

/* Memory of the generator's, all zero. */
void *values_memory(values *from, size_t size);

/* The pointer that stands there. */
static inline const void *values_pointer(const void *at)
{
    const void *pointer;
    memcpy(&pointer, at, sizeof(pointer));
    return pointer;
}

/* Whether two values of a type are equal, NaN to NaN, an array of no elements to none; else the
 * name of the field that differs is in `where`. */
bool values_equal(const zcache_struct *type, const void *a, const void *b, const char **where);

#endif
