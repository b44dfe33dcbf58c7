/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The program: conform PROVIDER [PATTERN] runs all tests (or those whose names match) against one
 * provider, and the set-up that they share.
 */
#include "conform.h"

#define SETTINGS 32

static const conform_provider providers[] = {
    {.name = "memory", .granule_ms = 1, .key_max = 1024, .has_native = true},
    {.name = "my-store", .granule_ms = 1, .key_max = 1024}, /* sdk/template */
    {.name = "redis",
     .has_server = true,
     .kind = SERVER_REDIS,
     .granule_ms = 1,
     .key_max = 1024,
     .has_native = true},
    {.name = "memcached",
     .has_server = true,
     .kind = SERVER_MEMCACHED,
     .granule_ms = 1000,
     .key_max = 250,
     .text_keys = true,
     .has_native = true},
    {.name = "lmdb", .granule_ms = 1, .key_max = 511, .has_directory = true},
};

const conform_provider *conform_provider_now;
server *conform_server;
static const char *conform_directory; /* temporary; NULL without one */

int64_t conform_late_ms(void)
{
    return 2 * conform_provider_now->granule_ms + 2000;
}

/* Whether `settings` has one of the name that `setting` has. */
static bool is_set(const char *const settings[], const char *setting)
{
    size_t name_size = (size_t)(strchr(setting, '=') - setting) + 1;
    for (; settings != NULL && *settings != NULL; settings++)
        if (strncmp(*settings, setting, name_size) == 0)
            return true;
    return false;
}

const char *conform_place(const server *one)
{
    static char directory[4096];
    if (conform_provider_now->has_directory) {
        snprintf(directory, sizeof(directory), "%s.path=%s", conform_provider_now->name,
                 conform_directory);
        return directory;
    }
    return one == NULL ? NULL : server_setting(one);
}

zcache_status conform_try_open(zcache **cache, server *one, const char *const settings[])
{
    static char plugin_path[4096], connect_timeout[64];
    const char *all[SETTINGS];
    size_t count = 0;
    snprintf(plugin_path, sizeof(plugin_path), "cache.plugin_path=%s",
             getenv("ZCACHE_TEST_PLUGINS"));
    /* generous: a loaded machine, a sanitizer and valgrind are no failures */
    snprintf(connect_timeout, sizeof(connect_timeout), "%s.connect_timeout=20s",
             conform_provider_now->name);
    const char *ours[] = {plugin_path, "cache.timeout=20s", one == NULL ? NULL : connect_timeout,
                          conform_place(one)};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (ours[i] != NULL && !is_set(settings, ours[i]))
            all[count++] = ours[i];
    for (; settings != NULL && *settings != NULL; settings++) {
        assert_true(count < SETTINGS - 1);
        all[count++] = *settings;
    }
    all[count] = NULL;
    return zcache_open(cache,
                       ZCACHE_OPTIONS(.provider = conform_provider_now->name, .settings = all));
}

zcache *conform_open(server *one, const char *const settings[])
{
    zcache *cache = NULL;
    assert_status(ZCACHE_OK, conform_try_open(&cache, one, settings));
    assert_non_null(cache);
    return cache;
}

const char *conform_new_prefix(char prefix[24])
{
    static unsigned count;
    static char setting[64];
    snprintf(prefix, 24, "t%u:", ++count);
    snprintf(setting, sizeof(setting), "cache.key_prefix=%s", prefix);
    return setting;
}

void conform_wait_gone(zcache *cache, const char *key, int64_t ttl_ms)
{
    int64_t end_ms = clock_ms() + ttl_ms + conform_late_ms();
    for (;;) {
        int64_t now_ms = clock_ms();
        zcache_status status = zcache_exists(cache, key, NULL);
        if (status == ZCACHE_MISS)
            return;
        assert_status(ZCACHE_OK, status);
        assert_between(0, end_ms, now_ms);
        clock_sleep_ms(5);
    }
}

int conform_setup(void **state)
{
    conform *one = calloc(1, sizeof(*one));
    *state = one;
    if (one == NULL)
        return -1;
    one->value = (zcache_value)ZCACHE_VALUE_INIT;
    one->cache = OPEN(conform_new_prefix(one->prefix));
    return 0;
}

int conform_teardown(void **state)
{
    conform *one = *state;
    zcache_value_free(&one->value);
    assert_status(ZCACHE_OK, zcache_clear(one->cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(one->cache));
    free(one);
    return 0;
}

static struct CMUnitTest *all_tests(size_t *count)
{
#define PART(name) &conform_##name,
    static const conform_part *const parts[] = {CONFORM_PARTS(PART)};
#undef PART
    struct CMUnitTest *tests = NULL;
    *count = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i]->needs_server && !conform_provider_now->has_server)
            continue;
        if (parts[i]->needs_native && !conform_provider_now->has_native)
            continue;
        if (parts[i]->only != NULL && strcmp(parts[i]->only, conform_provider_now->name) != 0)
            continue;
        tests = realloc(tests, (*count + parts[i]->count) * sizeof(*tests));
        if (tests == NULL)
            abort();
        memcpy(tests + *count, parts[i]->tests, parts[i]->count * sizeof(*tests));
        *count += parts[i]->count;
    }
    return tests;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(providers) / sizeof(providers[0]); i++)
        if (strcmp(argv[1], providers[i].name) == 0)
            conform_provider_now = &providers[i];
    if (conform_provider_now == NULL || argc > 3) {
        fprintf(stderr, "usage: conform memory|my-store|redis|memcached|lmdb [PATTERN]\n");
        return 2;
    }
    if (getenv("ZCACHE_TEST_PLUGINS") == NULL) {
        fprintf(stderr, "conform: set ZCACHE_TEST_PLUGINS to the directory of the plugins\n");
        return 2;
    }
    if (argc == 3)
        cmocka_set_test_filter(argv[2]);
    expect_of(conform_provider_now->name);
    if (conform_provider_now->has_server) {
        bool redis = conform_provider_now->kind == SERVER_REDIS;
        conform_server = server_start(conform_provider_now->kind, SERVER_UNIX,
                                      redis ? NULL : SERVER_ARGUMENTS("-m", "256"));
    }
    if (conform_provider_now->has_directory)
        conform_directory = temp_dir();
    char name[64];
    snprintf(name, sizeof(name), "conform-%s", conform_provider_now->name);
    size_t count;
    struct CMUnitTest *tests = all_tests(&count);
    int failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    free(tests);
    server_free(conform_server);
    return failed == 0 ? 0 : 1;
}
