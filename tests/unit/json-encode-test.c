/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is written as JSON, byte for byte, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "json-harness.h"

typedef struct reals {
    float single;
    double real;
} reals;
ZCACHE_STRUCT(reals, ZC_FLOAT(single), ZC_DOUBLE(real))

typedef struct words {
    char *text;
    char city[8];
} words;
ZCACHE_STRUCT(words, ZC_STRING(text), ZC_CHARS(city))

typedef struct blob {
    void *data;
    size_t size;
    zcache_bytes *list;
    size_t count;
} blob;
ZCACHE_STRUCT(blob, ZC_BYTES(data, size), ZC_ARRAY(list, count, ZC_BYTES))

typedef struct needy {
    char *text;
    void *data;
    size_t size;
    point *where;
} needy;
ZCACHE_STRUCT(needy, ZC_STRING(text, ZC_REQUIRED), ZC_BYTES(data, size, ZC_REQUIRED),
              ZC_POINTER(where, point, ZC_REQUIRED))

typedef struct named {
    int a, b, c;
} named;
ZCACHE_STRUCT(named, ZC_I32(a, ZC_AS("sixteen bytes:\"\\\x01\x7f")),
              ZC_I32(b, ZC_AS("a name that is very much longer than thirty-two bytes, "
                              "\xC3\xA4, and then some")),
              ZC_I32(c))

typedef struct lists {
    char **tags;
    size_t ntags;
    node *nodes;
    size_t nnodes;
    node **pointers;
    size_t npointers;
    color hues[2];
} lists;
ZCACHE_STRUCT(lists, ZC_ARRAY(tags, ntags, ZC_STRING, ZC_REQUIRED),
              ZC_ARRAY(nodes, nnodes, ZC_NESTED(node)),
              ZC_ARRAY(pointers, npointers, ZC_POINTER(node)), ZC_FIXED(hues, ZC_ENUM(color)))

static void test_one_of_everything(void **state)
{
    (void)state;
    assert_writes(rich, &rich_value, rich_text);
}

static void test_zeros_are_written_too(void **state)
{
    (void)state;
    rich value = {.hue = RED};
    assert_writes(rich, &value,
                  "{\"yes\":false,\"i8\":0,\"i16\":0,\"i32\":0,\"i64\":0,\"u8\":0,\"u16\":0,"
                  "\"u32\":0,\"u64\":0,\"single\":0,\"real\":0,\"hue\":\"red\",\"text\":null,"
                  "\"city\":\"\",\"data\":null,\"at\":{\"x\":0,\"y\":0},\"maybe\":null,"
                  "\"triple\":[0,0,0],\"tags\":[],\"corners\":[],\"blobs\":[],"
                  "\"codes\":[\"\",\"\"]}");
}

static void test_names_are_escaped(void **state)
{
    (void)state;
    assert_writes(named, (&(named){1, 2, 3}),
                  "{\"sixteen bytes:\\\"\\\\\\u0001\x7f\":1,\"a name that is very much longer than "
                  "thirty-two bytes, \xC3\xA4, and then some\":2,\"c\":3}");
}

static void test_real_numbers_are_the_shortest_that_read_back(void **state)
{
    (void)state;
    assert_writes(reals, (&(reals){0.1F, 0.1}), "{\"single\":0.1,\"real\":0.1}");
    assert_writes(reals, (&(reals){16777216.0F, 5}), "{\"single\":16777216,\"real\":5}");
    assert_writes(reals, (&(reals){-0.0F, -0.0}), "{\"single\":-0.0,\"real\":-0.0}");
    assert_writes(reals, (&(reals){3.4028235e38F, 1.7976931348623157e308}),
                  "{\"single\":3.4028235e+38,\"real\":1.7976931348623157e+308}");
    assert_writes(reals, (&(reals){1e-45F, 5e-324}), "{\"single\":1e-45,\"real\":5e-324}");
    assert_writes(reals, (&(reals){1e21F, 1e21}), "{\"single\":1e+21,\"real\":1e+21}");
    assert_writes(reals, (&(reals){1, 9007199254740993.0}),
                  "{\"single\":1,\"real\":9007199254740992}");
}

static void test_what_is_no_number_is_refused(void **state)
{
    (void)state;
    double infinity = __builtin_inf();
    assert_unwritable(reals, (&(reals){0, infinity}), "reals.real: ");
    assert_unwritable(reals, (&(reals){0, -infinity}), "reals.real: ");
    assert_unwritable(reals, (&(reals){0, __builtin_nan("")}), "reals.real: ");
    assert_unwritable(reals, (&(reals){__builtin_inff(), 0}), "reals.single: ");
    assert_unwritable(reals, (&(reals){__builtin_nanf(""), 0}), "reals.single: ");
}

