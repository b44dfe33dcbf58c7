/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Codecs that are not ours: by tokens, against the simplest format that there is (tagged.h); by
 * values; and those that break their promises.
 */
#include "codec-types.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/tagged.h"
#include "codec-harness.h"
#include "expect.h"

static const zcache_codec tagged = {
    .size = sizeof(zcache_codec), .put = tagged_put, .next = tagged_next};

static int use_tagged(void **state)
{
    (void)state;
    harness = (harness_codec){zc_tokens_encode, zc_tokens_decode, &tagged};
    return 0;
}

#define MAP(n)   "09 0" #n "000000 "
#define OPEN     "09 ffffffff "
#define ARRAY(n) "08 0" #n "000000 "
#define OPENED   "08 ffffffff "
#define END      "0a "
#define NAME_V   "06 01000000 76 "
#define NAME_X   "06 01000000 78 "
#define NAME_Y   "06 01000000 79 "
#define NEW      "06 03000000 6e6577 "
#define V        MAP(1) NAME_V
#define INT(n)   "02 0" #n "00000000000000 "

/* ---- by tokens ------------------------------------------------------------------------------- */

static void test_each_type_is_its_token(void **state)
{
    (void)state;
    assert_encodes(one_bool, V "01 01", true);
    assert_encodes(one_i8, V "02 ffffffffffffffff", -1);
    assert_encodes(one_i16, V "02 0080ffffffffffff", INT16_MIN);
    assert_encodes(one_i32, V "02 ffffff7f00000000", INT32_MAX);
    assert_encodes(one_i64, V "02 0000000000000080", INT64_MIN);
    assert_encodes(one_u8, V "02 ff00000000000000", UINT8_MAX);
    assert_encodes(one_u16, V "02 ffff000000000000", UINT16_MAX);
    assert_encodes(one_u32, V "02 ffffffff00000000", UINT32_MAX);
    assert_encodes(one_u64, V "02 ffffffffffffff7f", INT64_MAX);
    assert_encodes(one_u64, V "03 0000000000000080", (uint64_t)INT64_MAX + 1);
    assert_encodes(one_float, V "04 000000000000f83f", 1.5F);
    assert_encodes(one_double, V "05 9a9999999999b93f", 0.1);
    assert_encodes(one_enum, V "06 03000000 726564", RED);
    assert_encodes(one_string, V "06 01000000 61", TEXT("a"));
    assert_encodes(one_string, V "00", NULL);
    assert_encodes(one_chars, V "06 01000000 61", "a");
    assert_encodes(one_bytes, V "07 02000000 00ff", (unsigned char *)TEXT("\x00\xff"), 2);
    assert_encodes(one_bytes, V "00", NULL, 0);
    assert_encodes(three_i16, V ARRAY(3) INT(1) INT(2) INT(3), {1, 2, 3});
    assert_encodes(many_i32, V ARRAY(0), NULL, 0);
    assert_encodes(point, MAP(2) NAME_X INT(1) NAME_Y INT(2), 1, 2);
    assert_encodes(one_point, V MAP(2) NAME_X INT(1) NAME_Y INT(2), {1, 2});
    assert_encodes(zcache_string, "06 01000000 61", TEXT("a"));
}

static const char whole[] = MAP(8) "06 02000000 6964 " INT(
    7) "06 09000000 66756c6c5f6e616d65 06 03000000 416e6e "
       "06 04000000 63697479 06 01000000 42 06 05000000 73636f7265 05 000000000000f83f "
       "06 06000000 616374697665 01 01 06 09000000 6661766f7572697465 06 04000000 626c7565 "
       "06 04000000 686f6d65 " MAP(2) NAME_X INT(1)
           NAME_Y INT(2) "06 04000000 74616773 " ARRAY(3) "06 01000000 61 00 06 00000000";

static void test_struct_goes_both_ways(void **state)
{
    (void)state;
    assert_becomes(user, whole, whole);
    assert_survives(user, whole);
    assert_survives(many_points, V OPENED OPEN END MAP(1) NAME_Y INT(5) END);
}

