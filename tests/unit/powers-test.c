/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The table of powers of ten, each of its entries by exact arithmetic: not the way in which it was
 * made, but what powers.h says of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/powers.h"

#define LIMBS 40 /* 1280 bits */

typedef struct big {
    uint32_t limbs[LIMBS]; /* the least significant first */
} big;

static big big_from(uint64_t high, uint64_t low)
{
    return (big){{(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)}};
}

static void big_multiply(big *number, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)number->limbs[i] * factor;
        number->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_true(carry == 0);
}

static void big_double(big *number, int times)
{
    for (; times >= 31; times -= 31)
        big_multiply(number, UINT32_C(1) << 31);
    big_multiply(number, UINT32_C(1) << times);
}

static int big_compare(const big *a, const big *b)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}

/* significand * 2^(log2 - 127) against 10^exponent, without fractions. */
static int compare_with_power(big significand, int log2, int exponent)
{
    big power = big_from(0, 1);
    for (int i = 0; i < exponent; i++)
        big_multiply(&power, 5);
    for (int i = 0; i > exponent; i--)
        big_multiply(&significand, 5);
    int twos = log2 - 127 - exponent;
    big_double(twos > 0 ? &significand : &power, abs(twos));
    return big_compare(&significand, &power);
}

static void test_each_power_is_the_nearest_below(void **state)
{
    (void)state;
    for (int exponent = ZC_POWER_MIN; exponent <= ZC_POWER_MAX; exponent++) {
        zc_power power = zc_power_of_ten(exponent);
        int log2 = zc_power_log2(exponent);
        if (power.high >> 63 != 1 || power.low == UINT64_MAX)
            fail_msg("10^%d is out of its form", exponent);
        int compared = compare_with_power(big_from(power.high, power.low), log2, exponent);
        if (compared > 0 || (compared == 0) != zc_power_is_exact(exponent))
            fail_msg("10^%d is %s", exponent, compared > 0 ? "too large" : "not as exact as told");
        if (compare_with_power(big_from(power.high, power.low + 1), log2, exponent) <= 0)
            fail_msg("10^%d is too small", exponent);
    }
}

static void test_products_have_all_192_bits(void **state)
{
    (void)state;
    const zc_power powers[] = {{UINT64_MAX, UINT64_MAX - 1},
                               {UINT64_C(1) << 63, 0},
                               {UINT64_C(0x8000000000000001), UINT64_C(0xFFFFFFFF00000001)},
                               {UINT64_C(0xEEF453D6923BD65A), UINT64_C(0x113FAA2906A13B3F)}};
    const uint32_t factors[] = {0, 1, 10, UINT32_MAX, UINT32_C(1) << 31, 0x12345679};
    for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++)
        for (size_t j = 0; j < 36; j++) {
            uint32_t high = factors[j / 6], low = factors[j % 6];
            big expected = big_from(powers[i].high, powers[i].low);
            big upper = expected;
            big_multiply(&expected, low);
            big_multiply(&upper, high);
            big_double(&upper, 32);
            uint64_t carry = 0;
            for (int k = 0; k < LIMBS; k++) {
                carry += (uint64_t)expected.limbs[k] + upper.limbs[k];
                expected.limbs[k] = (uint32_t)carry;
                carry >>= 32;
            }
            zc_product product = zc_power_multiply(powers[i], (uint64_t)high << 32 | low);
            big found = big_from(product.middle, product.low);
            found.limbs[4] = (uint32_t)product.high;
            found.limbs[5] = (uint32_t)(product.high >> 32);
            assert_int_equal(big_compare(&found, &expected), 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_power_is_the_nearest_below),
        cmocka_unit_test(test_products_have_all_192_bits),
    };
    return cmocka_run_group_tests_name("powers", tests, NULL, NULL);
}
