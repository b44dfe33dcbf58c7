/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Texts, which are UTF-8 without a NUL, against a validator that decodes and encodes again, as RFC
 * 3629 tells it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/utf8.h"
#include "random.h"

/* Writes a character; returns its size. 0: none has this number. */
static size_t encode(uint32_t number, unsigned char to[4])
{
    if (number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF))
        return 0;
    size_t size = number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
    static const unsigned char heads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, number >>= 6)
        to[i] = (unsigned char)(0x80 | (number & 0x3F));
    to[0] = (unsigned char)(heads[size] | number);
    return size;
}

static bool slow_is_text(const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        size_t length = *bytes < 0x80 ? 1 : *bytes < 0xE0 ? 2 : *bytes < 0xF0 ? 3 : 4;
        if (length > size)
            return false;
        static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
        uint32_t number = *bytes & masks[length];
        for (size_t i = 1; i < length; i++)
            number = number << 6 | (bytes[i] & 0x3F);
        unsigned char again[4];
        if (number == 0)
            return false;
        if (encode(number, again) != length || memcmp(again, bytes, length) != 0)
            return false;
        bytes += length;
        size -= length;
    }
    return true;
}

static void check(const unsigned char *bytes, size_t size)
{
    bool is_text = zc_utf8_is_text(bytes, size);
    if (is_text == slow_is_text(bytes, size))
        return;
    char hex[3 * 128 + 1] = "";
    for (size_t i = 0; i < size && i < 128; i++)
        sprintf(hex + 3 * i, "%02x ", bytes[i]);
    fail_msg("%sis %s", hex, is_text ? "taken" : "refused");
}

static void test_all_sequences_of_up_to_three_bytes(void **state)
{
    (void)state;
    unsigned char bytes[3] = {0};
    check(bytes, 0);
    for (unsigned i = 0; i < 1U << 24; i++) {
        bytes[0] = (unsigned char)(i >> 16);
        bytes[1] = (unsigned char)(i >> 8);
        bytes[2] = (unsigned char)i;
        if (bytes[1] == 0 && bytes[2] == 0)
            check(bytes, 1);
        if (bytes[2] == 0)
            check(bytes, 2);
        check(bytes, 3);
    }
}

static void test_sequences_of_four_bytes(void **state)
{
    (void)state;
    static const unsigned char edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                          0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF};
    for (unsigned head = 0xEF; head <= 0xFF; head++)
        for (unsigned second = 0; second <= 0xFF; second++)
            for (unsigned i = 0; i < 256; i++) {
                const unsigned char bytes[] = {(unsigned char)head, (unsigned char)second,
                                               edges[i / 16], edges[i % 16]};
                check(bytes, 4);
            }
}

static void test_every_character_at_every_place_of_a_text(void **state)
{
    (void)state;
    unsigned char text[64];
    for (uint32_t number = 1; number <= 0x10FFFF; number += number < 0x900 ? 1 : 251) {
        unsigned char character[4];
        size_t size = encode(number, character);
        for (size_t at = 0; size > 0 && at < 36; at++) {
            memset(text, 'a', sizeof(text));
            memcpy(text + at, character, size);
            for (size_t more = 0; more < 20; more += 9)
                assert_true(zc_utf8_is_text(text, at + size + more));
            /* cut off */
            if (size > 1)
                assert_false(zc_utf8_is_text(text, at + size - 1));
        }
    }
}

static void test_no_text_within_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"\u00e9", "\u20ac", "\U0001F600"};
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(characters[i]);
        for (size_t at = 0; at < 40; at++)
            for (size_t head = 1; head < size; head++)
                for (size_t between = 1; between < 40; between++) {
                    unsigned char text[128];
                    memset(text, 'a', sizeof(text));
                    memcpy(text + at, characters[i], head);
                    memcpy(text + at + head + between, characters[i] + head, size - head);
                    assert_false(zc_utf8_is_text(text, at + size + between));
                    assert_false(zc_utf8_is_text(text, sizeof(text)));
                }
    }
}

/* Memory of the exact size, so that AddressSanitizer sees a byte too many. */
static void test_random_texts_with_a_wrong_byte(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        size_t wanted = random_below(&seed, 60), size = 0;
        unsigned char text[64];
        unsigned limit = 1U << (7 + random_below(&seed, 14));
        while (size < wanted)
            size +=
                encode(random_below(&seed, random_below(&seed, 3) == 0 ? limit : 128), text + size);
        if (random_below(&seed, 2) == 0 && size > 0)
            text[random_below(&seed, (unsigned)size)] = (unsigned char)random_bits(&seed);
        if (random_below(&seed, 8) == 0 && size > 0)
            size--;
        unsigned char *copy = malloc(size > 0 ? size : 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        check(copy, size);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_sequences_of_up_to_three_bytes),
        cmocka_unit_test(test_sequences_of_four_bytes),
        cmocka_unit_test(test_every_character_at_every_place_of_a_text),
        cmocka_unit_test(test_no_text_within_a_character),
        cmocka_unit_test(test_random_texts_with_a_wrong_byte),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
