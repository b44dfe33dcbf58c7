/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The grammar of RFC 8259, and no more: each text by itself, and as a value that nobody asked for,
 * which is checked all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json-cases.h"
#include "json-harness.h"

/* Types that are one field: texts by themselves are read into these. */
static const zcache_struct *one_double(void)
{
    typedef double zcache_self_type;
    static const zcache_field field = {
        .name = "value", .type = ZCACHE_TYPE_DOUBLE, .size = sizeof(zcache_self_type)};
    static const zcache_struct type = {sizeof(zcache_struct),
                                       "one_double",
                                       sizeof(double),
                                       _Alignof(double),
                                       1,
                                       sizeof(zcache_field),
                                       &field,
                                       true};
    return &type;
}

static const zcache_struct *one_bool(void)
{
    static const zcache_field field = {
        .name = "value", .type = ZCACHE_TYPE_BOOL, .size = sizeof(bool)};
    static const zcache_struct type = {
        sizeof(zcache_struct), "one_bool", sizeof(bool), _Alignof(bool), 1,
        sizeof(zcache_field),  &field,     true};
    return &type;
}

typedef struct doubles {
    double *values;
    size_t count;
} doubles;

static const zcache_struct *many_doubles(void)
{
    static const zcache_field field = {.name = "values",
                                       .type = ZCACHE_TYPE_DOUBLE,
                                       .shape = ZCACHE_SHAPE_COUNTED,
                                       .size = sizeof(double),
                                       .count = offsetof(doubles, count)};
    static const zcache_struct type = {sizeof(zcache_struct),
                                       "many_doubles",
                                       sizeof(doubles),
                                       _Alignof(doubles),
                                       1,
                                       sizeof(zcache_field),
                                       &field,
                                       true};
    return &type;
}

/* ---- the tests ------------------------------------------------------------------------------- */

/* `before`, the text, `after` as one. The caller frees it. */
static json_text join(const char *before, json_text middle, const char *after)
{
    size_t size = strlen(before) + middle.size + strlen(after);
    char *bytes = malloc(size + 1);
    char *at = stpcpy(bytes, before);
    memcpy(at, middle.bytes, middle.size);
    strcpy(at + middle.size, after);
    return (json_text){bytes, size};
}

static const struct surroundings {
    const char *before, *after;
} unknown[] = {
    {"{\"?\":", "}"},
    {"{\"x\":1,\"y\":2,\"?\":", "}"},
    {"{\"?\":", ",\"x\":1,\"y\":2}"},
    {"{ \"?\" : [[0,", "] ] }"},
    {"{\"?\":{\"x\":", "}}"},
};

static void assert_is_accepted(const zcache_struct *type, json_text given)
{
    double value[8];
    assert_true(type->size <= sizeof(value));
    assert_reads_(type, given.bytes, given.size, value, __FILE__, __LINE__);
}

static void assert_is_refused(const zcache_struct *type, json_text given)
{
    assert_unreadable_(type, given.bytes, given.size, "byte ", __FILE__, __LINE__);
}

static void accept_as_unknown(const json_text *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COUNT(unknown); j++) {
            json_text joined = join(unknown[j].before, list[i], unknown[j].after);
            assert_is_accepted(point_struct(), joined);
            free((void *)(uintptr_t)joined.bytes);
        }
}

static void accept(const json_text *list, size_t count, const zcache_struct *type)
{
    for (size_t i = 0; i < count; i++)
        assert_is_accepted(type, list[i]);
    accept_as_unknown(list, count);
}

static void test_numbers_are_accepted(void **state)
{
    (void)state;
    accept(numbers, COUNT(numbers), one_double());
}

static void test_strings_are_accepted(void **state)
{
    (void)state;
    accept(strings, COUNT(strings), zcache_string_struct());
    accept_as_unknown(nul_strings, COUNT(nul_strings));
}

static void test_words_are_accepted(void **state)
{
    (void)state;
    accept(words, COUNT(words), one_bool());
    accept(&(json_text)T("null"), 1, zcache_string_struct());
}

static void test_objects_are_accepted(void **state)
{
    (void)state;
    accept(objects, COUNT(objects), point_struct());
}

static void test_arrays_are_accepted(void **state)
{
    (void)state;
    accept(arrays, COUNT(arrays), many_doubles());
    accept_as_unknown(mixed_arrays, COUNT(mixed_arrays));
}

