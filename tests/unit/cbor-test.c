/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The plugin cbor against the examples of RFC 8949, appendix A, those that a struct can hold; and
 * what it must refuse.
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
#include "codec/registry.h"
#include "expect.h"

#define V "a1 61 76 " /* {"v": */

#define READS(TYPE, hex, expected)         \
    do {                                   \
        TYPE read;                         \
        assert_decodes(TYPE, hex, &read);  \
        assert_true(read.v == (expected)); \
    } while (0)
/* Both ways. */
#define IS(TYPE, hex, expected)              \
    do {                                     \
        assert_encodes(TYPE, hex, expected); \
        READS(TYPE, hex, expected);          \
    } while (0)

/* ---- appendix A ------------------------------------------------------------------------------ */

static void test_integers_of_appendix_a(void **state)
{
    (void)state;
    IS(one_i64, V "00", 0);
    IS(one_i64, V "01", 1);
    IS(one_i64, V "0a", 10);
    IS(one_i64, V "17", 23);
    IS(one_i64, V "1818", 24);
    IS(one_i64, V "1819", 25);
    IS(one_i64, V "1864", 100);
    IS(one_i64, V "1903e8", 1000);
    IS(one_i64, V "1a000f4240", 1000000);
    IS(one_i64, V "1b000000e8d4a51000", 1000000000000);
    IS(one_u64, V "1bffffffffffffffff", UINT64_MAX);
    IS(one_i64, V "20", -1);
    IS(one_i64, V "29", -10);
    IS(one_i64, V "3863", -100);
    IS(one_i64, V "3903e7", -1000);
    IS(one_i64, V "3b7fffffffffffffff", INT64_MIN);
    READS(one_double, V "3bffffffffffffffff", -18446744073709551616.0);
    assert_undecodable(one_i64, V "3bffffffffffffffff", "one_i64.v: -1.8446744073709552e+19 is");
    assert_undecodable(one_i64, V "1b8000000000000000", "is out of range (int64)");
    READS(one_u8, V "1b00000000000000ff", 255); /* any width */
    assert_undecodable(one_u8, V "190100", "byte 3: one_u8.v: 256 is out of range (uint8)");
}

static void test_real_numbers_of_appendix_a(void **state)
{
    (void)state;
    READS(one_double, V "f90000", 0.0);
    READS(one_double, V "f93c00", 1.0);
    READS(one_double, V "f93e00", 1.5);
    READS(one_double, V "f97bff", 65504.0);
    READS(one_double, V "f90001", 5.960464477539063e-8);
    READS(one_double, V "f90400", 0.00006103515625);
    READS(one_double, V "f9c400", -4.0);
    READS(one_float, V "f9c400", -4.0F);
    READS(one_i32, V "f9c400", -4);
    IS(one_double, V "fb3ff199999999999a", 1.1);
    IS(one_double, V "fb7e37e43c8800759c", 1.0e+300);
    IS(one_double, V "fbc010666666666666", -4.1);
    IS(one_float, V "fa47c35000", 100000.0F);
    IS(one_float, V "fa7f7fffff", 3.4028234663852886e+38F);
    READS(one_double, V "fa7f7fffff", 3.4028234663852886e+38);
    READS(one_double, V "f97c00", (double)INFINITY);
    READS(one_double, V "f9fc00", -(double)INFINITY);
    IS(one_float, V "fa7f800000", INFINITY);
    IS(one_double, V "fbfff0000000000000", -(double)INFINITY);
    static const char *const nans[] = {V "f97e00", V "fa7fc00000", V "fb7ff8000000000000"};
    for (size_t i = 0; i < sizeof(nans) / sizeof(*nans); i++) {
        one_double read;
        assert_decodes(one_double, nans[i], &read);
        assert_true(isnan(read.v));
    }
    one_double read;
    assert_decodes(one_double, V "f98000", &read);
    assert_true(read.v == 0 && signbit(read.v));
}

static void test_simple_values_of_appendix_a(void **state)
{
    (void)state;
    IS(one_bool, V "f4", false);
    IS(one_bool, V "f5", true);
    one_string text;
    assert_encodes(one_string, V "f6", NULL);
    assert_decodes(one_string, V "f6", &text);
    assert_null(text.v);
    assert_decodes(one_string, V "f7", &text); /* undefined */
    assert_null(text.v);
    READS(one_i32_default, V "f7", -7);
    assert_undecodable(one_bool, V "f0", "byte 3: 0xf0 begins nothing of CBOR");
    assert_undecodable(one_bool, V "f8ff", "byte 3: 0xf8 begins nothing of CBOR");
    assert_undecodable(one_bool, V "1c", "byte 3: 0x1c begins nothing of CBOR");
}

