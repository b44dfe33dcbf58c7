/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A program that carries its plugins inside: linked with libzcache.a, and with the plugins by
 * libtool's -dlpreopen (see host/loader/object.h). No directory is searched for them, and two of
 * them live side by side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ltdl.h>

#include "expect.h"
#include <zcache/admin.h>
#include <zcache/zcache.h>

#define NOWHERE "cache.plugin_path=/nonexistent"

static void remember(void *user, const zcache_plugin_info *info)
{
    char *all = user;
    assert_string_equal(info->file, "(linked in)");
    assert_int_equal(info->status, ZCACHE_OK);
    assert_true(strlen(all) + strlen(info->name) + 2 < 256);
    strcat(strcat(all, info->name), " ");
}

static void test_linked_in_plugins_are_listed(void **state)
{
    (void)state;
    char all[256] = "";
    const char *settings[] = {NOWHERE, NULL};
    assert_status(ZCACHE_OK,
                  zcache_plugin_each(ZCACHE_SOURCE_CODE, NULL, ZCACHE_OPTIONS(.settings = settings),
                                     remember, all));
    assert_string_equal(all, LINKED_IN);
}

static void test_linked_in_memory_works_without_any_directory(void **state)
{
    (void)state;
    zcache *cache, *second;
    zcache_value value = ZCACHE_VALUE_INIT;
    const char *settings[] = {NOWHERE, NULL};
    for (int i = 0; i < 3; i++) { /* it is never unloaded, and can be opened again */
        assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
        assert_status(ZCACHE_OK, zcache_open(&second, ZCACHE_OPTIONS(.settings = settings)));
        assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
        assert_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL));
        assert_text("1", &value);
        assert_status(ZCACHE_MISS, zcache_get(second, "a", &value, NULL));
        assert_status(ZCACHE_OK, zcache_close(cache));
        assert_status(ZCACHE_OK, zcache_close(second));
    }
    zcache_value_free(&value);
}

static void test_swap_between_linked_in_plugins_unmaps_nothing(void **state)
{
    (void)state;
    zcache *cache;
    zcache_swap_report report;
    const char *settings[] = {NOWHERE, NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .report = &report)));
    assert_false(report.unmapped);
    assert_false(report.retired);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* A provider opens though its server is down, so the names of a second one are found. */
static void test_each_linked_in_plugin_opens(void **state)
{
    (void)state;
    char names[] = LINKED_IN, *rest = NULL;
    const char *settings[] = {NOWHERE, NULL};
    for (char *name = strtok_r(names, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        zcache *cache;
        char active[64];
        expect_of(name);
        assert_status(ZCACHE_OK,
                      zcache_open(&cache, ZCACHE_OPTIONS(.provider = name, .settings = settings)));
        assert_status(ZCACHE_OK, zcache_provider(cache, active, sizeof(active)));
        assert_string_equal(active, name);
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
    expect_of("linked-in plugins");
}

static void test_plugin_that_is_nowhere_is_refused(void **state)
{
    (void)state;
    zcache *cache = NULL;
    const char *settings[] = {NOWHERE, NULL};
    assert_error(ZCACHE_E_PLUGIN, "no plugin absent: it is not linked in",
                 zcache_open(&cache, ZCACHE_OPTIONS(.provider = "absent", .settings = settings)));
    assert_null(cache);
}

int main(void)
{
    LTDL_SET_PRELOADED_SYMBOLS(); /* before the first call of zcache */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linked_in_plugins_are_listed),
        cmocka_unit_test(test_linked_in_memory_works_without_any_directory),
        cmocka_unit_test(test_swap_between_linked_in_plugins_unmaps_nothing),
        cmocka_unit_test(test_each_linked_in_plugin_opens),
        cmocka_unit_test(test_plugin_that_is_nowhere_is_refused),
    };
    expect_of("linked-in plugins");
    return cmocka_run_group_tests_name("linked-in plugins", tests, NULL, NULL);
}
