/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Key patterns: the meaning that Redis gives them, and a bound on the work that a hostile one
 * makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/glob.h"

#define CHECK(pattern, text, expected)                                            \
    do {                                                                          \
        bool matched = zc_glob_match(zcache_str(pattern), zcache_str(text));      \
        if (matched != (expected))                                                \
            fail_msg("pattern \"%s\" and key \"%s\": expected %s", pattern, text, \
                     (expected) ? "a match" : "no match");                        \
    } while (0)

static void test_literals_match_themselves_only(void **state)
{
    (void)state;
    CHECK("", "", true);
    CHECK("", "a", false);
    CHECK("a", "", false);
    CHECK("abc", "abc", true);
    CHECK("abc", "abd", false);
    CHECK("abc", "ab", false);
    CHECK("abc", "abcd", false);
    CHECK("{a,b}", "{a,b}", true);
}

static void test_star_matches_any_run(void **state)
{
    (void)state;
    CHECK("*", "", true);
    CHECK("*", "anything at all", true);
    CHECK("a*", "a", true);
    CHECK("a*c", "abbbc", true);
    CHECK("a*c", "abbbd", false);
    CHECK("*a*b*", "xxaxxbxx", true);
    CHECK("*a*b*", "xxbxxaxx", false);
    CHECK("a**b", "ab", true);
    CHECK("*ab", "aab", true);
    CHECK("*abab", "abaabab", true);
}

static void test_question_mark_matches_one_byte(void **state)
{
    (void)state;
    CHECK("?", "", false);
    CHECK("?", "a", true);
    CHECK("?", "ab", false);
    CHECK("h?llo", "hallo", true);
    CHECK("?\?", "ab", true);
    CHECK("*?", "", false);
    CHECK("*?", "a", true);
}

static void test_sets(void **state)
{
    (void)state;
    CHECK("h[ae]llo", "hello", true);
    CHECK("h[ae]llo", "hillo", false);
    CHECK("[a-c]", "b", true);
    CHECK("[a-c]", "d", false);
    CHECK("[c-a]", "b", true);
    CHECK("[^a]", "b", true);
    CHECK("[^a]", "a", false);
    CHECK("[^a-c]x", "dx", true);
    CHECK("[^a-c]x", "bx", false);
    CHECK("[a-]", "-", false); /* a range up to "]", in a set that is not closed */
    CHECK("[a-]", "^", true);
    CHECK("[-a]", "-", true);
    CHECK("[]", "]", false);
    CHECK("[^]", "x", true);
    CHECK("[a\\]b]", "]", true);
    CHECK("[a\\]b]", "b", true);
    CHECK("[\\^a]", "^", true);
    CHECK("[!a]", "!", true);
    CHECK("[a*]", "*", true);
    CHECK("*[0-9]", "key7", true);
}

static void test_malformed_patterns_have_a_meaning(void **state)
{
    (void)state;
    CHECK("[abc", "c", true);
    CHECK("[abc", "d", false);
    CHECK("[", "[", false);
    CHECK("[^", "a", true);
    CHECK("[a-", "-", true);
    CHECK("abc\\", "abc\\", true);
    CHECK("\\", "\\", true);
}

static void test_backslash_takes_the_meaning_away(void **state)
{
    (void)state;
    CHECK("\\*", "*", true);
    CHECK("\\*", "a", false);
    CHECK("\\?", "?", true);
    CHECK("\\[a]", "[a]", true);
    CHECK("\\a", "a", true);
    CHECK("\\\\", "\\", true);
}

static void test_every_byte_can_stand_in_a_key(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        unsigned char key = (unsigned char)byte;
        assert_true(zc_glob_match(zcache_str("?"), zcache_bytes_of(&key, 1)));
        assert_true(zc_glob_match(zcache_str("*"), zcache_bytes_of(&key, 1)));
    }
}

/* With backtracking to every star this would take longer than the universe has lasted. */
static void test_many_stars_take_a_bounded_time(void **state)
{
    (void)state;
    char pattern[4001];
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[3999] = 'b';
    pattern[4000] = '\0';
    char text[2001];
    memset(text, 'a', 2000);
    text[2000] = '\0';
    CHECK(pattern, text, false);
}

static void check_head(const char *pattern, const char *expected)
{
    char head[64];
    size_t size = zc_glob_literal_head(zcache_str(pattern), head);
    if (size != strlen(expected) || memcmp(head, expected, size) != 0)
        fail_msg("literal head of \"%s\": expected \"%s\", got \"%.*s\"", pattern, expected,
                 (int)size, head);
}

static void test_literal_head_is_what_every_match_begins_with(void **state)
{
    (void)state;
    check_head("user:*", "user:");
    check_head("*", "");
    check_head("a?c", "a");
    check_head("a[bc]", "a");
    check_head("a\\*b*", "a*b");
    check_head("abc", "abc");
    check_head("abc\\", "abc\\");
}

/* Every pattern is tried on every text against a matcher that just tries everything. */
static bool slow_match(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return slow_match(pattern + 1, text) || (*text != '\0' && slow_match(pattern, text + 1));
    if (*text == '\0')
        return false;
    return (*pattern == '?' || *pattern == *text) && slow_match(pattern + 1, text + 1);
}

static void test_agrees_with_exhaustive_matching(void **state)
{
    (void)state;
    static const char alphabet[] = "ab*?";
    unsigned seed = 1;
    for (int round = 0; round < 200000; round++) {
        char pattern[9] = "";
        char text[9] = "";
        size_t pattern_size = (size_t)rand_r(&seed) % 8;
        size_t size = (size_t)rand_r(&seed) % 8;
        for (size_t i = 0; i < pattern_size; i++)
            pattern[i] = alphabet[rand_r(&seed) % 4];
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[rand_r(&seed) % 2];
        CHECK(pattern, text, slow_match(pattern, text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals_match_themselves_only),
        cmocka_unit_test(test_star_matches_any_run),
        cmocka_unit_test(test_question_mark_matches_one_byte),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_malformed_patterns_have_a_meaning),
        cmocka_unit_test(test_backslash_takes_the_meaning_away),
        cmocka_unit_test(test_every_byte_can_stand_in_a_key),
        cmocka_unit_test(test_many_stars_take_a_bounded_time),
        cmocka_unit_test(test_literal_head_is_what_every_match_begins_with),
        cmocka_unit_test(test_agrees_with_exhaustive_matching),
    };
    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
