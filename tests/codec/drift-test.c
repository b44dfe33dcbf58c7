/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Schema drift: in a rolling deploy programs of two versions share a table, and each reads what the
 * other wrote, on every codec. A value that would have to be cut is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "harness.h"

static const codec_under_test *const codecs[] = {&codec_json, &codec_msgpack, &codec_tokens,
#ifdef WITH_CBOR
                                                 &codec_cbor
#endif
};
#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

/* Version 1. */
typedef enum state { STATE_OFF, STATE_ON } state;
ZCACHE_ENUM(state, ZC_VALUE(STATE_OFF, "off"), ZC_VALUE(STATE_ON, "on"))
typedef struct first {
    int32_t count;
    const char *mail;
    char city[8];
    float score;
    const char *dropped;
    state current;
    uint8_t *levels;
    size_t level_count;
} first;
ZCACHE_STRUCT(first, ZC_I32(count), ZC_STRING(mail), ZC_CHARS(city), ZC_FLOAT(score),
              ZC_STRING(dropped), ZC_ENUM(current, state), ZC_ARRAY(levels, level_count, ZC_U8))

/* Version 2: wider fields, a renamed one, one less, more of them, more values of the enum. */
typedef enum mode { MODE_OFF, MODE_ON, MODE_STANDBY } mode;
ZCACHE_ENUM(mode, ZC_VALUE(MODE_OFF, "off"), ZC_VALUE(MODE_ON, "on"),
            ZC_VALUE(MODE_STANDBY, "standby"))
typedef struct second {
    int64_t count;
    const char *email;
    const char *city;
    double score;
    mode current;
    uint32_t *levels;
    size_t level_count;
    const char *language;
    int64_t limit;
    const char *note;
} second;
ZCACHE_STRUCT(second, ZC_I64(count), ZC_STRING(email, ZC_ALIAS("mail")), ZC_STRING(city),
              ZC_DOUBLE(score), ZC_ENUM(current, mode), ZC_ARRAY(levels, level_count, ZC_U32),
              ZC_STRING(language, ZC_DEFAULT("en")), ZC_I64(limit, ZC_DEFAULT(-1)), ZC_STRING(note))

/* Version 3 asks for a field that version 1 did not write. */
typedef struct third {
    int64_t count;
    const char *owner;
} third;
ZCACHE_STRUCT(third, ZC_I64(count), ZC_STRING(owner, ZC_REQUIRED))

static zc_plan *plan_1, *plan_2, *plan_3;

static codec_value reread(const codec_under_test *codec, const zc_plan *writer, const void *value,
                          const zc_plan *reader)
{
    codec_output encoded = codec_encode(codec, writer, value);
    assert_int_equal(encoded.status, ZCACHE_OK);
    codec_value decoded = codec_decode(codec, reader, encoded.data, encoded.size);
    free(encoded.data);
    return decoded;
}

static void assert_refused(const zc_plan *writer, const void *value, const zc_plan *reader,
                           const char *message)
{
    for (size_t c = 0; c < CODECS; c++) {
        codec_value decoded = reread(codecs[c], writer, value, reader);
        if (decoded.status != ZCACHE_E_TYPE || strstr(zc_error_text(), message) == NULL) {
            print_error("%s: status %d: %s\n", codecs[c]->name, (int)decoded.status,
                        zc_error_text());
            fail();
        }
    }
}

static void test_a_newer_version_reads_what_an_older_wrote(void **unused)
{
    (void)unused;
    uint8_t levels[] = {0, 255};
    first old = {.count = INT32_MIN,
                 .mail = "a@b",
                 .city = "Wien",
                 .score = 0.5f,
                 .dropped = "x",
                 .current = STATE_ON,
                 .levels = levels,
                 .level_count = 2};
    for (size_t c = 0; c < CODECS; c++) {
        codec_value decoded = reread(codecs[c], plan_1, &old, plan_2);
        assert_int_equal(decoded.status, ZCACHE_OK);
        const second *found = decoded.value;
        assert_int_equal(found->count, INT32_MIN);
        assert_string_equal(found->email, "a@b");
        assert_string_equal(found->city, "Wien");
        assert_true(found->score > 0.4999 && found->score < 0.5001);
        assert_int_equal(found->current, MODE_ON);
        assert_int_equal(found->level_count, 2);
        assert_int_equal(found->levels[1], 255);
        assert_string_equal(found->language, "en");
        assert_int_equal(found->limit, -1);
        assert_null(found->note);
        codec_value_free(&decoded);
    }
}

static second fitting(void)
{
    static uint32_t levels[] = {255};
    return (second){.count = INT32_MAX,
                    .email = "a@b",
                    .city = "1234567",
                    .score = 0.25,
                    .current = MODE_ON,
                    .levels = levels,
                    .level_count = 1,
                    .language = "de",
                    .limit = 9};
}

static void test_an_older_version_reads_what_fits(void **unused)
{
    (void)unused;
    second new = fitting();
    for (size_t c = 0; c < CODECS; c++) {
        codec_value decoded = reread(codecs[c], plan_2, &new, plan_1);
        assert_int_equal(decoded.status, ZCACHE_OK);
        const first *found = decoded.value;
        assert_int_equal(found->count, INT32_MAX);
        assert_null(found->mail); /* it does not know the new name */
        assert_string_equal(found->city, "1234567");
        assert_null(found->dropped);
        assert_int_equal(found->levels[0], 255);
        codec_value_free(&decoded);
    }
}

static void test_what_would_have_to_be_cut_is_refused(void **unused)
{
    (void)unused;
    second new = fitting();
    new.count = (int64_t)INT32_MAX + 1;
    assert_refused(plan_2, &new, plan_1, "first.count: 2147483648 is out of range (int32)");
    new.count = (int64_t)INT32_MIN - 1;
    assert_refused(plan_2, &new, plan_1, "first.count: -2147483649 is out of range (int32)");
    new = fitting();
    new.city = "12345678";
    assert_refused(plan_2, &new, plan_1, "first.city: the text is too long");
    new = fitting();
    new.score = 1e39;
    assert_refused(plan_2, &new, plan_1, "out of range (float)");
    new = fitting();
    new.levels[0] = 256;
    assert_refused(plan_2, &new, plan_1, "first.levels: 256 is out of range (uint8)");
    new.levels[0] = 255;
    new.current = MODE_STANDBY;
    assert_refused(plan_2, &new, plan_1, "first.current: \"standby\" is no state");
}

static void test_a_required_field_that_nobody_wrote_is_refused(void **unused)
{
    (void)unused;
    first old = {.mail = "a@b"};
    assert_refused(plan_1, &old, plan_3, "third.owner is missing");
}

static int make_plans(void **unused)
{
    (void)unused;
    plan_1 = codec_plan(first_struct());
    plan_2 = codec_plan(second_struct());
    plan_3 = codec_plan(third_struct());
    return 0;
}

static int free_plans(void **unused)
{
    (void)unused;
    zc_plan_free(plan_1);
    zc_plan_free(plan_2);
    zc_plan_free(plan_3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_newer_version_reads_what_an_older_wrote),
        cmocka_unit_test(test_an_older_version_reads_what_fits),
        cmocka_unit_test(test_what_would_have_to_be_cut_is_refused),
        cmocka_unit_test(test_a_required_field_that_nobody_wrote_is_refused),
    };
    return cmocka_run_group_tests(tests, make_plans, free_plans);
}