static void check_text(const char *hex, const char *expected)
{
    one_string read;
    assert_decodes(one_string, hex, &read);
    assert_string_equal(read.v, expected);
    assert_encodes(one_string, hex, read.v);
}

static void test_texts_and_bytes_of_appendix_a(void **state)
{
    (void)state;
    check_text(V "60", "");
    check_text(V "6161", "a");
    check_text(V "6449455446", "IETF");
    check_text(V "62225c", "\"\\");
    check_text(V "62c3bc", "\xC3\xBC");
    check_text(V "63e6b0b4", "\xE6\xB0\xB4");
    check_text(V "64f0908591", "\xF0\x90\x85\x91");
    one_bytes read;
    assert_decodes(one_bytes, V "40", &read);
    assert_int_equal(read.size, 0);
    assert_non_null(read.v);
    assert_becomes(one_bytes, V "4401020304", V "4401020304");
    assert_encodes(one_bytes, V "f6", NULL, 0);
    assert_undecodable(one_bytes, V "6161", "one_bytes.v: a text, expected bytes");
    assert_undecodable(one_string, V "4161", "one_string.v: bytes, expected a text");
    assert_undecodable(one_string, V "62c080", "one_string.v: the text is not UTF-8");
    assert_undecodable(one_bytes, V "5f42010243030405ff", "byte 3: a text or bytes in pieces");
    assert_undecodable(one_string, V "7f657374726561646d696e67ff", "in pieces");
}

static void test_tags_of_appendix_a_are_passed_over(void **state)
{
    (void)state;
    one_string text;
    assert_decodes(one_string, V "c074323031332d30332d32315432303a30343a30305a", &text);
    assert_string_equal(text.v, "2013-03-21T20:04:00Z");
    READS(one_i64, V "c11a514b67b0", 1363896240);
    READS(one_double, V "c1fb41d452d9ec200000", 1363896240.5);
    one_bytes bytes;
    assert_decodes(one_bytes, V "d74401020304", &bytes);
    assert_memory_equal(bytes.v, "\1\2\3\4", 4);
    assert_decodes(one_bytes, V "d818456449455446", &bytes);
    assert_memory_equal(bytes.v, "dIETF", 5);
    READS(one_i64, "d9d9f7 a1 c1 61 76 d8ff c1 05", 5); /* self-described, and a tagged name */
    assert_undecodable(one_i64, V "c1", "the value ends too early");
    assert_undecodable(many_i32, V "9f 01 c1 ff", "byte 6: a tag of nothing");
}

static void test_arrays_and_maps_of_appendix_a(void **state)
{
    (void)state;
    many_i32 read;
    assert_encodes(many_i32, V "80", NULL, 0);
    assert_decodes(many_i32, V "80", &read);
    assert_null(read.v);
    assert_becomes(many_i32, V "83010203", V "83010203");
    static const char twenty_five[] =
        V "98190102030405060708090a0b0c0d0e0f101112131415161718181819";
    assert_becomes(many_i32, twenty_five, twenty_five);
    assert_becomes(many_i32, V "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
                   twenty_five);
    assert_becomes(many_i32, V "9fff", V "80");
    assert_becomes(three_i16, V "9f010203ff", V "83010203");
    assert_undecodable(three_i16, V "9f0102ff", "three_i16.v: 2 elements, expected 3");
    assert_undecodable(many_i32, V "830102ff", "an end without a begin");
    assert_undecodable(many_i32, V "8301820203820405", "an array, expected an array, each element");
    assert_becomes(many_strings, V "8261616162", V "8261616162");
    /* a map in a struct, of unknown count, and a struct that is one */
    assert_becomes(one_point, "bf 6176 bf 6178 01 6179 20 ff ff", V "a2 6178 01 6179 20");
    assert_becomes(many_points, V "9f bf ff a1 6179 05 ff",
                   V "82 a2 6178 00 6179 00 a2 6178 00 6179 05");
    assert_undecodable(point, "bf 6178 ff", "an end without a begin");
    assert_undecodable(point, "a1 01 02", "byte 1: a key that is not a text");
    assert_undecodable(point, "83010203", "byte 0: an array, expected a map (point)");
    assert_undecodable(point, "a0 00", "byte 1: bytes after the value");
}

/* ---- what nobody asked for, what is not trusted ---------------------------------------------- */

