/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Memory runs out everywhere: each public call is made again and again with its 1st, 2nd, … Nth
 * allocation failing, until one goes through. Each time it must do its work all the same, or say
 * ZCACHE_E_NOMEM in so many words and change nothing; the cache must work afterwards; and when it
 * has been closed not a block may be out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <zcache/zcache.h>

#include "allocation-trials.h"
#include "expect.h"
#include "failing-allocator.h"
#include "servers.h"
#include "temp.h"

#ifdef HAVE_REDIS
#include <zcache/native/redis.h>
#endif

/* More allocations than any call makes. */
#define MOST 20000

/* ---- the rig -----------------------------------------------------------------------------------
 */

typedef struct test_case {
    const subject *about;
    const trial *what;
    char name[64];
} test_case;

static zcache *prepare(const subject *about)
{
    static char large[300000];
    zcache *cache = NULL;
    zcache_options options;
    assert_status(ZCACHE_OK, zcache_open(&cache, options_of(about, &options)));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "k", "old", 3, NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "n", "41", 2, NULL));
    assert_status(ZCACHE_OK, zcache_set(cache, "large", large, sizeof(large), NULL));
    return cache;
}

static void assert_works(zcache *cache)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_set(cache, "after", "works", 5, NULL));
    assert_status(ZCACHE_OK, zcache_get(cache, "after", &value, NULL));
    assert_text("works", &value);
    zcache_value_free(&value);
}

/* One attempt, with the nth allocation failing. Returns whether there was an nth. */
static bool attempt(const test_case *test, size_t nth)
{
    zcache *cache = test->what->opens ? NULL : prepare(test->about);
    failing_allocator_fail(nth);
    zcache_status status = test->what->call(test->about, cache);
    bool failed = failing_allocator_failed();
    size_t asked = failing_allocator_count();
    failing_allocator_fail(0);
    bool right = status == ZCACHE_OK || (failed && status == ZCACHE_E_NOMEM);
    if (right && status != ZCACHE_OK)
        right = strstr(zcache_error_message(), "memory") != NULL;
    if (!right) {
        failing_allocator_show(failing_allocator_mark());
        fail_msg("%s with allocation %zu of %zu failing: got %s (%s)", test->name, nth, asked,
                 zcache_status_name(status), zcache_error_message());
    }
    if (cache != NULL) {
        assert_works(cache);
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
    return failed;
}

static void run_trial(void **state)
{
    const test_case *test = *state;
    attempt(test, MOST); /* what is made once for the process is made now */
    for (size_t nth = 1; nth < MOST; nth++) {
        size_t live = failing_allocator_live(), mark = failing_allocator_mark();
        bool failed = attempt(test, nth);
        if (failing_allocator_live() != live) {
            failing_allocator_show(mark);
            fail_msg("%s with allocation %zu failing: %zu blocks are out, %zu were before",
                     test->name, nth, failing_allocator_live(), live);
        }
        if (!failed)
            return;
    }
    fail_msg("%s makes more than %d allocations", test->name, MOST);
}

static void *first_call_of_a_thread(void *user)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    failing_allocator_fail(1);
    zcache_status status = zcache_get(user, "k", &value, NULL);
    check_that(failing_allocator_failed());
    check_status(ZCACHE_E_NOMEM, status);
    check_that(strstr(zcache_error_message(), "memory") != NULL);
    failing_allocator_fail(0);
    check_status(ZCACHE_OK, zcache_get(user, "k", &value, NULL));
    check_that(value.size == 3);
    zcache_value_free(&value);
    return NULL;
}

/* The first test: records of threads are used again later. */
static void test_first_call_of_a_thread(void **state)
{
    const test_case *test = *state;
    pthread_t thread;
    zcache *cache = prepare(test->about);
    assert_int_equal(pthread_create(&thread, NULL, first_call_of_a_thread, cache), 0);
    pthread_join(thread, NULL);
    assert_int_equal(checks_failed(), 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- the providers ------------------------------------------------------------------------------
 */

static void describe(subject *about, const char *provider, server *one, const char *setting,
                     const char *native_type)
{
    static char plugin_path[4096];
    char text[8192];
    if (one != NULL)
        setting = server_setting(one);
    const char *dot = strchr(setting, '.');
    snprintf(plugin_path, sizeof(plugin_path), "cache.plugin_path=%s",
             getenv("ZCACHE_TEST_PLUGINS"));
    *about = (subject){.provider = provider, .server = one, .native_type = native_type};
    about->settings[0] = plugin_path;
    about->settings[1] = "cache.key_prefix=a:";
    about->settings[2] = "cache.timeout=20s";
    about->settings[3] = "table.users.ttl=1h";
    about->settings[4] = setting;
    snprintf(text, sizeof(text),
             "[cache]\nprovider = %s\nplugin_path = %s\nkey_prefix = a:\ntimeout = 20s\n"
             "[table.users]\nttl = 1h\n[%.*s]\n%s\n",
             provider, strchr(plugin_path, '=') + 1, (int)(dot - setting), setting, dot + 1);
    snprintf(about->file, sizeof(about->file), "%s",
             temp_file(temp_dir(), "zcache.ini", text, 0600));
}

int main(int argc, char **argv)
{
    static subject subjects[4];
    test_case *cases = calloc(4 * allocation_trial_count + 1, sizeof(*cases));
    struct CMUnitTest *tests = calloc(4 * allocation_trial_count + 1, sizeof(*tests));
    size_t subject_count = 0, count = 0;
    if (cases == NULL || tests == NULL)
        return 1;
    failing_allocator_install();
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    describe(&subjects[subject_count++], "memory", NULL, "memory.max_memory=4m",
             "zcache.memory_engine/1");
#ifdef HAVE_REDIS
    describe(&subjects[subject_count++], "redis", server_start(SERVER_REDIS, SERVER_UNIX, NULL),
             NULL, ZCACHE_REDIS_NATIVE_TYPE);
#endif
#ifdef HAVE_MEMCACHED
    describe(&subjects[subject_count++], "memcached",
             server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL), NULL,
             "libmemcached.memcached_st/1");
#endif
#ifdef HAVE_LMDB
    static char place[4096];
    snprintf(place, sizeof(place), "lmdb.path=%s", temp_dir());
    describe(&subjects[subject_count++], "lmdb", NULL, place, NULL);
#endif
    cases[0] = (test_case){.about = &subjects[0], .what = &allocation_trials[0]};
    tests[count++] = (struct CMUnitTest){.name = "test_first_call_of_a_thread",
                                         .test_func = test_first_call_of_a_thread,
                                         .initial_state = &cases[0]};
    for (size_t i = 0; i < subject_count; i++)
        for (size_t j = 0; j < allocation_trial_count; j++) {
            if (allocation_trials[j].needs_native && subjects[i].native_type == NULL)
                continue;
            cases[count] = (test_case){.about = &subjects[i], .what = &allocation_trials[j]};
            snprintf(cases[count].name, sizeof(cases[count].name), "test_%s_on_%s",
                     allocation_trials[j].name, subjects[i].provider);
            tests[count] = (struct CMUnitTest){
                .name = cases[count].name, .test_func = run_trial, .initial_state = &cases[count]};
            count++;
        }
    int failed = _cmocka_run_group_tests("allocation-failure", tests, count, NULL, NULL);
    free(tests);
    free(cases);
    return failed == 0 ? 0 : 1;
}
