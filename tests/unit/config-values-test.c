/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How values are written: numbers, sizes, durations, truth, lists; and how near two words are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config-harness.h"
#include "config/options.h"
#include "config/suggest.h"
#include "config/values.h"
#include "expect.h"

typedef const char *reader_fn(const char *text, int64_t *number);

typedef struct number_case {
    const char *text;
    int64_t number;    /* if it is right */
    const char *wrong; /* else why */
} number_case;

static void check_numbers(reader_fn *read, const number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t number = 0;
        const char *wrong = read(cases[i].text, &number);
        bool same = cases[i].wrong == NULL ? wrong == NULL && number == cases[i].number
                                           : wrong != NULL && strcmp(wrong, cases[i].wrong) == 0;
        if (!same)
            fail_msg("\"%s\" was read as %lld (%s)", cases[i].text, (long long)number,
                     wrong != NULL ? wrong : "and not refused");
    }
}

#define CHECK_NUMBERS(read, cases) check_numbers(read, cases, sizeof(cases) / sizeof((cases)[0]))

#define TOO_LARGE "the number is too large"

static void test_whole_numbers(void **state)
{
    (void)state;
    static const char none[] = "expected a whole number";
    static const char unit[] = "expected a whole number, without a unit";
    static const number_case cases[] = {
        {"0", 0, NULL},
        {"42", 42, NULL},
        {"+7", 7, NULL},
        {"-7", -7, NULL},
        {"007", 7, NULL},
        {"9223372036854775807", INT64_MAX, NULL},
        {"-9223372036854775807", -INT64_MAX, NULL},
        {"9223372036854775808", 0, TOO_LARGE},
        {"99999999999999999999999", 0, TOO_LARGE},
        {"", 0, none},
        {"-", 0, none},
        {"+-1", 0, none},
        {" 1", 0, none},
        {"x", 0, none},
        {"1 ", 0, unit},
        {"1k", 0, unit},
        {"1.5", 0, unit},
        {"0x10", 0, unit},
        {"1e3", 0, unit},
    };
    CHECK_NUMBERS(zc_value_int, cases);
}

static void test_sizes(void **state)
{
    (void)state;
    static const char expected[] = "expected a size, as 4096, 64k, 16MiB or 1.5g";
    static const char decimals[] = "expected a size with at most 6 decimals, as 1.5g";
    static const number_case cases[] = {
        {"0", 0, NULL},
        {"4096", 4096, NULL},
        {"4096b", 4096, NULL},
        {"64k", 65536, NULL},
        {"64K", 65536, NULL},
        {"64kb", 65536, NULL},
        {"64KiB", 65536, NULL},
        {"64kib", 65536, NULL},
        {"1m", 1048576, NULL},
        {"1MiB", 1048576, NULL},
        {"1.5g", INT64_C(1610612736), NULL},
        {"1.50g", INT64_C(1610612736), NULL},
        {"0.5k", 512, NULL},
        {"0.000001g", 1073, NULL},
        {"2t", INT64_C(2199023255552), NULL},
        {"8388607t", INT64_C(8388607) << 40, NULL},
        {"8388608t", 0, TOO_LARGE},
        {"9223372036854775807", INT64_MAX, NULL},
        {"9223372036854775807.5k", 0, TOO_LARGE},
        {"9223372036854775808", 0, TOO_LARGE},
        {"1.5", 0, "a size with decimals needs a unit, as 1.5k"},
        {"1.k", 0, decimals},
        {"1.0000001k", 0, decimals},
        {".5k", 0, expected},
        {"", 0, expected},
        {"-1", 0, expected},
        {"-1k", 0, expected},
        {"k", 0, expected},
        {"1 k", 0, expected},
        {"1x", 0, expected},
        {"1kk", 0, expected},
        {"1kibi", 0, expected},
        {"1,5g", 0, expected},
        {"1e6", 0, expected},
    };
    CHECK_NUMBERS(zc_value_size, cases);
}