/* What `byte` is in a text. */
static const char *escape_of(unsigned byte, char out[8])
{
    static const char *const short_ones[] = {"\bb", "\tt", "\nn", "\ff", "\rr", "\"\"", "\\\\"};
    for (size_t i = 0; i < sizeof(short_ones) / sizeof(short_ones[0]); i++)
        if ((unsigned char)short_ones[i][0] == byte) {
            snprintf(out, 8, "\\%c", short_ones[i][1]);
            return out;
        }
    snprintf(out, 8, byte < 0x20 ? "\\u%04x" : "%c", byte);
    return out;
}

static void test_only_what_must_be_is_escaped(void **state)
{
    (void)state;
    for (size_t size = 1; size < 40; size++)
        for (size_t at = 0; at < size; at++)
            for (unsigned byte = 1; byte < 0x80; byte++) {
                if (byte >= 0x24 && byte < 0x7e && byte != '\\')
                    continue; /* plain ones in the middle */
                char text[48], escape[8], expected[96];
                memset(text, 'x', size);
                text[size] = '\0';
                text[at] = (char)byte;
                snprintf(expected, sizeof(expected), "{\"text\":\"%.*s%s%s\",\"city\":\"\"}",
                         (int)at, text, escape_of(byte, escape), text + at + 1);
                assert_writes(words, (&(words){.text = text}), expected);
            }
}

static void test_a_text_of_escapes_finds_room(void **state)
{
    (void)state;
    static char text[10001], expected[60100];
    memset(text, 1, sizeof(text) - 1);
    char *at = stpcpy(expected, "{\"text\":\"");
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        at = stpcpy(at, "\\u0001");
    strcpy(at, "\",\"city\":\"\"}");
    assert_writes(words, (&(words){.text = text}), expected);
}

static void test_utf8_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const characters[] = {
        "\xC2\x80",     "\xDF\xBF",         "\xE0\xA0\x80",     "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xE2\x80\xA8"};
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
        for (size_t before = 0; before < 36; before++)
            for (size_t after = 0; after < 20; after++) {
                char text[80], expected[120];
                snprintf(text, sizeof(text), "%.*s%s%s%.*s", (int)before,
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", characters[i], characters[i],
                         (int)after, "yyyyyyyyyyyyyyyyyyyy");
                snprintf(expected, sizeof(expected), "{\"text\":\"%s\",\"city\":\"\"}", text);
                assert_writes(words, (&(words){.text = text}), expected);
            }
}

static void test_what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\x80",
                                        "\xBF",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xC2",
                                        "\xC2x",
                                        "\xE0\x80\x80",
                                        "\xE0\x9F\xBF",
                                        "\xE2\x82",
                                        "\xE2\x28\xA1",
                                        "\xED\xA0\x80",
                                        "\xED\xBF\xBF",
                                        "\xF0\x80\x80\x80",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF0\x9F\x98",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xFE",
                                        "\xFF",
                                        "\xF8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        for (size_t before = 0; before < 36; before++)
            for (size_t after = 0; after < 20; after += 19) {
                char text[80];
                snprintf(text, sizeof(text), "%.*s%s%.*s", (int)before,
                         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", wrong[i], (int)after,
                         "yyyyyyyyyyyyyyyyyyyy");
                assert_unwritable(words, (&(words){.text = text}),
                                  "words.text: the text is not UTF-8");
            }
    assert_unwritable(words, (&(words){.city = "\xC3"}), "words.city: the text is not UTF-8");
}

static void test_char_arrays_end_with_their_nul(void **state)
{
    (void)state;
    words value = {.city = {'a', 'b', '\0', '\xFF', 'x'}};
    assert_writes(words, &value, "{\"text\":null,\"city\":\"ab\"}");
    memcpy(value.city, "1234567", 8);
    assert_writes(words, &value, "{\"text\":null,\"city\":\"1234567\"}");
    value.city[7] = '8';
    assert_unwritable(words, &value, "words.city: ");
}

