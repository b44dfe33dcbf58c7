/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * From a codec's name to its functions: built in, registered, of a plugin, or none.
 */
#include "codec-types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/tagged.h"
#include "codec/registry.h"
#include "expect.h"
#include "loader/module.h"

static zcache_list fixtures; /* the plugin_path of the tests */
static zc_plan *points;

static int setup(void **state)
{
    (void)state;
    static const char *directories[2];
    directories[0] = getenv("ZCACHE_TEST_FIXTURES");
    fixtures = (zcache_list){1, directories};
    assert_status(ZCACHE_OK, zc_plan_make(point_struct(), &points));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zc_plan_free(points);
    return 0;
}

static void test_built_in_codecs_are_found(void **state)
{
    (void)state;
    zc_codec codec;
    assert_status(ZCACHE_OK, zc_codec_find("msgpack", &fixtures, points, &codec));
    assert_string_equal(codec.name, "msgpack");
    assert_ptr_equal((void *)codec.encode, (void *)zc_msgpack_encode);
    assert_ptr_equal((void *)codec.decode, (void *)zc_msgpack_decode);
    assert_null(codec.custom);
    zc_codec_release(&codec);
    assert_status(ZCACHE_OK, zc_codec_find("json", &fixtures, points, &codec));
    assert_ptr_equal((void *)codec.encode, (void *)zc_json_encode);
    zc_codec_release(&codec);
}

