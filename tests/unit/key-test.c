/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Physical keys: one length limit for every provider, an encoding that can be undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "core/key.h"

static zcache handle_with(const char *prefix)
{
    zcache handle = {.prefix_size = strlen(prefix)};
    memcpy(handle.prefix, prefix, strlen(prefix));
    return handle;
}

static void assert_made(const char *prefix, zc_generation *generation, const char *key, size_t size,
                        const char *expected)
{
    zcache handle = handle_with(prefix);
    char buffer[ZC_KEY_MAX];
    size_t made = 0;
    assert_int_equal(zc_key_make(&handle, generation, key, size, buffer, &made), ZCACHE_OK);
    assert_int_equal(made, strlen(expected));
    assert_memory_equal(buffer, expected, made);
}

static void test_prefix_table_and_key_are_joined(void **state)
{
    (void)state;
    zc_generation any = {.key_max = 250};
    assert_made("", &any, "k", 1, "k");
    assert_made("app:users:", &any, "123", 3, "app:users:123");
    assert_made("app:", &any, "a b%\xff", 5, "app:a b%\xff");
}

static void test_text_keys_are_percent_encoded(void **state)
{
    (void)state;
    zc_generation text = {.key_max = 250, .text_keys = true};
    assert_made("app:", &text, "plain!~", 7, "app:plain!~");
    assert_made("app:", &text, "a b", 3, "app:a%20b");
    assert_made("", &text, "%\x7f\xff\r\n\0x", 7, "%25%7F%FF%0D%0A%00x");
}

static void test_every_byte_survives_the_text_form(void **state)
{
    (void)state;
    unsigned char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    char text[768];
    size_t size = zc_key_encode(bytes, sizeof(bytes), text);
    assert_int_equal(size, zc_key_text_size(bytes, sizeof(bytes)));
    for (size_t i = 0; i < size; i++)
        assert_true(text[i] >= 0x21 && text[i] <= 0x7e);
    size_t decoded;
    assert_true(zc_key_decode(text, size, text, &decoded));
    assert_int_equal(decoded, 256);
    assert_memory_equal(text, bytes, 256);
}

static void test_what_is_no_text_form_is_not_decoded(void **state)
{
    (void)state;
    static const char *const wrong[] = {"%", "%4", "a%", "%zz", "%4g", "a b", "\x80", "x\n"};
    char buffer[16];
    size_t size;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(zc_key_decode(wrong[i], strlen(wrong[i]), buffer, &size));
}

/* The limit counts the TEXT form, whatever form the provider takes. */
static void test_the_limit_is_the_same_for_both_forms(void **state)
{
    (void)state;
    zcache handle = handle_with("ab:");
    char key[300];
    char buffer[ZC_KEY_MAX];
    size_t made;
    for (int text = 0; text < 2; text++) {
        zc_generation generation = {.key_max = 250, .text_keys = text == 1};
        memset(key, 'k', sizeof(key));
        assert_int_equal(zc_key_make(&handle, &generation, key, 247, buffer, &made), ZCACHE_OK);
        assert_int_equal(zc_key_make(&handle, &generation, key, 248, buffer, &made), ZCACHE_E_KEY);
        memset(key, 0xff, sizeof(key)); /* 82 bytes are 246, 83 are 249 */
        assert_int_equal(zc_key_make(&handle, &generation, key, 82, buffer, &made), ZCACHE_OK);
        assert_int_equal(zc_key_make(&handle, &generation, key, 83, buffer, &made), ZCACHE_E_KEY);
        assert_non_null(strstr(zc_error_text(), "83 bytes and a prefix of 3 are 252"));
        assert_non_null(strstr(zc_error_text(), "at most 250"));
    }
}

static void test_empty_key_is_refused(void **state)
{
    (void)state;
    zcache handle = handle_with("ab:");
    zc_generation generation = {.key_max = 250, .hash_long_keys = true};
    char buffer[ZC_KEY_MAX];
    size_t made;
    assert_int_equal(zc_key_make(&handle, &generation, "", 0, buffer, &made), ZCACHE_E_KEY);
    assert_int_equal(zc_key_make(&handle, &generation, NULL, 0, buffer, &made), ZCACHE_E_KEY);
}

static void make_hashed(const char *key, size_t size, bool text, char *buffer, size_t *made)
{
    zcache handle = handle_with("p:");
    zc_generation generation = {.key_max = 64, .hash_long_keys = true, .text_keys = text};
    assert_int_equal(zc_key_make(&handle, &generation, key, size, buffer, made), ZCACHE_OK);
}

static void test_hashed_long_keys_fit_and_differ(void **state)
{
    (void)state;
    char key[500], first[ZC_KEY_MAX], second[ZC_KEY_MAX];
    size_t first_size, second_size;
    memset(key, 'x', sizeof(key));
    make_hashed(key, sizeof(key), false, first, &first_size);
    assert_int_equal(first_size, 64);
    assert_memory_equal(first, "p:xxxxx", 7);
    assert_int_equal(first[64 - 33], '~');
    make_hashed(key, sizeof(key), false, second, &second_size);
    assert_memory_equal(first, second, 64);
    key[499] = 'y'; /* beyond the readable head */
    make_hashed(key, sizeof(key), false, second, &second_size);
    assert_int_equal(second_size, 64);
    assert_memory_not_equal(first, second, 64);
}

/* The head is cut by its TEXT length, so that a key is the same one on every provider. */
static void test_hashed_long_keys_are_the_same_key_in_both_forms(void **state)
{
    (void)state;
    char key[200], any[ZC_KEY_MAX], text[ZC_KEY_MAX], decoded[ZC_KEY_MAX];
    size_t any_size, text_size, decoded_size;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (char)(i * 7);
    make_hashed(key, sizeof(key), false, any, &any_size);
    make_hashed(key, sizeof(key), true, text, &text_size);
    assert_true(text_size <= 64);
    assert_true(zc_key_decode(text, text_size, decoded, &decoded_size));
    assert_int_equal(decoded_size, any_size);
    assert_memory_equal(decoded, any, any_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefix_table_and_key_are_joined),
        cmocka_unit_test(test_text_keys_are_percent_encoded),
        cmocka_unit_test(test_every_byte_survives_the_text_form),
        cmocka_unit_test(test_what_is_no_text_form_is_not_decoded),
        cmocka_unit_test(test_the_limit_is_the_same_for_both_forms),
        cmocka_unit_test(test_empty_key_is_refused),
        cmocka_unit_test(test_hashed_long_keys_fit_and_differ),
        cmocka_unit_test(test_hashed_long_keys_are_the_same_key_in_both_forms),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
