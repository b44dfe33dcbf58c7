/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is read from JSON into a field: its type, its range, its memory.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "fenced.h"
#include "json-harness.h"

typedef struct numbers {
    int8_t i8;
    uint8_t u8;
    int64_t i64;
    uint64_t u64;
    float single;
    double real;
} numbers;
ZCACHE_STRUCT(numbers, ZC_I8(i8), ZC_U8(u8), ZC_I64(i64), ZC_U64(u64), ZC_FLOAT(single),
              ZC_DOUBLE(real))

typedef struct texts {
    char *text;
    char city[8];
    void *data;
    size_t size;
    color hue;
} texts;
ZCACHE_STRUCT(texts, ZC_STRING(text), ZC_CHARS(city), ZC_BYTES(data, size), ZC_ENUM(hue, color))

static void test_one_of_everything(void **state)
{
    (void)state;
    assert_becomes(rich, rich_text, rich_text);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void test_integers_fit_or_are_refused(void **state)
{
    (void)state;
    assert_becomes(numbers,
                   "{\"i8\":-128,\"u8\":255,\"i64\":-9223372036854775808,"
                   "\"u64\":18446744073709551615}",
                   "{\"i8\":-128,\"u8\":255,\"i64\":-9223372036854775808,"
                   "\"u64\":18446744073709551615,\"single\":0,\"real\":0}");
    numbers value;
    assert_reads(numbers, "{\"i8\":127,\"u8\":0,\"i64\":9223372036854775807,\"u64\":0}", &value);
    assert_int_equal(value.i8, 127);
    assert_true(value.i64 == INT64_MAX);
    assert_reads(numbers, "{\"i8\":-0,\"u8\":-0,\"u64\":-0}", &value);
    assert_unreadable(numbers, "{\"i8\":128}", "byte 6: numbers.i8: 128 is out of range (int8)");
    assert_unreadable(numbers, "{\"i8\":-129}", "-129 is out of range (int8)");
    assert_unreadable(numbers, "{\"u8\":256}", "256 is out of range (uint8)");
    assert_unreadable(numbers, "{\"u8\":-1}", "-1 is out of range (uint8)");
    assert_unreadable(numbers, "{\"u64\":-1}", "-1 is out of range (uint64)");
    assert_unreadable(numbers, "{\"i64\":9223372036854775808}", "is out of range (int64)");
    assert_unreadable(numbers, "{\"i64\":-9223372036854775809}", "is out of range (int64)");
    assert_unreadable(numbers, "{\"u64\":18446744073709551616}", "is out of range (uint64)");
    assert_unreadable(numbers, "{\"u64\":100000000000000000000000000000}", "out of range (uint64)");
}

static void test_real_numbers_that_are_integers_fit_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } integers[] = {{"1.0", 1},
                    {"-1.0", -1},
                    {"0.0", 0},
                    {"-0.0", 0},
                    {"1e3", 1000},
                    {"12.50e1", 125},
                    {"1000e-3", 1},
                    {"0.001e3", 1},
                    {"9007199254740992.0", 9007199254740992},
                    {"-9007199254740992.000", -9007199254740992},
                    {"9.007199254740992e15", 9007199254740992},
                    {"0e99999999999999999999", 0},
                    {"0.000e-99999999999999999999", 0},
                    {"1E+0", 1},
                    {"10000000000000000000000e-22", 1}};
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        char text[64];
        numbers value;
        snprintf(text, sizeof(text), "{\"i64\":%s}", integers[i].text);
        assert_reads(numbers, text, &value);
        assert_true(value.i64 == integers[i].value);
    }
    static const char *const others[] = {
        "0.5",    "1.5",     "-0.1",    "1e-1", "1.00000000000000000001", "4503599627370497.25",
        "1e-400", "1234e-3", "100.01e1"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"i64\":%s}", others[i]);
        assert_unreadable(numbers, text, "is no integer (int64)");
    }
    static const char *const large[] = {
        "9007199254740993.0",    "9007199254740994.0", "1e16", "-1e16", "1e400",
        "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"i64\":%s}", large[i]);
        assert_unreadable(numbers, text, "is out of range (int64)");
    }
    assert_unreadable(numbers, "{\"i8\":128.0}", "128.0 is out of range (int8)");
    assert_unreadable(numbers, "{\"u8\":-1.0}", "-1.0 is out of range (uint8)");
}

