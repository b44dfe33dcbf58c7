/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * MessagePack against its specification: what is written, byte for byte, at each boundary of each
 * form; and every form that may be read.
 */
#include "codec-types.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec-harness.h"
#include "expect.h"

#define V "81 a1 76 " /* {"v": */

/* ---- integers ---------------------------------------------------------------------------------- */

static void test_integer_takes_its_shortest_form(void **state)
{
    (void)state;
    assert_encodes(one_i64, V "00", 0);
    assert_encodes(one_i64, V "7f", 127);
    assert_encodes(one_i64, V "cc 80", 128);
    assert_encodes(one_i64, V "cc ff", 255);
    assert_encodes(one_i64, V "cd 0100", 256);
    assert_encodes(one_i64, V "cd ffff", 65535);
    assert_encodes(one_i64, V "ce 00010000", 65536);
    assert_encodes(one_i64, V "ce ffffffff", 4294967295);
    assert_encodes(one_i64, V "cf 0000000100000000", 4294967296);
    assert_encodes(one_i64, V "cf 7fffffffffffffff", INT64_MAX);
    assert_encodes(one_i64, V "ff", -1);
    assert_encodes(one_i64, V "e0", -32);
    assert_encodes(one_i64, V "d0 df", -33);
    assert_encodes(one_i64, V "d0 80", -128);
    assert_encodes(one_i64, V "d1 ff7f", -129);
    assert_encodes(one_i64, V "d1 8000", -32768);
    assert_encodes(one_i64, V "d2 ffff7fff", -32769);
    assert_encodes(one_i64, V "d2 80000000", INT32_MIN);
    assert_encodes(one_i64, V "d3 ffffffff7fffffff", INT64_C(-2147483649));
    assert_encodes(one_i64, V "d3 8000000000000000", INT64_MIN);
}

static void test_each_width_is_written(void **state)
{
    (void)state;
    assert_encodes(one_i8, V "d0 80", INT8_MIN);
    assert_encodes(one_i8, V "7f", INT8_MAX);
    assert_encodes(one_i16, V "d1 8000", INT16_MIN);
    assert_encodes(one_i16, V "cd 7fff", INT16_MAX);
    assert_encodes(one_i32, V "d2 80000000", INT32_MIN);
    assert_encodes(one_i32, V "ce 7fffffff", INT32_MAX);
    assert_encodes(one_u8, V "cc ff", UINT8_MAX);
    assert_encodes(one_u16, V "cd ffff", UINT16_MAX);
    assert_encodes(one_u32, V "ce ffffffff", UINT32_MAX);
    assert_encodes(one_u64, V "cf ffffffffffffffff", UINT64_MAX);
}

/* The value 1 in every form that it has. */
static const char *const ones[] = {
    "01",
    "cc 01",
    "cd 0001",
    "ce 00000001",
    "cf 0000000000000001",
    "d0 01",
    "d1 0001",
    "d2 00000001",
    "d3 0000000000000001",
    "ca 3f800000",
    "cb 3ff0000000000000",
};

#define READS_ONE(TYPE)                                             \
    do {                                                            \
        TYPE read;                                                  \
        for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++) { \
            char hex[64];                                           \
            snprintf(hex, sizeof(hex), V "%s", ones[i]);            \
            assert_decodes(TYPE, hex, &read);                       \
            assert_true(read.v == 1);                               \
        }                                                           \
    } while (0)

static void test_any_form_of_a_number_is_read_into_any_field(void **state)
{
    (void)state;
    READS_ONE(one_i8);
    READS_ONE(one_i16);
    READS_ONE(one_i32);
    READS_ONE(one_i64);
    READS_ONE(one_u8);
    READS_ONE(one_u16);
    READS_ONE(one_u32);
    READS_ONE(one_u64);
    READS_ONE(one_float);
    READS_ONE(one_double);
}

#define READS(TYPE, hex, expected)         \
    do {                                   \
        TYPE read;                         \
        assert_decodes(TYPE, hex, &read);  \
        assert_true(read.v == (expected)); \
    } while (0)

