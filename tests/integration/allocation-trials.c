/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every public call once. Each checks its own result: what it gives back must be right, and a write
 * that failed must have changed nothing.
 */
#include "allocation-trials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zcache/admin.h>
#include <zcache/table.h>

#include "failing-allocator.h"

static zcache_status is_right(bool right, zcache_status status)
{
    return status == ZCACHE_OK && !right ? ZCACHE_E_INTERNAL : status;
}

/* ---- calls on an open cache, in which "k" is "old", "n" is "41", "none" is not --------------- */

static zcache_status call_get(const subject *about, zcache *cache)
{
    (void)about;
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_status status = zcache_get(cache, "k", &value, ZCACHE_READ(.with_cas = true));
    status = is_right(value.size == 3 && value.cas != 0, status);
    zcache_value_free(&value);
    return status;
}

static zcache_status call_get_large(const subject *about, zcache *cache)
{
    (void)about;
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_status status = zcache_get(cache, "large", &value, NULL);
    status = is_right(value.size == 300000, status);
    zcache_value_free(&value);
    return status;
}

static zcache_status call_exists(const subject *about, zcache *cache)
{
    (void)about;
    return zcache_exists(cache, "k", NULL);
}

static zcache_status call_ttl(const subject *about, zcache *cache)
{
    (void)about;
    int64_t ttl_ms = 0;
    zcache_status status = zcache_ttl(cache, "k", &ttl_ms, NULL);
    return is_right(ttl_ms == ZCACHE_TTL_NEVER, status);
}

/* A write that failed has left the old value. */
static zcache_status written(zcache *cache, const char *text, zcache_status status)
{
    failing_allocator_pause(true);
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_status read = zcache_get(cache, "k", &value, NULL);
    const char *expected = status == ZCACHE_OK ? text : "old";
    bool right = expected == NULL ? read == ZCACHE_MISS
                                  : read == ZCACHE_OK && strcmp(value.data, expected) == 0;
    if (!right)
        print_error("after %s, k is \"%s\" (%s)\n", zcache_status_name(status),
                    read == ZCACHE_OK ? (const char *)value.data : "", zcache_status_name(read));
    zcache_value_free(&value);
    failing_allocator_pause(false);
    return right ? status : ZCACHE_E_INTERNAL;
}

static zcache_status call_set(const subject *about, zcache *cache)
{
    (void)about;
    return written(cache, "new", zcache_set(cache, "k", "new", 3, ZCACHE_WRITE(.ttl_ms = 60000)));
}

static zcache_status call_replace(const subject *about, zcache *cache)
{
    (void)about;
    return written(cache, "longer than it was",
                   zcache_replace(cache, "k", "longer than it was", 18, NULL));
}

static zcache_status call_cas(const subject *about, zcache *cache)
{
    (void)about;
    zcache_value value = ZCACHE_VALUE_INIT;
    failing_allocator_pause(true);
    zcache_status status = zcache_get(cache, "k", &value, ZCACHE_READ(.with_cas = true));
    uint64_t cas = value.cas;
    zcache_value_free(&value);
    failing_allocator_pause(false);
    if (status != ZCACHE_OK)
        return ZCACHE_E_INTERNAL;
    return written(cache, "new", zcache_cas(cache, "k", "new", 3, cas, NULL));
}

static zcache_status call_del(const subject *about, zcache *cache)
{
    (void)about;
    return written(cache, NULL, zcache_del(cache, "k", NULL));
}

static zcache_status call_add(const subject *about, zcache *cache)
{
    (void)about;
    return zcache_add(cache, "none", "v", 1, NULL);
}

static zcache_status call_touch(const subject *about, zcache *cache)
{
    (void)about;
    return zcache_touch(cache, "k", ZCACHE_WRITE(.ttl_ms = 60000));
}

static zcache_status call_incr(const subject *about, zcache *cache)
{
    (void)about;
    int64_t number = 0;
    zcache_status status = zcache_incr(cache, "n", 1, &number, NULL);
    return is_right(number == 42, status);
}

static zcache_status call_incr_create(const subject *about, zcache *cache)
{
    (void)about;
    int64_t number = 0;
    zcache_status status = zcache_incr(cache, "none", -5, &number, NULL);
    return is_right(number == -5, status);
}

