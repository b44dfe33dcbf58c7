/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Caches on directories.
 */
#include "lmdb-harness.h"

#define PATHS    64 /* more than any test program makes */
#define SETTINGS 16
#define WAIT_MS  60000

const char *lmdb_new_path(void)
{
    static char paths[PATHS][64];
    static size_t count;
    assert_true(count < PATHS);
    int size = snprintf(paths[count], sizeof(paths[count]), "%s/store", temp_dir());
    assert_true(size > 0 && (size_t)size < sizeof(paths[count]));
    return paths[count++];
}

const char *lmdb_file(const char *path, const char *name)
{
    static char file[4096];
    snprintf(file, sizeof(file), "%s/%s", path, name);
    return file;
}

zcache_status lmdb_try_open(zcache **cache, const char *path, const char *const settings[])
{
    char plugins[4096], place[4096];
    const char *all[SETTINGS] = {plugins, place, "cache.timeout=20s"};
    size_t count = 3;
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(place, sizeof(place), "lmdb.path=%s", path);
    for (; *settings != NULL; settings++) {
        size_t i = 0; /* one of ours, which is replaced */
        while (i < 3 && strncmp(all[i], *settings, strcspn(all[i], "=") + 1) != 0)
            i++;
        if (i < 3) {
            all[i] = *settings;
            continue;
        }
        if (count == SETTINGS - 1)
            abort();
        all[count++] = *settings;
    }
    all[count] = NULL;
    return zcache_open(cache, ZCACHE_OPTIONS(.provider = "lmdb", .settings = all));
}

zcache *lmdb_open_cache(const char *path, const char *const settings[])
{
    zcache *cache = NULL;
    assert_status(ZCACHE_OK, lmdb_try_open(&cache, path, settings));
    assert_non_null(cache);
    return cache;
}

void assert_holds(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_text(text, &value);
    zcache_value_free(&value);
}

void assert_miss(zcache *cache, const char *key)
{
    assert_status(ZCACHE_MISS, zcache_exists(cache, key, NULL));
}

bool check_holds(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    bool holds =
        check_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL)) &&
        check_that(value.size == strlen(text) && memcmp(value.data, text, value.size) == 0);
    zcache_value_free(&value);
    return holds;
}

typedef struct wanted {
    const char *name;
    int64_t number;
} wanted;

static void take_stat(void *user, const zcache_stat *stat)
{
    wanted *one = user;
    if (strncmp(stat->name, "lmdb_", 5) == 0 && strcmp(stat->name + 5, one->name) == 0)
        one->number = stat->number;
}

int64_t lmdb_stat(zcache *cache, const char *name)
{
    wanted one = {.name = name, .number = -1};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &one, NULL));
    if (one.number < 0)
        fail_msg("there is no statistic lmdb_%s", name);
    return one.number;
}

void lmdb_wait_for(zcache *cache, const char *name, int64_t least)
{
    int64_t end_ms = clock_ms() + WAIT_MS, now;
    while ((now = lmdb_stat(cache, name)) < least) {
        if (clock_ms() > end_ms)
            fail_msg("lmdb_%s is %lld, and does not become %lld", name, (long long)now,
                     (long long)least);
        clock_sleep_ms(10);
    }
}
