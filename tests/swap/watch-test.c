/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * `[cache] watch = yes`: every way in which people and tools change a file moves the running
 * process, what is wrong does not, and the thread ends with the cache.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fixtures/fixture-files.h"
#include <zcache/native/memory.h>

/* last: its variables have the names of parameters of the headers above */
#include "child.h"
#include "reload-harness.h"

#define WATCH    "watch = yes\nlog_level = info\n"
#define FAILURES "cache_config_reload_failures"

/* Long enough for a watch that is there to have reloaded. */
#define LOOK_MS 600

static void test_an_edit_of_the_provider_moves_the_process(void **state)
{
    (void)state;
    harness_open(WATCH);
    assert_provider("memory");
    int64_t begin_ms = clock_ms();
    harness_edit(WATCH "provider = redis\n"); /* renamed over it */
    wait_for_provider("redis");
    print_message("# moved in %lld ms\n", (long long)(clock_ms() - begin_ms));
    assert_between(0, 1000 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    harness_write(ini, "[cache]\nkey_prefix = reload:\n" WATCH "provider = memcached\n");
    wait_for_provider("memcached");
    harness_edit(WATCH);
    wait_for_provider("memory");
    wait_for_logged(ZCACHE_LOG_INFO, "(swapped)", 3);
    assert_int_equal(stat_of(FAILURES), 0);
}

static void test_a_broken_edit_is_told_once(void **state)
{
    (void)state;
    harness_open(WATCH);
    harness_edit(WATCH "provider = nowhere\n");
    wait_for_stat(FAILURES, 1);
    clock_sleep_ms(LOOK_MS);
    assert_int_equal(stat_of(FAILURES), 1);
    assert_int_equal(1, harness_logged(ZCACHE_LOG_ERROR, ""));
    assert_int_equal(1, harness_logged(ZCACHE_LOG_ERROR, "no plugin nowhere"));
    print_message("# told: %s\n", harness_log_line(ZCACHE_LOG_ERROR));
    assert_provider("memory");
    harness_edit(WATCH "provider = redis\n");
    wait_for_provider("redis");
}

static void test_edits_that_follow_each_other_are_one(void **state)
{
    (void)state;
    harness_open(WATCH);
    for (int i = 0; i < 5; i++)
        harness_edit(WATCH "provider = nowhere\n"); /* never read */
    harness_edit(WATCH "provider = redis\n");
    wait_for_provider("redis");
    clock_sleep_ms(LOOK_MS);
    assert_in_range(harness_logged(ZCACHE_LOG_INFO, "configuration reloaded"), 1, 2);
}

/* A file is read when its writer has closed it: half of one could be another configuration. */
static void test_a_file_in_the_middle_of_being_written_is_not_read(void **state)
{
    (void)state;
    static const char head[] = "[cache]\nkey_prefix = reload:\n" WATCH;
    harness_open(WATCH "provider = redis\n");
    harness_edit(WATCH "provider = redis\ntimeout = 2s\n"); /* something to wake up for */
    int fd = open(ini, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, head, sizeof(head) - 1), (ssize_t)sizeof(head) - 1);
    clock_sleep_ms(LOOK_MS);
    assert_provider("redis");
    assert_int_equal(write(fd, "provider = memcached\n", 21), 21);
    assert_int_equal(0, close(fd));
    wait_for_provider("memcached");
    assert_int_equal(0, harness_logged(ZCACHE_LOG_INFO, "swapped from redis to memory"));
}

static void test_a_deleted_file_comes_back(void **state)
{
    (void)state;
    harness_open(WATCH);
    assert_int_equal(0, unlink(ini));
    wait_for_stat(FAILURES, 1);
    wait_for_logged(ZCACHE_LOG_ERROR, "cannot be opened", 1);
    assert_provider("memory");
    harness_write(ini, "[cache]\nkey_prefix = reload:\n" WATCH "provider = redis\n");
    wait_for_provider("redis");
    assert_int_equal(stat_of(FAILURES), 1);
}