static void test_limits_of_each_width_are_kept(void **state)
{
    (void)state;
    READS(one_i8, V "d0 80", INT8_MIN);
    READS(one_i8, V "d1 ff80", INT8_MIN);
    READS(one_i8, V "cc 7f", INT8_MAX);
    assert_undecodable(one_i8, V "cc 80", "byte 3: one_i8.v: 128 is out of range (int8)");
    assert_undecodable(one_i8, V "d1 ff7f", "-129 is out of range (int8)");
    READS(one_i16, V "d1 8000", INT16_MIN);
    READS(one_i16, V "cd 7fff", INT16_MAX);
    assert_undecodable(one_i16, V "cd 8000", "32768 is out of range (int16)");
    assert_undecodable(one_i16, V "d2 ffff7fff", "-32769 is out of range");
    READS(one_i32, V "d2 80000000", INT32_MIN);
    READS(one_i32, V "ce 7fffffff", INT32_MAX);
    assert_undecodable(one_i32, V "ce 80000000", "2147483648 is out of range (int32)");
    assert_undecodable(one_i32, V "d3 ffffffff7fffffff", "-2147483649 is out of range");
    READS(one_i64, V "d3 8000000000000000", INT64_MIN);
    READS(one_i64, V "cf 7fffffffffffffff", INT64_MAX);
    assert_undecodable(one_i64, V "cf 8000000000000000",
                       "9223372036854775808 is out of range (int64)");
    READS(one_u8, V "cc ff", UINT8_MAX);
    assert_undecodable(one_u8, V "cd 0100", "256 is out of range (uint8)");
    assert_undecodable(one_u8, V "ff", "-1 is out of range (uint8)");
    READS(one_u16, V "cd ffff", UINT16_MAX);
    assert_undecodable(one_u16, V "ce 00010000", "65536 is out of range (uint16)");
    assert_undecodable(one_u16, V "d0 80", "-128 is out of range");
    READS(one_u32, V "ce ffffffff", UINT32_MAX);
    assert_undecodable(one_u32, V "cf 0000000100000000", "4294967296 is out of range (uint32)");
    assert_undecodable(one_u32, V "e0", "-32 is out of range");
    READS(one_u64, V "cf ffffffffffffffff", UINT64_MAX);
    assert_undecodable(one_u64, V "d3 ffffffffffffffff", "-1 is out of range (uint64)");
}

static void test_real_number_is_an_integer_only_if_it_is_exactly_one(void **state)
{
    (void)state;
    READS(one_i64, V "cb 4340000000000000", INT64_C(9007199254740992)); /* 2^53 */
    READS(one_i64, V "cb c340000000000000", INT64_C(-9007199254740992));
    READS(one_i64, V "cb 8000000000000000", 0); /* -0.0 */
    READS(one_u8, V "ca 437f0000", 255);
    assert_undecodable(one_i64, V "cb 4340000000000001", "is out of range");
    assert_undecodable(one_u64, V "cb 43f0000000000000", "is out of range");
    assert_undecodable(one_i64, V "cb 3ff8000000000000", "1.5 is no integer (int64)");
    assert_undecodable(one_i64, V "cb 7ff8000000000000", "nan");
    assert_undecodable(one_i64, V "cb 7ff0000000000000", "inf is out of range");
    assert_undecodable(one_u8, V "ca 43800000", "256 is out of range (uint8)");
    assert_undecodable(one_u8, V "ca bf800000", "-1 is out of range (uint8)");
}

/* ---- real numbers ------------------------------------------------------------------------------ */

static void test_real_numbers_are_written_as_they_are(void **state)
{
    (void)state;
    assert_encodes(one_float, V "ca 3fc00000", 1.5F);
    assert_encodes(one_float, V "ca 80000000", -0.0F);
    assert_encodes(one_float, V "ca 7f800000", INFINITY);
    assert_encodes(one_double, V "cb 3ff8000000000000", 1.5);
    assert_encodes(one_double, V "cb 3fb999999999999a", 0.1);
    assert_encodes(one_double, V "cb 0000000000000001", 4.9406564584124654e-324);
    assert_encodes(one_double, V "cb fff0000000000000", -(double)INFINITY);
}

static void test_real_numbers_are_read_rounded_but_never_made_infinite(void **state)
{
    (void)state;
    READS(one_float, V "cb 3fb999999999999a", 0.1F);
    READS(one_double, V "ca 3dcccccd", (double)0.1F);
    READS(one_float, V "cb 47efffffe0000000", 3.40282346638528859812e+38F);
    READS(one_float, V "cb 7ff0000000000000", INFINITY);
    READS(one_double, V "ca ff800000", -(double)INFINITY);
    assert_undecodable(one_float, V "cb 7fefffffffffffff", "is out of range (float)");
    READS(one_double, V "cf ffffffffffffffff", 18446744073709551616.0);
    READS(one_double, V "cf 0020000000000001", 9007199254740992.0);
    READS(one_float, V "d2 80000000", -2147483648.0F);
    one_double nan_read;
    assert_decodes(one_double, V "cb 7ff8000000000000", &nan_read);
    assert_true(isnan(nan_read.v));
    one_float single_nan;
    assert_decodes(one_float, V "cb 7ff8000000000000", &single_nan);
    assert_true(isnan(single_nan.v));
}

/* ---- bool, enum, nil --------------------------------------------------------------------------- */

