/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Text to numbers, with the C library as the judge of values, and the grammar of RFC 8259 of texts.
 * Every text is read from memory of its exact size, so that AddressSanitizer sees a byte too many.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "random.h"

/* Reads the first `size` bytes; returns how far it came. zc_number_to_float needs the text: it is
 * asked here. */
static size_t read_bytes(const char *text, size_t size, bool expected, zc_number *number,
                         float *as_float)
{
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    copy[size] = '\0';
    const char *at = copy;
    bool is_read = zc_number_read(&at, copy + size, number);
    if (is_read != expected)
        fail_msg("\"%.*s\" is %s", (int)size, text, is_read ? "read" : "refused");
    if (is_read && !zc_number_to_float(number, as_float))
        assert_true(isinf(*as_float));
    size_t length = (size_t)(at - copy);
    free(copy);
    return length;
}

/* All of it is one number, and strtod and strtof say the same. */
static void check_real(const char *text)
{
    zc_number number;
    float as_float;
    double as_double;
    assert_int_equal(read_bytes(text, strlen(text), true, &number, &as_float), strlen(text));
    bool is_within = zc_number_to_double(&number, &as_double);
    double expected = strtod(text, NULL);
    float expected_float = strtof(text, NULL);
    if (memcmp(&as_double, &expected, sizeof(expected)) != 0 &&
        !(number.kind == ZC_NUMBER_INTEGER && as_double == expected))
        fail_msg("%s is read as %a, not as %a", text, as_double, expected);
    if (memcmp(&as_float, &expected_float, sizeof(as_float)) != 0 &&
        !(number.kind == ZC_NUMBER_INTEGER && as_float == expected_float))
        fail_msg("%s is read as %a, not as float %a", text, (double)as_float,
                 (double)expected_float);
    assert_int_equal(is_within, isfinite(expected) != 0);
    assert_int_equal(number.kind == ZC_NUMBER_BEYOND, isinf(expected) != 0);
}

/* ---- integers -------------------------------------------------------------------------------- */

static void check_integer(const char *text, zc_number_kind kind, uint64_t value)
{
    zc_number number;
    float as_float;
    assert_int_equal(read_bytes(text, strlen(text), true, &number, &as_float), strlen(text));
    if (number.kind != kind ||
        (kind == ZC_NUMBER_INTEGER ? (uint64_t)number.integer : number.natural) != value)
        fail_msg("%s is read as kind %d, %" PRId64, text, (int)number.kind, number.integer);
    assert_true(as_float == strtof(text, NULL));
    double as_double;
    assert_true(zc_number_to_double(&number, &as_double));
    assert_true(as_double == strtod(text, NULL));
}

static void test_integers_are_exact_up_to_64_bits(void **state)
{
    (void)state;
    check_integer("0", ZC_NUMBER_INTEGER, 0);
    check_integer("7", ZC_NUMBER_INTEGER, 7);
    check_integer("-1", ZC_NUMBER_INTEGER, (uint64_t)-1);
    check_integer("9007199254740993", ZC_NUMBER_INTEGER, UINT64_C(9007199254740993));
    check_integer("16777217", ZC_NUMBER_INTEGER, 16777217);
    check_integer("9223372036854775807", ZC_NUMBER_INTEGER, INT64_MAX);
    check_integer("-9223372036854775807", ZC_NUMBER_INTEGER, (uint64_t)-INT64_MAX);
    check_integer("-9223372036854775808", ZC_NUMBER_INTEGER, (uint64_t)INT64_MIN);
    check_integer("9223372036854775808", ZC_NUMBER_UNSIGNED, UINT64_C(1) << 63);
    check_integer("9999999999999999999", ZC_NUMBER_UNSIGNED, UINT64_C(9999999999999999999));
    check_integer("10000000000000000000", ZC_NUMBER_UNSIGNED, UINT64_C(10000000000000000000));
    check_integer("18446744073709551615", ZC_NUMBER_UNSIGNED, UINT64_MAX);
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        char text[32];
        uint64_t value = random_bits(&seed) >> random_below(&seed, 64);
        snprintf(text, sizeof(text), "%" PRIu64, value);
        check_integer(text, value > INT64_MAX ? ZC_NUMBER_UNSIGNED : ZC_NUMBER_INTEGER, value);
        if (value == 0 || value > INT64_MAX)
            continue;
        snprintf(text, sizeof(text), "-%" PRIu64, value);
        check_integer(text, ZC_NUMBER_INTEGER, -value);
    }
}