/* config -> ..data/zcache.ini, ..data -> ..1: then ..data is renamed over, as kubelet does. */
static void test_a_flip_of_a_symbolic_link_is_seen(void **state)
{
    (void)state;
    char path[PATH_MAX], link[PATH_MAX], other[PATH_MAX];
    const char *text[] = {"[cache]\nkey_prefix = reload:\n" WATCH,
                          "[cache]\nkey_prefix = reload:\n" WATCH "provider = redis\n",
                          "[cache]\nkey_prefix = reload:\n" WATCH "provider = memcached\n"};
    snprintf(link, sizeof(link), "%s/..data", directory);
    snprintf(other, sizeof(other), "%s/..data_tmp", directory);
    assert_int_equal(0, symlink("..data/zcache.ini", ini));
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof(name), "..%d", i);
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        assert_int_equal(0, mkdir(path, 0700));
        strcat(path, "/zcache.ini");
        harness_write(path, text[i]);
        assert_int_equal(0, symlink(name, other));
        assert_int_equal(0, rename(other, link));
        if (i == 0)
            harness_open_file();
        if (i == 1)
            wait_for_provider("redis");
    }
    wait_for_provider("memcached");
    harness_write(path, text[0]); /* in place, behind both links */
    wait_for_provider("memory");
    assert_int_equal(stat_of(FAILURES), 0);
}

static void test_a_replaced_directory_is_seen(void **state)
{
    (void)state;
    char outer[PATH_MAX], path[PATH_MAX], aside[PATH_MAX];
    const char *top = directory;
    snprintf(outer, sizeof(outer), "%s/etc", top);
    snprintf(path, sizeof(path), "%s/etc/app", top);
    assert_int_equal(0, mkdir(outer, 0700));
    assert_int_equal(0, mkdir(path, 0700));
    snprintf(ini, PATH_MAX, "%s/etc/app/zcache.ini", top);
    harness_open(WATCH);
    snprintf(aside, sizeof(aside), "%s/aside", top);
    assert_int_equal(0, rename(outer, aside)); /* two levels above the file */
    wait_for_stat(FAILURES, 1);
    assert_int_equal(0, mkdir(outer, 0700));
    assert_int_equal(0, mkdir(path, 0700));
    clock_sleep_ms(LOOK_MS);
    assert_int_equal(stat_of(FAILURES), 1); /* that it is not there was told */
    harness_edit(WATCH "provider = redis\n");
    wait_for_provider("redis");
    snprintf(path, sizeof(path), "%s/old", top);
    assert_int_equal(0, rename(outer, path));
    assert_int_equal(0, rename(aside, outer)); /* at once: the first one again */
    wait_for_provider("memory");
}

/* The watch looks at the configuration only; `touch` makes it look at the plugins, too. */
static void test_a_touch_brings_a_new_build(void **state)
{
    (void)state;
    fixture_copy("build_one", directory, "build");
    harness_open(WATCH "provider = build\n");
    fixture_copy("build_two", directory, "build");
    int fd = open(ini, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(0, close(fd));
    wait_for_logged(ZCACHE_LOG_INFO, "reloaded: new build of build (swapped)", 1);
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_error(ZCACHE_E_SERVER, "this is build two", zcache_get(cache, "a", &value, NULL));
    zcache_value_free(&value);
}

static void test_the_watch_can_be_turned_off_and_on(void **state)
{
    (void)state;
    harness_open(WATCH);
    assert_int_equal(count_threads("zcache-watch"), 1);
    harness_edit("log_level = info\n");
    for (int64_t until = clock_ms() + 20000;
         count_threads("zcache-watch") > 0 && clock_ms() < until;)
        clock_sleep_ms(10);
    assert_int_equal(count_threads("zcache-watch"), 0);
    harness_edit("log_level = info\nprovider = redis\n");
    clock_sleep_ms(LOOK_MS);
    assert_provider("memory");
    harness_edit(WATCH "provider = redis\n");
    harness_reload();
    assert_provider("redis");
    assert_int_equal(count_threads("zcache-watch"), 1);
    harness_edit(WATCH);
    wait_for_provider("memory");
}

static void test_the_watch_ends_with_the_cache(void **state)
{
    (void)state;
    harness_open(WATCH);
    assert_int_equal(count_threads("zcache-watch"), 1);
    assert_status(ZCACHE_OK, zcache_close(cache));
    assert_int_equal(count_threads("zcache-watch"), 0);
    harness_open("");
    assert_int_equal(count_threads("zcache-watch"), 0);
}

static void test_a_close_that_fails_leaves_the_watch(void **state)
{
    (void)state;
    harness_open(WATCH);
    zcache_status status;
    void *lease = zcache_native_acquire(cache, ZCACHE_MEMORY_NATIVE_TYPE, &status);
    assert_non_null(lease);
    assert_status(ZCACHE_E_BUSY, zcache_close(cache));
    harness_edit(WATCH "provider = redis\n[swap]\ndrain = 1ms\n");
    wait_for_provider("redis");
    assert_status(ZCACHE_OK, zcache_native_release(cache, lease));
}

static void test_a_close_gives_up_a_copy_of_the_watch(void **state)
{
    (void)state;
    harness_open(WATCH);
    for (int i = 0; i < 500; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key, "x", 1, NULL));
    }
    harness_edit(WATCH "provider = redis\n[swap]\nmode = copy\nrate = 1\n");
    clock_sleep_ms(LOOK_MS);
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = NULL;
    assert_between(0, 5000, clock_ms() - begin_ms);
    assert_int_equal(1, harness_logged(ZCACHE_LOG_ERROR, "given up"));
    assert_int_equal(count_threads("zcache-watch"), 0);
}

