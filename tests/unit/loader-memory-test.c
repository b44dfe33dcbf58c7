/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Memory that runs out while a plugin is opened or listed: each allocation fails once, the call
 * says so, and nothing is left behind, neither a block nor a loaded object.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "base/error.h"
#include "expect.h"
#include "failing-allocator.h"
#include "loader/module.h"

/* Runs `one` with its 1st, 2nd, … allocation failing, until it needs no more. */
static void fail_each_allocation(zcache_status (*one)(const zcache_list *path),
                                 const char *directory)
{
    const char *const items[] = {directory, NULL};
    const zcache_list path = {1, items};
    zc_error_nomem(); /* what is made once for the thread is made now */
    assert_status(ZCACHE_OK, one(&path));
    size_t live = failing_allocator_live();
    size_t failures = 0;
    for (size_t nth = 1;; nth++) {
        size_t mark = failing_allocator_mark();
        failing_allocator_fail(nth);
        zcache_status status = one(&path);
        bool failed = failing_allocator_failed();
        if (failing_allocator_live() != live)
            failing_allocator_show(mark);
        assert_int_equal(failing_allocator_live(), live);
        failing_allocator_fail(0);
        if (!failed) {
            assert_status(ZCACHE_OK, status);
            break;
        }
        assert_status(ZCACHE_E_NOMEM, status);
        assert_non_null(strstr(zc_error_text(), "out of memory"));
        failures++;
    }
    assert_true(failures >= 4);
}

static zcache_status open_and_close(const zcache_list *path)
{
    zc_module *module;
    zcache_status status = zc_module_open("slow", path, 0, &module);
    if (status == ZCACHE_OK && !zc_module_close(module))
        return ZCACHE_E_BUSY;
    return status;
}

static zcache_status open_with_load(const zcache_list *path)
{
    zc_module *module;
    zcache_status status = zc_module_open("lifecycle", path, 0, &module);
    if (status == ZCACHE_OK && !zc_module_close(module))
        return ZCACHE_E_BUSY;
    return status;
}

static void ignore(void *user, const zcache_plugin_info *info)
{
    (void)user;
    (void)info;
}

static zcache_status list(const zcache_list *path)
{
    return zc_module_each(path, ignore, NULL);
}

static zcache_status inspect(const zcache_list *path)
{
    return zc_module_inspect("slow", path, ignore, NULL);
}

static void test_open_survives_every_failing_allocation(void **state)
{
    (void)state;
    fail_each_allocation(open_and_close, getenv("ZCACHE_TEST_FIXTURES"));
    fail_each_allocation(open_with_load, getenv("ZCACHE_TEST_FIXTURES"));
}

static void test_list_survives_every_failing_allocation(void **state)
{
    (void)state;
    const char *dir = temp_dir();
    fixture_copy("slow", dir, "slow");
    fixture_copy("store", dir, "store");
    fixture_copy("misnamed", dir, "misnamed");
    fail_each_allocation(list, dir);
    fail_each_allocation(inspect, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_survives_every_failing_allocation),
        cmocka_unit_test(test_list_survives_every_failing_allocation),
    };
    unsetenv("ZCACHE_KEEP_MODULES");
    failing_allocator_install();
    expect_of("loader");
    return cmocka_run_group_tests_name("loader: memory", tests, NULL, NULL);
}