static void test_other_numbers_are_real(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "-0",
        "0.0",
        "1.0",
        "1e0",
        "1E3",
        "-1e+2",
        "18446744073709551616",
        "-9223372036854775809",
        "20000000000000000000",
        "28446744073709551615",
        "99999999999999999999",
        "-18446744073709551615",
        "100000000000000000000",
        "36893488147419103232",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        zc_number number;
        float as_float;
        read_bytes(texts[i], strlen(texts[i]), true, &number, &as_float);
        if (number.kind != ZC_NUMBER_REAL)
            fail_msg("%s is of the kind %d", texts[i], (int)number.kind);
        check_real(texts[i]);
    }
}

/* ---- real numbers ---------------------------------------------------------------------------- */

static const char *const hard[] = {
    "0.1",
    "0.3",
    "0.30000000000000004",
    "3.14159265358979323846264338327950288",
    "1e22",
    "1e23",
    "8.41e21",
    "9007199254740991.0",
    "9007199254740992.0",
    "9007199254740993.0",
    "9007199254740993.00000000000000000000000000000000000001",
    "9007199254740992.99999999999999999999",
    "9007199254740995.0",
    "-9007199254740993e0",
    "900719925474099.3e1",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "-1.7976931348623159e308",
    "1e308",
    "1e309",
    "-1e309",
    "1e400",
    "0.17976931348623157e309",
    "4.9e-324",
    "5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "2.5e-324",
    "3e-324",
    "7.4e-324",
    "7.5e-324",
    "1e-323",
    "1e-400",
    "-1e-400",
    "2.2250738585072011e-308",
    "2.2250738585072012e-308",
    "2.2250738585072014e-308",
    "2.2250738585072009e-308",
    "2.225073858507201136057409796709131975935e-308",
    "6.9294956446009195e15",
    "3.6954879760742188e-6",
    "5.0e-20",
    "123456789012345678e-5",
    "0.000000000000000000000000000000000001",
    "0.500000000000000000000000000000",
    "0.5000000000000000000",
    "12345678901234567890",
    "12345678901234567890.5",
    "1234567890123456789012345678901234567890e-20",
    "1.00000005960464477539",
    "1.000000059604644775390625",
    "1.000000059604644775390626",
    "1.000000178813934326171875",
    "1.0000000596046447753906250000000000001",
    "16777217.0",
    "16777219.0",
    "3.4028234663852886e38",
    "3.4028235677973366e38",
    "3.4028235677973362e38",
    "3.40282356779733661637539395458142568447e38",
    "3.40282356779733661637539395458142568448e38",
    "1e39",
    "-1e39",
    "1e38",
    "7.0064923216240853e-46",
    "7.0064923216240854e-46",
    "7.006492321624085354618e-46",
    "1e-45",
    "1.1754943508222875e-38",
    "1.17549428075736429195e-38",
    "1.1754942807573642e-38",
    "1e-46",
    "9.8607613152626476e-32",
    "0e0",
    "-0.0",
    "0e999999999999999999999",
    "0.0e-99999999999999999999",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "1e18446744073709551617",
    "1e-18446744073709551617",
    "1e4294967297",
    "179769313486231570000e289",
    "2."
    "2250738585072021241887014792022203290724052827943903781430313383743510731924419468675440643256"
    "3881851382188218502438069999947733013005649884107791928741341929297200970481951993067993290969"
    "0427840647316820415659267286329336304746701233168529834221527445172608358596545663192828352447"
    "8778779989431077978383369915928859455521371418112845825114558431922307989750439508685941245723"
    "0891738946169368372321191373658977977723286698840356390251044443035457396733706583981055420456"
    "6938246584137476071559811765738776267476659123871999319040063173347090030127901881752034471902"
    "5002806127777791679839109057858400646471594381051148915428277504117468219413395246668250343130"
    "6181587829379004205392375072083366693241580002758391118854188641513168478436313080237596295773"
    "983001708984375e-308",
};