static void test_unknown_fields_are_skipped(void **state)
{
    (void)state;
    static const char *const values[] = {"00",
                                         "3903e7",
                                         "f97c00",
                                         "f6",
                                         "f7",
                                         "4401020304",
                                         "62c3bc",
                                         "c1 00",
                                         "80",
                                         "83 01 80 9f ff",
                                         "9f 01 82 02 03 9f 04 05 ff ff",
                                         "a2 01 02 03 04",
                                         "bf 61 61 9f 02 03 ff 01 01 ff",
                                         "bf ff",
                                         "d9d9f7 80"};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char hex[200];
        point read;
        snprintf(hex, sizeof(hex), "a3 6178 01 636e6577 %s 6179 02", values[i]);
        assert_decodes(point, hex, &read);
        assert_int_equal(read.x, 1);
        assert_int_equal(read.y, 2);
        assert_survives(point, hex);
    }
    assert_undecodable(point, "a1 636e6577 bf 01 ff", "a key without a value");
    assert_undecodable(point, "a1 636e6577 ff", "an end without a begin");
    assert_undecodable(point, "a1 636e6577 82 01 ff", "an end without a begin");
    assert_undecodable(point, "a1 636e6577 7f 6161 ff", "in pieces");
}

static void test_count_is_not_believed(void **state)
{
    (void)state;
    assert_undecodable(many_i32, V "9bffffffffffffffff 01", "the value ends too early");
    assert_undecodable(many_i32, V "9bfffffffffffffffe 01", "the value ends too early");
    assert_undecodable(many_points, V "9a7fffffff", "the value ends too early");
    assert_undecodable(point, "bbffffffffffffffff", "the value ends too early");
    assert_undecodable(point, "a1 636e6577 bb8000000000000000 00", "the value ends too early");
    assert_undecodable(one_string, V "7bffffffffffffffff 61", "the value ends too early");
    assert_undecodable(one_bytes, V "5bffffffffffffffff 61", "the value ends too early");
    assert_undecodable(many_i32, V "9f 01", "the value ends too early");
    assert_undecodable(point, "", "the value ends too early");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    char hex[1024], *end = hex;
    end += sprintf(end, "a2 6179 02 636e6577 ");
    for (size_t i = 0; i < ZC_DEPTH_MAX - 1; i++)
        end = stpcpy(end, i % 2 ? "9f" : "81");
    end = stpcpy(end, "f6");
    char *full = end;
    for (size_t i = 0; i < ZC_DEPTH_MAX - 1; i++)
        end = stpcpy(end, i % 2 ? "ff" : "");
    point read;
    assert_decodes(point, hex, &read);
    assert_int_equal(read.y, 2);
    strcpy(full - 2, "80");
    assert_undecodable(point, hex, "nested too deep");
}

static void test_damage_is_never_more_than_undecodable(void **state)
{
    (void)state;
    static const char whole[] =
        "a8 62 6964 190301 69 66756c6c5f6e616d65 63416e6e 6463697479 65 5061726973"
        " 65 73636f7265 fb4058a9fbe76c8b44 66 616374697665 f5 69 6661766f7572697465 65 677265656e"
        " 64 686f6d65 a2 6178 01 6179 3863 64 74616773 83 6161 f6 7820"
        "6161616161616161616161616161616161616161616161616161616161616161";
    assert_becomes(user, whole, whole);
    assert_survives(user, whole);
    assert_survives(many_points, V "9f bf ff a1 6179 05 ff");
    assert_survives(one_bytes, V "4401020304");
}

/* The codec as it was found, as a plugin. */
static zc_codec found;

static int find(void **state)
{
    (void)state;
    zc_plan *plan;
    const char *directories[] = {getenv("ZCACHE_TEST_PLUGINS"), NULL};
    assert_status(ZCACHE_OK, zc_plan_make(point_struct(), &plan));
    assert_status(ZCACHE_OK, zc_codec_find("cbor", &(zcache_list){1, directories}, plan, &found));
    zc_plan_free(plan);
    harness = (harness_codec){found.encode, found.decode, found.custom};
    return 0;
}

static int release(void **state)
{
    zc_codec_release(&found);
    return harness_forget(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_of_appendix_a),
        cmocka_unit_test(test_real_numbers_of_appendix_a),
        cmocka_unit_test(test_simple_values_of_appendix_a),
        cmocka_unit_test(test_texts_and_bytes_of_appendix_a),
        cmocka_unit_test(test_tags_of_appendix_a_are_passed_over),
        cmocka_unit_test(test_arrays_and_maps_of_appendix_a),
        cmocka_unit_test(test_unknown_fields_are_skipped),
        cmocka_unit_test(test_count_is_not_believed),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_damage_is_never_more_than_undecodable),
    };
    expect_of("cbor");
    return cmocka_run_group_tests_name("CBOR", tests, find, release);
}
