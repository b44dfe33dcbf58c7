/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One format for all failures: "redis: zcache_get(…): expected …, got … (message)".
 */
#include "expect.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Failures beyond this many are counted but not printed. */
#define PRINTED 10

static const char *subject = "zcache";
static atomic_ulong failures; /* counted in any thread, taken after they were joined */

void expect_of(const char *who)
{
    subject = who;
}

static void show_bytes(char *text, size_t text_size, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t used = 0;
    for (size_t i = 0; i < size && used + 8 < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used,
                                 bytes[i] >= 0x20 && bytes[i] < 0x7f ? "%c" : "\\x%02x", bytes[i]);
    text[used] = '\0';
}

static void describe(char *text, size_t size, zcache_status expected, zcache_status actual,
                     const char *call)
{
    snprintf(text, size, "%s: %s: expected %s, got %s%s%s%s", subject, call,
             zcache_status_name(expected), zcache_status_name(actual), actual < 0 ? " (" : "",
             actual < 0 ? zcache_error_message() : "", actual < 0 ? ")" : "");
}

void assert_status_(zcache_status expected, zcache_status actual, const char *call,
                    const char *file, int line)
{
    if (expected == actual)
        return;
    char text[1024];
    describe(text, sizeof(text), expected, actual, call);
    print_error("%s\n", text);
    _fail(file, line);
}

void assert_error_(zcache_status expected, const char *part, zcache_status actual, const char *call,
                   const char *file, int line)
{
    assert_status_(expected, actual, call, file, line);
    if (strstr(zcache_error_message(), part) != NULL)
        return;
    print_error("%s: %s: expected a message with \"%s\" in it, got \"%s\"\n", subject, call, part,
                zcache_error_message());
    _fail(file, line);
}

void assert_bytes_(const void *expected, size_t expected_size, const zcache_value *value,
                   const char *what, const char *file, int line)
{
    char want[128], got[128];
    bool same = value->size == expected_size &&
                (expected_size == 0 || memcmp(value->data, expected, expected_size) == 0);
    if (!same) {
        show_bytes(want, sizeof(want), expected, expected_size);
        show_bytes(got, sizeof(got), value->data, value->size);
        print_error("%s: %s: expected %zu bytes \"%s\", got %zu bytes \"%s\"\n", subject, what,
                    expected_size, want, value->size, got);
        _fail(file, line);
    }
    if (value->data == NULL || ((const char *)value->data)[value->size] != '\0') {
        print_error("%s: %s: expected a 0 after the value\n", subject, what);
        _fail(file, line);
    }
}

void assert_between_(int64_t low, int64_t high, int64_t number, const char *what, const char *file,
                     int line)
{
    if (number >= low && number <= high)
        return;
    print_error("%s: %s: expected %" PRId64 " to %" PRId64 ", got %" PRId64 "\n", subject, what,
                low, high, number);
    _fail(file, line);
}

static bool complain(const char *text, const char *file, int line)
{
    if (atomic_fetch_add(&failures, 1) < PRINTED)
        fprintf(stderr, "# %s:%d: %s\n", file, line, text);
    return false;
}

bool check_status_(zcache_status expected, zcache_status actual, const char *call, const char *file,
                   int line)
{
    if (expected == actual)
        return true;
    char text[1024];
    describe(text, sizeof(text), expected, actual, call);
    return complain(text, file, line);
}

bool check_that_(bool condition, const char *text, const char *file, int line)
{
    if (condition)
        return true;
    char line_text[1024];
    snprintf(line_text, sizeof(line_text), "%s: expected: %s", subject, text);
    return complain(line_text, file, line);
}

unsigned long checks_failed(void)
{
    return atomic_exchange(&failures, 0);
}
