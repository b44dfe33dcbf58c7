/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Numbers to text, with the C library as the judge: what is written reads back as the same number,
 * nothing shorter does, and nothing as short is nearer.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "random.h"

/* Exactly the room that is asked for, so that AddressSanitizer sees more. */
static void write_double(double value, char text[ZC_DOUBLE_MAX + 1])
{
    char room[ZC_DOUBLE_MAX];
    size_t size = zc_double_write(value, room);
    assert_true(size < ZC_DOUBLE_MAX);
    memcpy(text, room, size);
    text[size] = '\0';
}

static void write_float(float value, char text[ZC_DOUBLE_MAX + 1])
{
    char room[ZC_DOUBLE_MAX];
    size_t size = zc_float_write(value, room);
    assert_true(size < ZC_DOUBLE_MAX);
    memcpy(text, room, size);
    text[size] = '\0';
}

/* Digits without the zeros at both ends. */
static int count_digits(const char *text)
{
    int digits = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (digits == 0 && *text == '0'))
            continue;
        digits++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return digits - zeros;
}

static void check_double(double value)
{
    char text[ZC_DOUBLE_MAX + 1], other[64];
    write_double(value, text);
    double back = strtod(text, NULL);
    if (memcmp(&back, &value, sizeof(value)) != 0)
        fail_msg("%a is written %s, which is %a", value, text, back);
    int digits = count_digits(text);
    if (digits > 1) {
        snprintf(other, sizeof(other), "%.*e", digits - 2, value);
        if (strtod(other, NULL) == value)
            fail_msg("%a is written %s, but %s is shorter", value, text, other);
    }
    if (digits > 0) {
        /* the nearest of this length, if it reads back, is the one: the same number then */
        snprintf(other, sizeof(other), "%.*e", digits - 1, value);
        if (strtod(other, NULL) == value && strtold(other, NULL) != strtold(text, NULL))
            fail_msg("%a is written %s, but %s is nearer", value, text, other);
    }
}

static void check_float(float value)
{
    char text[ZC_DOUBLE_MAX + 1], other[64];
    write_float(value, text);
    float back = strtof(text, NULL);
    if (memcmp(&back, &value, sizeof(value)) != 0)
        fail_msg("%a is written %s, which is %a", (double)value, text, (double)back);
    int digits = count_digits(text);
    if (digits > 1) {
        snprintf(other, sizeof(other), "%.*e", digits - 2, (double)value);
        if (strtof(other, NULL) == value)
            fail_msg("%a is written %s, but %s is shorter", (double)value, text, other);
    }
    if (digits > 0) {
        snprintf(other, sizeof(other), "%.*e", digits - 1, (double)value);
        if (strtof(other, NULL) == value && strtod(other, NULL) != strtod(text, NULL))
            fail_msg("%a is written %s, but %s is nearer", (double)value, text, other);
    }
}

/* ---- doubles --------------------------------------------------------------------------------- */

static void test_doubles_have_the_form_of_javascript(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0.0"},
        {1, "1"},
        {5, "5"},
        {-5, "-5"},
        {10, "10"},
        {123456, "123456"},
        {0.1, "0.1"},
        {-0.1, "-0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.5, "1.5"},
        {12.34, "12.34"},
        {1234567.125, "1234567.125"},
        {123456789.01234567, "123456789.01234567"},
        {1234567890123456.8, "1234567890123456.8"},
        {3.141592653589793, "3.141592653589793"},
        {100.5, "100.5"},
        {0.01, "0.01"},
        {0.00001234, "0.00001234"},
        {0.000001, "0.000001"},
        {0.0000012345678901234567, "0.0000012345678901234567"},
        {0.0000001, "1e-7"},
        {0.00000012, "1.2e-7"},
        {-1.2345678901234567e-7, "-1.2345678901234566e-7"},
        {1e10, "10000000000"},
        {1e20, "100000000000000000000"},
        {123456789012345680000.0, "123456789012345680000"},
        {9.999999999999999e20, "999999999999999900000"},
        {1e21, "1e+21"},
        {-1.5e21, "-1.5e+21"},
        {8.41e21, "8.41e+21"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {9.5e-3, "0.0095"},
        {9007199254740991, "9007199254740991"},
        {9007199254740992, "9007199254740992"},
        {9007199254740994, "9007199254740994"},
        {18014398509481984, "18014398509481984"},
        {1.8446744073709552e19, "18446744073709552000"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {1.5e-323, "1.5e-323"},
        {4.9406564584124654e-318, "4.940656e-318"},
        /* where neighbours are at unequal distances, or the ends of the interval count */
        {4.35585152e14 * 0x1p2, "1742340608000000"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {2.98023223876953125e-8, "2.9802322387695312e-8"},
        {9.2233720368547758e18, "9223372036854776000"},
        {2.0e-322, "2e-322"},
        {6.8985865317742005e20, "689858653177420000000"},
        {2.9802322387695312e-8 * 0x1p-1000, "2.781342323134e-309"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ZC_DOUBLE_MAX + 1];
        write_double(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        check_double(cases[i].value);
    }
}

static void test_powers_of_two_and_their_neighbours(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        double value = ldexp(1, exponent);
        check_double(value);
        check_double(-nextafter(value, 0));
        check_double(nextafter(value, DBL_MAX));
    }
}

static void test_powers_of_ten_and_their_neighbours(void **state)
{
    (void)state;
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[16];
        snprintf(text, sizeof(text), "1e%d", exponent);
        double value = strtod(text, NULL);
        check_double(value);
        check_double(nextafter(value, 0));
        check_double(nextafter(value, DBL_MAX));
    }
}

static void test_random_doubles(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 150000; i++) {
        uint64_t bits = random_bits(&seed);
        if (i % 8 == 0) /* subnormal */
            bits &= UINT64_C(0x800FFFFFFFFFFFFF);
        if (i % 8 == 1) /* near 1 */
            bits = (bits & UINT64_C(0x803FFFFFFFFFFFFF)) | UINT64_C(0x3FC0000000000000);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value))
            check_double(value);
    }
}