static void test_numbers_beyond_doubles_are_numbers_all_the_same(void **state)
{
    (void)state;
    accept_as_unknown(beyond, COUNT(beyond));
    for (size_t i = 0; i < COUNT(beyond); i++)
        assert_is_refused(one_double(), beyond[i]);
}

static void test_nothing_else_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        for (size_t j = 0; j < COUNT(unknown); j++) {
            json_text joined = join(unknown[j].before, refused[i], unknown[j].after);
            /* "[,1]" and the like are refused for the array that they begin */
            assert_is_refused(point_struct(), joined);
            free((void *)(uintptr_t)joined.bytes);
        }
        assert_is_refused(point_struct(), refused[i]);
        assert_is_refused(zcache_string_struct(), refused[i]);
        assert_is_refused(one_double(), refused[i]);
        assert_is_refused(one_bool(), refused[i]);
        assert_is_refused(many_doubles(), refused[i]);
    }
}

static void test_one_value_and_nothing_after_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        assert_is_refused(point_struct(), parts[i]);
        assert_is_refused(zcache_string_struct(), parts[i]);
        assert_is_refused(one_double(), parts[i]);
        assert_is_refused(many_doubles(), parts[i]);
    }
}

/* `count` times `open`, then as often `close`, in an unknown field. */
static json_text nest(const char *open, const char *close, size_t count)
{
    static const char before[] = "{\"?\":", after[] = "}";
    size_t opened = strlen(open), closed = strlen(close);
    char *bytes = malloc(sizeof(before) + sizeof(after) + count * (opened + closed));
    char *at = stpcpy(bytes, before);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, open);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, close);
    at = stpcpy(at, after);
    return (json_text){bytes, (size_t)(at - bytes)};
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
    } brackets[] = {{"[", "]"}, {"{\"a\":", "}"}, {"[{\"a\":", "}]"}, {"[0,[", "],0]"}};
    for (size_t i = 0; i < COUNT(brackets); i++) {
        size_t levels = i < 2 ? 1 : 2;
        bool is_object = brackets[i].open[strlen(brackets[i].open) - 1] == ':';
        /* the struct itself is a level; the innermost object needs a value */
        for (size_t count = 60 / levels; count < 70 / levels; count++) {
            json_text nested = nest(brackets[i].open, brackets[i].close, count);
            if (is_object) {
                json_text bare = nested;
                size_t half = 5 + count * strlen(brackets[i].open);
                char *bytes = malloc(bare.size + 1);
                memcpy(bytes, bare.bytes, half);
                bytes[half] = '1';
                memcpy(bytes + half + 1, bare.bytes + half, bare.size - half);
                nested = (json_text){bytes, bare.size + 1};
                free((void *)(uintptr_t)bare.bytes);
            }
            if (count * levels + 1 <= 64)
                assert_is_accepted(point_struct(), nested);
            else
                assert_unreadable_(point_struct(), nested.bytes, nested.size,
                                   "nested deeper than 64 levels", __FILE__, __LINE__);
            free((void *)(uintptr_t)nested.bytes);
        }
    }
}

/* The message tells that it was refused at the 65th bracket, not at the end. */
static void test_a_million_brackets_are_refused_at_the_first_too_many(void **state)
{
    (void)state;
    json_text nested = nest("[", "", 1000000);
    assert_unreadable_(point_struct(), nested.bytes, nested.size, "byte 68: ", __FILE__, __LINE__);
    assert_unreadable_(many_doubles(), nested.bytes + 5, nested.size - 5, "byte 1: ", __FILE__,
                       __LINE__);
    free((void *)(uintptr_t)nested.bytes);
    nested = nest("{\"a\":", "", 1000000);
    assert_unreadable_(point_struct(), nested.bytes, nested.size, "byte 320: ", __FILE__, __LINE__);
    free((void *)(uintptr_t)nested.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_accepted),
        cmocka_unit_test(test_strings_are_accepted),
        cmocka_unit_test(test_words_are_accepted),
        cmocka_unit_test(test_objects_are_accepted),
        cmocka_unit_test(test_arrays_are_accepted),
        cmocka_unit_test(test_numbers_beyond_doubles_are_numbers_all_the_same),
        cmocka_unit_test(test_nothing_else_is_accepted),
        cmocka_unit_test(test_one_value_and_nothing_after_it),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_a_million_brackets_are_refused_at_the_first_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, json_forget);
}