static void test_maps_and_arrays_of_unknown_count(void **state)
{
    (void)state;
    assert_becomes(many_i32, OPEN NAME_V OPENED INT(1) INT(2) END END, V ARRAY(2) INT(1) INT(2));
    assert_becomes(many_i32, V OPENED END, V ARRAY(0));
    assert_becomes(three_i16, V OPENED INT(1) INT(2) INT(3) END, V ARRAY(3) INT(1) INT(2) INT(3));
    assert_undecodable(three_i16, V OPENED INT(1) END, "three_i16.v: 1 elements, expected 3");
    assert_becomes(many_points, V OPENED OPEN END OPEN NAME_Y INT(5) END END,
                   V ARRAY(2) MAP(2) NAME_X INT(0) NAME_Y INT(0) MAP(2) NAME_X INT(0)
                       NAME_Y INT(5));
    assert_undecodable(point, OPEN NAME_X END, "an end without a begin");
    assert_undecodable(point, END, "an end without a begin");
    assert_undecodable(many_i32, V ARRAY(2) INT(1) END, "an end without a begin");
    assert_undecodable(many_i32, V OPENED INT(1), "the value ends too early");
}

static void test_unknown_fields_are_skipped(void **state)
{
    (void)state;
    static const char *const values[] = {"00 ",
                                         "01 01 ",
                                         INT(1),
                                         "03 0000000000000080 ",
                                         "05 000000000000f83f ",
                                         "06 01000000 ff ",
                                         "07 00000000 ",
                                         ARRAY(0),
                                         ARRAY(2) INT(1) OPENED INT(2) ARRAY(1) "00 " END,
                                         MAP(1) INT(1) INT(2),
                                         OPEN NAME_X OPEN NAME_Y "00 " END END,
                                         OPENED END,
                                         OPEN END};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char hex[400];
        point read;
        snprintf(hex, sizeof(hex), MAP(3) NAME_X INT(1) NEW "%s" NAME_Y INT(2), values[i]);
        assert_decodes(point, hex, &read);
        assert_int_equal(read.x, 1);
        assert_int_equal(read.y, 2);
    }
    assert_undecodable(point, MAP(1) NEW OPEN NAME_X END, "a key without a value");
    assert_undecodable(point, MAP(1) NEW END, "an end without a begin");
}

static void test_field_is_named_in_what_is_wrong(void **state)
{
    (void)state;
    assert_undecodable(one_i8, V "02 8000000000000000", "byte 11: one_i8.v: 128 is out of range");
    assert_undecodable(one_u32, V "03 ffffffffffffffff", "18446744073709551615 is out of range");
    assert_undecodable(one_i32, V "05 000000000000f83f", "one_i32.v: 1.5 is no integer (int32)");
    assert_undecodable(one_string, V "07 01000000 61", "one_string.v: bytes, expected a text");
    assert_undecodable(one_bytes, V "06 01000000 61", "one_bytes.v: a text, expected bytes");
    assert_undecodable(one_string, V "06 01000000 ff", "one_string.v: the text is not UTF-8");
    assert_undecodable(one_string, V "06 03000000 610062", "one_string.v: the text has a NUL");
    assert_undecodable(one_chars, V "06 05000000 6162636465", "one_chars.v: the text is too long");
    assert_undecodable(one_enum, V "06 01000000 61", "one_enum.v: \"a\" is no color");
    assert_undecodable(one_bool, V INT(1), "one_bool.v: a number, expected true or false");
    assert_undecodable(one_required, MAP(0), "one_required.v is missing");
    assert_undecodable(many_i32, V ARRAY(1) "00", "many_i32.v: null, expected an array");
    assert_undecodable(point, MAP(1) INT(1) INT(1), "a key that is not a text");
    assert_undecodable(point, MAP(0) "00", "byte 5: bytes after the value");
    assert_undecodable(point, ARRAY(0), "byte 0: an array, expected a map (point)");
    assert_unencodable(one_double, "one_double.v: this format has no NaN", NAN);
    assert_unencodable(one_string, "one_string.v: the text is not UTF-8", TEXT("\xFF"));
    assert_unencodable(one_required, "one_required.v: it is required, and NULL", NULL);
    assert_unencodable(one_enum, "one_enum.v: it has a value without a name in color", 2);
    assert_unencodable(many_i32, "many_i32.v: it is NULL, and its count 2", NULL, 2);
}

