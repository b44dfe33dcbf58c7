/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Real numbers to decimal text: Raffaello Giulietti, "The Schubfach way to render doubles" (2020).
 *
 * The numbers that read back as v = c * 2^q are an interval around it. Let 10^k be the largest
 * power of ten not above the width of the interval: then at least one multiple of 10^k lies within,
 * and at most one of 10^(k+1), which is the shorter one if there is one. So all that is needed are
 * v and the ends of the interval in units of 10^k / 4, to the nearest integer or "a little beside
 * it": one multiplication with a power of ten each.
 */
#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/powers.h"

/* significand * 10^exponent */
typedef struct decimal {
    uint64_t significand;
    int exponent;
} decimal;

/* floor(factor * (power + 1) / 2^128), with the last bit set when anything was cut off: two numbers
 * that differ stay different and in order when compared with a multiple of 2. The paper's rop(). */
static inline uint64_t scale(zc_power power, uint64_t factor)
{
    power.low++;
    zc_product product = zc_power_multiply(power, factor);
    return product.high | (product.middle > 1);
}

/* The shortest decimal that is nearer to c * 2^q than to its neighbours (as near is near enough if
 * c is even: readers round ties to even), and of those the nearest to it. It may end in zeros. The
 * neighbour below is only half as far when c is the least with its number of bits, which
 * `is_uneven` tells. */
static decimal shortest(uint64_t c, int q, bool is_uneven)
{
    /* floor(log10(2^q)) or that of 3/4 * 2^q: log10(2) and log10(3/4), times 2^22 */
    int k = (q * 1262611 - (is_uneven ? 524031 : 0)) >> 22;
    zc_power power = zc_power_of_ten(-k);
    int shift = q + zc_power_log2(-k) + 1; /* 1 to 4 */
    uint64_t value = scale(power, c << 2 << shift);
    uint64_t lower = scale(power, ((c << 2) - 2 + is_uneven) << shift) + (c & 1);
    uint64_t upper = scale(power, ((c << 2) + 2) << shift) - (c & 1);

    uint64_t below = value / 4;
    uint64_t below_by_ten = below / 10 * 10;
    bool is_inside = lower <= 4 * below_by_ten;
    bool next_is_inside = 4 * below_by_ten + 40 <= upper;
    /* the interval is narrower than ten, and above 0: one of them at most; != makes one branch */
    if (is_inside != next_is_inside)
        return (decimal){below_by_ten + (next_is_inside ? 10 : 0), k};
    is_inside = lower <= 4 * below;
    next_is_inside = 4 * below + 4 <= upper;
    uint64_t middle = 4 * below + 2;
    bool is_nearer = (value > middle) | ((value == middle) & (below & 1));
    bool is_up = next_is_inside & (!is_inside | is_nearer);
    return (decimal){below + is_up, k};
}

/* ---- digits ---------------------------------------------------------------------------------- */

/* The eight digits of value < 10^8 as numbers, one in each byte; the first is the lowest byte.
 * Halves the digits in each part three times; the factors are reciprocals of 100 and 10. */
static inline uint64_t eight_digits(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & UINT64_C(0x0000007F0000007F);
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = (twos * 103 >> 10) & UINT64_C(0x000F000F000F000F);
    return tens | (twos - tens * 10) << 8;
}

#define ASCII_ZEROS UINT64_C(0x3030303030303030)

/* The lowest byte comes first on every machine. */
static inline void put8(char *to, uint64_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    memcpy(to, &bytes, sizeof(bytes));
}

static inline void put16(char *to, uint64_t first, uint64_t second)
{
    put8(to, first);
    put8(to + 8, second);
}

static char *put_exponent(char *to, int exponent)
{
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    return to + zc_uint64_write((uint64_t)(exponent < 0 ? -exponent : exponent), to);
}

/* Lays a decimal out; its significand is below 10^17 and not 0. Returns the end. What is put beyond
 * the end, or is put over, saves loops and branches. */
