/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a cache tells of itself: provider, ping, statistics; and the default cache.
 */
#include "conform.h"

typedef struct stats {
    int64_t hits, misses, writes, deletes, errors, generation;
    char provider[32];
    size_t own;   /* statistics of the provider */
    size_t wrong; /* ill-formed ones */
} stats;

static void take_stat(void *user, const zcache_stat *stat)
{
    stats *all = user;
    const struct {
        const char *name;
        int64_t *number;
    } known[] = {{"cache_hits", &all->hits},     {"cache_misses", &all->misses},
                 {"cache_writes", &all->writes}, {"cache_deletes", &all->deletes},
                 {"cache_errors", &all->errors}, {"cache_generation", &all->generation}};
    char own[ZCACHE_NAME_SIZE + 1];
    int own_size = snprintf(own, sizeof(own), "%s_", conform_provider_now->name);
    for (char *at = own; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(stat->name, known[i].name) == 0)
            *known[i].number = stat->number;
    if (strcmp(stat->name, "cache_provider") == 0)
        snprintf(all->provider, sizeof(all->provider), "%s", stat->text);
    if (strncmp(stat->name, own, (size_t)own_size) == 0)
        all->own++;
    else if (strncmp(stat->name, "cache_", 6) != 0)
        all->wrong++;
    if (strspn(stat->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(stat->name))
        all->wrong++;
    if ((stat->kind == ZCACHE_STAT_TEXT) != (stat->text != NULL))
        all->wrong++;
}

static stats stats_of(zcache *cache)
{
    stats all = {.hits = -1, .misses = -1, .writes = -1, .deletes = -1, .errors = -1};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &all, NULL));
    return all;
}

static void test_provider_tells_its_name(void **state)
{
    conform *t = *state;
    char name[32], tiny[3];
    zcache *table;
    assert_status(ZCACHE_OK, zcache_provider(t->cache, name, sizeof(name)));
    assert_string_equal(name, conform_provider_now->name);
    assert_status(ZCACHE_OK, zcache_provider(t->cache, tiny, sizeof(tiny)));
    assert_int_equal(strncmp(tiny, name, 2), 0);
    assert_int_equal(tiny[2], 0);
    assert_status(ZCACHE_OK, zcache_table(t->cache, "users", &table));
    assert_status(ZCACHE_OK, zcache_provider(table, name, sizeof(name)));
    assert_string_equal(name, conform_provider_now->name);
}

static void test_ping_answers(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK, zcache_ping(t->cache, NULL));
    assert_status(ZCACHE_OK, zcache_ping(t->cache, ZCACHE_READ(.timeout_ms = 20000)));
}

static void test_statistics_are_well_formed(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    stats all = stats_of(t->cache);
    assert_string_equal(all.provider, conform_provider_now->name);
    assert_int_equal(all.generation, 1);
    assert_true(all.own > 0);
    assert_int_equal(all.wrong, 0);
}

static void test_statistics_count_what_happened(void **state)
{
    conform *t = *state;
    const char *const keys[] = {"a", "b", "none"};
    zcache_value values[3] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT};
    stats before = stats_of(t->cache);
    assert_int_equal(before.hits, 0);
    assert_int_equal(before.writes, 0);
    put(t->cache, "a", "v");
    put(t->cache, "b", "v");
    assert_holds(t->cache, "a", "v");
    assert_status(ZCACHE_MISS, zcache_get(t->cache, "none", &t->value, NULL));
    assert_status(ZCACHE_OK, zcache_get_multi(t->cache, 3, keys, values, NULL, NULL));
    assert_status(ZCACHE_OK, zcache_del(t->cache, "a", NULL));
    assert_status(ZCACHE_MISS, zcache_del(t->cache, "a", NULL));
    stats after = stats_of(t->cache);
    assert_int_equal(after.hits, 3);
    assert_int_equal(after.misses, 2);
    assert_int_equal(after.writes, 2);
    assert_int_equal(after.deletes, 1);
    assert_int_equal(after.errors, before.errors);
    for (size_t i = 0; i < 3; i++)
        zcache_value_free(&values[i]);
}

static void test_default_cache_is_null(void **state)
{
    (void)state;
    char prefix[24], plugin_path[4096], key_prefix[64];
    const char *settings[5] = {plugin_path, key_prefix, "cache.timeout=20s", NULL, NULL};
    snprintf(plugin_path, sizeof(plugin_path), "cache.plugin_path=%s",
             getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(key_prefix, sizeof(key_prefix), "%s", conform_new_prefix(prefix));
    settings[3] = conform_place(conform_server);
    const zcache_options *options =
        ZCACHE_OPTIONS(.provider = conform_provider_now->name, .settings = settings);
    for (int i = 0; i < 2; i++) {
        zcache *table;
        assert_status(ZCACHE_OK, zcache_configure(options));
        assert_status(ZCACHE_E_BUSY, zcache_configure(options));
        put(NULL, "k", "of the default");
        assert_holds(NULL, "k", "of the default");
        assert_holds(zcache_default(), "k", "of the default");
        assert_status(ZCACHE_OK, zcache_table(NULL, "users", &table));
        put(table, "1", "v");
        assert_status(ZCACHE_OK, zcache_clear(NULL, NULL));
        assert_miss(NULL, "k");
        assert_status(ZCACHE_OK, zcache_close(NULL));
    }
    assert_status(ZCACHE_OK, zcache_close(NULL));
}

static void test_caches_are_opened_and_closed_again_and_again(void **state)
{
    (void)state;
    char prefix[24];
    for (int i = 0; i < 30; i++) {
        zcache *cache = OPEN(conform_new_prefix(prefix));
        put(cache, "k", "v");
        assert_holds(cache, "k", "v");
        assert_status(ZCACHE_OK, zcache_del(cache, "k", NULL));
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
}

static const struct CMUnitTest info_tests[] = {
    TEST(test_provider_tells_its_name),    TEST(test_ping_answers),
    TEST(test_statistics_are_well_formed), TEST(test_statistics_count_what_happened),
    TEST(test_default_cache_is_null),      TEST(test_caches_are_opened_and_closed_again_and_again),
};
CONFORM_PART(info, .only = NULL);
