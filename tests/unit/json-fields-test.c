/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is read from JSON into a struct: names, nulls, defaults; what messages say; and that nothing
 * that is cut off or damaged is read past its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "json-harness.h"

typedef struct defaults {
    int32_t number;
    double real;
    bool yes;
    color hue;
    char *text;
    char city[8];
    point at;
} defaults;
ZCACHE_STRUCT(defaults, ZC_I32(number, ZC_DEFAULT(7)), ZC_DOUBLE(real, ZC_DEFAULT(0.5)),
              ZC_BOOL(yes, ZC_DEFAULT(true)), ZC_ENUM(hue, color, ZC_DEFAULT(GREEN)),
              ZC_STRING(text, ZC_DEFAULT("none")), ZC_CHARS(city, ZC_DEFAULT("Bonn")),
              ZC_NESTED(at, point))

typedef struct outer {
    defaults inner;
    defaults *pointer;
} outer;
ZCACHE_STRUCT(outer, ZC_NESTED(inner, defaults), ZC_POINTER(pointer, defaults))

typedef struct needy {
    int32_t number;
    char *text;
    point *where;
    char **tags;
    size_t count;
} needy;
ZCACHE_STRUCT(needy, ZC_I32(number, ZC_REQUIRED), ZC_STRING(text, ZC_REQUIRED),
              ZC_POINTER(where, point, ZC_REQUIRED), ZC_ARRAY(tags, count, ZC_STRING, ZC_REQUIRED))

typedef struct renamed {
    int32_t a, b;
} renamed;
ZCACHE_STRUCT(renamed, ZC_I32(a, ZC_AS("e-mail \"x\""), ZC_ALIAS("mail")),
              ZC_I32(b, ZC_AS("a name of more than sixteen bytes"), ZC_ALIAS("b\xC3\xA4")))

static void test_missing_fields_have_their_defaults(void **state)
{
    (void)state;
    static const char all[] = "{\"number\":7,\"real\":0.5,\"yes\":true,\"hue\":\"green\","
                              "\"text\":\"none\",\"city\":\"Bonn\",\"at\":{\"x\":0,\"y\":0}}";
    assert_becomes(defaults, "{}", all);
    assert_becomes(defaults,
                   "{\"number\":null,\"real\":null,\"yes\":null,\"hue\":null,\"city\":null,"
                   "\"at\":null}",
                   all);
    assert_becomes(defaults,
                   "{\"number\":1,\"real\":1,\"yes\":false,\"hue\":\"red\",\"city\":\"x\","
                   "\"at\":{\"x\":1},\"number\":null,\"real\":null,\"yes\":null,\"hue\":null,"
                   "\"city\":null,\"at\":null}",
                   all);
    assert_becomes(defaults, "{\"text\":null,\"at\":{\"x\":5},\"at\":{\"y\":6}}",
                   "{\"number\":7,\"real\":0.5,\"yes\":true,\"hue\":\"green\",\"text\":null,"
                   "\"city\":\"Bonn\",\"at\":{\"x\":0,\"y\":6}}");
}

static void test_structs_in_structs_have_their_defaults(void **state)
{
    (void)state;
    static const char *const empty[] = {"{}", "{\"inner\":{}}", "{\"inner\":null}",
                                        "{\"inner\":{\"number\":1},\"inner\":{}}"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        outer value;
        assert_reads(outer, empty[i], &value);
        assert_int_equal(value.inner.number, 7);
        assert_string_equal(value.inner.text, "none");
        assert_string_equal(value.inner.city, "Bonn");
        assert_null(value.pointer);
    }
    outer value;
    assert_reads(outer, "{\"pointer\":{\"number\":1}}", &value);
    assert_int_equal(value.pointer->number, 1);
    assert_string_equal(value.pointer->text, "none");
}

