/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Numbers as decimal text and back: the numbers of JSON (RFC 8259). The locale plays no part,
 * nothing is allocated, errno is kept; any thread.
 *
 * Real numbers are written as the shortest text that reads back as the same number, and of several
 * the nearest to it; they are read correctly rounded (to nearest, ties to even), however long the
 * text is.
 */
#ifndef ZC_BASE_DECIMAL_H
#define ZC_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- writing --------------------------------------------------------------------------------- */

/* Room that the writers ask for. They may write all of it, and return how much of it is text; there
 * is no NUL at the end. */
#define ZC_DOUBLE_MAX 40
#define ZC_INT64_MAX  24

/* In the form of JavaScript's Number.prototype.toString, but for -0, which is "-0.0": "5", "0.1",
 * "0.000001", "1e-7", "100000000000000000000", "1e+21". `value` is finite. */
size_t zc_double_write(double value, char to[ZC_DOUBLE_MAX]);
/* The shortest that reads back as the same float. */
size_t zc_float_write(float value, char to[ZC_DOUBLE_MAX]);

size_t zc_uint64_write(uint64_t value, char to[ZC_INT64_MAX]);
size_t zc_int64_write(int64_t value, char to[ZC_INT64_MAX]);

/* ---- reading --------------------------------------------------------------------------------- */

typedef enum zc_number_kind {
    ZC_NUMBER_INTEGER,  /* integer: neither fraction nor exponent, and an int64_t holds it */
    ZC_NUMBER_UNSIGNED, /* natural: the same, but above INT64_MAX */
    ZC_NUMBER_REAL,     /* real: any other number, also -0 and integers beyond 64 bits */
    ZC_NUMBER_BEYOND,   /* well-formed, but beyond the range of double; real is an infinity */
} zc_number_kind;

typedef struct zc_number {
    zc_number_kind kind;
    union {
        int64_t integer;
        uint64_t natural;
        double real;
    };
    /* REAL: how it was written, in the bytes that were read. For zc_number_to_float. */
    const char *text;
    size_t size;
} zc_number;

/* Reads the number that begins at *at and moves *at behind it; what follows it is for the caller to
 * judge. False when there is none: *at is then where the text stops being one, or `end`. A byte
 * that is in no number stands at `end`. */
static inline bool zc_number_read(const char **at, const char *end, zc_number *number);

/* The nearest float, rounded once: from the text, not from the double. False: beyond its range. */
bool zc_number_to_float(const zc_number *number, float *value);

/* The nearest double. False: beyond its range. */
static inline bool zc_number_to_double(const zc_number *number, double *value)
{
    *value = number->kind == ZC_NUMBER_INTEGER    ? (double)number->integer
             : number->kind == ZC_NUMBER_UNSIGNED ? (double)number->natural
                                                  : number->real;
    return number->kind != ZC_NUMBER_BEYOND;
}

/* For zc_number_read: any number, of whose digits those before `next` are read. */
bool zc_number_read_on(const char **at, const char *end, const char *next, uint64_t significand,
                       zc_number *number);

static inline bool zc_number_read(const char **at, const char *end, zc_number *number)
{
    /* Most numbers are integers that need no more than this. A uint64_t holds any 19 digits. */
    const char *next = *at;
    bool is_negative = *next == '-';
    const char *digits = next += is_negative;
    uint64_t value = 0;
    unsigned digit;
    for (; (digit = (unsigned char)*next - (unsigned)'0') < 10; next++)
        value = value * 10 + digit;
    if (next - digits > 19)
        return zc_number_read_on(at, end, digits, 0, number);
    bool is_whole = *next != '.' && (*next | 0x20) != 'e';
    bool is_zero_alone = next - digits == 1 && !is_negative;
    if (!is_whole || next == digits || (*digits == '0' && !is_zero_alone) || value > INT64_MAX)
        return zc_number_read_on(at, end, next, value, number);
    number->kind = ZC_NUMBER_INTEGER;
    number->integer = is_negative ? -(int64_t)value : (int64_t)value;
    *at = next;
    return true;
}

#endif
