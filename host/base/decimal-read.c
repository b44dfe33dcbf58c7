/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Decimal text to numbers. Three ways to a real one, each for what the one before cannot decide:
 *
 *   - One operation of the processor on two numbers that a double holds exactly rounds correctly
 *     (William Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 *   - The significand times a power of ten to 128 bits: what the power lacks cannot change the bits
 *     that count unless those after them are all ones (Daniel Lemire after Michael Eisel, "Number
 *     Parsing at a Gigabyte per Second", 2021).
 *   - The C library, with all digits.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/powers.h"

/* significand * 10^exponent, and more digits when is_cut. */
typedef struct decimal {
    uint64_t significand;
    int64_t exponent;
    bool is_cut;
    bool is_negative;
} decimal;

/* Digits that a uint64_t holds, whatever they are. */
#define SIGNIFICAND_DIGITS 19
/* Exponents are counted up to here: more than any text has digits that might make up for it. */
#define EXPONENT_LIMIT INT64_C(1000000000000000)

static inline bool is_digit(char character)
{
    return (unsigned char)(character - '0') < 10;
}

/* ---- exact: all digits ----------------------------------------------------------------------- */

/* A number half way between two doubles has at most 767 digits that are not zeros at an end: after
 * as many, others matter only in being there. */
#define EXACT_DIGITS        800
#define EXACT_EXPONENT      9999
#define EXACT_EXPONENT_SIZE sizeof("e-9999")
#define EXACT_SIZE          (1 + EXACT_DIGITS + 1 + EXACT_EXPONENT_SIZE) /* sign, digits, rest */

/* Writes a well-formed number anew, as digits and an exponent: no point, so no locale, and of
 * bounded size. */
static void exact_write(const char *text, size_t size, char to[EXACT_SIZE])
{
    const char *at = text;
    const char *end = text + size;
    if (*at == '-')
        *to++ = *at++;
    char *digits = to;
    int64_t exponent = 0;
    bool is_fraction = false;
    bool has_rest = false;
    for (; at < end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            is_fraction = true;
            continue;
        }
        exponent -= is_fraction;
        if (to == digits && *at == '0')
            continue;
        if (to - digits < EXACT_DIGITS) {
            *to++ = *at;
        } else {
            has_rest |= *at != '0';
            exponent++;
        }
    }
    if (has_rest) {
        *to++ = '1';
        exponent--;
    }
    if (to == digits)
        *to++ = '0';
    if (at < end) {
        at++;
        bool is_negative = *at == '-';
        at += *at == '-' || *at == '+';
        int64_t written = 0;
        for (; at < end; at++)
            if (written < EXPONENT_LIMIT)
                written = written * 10 + (*at - '0');
        exponent += is_negative ? -written : written;
    }
    /* the digits make up for no more than that */
    if (exponent > EXACT_EXPONENT)
        exponent = EXACT_EXPONENT;
    if (exponent < -EXACT_EXPONENT)
        exponent = -EXACT_EXPONENT;
    snprintf(to, EXACT_EXPONENT_SIZE, "e%d", (int)exponent);
}

static double exact_double(const char *text, size_t size)
{
    char number[EXACT_SIZE];
    int saved_errno = errno;
    exact_write(text, size, number);
    double value = strtod(number, NULL);
    errno = saved_errno;
    return value;
}

static float exact_float(const char *text, size_t size)
{
    char number[EXACT_SIZE];
    int saved_errno = errno;
    exact_write(text, size, number);
    float value = strtof(number, NULL);
    errno = saved_errno;
    return value;
}

/* ---- fast ------------------------------------------------------------------------------------ */

/* Clinger: powers of ten up to 10^22 are doubles, as are integers up to 2^53. */
static inline bool by_one_operation(uint64_t significand, int64_t exponent, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (FLT_EVAL_METHOD != 0 || significand > UINT64_C(1) << DBL_MANT_DIG || exponent < -22 ||
        exponent > 22)
        return false;
    *value = (double)(int64_t)significand;
    if (exponent < 0)
        *value /= powers[-exponent];
    else
        *value *= powers[exponent];
    return true;
}

/* Eisel and Lemire. False: undecided. The significand is not 0. */
static bool by_power(uint64_t significand, int64_t exponent, double *value)
{
    if (exponent < ZC_POWER_MIN || exponent > DBL_MAX_10_EXP) {
        *value = exponent < 0 ? 0.0 : (double)INFINITY;
        return true;
    }
    zc_power power = zc_power_of_ten((int)exponent);
    int zeros = __builtin_clzll(significand);
    significand <<= zeros;
    zc_product product = zc_power_multiply(power, significand);
    uint64_t high = product.high;
    bool is_exact = zc_power_is_exact((int)exponent);
    /* the true product is above this one by less than significand: does that reach `high`? */
    if (!is_exact && product.middle == UINT64_MAX && product.low + significand < significand)
        return false;

    /* 2^(exponent of two) <= product < twice that */
    int top = (int)(high >> 63);
    int biased = zc_power_log2((int)exponent) + top + 63 - zeros + DBL_MAX_EXP - 1;
    int cut = 10 + top; /* bits of `high` that do not fit */
    if (biased <= 0) {
        cut += 1 - biased;
        biased = 1;
        if (cut > 63)
            return false;
    }
    uint64_t mantissa = high >> cut;
    uint64_t rest = high & ((UINT64_C(1) << cut) - 1);
    uint64_t half = UINT64_C(1) << (cut - 1);
    bool is_tie = is_exact && rest == half && product.middle == 0 && product.low == 0;
    mantissa += is_tie ? mantissa & 1 : rest >= half; /* what is not exact lies above */

    /* the hidden bit of the mantissa, or of what it was rounded to, counts the exponent up */
    uint64_t bits = ((uint64_t)(biased - 1) << (DBL_MANT_DIG - 1)) + mantissa;
    if (biased >= 2 * DBL_MAX_EXP - 1 || bits >> (DBL_MANT_DIG - 1) >= 2 * DBL_MAX_EXP - 1) {
        *value = (double)INFINITY;
        return true;
    }
    memcpy(value, &bits, sizeof(bits));
    return true;
}

static double nearest_double(decimal number, const char *text, size_t size)
{
    double value;
    if (number.is_cut) {
        double next;
        if (by_power(number.significand, number.exponent, &value) &&
            by_power(number.significand + 1, number.exponent, &next) && value == next)
            return number.is_negative ? -value : value;
        return exact_double(text, size);
    }
    /* zero is decided here, whatever its exponent */
    if (number.significand == 0)
        return number.is_negative ? -0.0 : 0.0;
    if (by_one_operation(number.significand, number.exponent, &value) ||
        by_power(number.significand, number.exponent, &value))
        return number.is_negative ? -value : value;
    return exact_double(text, size);
}

/* ---- grammar --------------------------------------------------------------------------------- */

/* The value of eight characters if all are digits. The first is the lowest byte. Joins neighbours
 * three times. */
static inline bool eight_digits(const char *text, uint64_t *value)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    /* digits are 0x30 to 0x39: adding 6 must leave the upper half of each byte a 3 */
    if (((bytes & (bytes + UINT64_C(0x0606060606060606))) & UINT64_C(0xF0F0F0F0F0F0F0F0)) !=
        UINT64_C(0x3030303030303030))
        return false;
    bytes &= UINT64_C(0x0F0F0F0F0F0F0F0F);
    bytes = (bytes * 10 + (bytes >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    bytes = (bytes * 100 + (bytes >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    *value = (uint32_t)(bytes * 10000 + (bytes >> 32));
    return true;
}

/* Adds digits to `significand`, modulo 2^64. */
static inline const char *read_digits(const char *at, const char *end, uint64_t *significand)
{
    uint64_t eight;
    while (end - at >= 8 && eight_digits(at, &eight)) {
        *significand = *significand * 100000000 + eight;
        at += 8;
    }
    while (at < end && is_digit(*at))
        *significand = *significand * 10 + (uint64_t)(*at++ - '0');
    return at;
}

/* Reads what stands after 'e'. *at is then behind it, or where it fails. */
static bool read_exponent(const char **at, const char *end, int64_t *exponent)
{
    const char *next = *at;
    bool is_negative = next < end && *next == '-';
    next += next < end && (*next == '-' || *next == '+');
    const char *digits = next;
    int64_t value = 0;
    for (; next < end && is_digit(*next); next++)
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (*next - '0');
    *exponent += is_negative ? -value : value;
    *at = next;
    return next > digits;
}

/* Reads the digits of a number again, when there may be more than a uint64_t holds. */
static void cut_digits(const char *digits, const char *end, decimal *number)
{
    int count = 0;
    number->significand = 0;
    for (; digits < end; digits++) {
        if (*digits == '.' || (count == 0 && *digits == '0'))
            continue;
        if (count < SIGNIFICAND_DIGITS) {
            number->significand = number->significand * 10 + (uint64_t)(*digits - '0');
            count++;
        } else {
            number->is_cut |= *digits != '0';
            number->exponent++;
        }
    }
}

/* An integer of `count` digits, whose value modulo 2^64 is known. False: 64 bits don't hold it, or
 * it is -0, which only a double tells from 0. */
static bool as_integer(const char *digits, ptrdiff_t count, const decimal *value, zc_number *number)
{
    /* 20 digits from a 1 on are below 2^64 + 2^63: what has overflown is small */
    if (count > 20 || (count == 20 && (*digits != '1' || value->significand < UINT64_C(1) << 63)))
        return false;
    if (value->significand <= INT64_MAX) {
        number->kind = ZC_NUMBER_INTEGER;
        number->integer =
            value->is_negative ? -(int64_t)value->significand : (int64_t)value->significand;
        return !value->is_negative || value->significand != 0;
    }
    if (value->is_negative) {
        number->kind = ZC_NUMBER_INTEGER;
        number->integer = INT64_MIN;
        return value->significand == UINT64_C(1) << 63;
    }
    number->kind = ZC_NUMBER_UNSIGNED;
    number->natural = value->significand;
    return true;
}

bool zc_number_read_on(const char **at, const char *end, const char *next, uint64_t significand,
                       zc_number *number)
{
    const char *text = *at;
    decimal value = {.significand = significand, .is_negative = text < end && *text == '-'};
    const char *digits = text + value.is_negative;
    next = read_digits(next, end, &value.significand);
    ptrdiff_t count = next - digits;
    bool is_integer = true;
    *at = next;
    if (count == 0)
        return false;
    if (*digits == '0' && count > 1) {
        *at = digits + 1;
        return false;
    }
    if (next < end && *next == '.') {
        const char *fraction = next + 1;
        *at = next = read_digits(fraction, end, &value.significand);
        if (next == fraction)
            return false;
        value.exponent = fraction - next;
        count += next - fraction;
        is_integer = false;
    }
    const char *digits_end = next;
    if (next < end && (*next | 0x20) == 'e') {
        *at = next + 1;
        if (!read_exponent(at, end, &value.exponent))
            return false;
        is_integer = false;
    }
    if (is_integer && as_integer(digits, count, &value, number))
        return true;
    if (count > SIGNIFICAND_DIGITS)
        cut_digits(digits, digits_end, &value);
    number->text = text;
    number->size = (size_t)(*at - text);
    number->real = nearest_double(value, text, number->size);
    number->kind = isinf(number->real) ? ZC_NUMBER_BEYOND : ZC_NUMBER_REAL;
    return true;
}

bool zc_number_to_float(const zc_number *number, float *value)
{
    if (number->kind == ZC_NUMBER_INTEGER) {
        *value = (float)number->integer;
        return true;
    }
    if (number->kind == ZC_NUMBER_UNSIGNED) {
        *value = (float)number->natural;
        return true;
    }
    /* Rounding the nearest double is rounding the number, unless that double lies half way between
     * two floats: which side the number is on was then rounded away. */
    uint64_t bits;
    memcpy(&bits, &number->real, sizeof(bits));
    bool is_half_way = (bits & 0x1FFFFFFF) == 0x10000000;
    bool is_subnormal = number->real != 0 && fabs(number->real) < (double)FLT_MIN;
    if (number->kind == ZC_NUMBER_REAL && (is_half_way || is_subnormal))
        *value = exact_float(number->text, number->size);
    else
        *value = (float)number->real;
    return isfinite(*value);
}
