/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Base64: RFC 4648's own examples, and that each run of bytes has one text only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/base64.h"
#include "random.h"

/* In memory of the exact size. */
static bool decode(const char *text, size_t size, unsigned char *bytes, size_t *count)
{
    char *copy = malloc(size > 0 ? size : 1);
    unsigned char *room = malloc(size > 0 ? zc_base64_bytes_max(size) + 1 : 1);
    assert_non_null(copy);
    assert_non_null(room);
    memcpy(copy, text, size);
    unsigned char *to = room + 1; /* what is allocated ends where the room does */
    bool is_decoded = zc_base64_decode(copy, size, to, count);
    if (is_decoded) {
        assert_true(*count <= zc_base64_bytes_max(size));
        memcpy(bytes, to, *count);
        size_t again;
        assert_true(zc_base64_decode(copy, size, copy, &again));
        assert_int_equal(again, *count);
        assert_memory_equal(copy, bytes, again);
    }
    free(copy);
    free(room);
    return is_decoded;
}

static void test_examples_of_the_rfc(void **state)
{
    (void)state;
    static const char *const examples[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const char *bytes = examples[i][0], *text = examples[i][1];
        char written[16];
        unsigned char back[16];
        size_t count;
        assert_int_equal(zc_base64_size(strlen(bytes)), strlen(text));
        assert_int_equal(zc_base64_encode(bytes, strlen(bytes), written), strlen(text));
        assert_memory_equal(written, text, strlen(text));
        assert_true(decode(text, strlen(text), back, &count));
        assert_int_equal(count, strlen(bytes));
        assert_memory_equal(back, bytes, count);
    }
}

static void test_bytes_come_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t size = 0; size < 300; size++)
        for (int i = 0; i < 50; i++) {
            unsigned char bytes[300], back[300];
            char text[400];
            size_t count;
            for (size_t j = 0; j < size; j++)
                bytes[j] = (unsigned char)random_bits(&seed);
            size_t length = zc_base64_encode(bytes, size, text);
            assert_int_equal(length, zc_base64_size(size));
            assert_true(decode(text, length, back, &count));
            assert_int_equal(count, size);
            assert_memory_equal(back, bytes, size);
            while (length > 0 && text[length - 1] == '=')
                length--;
            assert_true(decode(text, length, back, &count));
            assert_int_equal(count, size);
            assert_memory_equal(back, bytes, size);
        }
}

static void test_what_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",     "=",     "==",    "===",   "====",   "A=",       "A==",      "A===",
        "AA=",   "AA===", "AAA==", "AAAA=", "AAAA==", "AAAA====", "A=AA",     "AA=A",
        "=AAA",  "AAAAA", "AB==",  "AAB=",  "AB",     "AAB",      "AA==AAAA", "AAA=AAAA",
        "AAA\n", "AA AA", "AAAA ", " AAAA", "AA-_",   "AAA-",     "AAA_",     "AA.A",
        "AA:A",  "AA@A",  "AA[A",  "AA`A",  "AA{A",   "AA\x80/",  "AAA\xFF",
    };
    unsigned char bytes[8];
    size_t count;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (decode(texts[i], strlen(texts[i]), bytes, &count))
            fail_msg("\"%s\" is decoded", texts[i]);
    assert_false(decode("AA\0A", 4, bytes, &count));
}

/* Whatever is decoded is what its bytes are encoded to, but for the padding. */
static void check_is_the_only_text(const char *text, size_t size)
{
    unsigned char bytes[8];
    char again[16];
    size_t count;
    if (!zc_base64_decode(text, size, bytes, &count))
        return;
    size_t length = zc_base64_encode(bytes, count, again);
    if ((size != length && size + (3 - count % 3) % 3 != length) || memcmp(again, text, size) != 0)
        fail_msg("\"%.*s\" is decoded, but is not what is encoded", (int)size, text);
}

static void test_each_run_of_bytes_has_one_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1U << 16; i++) {
        const char pair[] = {(char)(i >> 8), (char)i, '=', '='};
        check_is_the_only_text(pair, 2);
        check_is_the_only_text(pair, 4);
        const char three[] = {'Q', (char)(i >> 8), (char)i, '='};
        check_is_the_only_text(three, 3);
        check_is_the_only_text(three, 4);
        const char four[] = {(char)(i >> 8), 'w', '9', (char)i};
        check_is_the_only_text(four, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_bytes_come_back),
        cmocka_unit_test(test_what_is_not_base64_is_refused),
        cmocka_unit_test(test_each_run_of_bytes_has_one_text),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