static void test_bool_is_true_or_false_and_nothing_else(void **state)
{
    (void)state;
    assert_encodes(one_bool, V "c3", true);
    assert_encodes(one_bool, V "c2", false);
    READS(one_bool, V "c3", true);
    READS(one_bool, V "c2", false);
    assert_undecodable(one_bool, V "01", "one_bool.v: a number, expected true or false");
    assert_undecodable(one_bool, V "a4 74727565", "a text, expected true or false");
    assert_undecodable(one_i32, V "c3", "a bool, expected a number (int32)");
    assert_undecodable(one_double, V "c2", "a bool, expected a number (double)");
}

static void test_enum_is_its_name(void **state)
{
    (void)state;
    assert_encodes(one_enum, V "a3 726564", RED);
    assert_encodes(one_enum, V "a4 626c7565", BLUE);
    assert_encodes(one_letter, V "a1 62", LETTER_B);
    READS(one_enum, V "a3 726564", RED);
    READS(one_enum, V "d9 05 677265656e", GREEN);
    READS(one_enum, V "a4 626c7565", BLUE);
    READS(one_letter, V "a1 61", LETTER_A);
    assert_unencodable(one_enum, "one_enum.v: it has a value without a name in color", 2);
    assert_undecodable(one_enum, V "a3 726565", "\"ree\" is no color");
    assert_undecodable(one_enum, V "a4 72656464", "\"redd\" is no color");
    assert_undecodable(one_enum, V "a2 7265", "\"re\" is no color");
    assert_undecodable(one_enum, V "a0", "\"\" is no color");
    assert_undecodable(one_enum, V "01", "a number, expected a name");
}

static void test_nil_is_a_missing_field_where_nothing_can_be_null(void **state)
{
    (void)state;
    READS(one_i32, V "c0", 0);
    READS(one_i32_default, V "c0", -7);
    READS(one_i32_default, "80", -7);
    READS(one_i32_default, "82 a1 76 05 a1 76 c0", -7); /* the last one counts */
    READS(one_bool, V "c0", false);
    one_chars chars;
    assert_decodes(one_chars, V "c0", &chars);
    assert_string_equal(chars.v, "");
    one_string text;
    assert_decodes(one_string, V "c0", &text);
    assert_null(text.v);
    assert_decodes(one_default, V "c0", &text);
    assert_null(text.v);
    assert_decodes(one_default, "80", &text);
    assert_string_equal(text.v, "none");
    assert_decodes(one_default, "82 a1 76 a1 61 a1 76 c0", &text);
    assert_null(text.v);
    assert_undecodable(one_required, V "c0", "one_required.v is missing");
    assert_undecodable(one_required, "80", "one_required.v is missing");
    assert_undecodable(one_required, "82 a1 76 a1 61 a1 76 c0", "one_required.v is missing");
    assert_decodes(one_required, "82 a1 76 c0 a1 76 a1 61", &text);
    assert_string_equal(text.v, "a");
    assert_unencodable(one_required, "one_required.v: it is required, and NULL", NULL);
    assert_encodes(one_string, V "c0", NULL);
}

/* ---- texts and bytes --------------------------------------------------------------------------- */

/* "81 a1 76 HEADER" and `size` letters a. */
static char *with_letters(const char *header, size_t size)
{
    char *hex = malloc(sizeof(V) + strlen(header) + 2 * size + 1), *end = hex;
    end += sprintf(end, V "%s", header);
    for (size_t i = 0; i < size; i++)
        end += sprintf(end, "61");
    return hex;
}

static void check_text(size_t size, const char *header)
{
    char *text = malloc(size + 1), *hex = with_letters(header, size);
    memset(text, 'a', size);
    text[size] = '\0';
    assert_encodes(one_string, hex, text);
    one_string read;
    assert_decodes(one_string, hex, &read);
    assert_string_equal(read.v, text);
    free(text);
    free(hex);
}

static void test_text_takes_its_shortest_header(void **state)
{
    (void)state;
    check_text(0, "a0");
    check_text(1, "a1");
    check_text(7, "a7");
    check_text(8, "a8");
    check_text(16, "b0");
    check_text(17, "b1");
    check_text(31, "bf");
    check_text(32, "d9 20");
    check_text(64, "d9 40");
    check_text(65, "d9 41");
    check_text(255, "d9 ff");
    check_text(256, "da 0100");
    check_text(65535, "da ffff");
    check_text(65536, "db 00010000");
}

static void test_any_header_of_a_text_is_read(void **state)
{
    (void)state;
    static const char *const headers[] = {"a3", "d9 03", "da 0003", "db 00000003"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        char *hex = with_letters(headers[i], 3);
        one_string text;
        one_chars chars;
        one_bytes bytes;
        assert_decodes(one_string, hex, &text);
        assert_string_equal(text.v, "aaa");
        assert_decodes(one_chars, hex, &chars);
        assert_memory_equal(chars.v, "aaa\0", 5);
        assert_decodes(one_bytes, hex, &bytes); /* as older writers do */
        assert_int_equal(bytes.size, 3);
        assert_memory_equal(bytes.v, "aaa", 3);
        free(hex);
    }
}