static void test_decimals_of_few_digits_are_themselves(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 150000; i++) {
        /* at most 15 digits, the last not 0, so that it is known what the text must be */
        unsigned digits = 1 + random_below(&seed, 15);
        unsigned fraction = 1 + random_below(&seed, digits + 5);
        char expected[40];
        int size = 0;
        if (fraction >= digits) {
            size += sprintf(expected, "0.");
            for (unsigned zeros = fraction - digits; zeros > 0; zeros--)
                expected[size++] = '0';
        }
        for (unsigned j = digits; j > 0; j--) {
            if (j == fraction && j < digits)
                expected[size++] = '.';
            bool is_end = j == digits || j == 1;
            expected[size++] =
                (char)(is_end ? '1' + random_below(&seed, 9) : '0' + random_below(&seed, 10));
        }
        expected[size] = '\0';
        char text[ZC_DOUBLE_MAX + 1];
        write_double(strtod(expected, NULL), text);
        assert_string_equal(text, expected);
    }
}

/* ---- floats ---------------------------------------------------------------------------------- */

static void test_floats_have_as_few_digits_as_a_float_needs(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        {0.0F, "0"},
        {-0.0F, "-0.0"},
        {5.0F, "5"},
        {0.1F, "0.1"},
        {-0.3F, "-0.3"},
        {3.14159274F, "3.1415927"},
        {16777216.0F, "16777216"},
        {33554432.0F, "33554432"},
        {67108864.0F, "67108864"},
        {1e10F, "10000000000"},
        {1.23456e-6F, "0.00000123456"},
        {1e21F, "1e+21"},
        {3.40282347e38F, "3.4028235e+38"},
        {1.17549435e-38F, "1.1754944e-38"},
        {1e-45F, "1e-45"},
        {8.5899346e9F, "8589935000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[ZC_DOUBLE_MAX + 1];
        write_float(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        check_float(cases[i].value);
    }
}

static void test_random_floats(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int exponent = -149; exponent <= 127; exponent++) {
        float value = ldexpf(1, exponent);
        check_float(value);
        check_float(nextafterf(value, 0));
        check_float(nextafterf(value, FLT_MAX));
    }
    for (int i = 0; i < 150000; i++) {
        uint32_t bits = (uint32_t)random_bits(&seed);
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value))
            check_float(value);
    }
}

/* ---- integers -------------------------------------------------------------------------------- */

static void check_integer(uint64_t value)
{
    char room[ZC_INT64_MAX], expected[32];
    int size = snprintf(expected, sizeof(expected), "%" PRIu64, value);
    assert_int_equal(zc_uint64_write(value, room), size);
    assert_memory_equal(room, expected, (size_t)size);
    size = snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)value);
    assert_int_equal(zc_int64_write((int64_t)value, room), size);
    assert_memory_equal(room, expected, (size_t)size);
}

static void test_integers(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (uint64_t i = 0; i < 20000; i++)
        check_integer(i);
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        check_integer(power - 1);
        check_integer(power);
        check_integer(power * 10 - 1);
        check_integer(power * 10);
    }
    check_integer((uint64_t)INT64_MIN);
    check_integer(INT64_MAX);
    check_integer(UINT64_MAX);
    for (int i = 0; i < 200000; i++)
        check_integer(random_bits(&seed) >> random_below(&seed, 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_have_the_form_of_javascript),
        cmocka_unit_test(test_powers_of_two_and_their_neighbours),
        cmocka_unit_test(test_powers_of_ten_and_their_neighbours),
        cmocka_unit_test(test_random_doubles),
        cmocka_unit_test(test_decimals_of_few_digits_are_themselves),
        cmocka_unit_test(test_floats_have_as_few_digits_as_a_float_needs),
        cmocka_unit_test(test_random_floats),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests_name("decimal-write", tests, NULL, NULL);
}