static zcache_status call_get_multi(const subject *about, zcache *cache)
{
    (void)about;
    const char *const keys[] = {"k", "none", "n", "large"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_status statuses[4];
    zcache_status status = zcache_get_multi(cache, 4, keys, values, statuses, NULL);
    for (size_t i = 0; i < 4; i++) {
        bool right =
            statuses[i] == ZCACHE_E_NOMEM || statuses[i] == (i == 1 ? ZCACHE_MISS : ZCACHE_OK);
        if (!right || (status == ZCACHE_OK && statuses[i] < 0))
            status = ZCACHE_E_INTERNAL;
        zcache_value_free(&values[i]);
    }
    return status;
}

static zcache_status call_set_multi(const subject *about, zcache *cache)
{
    (void)about;
    zcache_item items[3] = {{.key = zcache_str("a"), .value = zcache_str("v")},
                            {.key = zcache_str("k"), .value = zcache_str("new")},
                            {.key = zcache_str("b"), .value = zcache_str("v")}};
    zcache_status status = zcache_set_multi(cache, 3, items, NULL);
    for (size_t i = 0; i < 3; i++)
        if (items[i].status != ZCACHE_OK && items[i].status != ZCACHE_E_NOMEM)
            status = ZCACHE_E_INTERNAL;
    zcache_status checked = written(cache, "new", items[1].status);
    return checked == ZCACHE_E_INTERNAL ? checked : status;
}

static zcache_status call_del_multi(const subject *about, zcache *cache)
{
    (void)about;
    const char *const keys[] = {"n", "k"};
    zcache_status statuses[2];
    zcache_status status = zcache_del_multi(cache, 2, keys, statuses, NULL);
    zcache_status checked = written(cache, NULL, statuses[1]);
    return checked == ZCACHE_E_INTERNAL ? checked : status;
}

static bool count_key(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key, (void)ttl_ms;
    ++*(size_t *)user;
    return true;
}

static zcache_status call_scan(const subject *about, zcache *cache)
{
    (void)about;
    size_t count = 0;
    zcache_status status =
        zcache_scan(cache, "*", count_key, &count, ZCACHE_SCAN(.with_ttl = true));
    return is_right(count >= 3, status);
}

static zcache_status call_keys(const subject *about, zcache *cache)
{
    (void)about;
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    zcache_status status = zcache_keys(cache, "?", &list, NULL);
    status = is_right(list.count == 2, status);
    if (status != ZCACHE_OK && (list.count != 0 || list.keys != NULL))
        status = ZCACHE_E_INTERNAL;
    zcache_key_list_free(&list);
    return status;
}

static zcache_status call_clear(const subject *about, zcache *cache)
{
    (void)about;
    return zcache_clear(cache, NULL);
}

static zcache_status call_ping(const subject *about, zcache *cache)
{
    (void)about;
    return zcache_ping(cache, NULL);
}

static void count_stat(void *user, const zcache_stat *stat)
{
    (void)stat;
    ++*(size_t *)user;
}

static zcache_status call_stats(const subject *about, zcache *cache)
{
    (void)about;
    size_t count = 0;
    zcache_status status = zcache_stats(cache, count_stat, &count, NULL);
    return is_right(count > 7, status);
}

static zcache_status call_table(const subject *about, zcache *cache)
{
    (void)about;
    zcache *table = NULL;
    zcache_status status = zcache_table(cache, "users", &table);
    if ((status == ZCACHE_OK) != (table != NULL))
        return ZCACHE_E_INTERNAL;
    return status == ZCACHE_OK ? zcache_set(table, "1", "v", 1, NULL) : status;
}

static zcache_status call_native(const subject *about, zcache *cache)
{
    zcache_status status = ZCACHE_E_INTERNAL;
    void *handle = zcache_native_acquire(cache, about->native_type, &status);
    if ((status == ZCACHE_OK) != (handle != NULL))
        return ZCACHE_E_INTERNAL;
    return handle != NULL ? zcache_native_release(cache, handle) : status;
}

static void count_setting(void *user, const zcache_setting *setting)
{
    (void)setting;
    ++*(size_t *)user;
}

static zcache_status call_config_each(const subject *about, zcache *cache)
{
    (void)about;
    size_t count = 0;
    zcache_status status = zcache_config_each(cache, count_setting, &count);
    return is_right(count > 10, status);
}

/* A swap that fails leaves the old provider as if nothing had happened. */
static zcache_status call_swap(const subject *about, zcache *cache)
{
    (void)about;
    zcache_swap_report report;
    zcache_status status = zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .report = &report));
    return written(cache, NULL, status);
}

