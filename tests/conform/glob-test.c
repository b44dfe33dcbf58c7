/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Patterns are Redis globs, on every provider: a table of cases, and a real Redis server as the
 * judge of thousands of odd ones.
 */
#include "conform.h"

static const char *const names[] = {
    "a",     "b",   "ab",  "abc",   "abd",   "a*c",   "a?c",         "a[c",     "a]c", "a\\c",
    "a-c",   "a^c", "a\\", "hello", "hallo", "hxllo", "hllo",        "heeello", "0",   "5",
    "9",     "A",   "Z",   "[",     "]",     "-",     "^",           "\\",      "*",   "?",
    "[abc]", "a.c", "a c", "aaa",   "aab",   "a/b",   "caf\xc3\xa9", "\xff",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static void put_names(zcache *cache)
{
    for (size_t i = 0; i < NAMES; i++)
        put(cache, names[i], "v");
}

/* The keys that match, sorted, each with a newline after it; to be freed. */
static char *matching(zcache *cache, const char *pattern)
{
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    assert_status(ZCACHE_OK, zcache_keys(cache, pattern, &list, NULL));
    char *text = calloc(1, 4096);
    assert_non_null(text);
    for (size_t i = 0; i < list.count; i++) {
        strcat(text, list.keys[i].data);
        strcat(text, "\n");
    }
    zcache_key_list_free(&list);
    return text;
}

static void assert_matches(zcache *cache, const char *pattern, const char *expected)
{
    char *found = matching(cache, pattern);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: keys(\"%s\"): expected \"%s\", got \"%s\"", conform_provider_now->name,
                 pattern, expected, found);
    free(found);
}

typedef struct glob_case {
    const char *pattern, *expected;
} glob_case;

static void assert_cases(zcache *cache, const glob_case *cases, size_t count)
{
    put_names(cache);
    for (size_t i = 0; i < count; i++)
        assert_matches(cache, cases[i].pattern, cases[i].expected);
}
#define ASSERT_CASES(cache, cases) assert_cases(cache, cases, sizeof(cases) / sizeof(cases[0]))

static void test_star_and_question_mark(void **state)
{
    conform *t = *state;
    static const glob_case cases[] = {
        {"hello", "hello\n"},
        {"hell", ""},
        {"h?llo", "hallo\nhello\nhxllo\n"},
        {"h*llo", "hallo\nheeello\nhello\nhllo\nhxllo\n"},
        {"*llo", "hallo\nheeello\nhello\nhllo\nhxllo\n"},
        {"ab*", "ab\nabc\nabd\n"},
        {"ab?", "abc\nabd\n"},
        {"*b", "a/b\naab\nab\nb\n"},
        {"a*b", "a/b\naab\nab\n"},
        {"**a**b**", "[abc]\na/b\naab\nab\nabc\nabd\n"},
        {"a??", "a c\na*c\na-c\na.c\na/b\na?c\na[c\na\\c\na]c\na^c\naaa\naab\nabc\nabd\n"},
        {"", ""},
        {"a.c", "a.c\n"},
    };
    ASSERT_CASES(t->cache, cases);
}

static void test_all_keys_match_star_and_null(void **state)
{
    conform *t = *state;
    put_names(t->cache);
    char *star = matching(t->cache, "*"), *null = matching(t->cache, NULL);
    size_t lines = 0;
    for (const char *c = star; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, NAMES);
    assert_string_equal(star, null);
    free(star);
    free(null);
}

static void test_question_mark_is_one_byte(void **state)
{
    conform *t = *state;
    static const glob_case cases[] = {{"caf?", ""},
                                      {"caf??", "caf\xc3\xa9\n"},
                                      {"caf\xc3?", "caf\xc3\xa9\n"},
                                      {"\xff", "\xff\n"},
                                      {"[\xf0-\xff]", "\xff\n"}};
    ASSERT_CASES(t->cache, cases);
}

static void test_classes(void **state)
{
    conform *t = *state;
    static const glob_case cases[] = {
        {"h[ae]llo", "hallo\nhello\n"},
        {"h[^e]llo", "hallo\nhxllo\n"},
        {"h[!e]llo", "hello\n"}, /* a "!" is itself */
        {"h[a-b]llo", "hallo\n"},
        {"h[b-a]llo", "hallo\n"}, /* a reversed range is turned round */
        {"[0-9]", "0\n5\n9\n"},
        {"[9-0]", "0\n5\n9\n"},
        {"[A-Z]", "A\nZ\n"},
        {"[a-z]", "a\nb\n"},
        {"[^a-zA-Z0-9]", "*\n-\n?\n[\n\\\n]\n^\n\xff\n"},
        {"a[*]c", "a*c\n"},
        {"a[?]c", "a?c\n"},
        {"a[[]c", "a[c\n"},
        {"a[.]c", "a.c\n"},
        {"a[b-]c", "ab\n"}, /* a range from b to ], and a class without end */
        {"a[-b]c", "a-c\nabc\n"},
        {"a[b^]c", "a^c\nabc\n"},
        {"a[\\]]c", "a]c\n"},
        {"a[\\^]c", "a^c\n"},
        {"a[\\\\]c", "a\\c\n"},
        {"a[^\\\\]c", "a c\na*c\na-c\na.c\na?c\na[c\na]c\na^c\nabc\n"},
    };
    ASSERT_CASES(t->cache, cases);
}

static void test_escapes(void **state)
{
    conform *t = *state;
    static const glob_case cases[] = {
        {"a\\*c", "a*c\n"},     {"a\\?c", "a?c\n"}, {"a\\[c", "a[c\n"},
        {"a\\\\c", "a\\c\n"},   {"\\a", "a\n"},     {"\\*", "*\n"},
        {"\\[abc]", "[abc]\n"}, {"a\\", "a\\\n"},   {"\\", "\\\n"},
        {"\\\\", "\\\n"},       {"a]c", "a]c\n"},   {"\\h\\e\\l\\lo", "hello\n"},
    };
    ASSERT_CASES(t->cache, cases);
}

static void test_malformed_classes_are_as_redis_takes_them(void **state)
{
    conform *t = *state;
    static const glob_case cases[] = {
        {"[", ""},         {"a[", ""},
        {"[]", ""},        {"[^]", "*\n-\n0\n5\n9\n?\nA\nZ\n[\n\\\n]\n^\na\nb\n\xff\n"},
        {"[ab", "a\nb\n"}, {"a[bc", "ab\n"},
        {"[a-", "-\na\n"}, {"[^", "*\n-\n0\n5\n9\n?\nA\nZ\n[\n\\\n]\n^\na\nb\n\xff\n"},
        {"[]abc]", ""},
    };
    ASSERT_CASES(t->cache, cases);
}

static void test_pattern_applies_to_the_key_after_the_prefix(void **state)
{
    conform *t = *state;
    zcache *users;
    assert_status(ZCACHE_OK, zcache_table(t->cache, "users", &users));
    put(users, "1", "v");
    put(users, "12", "v");
    put(users, "x", "v");
    put(t->cache, "1", "v");
    assert_matches(users, "1*", "1\n12\n");
    assert_matches(users, "users:*", "");
    assert_matches(t->cache, "users:*", "users:1\nusers:12\nusers:x\n");
    assert_matches(t->cache, "1*", "1\n");
    assert_matches(t->cache, "?", "1\n");
    assert_matches(t->cache, t->prefix, "");
}

static void test_metacharacters_of_prefix_and_table_are_literal(void **state)
{
    (void)state;
    zcache *dotted = OPEN("cache.key_prefix=p.q-r_:"), *like = OPEN("cache.key_prefix=pxq-r_:");
    zcache *table, *likewise;
    assert_status(ZCACHE_OK, zcache_table(dotted, "a.b", &table));
    assert_status(ZCACHE_OK, zcache_table(dotted, "axb", &likewise));
    put(dotted, "k", "v");
    put(like, "l", "v");
    put(table, "m", "v");
    put(likewise, "n", "v");
    assert_matches(table, NULL, "m\n");
    assert_matches(likewise, NULL, "n\n");
    assert_matches(dotted, "?", "k\n");
    assert_matches(like, NULL, "l\n");
    assert_status(ZCACHE_OK, zcache_clear(dotted, NULL));
    assert_status(ZCACHE_OK, zcache_clear(like, NULL));
    assert_status(ZCACHE_OK, zcache_close(dotted));
    assert_status(ZCACHE_OK, zcache_close(like));
}

/* Naive matchers need time or stack that grows without bound on these. */
static void test_hostile_patterns_are_quick(void **state)
{
    conform *t = *state;
    enum { STARS = 20000 };
    char key[221], *pattern = malloc(2 * STARS + 2);
    assert_non_null(pattern);
    memset(key, 'a', 220);
    key[220] = '\0';
    put(t->cache, key, "v");
    char expected[222];
    snprintf(expected, sizeof(expected), "%s\n", key);
    int64_t start_ms = clock_ms();

    memset(pattern, '*', STARS);
    pattern[STARS] = '\0';
    assert_matches(t->cache, pattern, expected);
    pattern[STARS] = 'b';
    pattern[STARS + 1] = '\0';
    assert_matches(t->cache, pattern, "");
    for (size_t i = 0; i < 2 * STARS; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    pattern[2 * STARS] = '\0';
    assert_matches(t->cache, pattern, "");
    pattern[2 * 220] = '\0';
    assert_matches(t->cache, pattern, expected);
    for (size_t stars = 1; stars <= 200; stars += 20) {
        memcpy(pattern + 2 * stars, "b", 2);
        assert_matches(t->cache, pattern, "");
        memcpy(pattern + 2 * stars, "*a", 2);
    }
    memset(pattern, '[', STARS);
    pattern[STARS] = '\0';
    assert_matches(t->cache, pattern, "");
    memset(pattern, '\\', STARS);
    assert_matches(t->cache, pattern, "");
    assert_between(0, 20000, clock_ms() - start_ms);
    free(pattern);
}

static void test_odd_patterns_match_what_a_redis_server_matches(void **state)
{
    conform *t = *state;
    static const char alphabet[] = "ab*?[]^-\\ch";
    server *judge = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    put_names(t->cache);
    for (size_t i = 0; i < NAMES; i++)
        raw_set(judge, names[i], strlen(names[i]), "v", 1);
    uint32_t random = 12345;
    /* A memcached takes 20 ms for each listing, in which the matching is the host's, as memory's. */
    int patterns = strcmp(conform_provider_now->name, "memcached") == 0 ? 100 : 500;
    for (int i = 0; i < patterns; i++) {
        char pattern[12];
        size_t size = 1 + i % (sizeof(pattern) - 1);
        for (size_t j = 0; j < size; j++) {
            random = random * 1664525 + 1013904223;
            pattern[j] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
        }
        pattern[size] = '\0';
        char *expected = raw_redis_keys(judge, pattern);
        assert_matches(t->cache, pattern, expected);
        free(expected);
    }
    server_free(judge);
}

static const struct CMUnitTest glob_tests[] = {
    TEST(test_star_and_question_mark),
    TEST(test_all_keys_match_star_and_null),
    TEST(test_question_mark_is_one_byte),
    TEST(test_classes),
    TEST(test_escapes),
    TEST(test_malformed_classes_are_as_redis_takes_them),
    TEST(test_pattern_applies_to_the_key_after_the_prefix),
    TEST(test_metacharacters_of_prefix_and_table_are_literal),
    TEST(test_hostile_patterns_are_quick),
    TEST(test_odd_patterns_match_what_a_redis_server_matches),
};
CONFORM_PART(glob, .only = NULL);