static void test_bytes_are_base64(void **state)
{
    (void)state;
    assert_writes(blob, (&(blob){TEXT("\x00"), 1, NULL, 0}), "{\"data\":\"AA==\",\"list\":[]}");
    assert_writes(blob, (&(blob){TEXT(""), 0, NULL, 0}), "{\"data\":\"\",\"list\":[]}");
    assert_writes(blob, (&(blob){NULL, 0, NULL, 0}), "{\"data\":null,\"list\":[]}");
    zcache_bytes list[] = {{TEXT("\xFB\xFF"), 2}, {NULL, 0}, {TEXT(""), 0}};
    assert_writes(blob, (&(blob){TEXT("foobar"), 6, list, 3}),
                  "{\"data\":\"Zm9vYmFy\",\"list\":[\"+/8=\",null,\"\"]}");
    assert_unwritable(blob, (&(blob){NULL, 1, NULL, 0}), "blob.data: ");
    list[1].size = 7;
    assert_unwritable(blob, (&(blob){NULL, 0, list, 3}), "blob.list: ");
    assert_unwritable(blob, (&(blob){NULL, 0, NULL, 1}), "blob.list: ");
}

static void test_what_is_required_is_not_null(void **state)
{
    (void)state;
    needy value = {TEXT(""), TEXT(""), 0, &(point){0, 0}};
    assert_writes(needy, &value, "{\"text\":\"\",\"data\":\"\",\"where\":{\"x\":0,\"y\":0}}");
    needy other = value;
    other.text = NULL;
    assert_unwritable(needy, &other, "needy.text: ");
    other = value;
    other.data = NULL;
    assert_unwritable(needy, &other, "needy.data: ");
    other = value;
    other.where = NULL;
    assert_unwritable(needy, &other, "needy.where: ");
}

static void test_arrays_of_structs_pointers_and_enums(void **state)
{
    (void)state;
    node one = {1, NULL}, two = {2, &one};
    lists value = {(char *[]){NULL, TEXT("x")},
                   2,
                   (node[]){{3, &two}, {4, NULL}},
                   2,
                   (node *[]){NULL, &two},
                   2,
                   {GREEN, BLUE}};
    assert_writes(
        lists, &value,
        "{\"tags\":[null,\"x\"],\"nodes\":[{\"id\":3,\"next\":{\"id\":2,\"next\":{"
        "\"id\":1,\"next\":null}}},{\"id\":4,\"next\":null}],\"pointers\":[null,{"
        "\"id\":2,\"next\":{\"id\":1,\"next\":null}}],\"hues\":[\"green\",\"bl\\\"ue\"]}");
    value.hues[1] = (color)0;
    assert_unwritable(lists, &value, "lists.hues: ");
    value.hues[1] = RED;
    value.nodes = NULL;
    assert_unwritable(lists, &value, "lists.nodes: ");
}

static void test_a_list_as_deep_as_allowed_and_one_deeper(void **state)
{
    (void)state;
    node nodes[ZC_DEPTH_MAX + 1] = {{0, NULL}};
    for (int i = 0; i < ZC_DEPTH_MAX; i++)
        nodes[i + 1].next = &nodes[i];
    char *text;
    assert_int_equal(json_encode(node_struct(), &nodes[ZC_DEPTH_MAX - 1], &text), ZCACHE_OK);
    node value;
    assert_reads(node, text, &value);
    free(text);
    assert_unwritable(node, &nodes[ZC_DEPTH_MAX], "node.next: nested deeper than 64 levels");
    nodes[0].next = &nodes[0];
    assert_unwritable(node, &nodes[0], "node.next: nested deeper than 64 levels");
}

/* Structs of one field each, 65 levels of them. */
typedef struct L0 {
    double real;
} L0;
ZCACHE_STRUCT(L0, ZC_DOUBLE(real))
#define INNER(outer, inner) \
    typedef struct outer {  \
        inner in;           \
    } outer;                \
    ZCACHE_STRUCT(outer, ZC_NESTED(in, inner))
