/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * MessagePack from whoever: fields that nobody knows, counts that lie, depth without end, bytes
 * that are cut off and bits that are flipped.
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

#define V "81 a1 76 " /* {"v": */

/* ---- fields that nobody knows ---------------------------------------------------------------- */

static void test_every_format_is_skipped_in_an_unknown_field(void **state)
{
    (void)state;
    char values[] =
        "00|7f|80|81 01 02|"
        "8f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
        "00|"
        "90|92 01 a1 61|a0|a3 616263|c0|c2|c3|c4 00|c4 02 ffff|c5 0001 ff|c6 00000001 ff|"
        "c7 00 01|c7 03 01 616161|c8 0001 05 ff|c9 00000001 05 ff|ca 00000000|"
        "cb 0000000000000000|cc 01|cd 0001|ce 00000001|cf 0000000000000001|d0 01|d1 0001|"
        "d2 00000001|d3 0000000000000001|d4 01 ff|d5 01 ffff|d6 ff 00000000|"
        "d7 01 0000000000000000|d8 01 00000000000000000000000000000000|d9 01 ff|da 0001 ff|"
        "db 00000001 ff|dc 0002 01 02|dd 00000001 c0|de 0001 01 02|df 00000001 c0 c0|e0|ff|"
        "92 91 91 90 81 90 80|";
    for (const char *value = strtok(values, "|"); value != NULL; value = strtok(NULL, "|")) {
        char hex[200];
        point read;
        snprintf(hex, sizeof(hex), "83 a1 78 01 a3 6e6577 %s a1 79 02", value);
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

/* ---- what is not trusted --------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format_is_skipped_in_an_unknown_field),
        cmocka_unit_test(test_every_first_byte_is_read_or_refused),
        cmocka_unit_test(test_count_is_not_believed),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_depth_is_bounded_when_written_too),
        cmocka_unit_test(test_damage_is_never_more_than_undecodable),
        cmocka_unit_test(test_fields_come_and_go),
    };
    harness = (harness_codec){zc_msgpack_encode, zc_msgpack_decode, NULL};
    expect_of("msgpack");
    return cmocka_run_group_tests_name("MessagePack: damage", tests, NULL, harness_forget);
}