static void test_required_fields_are_there(void **state)
{
    (void)state;
    needy value;
    static const char all[] = "{\"number\":1,\"text\":\"\",\"where\":{},\"tags\":[]}";
    assert_reads(needy, all, &value);
    assert_unreadable(needy, "{\"text\":\"\",\"where\":{},\"tags\":[]}", "needy.number is missing");
    assert_unreadable(needy, "{\"number\":1,\"where\":{},\"tags\":[]}", "needy.text is missing");
    assert_unreadable(needy, "{\"number\":1,\"text\":\"\",\"tags\":[]}", "needy.where is missing");
    assert_unreadable(needy, "{\"number\":1,\"text\":\"\",\"where\":{}}", "needy.tags is missing");
    static const char *const names[] = {"number", "text", "where", "tags"};
    for (size_t i = 0; i < 4; i++) {
        char text[128], part[32];
        snprintf(text, sizeof(text), "%.*s,\"%s\":null}", (int)strlen(all) - 1, all, names[i]);
        snprintf(part, sizeof(part), "needy.%s is missing", names[i]);
        assert_unreadable(needy, text, part);
        assert_unreadable(needy, text, "byte ");
    }
}

static void test_names_in_any_order_escaped_or_by_alias(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{\"e-mail \\\"x\\\"\":1,\"a name of more than sixteen bytes\":2}",
        "{\"a name of more than sixteen bytes\":2,\"e-mail \\\"x\\\"\":1}",
        "{\"mail\":1,\"b\\u00e4\":2}",
        "{\"b\xC3\xA4\":2,\"mail\":1}",
        "{\"e\\u002dmail \\u0022x\\\"\":1,\"\\u0061 name of more than sixteen bytes\":2}",
        " { \"mail\" : 1 , \"b\xC3\xA4\"\n:\t2\r} ",
        "{\"mail\":7,\"e-mail \\\"x\\\"\":1,\"b\xC3\xA4\":8,\"a name of more than sixteen "
        "bytes\":2}",
        "{\"?\":[{\"mail\":3}],\"mail\":1,\"\":{},\"b\xC3\xA4\":2,\"a name of more than sixteen "
        "byteS\":4,"
        "\"e-mail \":5,\"a\":6,\"b\":7}",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        renamed value;
        assert_reads(renamed, same[i], &value);
        assert_int_equal(value.a, 1);
        assert_int_equal(value.b, 2);
    }
    char text[1024];
    renamed value;
    snprintf(text, sizeof(text), "{\"%0300d\":1,\"\\u0061%0300d\":1,\"mail\":2}", 0, 0);
    assert_reads(renamed, text, &value);
    assert_int_equal(value.a, 2);
}

static void test_messages_name_byte_and_field(void **state)
{
    (void)state;
    assert_unreadable(point, "{\"x\":1 \"y\":2}", "byte 7: point.x: expected ',' or '}'");
    assert_unreadable(point, "{\"x\":1,y:2}", "byte 7: point: expected a name");
    assert_unreadable(point, "{\"x\" 1}", "byte 5: point: expected ':'");
    assert_unreadable(point, "{\"x\":01}", "byte 6: point.x: ");
    assert_unreadable(point, "{\"?\":[1 2]}", "byte 8: point: expected ',' or ']'");
    assert_unreadable(point, "{\"x\":1}x", "byte 7: point: bytes after the value");
    assert_unreadable(point, "{\"x\":nul}", "byte 5: point.x: ");
    assert_unreadable(node, "{\"next\":{\"next\":{\"id\":true}}}", "byte 22: node.id: a bool");
    assert_unreadable(rich, "{\"at\":{\"x\":1},}", "byte 14: rich: expected a name");
    assert_unreadable(zcache_string, "{}", "byte 0: zcache_string: a map");
}

#define SEVENTEEN "0123456789abcdef/"
#define LONGEST                                                                               \
    SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN \
        SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN SEVENTEEN

