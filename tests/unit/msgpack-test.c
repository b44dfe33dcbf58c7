/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Texts, bytes, arrays and maps in MessagePack against its specification,
 * byte for byte.
 */
#include "codec-types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec-harness.h"
#include "expect.h"
#include "fenced.h"

#define V "81 a1 76 " /* {"v": */

/* ---- texts and bytes ------------------------------------------------------------------------- */

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

/* ---- arrays, maps, structs ------------------------------------------------------------------- */

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

/* ---- values that are not structs ------------------------------------------------------------- */

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

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_full_block_tells_what_is_wanted(void **state)
{
    (void)state;
    zc_plan *plan;
    assert_status(ZCACHE_OK, zc_plan_make(one_string_struct(), &plan));
    zcache_block block = {0};
    one_string read;
    static const char bytes[] = "\x81\xa1\x76\xa5hello";
    unsigned char *copy = fenced(bytes, sizeof(bytes) - 1);
    assert_status(
        ZCACHE_E_NOMEM,
        zc_msgpack_decode(NULL, plan, zcache_bytes_of(copy, sizeof(bytes) - 1), &read, &block));
    free(copy);
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
        cmocka_unit_test(test_bare_values),
        cmocka_unit_test(test_full_block_tells_what_is_wanted),
        cmocka_unit_test(test_buffer_that_cannot_grow_holds_what_it_held),
    };
    harness = (harness_codec){zc_msgpack_encode, zc_msgpack_decode, NULL};
    expect_of("msgpack");
    return cmocka_run_group_tests_name("MessagePack", tests, NULL, harness_forget);
}