static void test_count_is_not_believed(void **state)
{
    (void)state;
    assert_undecodable(many_i32, V "08 feffffff " INT(1), "the value ends too early");
    assert_undecodable(point, "09 ffffff7f", "the value ends too early");
    assert_undecodable(point, MAP(1) NEW "08 feffffff", "the value ends too early");
    assert_undecodable(point, "", "the value ends too early");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    node list[ZC_DEPTH_MAX] = {{0}};
    for (size_t i = 0; i < ZC_DEPTH_MAX - 1; i++)
        list[i].v = &list[i + 1];
    harness_bytes bytes;
    void *memory;
    node read;
    assert_status(ZCACHE_OK, harness_encode(node_struct(), &list[0], &bytes));
    assert_status(ZCACHE_OK, harness_decode(node_struct(), bytes.data, bytes.size, &read, &memory));
    free(bytes.data);
    free(memory);
    list[ZC_DEPTH_MAX - 1].v = &list[0];
    assert_unencodable(node, "node.v: nested deeper than 64 levels (is it a cycle?)", 0, &list[0]);
    char hex[ZC_DEPTH_MAX * 30] = "", *end = hex;
    for (size_t i = 0; i < ZC_DEPTH_MAX; i++)
        end = stpcpy(end, V);
    strcpy(end, MAP(0));
    assert_undecodable(node, hex, "node.v: nested deeper than 64 levels");
}

/* ---- codecs that break their promises -------------------------------------------------------- */

static zcache_status stay(const zcache_codec *codec, zcache_reader *reader, zcache_token *token)
{
    (void)codec, (void)reader;
    token->kind = ZCACHE_TOKEN_ARRAY;
    token->count = ZCACHE_COUNT_UNKNOWN;
    return ZCACHE_OK;
}

static zcache_status overrun(const zcache_codec *codec, zcache_reader *reader, zcache_token *token)
{
    (void)codec;
    reader->at = reader->end + 1;
    token->kind = ZCACHE_TOKEN_NULL;
    return ZCACHE_OK;
}

static zcache_status odd_kind(const zcache_codec *codec, zcache_reader *reader, zcache_token *token)
{
    (void)codec;
    reader->at++;
    token->kind = (zcache_token_kind)77;
    return ZCACHE_OK;
}

static zcache_status say_nothing(const zcache_codec *codec, zcache_reader *reader,
                                 zcache_token *token)
{
    (void)codec, (void)reader, (void)token;
    return ZCACHE_E_TIMEOUT;
}

static zcache_status put_nothing(const zcache_codec *codec, zcache_buffer *buffer,
                                 const zcache_token *token)
{
    (void)codec, (void)buffer, (void)token;
    return ZCACHE_MISS;
}

static void test_codec_that_breaks_its_promises_is_refused(void **state)
{
    (void)state;
    zcache_codec broken = {.size = sizeof(zcache_codec), .put = put_nothing, .next = stay};
    harness.custom = &broken;
    assert_undecodable(many_i32, "00 00", "the codec did not move on within the value");
    broken.next = overrun;
    assert_undecodable(many_i32, "00 00", "the codec did not move on within the value");
    broken.next = odd_kind;
    assert_undecodable(many_i32, "00 00", "a token of unknown kind, expected a map");
    broken.next = say_nothing;
    assert_undecodable(many_i32, "00 00", "the codec says: the deadline passed");
    assert_unencodable(point, "the codec says: no such key", 1, 2);
    harness.custom = &tagged;
}

/* ---- by values ------------------------------------------------------------------------------- */

static zcache_status copy_encode(const zcache_codec *codec, const zcache_struct *type,
                                 const void *value, zcache_buffer *buffer)
{
    if (codec->user != NULL) {
        zcache_buffer_append(buffer, "half", 4);
        return buffer->error(ZCACHE_E_INVALID, "%s cannot be copied", type->name);
    }
    return zcache_buffer_append(buffer, value, type->size) ? ZCACHE_OK : ZCACHE_E_NOMEM;
}