static void test_fractions(void **state)
{
    (void)state;
    static const char expected[] = "expected a part of 1, as 0.1, 10% or 1e-3";
    static const char range[] = "must be 0 to 1, or 0% to 100%";
    static const char digits[] = "the number has too many digits";
    static const struct {
        const char *text;
        double fraction; /* as the compiler reads it: the nearest */
        const char *wrong;
    } cases[] = {
        {"0", 0, NULL},
        {"1", 1, NULL},
        {"0.1", 0.1, NULL},
        {".5", .5, NULL},
        {"10%", 0.1, NULL},
        {"12.5%", 0.125, NULL},
        {"100%", 1, NULL},
        {"0.3%", 0.003, NULL},
        {"1e-3", 1e-3, NULL},
        {"1E-3", 1e-3, NULL},
        {"5e+0%", 0, expected},
        {"0.00001e3", 0.01, NULL},
        {"0.123456789012345", 0.123456789012345, NULL},
        {"1e-22", 1e-22, NULL},
        {"0e99", 0, NULL},
        {"1e-23", 1e-23, NULL},
        {"0.12345678901234567", 0.12345678901234567, NULL},
        {"12.345678901234567%", 0.12345678901234567, NULL},
        {"0.3333333333333333333333333333333333333333333333333333333333333", 1. / 3, NULL},
        {"0.33333333333333333333333333333333333333333333333333333333333333", 0, digits},
        {"1e100", 0, range},
        {"1e999", 0, range},
        {"1.01", 0, range},
        {"101%", 0, range},
        {"1e1", 0, range},
        {"1e99", 0, range},
        {"", 0, expected},
        {".", 0, expected},
        {"%", 0, expected},
        {"-0.1", 0, range},
        {"+0.1", 0, expected},
        {"0,1", 0, expected},
        {"0.1.1", 0, expected},
        {"1e", 0, expected},
        {"1e-", 0, expected},
        {"1e-3e", 0, expected},
        {"10 %", 0, expected},
        {"10%%", 0, expected},
        {" 1", 0, expected},
        {"nan", 0, expected},
        {"0x1", 0, expected},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double fraction = -1;
        const char *wrong = zc_value_fraction(cases[i].text, &fraction);
        if (cases[i].wrong == NULL ? wrong != NULL || fraction != cases[i].fraction
                                   : wrong == NULL || strcmp(wrong, cases[i].wrong) != 0)
            fail_msg("\"%s\": expected %.17g (%s), got %.17g (%s)", cases[i].text,
                     cases[i].fraction, cases[i].wrong != NULL ? cases[i].wrong : "right", fraction,
                     wrong != NULL ? wrong : "right");
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const char expected[] = "expected a duration, as 500ms, 30s, 15m, 1h, 7d or 1h30m";
    static const char unit[] = "a duration needs a unit, as 5s or 500ms";
    static const number_case cases[] = {
        {"500ms", 500, NULL},
        {"0ms", 0, NULL},
        {"30s", 30000, NULL},
        {"15m", 900000, NULL},
        {"1h", 3600000, NULL},
        {"7d", INT64_C(604800000), NULL},
        {"1h30m", 5400000, NULL},
        {"1d2h3m4s5ms", INT64_C(93784005), NULL},
        {"1m30s", 90000, NULL},
        {"never", -1, NULL},
        {"Never", -1, NULL},
        {"5", 0, unit},
        {"0", 0, unit},
        {"1h30", 0, unit},
        {"", 0, expected},
        {"s", 0, expected},
        {"-5s", 0, expected},
        {"5 s", 0, expected},
        {"5s ", 0, expected},
        {"1.5s", 0, expected},
        {"5S", 0, expected},
        {"5sec", 0, expected},
        {"30m1h", 0, expected},
        {"5s5s", 0, expected},
        {"5m5m", 0, expected},
        {"1w", 0, expected},
        {"never1s", 0, expected},
        {"9223372036854775807ms", INT64_MAX, NULL},
        {"9223372036854775807s", 0, TOO_LARGE},
        {"9223372036854775808ms", 0, TOO_LARGE},
        {"106751991167d999999999999999999h", 0, TOO_LARGE},
    };
    CHECK_NUMBERS(zc_value_duration, cases);
}

static void test_truth(void **state)
{
    (void)state;
    static const char *const yes[] = {"yes", "true", "on", "1", "Yes", "TRUE", "On"};
    static const char *const no[] = {"no", "false", "off", "0", "No", "FALSE", "Off"};
    static const char *const neither[] = {"", "y", "n", "2", "yes ", "maybe", "10"};
    bool truth;
    for (size_t i = 0; i < 7; i++) {
        truth = false;
        assert_null(zc_value_bool(yes[i], &truth));
        assert_true(truth);
        assert_null(zc_value_bool(no[i], &truth));
        assert_false(truth);
        assert_string_equal("must be yes or no (or true, false, on, off, 1, 0)",
                            zc_value_bool(neither[i], &truth));
    }
}

static void test_numbers_are_shown_as_they_are_written(void **state)
{
    (void)state;
    char shown[ZC_VALUE_SHOWN_MAX];
    assert_string_equal("0", zc_value_show_size(0, shown));
    assert_string_equal("1000000", zc_value_show_size(1000000, shown));
    assert_string_equal("64KiB", zc_value_show_size(65536, shown));
    assert_string_equal("512MiB", zc_value_show_size(INT64_C(512) << 20, shown));
    assert_string_equal("9223372036854775807", zc_value_show_size(INT64_MAX, shown));
    assert_string_equal("0ms", zc_value_show_duration(0, shown));
    assert_string_equal("1500ms", zc_value_show_duration(1500, shown));
    assert_string_equal("90s", zc_value_show_duration(90000, shown));
    assert_string_equal("1h", zc_value_show_duration(3600000, shown));
    assert_string_equal("3650d", zc_value_show_duration(ZCACHE_TTL_MAX, shown));
    assert_string_equal("never", zc_value_show_duration(ZCACHE_TTL_NEVER, shown));
    assert_string_equal("-5", zc_value_show_int(-5, shown));
}

static void check_list(const char *text, const char *separators, size_t count,
                       const char *const *items)
{
    zcache_list list;
    assert_status(ZCACHE_OK, zc_list_make(text, separators, &list));
    assert_int_equal(count, list.count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(items[i], list.items[i]);
    assert_null(list.items[count]);
    zc_list_free(&list);
    assert_int_equal(0, list.count);
    assert_null(list.items);
}

static void test_lists(void **state)
{
    (void)state;
    static const char *const three[] = {"a", "b", "c"};
    const char *comma = zc_list_separators(NULL);
    check_list("", comma, 0, NULL);
    check_list(" ,\t, ", comma, 0, NULL);
    check_list("a,b,c", comma, 3, three);
    check_list("a b c", comma, 3, three);
    check_list(" a ,, b\t, c, ", comma, 3, three);
    check_list("a", comma, 1, three);
    static const char *const colons[] = {"[::1]:11211", "h:1"};
    check_list("[::1]:11211, h:1", comma, 2, colons);
    static const char *const paths[] = {"/a b", "/c,d"};
    check_list("/a b:/c,d", ":", 2, paths);
    check_list("::/a b::/c,d:", ":", 2, paths);
}

static void test_nearness_of_words(void **state)
{
    (void)state;
    assert_int_equal(0, zc_suggest_distance("", ""));
    assert_int_equal(3, zc_suggest_distance("", "abc"));
    assert_int_equal(3, zc_suggest_distance("abc", ""));
    assert_int_equal(0, zc_suggest_distance("Timeout", "timeout"));
    assert_int_equal(1, zc_suggest_distance("timout", "timeout"));
    assert_int_equal(1, zc_suggest_distance("tiimeout", "timeout"));
    assert_int_equal(1, zc_suggest_distance("timeouf", "timeout"));
    assert_int_equal(1, zc_suggest_distance("tmieout", "timeout"));
    assert_int_equal(3, zc_suggest_distance("kitten", "sitting"));
    assert_int_equal(2, zc_suggest_distance("ab", "ba") + zc_suggest_distance("xab", "xba"));

    char longest[66];
    memset(longest, 'x', sizeof(longest));
    longest[64] = '\0';
    assert_int_equal(64, zc_suggest_distance(longest, ""));
    assert_int_equal(0, zc_suggest_distance(longest, longest));
    longest[64] = 'x';
    longest[65] = '\0';
    assert_true(zc_suggest_distance(longest, "") == SIZE_MAX);
    assert_true(zc_suggest_distance("", longest) == SIZE_MAX);

    assert_true(zc_suggest_near("ur1", "url"));
    assert_true(zc_suggest_near("defalt_tl", "default_ttl"));
    assert_true(zc_suggest_near("Redis", "redis"));
    assert_false(zc_suggest_near("memory", "redis"));
    assert_false(zc_suggest_near("ab", "cd"));
    assert_false(zc_suggest_near("a", "b"));
    assert_false(zc_suggest_near("", "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_whole_numbers), CONFIG_TEST(test_sizes),
        CONFIG_TEST(test_fractions),     CONFIG_TEST(test_durations),
        CONFIG_TEST(test_truth),         CONFIG_TEST(test_numbers_are_shown_as_they_are_written),
        CONFIG_TEST(test_lists),         CONFIG_TEST(test_nearness_of_words),
    };
    return cmocka_run_group_tests_name("config: values", tests, config_setup, NULL);
}