static void test_text_is_utf8_both_ways(void **state)
{
    (void)state;
    one_string text;
    assert_decodes(one_string, V "a9 c3a4e282acf09f9880", &text);
    assert_string_equal(text.v, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_encodes(one_string, V "a9 c3a4e282acf09f9880",
                   TEXT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
    static const char *const bad[] = {
        "a2 c080", "a3 eda080", "a4 f4908080",         "a1 80",
        "a1 ff",   "a2 e282",   "a8 6161616161616180", "aa 616161616161616161c3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char hex[100];
        snprintf(hex, sizeof(hex), V "%s", bad[i]);
        assert_undecodable(one_string, hex, "one_string.v: the text is not UTF-8");
    }
    assert_undecodable(one_chars, V "a2 c080", "one_chars.v: the text is not UTF-8");
    assert_unencodable(one_string, "one_string.v: the text is not UTF-8", TEXT("a\xC0\x80"));
    assert_unencodable(one_chars, "one_chars.v: the text is not UTF-8", "\xFF");
    assert_undecodable(one_string, V "a3 610062", "one_string.v: the text has a NUL inside");
    assert_undecodable(one_string, V "a9 616161616161616100", "the text has a NUL inside");
    assert_undecodable(one_chars, V "a1 00", "one_chars.v: the text has a NUL inside");
}

static void test_char_array_is_never_cut(void **state)
{
    (void)state;
    assert_encodes(one_chars, V "a4 61626364", "abcd");
    assert_encodes(one_chars, V "a1 61", "a\0bc");
    assert_encodes(one_chars, V "a0", "");
    assert_unencodable(one_chars, "one_chars.v: it has no NUL at its end",
                       {'a', 'b', 'c', 'd', 'e'});
    one_chars read;
    assert_decodes(one_chars, V "a4 61626364", &read);
    assert_memory_equal(read.v, "abcd", 5);
    assert_decodes(one_chars, V "a1 61", &read);
    assert_memory_equal(read.v, "a\0\0\0", 5);
    assert_undecodable(one_chars, V "a5 6162636465", "one_chars.v: the text is too long");
    assert_undecodable(one_chars, V "d9 05 6162636465", "one_chars.v: the text is too long");
}

static void check_bytes(size_t size, const char *header)
{
    char *hex = with_letters(header, size);
    one_bytes read;
    assert_decodes(one_bytes, hex, &read);
    assert_int_equal(read.size, size);
    assert_non_null(read.v);
    assert_int_equal(read.v[size], '\0');
    assert_encodes(one_bytes, hex, read.v, size);
    free(hex);
}

static void test_bytes_are_bin(void **state)
{
    (void)state;
    check_bytes(0, "c4 00");
    check_bytes(1, "c4 01");
    check_bytes(255, "c4 ff");
    check_bytes(256, "c5 0100");
    check_bytes(65535, "c5 ffff");
    check_bytes(65536, "c6 00010000");
    one_bytes read;
    assert_decodes(one_bytes, V "c6 00000002 00ff", &read);
    assert_memory_equal(read.v, "\x00\xff", 2);
    assert_decodes(one_bytes, V "c0", &read);
    assert_null(read.v);
    assert_int_equal(read.size, 0);
    assert_encodes(one_bytes, V "c0", NULL, 0);
    assert_unencodable(one_bytes, "one_bytes.v: it is NULL, and its size 3", NULL, 3);
    assert_undecodable(one_string, V "c4 01 61", "bytes, expected a text");
    assert_undecodable(one_bytes, V "01", "a number, expected bytes");
}

/* ---- arrays, maps, structs --------------------------------------------------------------------- */

static void check_array(size_t count, const char *header)
{
    many_i32 value = {calloc(count + 1, sizeof(int32_t)), count}, read;
    char *hex = malloc(64 + 3 * count), *end = hex;
    end += sprintf(end, V "%s", header);
    for (size_t i = 0; i < count; i++) {
        value.v[i] = (int32_t)(i % 100);
        end += sprintf(end, "%02x", (unsigned)(i % 100));
    }
    assert_encodes(many_i32, hex, value.v, count);
    assert_decodes(many_i32, hex, &read);
    assert_int_equal(read.count, count);
    assert_memory_equal(read.v, value.v, count * sizeof(int32_t));
    free(value.v);
    free(hex);
}

static void test_array_takes_its_shortest_header(void **state)
{
    (void)state;
    check_array(1, "91");
    check_array(15, "9f");
    check_array(16, "dc 0010");
    check_array(65535, "dc ffff");
    check_array(65536, "dd 00010000");
}

static void test_counted_array_may_be_empty_or_nil(void **state)
{
    (void)state;
    many_i32 read;
    assert_encodes(many_i32, V "90", NULL, 0);
    static const char *const empty[] = {V "90", V "dc 0000", V "dd 00000000",
                                        V "c0", "80",        "82 a1 76 91 01 a1 76 c0"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
        assert_decodes(many_i32, empty[i], &read);
        assert_null(read.v);
        assert_int_equal(read.count, 0);
    }
    assert_decodes(many_i32, V "dd 00000002 ce 00000001 d0 ff", &read);
    assert_int_equal(read.v[0], 1);
    assert_int_equal(read.v[1], -1);
    assert_unencodable(many_i32, "many_i32.v: it is NULL, and its count 2", NULL, 2);
    assert_undecodable(many_i32, V "91 c0", "nil, expected an array, each element of it a number");
    assert_undecodable(many_i32, V "92 01 c3", "byte 5: many_i32.v: a bool");
    assert_undecodable(many_i32, V "01", "a number, expected an array");
    assert_undecodable(many_i32, V "81 01 01", "a map, expected an array");
}

static void test_elements_that_can_be_null_are(void **state)
{
    (void)state;
    many_strings read;
    assert_decodes(many_strings, V "93 a1 61 c0 a0", &read);
    assert_int_equal(read.count, 3);
    assert_string_equal(read.v[0], "a");
    assert_null(read.v[1]);
    assert_string_equal(read.v[2], "");
    assert_encodes(many_strings, V "93 a1 61 c0 a0", read.v, 3);
}

static void test_fixed_array_has_all_of_its_elements(void **state)
{
    (void)state;
    three_i16 read;
    assert_encodes(three_i16, V "93 01 d1 8000 00", {1, -32768, 0});
    assert_decodes(three_i16, V "dc 0003 01 d1 8000 00", &read);
    assert_int_equal(read.v[1], -32768);
    assert_undecodable(three_i16, V "92 01 02", "three_i16.v: 2 elements, expected 3");
    assert_undecodable(three_i16, V "94 01 02 03 04", "three_i16.v: 4 elements, expected 3");
    assert_decodes(three_i16, "82 a1 76 93 01 02 03 a1 76 c0", &read);
    assert_int_equal(read.v[0], 0);
}

static void test_struct_is_a_map_of_any_header(void **state)
{
    (void)state;
    point read;
    assert_encodes(point, "82 a1 78 01 a1 79 ff", 1, -1);
    static const char *const forms[] = {"82 a1 78 01 a1 79 ff",
                                        "de 0002 a1 78 01 a1 79 ff",
                                        "df 00000002 a1 78 01 a1 79 ff",
                                        "82 a1 79 ff a1 78 01",
                                        "82 d9 01 78 01 db 00000001 79 ff",
                                        "83 a1 78 05 a1 79 ff a1 78 01"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        assert_decodes(point, forms[i], &read);
        assert_int_equal(read.x, 1);
        assert_int_equal(read.y, -1);
    }
    assert_decodes(point, "80", &read);
    assert_int_equal(read.x, 0);
    assert_undecodable(point, "92 01 02", "byte 0: an array, expected a map (point)");
    assert_undecodable(point, "c0", "byte 0: nil, expected a map (point)");
    assert_undecodable(point, "81 01 02", "byte 1: a key that is not a text");
    assert_undecodable(point, "81 c4 01 78 02", "byte 1: a key that is not a text");
    assert_undecodable(point, "", "empty");
    assert_undecodable(point, "82 a1 78 01 a1 79 ff c0", "byte 7: bytes after the value");
}

static void test_nested_struct_and_pointer(void **state)
{
    (void)state;
    one_point inner;
    assert_becomes(one_point, V "82 a1 78 01 a1 79 02", V "82 a1 78 01 a1 79 02");
    assert_decodes(one_point, V "c0", &inner);
    assert_int_equal(inner.v.x, 0);
    /* the second of two is not mixed with the first */
    assert_decodes(one_point, "82 a1 76 82 a1 78 01 a1 79 02 a1 76 81 a1 79 03", &inner);
    assert_int_equal(inner.v.x, 0);
    assert_int_equal(inner.v.y, 3);
    assert_undecodable(one_point, V "90", "one_point.v: an array, expected a map");
    node read;
    assert_becomes(node, "82 a1 6e 01 a1 76 82 a1 6e 02 a1 76 c0",
                   "82 a1 6e 01 a1 76 82 a1 6e 02 a1 76 c0");
    assert_decodes(node, "81 a1 6e 07", &read);
    assert_null(read.v);
    assert_becomes(many_points, V "92 82 a1 78 01 a1 79 02 80",
                   V "92 82 a1 78 01 a1 79 02 82 a1 78 00 a1 79 00");
}

static void test_names_of_any_length_are_told_apart(void **state)
{
    (void)state;
    static const char encoded[] =
        "84"
        "b0 7369787465656e5f6c6574746572735f 01"
        "b0 7369787465656e5f6c6574746572732d 02"
        "bf 615f6e616d655f6f665f6a7573745f7468697274795f6f6e655f6279746573 03"
        "d9 28 615f6e616d655f6f665f6a7573745f666f7274795f62797465735f696e5f616c6c5f6f665f69745f 04";
    long_names read;
    assert_encodes(long_names, encoded, 1, 2, 3, 4);
    assert_decodes(long_names, encoded, &read);
    assert_memory_equal(&read, (&(long_names){1, 2, 3, 4}), sizeof(read));
    assert_decodes(
        long_names,
        "82 b0 7369787465656e5f6c6574746572732d 02 b0 7369787465656e5f6c6574746572735f 01", &read);
    assert_memory_equal(&read, (&(long_names){1, 2, 0, 0}), sizeof(read));
    assert_decodes(long_names, "81 b0 7369787465656e5f6c65747465727321 02", &read);
    assert_memory_equal(&read, (&(long_names){0}), sizeof(read));
}

/* ---- fields that nobody knows ------------------------------------------------------------------ */

static void test_every_format_is_skipped_in_an_unknown_field(void **state)
{
    (void)state;
    static const char *const values[] = {
        "00",
        "7f",
        "80",
        "81 01 02",
        "8f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        " 00 00 00 00 00 00 00 00 00 00",
        "90",
        "92 01 a1 61",
        "a0",
        "a3 616263",
        "c0",
        "c2",
        "c3",
        "c4 00",
        "c4 02 ffff",
        "c5 0001 ff",
        "c6 00000001 ff",
        "c7 00 01",
        "c7 03 01 616161",
        "c8 0001 05 ff",
        "c9 00000001 05 ff",
        "ca 00000000",
        "cb 0000000000000000",
        "cc 01",
        "cd 0001",
        "ce 00000001",
        "cf 0000000000000001",
        "d0 01",
        "d1 0001",
        "d2 00000001",
        "d3 0000000000000001",
        "d4 01 ff",
        "d5 01 ffff",
        "d6 ff 00000000",
        "d7 01 0000000000000000",
        "d8 01 00000000000000000000000000000000",
        "d9 01 ff",
        "da 0001 ff",
        "db 00000001 ff",
        "dc 0002 01 02",
        "dd 00000001 c0",
        "de 0001 01 02",
        "df 00000001 c0 c0",
        "e0",
        "ff",
        "92 91 91 90 81 90 80",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char hex[200];
        point read;
        snprintf(hex, sizeof(hex), "83 a1 78 01 a3 6e6577 %s a1 79 02", values[i]);
        assert_decodes(point, hex, &read);
        assert_int_equal(read.x, 1);
        assert_int_equal(read.y, 2);
        assert_survives(point, hex);
    }
    assert_undecodable(point, "81 a3 6e6577 c1", "byte 5: the byte 0xc1, which is never used");
    assert_undecodable(point, "81 a3 6e6577 91 c1", "byte 6: the byte 0xc1");
}

static void test_every_first_byte_is_read_or_refused(void **state)
{
    (void)state;
    /* followed by enough to be complete, as whatever it is */
    for (unsigned first = 0; first < 256; first++) {
        char hex[200];
        snprintf(hex, sizeof(hex), V "%02x 00", first);
        harness_bytes bytes = harness_hex(hex);
        void *memory;
        one_i64 read;
        zcache_status status = harness_decode(one_i64_struct(), bytes.data, 4, &read, &memory);
        bool is_integer = first < 0x80 || first >= 0xe0;
        assert_status(is_integer || first == 0xc0 ? ZCACHE_OK : ZCACHE_E_TYPE, status);
        if (is_integer)
            assert_int_equal(read.v, (int8_t)first);
        free(memory);
        free(bytes.data);
    }
    assert_undecodable(one_i64, V "c1", "the byte 0xc1, which is never used");
    assert_undecodable(one_i64, V "d4 01 00", "an extension type, expected a number");
    assert_undecodable(one_i64, V "c7 00 01", "an extension type");
    assert_undecodable(one_string, V "d6 ff 00000000", "an extension type, expected a text");
    assert_undecodable(one_bool, V "90", "an array");
    assert_undecodable(one_bool, V "de 0000", "a map");
    assert_undecodable(one_string, V "cb 0000000000000000", "a number, expected a text");
}

/* ---- what is not trusted ----------------------------------------------------------------------- */

static void test_count_is_not_believed(void **state)
{
    (void)state;
    assert_undecodable(many_i32, V "dd ffffffff 01", "the value ends too early");
    assert_undecodable(many_points, V "dd 7fffffff", "the value ends too early");
    assert_undecodable(many_i32, V "dc ffff 01 02", "the value ends too early");
    assert_undecodable(many_i32, V "92 01", "the value ends too early");
    assert_undecodable(point, "df ffffffff", "the value ends too early");
    assert_undecodable(point, "df 80000000 a1 78 01", "the value ends too early");
    assert_undecodable(one_string, V "db ffffffff 61", "the value ends too early");
    assert_undecodable(one_bytes, V "c6 ffffffff 61", "the value ends too early");
    assert_undecodable(point, "81 a3 6e6577 dd ffffffff 00", "the value ends too early");
    assert_undecodable(point, "81 a3 6e6577 df ffffffff 00", "the value ends too early");
    assert_undecodable(point, "81 a3 6e6577 c9 ffffffff 00", "the value ends too early");
    assert_undecodable(point, "81 db ffffffff 78", "the value ends too early");
}

/* `open` so many times, then `rest`. */
static char *nested(const char *begin, const char *open, size_t times, const char *rest)
{
    char *hex = malloc(strlen(begin) + strlen(open) * times + strlen(rest) + 1), *end = hex;
    end = stpcpy(end, begin);
    for (size_t i = 0; i < times; i++)
        end = stpcpy(end, open);
    strcpy(end, rest);
    return hex;
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    char *deep = nested("81 a1 76 ", "81 a1 76 ", ZC_DEPTH_MAX - 2, "80");
    char *deeper = nested("81 a1 76 ", "81 a1 76 ", ZC_DEPTH_MAX - 1, "80");
    node read;
    assert_decodes(node, deep, &read);
    assert_undecodable(node, deeper, "node.v: nested deeper than 64 levels");
    free(deep);
    free(deeper);
    /* the outer map is the first level */
    deep = nested("82 a1 79 02 a3 6e6577 ", "91 ", ZC_DEPTH_MAX - 1, "c0");
    deeper = nested("82 a1 79 02 a3 6e6577 ", "91 ", ZC_DEPTH_MAX, "c0");
    point skipped;
    assert_decodes(point, deep, &skipped);
    assert_int_equal(skipped.y, 2);
    assert_undecodable(point, deeper, "nested too deep");
    free(deep);
    free(deeper);
}

static void test_depth_is_bounded_when_written_too(void **state)
{
    (void)state;
    node list[ZC_DEPTH_MAX + 1] = {{0}};
    for (size_t i = 0; i < ZC_DEPTH_MAX; i++)
        list[i].v = &list[i + 1];
    assert_unencodable(node, "node.v: nested deeper than 64 levels", 0, &list[0]);
    list[ZC_DEPTH_MAX - 2].v = NULL;
    harness_bytes bytes;
    assert_status(ZCACHE_OK, harness_encode(node_struct(), &(node){0, &list[0]}, &bytes));
    free(bytes.data);
    list[3].v = &list[1];
    assert_unencodable(node, "is it a cycle?", 0, &list[0]);
}

static const char whole_user[] =
    "88 a2 6964 cd 0301 a9 66756c6c5f6e616d65 a3 416e6e a4 63697479 a5 5061726973"
    " a5 73636f7265 cb 4058a9fbe76c8b44 a6 616374697665 c3 a9 6661766f7572697465 a5 677265656e"
    " a4 686f6d65 82 a1 78 01 a1 79 d0 9c a4 74616773 93 a1 61 c0 d9 20"
    "6161616161616161616161616161616161616161616161616161616161616161";

static void test_damage_is_never_more_than_undecodable(void **state)
{
    (void)state;
    assert_becomes(user, whole_user, whole_user);
    assert_survives(user, whole_user);
    assert_survives(node, "82 a1 6e cc 80 a1 76 82 a1 6e 02 a1 76 c0");
    assert_survives(many_points, V "dc 0002 82 a1 78 d2 80000000 a1 79 02 80");
    assert_survives(three_i16, V "93 01 d1 8000 00");
    assert_survives(one_double, V "cb 7fefffffffffffff");
    assert_survives(one_bytes, V "c5 0003 00ff80");
    assert_survives(long_names, "81 b0 7369787465656e5f6c6574746572735f 01");
}

static void test_fields_come_and_go(void **state)
{
    (void)state;
    user read;
    /* an older writer: another order, an old name, an unknown field, fields that are not there */
    assert_decodes(user,
                   "84 a4 6e616d65 a3 416e6e a5 656d61696c a3 614062 a2 6964 07 a4 63697479 a1 42",
                   &read);
    assert_int_equal(read.id, 7);
    assert_string_equal(read.name, "Ann");
    assert_string_equal(read.city, "B");
    assert_true(read.score == 0.5);
    assert_false(read.active);
    assert_null(read.home);
    assert_null(read.tags);
}

/* ---- values that are not structs --------------------------------------------------------------- */

static void test_bare_values(void **state)
{
    (void)state;
    zcache_string text;
    assert_encodes(zcache_string, "a2 6869", TEXT("hi"));
    assert_encodes(zcache_string, "c0", NULL);
    assert_decodes(zcache_string, "d9 02 6869", &text);
    assert_string_equal(text.text, "hi");
    assert_decodes(zcache_string, "c0", &text);
    assert_null(text.text);
    assert_undecodable(zcache_string, "01", "byte 0: zcache_string: a number, expected a text");
    assert_undecodable(zcache_string, "a2 6869 00", "bytes after the value");
    zcache_bytes bytes;
    assert_encodes(zcache_bytes, "c4 02 00ff", TEXT("\x00\xff"), 2);
    assert_decodes(zcache_bytes, "c4 02 00ff", &bytes);
    assert_int_equal(bytes.size, 2);
    assert_survives(zcache_bytes, "c4 02 00ff");
    assert_survives(zcache_string, "a2 6869");
}

/* ---- memory ------------------------------------------------------------------------------------ */

static void test_full_block_tells_what_is_wanted(void **state)
{
    (void)state;
    zc_plan *plan;
    assert_status(ZCACHE_OK, zc_plan_make(one_string_struct(), &plan));
    zcache_block block = {0};
    one_string read;
    static const char bytes[] = "\x81\xa1\x76\xa5hello";
    assert_status(ZCACHE_E_NOMEM, zc_msgpack_decode(NULL, plan, zcache_str(bytes), &read, &block));
    assert_int_equal(block.wanted, ZCACHE_BLOCK_MARK + 6);
    zc_plan_free(plan);
}

static bool grow_never(zcache_buffer *buffer, size_t more)
{
    (void)buffer, (void)more;
    return false;
}

static void test_buffer_that_cannot_grow_holds_what_it_held(void **state)
{
    (void)state;
    zc_plan *plan;
    assert_status(ZCACHE_OK, zc_plan_make(one_string_struct(), &plan));
    for (size_t capacity = 3; capacity < 60; capacity++) {
        zcache_buffer buffer = {
            .data = malloc(capacity), .size = 3, .capacity = capacity, .grow = grow_never};
        memcpy(buffer.data, "abc", 3);
        one_string value = {TEXT("hello")};
        zcache_status status = zc_msgpack_encode(NULL, plan, &value, &buffer);
        assert_int_equal(buffer.size, status == ZCACHE_OK ? 12 : 3);
        assert_memory_equal(buffer.data, "abc", 3);
        free(buffer.data);
    }
    zc_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integer_takes_its_shortest_form),
        cmocka_unit_test(test_each_width_is_written),
        cmocka_unit_test(test_any_form_of_a_number_is_read_into_any_field),
        cmocka_unit_test(test_limits_of_each_width_are_kept),
        cmocka_unit_test(test_real_number_is_an_integer_only_if_it_is_exactly_one),
        cmocka_unit_test(test_real_numbers_are_written_as_they_are),
        cmocka_unit_test(test_real_numbers_are_read_rounded_but_never_made_infinite),
        cmocka_unit_test(test_bool_is_true_or_false_and_nothing_else),
        cmocka_unit_test(test_enum_is_its_name),
        cmocka_unit_test(test_nil_is_a_missing_field_where_nothing_can_be_null),
        cmocka_unit_test(test_text_takes_its_shortest_header),
        cmocka_unit_test(test_any_header_of_a_text_is_read),
        cmocka_unit_test(test_text_is_utf8_both_ways),
        cmocka_unit_test(test_char_array_is_never_cut),
        cmocka_unit_test(test_bytes_are_bin),
        cmocka_unit_test(test_array_takes_its_shortest_header),
        cmocka_unit_test(test_counted_array_may_be_empty_or_nil),
        cmocka_unit_test(test_elements_that_can_be_null_are),
        cmocka_unit_test(test_fixed_array_has_all_of_its_elements),
        cmocka_unit_test(test_struct_is_a_map_of_any_header),
        cmocka_unit_test(test_nested_struct_and_pointer),
        cmocka_unit_test(test_names_of_any_length_are_told_apart),
        cmocka_unit_test(test_every_format_is_skipped_in_an_unknown_field),
        cmocka_unit_test(test_every_first_byte_is_read_or_refused),
        cmocka_unit_test(test_count_is_not_believed),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_depth_is_bounded_when_written_too),
        cmocka_unit_test(test_damage_is_never_more_than_undecodable),
        cmocka_unit_test(test_fields_come_and_go),
        cmocka_unit_test(test_bare_values),
        cmocka_unit_test(test_full_block_tells_what_is_wanted),
        cmocka_unit_test(test_buffer_that_cannot_grow_holds_what_it_held),
    };
    harness = (harness_codec){zc_msgpack_encode, zc_msgpack_decode, NULL};
    expect_of("msgpack");
    return cmocka_run_group_tests_name("MessagePack", tests, NULL, harness_forget);
}
