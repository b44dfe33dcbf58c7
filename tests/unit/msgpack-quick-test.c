/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * MessagePack where the decoder is in a hurry: texts of all sizes, with much room behind them and
 * with none, at all distances from the end of the value.
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

#define SIZE_MAX_TRIED 300

/* A text of `size` bytes, with a character of two bytes in the middle. */
static void make_text(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    if (size >= 2)
        memcpy(text + size / 2 - 1, "\xc3\xa9", 2);
    text[size] = '\0';
}

static void assert_same_user(const user *read, const user *written)
{
    assert_int_equal(read->id, written->id);
    assert_string_equal(read->name, written->name);
    assert_memory_equal(read->city, written->city, sizeof(read->city));
    assert_true(read->score == written->score);
    assert_int_equal(read->tag_count, written->tag_count);
    for (size_t i = 0; i < written->tag_count; i++)
        assert_string_equal(read->tags[i], written->tags[i]);
}

static void test_texts_of_every_size_come_back(void **state)
{
    (void)state;
    static char text[SIZE_MAX_TRIED + 1];
    zc_plan *plan;
    assert_status(ZCACHE_OK, zc_plan_make(user_struct(), &plan));
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        make_text(text, size);
        user written = {.id = 70000 + (int64_t)size, .name = text, .score = 0.25};
        snprintf(written.city, sizeof(written.city), "%.*s", (int)(size % 8), "abcdefg");
        written.tags = (char *[]){text, TEXT("x"), text};
        written.tag_count = 3;
        harness_bytes bytes;
        user read;
        void *memory;
        assert_status(ZCACHE_OK, harness_encode(user_struct(), &written, &bytes));
        assert_status(ZCACHE_OK,
                      harness_decode(user_struct(), bytes.data, bytes.size, &read, &memory));
        assert_same_user(&read, &written);
        free(memory);
        /* a block with room behind the last text */
        zcache_block block = {.base = malloc(4096), .capacity = 4096};
        unsigned char *copy = fenced(bytes.data, bytes.size);
        assert_status(ZCACHE_OK, zc_msgpack_decode(NULL, plan, zcache_bytes_of(copy, bytes.size),
                                                   &read, &block));
        assert_same_user(&read, &written);
        free(copy);
        free(block.base);
        free(bytes.data);
    }
    zc_plan_free(plan);
}

static void test_a_wrong_byte_is_found_at_every_place_of_a_text(void **state)
{
    (void)state;
    static char text[SIZE_MAX_TRIED + 1];
    for (size_t size = 1; size < 100; size++) {
        make_text(text, size);
        harness_bytes bytes;
        user written = {.id = 1, .name = text}, read;
        void *memory;
        assert_status(ZCACHE_OK, harness_encode(user_struct(), &written, &bytes));
        /* a map, "id", 1, "full_name", and the text's header before it */
        unsigned char *begin = bytes.data + 1 + 3 + 1 + 10 + (size < 32 ? 1 : 2);
        assert_memory_equal(begin, text, size);
        for (size_t at = 0; at < size; at++) {
            for (unsigned wrong = 0; wrong <= 0xff; wrong += 0xff) {
                unsigned char right = begin[at];
                begin[at] = (unsigned char)wrong;
                assert_status(ZCACHE_E_TYPE, harness_decode(user_struct(), bytes.data, bytes.size,
                                                            &read, &memory));
                begin[at] = right;
                free(memory);
            }
        }
        free(bytes.data);
    }
}

static void test_the_later_of_two_texts_leaves_nothing_of_the_former(void **state)
{
    (void)state;
    user read;
    static const char zeros[6] = "";
    assert_decodes(user,
                   "84 a4 63697479 a7 61626364656667 a6 616374697665 c3 a4 63697479 a2 7879 "
                   "a6 616374697665 c2",
                   &read);
    assert_string_equal(read.city, "xy");
    assert_memory_equal(read.city + 2, zeros, sizeof(zeros));
    assert_false(read.active);
}

/* What no name begins with is no name, neither a long one, nor one behind the last field. */
static void test_bytes_that_are_no_name_are_none(void **state)
{
    (void)state;
#define FFS "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff "
    assert_undecodable(long_names, "81 " FFS FFS FFS FFS, "byte 1: a key that is not a text");
    assert_undecodable(point, "83 a1 78 01 a1 79 02 " FFS FFS FFS FFS,
                       "byte 7: a key that is not a text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_of_every_size_come_back),
        cmocka_unit_test(test_a_wrong_byte_is_found_at_every_place_of_a_text),
        cmocka_unit_test(test_the_later_of_two_texts_leaves_nothing_of_the_former),
        cmocka_unit_test(test_bytes_that_are_no_name_are_none),
    };
    harness = (harness_codec){zc_msgpack_encode, zc_msgpack_decode, NULL};
    expect_of("msgpack");
    return cmocka_run_group_tests_name("MessagePack in a hurry", tests, NULL, harness_forget);
}