static void test_hard_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++)
        check_real(hard[i]);
    /* not only as the C library here has it */
    static const struct {
        const char *text;
        double value;
    } known[] = {
        {"9007199254740993.0", 0x1p53},
        {"9007199254740993.0000000000000000000000000001", 0x1p53 + 2},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"5e-324", 0x1p-1074},
        {"2.4703282292062327e-324", 0},
        {"1e23", 0x1.52d02c7e14af6p+76},
        {"8.41e21", 0x1.c7e83209e90b2p+72},
        {"1.7976931348623158e308", DBL_MAX},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        zc_number number;
        float as_float;
        read_bytes(known[i].text, strlen(known[i].text), true, &number, &as_float);
        assert_int_equal(number.kind, ZC_NUMBER_REAL);
        if (number.real != known[i].value)
            fail_msg("%s is read as %a", known[i].text, number.real);
    }
}

static void test_floats_are_rounded_once(void **state)
{
    (void)state;
    /* above the middle of 1 and the next float by less than a double can tell */
    const char *text = "1.00000005960464477539062500000000000000000001";
    zc_number number;
    float as_float;
    read_bytes(text, strlen(text), true, &number, &as_float);
    assert_true(number.real == 1 + 0x1p-24);
    assert_true((float)number.real == 1);
    assert_true(as_float == 1 + 0x1p-23F);
}

static void test_floats_have_their_own_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_within;
    } cases[] = {
        {"3.4028234663852886e38", true},
        {"3.40282356779733661637539395458142568447e38", true},
        {"3.40282356779733661637539395458142568448e38", false},
        {"-1e39", false},
        {"1e400", false},
        {"1e-400", true},
        {"18446744073709551615", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        zc_number number;
        float as_float;
        const char *at = cases[i].text;
        assert_true(zc_number_read(&at, at + strlen(at), &number));
        if (zc_number_to_float(&number, &as_float) != cases[i].is_within)
            fail_msg("%s: expected that a float can%s hold it", cases[i].text,
                     cases[i].is_within ? "" : "not");
    }
}

static void test_random_texts(void **state)
{
    (void)state;
    static const char *const signs[] = {"", "-", "+"};
    uint64_t seed = 2;
    for (int i = 0; i < 300000; i++) {
        char text[80];
        int size = 0;
        if (random_below(&seed, 2) == 0)
            text[size++] = '-';
        unsigned digits = 1 + random_below(&seed, i % 3 == 0 ? 30 : 4);
        text[size++] = (char)('1' + random_below(&seed, 9));
        if (random_below(&seed, 4) == 0)
            text[size - 1] = '0';
        else
            for (unsigned j = 1; j < digits; j++)
                text[size++] = (char)('0' + random_below(&seed, 10));
        unsigned fraction = random_below(&seed, 4) == 0 ? 0 : 1 + random_below(&seed, 25);
        if (fraction > 0)
            text[size++] = '.';
        for (unsigned j = 0; j < fraction; j++)
            text[size++] =
                (char)(random_below(&seed, 4) == 0 ? '0' : '0' + random_below(&seed, 10));
        text[size] = '\0';
        if (random_below(&seed, 3) > 0)
            sprintf(text + size, "%c%s%u", random_below(&seed, 2) ? 'e' : 'E',
                    signs[random_below(&seed, 3)],
                    random_below(&seed, random_below(&seed, 2) ? 400 : 25));
        check_real(text);
    }
}

static void test_doubles_read_back(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_bits(&seed);
        if (i % 4 == 0)
            bits &= UINT64_C(0x800FFFFFFFFFFFFF);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        char text[ZC_DOUBLE_MAX];
        zc_number number;
        float as_float;
        double back;
        size_t size = zc_double_write(value, text);
        assert_int_equal(read_bytes(text, size, true, &number, &as_float), size);
        assert_true(zc_number_to_double(&number, &back));
        assert_memory_equal(&back, &value, sizeof(value));
    }
}

