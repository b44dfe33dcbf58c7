/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * All memory comes from the failing allocator, which finds leaks and what is used too late.
 */
#include "filter-harness.h"

zcache *cache;
const char *directory;
server *redis;

int filter_setup(void **state)
{
    (void)state;
    directory = temp_dir();
    return 0;
}

int filter_teardown(void **state)
{
    (void)state;
    if (cache != NULL)
        assert_status(ZCACHE_OK, zcache_close(cache));
    cache = NULL;
    return 0;
}

void filter_open_with(const char *const settings[])
{
    char path[2 * PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s,%s", directory,
             getenv("ZCACHE_TEST_PLUGINS"));
    const char *all[32] = {path, "cache.key_prefix=app:", server_setting(redis)};
    size_t count = 3;
    for (; *settings != NULL; settings++) {
        assert_in_range(count, 0, sizeof(all) / sizeof(all[0]) - 2);
        all[count++] = *settings;
    }
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = all)));
}

typedef struct wanted {
    const char *name;
    int64_t number;
} wanted;

static void take_stat(void *user, const zcache_stat *stat)
{
    wanted *one = user;
    if (strcmp(stat->name, one->name) == 0)
        one->number = stat->number;
}

int64_t filter_stat(const char *name)
{
    wanted one = {name, -1};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &one, NULL));
    return one.number;
}

zcache_status put(zcache *where, const char *key, const char *text)
{
    return zcache_set(where, key, text, strlen(text), NULL);
}

void assert_value_is(const char *key, const char *expected)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_text(expected, &value);
    zcache_value_free(&value);
}

zcache_status read_key(zcache *where, const char *key)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_status status = zcache_get(where, key, &value, NULL);
    zcache_value_free(&value);
    return status;
}

int filter_run_(const char *name, const struct CMUnitTest tests[], size_t count)
{
    failing_allocator_install();
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    int failures = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    server_free(redis);
    return failures;
}