static void test_real_numbers_are_the_nearest(void **state)
{
    (void)state;
    numbers value;
    assert_reads(numbers, "{\"single\":0.1,\"real\":0.1}", &value);
    assert_true(value.single == 0.1F && value.real == 0.1);
    assert_reads(numbers, "{\"single\":16777217,\"real\":9007199254740993}", &value);
    assert_true(value.single == 16777216 && value.real == 9007199254740992.0);
    assert_reads(numbers, "{\"real\":18446744073709551615}", &value);
    assert_true(value.real == 18446744073709551616.0);
    assert_reads(numbers, "{\"real\":100000000000000000000000}", &value);
    assert_true(value.real == 1e23);
    /* nearer to the upper float, but as a double half way: rounded twice it would be the lower */
    assert_reads(numbers, "{\"single\":1.00000005960464477540}", &value);
    assert_true(value.single == 1 + 0x1p-23F);
    assert_reads(numbers, "{\"single\":3.4028235677973362e38}", &value);
    assert_reads(numbers, "{\"single\":-1e-50,\"real\":-1e-400}", &value);
    assert_true(value.single == 0 && signbit(value.single) != 0 && value.real == 0 &&
                signbit(value.real) != 0);
    assert_unreadable(numbers, "{\"single\":1e39}", "numbers.single: 1e39 is out of range (float)");
    assert_unreadable(numbers, "{\"single\":3.4028235677973367e38}", "is out of range (float)");
    assert_unreadable(numbers, "{\"single\":1e400}", "is out of range (float)");
    assert_unreadable(numbers, "{\"real\":1e400}", "is out of range (double)");
    assert_unreadable(numbers, "{\"real\":-1.8e308}", "is out of range (double)");
    assert_unreadable(numbers, "{\"real\":NaN}", "numbers.real: ");
}

/* ---- other types ----------------------------------------------------------------------------- */

static void test_another_type_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"true", "1",   "1.5", "\"text\"",
                                         "[]",   "[1]", "{}",  "{\"x\":1}"};
    static const struct {
        const char *name, *fits; /* the letters of what fits: bool number real text array map */
    } fields[] = {{"yes", "b"},   {"i32", "n"},   {"u64", "n"},  {"single", "nr"}, {"real", "nr"},
                  {"hue", ""},    {"text", "t"},  {"city", "t"}, {"data", "t"},    {"at", "m"},
                  {"maybe", "m"}, {"triple", ""}, {"tags", "a"}, {"corners", "a"}};
    static const char kinds[] = "bnrtaamm";
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            char text[64], part[32];
            rich value;
            snprintf(text, sizeof(text), "{\"%s\":%s}", fields[i].name, values[j]);
            snprintf(part, sizeof(part), "rich.%s: ", fields[i].name);
            bool is_empty = strcmp(values[j], "[]") == 0;
            if (strchr(fields[i].fits, kinds[j]) != NULL && (kinds[j] != 'a' || is_empty))
                assert_reads(rich, text, &value);
            else
                assert_unreadable(rich, text, part);
        }
    assert_unreadable(point, "[]", "byte 0: point: an array, expected a map");
    assert_unreadable(point, "null", "byte 0: point: ");
    assert_unreadable(point, "", "byte 0: point: ");
}

