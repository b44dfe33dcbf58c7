/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The compiled patterns of the filter fault mean what the patterns of `zcache keys` mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/glob.h"
#include "fault/pattern.h"
#include "random.h"

static bool matches(const char *text, zcache_slice key)
{
    fault_pattern pattern;
    assert_true(fault_pattern_compile(text, &pattern));
    return fault_pattern_matches(&pattern, key);
}

static void test_each_element(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *key;
        bool expected;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"a*c", "abbc", true},
        {"a*c", "abcb", false},
        {"a**", "a", true},
        {"?", "a", true},
        {"?", "", false},
        {"[a-c]x", "bx", true},
        {"[c-a]x", "bx", true},
        {"[^a-c]x", "bx", false},
        {"[^a-c]x", "dx", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"[\\]]", "]", true},
        {"*:users:*", "app:users:1", true},
        {"*:users:*", "app:user:1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (matches(cases[i].pattern, zcache_str(cases[i].key)) != cases[i].expected)
            fail_msg("pattern \"%s\" and key \"%s\": expected %s", cases[i].pattern, cases[i].key,
                     cases[i].expected ? "a match" : "no match");
}

/* Of an alphabet so small that many match. */
static void make_text(uint64_t *random, const char *alphabet, char *text, unsigned most)
{
    unsigned size = random_below(random, most + 1);
    for (unsigned i = 0; i < size; i++)
        text[i] = alphabet[random_below(random, (unsigned)strlen(alphabet))];
    text[size] = '\0';
}

static void test_the_same_as_the_cores(void **state)
{
    (void)state;
    uint64_t random = 1;
    unsigned matched = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[16], key[16];
        make_text(&random, "aab*?[]^-\\", pattern, 10);
        make_text(&random, "aab-]^", key, 8);
        bool expected = zc_glob_match(zcache_str(pattern), zcache_str(key));
        matched += expected;
        if (matches(pattern, zcache_str(key)) != expected)
            fail_msg("pattern \"%s\" and key \"%s\": expected %s", pattern, key,
                     expected ? "a match" : "no match");
    }
    assert_in_range(matched, 2000, 190000);
}

static void test_any_bytes(void **state)
{
    (void)state;
    assert_true(matches("a?b*", zcache_bytes_of("a\0b\0\xff", 5)));
    assert_true(matches("\xff[\x80-\xff]", zcache_bytes_of("\xff\x90", 2)));
    assert_false(matches("a", zcache_bytes_of("a\0", 2)));
}

static void test_as_long_as_a_word_has_bits(void **state)
{
    (void)state;
    char text[2 * FAULT_PATTERN_MAX + 4] = "";
    fault_pattern pattern;
    for (size_t i = 0; i < FAULT_PATTERN_MAX; i++)
        strcat(text, "*a");
    assert_true(fault_pattern_compile(text, &pattern));
    char key[FAULT_PATTERN_MAX + 1];
    memset(key, 'a', sizeof(key));
    assert_true(fault_pattern_matches(&pattern, zcache_bytes_of(key, FAULT_PATTERN_MAX)));
    assert_false(fault_pattern_matches(&pattern, zcache_bytes_of(key, FAULT_PATTERN_MAX - 1)));
    strcat(text, "*");
    assert_true(fault_pattern_compile(text, &pattern));
    assert_true(fault_pattern_matches(&pattern, zcache_bytes_of("ab", 2)) == false);
    strcat(text, "a");
    assert_false(fault_pattern_compile(text, &pattern));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_element),
        cmocka_unit_test(test_the_same_as_the_cores),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_as_long_as_a_word_has_bits),
    };
    return cmocka_run_group_tests_name("fault: patterns", tests, NULL, NULL);
}