static char *put_decimal(char *to, decimal number)
{
    /* one digit and sixteen */
    bool is_short = number.significand < UINT64_C(10000000000000000);
    number.significand += number.significand * 9 & -(uint64_t)is_short;
    number.exponent -= is_short;
    while (number.significand < UINT64_C(10000000000000000)) {
        number.significand *= 10;
        number.exponent--;
    }
    char first = (char)('0' + number.significand / UINT64_C(10000000000000000));
    uint64_t rest = number.significand % UINT64_C(10000000000000000);
    uint64_t high = eight_digits((uint32_t)(rest / 100000000));
    uint32_t second = (uint32_t)(rest % 100000000);
    uint64_t low = second == 0 ? 0 : eight_digits(second);
    int digits = low != 0    ? 17 - (int)((unsigned)__builtin_clzll(low) / 8)
                 : high != 0 ? 9 - (int)((unsigned)__builtin_clzll(high) / 8)
                             : 1;
    high |= ASCII_ZEROS;
    low |= ASCII_ZEROS;

    int point = number.exponent + 17; /* 0.ddd * 10^point */
    if (point > 0 && point <= 21) {
        to[0] = first;
        put16(to + 1, high, low);
        put8(to + 17, ASCII_ZEROS);
        if (digits <= point)
            return to + point;
        memmove(to + point + 1, to + point, 16);
        to[point] = '.';
        return to + digits + 1;
    }
    if (point > -6 && point <= 0) {
        put8(to, UINT64_C(0x3030303030302E30)); /* 0.000000 */
        to += 2 - point;
        to[0] = first;
        put16(to + 1, high, low);
        return to + digits;
    }
    to[0] = first;
    to[1] = '.';
    put16(to + 2, high, low);
    return put_exponent(to + (digits > 1 ? digits + 1 : 1), point - 1);
}

/* ---- real numbers ---------------------------------------------------------------------------- */

/* 0, and integers that a double holds exactly: all of their digits are needed, as their neighbours
 * are integers or nearer. Returns NULL for others. */
static inline char *put_integral(char *to, double magnitude, bool is_negative)
{
    if (magnitude >= 0x1p53)
        return NULL;
    uint64_t integer = (uint64_t)(int64_t)magnitude;
    if ((double)(int64_t)integer != magnitude)
        return NULL;
    if (integer == 0 && is_negative) {
        memcpy(to, "0.0", 3);
        return to + 3;
    }
    return to + zc_uint64_write(integer, to);
}

size_t zc_double_write(double value, char to[ZC_DOUBLE_MAX])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bool is_negative = bits >> 63 != 0;
    char *at = to;
    *at = '-';
    at += is_negative;
    char *end = put_integral(at, fabs(value), is_negative);
    if (end == NULL) {
        uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
        int exponent = (int)(bits >> 52 & 0x7FF);
        end =
            put_decimal(at, exponent == 0 ? shortest(fraction, -1074, false)
                                          : shortest(fraction | UINT64_C(1) << 52, exponent - 1075,
                                                     fraction == 0 && exponent > 1));
    }
    return (size_t)(end - to);
}

size_t zc_float_write(float value, char to[ZC_DOUBLE_MAX])
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bool is_negative = bits >> 31 != 0;
    char *at = to;
    *at = '-';
    at += is_negative;
    /* beyond 2^24 floats are further apart than integers */
    char *end = fabsf(value) < 0x1p24f ? put_integral(at, fabsf(value), is_negative) : NULL;
    if (end == NULL) {
        uint64_t fraction = bits & ((UINT32_C(1) << 23) - 1);
        int exponent = (int)(bits >> 23 & 0xFF);
        decimal number = exponent == 0 ? shortest(fraction, -149, false)
                                       : shortest(fraction | UINT64_C(1) << 23, exponent - 150,
                                                  fraction == 0 && exponent > 1);
        number.significand *= 100000000; /* it had at most nine digits */
        number.exponent -= 8;
        end = put_decimal(at, number);
    }
    return (size_t)(end - to);
}

/* ---- integers -------------------------------------------------------------------------------- */

size_t zc_uint64_write(uint64_t value, char to[ZC_INT64_MAX])
{
    if (value < 10) {
        to[0] = (char)('0' + value);
        return 1;
    }
    if (value < 100) {
        to[0] = (char)('0' + value / 10);
        to[1] = (char)('0' + value % 10);
        return 2;
    }
    if (value < 100000000) {
        uint64_t digits = eight_digits((uint32_t)value);
        int zeros = __builtin_ctzll(digits) / 8;
        put8(to, (digits | ASCII_ZEROS) >> 8 * zeros);
        return 8 - (size_t)zeros;
    }
    size_t head = zc_uint64_write(value / 100000000, to);
    put8(to + head, eight_digits((uint32_t)(value % 100000000)) | ASCII_ZEROS);
    return head + 8;
}

size_t zc_int64_write(int64_t value, char to[ZC_INT64_MAX])
{
    to[0] = '-';
    bool is_negative = value < 0;
    uint64_t magnitude = is_negative ? -(uint64_t)value : (uint64_t)value;
    return is_negative + zc_uint64_write(magnitude, to + is_negative);
}