/* clang-format off */
INNER(L1, L0) INNER(L2, L1) INNER(L3, L2) INNER(L4, L3) INNER(L5, L4) INNER(L6, L5) INNER(L7, L6)
INNER(L8, L7) INNER(L9, L8) INNER(L10, L9) INNER(L11, L10) INNER(L12, L11) INNER(L13, L12)
INNER(L14, L13) INNER(L15, L14) INNER(L16, L15) INNER(L17, L16) INNER(L18, L17) INNER(L19, L18)
INNER(L20, L19) INNER(L21, L20) INNER(L22, L21) INNER(L23, L22) INNER(L24, L23) INNER(L25, L24)
INNER(L26, L25) INNER(L27, L26) INNER(L28, L27) INNER(L29, L28) INNER(L30, L29) INNER(L31, L30)
INNER(L32, L31) INNER(L33, L32) INNER(L34, L33) INNER(L35, L34) INNER(L36, L35) INNER(L37, L36)
INNER(L38, L37) INNER(L39, L38) INNER(L40, L39) INNER(L41, L40) INNER(L42, L41) INNER(L43, L42)
INNER(L44, L43) INNER(L45, L44) INNER(L46, L45) INNER(L47, L46) INNER(L48, L47) INNER(L49, L48)
INNER(L50, L49) INNER(L51, L50) INNER(L52, L51) INNER(L53, L52) INNER(L54, L53) INNER(L55, L54)
INNER(L56, L55) INNER(L57, L56) INNER(L58, L57) INNER(L59, L58) INNER(L60, L59) INNER(L61, L60)
INNER(L62, L61) INNER(L63, L62) INNER(L64, L63)
    /* clang-format on */

    /* All brackets close behind one number, which has found room for them. */
    static void test_as_many_brackets_as_allowed_close_at_once(void **state)
{
    (void)state;
    static const double real = -1.2345678901234568e-300;
    L64 value;
    memcpy(&value, &real, sizeof(value));
    char expected[1024], *at = expected;
    for (int i = 0; i < 63; i++)
        at = stpcpy(at, "{\"in\":");
    at = stpcpy(at, "{\"real\":-1.2345678901234568e-300");
    memset(at, '}', 64);
    at[64] = '\0';
    assert_writes(L63, &value.in, expected);
    assert_unwritable(L64, &value, "nested deeper than 64 levels");
}

static void test_values_that_are_one_field(void **state)
{
    (void)state;
    assert_writes(zcache_string, &(zcache_string){TEXT("a\"b")}, "\"a\\\"b\"");
    assert_writes(zcache_string, &(zcache_string){NULL}, "null");
    assert_writes(zcache_bytes, (&(zcache_bytes){TEXT("abc"), 3}), "\"YWJj\"");
    assert_unwritable(zcache_string, &(zcache_string){TEXT("\xFF")},
                      "zcache_string: the text is not");
}

/* ---- the buffer ------------------------------------------------------------------------------ */

static size_t grows_left;

static bool grow_seldom(zcache_buffer *buffer, size_t more)
{
    if (grows_left == 0)
        return false;
    grows_left--;
    unsigned char *data = malloc(buffer->size + more);
    if (buffer->size > 0)
        memcpy(data, buffer->data, buffer->size);
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = buffer->size + more;
    return true;
}

static void test_appends_and_when_memory_is_short_appends_nothing(void **state)
{
    (void)state;
    zc_plan *plan = NULL;
    assert_int_equal(zc_plan_make(rich_struct(), &plan), ZCACHE_OK);
    zcache_status status = ZCACHE_E_NOMEM;
    for (size_t allowed = 1; status != ZCACHE_OK; allowed++) {
        zcache_buffer buffer = {.grow = grow_seldom};
        grows_left = allowed;
        assert_true(zcache_buffer_append(&buffer, "before", 6));
        status = zc_json_encode(NULL, plan, &rich_value, &buffer);
        assert_memory_equal(buffer.data, "before", 6);
        if (status == ZCACHE_OK) {
            assert_int_equal(buffer.size, 6 + strlen(rich_text));
            assert_memory_equal(buffer.data + 6, rich_text, strlen(rich_text));
        } else {
            assert_int_equal(status, ZCACHE_E_NOMEM);
            assert_int_equal(buffer.size, 6);
        }
        free(buffer.data);
    }
    zc_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_everything),
        cmocka_unit_test(test_zeros_are_written_too),
        cmocka_unit_test(test_names_are_escaped),
        cmocka_unit_test(test_real_numbers_are_the_shortest_that_read_back),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_only_what_must_be_is_escaped),
        cmocka_unit_test(test_a_text_of_escapes_finds_room),
        cmocka_unit_test(test_utf8_stays_as_it_is),
        cmocka_unit_test(test_what_is_not_utf8_is_refused),
        cmocka_unit_test(test_char_arrays_end_with_their_nul),
        cmocka_unit_test(test_bytes_are_base64),
        cmocka_unit_test(test_what_is_required_is_not_null),
        cmocka_unit_test(test_arrays_of_structs_pointers_and_enums),
        cmocka_unit_test(test_a_list_as_deep_as_allowed_and_one_deeper),
        cmocka_unit_test(test_as_many_brackets_as_allowed_close_at_once),
        cmocka_unit_test(test_values_that_are_one_field),
        cmocka_unit_test(test_appends_and_when_memory_is_short_appends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, json_forget);
}