/* The middle of two neighbours, in full and cut off at any length. */
static void test_half_way_between_neighbours(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < 30000; i++) {
        uint64_t bits = random_bits(&seed) & INT64_MAX;
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        int exponent;
        float single = (float)ldexp(frexp(value, &exponent), (int)random_below(&seed, 273) - 145);
        char text[1500];
        long double middle = ((long double)value + (long double)nextafter(value, DBL_MAX)) / 2;
        if (i % 10 == 0) {
            snprintf(text, sizeof(text), "%.*Le", (int)random_below(&seed, i % 20 == 0 ? 800 : 30),
                     middle);
            check_real(text);
        }
        double float_middle = ((double)single + (double)nextafterf(single, FLT_MAX)) / 2;
        snprintf(text, sizeof(text), "%.*e", (int)random_below(&seed, 180), float_middle);
        check_real(text);
    }
}

static void test_any_number_of_digits_counts(void **state)
{
    (void)state;
    enum { SIZE = 3000 };
    char text[SIZE + 16];
    /* 1 and half of what doubles are apart there; the last digit decides */
    const char *middle = "1.00000000000000011102230246251565404236316680908203125";
    for (size_t length = strlen(middle) + 1; length < SIZE; length += 97) {
        memset(text, '0', length);
        memcpy(text, middle, strlen(middle));
        text[length] = '\0';
        zc_number number;
        float as_float;
        read_bytes(text, length, true, &number, &as_float);
        assert_true(number.real == 1);
        text[length - 1] = '1';
        read_bytes(text, length, true, &number, &as_float);
        assert_true(number.real == 1 + DBL_EPSILON);
    }
    /* many digits, and an exponent that makes up for them */
    memset(text, '0', SIZE);
    text[0] = '7';
    strcpy(text + SIZE, "e-2999");
    zc_number number;
    float as_float;
    read_bytes(text, strlen(text), true, &number, &as_float);
    assert_int_equal(number.kind, ZC_NUMBER_REAL);
    assert_true(number.real == 7);
    memset(text, '0', SIZE);
    text[1] = '.';
    text[SIZE - 1] = '7';
    strcpy(text + SIZE, "e2998");
    read_bytes(text, strlen(text), true, &number, &as_float);
    assert_true(number.real == 7);
    memset(text, '9', SIZE);
    text[SIZE] = '\0';
    read_bytes(text, strlen(text), true, &number, &as_float);
    assert_int_equal(number.kind, ZC_NUMBER_BEYOND);
}

static void test_locale_and_errno_play_no_part(void **state)
{
    (void)state;
    /* those with a comma, as far as they are installed; the last is always there */
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "pt_BR.UTF-8",
                                          "C"};
    for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
        if (setlocale(LC_ALL, locales[i]) == NULL)
            continue;
        errno = 4711;
        zc_number number;
        float as_float;
        const char *text = "9007199254740992.99999999999999999999999";
        read_bytes(text, strlen(text), true, &number, &as_float);
        assert_true(number.real == 0x1p53);
        text = "1e-340";
        read_bytes(text, strlen(text), true, &number, &as_float);
        assert_true(number.real == 0);
        char written[ZC_DOUBLE_MAX];
        assert_int_equal(zc_double_write(1.5, written), 3);
        assert_memory_equal(written, "1.5", 3);
        assert_int_equal(errno, 4711);
    }
}

/* ---- grammar --------------------------------------------------------------------------------- */

