/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 */
#include "json-harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "fenced.h"

const rich rich_value = {
    .yes = true,
    .i8 = INT8_MIN,
    .i16 = INT16_MIN,
    .i32 = INT32_MIN,
    .i64 = INT64_MIN,
    .u8 = UINT8_MAX,
    .u16 = UINT16_MAX,
    .u32 = UINT32_MAX,
    .u64 = UINT64_MAX,
    .single = 0.1F,
    .real = 1.0 / 3,
    .hue = BLUE,
    .text = TEXT(
        "a \"text\" that is longer than 16 bytes, of \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\x01"),
    .city = "S\xC3\xA3o Paulo",
    .data = (unsigned char[]){0x00, 0xFF, 0x10},
    .data_size = 3,
    .at = {-1, 2},
    .maybe = &(point){3, 4},
    .triple = {5, 0, -7},
    .tags = (char *[]){TEXT("one"), NULL, TEXT(""), TEXT("a tag of some length, this one")},
    .tag_count = 4,
    .corners = (point[]){{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}},
    .corner_count = 9,
    .blobs = (zcache_bytes[]){{TEXT("ab"), 2}, {NULL, 0}, {TEXT(""), 0}},
    .blob_count = 3,
    .codes = {"abc", ""},
};

const char rich_text[] =
    "{\"yes\":true,\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,\"i64\":-9223372036854775808,"
    "\"u8\":255,\"u16\":65535,\"u32\":4294967295,\"u64\":18446744073709551615,\"single\":0.1,"
    "\"real\":0.3333333333333333,\"hue\":\"bl\\\"ue\","
    "\"text\":\"a \\\"text\\\" that is longer than 16 bytes, of \xC3\xA4 \xE2\x82\xAC "
    "\xF0\x9F\x98\x80\\u0001\",\"city\":\"S\xC3\xA3o Paulo\",\"data\":\"AP8Q\",\"at\":{\"x\":-1,"
    "\"y\":2},\"maybe\":{\"x\":3,\"y\":4},\"triple\":[5,0,-7],"
    "\"tags\":[\"one\",null,\"\",\"a tag of some length, this "
    "one\"],\"corners\":[{\"x\":0,\"y\":0},"
    "{\"x\":1,\"y\":1},{\"x\":2,\"y\":2},{\"x\":3,\"y\":3},{\"x\":4,\"y\":4},{\"x\":5,\"y\":5},"
    "{\"x\":6,\"y\":6},{\"x\":7,\"y\":7},{\"x\":8,\"y\":8}],\"blobs\":[\"YWI=\",null,\"\"],"
    "\"codes\":[\"abc\",\"\"]}";

static void *copied; /* the memory of what assert_reads gave last */

static zc_plan *plan_of(const zcache_struct *type)
{
    zc_plan *plan = NULL;
    if (zc_plan_make(type, &plan) != ZCACHE_OK)
        fail_msg("no plan of %s: %s", type->name, zcache_error_message());
    return plan;
}

static bool grow_exactly(zcache_buffer *buffer, size_t more)
{
    unsigned char *data = realloc(buffer->data, buffer->size + more);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = buffer->size + more;
    return true;
}

zcache_status json_encode(const zcache_struct *type, const void *value, char **text)
{
    zc_plan *plan = plan_of(type);
    zcache_buffer buffer = {.grow = grow_exactly};
    zcache_status status = zc_json_encode(NULL, plan, value, &buffer);
    if (status != ZCACHE_OK)
        assert_int_equal(buffer.size, 0);
    else if (!zcache_buffer_append(&buffer, "", 1))
        abort();
    *text = status == ZCACHE_OK ? (char *)buffer.data : NULL;
    if (status != ZCACHE_OK)
        free(buffer.data);
    zc_plan_free(plan);
    return status;
}

zcache_status json_decode(const zcache_struct *type, const char *text, size_t size, void *value,
                          void **memory)
{
    zc_plan *plan = plan_of(type);
    unsigned char *bytes = fenced(text, size);
    zcache_block block = {0};
    zcache_status status;
    for (;;) {
        status = zc_json_decode(NULL, plan, zcache_bytes_of(bytes, size), value, &block);
        if (status != ZCACHE_E_NOMEM || block.wanted == SIZE_MAX)
            break;
        size_t wanted = block.wanted;
        assert_true(wanted > block.capacity);
        free(block.base);
        block = (zcache_block){.base = malloc(wanted), .capacity = wanted};
    }
    free(bytes);
    zc_plan_free(plan);
    *memory = block.base;
    return status;
}

void assert_writes_(const zcache_struct *type, const void *value, const char *expected,
                    const char *file, int line)
{
    char *text;
    if (json_encode(type, value, &text) != ZCACHE_OK) {
        print_error("expected %s\n", expected);
        print_error("not written: %s\n", zcache_error_message());
        _fail(file, line);
    } else if (strcmp(text, expected) != 0) {
        print_error("expected %s\nwas      %s\n", expected, text);
        _fail(file, line);
    }
    free(text);
}

void assert_unwritable_(const zcache_struct *type, const void *value, const char *part,
                        const char *file, int line)
{
    char *text;
    zcache_status status = json_encode(type, value, &text);
    if (status != ZCACHE_E_INVALID || strstr(zcache_error_message(), part) == NULL) {
        print_error("expected E_INVALID, \"%s\"; %s, \"%s\"\n", part, zcache_status_name(status),
                    status == ZCACHE_OK ? text : zcache_error_message());
        _fail(file, line);
    }
    free(text);
}

void assert_reads_(const zcache_struct *type, const char *text, size_t size, void *value,
                   const char *file, int line)
{
    json_forget(NULL);
    if (json_decode(type, text, size, value, &copied) != ZCACHE_OK) {
        print_error("%s\nnot read: %s\n", text, zcache_error_message());
        _fail(file, line);
    }
}

void assert_unreadable_(const zcache_struct *type, const char *text, size_t size, const char *part,
                        const char *file, int line)
{
    void *memory, *value = malloc(type->size);
    zcache_status status = json_decode(type, text, size, value, &memory);
    if (status != ZCACHE_E_TYPE || strstr(zcache_error_message(), part) == NULL) {
        print_error("%.200s: expected E_TYPE, \"%s\"; %s, \"%s\"\n", text, part,
                    zcache_status_name(status),
                    status == ZCACHE_OK ? "read" : zcache_error_message());
        _fail(file, line);
    }
    free(value);
    free(memory);
}

void assert_becomes_(const zcache_struct *type, const char *text, const char *expected,
                     const char *file, int line)
{
    void *value = malloc(type->size);
    assert_reads_(type, text, strlen(text), value, file, line);
    assert_writes_(type, value, expected, file, line);
    free(value);
}

int json_forget(void **state)
{
    (void)state;
    free(copied);
    copied = NULL;
    return 0;
}