static volatile sig_atomic_t handled;
static pthread_t main_thread;

static void on_signal(int signal)
{
    (void)signal;
    handled += pthread_equal(pthread_self(), main_thread) ? 1 : 100;
}

static void test_signals_stay_the_applications(void **state)
{
    (void)state;
    main_thread = pthread_self();
    struct sigaction action = {.sa_handler = on_signal}, before;
    harness_open(WATCH);
    assert_int_equal(0, sigaction(SIGHUP, &action, &before));
    for (int i = 0; i < 20; i++)
        assert_int_equal(0, kill(getpid(), SIGHUP));
    assert_in_range(handled, 1, 20);
    assert_int_equal(0, sigaction(SIGHUP, &before, NULL));
}

static void in_child(void)
{
    check_that(count_threads("zcache-watch") == 0);
    harness_edit(WATCH "provider = redis\n");
    clock_sleep_ms(LOOK_MS);
    char name[64];
    check_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    check_that(strcmp(name, "memory") == 0);
    check_status(ZCACHE_OK, zcache_reload(cache, NULL));
    check_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    check_that(strcmp(name, "redis") == 0);
    check_that(count_threads("zcache-watch") == 0);
    check_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_forked_child_does_not_watch(void **state)
{
    (void)state;
    harness_open(WATCH);
    pid_t child = child_fork();
    if (child == 0) {
        in_child();
        child_end();
    }
    assert_child_ends_well(child);
    wait_for_provider("redis"); /* the parent does */
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(test_an_edit_of_the_provider_moves_the_process),
        WATCH_TEST(test_a_broken_edit_is_told_once),
        WATCH_TEST(test_edits_that_follow_each_other_are_one),
        WATCH_TEST(test_a_file_in_the_middle_of_being_written_is_not_read),
        WATCH_TEST(test_a_deleted_file_comes_back),
        WATCH_TEST(test_a_flip_of_a_symbolic_link_is_seen),
        WATCH_TEST(test_a_replaced_directory_is_seen),
        WATCH_TEST(test_a_touch_brings_a_new_build),
        WATCH_TEST(test_the_watch_can_be_turned_off_and_on),
        WATCH_TEST(test_the_watch_ends_with_the_cache),
        WATCH_TEST(test_a_close_that_fails_leaves_the_watch),
        WATCH_TEST(test_a_close_gives_up_a_copy_of_the_watch),
        WATCH_TEST(test_signals_stay_the_applications),
        WATCH_TEST(test_a_forked_child_does_not_watch),
    };
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("watch", tests, NULL, NULL);
    harness_stop_servers();
    return failures;
}
