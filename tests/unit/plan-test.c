/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Plans of types: what a descriptor says is worked out, and one that is wrong is refused with the
 * type's and the field's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/plan.h"
#include "expect.h"

typedef enum color { RED = 1, GREEN = 2 } color;
ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"))

typedef struct inner {
    int32_t number;
    const char *text;
} inner;
ZCACHE_STRUCT(inner, ZC_I32(number, ZC_DEFAULT(7)), ZC_STRING(text, ZC_DEFAULT("seven")))

typedef struct node {
    uint8_t byte;
    float ratio;
    color hue;
    char code[4];
    inner pair[2];
    struct node *next;
    int64_t last;
} node;
ZCACHE_STRUCT(node, ZC_U8(byte, ZC_DEFAULT(255)), ZC_FLOAT(ratio, ZC_DEFAULT(0.5)),
              ZC_ENUM(hue, color, ZC_DEFAULT(GREEN)), ZC_CHARS(code, ZC_DEFAULT("abc")),
              ZC_FIXED(pair, ZC_NESTED(inner)), ZC_POINTER(next, node),
              ZC_I64(last, ZC_AS("the \"last\""), ZC_ALIAS("final"), ZC_REQUIRED))

static zc_plan *plan_of(const zcache_struct *type)
{
    zc_plan *plan = NULL;
    assert_status(ZCACHE_OK, zc_plan_make(type, &plan));
    return plan;
}

static const zc_field *find(const zc_plan *plan, const char *name, size_t expected)
{
    return zc_plan_find(plan, name, strlen(name), expected);
}

static void test_names_and_aliases_are_found_in_any_order(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(node_struct());
    assert_int_equal(plan->field_count, 7);
    for (size_t i = 0; i < plan->field_count; i++)
        for (size_t expected = 0; expected <= plan->field_count; expected++)
            assert_ptr_equal(find(plan, plan->fields[i].name.data, expected), &plan->fields[i]);
    assert_ptr_equal(find(plan, "final", 0), &plan->fields[6]);
    assert_ptr_equal(find(plan, "the \"last\"", 0), &plan->fields[6]);
    assert_null(find(plan, "last", 6));
    assert_null(find(plan, "", 0));
    assert_null(find(plan, "byt", 0));
    assert_null(find(plan, "bytes", 0));
    zc_plan_free(plan);
}

static void test_names_in_the_form_of_each_codec(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(node_struct());
    const zc_field *last = &plan->fields[6];
    assert_int_equal(last->json_name.size, 15);
    assert_memory_equal(last->json_name.data, "\"the \\\"last\\\"\":", 15);
    assert_int_equal(last->msgpack_name.bytes.size, 11);
    assert_memory_equal(last->msgpack_name.bytes.data, "\xaathe \"last\"", 11);
    zc_plan_free(plan);
}

static void test_a_struct_that_contains_itself_has_one_plan(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(node_struct());
    assert_ptr_equal(plan->fields[5].plan, plan);
    assert_true(plan->owns);
    assert_true(plan->has_required);
    zc_plan_free(plan);
}

static void test_a_value_begins_with_its_defaults(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(node_struct());
    const node *initial = plan->initial;
    assert_int_equal(initial->byte, 255);
    assert_true(initial->ratio > 0.49f && initial->ratio < 0.51f);
    assert_int_equal(initial->hue, GREEN);
    assert_string_equal(initial->code, "abc");
    assert_int_equal(initial->pair[1].number, 7);
    assert_null(initial->pair[1].text);
    assert_null(initial->next);
    zc_plan_free(plan);
}

typedef struct widest {
    uint64_t natural;
    int64_t integer;
    float ratio;
} widest;
ZCACHE_STRUCT(widest, ZC_U64(natural, ZC_DEFAULT(UINT64_MAX)),
              ZC_I64(integer, ZC_DEFAULT(INT64_MIN)), ZC_FLOAT(ratio, ZC_DEFAULT(-3)))

static void test_defaults_may_be_the_widest_numbers(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(widest_struct());
    const widest *initial = plan->initial;
    assert_true(initial->natural == UINT64_MAX);
    assert_true(initial->integer == INT64_MIN);
    assert_true(initial->ratio == -3.0f);
    zc_plan_free(plan);
}

static void test_missing_texts_and_required_fields_are_settled(void **state)
{
    (void)state;
    zc_plan *plan = plan_of(node_struct());
    uint64_t seen[ZC_FIELDS_MAX / 64] = {1 << 6};
    _Alignas(16) unsigned char memory[256];
    node value = {0};
    zcache_block block = {.base = memory, .capacity = sizeof(memory)};
    assert_status(ZCACHE_OK, zc_plan_settle(plan, seen, &value, &block));
    assert_string_equal(value.pair[0].text, "seven");
    assert_string_equal(value.pair[1].text, "seven");
    assert_ptr_not_equal(value.pair[0].text, value.pair[1].text);
    for (size_t capacity = 0; capacity < block.used; capacity++) {
        block = (zcache_block){.base = memory, .capacity = capacity};
        assert_status(ZCACHE_E_NOMEM, zc_plan_settle(plan, seen, &value, &block));
        assert_true(block.wanted > capacity);
    }
    seen[0] = 0;
    block = (zcache_block){.base = memory, .capacity = sizeof(memory)};
    assert_status(ZCACHE_E_TYPE, zc_plan_settle(plan, seen, &value, &block));
    assert_string_equal(zcache_error_message(), "node.the \"last\" is missing");
    zc_plan_free(plan);
}

/* ---- refusals -------------------------------------------------------------------------------- */

typedef struct small {
    int8_t byte;
    char code[4];
    const char *text;
    int32_t numbers[2];
    inner one;
    float ratio;
    color hue;
} small;