static void test_texts(void **state)
{
    (void)state;
    texts value;
    assert_reads(texts,
                 "{\"text\":\"\\u0041\\u00e4\\u20AC\\ud83D\\uDE00\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
                 &value);
    assert_string_equal(value.text, "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"\\/\b\f\n\r\t");
    assert_reads(texts, "{\"text\":\"\",\"city\":\"\"}", &value);
    assert_string_equal(value.text, "");
    assert_unreadable(texts, "{\"text\":\"a\\u0000b\"}", "byte 8: texts.text: the text has a NUL");
    assert_unreadable(texts, "{\"city\":\"\\u0000\"}", "texts.city: the text has a NUL");
    assert_unreadable(texts, "{\"text\":\"a\xFF\"}", "byte 10: texts.text: the text is not UTF-8");
    assert_unreadable(texts, "{\"text\":\"\\uD800\"}", "byte 9: texts.text: ");
    assert_unreadable(texts, "{\"text\":\"a\nb\"}", "byte 10: texts.text: a control character");
}

/* Texts of all lengths round those of the pieces that are compared and copied at once. */
static void test_texts_of_any_length_at_any_place(void **state)
{
    (void)state;
    for (size_t size = 0; size < 70; size++)
        for (size_t spaces = 0; spaces < 18; spaces++) {
            char text[72], json[128];
            memset(text, 'x', size);
            text[size] = '\0';
            texts value;
            snprintf(json, sizeof(json), "{\"text\":\"%s\"%*s}", text, (int)spaces, "");
            assert_reads(texts, json, &value);
            assert_string_equal(value.text, text);
            for (size_t at = 0; at < size; at += 5) {
                snprintf(json, sizeof(json), "{\"text\":\"%.*s\\n%s\"%*s}", (int)at, text,
                         text + at + 1, (int)spaces, "");
                text[at] = '\n';
                assert_reads(texts, json, &value);
                assert_string_equal(value.text, text);
                text[at] = 'x';
            }
        }
}

static void test_char_arrays_are_filled_or_refused(void **state)
{
    (void)state;
    texts value;
    assert_reads(texts, "{\"city\":\"7 bytes\"}", &value);
    assert_memory_equal(value.city, "7 bytes", 8);
    assert_reads(texts, "{\"city\":\"7 bytes\",\"city\":\"ab\"}", &value);
    assert_memory_equal(value.city, "ab\0\0\0\0\0", 8);
    assert_reads(texts, "{\"city\":\"\\u0037 bytes\"}", &value);
    assert_memory_equal(value.city, "7 bytes", 8);
    assert_unreadable(texts, "{\"city\":\"8 bytes.\"}", "texts.city: the text is too long");
    assert_unreadable(texts, "{\"city\":\"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\"}", "too long");
}

static void test_bytes_are_base64(void **state)
{
    (void)state;
    texts value;
    assert_reads(texts, "{\"data\":\"AP8Q\"}", &value);
    assert_int_equal(value.size, 3);
    assert_memory_equal(value.data, "\x00\xFF\x10", 3);
    assert_reads(texts, "{\"data\":\"Zg==\"}", &value);
    assert_int_equal(value.size, 1);
    assert_reads(texts, "{\"data\":\"Zg\"}", &value);
    assert_int_equal(value.size, 1);
    assert_reads(texts, "{\"data\":\"+\\/\\u0038=\"}", &value);
    assert_int_equal(value.size, 2);
    assert_memory_equal(value.data, "\xFB\xFF", 2);
    assert_reads(texts, "{\"data\":\"\"}", &value);
    assert_non_null(value.data);
    assert_int_equal(value.size, 0);
    assert_reads(texts, "{\"data\":null}", &value);
    assert_null(value.data);
    static const char *const wrong[] = {
        "Z", "Zg=", "Z===", "=", "Zg==Zg==", "Zm 9v", "Zm9v\\n", "Zm-_", "Z\xC3\xA4", "Zh=="};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"data\":\"%s\"}", wrong[i]);
        assert_unreadable(texts, text, "byte 8: texts.data: ");
    }
}

static void test_enums_are_read_by_name(void **state)
{
    (void)state;
    texts value;
    assert_reads(texts, "{\"hue\":\"green\"}", &value);
    assert_int_equal(value.hue, GREEN);
    assert_reads(texts, "{\"hue\":\"bl\\u0022ue\"}", &value);
    assert_int_equal(value.hue, BLUE);
    assert_unreadable(texts, "{\"hue\":\"pink\"}", "byte 7: texts.hue: \"pink\" is no color");
    assert_unreadable(texts, "{\"hue\":\"gree\"}", "is no color");
    assert_unreadable(texts, "{\"hue\":\"greens\"}", "is no color");
    assert_unreadable(texts, "{\"hue\":\"\"}", "is no color");
    assert_unreadable(texts, "{\"hue\":20}", "texts.hue: ");
}

