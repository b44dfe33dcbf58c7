/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 */
#include "codec-harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fenced.h"

harness_codec harness;

static void *kept; /* the memory of what assert_decodes gave last */

static zc_plan *plan_of(const zcache_struct *type)
{
    zc_plan *plan = NULL;
    if (zc_plan_make(type, &plan) != ZCACHE_OK)
        fail_msg("no plan of %s: %s", type->name, zcache_error_message());
    return plan;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int digit(char hex)
{
    return hex >= 'a' ? hex - 'a' + 10 : hex - '0';
}

harness_bytes harness_hex(const char *hex)
{
    harness_bytes bytes = {malloc(strlen(hex) / 2 + 1), 0};
    for (; *hex != '\0'; hex++)
        if (*hex != ' ') {
            bytes.data[bytes.size++] = (unsigned char)(digit(hex[0]) << 4 | digit(hex[1]));
            hex++;
        }
    return bytes;
}

static void print_bytes(const char *what, const unsigned char *data, size_t size)
{
    char text[3 * 100 + 8] = "", *end = text;
    for (size_t i = 0; i < size && i < 100; i++)
        end += sprintf(end, " %02x", data[i]);
    print_error("%s:%s%s\n", what, text, size > 100 ? " ..." : "");
}

/* ---- encoding and decoding ------------------------------------------------------------------- */

static bool grow_exactly(zcache_buffer *buffer, size_t more)
{
    unsigned char *data = realloc(buffer->data, buffer->size + more);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = buffer->size + more;
    return true;
}

zcache_status harness_encode(const zcache_struct *type, const void *value, harness_bytes *bytes)
{
    zc_plan *plan = plan_of(type);
    zcache_buffer buffer = {.grow = grow_exactly};
    zcache_status status = harness.encode(harness.custom, plan, value, &buffer);
    if (status != ZCACHE_OK)
        assert_int_equal(buffer.size, 0);
    zc_plan_free(plan);
    *bytes = (harness_bytes){buffer.data, buffer.size};
    return status;
}

zcache_status harness_decode(const zcache_struct *type, const void *bytes, size_t size, void *value,
                             void **memory)
{
    zc_plan *plan = plan_of(type);
    unsigned char *exact = fenced(bytes, size);
    zcache_block block = {0};
    zcache_status status;
    for (;;) {
        memset(value, 0xa5, type->size); /* a decoder makes no use of what is there */
        status = harness.decode(harness.custom, plan, zcache_bytes_of(exact, size), value, &block);
        if (status != ZCACHE_E_NOMEM || block.wanted > 1 << 24)
            break;
        size_t wanted = block.wanted;
        assert_true(wanted > block.capacity);
        free(block.base);
        block = (zcache_block){.base = malloc(wanted), .capacity = wanted};
    }
    free(exact);
    zc_plan_free(plan);
    *memory = block.base;
    return status;
}

/* ---- assertions ------------------------------------------------------------------------------ */

void assert_encodes_(const zcache_struct *type, const char *hex, const void *value,
                     const char *file, int line)
{
    harness_bytes expected = harness_hex(hex), bytes;
    zcache_status status = harness_encode(type, value, &bytes);
    if (status != ZCACHE_OK) {
        print_bytes("expected", expected.data, expected.size);
        print_error("not encoded: %s\n", zcache_error_message());
        _fail(file, line);
    }
    bool is_same = bytes.size == expected.size &&
                   (bytes.size == 0 || memcmp(bytes.data, expected.data, bytes.size) == 0);
    if (!is_same) {
        print_bytes("expected", expected.data, expected.size);
        print_bytes("was     ", bytes.data, bytes.size);
        _fail(file, line);
    }
    free(expected.data);
    free(bytes.data);
}

void assert_unencodable_(const zcache_struct *type, const char *part, const void *value,
                         const char *file, int line)
{
    harness_bytes bytes;
    zcache_status status = harness_encode(type, value, &bytes);
    if (status != ZCACHE_E_INVALID || strstr(zcache_error_message(), part) == NULL) {
        print_error("expected E_INVALID, \"%s\"; %s, \"%s\"\n", part, zcache_status_name(status),
                    status == ZCACHE_OK ? "encoded" : zcache_error_message());
        _fail(file, line);
    }
    free(bytes.data);
}

void assert_decodes_(const zcache_struct *type, const char *hex, void *value, const char *file,
                     int line)
{
    harness_forget(NULL);
    harness_bytes bytes = harness_hex(hex);
    if (harness_decode(type, bytes.data, bytes.size, value, &kept) != ZCACHE_OK) {
        print_error("%s\nnot decoded: %s\n", hex, zcache_error_message());
        _fail(file, line);
    }
    free(bytes.data);
}

void assert_undecodable_(const zcache_struct *type, const char *hex, const char *part,
                         const char *file, int line)
{
    harness_bytes bytes = harness_hex(hex);
    void *memory, *value = malloc(type->size);
    zcache_status status = harness_decode(type, bytes.data, bytes.size, value, &memory);
    if (status != ZCACHE_E_TYPE || strstr(zcache_error_message(), part) == NULL) {
        print_error("%.300s: expected E_TYPE, \"%s\"; %s, \"%s\"\n", hex, part,
                    zcache_status_name(status),
                    status == ZCACHE_OK ? "decoded" : zcache_error_message());
        _fail(file, line);
    }
    free(bytes.data);
    free(value);
    free(memory);
}

void assert_becomes_(const zcache_struct *type, const char *hex, const char *expected,
                     const char *file, int line)
{
    void *value = malloc(type->size);
    assert_decodes_(type, hex, value, file, line);
    assert_encodes_(type, expected, value, file, line);
    free(value);
}

/* Decodes what may be damaged, and encodes what comes of it. */
static zcache_status try_bytes(const zcache_struct *type, const unsigned char *data, size_t size,
                               const char *file, int line)
{
    void *memory, *value = malloc(type->size);
    harness_bytes again = {0};
    zcache_status status = harness_decode(type, data, size, value, &memory);
    if (status == ZCACHE_OK && harness_encode(type, value, &again) != ZCACHE_OK) {
        print_bytes("decoded from", data, size);
        print_error("but not encoded: %s\n", zcache_error_message());
        _fail(file, line);
    }
    free(again.data);
    free(value);
    free(memory);
    return status;
}

void assert_survives_(const zcache_struct *type, const char *hex, const char *file, int line)
{
    harness_bytes bytes = harness_hex(hex);
    for (size_t size = 0; size < bytes.size; size++)
        if (try_bytes(type, bytes.data, size, file, line) != ZCACHE_E_TYPE) {
            print_bytes("expected E_TYPE of", bytes.data, size);
            _fail(file, line);
        }
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        try_bytes(type, bytes.data, bytes.size, file, line);
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes.data);
}

int harness_forget(void **state)
{
    (void)state;
    free(kept);
    kept = NULL;
    return 0;
}