#define REFUSED(message, ...)                                                                    \
    do {                                                                                         \
        typedef small zcache_self;                                                               \
        static const zcache_field fields[] = {__VA_ARGS__};                                      \
        const zcache_struct type = {                                                             \
            sizeof(type),         "small", sizeof(small), 8, sizeof(fields) / sizeof(fields[0]), \
            sizeof(zcache_field), fields,  false};                                               \
        zc_plan *plan = NULL;                                                                    \
        assert_status(ZCACHE_E_INVALID, zc_plan_make(&type, &plan));                             \
        assert_null(plan);                                                                       \
        assert_string_equal(zcache_error_message(), message);                                    \
    } while (0)

static void test_wrong_defaults_are_refused(void **state)
{
    (void)state;
    REFUSED("the descriptor of small.byte: the default is out of range",
            ZC_I8(byte, ZC_DEFAULT(128)));
    REFUSED("the descriptor of small.byte: the default is out of range",
            ZC_I8(byte, ZC_DEFAULT(-129)));
    REFUSED("the descriptor of small.ratio: the default is out of range",
            ZC_FLOAT(ratio, ZC_DEFAULT(1e39)));
    REFUSED("the descriptor of small.hue: the default is out of range",
            ZC_ENUM(hue, color, ZC_DEFAULT(INT64_C(1) << 32)));
    REFUSED("the descriptor of small.hue: the default is out of range",
            ZC_ENUM(hue, color, ZC_DEFAULT(INT64_C(-0x80000001))));
    REFUSED("the descriptor of small.byte: the default is of another type",
            ZC_I8(byte, ZC_DEFAULT("1")));
    REFUSED("the descriptor of small.byte: the default is of another type",
            ZC_I8(byte, ZC_DEFAULT(1.5)));
    REFUSED("the descriptor of small.text: the default is of another type",
            ZC_STRING(text, ZC_DEFAULT(1)));
    REFUSED("the descriptor of small.text: the default is not UTF-8",
            ZC_STRING(text, ZC_DEFAULT("\xff")));
    REFUSED("the descriptor of small.code: the default is too long",
            ZC_CHARS(code, ZC_DEFAULT("abcd")));
    REFUSED("the descriptor of small.numbers: arrays have no defaults",
            ZC_FIXED(numbers, ZC_I32, ZC_DEFAULT(1)));
    REFUSED("the descriptor of small.one: bytes and structs have no defaults",
            ZC_NESTED(one, inner, ZC_DEFAULT(1)));
}

static void test_wrong_names_are_refused(void **state)
{
    (void)state;
    static char long_name[300];
    memset(long_name, 'n', sizeof(long_name) - 1);
    REFUSED("the descriptor of small.byte: a name has 1 to 255 bytes", ZC_I8(byte, ZC_AS("")));
    REFUSED("the descriptor of small.byte: a name has 1 to 255 bytes",
            ZC_I8(byte, ZC_AS(long_name)));
    REFUSED("the descriptor of small.byte: its name is not UTF-8", ZC_I8(byte, ZC_AS("\xc0\x80")));
    REFUSED("the descriptor of small.text: another field has a name of this one", ZC_CHARS(code),
            ZC_STRING(text, ZC_AS("code")));
    REFUSED("the descriptor of small.text: another field has a name of this one", ZC_CHARS(code),
            ZC_STRING(text, ZC_ALIAS("code")));
    REFUSED("the descriptor of small.byte: another field has a name of this one",
            ZC_I8(byte, ZC_ALIAS("byte")));
}

static void test_a_descriptor_of_an_older_header_is_read(void **state)
{
    (void)state;
    /* zcache_field may grow: here it ends where the modifiers begin. */
    enum { OLD = offsetof(zcache_field, wire_name) };
    unsigned char old[2 * OLD];
    memcpy(old, &inner_struct()->fields[0], OLD);
    memcpy(old + OLD, &inner_struct()->fields[1], OLD);
    zcache_struct type = *inner_struct();
    type.field_size = OLD;
    type.fields = (const zcache_field *)(void *)old;
    zc_plan *plan = plan_of(&type);
    assert_int_equal(plan->fields[1].type, ZCACHE_TYPE_STRING);
    assert_false(plan->fields[1].has_text_default);
    assert_int_equal(((const inner *)plan->initial)->number, 0);
    zc_plan_free(plan);
}

static void test_bytes_and_strings_are_told_from_structs(void **state)
{
    (void)state;
    zc_plan *bytes = plan_of(zcache_bytes_struct()), *string = plan_of(zcache_string_struct()),
            *other = plan_of(inner_struct());
    assert_true(zc_plan_is_bytes(bytes) && !zc_plan_is_string(bytes));
    assert_true(zc_plan_is_string(string) && !zc_plan_is_bytes(string));
    assert_true(!zc_plan_is_bytes(other) && !zc_plan_is_string(other));
    zc_plan_free(bytes);
    zc_plan_free(string);
    zc_plan_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_aliases_are_found_in_any_order),
        cmocka_unit_test(test_names_in_the_form_of_each_codec),
        cmocka_unit_test(test_a_struct_that_contains_itself_has_one_plan),
        cmocka_unit_test(test_a_value_begins_with_its_defaults),
        cmocka_unit_test(test_defaults_may_be_the_widest_numbers),
        cmocka_unit_test(test_missing_texts_and_required_fields_are_settled),
        cmocka_unit_test(test_wrong_defaults_are_refused),
        cmocka_unit_test(test_wrong_names_are_refused),
        cmocka_unit_test(test_a_descriptor_of_an_older_header_is_read),
        cmocka_unit_test(test_bytes_and_strings_are_told_from_structs),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