static void test_bytes_and_string_hold_their_own_types_only(void **state)
{
    (void)state;
    zc_codec codec;
    zc_plan *bytes, *strings;
    assert_status(ZCACHE_OK, zc_plan_make(zcache_bytes_struct(), &bytes));
    assert_status(ZCACHE_OK, zc_plan_make(zcache_string_struct(), &strings));
    assert_status(ZCACHE_OK, zc_codec_find("bytes", &fixtures, bytes, &codec));
    assert_ptr_equal((void *)codec.decode, (void *)zc_bytes_decode);
    assert_status(ZCACHE_OK, zc_codec_find("string", &fixtures, strings, &codec));
    assert_ptr_equal((void *)codec.decode, (void *)zc_string_decode);
    assert_error(ZCACHE_E_CONFIG, "the codec bytes holds a zcache_bytes, not a point",
                 zc_codec_find("bytes", &fixtures, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "the codec bytes holds a zcache_bytes, not a zcache_string",
                 zc_codec_find("bytes", &fixtures, strings, &codec));
    assert_error(ZCACHE_E_CONFIG, "the codec string holds a zcache_string, not a zcache_bytes",
                 zc_codec_find("string", &fixtures, bytes, &codec));
    assert_null((void *)codec.encode);
    zc_codec_release(&codec); /* of nothing */
    zc_plan_free(bytes);
    zc_plan_free(strings);
}

/* ---- registered ------------------------------------------------------------------------------ */

static const zcache_codec by_tokens = {
    .size = sizeof(zcache_codec), .put = tagged_put, .next = tagged_next};

static zcache_status no_encode(const zcache_codec *codec, const zcache_struct *type,
                               const void *value, zcache_buffer *buffer)
{
    (void)codec, (void)type, (void)value, (void)buffer;
    return ZCACHE_E_INVALID;
}

static zcache_status no_decode(const zcache_codec *codec, const zcache_struct *type,
                               zcache_reader *reader, void *value, zcache_block *block)
{
    (void)codec, (void)type, (void)reader, (void)value, (void)block;
    return ZCACHE_E_TYPE;
}

static const zcache_codec by_values = {
    .size = sizeof(zcache_codec), .encode = no_encode, .decode = no_decode};

static void test_registered_codec_is_found_by_its_name(void **state)
{
    (void)state;
    zc_codec codec;
    char name[] = "mine_by_tokens";
    assert_status(ZCACHE_OK, zcache_codec_register(name, &by_tokens));
    memset(name, '#', sizeof(name) - 1); /* the name was copied */
    assert_status(ZCACHE_OK, zcache_codec_register("mine-by-values", &by_values));
    assert_status(ZCACHE_OK, zc_codec_find("mine_by_tokens", &fixtures, points, &codec));
    assert_ptr_equal(codec.custom, &by_tokens);
    assert_ptr_equal((void *)codec.encode, (void *)zc_tokens_encode);
    assert_ptr_equal((void *)codec.decode, (void *)zc_tokens_decode);
    zc_codec_release(&codec);
    assert_status(ZCACHE_OK, zc_codec_find("mine-by-values", &fixtures, points, &codec));
    assert_ptr_equal(codec.custom, &by_values);
    assert_ptr_equal((void *)codec.encode, (void *)zc_values_encode);
    assert_ptr_equal((void *)codec.decode, (void *)zc_values_decode);
    zc_codec_release(&codec);
}

static void test_name_is_registered_once(void **state)
{
    (void)state;
    assert_status(ZCACHE_OK, zcache_codec_register("once", &by_tokens));
    assert_error(ZCACHE_E_BUSY, "a codec once is registered already",
                 zcache_codec_register("once", &by_values));
    assert_error(ZCACHE_E_BUSY, "the codec json is built in",
                 zcache_codec_register("json", &by_tokens));
    assert_error(ZCACHE_E_BUSY, "the codec bytes is built in",
                 zcache_codec_register("bytes", &by_tokens));
}

static void test_codec_that_lacks_something_is_not_registered(void **state)
{
    (void)state;
    zcache_codec codec = by_tokens;
    static const char *const names[] = {"",        "Mine",  "my codec",
                                        "../mine", "1mine", "a23456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_error(ZCACHE_E_INVALID, "is not a codec's name",
                     zcache_codec_register(names[i], &by_tokens));
    assert_error(ZCACHE_E_INVALID, "is not a codec's name", zcache_codec_register(NULL, &codec));
    assert_error(ZCACHE_E_INVALID, "codec bad: size", zcache_codec_register("bad", NULL));
    codec.size = 8;
    assert_error(ZCACHE_E_INVALID, "codec bad: size", zcache_codec_register("bad", &codec));
    codec = by_tokens, codec.next = NULL;
    assert_error(ZCACHE_E_INVALID, "codec bad: next: expected a function, found none",
                 zcache_codec_register("bad", &codec));
    codec = by_values, codec.encode = NULL;
    assert_error(ZCACHE_E_INVALID, "codec bad: encode: expected a function, found none",
                 zcache_codec_register("bad", &codec));
    codec = by_values, codec.put = tagged_put, codec.next = tagged_next;
    assert_error(ZCACHE_E_INVALID, "found some of both", zcache_codec_register("bad", &codec));
    codec = (zcache_codec){.size = sizeof(zcache_codec)};
    assert_error(ZCACHE_E_INVALID, "found none", zcache_codec_register("bad", &codec));
    zc_codec found;
    assert_error(ZCACHE_E_CONFIG, "no codec is named \"bad\"",
                 zc_codec_find("bad", &fixtures, points, &found));
}

/* ---- plugins --------------------------------------------------------------------------------- */

static void test_plugin_is_open_until_its_last_release(void **state)
{
    (void)state;
    zc_codec first, second;
    assert_status(ZCACHE_OK, zc_codec_find("tagged", &fixtures, points, &first));
    assert_string_equal(first.name, "tagged");
    assert_non_null(first.module);
    assert_non_null((void *)first.custom->put);
    assert_ptr_equal((void *)first.encode, (void *)zc_tokens_encode);
    assert_status(ZCACHE_OK, zc_codec_find("tagged", &fixtures, points, &second));
    assert_ptr_equal(second.module, first.module);
    zc_codec_release(&first);
    assert_null(first.module);
    unsigned char bytes[64];
    zcache_buffer buffer = {.data = bytes, .capacity = sizeof(bytes)};
    assert_status(ZCACHE_OK, second.encode(second.custom, points, &(point){1, 2}, &buffer));
    assert_int_equal(buffer.size, 35);
    zc_codec_release(&second);
}

static void test_registered_codec_goes_before_a_plugin(void **state)
{
    (void)state;
    zc_codec codec;
    assert_status(ZCACHE_OK, zcache_codec_register("without_next", &by_tokens));
    assert_status(ZCACHE_OK, zc_codec_find("without_next", &fixtures, points, &codec));
    assert_ptr_equal(codec.custom, &by_tokens);
    assert_null(codec.module);
    zc_codec_release(&codec);
}

static void test_plugin_that_is_refused_says_why(void **state)
{
    (void)state;
    zc_codec codec;
    assert_error(ZCACHE_E_PLUGIN, "plugin store (",
                 zc_codec_find("store", &fixtures, points, &codec));
    assert_error(ZCACHE_E_PLUGIN, "is a provider, not a codec",
                 zc_codec_find("store", &fixtures, points, &codec));
    assert_error(ZCACHE_E_PLUGIN, "magic: expected",
                 zc_codec_find("bad_magic", &fixtures, points, &codec));
    assert_null(codec.module);
    assert_string_equal(codec.name, "");
}

static void test_unknown_name_tells_what_there_is(void **state)
{
    (void)state;
    zc_codec codec;
    char known[1024];
    snprintf(known, sizeof(known),
             "no codec is named \"xyz\": there are bytes, string, json, msgpack, registered ones "
             "and plugins in %s",
             fixtures.items[0]);
    assert_error(ZCACHE_E_CONFIG, known, zc_codec_find("xyz", &fixtures, points, &codec));
    assert_null(strstr(zcache_error_message(), "did you mean"));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"msgpack\"?",
                 zc_codec_find("msgpak", &fixtures, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"json\"?",
                 zc_codec_find("JSON", &fixtures, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"tagged\"?", /* a plugin */
                 zc_codec_find("taged", &fixtures, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "no codec is named \"stroe\"", /* near to a provider only */
                 zc_codec_find("stroe", &fixtures, points, &codec));
    assert_null(strstr(zcache_error_message(), "did you mean"));
    assert_status(ZCACHE_OK, zcache_codec_register("protobuf", &by_tokens));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"protobuf\"?",
                 zc_codec_find("protobuff", &fixtures, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "plugin_path, which is empty",
                 zc_codec_find("xyz", &(zcache_list){0}, points, &codec));
    assert_error(ZCACHE_E_CONFIG, "no codec is named \"../x\"",
                 zc_codec_find("../x", &fixtures, points, &codec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in_codecs_are_found),
        cmocka_unit_test(test_bytes_and_string_hold_their_own_types_only),
        cmocka_unit_test(test_registered_codec_is_found_by_its_name),
        cmocka_unit_test(test_name_is_registered_once),
        cmocka_unit_test(test_codec_that_lacks_something_is_not_registered),
        cmocka_unit_test(test_plugin_is_open_until_its_last_release),
        cmocka_unit_test(test_registered_codec_goes_before_a_plugin),
        cmocka_unit_test(test_plugin_that_is_refused_says_why),
        cmocka_unit_test(test_unknown_name_tells_what_there_is),
    };
    expect_of("registry");
    return cmocka_run_group_tests_name("names of codecs", tests, setup, teardown);
}