/* ---- calls that open a cache, or need none ----------------------------------------------------
 */

const zcache_options *options_of(const subject *about, zcache_options *options)
{
    *options = (zcache_options){
        .size = sizeof(*options), .provider = about->provider, .settings = about->settings};
    return options;
}

static zcache_status close_again(zcache *cache)
{
    zcache_status status = zcache_close(cache);
    return status == ZCACHE_E_NOMEM ? zcache_close(cache) : status;
}

static zcache_status call_open(const subject *about, zcache *cache)
{
    zcache_options options;
    zcache_status status = zcache_open(&cache, options_of(about, &options));
    if ((status == ZCACHE_OK) != (cache != NULL))
        return ZCACHE_E_INTERNAL;
    return status == ZCACHE_OK ? close_again(cache) : status;
}

static zcache_status call_open_file(const subject *about, zcache *cache)
{
    zcache_status status = zcache_open_file(&cache, about->file, NULL);
    return status == ZCACHE_OK ? close_again(cache) : status;
}

static zcache_status call_open_env(const subject *about, zcache *cache)
{
    setenv("ZCACHE_CONF", about->file, 1);
    setenv("ZCACHE_CACHE_TIMEOUT", "9s", 1);
    zcache_status status = zcache_open_env(&cache, NULL);
    unsetenv("ZCACHE_CONF");
    unsetenv("ZCACHE_CACHE_TIMEOUT");
    return status == ZCACHE_OK ? close_again(cache) : status;
}

static zcache_status call_configure(const subject *about, zcache *cache)
{
    (void)cache;
    zcache_options options;
    zcache_status status = zcache_configure(options_of(about, &options));
    if (status == ZCACHE_OK)
        status = zcache_set(NULL, "default", "v", 1, NULL);
    zcache_status closed = close_again(NULL);
    return status != ZCACHE_OK ? status : closed;
}

static zcache_status call_configure_file(const subject *about, zcache *cache)
{
    (void)cache;
    zcache_status status = zcache_configure_file(about->file, NULL);
    return status == ZCACHE_OK ? close_again(NULL) : status;
}

static zcache_status call_default(const subject *about, zcache *cache)
{
    (void)cache;
    setenv("ZCACHE_CONF", about->file, 1);
    zcache_status status = zcache_default() != NULL ? ZCACHE_OK : ZCACHE_E_NOMEM;
    unsetenv("ZCACHE_CONF");
    return status == ZCACHE_OK ? close_again(NULL) : status;
}

static zcache_status call_config_check(const subject *about, zcache *cache)
{
    (void)cache;
    size_t count = 0;
    zcache_status status =
        zcache_config_check(ZCACHE_SOURCE_FILE, about->file, NULL, count_setting, &count);
    return is_right(count > 10, status);
}

static void count_plugin(void *user, const zcache_plugin_info *info)
{
    *(size_t *)user += info->status == ZCACHE_OK || info->status == ZCACHE_E_NOMEM;
}

static zcache_status call_plugin_inspect(const subject *about, zcache *cache)
{
    (void)cache;
    size_t count = 0;
    zcache_options options;
    zcache_status status =
        zcache_plugin_inspect(ZCACHE_SOURCE_CODE, NULL, options_of(about, &options),
                              about->provider, count_plugin, &count);
    return is_right(count == 1, status);
}

static zcache_status call_plugin_each(const subject *about, zcache *cache)
{
    (void)cache;
    size_t count = 0;
    zcache_options options;
    zcache_status status = zcache_plugin_each(ZCACHE_SOURCE_CODE, NULL, options_of(about, &options),
                                              count_plugin, &count);
    return is_right(count >= 1, status);
}

/* ---- typed tables ---------------------------------------------------------------------------- */

typedef struct person {
    int64_t id;
    const char *name;
    const char **tags;
    size_t ntags;
} person;
ZCACHE_STRUCT(person, ZC_I64(id), ZC_STRING(name), ZC_ARRAY(tags, ntags, ZC_STRING))
ZCACHE_TABLE(people, person)

static const char *some_tags[] = {"a", "b"};
static const person bob = {.id = 5, .name = "Bob", .tags = some_tags, .ntags = 2};

