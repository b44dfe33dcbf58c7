/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Numbers, bools, enums and nil in MessagePack against its specification: what is written, byte for
 * byte, at each boundary of each form; and every form that may be read.
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

/* ---- integers -------------------------------------------------------------------------------- */

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

/* ---- real numbers ---------------------------------------------------------------------------- */

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

/* ---- bool, enum, nil ------------------------------------------------------------------------- */

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

/* Names are written as 16 bytes where they have no more: around that, and around a fixed header. */
typedef enum length { LENGTH_1, LENGTH_15, LENGTH_16, LENGTH_31, LENGTH_32, LENGTH_99 } length;
#define TEN "0123456789"
ZCACHE_ENUM(length, ZC_VALUE(LENGTH_1, "1"), ZC_VALUE(LENGTH_15, TEN "12345"),
            ZC_VALUE(LENGTH_16, TEN "123456"), ZC_VALUE(LENGTH_31, TEN TEN TEN "1"),
            ZC_VALUE(LENGTH_32, TEN TEN TEN "12"),
            ZC_VALUE(LENGTH_99, TEN TEN TEN TEN TEN TEN TEN TEN TEN "123456789"))

typedef struct lengths {
    length fixed[3];
    length *counted;
    size_t count;
    bool a_name_of_more_than_thirty_two_bytes;
    length of_sixteen_bytes;
    length of_seventeen_byte;
    length v;
} lengths;
ZCACHE_STRUCT(lengths, ZC_FIXED(fixed, ZC_ENUM(length)), ZC_ARRAY(counted, count, ZC_ENUM(length)),
              ZC_BOOL(a_name_of_more_than_thirty_two_bytes), ZC_ENUM(of_sixteen_bytes, length),
              ZC_ENUM(of_seventeen_byte, length), ZC_ENUM(v, length))

static void test_names_of_any_length_have_room(void **state)
{
    (void)state;
    for (length i = LENGTH_1; i <= LENGTH_99; i++) {
        length elements[2] = {LENGTH_99, i};
        lengths read, value = {.fixed = {i, LENGTH_99, i},
                               .counted = elements,
                               .count = 2,
                               .a_name_of_more_than_thirty_two_bytes = true,
                               .of_sixteen_bytes = i,
                               .of_seventeen_byte = LENGTH_99,
                               .v = i};
        harness_bytes bytes;
        void *memory;
        assert_status(ZCACHE_OK, harness_encode(lengths_struct(), &value, &bytes));
        assert_status(ZCACHE_OK,
                      harness_decode(lengths_struct(), bytes.data, bytes.size, &read, &memory));
        assert_memory_equal(read.fixed, value.fixed, sizeof(value.fixed));
        assert_int_equal(read.count, 2);
        assert_memory_equal(read.counted, elements, sizeof(elements));
        assert_true(read.a_name_of_more_than_thirty_two_bytes);
        assert_int_equal(read.of_sixteen_bytes, i);
        assert_int_equal(read.of_seventeen_byte, LENGTH_99);
        assert_int_equal(read.v, i);
        free(memory);
        free(bytes.data);
    }
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
        cmocka_unit_test(test_names_of_any_length_have_room),
        cmocka_unit_test(test_nil_is_a_missing_field_where_nothing_can_be_null),
    };
    harness = (harness_codec){zc_msgpack_encode, zc_msgpack_decode, NULL};
    expect_of("msgpack");
    return cmocka_run_group_tests_name("MessagePack: numbers", tests, NULL, harness_forget);
}