static zcache_status copy_decode(const zcache_codec *codec, const zcache_struct *type,
                                 zcache_reader *reader, void *value, zcache_block *block)
{
    (void)codec, (void)block;
    for (size_t i = 0; i < type->size; i++)
        if (((unsigned char *)value)[i] != 0)
            return reader->error(ZCACHE_E_TYPE, "the value was not zero");
    if ((size_t)(reader->end - reader->at) != type->size)
        return reader->error(ZCACHE_E_TYPE, "%zu bytes are no %s",
                             (size_t)(reader->end - reader->at), type->name);
    memcpy(value, reader->at, type->size);
    return ZCACHE_OK;
}

static void test_codec_by_values_is_given_the_whole_struct(void **state)
{
    (void)state;
    zcache_codec copy = {
        .size = sizeof(zcache_codec), .encode = copy_encode, .decode = copy_decode};
    harness = (harness_codec){zc_values_encode, zc_values_decode, &copy};
    assert_encodes(point, "01000000 02000000", 1, 2);
    point read;
    assert_decodes(point, "01000000 02000000", &read);
    assert_int_equal(read.y, 2);
    assert_undecodable(point, "01000000", "4 bytes are no point");
    assert_undecodable(point, "", "0 bytes are no point");
    copy.user = &copy;
    assert_unencodable(point, "point cannot be copied", 1, 2);
}

/* ---- bytes and string ------------------------------------------------------------------------ */

static void test_bytes_are_stored_as_they_are(void **state)
{
    (void)state;
    harness = (harness_codec){zc_bytes_encode, zc_bytes_decode, NULL};
    zcache_bytes read;
    assert_encodes(zcache_bytes, "00ff61", TEXT("\x00\xff\x61"), 3);
    assert_encodes(zcache_bytes, "", NULL, 0);
    assert_unencodable(zcache_bytes, "zcache_bytes: it is NULL, and its size 3", NULL, 3);
    assert_decodes(zcache_bytes, "00ff61", &read);
    assert_int_equal(read.size, 3);
    assert_memory_equal(read.data, "\x00\xff\x61", 4);
    assert_decodes(zcache_bytes, "", &read);
    assert_int_equal(read.size, 0);
    assert_non_null(read.data);
}

static void test_string_is_stored_as_it_is(void **state)
{
    (void)state;
    harness = (harness_codec){zc_string_encode, zc_string_decode, NULL};
    zcache_string read;
    assert_encodes(zcache_string, "68c3a4", TEXT("h\xC3\xA4"));
    assert_encodes(zcache_string, "", TEXT(""));
    assert_unencodable(zcache_string, "zcache_string: it is NULL", NULL);
    assert_unencodable(zcache_string, "zcache_string: the text is not UTF-8", TEXT("\xC3"));
    assert_decodes(zcache_string, "68c3a4", &read);
    assert_string_equal(read.text, "h\xC3\xA4");
    assert_decodes(zcache_string, "", &read);
    assert_string_equal(read.text, "");
    assert_undecodable(zcache_string, "6100", "byte 0: zcache_string: the text has a NUL inside");
    assert_undecodable(zcache_string, "61c3", "byte 0: zcache_string: the text is not UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_type_is_its_token, use_tagged),
        cmocka_unit_test_setup(test_struct_goes_both_ways, use_tagged),
        cmocka_unit_test_setup(test_maps_and_arrays_of_unknown_count, use_tagged),
        cmocka_unit_test_setup(test_unknown_fields_are_skipped, use_tagged),
        cmocka_unit_test_setup(test_field_is_named_in_what_is_wrong, use_tagged),
        cmocka_unit_test_setup(test_count_is_not_believed, use_tagged),
        cmocka_unit_test_setup(test_depth_is_bounded, use_tagged),
        cmocka_unit_test_setup(test_codec_that_breaks_its_promises_is_refused, use_tagged),
        cmocka_unit_test(test_codec_by_values_is_given_the_whole_struct),
        cmocka_unit_test(test_bytes_are_stored_as_they_are),
        cmocka_unit_test(test_string_is_stored_as_it_is),
    };
    expect_of("codecs");
    return cmocka_run_group_tests_name("codecs that are not ours", tests, NULL, harness_forget);
}