typedef enum length { LONG = 1 } length;
ZCACHE_ENUM(length, ZC_VALUE(LONG, LONGEST))

typedef struct lengthy {
    length size;
} lengthy;
ZCACHE_STRUCT(lengthy, ZC_ENUM(size, length))

static void test_the_longest_name_of_an_enum_is_read_with_escapes(void **state)
{
    (void)state;
    assert_int_equal(strlen(LONGEST), ZC_FIELD_NAME_MAX);
    lengthy value = {0};
    char text[1024];
    char *at = stpcpy(text, "{\"size\":\"");
    for (const char *name = LONGEST; *name != '\0'; name++)
        at += sprintf(at, *name == '/' ? "\\/" : "%c", *name);
    strcpy(at, "\"}");
    assert_reads(lengthy, text, &value);
    assert_int_equal(value.size, LONG);
    strcpy(at, "x\"}");
    assert_unreadable(lengthy, text, "is no length");
}

static void test_values_that_are_one_field(void **state)
{
    (void)state;
    zcache_string string;
    assert_reads(zcache_string, " \"a\\nb\" ", &string);
    assert_string_equal(string.text, "a\nb");
    assert_reads(zcache_string, "null", &string);
    assert_null(string.text);
    zcache_bytes bytes;
    assert_reads(zcache_bytes, "\"YWJj\"", &bytes);
    assert_int_equal(bytes.size, 3);
    assert_reads(zcache_bytes, "null", &bytes);
    assert_null(bytes.data);
    assert_unreadable(zcache_string, "\"a\"b", "byte 3: zcache_string: bytes after");
    assert_unreadable(zcache_string, "", "byte 0: zcache_string: ");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void test_what_is_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    size_t size = strlen(rich_text);
    for (size_t cut = 0; cut < size; cut++)
        assert_unreadable_(rich_struct(), rich_text, cut, "byte ", __FILE__, __LINE__);
}

/* A flipped bit is refused, or makes another value, which is then written and read like any. */
static void test_a_flipped_bit_anywhere_does_no_harm(void **state)
{
    (void)state;
    size_t size = strlen(rich_text);
    char *text = strdup(rich_text);
    size_t read = 0;
    for (size_t bit = 0; bit < size * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        rich value, again;
        void *memory, *other_memory;
        zcache_status status = json_decode(rich_struct(), text, size, &value, &memory);
        if (status == ZCACHE_OK) {
            char *written, *written_again;
            /* an enum that is missing has no name */
            zcache_status writes = json_encode(rich_struct(), &value, &written);
            assert_true(writes == ZCACHE_OK ||
                        (value.hue == 0 && strstr(zcache_error_message(), "rich.hue: ") != NULL));
            if (writes == ZCACHE_OK) {
                assert_int_equal(
                    json_decode(rich_struct(), written, strlen(written), &again, &other_memory),
                    ZCACHE_OK);
                assert_int_equal(json_encode(rich_struct(), &again, &written_again), ZCACHE_OK);
                assert_string_equal(written, written_again);
                free(written_again);
                free(other_memory);
            }
            free(written);
            read++;
        } else {
            assert_int_equal(status, ZCACHE_E_TYPE);
            assert_memory_equal(zcache_error_message(), "byte ", 5);
        }
        free(memory);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(read > size / 4);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_fields_have_their_defaults),
        cmocka_unit_test(test_structs_in_structs_have_their_defaults),
        cmocka_unit_test(test_required_fields_are_there),
        cmocka_unit_test(test_names_in_any_order_escaped_or_by_alias),
        cmocka_unit_test(test_messages_name_byte_and_field),
        cmocka_unit_test(test_the_longest_name_of_an_enum_is_read_with_escapes),
        cmocka_unit_test(test_values_that_are_one_field),
        cmocka_unit_test(test_what_is_cut_off_anywhere_is_refused),
        cmocka_unit_test(test_a_flipped_bit_anywhere_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, json_forget);
}
