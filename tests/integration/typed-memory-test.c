/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memory of decoded values: TYPE_free leaves nothing behind, whatever the bytes were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zcache/table.h>

#include "expect.h"
#include "failing-allocator.h"

typedef struct part {
    const char *text;
} part;
typedef struct whole {
    const char *name;
    part inner;
    part *pointed;
    const char **texts;
    size_t text_count;
    const char *pair[2];
} whole;
ZCACHE_STRUCT(part, ZC_STRING(text))
ZCACHE_STRUCT(whole, ZC_STRING(name), ZC_NESTED(inner, part), ZC_POINTER(pointed, part),
              ZC_ARRAY(texts, text_count, ZC_STRING), ZC_FIXED(pair, ZC_STRING))
ZCACHE_TABLE(wholes, whole)

static zcache *cache;
static wholes_t table;

/* Reads some text as a value several times; no block may be out more afterwards than before. */
static void assert_nothing_left(const char *text)
{
    size_t live = 0, mark = 0;
    assert_status(ZCACHE_OK, zcache_set(wholes_handle(&table), "k", text, strlen(text), NULL));
    for (unsigned round = 0; round < 6; round++) {
        whole found;
        if (round == 2) { /* buffers of the thread's own are there now */
            live = failing_allocator_live();
            mark = failing_allocator_mark();
        }
        assert_status(ZCACHE_OK, wholes_get(&table, "k", &found, NULL));
        whole_free(&found);
    }
    if (failing_allocator_live() != live) {
        failing_allocator_show(mark);
        print_error("of %s\n", text);
    }
    assert_int_equal(live, failing_allocator_live());
}

static void test_values_with_pointers_leave_nothing(void **state)
{
    (void)state;
    assert_nothing_left("{}");
    assert_nothing_left("{\"name\":\"a\"}");
    assert_nothing_left("{\"inner\":{\"text\":\"a\"}}");
    assert_nothing_left("{\"pointed\":{}}");
    assert_nothing_left("{\"texts\":[null,\"b\"]}");
    assert_nothing_left("{\"pair\":[null,\"b\"]}");
}

static void test_fields_that_come_twice_leave_nothing(void **state)
{
    (void)state;
    assert_nothing_left("{\"name\":\"a\",\"name\":null}");
    assert_nothing_left("{\"name\":\"a\",\"name\":\"b\"}");
    assert_nothing_left("{\"inner\":{\"text\":\"a\"},\"inner\":{}}");
    assert_nothing_left("{\"pointed\":{\"text\":\"a\"},\"pointed\":null}");
    assert_nothing_left("{\"texts\":[\"a\",\"b\"],\"texts\":[]}");
    assert_nothing_left("{\"pair\":[\"a\",\"b\"],\"pair\":[null,null]}");
}

static int open_cache(void **state)
{
    (void)state;
    static char plugins[4096];
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    failing_allocator_install();
    const char *const settings[] = {plugins, NULL};
    return zcache_open(&cache, ZCACHE_OPTIONS(.provider = "memory", .settings = settings)) ==
                       ZCACHE_OK &&
                   wholes_open(cache, "wholes", &table,
                               ZCACHE_TABLE_OPTIONS(.serialization = "json")) == ZCACHE_OK
               ? 0
               : -1;
}

static int close_cache(void **state)
{
    (void)state;
    return zcache_close(cache) == ZCACHE_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_with_pointers_leave_nothing),
        cmocka_unit_test(test_fields_that_come_twice_leave_nothing),
    };
    return cmocka_run_group_tests(tests, open_cache, close_cache);
}
