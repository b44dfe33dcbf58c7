/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Ten thousand swaps between all three providers, each used and unloaded: the process ends with the
 * file descriptors, mappings and memory that it had before, but for 1 MiB.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"
#include "servers.h"
#include "watched.h"
#include <zcache/zcache.h>

#define WARM_UP       300
#define SWAPS         10000
#define WATCHED_SWAPS 1500 /* where a tool watches memory, so that it is not compared */
#define GROWTH_MAX    (1024L * 1024)

static server *redis;
static server *memcached;

typedef struct usage {
    long descriptors, mappings, resident_bytes;
} usage;

static long count_descriptors(void)
{
    long count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static long count_mappings(void)
{
    long count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    for (int c; (c = getc(maps)) != EOF;)
        count += c == '\n';
    fclose(maps);
    return count;
}

static long resident_bytes(void)
{
    long pages, resident;
    FILE *statm = fopen("/proc/self/statm", "r");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%ld %ld", &pages, &resident), 2);
    fclose(statm);
    return resident * sysconf(_SC_PAGESIZE);
}

static usage usage_now(void)
{
    return (usage){count_descriptors(), count_mappings(), resident_bytes()};
}

static void swap_and_use(zcache *cache, int times)
{
    static const char *const order[] = {"redis", "memcached", "memory"};
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < times; i++) {
        assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = order[i % 3])));
        assert_status(ZCACHE_OK, zcache_set(cache, "key", "value", 5, NULL));
        assert_status(ZCACHE_OK, zcache_get(cache, "key", &value, NULL));
        assert_text("value", &value);
    }
    zcache_value_free(&value);
}

static void test_ten_thousand_swaps_leave_nothing_behind(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, "cache.key_prefix=leak:", server_setting(redis),
                              server_setting(memcached), NULL};
    zcache *cache;
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    swap_and_use(cache, WARM_UP); /* a multiple of 3: both counts are taken on memory */
    usage before = usage_now();
    bool watched = memory_is_watched();
    int swaps = watched ? WATCHED_SWAPS : SWAPS;
    swap_and_use(cache, swaps - swaps % 3);
    usage after = usage_now();
    print_message(
        "# %d swaps: descriptors %ld -> %ld, mappings %ld -> %ld, resident %ld -> %ld KiB\n", swaps,
        before.descriptors, after.descriptors, before.mappings, after.mappings,
        before.resident_bytes / 1024, after.resident_bytes / 1024);
    assert_int_equal(after.descriptors, before.descriptors);
    if (!watched) {
        assert_between(0, before.mappings, after.mappings);
        assert_between(0, before.resident_bytes + GROWTH_MAX, after.resident_bytes);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_thousand_swaps_leave_nothing_behind),
    };
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    int failures = cmocka_run_group_tests_name("swap-leak", tests, NULL, NULL);
    server_free(redis);
    server_free(memcached);
    return failures;
}
