/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Powers of ten to 128 bits, which reading and writing real numbers both multiply with:
 *
 *     10^q = (significand + error) * 2^(floor(log2(10^q)) - 127),  0 <= error < 1
 *
 * The error is 0 for 0 <= q <= 55, and never else. powers.c is written by powers-generate.c.
 */
#ifndef ZC_BASE_POWERS_H
#define ZC_BASE_POWERS_H

#include <stdbool.h>
#include <stdint.h>

#define ZC_POWER_MIN       (-342) /* UINT64_MAX * 10^-343 is nearer to 0 than to any other double */
#define ZC_POWER_MAX       324    /* brings 2^-1074 up to one digit */
#define ZC_POWER_EXACT_MAX 55     /* 5^55 < 2^128 */

typedef struct zc_power {
    uint64_t high; /* the top bit is set */
    uint64_t low;  /* never UINT64_MAX */
} zc_power;

extern const zc_power zc_powers[ZC_POWER_MAX - ZC_POWER_MIN + 1];

static inline zc_power zc_power_of_ten(int exponent)
{
    return zc_powers[exponent - ZC_POWER_MIN];
}

static inline bool zc_power_is_exact(int exponent)
{
    return exponent >= 0 && exponent <= ZC_POWER_EXACT_MAX;
}

/* floor(log2(10^exponent)), for all of the table. */
static inline int zc_power_log2(int exponent)
{
    return exponent * 217706 >> 16; /* log2(10) * 2^16 = 217705.9… */
}

/* The product of two words. */
static inline uint64_t zc_multiply(uint64_t a, uint64_t b, uint64_t *high)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
#else
    uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b;
    uint64_t middle = (a >> 32) * (uint32_t)b + (low >> 32);
    uint64_t other = (a & UINT32_MAX) * (b >> 32) + (uint32_t)middle;
    *high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
    return other << 32 | (uint32_t)low;
#endif
}

typedef struct zc_product {
    uint64_t high;
    uint64_t middle;
    uint64_t low;
} zc_product;

static inline zc_product zc_power_multiply(zc_power power, uint64_t factor)
{
    zc_product product;
    uint64_t carried;
    product.low = zc_multiply(power.low, factor, &carried);
    product.middle = zc_multiply(power.high, factor, &product.high) + carried;
    product.high += product.middle < carried;
    return product;
}

#endif