static void test_arrays(void **state)
{
    (void)state;
    rich value;
    assert_reads(rich, "{\"triple\":[1,2,3]}", &value);
    assert_int_equal(value.triple[2], 3);
    assert_unreadable(rich, "{\"triple\":[1,2]}", "byte 10: rich.triple: 2 elements, expected 3");
    assert_unreadable(rich, "{\"triple\":[1,2,3,4]}", "rich.triple: more than 3 elements");
    assert_unreadable(rich, "{\"triple\":[1,2,null]}", "rich.triple: a null");
    assert_unreadable(rich, "{\"corners\":[null]}", "rich.corners: a null");
    assert_unreadable(rich, "{\"codes\":[\"a\",null]}", "rich.codes: a null");
    assert_unreadable(rich, "{\"tags\":[\"a\",1]}", "byte 13: rich.tags: a number");
    assert_unreadable(rich, "{\"corners\":[{\"x\":1},{\"x\":\"\"}]}", "byte 25: point.x: a text");
    assert_reads(rich, "{\"tags\":[]}", &value);
    assert_null(value.tags);
    assert_int_equal(value.tag_count, 0);
    assert_reads(rich, "{\"tags\":[\"a\"],\"tags\":null}", &value);
    assert_null(value.tags);
    assert_int_equal(value.tag_count, 0);
    assert_reads(rich, "{\"tags\":[null,\"b\"],\"blobs\":[null,\"\"]}", &value);
    assert_null(value.tags[0]);
    assert_string_equal(value.tags[1], "b");
    assert_null(value.blobs[0].data);
    assert_non_null(value.blobs[1].data);
}

static void assert_decodes_into(const zc_plan *plan, const char *text, void *value,
                                zcache_block *block)
{
    unsigned char *copy = fenced(text, strlen(text));
    zcache_slice bytes = zcache_bytes_of(copy, strlen(text));
    assert_int_equal(zc_json_decode(NULL, plan, bytes, value, block), ZCACHE_OK);
    free(copy);
}

/* 100,000 elements: of structs, and of texts, between which other pieces of memory lie. */
static void test_long_arrays_take_memory_in_proportion(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * 32);
    char *at = stpcpy(text, "{\"corners\":[");
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, "%s{\"x\":%d}", i > 0 ? "," : "", i);
    at = stpcpy(at, "],\"tags\":[");
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, "%s\"%d\"", i > 0 ? "," : "", i);
    strcpy(at, "]}");
    zc_plan *plan = NULL;
    assert_int_equal(zc_plan_make(rich_struct(), &plan), ZCACHE_OK);
    zcache_block block = {.base = malloc(16 << 20), .capacity = 16 << 20};
    rich value;
    assert_decodes_into(plan, text, &value, &block);
    assert_int_equal(value.corner_count, COUNT);
    assert_int_equal(value.tag_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(value.corners[i].x, i);
        assert_int_equal(atoi(value.tags[i]), i);
    }
    assert_true(block.used < COUNT * (2 * sizeof(point) + 4 * sizeof(char *) + 16));
    free(block.base);
    zc_plan_free(plan);
    free(text);
}

static void test_arrays_without_other_memory_take_no_more_than_they_need(void **state)
{
    (void)state;
    zc_plan *plan = NULL;
    assert_int_equal(zc_plan_make(rich_struct(), &plan), ZCACHE_OK);
    zcache_block block = {.base = malloc(1000), .capacity = 1000};
    rich value;
    static const char text[] = "{\"corners\":[{},{},{},{},{},{},{},{},{},{},{}]}";
    assert_decodes_into(plan, text, &value, &block);
    assert_int_equal(block.used, ZCACHE_BLOCK_MARK + 11 * sizeof(point));
    assert_int_equal(block.wanted, block.used);
    free(block.base);
    zc_plan_free(plan);
}

static void test_a_struct_without_pointers_takes_no_memory(void **state)
{
    (void)state;
    zc_plan *plan = NULL;
    assert_int_equal(zc_plan_make(numbers_struct(), &plan), ZCACHE_OK);
    zcache_block block = {0};
    numbers value;
    static const char text[] = "{\"i8\":1,\"?\":[\"x\"],\"real\":2.5}";
    assert_decodes_into(plan, text, &value, &block);
    assert_int_equal(block.wanted, 0);
    zc_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_everything),
        cmocka_unit_test(test_integers_fit_or_are_refused),
        cmocka_unit_test(test_real_numbers_that_are_integers_fit_integers),
        cmocka_unit_test(test_real_numbers_are_the_nearest),
        cmocka_unit_test(test_another_type_is_refused),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_of_any_length_at_any_place),
        cmocka_unit_test(test_char_arrays_are_filled_or_refused),
        cmocka_unit_test(test_bytes_are_base64),
        cmocka_unit_test(test_enums_are_read_by_name),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_long_arrays_take_memory_in_proportion),
        cmocka_unit_test(test_arrays_without_other_memory_take_no_more_than_they_need),
        cmocka_unit_test(test_a_struct_without_pointers_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, json_forget);
}
