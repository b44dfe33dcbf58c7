/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Options that change in an open store. The kit does not know what they mean, so it gives those in
 * force once more: every one of these structs is another, and the one before it is freed.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"

#define WORKERS 3
#define CHANGES 50

/* "mine.key=value" for each option of the plugin that can be told. */
typedef struct present {
    const char *plugin;
    size_t count;
    char *settings[129]; /* owned; then NULL */
} present;

static void keep(void *user, const zcache_setting *setting)
{
    present *one = user;
    if (strcmp(setting->section, one->plugin) != 0 || setting->secret ||
        setting->value[0] == '\0' ||
        one->count + 1 >= sizeof(one->settings) / sizeof(one->settings[0]))
        return;
    size_t size =
        strlen(setting->section) + strlen(setting->key) + strlen(setting->value) + sizeof(".=");
    char *text = malloc(size);
    expect(text != NULL, "no memory for the check's own settings");
    snprintf(text, size, "%s.%s=%s", setting->section, setting->key, setting->value);
    one->settings[one->count++] = text;
}

static void free_present(present *one)
{
    for (size_t i = 0; i < one->count; i++)
        free(one->settings[i]);
}

static zcache *open_cache(conform *c, present *now)
{
    char prefix[96];
    snprintf(prefix, sizeof(prefix), "cache.key_prefix=%s", c->prefix);
    zcache *cache = conform_cache(c, NULL, (const char *const[]){prefix, NULL});
    *now = (present){.plugin = c->request->plugin};
    expect_status(ZCACHE_OK, zcache_config_each(cache, keep, now), "zcache_config_each");
    if (now->count == 0)
        conform_skip("none of its options has a value that could be given once more");
    return cache;
}

static void close_cache(conform *c, zcache *cache)
{
    if (c->ops->clear.call != NULL || c->ops->scan.call != NULL)
        expect_status(ZCACHE_OK, zcache_clear(cache, NULL), "clear of the check's own keys");
    conform_end_cache(cache);
}

static void give_again(zcache *cache, const present *now)
{
    conform_watch_call("configure");
    expect_status(ZCACHE_OK, zcache_plugin_set(cache, (const char *const *)now->settings),
                  "configure with the options that are in force");
    conform_watch(0, NULL);
}

static void expect_value(zcache *cache, const char *key, const char *text, const char *when)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    expect_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL), "get of \"%s\" %s", key, when);
    expect(strcmp(value.data, text) == 0, "get of \"%s\" %s gave \"%.40s\"", key, when,
           (const char *)value.data);
    zcache_value_free(&value);
}

static void keeps_its_entries(conform *c)
{
    present now;
    zcache *cache = open_cache(c, &now);
    expect_status(ZCACHE_OK, zcache_set(cache, "a", "before", 6, NULL), "set");
    for (int i = 0; i < 3; i++) {
        give_again(cache, &now);
        expect_value(cache, "a", "before", "after a configure with the same options");
        expect_status(ZCACHE_OK, zcache_set(cache, "b", "after", 5, NULL),
                      "set after a configure, when the options before it are freed");
        expect_value(cache, "b", "after", "after a set that followed a configure");
    }
    close_cache(c, cache);
    free_present(&now);
}

/* ---- while operations run -------------------------------------------------------------------- */

static zcache *used_cache;
static present used_options;
static _Atomic bool changing_is_done;

static void change_or_use(conform *c, size_t number)
{
    char key[32], text[64];
    (void)c;
    if (number == 0) {
        for (int i = 0; i < CHANGES; i++) {
            give_again(used_cache, &used_options);
            conform_sleep_ms(1);
        }
        atomic_store(&changing_is_done, true);
        return;
    }
    for (int i = 0; i < 20 || !atomic_load(&changing_is_done); i++) {
        snprintf(key, sizeof(key), "%zu-%d", number, i % 10);
        snprintf(text, sizeof(text), "%s=%d", key, i);
        expect_status(ZCACHE_OK, zcache_set(used_cache, key, text, strlen(text), NULL),
                      "set beside a configure");
        expect_value(used_cache, key, text, "beside a configure");
    }
}

static void changes_under_load(conform *c)
{
    used_cache = open_cache(c, &used_options);
    /* its threads use the cache, not the store */
    zcache_harness_instance *store = c->store;
    c->store = NULL;
    conform_threads(c, WORKERS + 1, change_or_use);
    c->store = store;
    close_cache(c, used_cache);
    free_present(&used_options);
}

static const conform_check checks[] = {
    {"configure", "new options leave the entries, and the old ones can go", keeps_its_entries,
     NEEDS_CONFIGURE},
    {"configure-live", "options change while threads use it, and no operation fails",
     changes_under_load, NEEDS_CONFIGURE},
};

CONFORM_GROUP(configure);
