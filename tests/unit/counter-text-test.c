/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache_counter_of, by which all providers tell counters from other texts.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <zcache/plugin.h>

static void test_counters_have_one_canonical_form(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t number;
    } good[] = {{"0", 0},
                {"7", 7},
                {"-1", -1},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    const char *const bad[] = {"",
                               "-",
                               "-0",
                               "00",
                               "01",
                               "-01",
                               "+1",
                               "1 ",
                               " 1",
                               "1\n",
                               "1.0",
                               "1e3",
                               "abc",
                               "9223372036854775808",
                               "-9223372036854775809",
                               "18446744073709551616",
                               "99 "};
    int64_t number = 0;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(zcache_counter_of(zcache_str(good[i].text), &number));
        assert_true(number == good[i].number);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (zcache_counter_of(zcache_str(bad[i]), &number))
            fail_msg("\"%s\" was taken for a counter", bad[i]);
    assert_true(number == good[sizeof(good) / sizeof(good[0]) - 1].number);
    assert_false(zcache_counter_of(zcache_bytes_of(NULL, 0), &number));
    assert_false(zcache_counter_of(zcache_bytes_of("1\0", 2), &number));
}

static void test_every_number_is_read_as_it_is_printed(void **state)
{
    (void)state;
    char text[ZCACHE_COUNTER_SIZE];
    for (int bit = 0; bit < 63; bit++)
        for (int64_t near = -2; near <= 2; near++)
            for (int64_t sign = -1; sign <= 1; sign += 2) {
                int64_t expected = sign * (INT64_C(1) << bit) + near, number = 0;
                snprintf(text, sizeof(text), "%" PRId64, expected);
                assert_true(zcache_counter_of(zcache_str(text), &number));
                assert_true(number == expected);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_have_one_canonical_form),
        cmocka_unit_test(test_every_number_is_read_as_it_is_printed),
    };
    return cmocka_run_group_tests_name("counter-text", tests, NULL, NULL);
}