static people_t open_people(zcache *cache, bool with_bob)
{
    people_t people = {0};
    failing_allocator_pause(true);
    assert_int_equal(ZCACHE_OK, people_open(cache, "people", &people, NULL));
    if (with_bob)
        assert_int_equal(ZCACHE_OK, people_set(&people, "5", &bob, NULL));
    failing_allocator_pause(false);
    return people;
}

static bool is_bob(const person *found)
{
    return found->id == 5 && found->name != NULL && strcmp(found->name, "Bob") == 0 &&
           found->ntags == 2 && strcmp(found->tags[1], "b") == 0;
}

static zcache_status call_typed_open(const subject *about, zcache *cache)
{
    (void)about;
    people_t people;
    zcache_status status =
        people_open(cache, "people", &people, ZCACHE_TABLE_OPTIONS(.serialization = "msgpack"));
    return is_right((people.typed != NULL) == (status == ZCACHE_OK), status);
}

static zcache_status call_typed_get(const subject *about, zcache *cache)
{
    (void)about;
    people_t people = open_people(cache, true);
    person found;
    zcache_status status = people_get(&people, "5", &found, NULL);
    status = is_right(is_bob(&found) || status != ZCACHE_OK, status);
    status = status == ZCACHE_E_NOMEM && found.name != NULL ? ZCACHE_E_INTERNAL : status;
    person_free(&found);
    return status;
}

static zcache_status call_typed_set(const subject *about, zcache *cache)
{
    (void)about;
    people_t people = open_people(cache, false);
    zcache_status status = people_set(&people, "5", &bob, NULL);
    failing_allocator_pause(true);
    bool there = people_exists(&people, "5", NULL) == ZCACHE_OK;
    failing_allocator_pause(false);
    return there == (status == ZCACHE_OK) ? status : ZCACHE_E_INTERNAL;
}

static zcache_status call_typed_multi(const subject *about, zcache *cache)
{
    (void)about;
    people_t people = open_people(cache, true);
    const char *keys[] = {"5", "none", "6"};
    const person written[] = {bob, bob, bob};
    person found[3];
    zcache_status status = people_set_multi(&people, 1, &keys[2], &written[2], NULL, NULL);
    if (status != ZCACHE_OK)
        return status;
    status = people_get_multi(&people, 3, keys, found, NULL, NULL);
    status = is_right(is_bob(&found[0]) && is_bob(&found[2]), status);
    for (size_t i = 0; i < 3; i++)
        person_free(&found[i]);
    return status;
}

const trial allocation_trials[] = {
    {"get", call_get, false, false},
    {"get_large", call_get_large, false, false},
    {"exists", call_exists, false, false},
    {"ttl", call_ttl, false, false},
    {"set", call_set, false, false},
    {"add", call_add, false, false},
    {"replace", call_replace, false, false},
    {"cas", call_cas, false, false},
    {"del", call_del, false, false},
    {"touch", call_touch, false, false},
    {"incr", call_incr, false, false},
    {"incr_create", call_incr_create, false, false},
    {"get_multi", call_get_multi, false, false},
    {"set_multi", call_set_multi, false, false},
    {"del_multi", call_del_multi, false, false},
    {"scan", call_scan, false, false},
    {"keys", call_keys, false, false},
    {"clear", call_clear, false, false},
    {"ping", call_ping, false, false},
    {"stats", call_stats, false, false},
    {"table", call_table, false, false},
    {"typed_open", call_typed_open, false, false},
    {"typed_get", call_typed_get, false, false},
    {"typed_set", call_typed_set, false, false},
    {"typed_multi", call_typed_multi, false, false},
    {"native", call_native, false, true},
    {"config_each", call_config_each, false, false},
    {"swap", call_swap, false, false},
    {"open", call_open, true, false},
    {"open_file", call_open_file, true, false},
    {"open_env", call_open_env, true, false},
    {"configure", call_configure, true, false},
    {"configure_file", call_configure_file, true, false},
    {"default", call_default, true, false},
    {"config_check", call_config_check, true, false},
    {"plugin_inspect", call_plugin_inspect, true, false},
    {"plugin_each", call_plugin_each, true, false},
};
const size_t allocation_trial_count = sizeof(allocation_trials) / sizeof(allocation_trials[0]);