static void test_what_is_no_number_is_refused_where_it_stops(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},
        {"-", 1},
        {"+1", 0},
        {"--1", 1},
        {".5", 0},
        {"-.5", 1},
        {"1.", 2},
        {"1.e5", 2},
        {"0.", 2},
        {"1e", 2},
        {"1E", 2},
        {"1e+", 3},
        {"1e-", 3},
        {"1.5e", 4},
        {"1.5ex", 4},
        {"01", 1},
        {"-01", 2},
        {"00", 1},
        {"00.5", 1},
        {"abc", 0},
        {"NaN", 0},
        {"nan", 0},
        {"Infinity", 0},
        {"-Infinity", 1},
        {"e5", 0},
        {" 1", 0},
        {"/", 0},
        {":", 0},
        {"1e.5", 2},
        {"-e1", 1},
        {"123456789012345678901.", 22},
        {"123456789.12345678e", 19},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        zc_number number;
        float as_float;
        size_t at = read_bytes(cases[i].text, strlen(cases[i].text), false, &number, &as_float);
        if (at != cases[i].at)
            fail_msg("\"%s\" stops at %zu", cases[i].text, at);
    }
}

static void test_what_follows_a_number_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"1,", 1},
        {"1]", 1},
        {"12 ", 2},
        {"-3}", 2},
        {"1x", 1},
        {"0x10", 1},
        {"0-", 1},
        {"1.5,", 3},
        {"1.5.5", 3},
        {"1e5e5", 3},
        {"1e5.5", 3},
        {"1-2", 1},
        {"0,", 1},
        {"0.5\n", 3},
        {"1\0002", 1},
        {"123456789012345678,", 18},
        {"1234567890123456789]", 19},
        {"1.12345678:", 10},
        {"1.12345678/", 10},
        {"1.1234567a12345678", 9},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        zc_number number;
        float as_float;
        size_t size = cases[i].text[1] == '\0' ? 3 : strlen(cases[i].text);
        size_t at = read_bytes(cases[i].text, size, true, &number, &as_float);
        if (at != cases[i].size)
            fail_msg("\"%s\" ends at %zu", cases[i].text, at);
    }
}

/* Any bytes: the grammar once more, written as its rules are. */
static size_t slow_length(const char *text, size_t size)
{
    size_t at = 0;
#define DIGIT (at < size && text[at] >= '0' && text[at] <= '9')
    if (at < size && text[at] == '-')
        at++;
    if (!DIGIT)
        return 0;
    bool is_zero = text[at++] == '0';
    if (is_zero && DIGIT)
        return 0;
    while (DIGIT)
        at++;
    if (at < size && text[at] == '.') {
        at++;
        if (!DIGIT)
            return 0;
        while (DIGIT)
            at++;
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < size && (text[at] == '+' || text[at] == '-'))
            at++;
        if (!DIGIT)
            return 0;
        while (DIGIT)
            at++;
    }
    return at;
}

static void test_random_bytes_keep_to_the_grammar(void **state)
{
    (void)state;
    static const char parts[] = "0123456789012345678901234567890..--+eE e,x/:";
    uint64_t seed = 5;
    for (int i = 0; i < 500000; i++) {
        char text[32];
        size_t size = random_below(&seed, sizeof(text));
        for (size_t j = 0; j < size; j++)
            text[j] = parts[random_below(&seed, sizeof(parts) - 1)];
        size_t length = slow_length(text, size);
        zc_number number;
        float as_float;
        size_t at = read_bytes(text, size, length > 0, &number, &as_float);
        if (length > 0)
            assert_int_equal(at, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_exact_up_to_64_bits),
        cmocka_unit_test(test_other_numbers_are_real),
        cmocka_unit_test(test_hard_cases),
        cmocka_unit_test(test_floats_are_rounded_once),
        cmocka_unit_test(test_floats_have_their_own_range),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_doubles_read_back),
        cmocka_unit_test(test_half_way_between_neighbours),
        cmocka_unit_test(test_any_number_of_digits_counts),
        cmocka_unit_test(test_locale_and_errno_play_no_part),
        cmocka_unit_test(test_what_is_no_number_is_refused_where_it_stops),
        cmocka_unit_test(test_what_follows_a_number_is_left),
        cmocka_unit_test(test_random_bytes_keep_to_the_grammar),
    };
    return cmocka_run_group_tests_name("decimal-read", tests, NULL, NULL);
}
