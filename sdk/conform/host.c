/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The plugin below the library: what an application sees on it, as on every other provider.
 */
#include <stdio.h>
#include <zcache/table.h>

#include "check.h"

static zcache *open_cache(conform *c, const char *setting)
{
    char prefix[96];
    snprintf(prefix, sizeof(prefix), "cache.key_prefix=%s", c->prefix);
    return conform_cache(c, NULL,
                         (const char *const[]){"cache.log_level=error", prefix, setting, NULL});
}

static void close_cache(conform *c, zcache *cache)
{
    if (c->ops->scan.call != NULL)
        expect_status(ZCACHE_OK, zcache_clear(cache, NULL), "zcache_clear");
    conform_end_cache(cache);
}

static zcache *table_of(zcache *cache, const char *name)
{
    zcache *table;
    expect_status(ZCACHE_OK, zcache_table(cache, name, &table), "zcache_table");
    return table;
}

static void store(zcache *cache, const char *key, const char *text)
{
    expect_status(ZCACHE_OK,
                  zcache_set(cache, key, text, strlen(text), ZCACHE_WRITE(.ttl_ms = LONG_MS)),
                  "zcache_set of \"%s\"", key);
}

static void expect_value(zcache *cache, const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    expect_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL), "zcache_get of \"%s\"", key);
    expect(strcmp(value.data, text) == 0, "zcache_get of \"%s\" gave \"%.40s\", not \"%s\"", key,
           (char *)value.data, text);
    zcache_value_free(&value);
}

static void expect_listed(zcache *cache, const char *pattern, const char *const keys[])
{
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    size_t count = 0;
    expect_status(ZCACHE_OK, zcache_keys(cache, pattern, &list, NULL), "zcache_keys(\"%s\")",
                  pattern);
    for (; keys[count] != NULL; count++)
        expect(count < list.count && strcmp(list.keys[count].data, keys[count]) == 0,
               "zcache_keys(\"%s\"): expected \"%s\" as key %zu, found \"%s\"", pattern,
               keys[count], count,
               count < list.count ? (const char *)list.keys[count].data : "(no more)");
    expect(list.count == count, "zcache_keys(\"%s\") gave %zu keys, not %zu", pattern, list.count,
           count);
    zcache_key_list_free(&list);
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void tables_stay_apart(conform *c)
{
    zcache *cache = open_cache(c, NULL);
    zcache *foo = table_of(cache, "foo"), *foobar = table_of(cache, "foobar");
    store(foo, "1", "in foo");
    store(foobar, "1", "in foobar");
    expect_value(foo, "1", "in foo");
    expect_listed(foo, "*", KEYS("1"));
    expect_status(ZCACHE_OK, zcache_clear(foo, NULL), "zcache_clear of a table");
    expect_status(ZCACHE_MISS, zcache_exists(foo, "1", NULL), "a key of a cleared table");
    expect_value(foobar, "1", "in foobar");
    close_cache(c, cache);
}

/* Keys of any bytes, whatever form the plugin has for them. */
static void keys_come_back(conform *c)
{
    zcache *cache = open_cache(c, NULL);
    zcache *table = table_of(cache, "keys");
    store(table, "a b", "1");
    store(table, "a%20b", "2");
    store(table, "\xc3\xa4\xff\x01", "3");
    store(table, "[a-z]*?\\", "4");
    store(table, "user:1", "5");
    store(table, "user:22", "6");
    expect_value(table, "a b", "1");
    expect_value(table, "a%20b", "2");
    expect_listed(table, "a*", KEYS("a b", "a%20b"));
    expect_listed(table, "user:?", KEYS("user:1"));
    expect_listed(table, "user:[0-9]*", KEYS("user:1", "user:22"));
    expect_listed(table, "\\[a-z]\\**", KEYS("[a-z]*?\\"));
    expect_listed(table, "\xc3*", KEYS("\xc3\xa4\xff\x01"));
    expect_listed(table, "nothing*", ((const char *const[]){NULL}));
    close_cache(c, cache);
}

static void limits_hold(conform *c)
{
    zcache *cache = open_cache(c, "cache.max_value_size=1000");
    char bytes[1001];
    char key[300];
    memset(bytes, 'v', sizeof(bytes));
    memset(key, 'k', sizeof(key));
    key[299] = '\0';
    expect_status(ZCACHE_OK, zcache_set(cache, "a", bytes, 1000, NULL), "a value of the limit");
    expect_status(ZCACHE_E_TOO_LARGE, zcache_set(cache, "a", bytes, 1001, NULL),
                  "a value above the limit");
    zcache_value value = ZCACHE_VALUE_INIT;
    expect_status(ZCACHE_OK, zcache_get(cache, "a", &value, NULL), "get after it");
    expect(value.size == 1000, "a set that was refused changed the value");
    zcache_value_free(&value);
    expect_status(ZCACHE_E_KEY, zcache_set(cache, key, "v", 1, NULL), "a key of 299 bytes");
    close_cache(c, cache);
    cache = open_cache(c, "cache.long_keys=hash");
    store(cache, key, "long");
    expect_value(cache, key, "long");
    close_cache(c, cache);
}

/* What another client of the store would read: the plugin without the library above it. */
static void stores_the_bytes_alone(conform *c)
{
    static const char bytes[] = "\0 any bytes \xff";
    zcache *cache = open_cache(c, NULL);
    zcache *table = table_of(cache, "stored");
    expect_status(ZCACHE_OK,
                  zcache_set(table, "a", bytes, sizeof(bytes), ZCACHE_WRITE(.ttl_ms = LONG_MS)),
                  "zcache_set");
    conform_answer answer = conform_fetch(c, "stored:a", 0);
    if (answer.status == ZCACHE_MISS)
        conform_skip("its instances do not share their entries: nobody else reads them");
    expect_status(ZCACHE_OK, answer.status, "get of the physical key");
    expect(answer.size == sizeof(bytes) && memcmp(answer.data, bytes, sizeof(bytes)) == 0,
           "the plugin was given other bytes than the application's");
    free(answer.data);
    close_cache(c, cache);
}

static void default_ttls_count(conform *c)
{
    zcache *cache = open_cache(c, "cache.default_ttl=5m");
    int64_t ttl_ms = 0;
    expect_status(ZCACHE_OK, zcache_set(cache, "a", "v", 1, NULL), "zcache_set");
    expect_status(ZCACHE_OK, zcache_ttl(cache, "a", &ttl_ms, NULL), "zcache_ttl");
    expect(ttl_ms > 200000 && ttl_ms <= 300000 + conform_late_ms(c),
           "zcache_ttl gave %" PRId64 " ms for a default_ttl of 5m", ttl_ms);
    close_cache(c, cache);
}

static void refuses_to_flush(conform *c)
{
    zcache *cache = conform_cache(c, NULL, (const char *const[]){"cache.key_prefix=", NULL});
    expect_status(ZCACHE_E_REFUSED, zcache_clear(cache, NULL),
                  "zcache_clear of a cache without key_prefix");
    conform_end_cache(cache);
}

/* ---- a typed table --------------------------------------------------------------------------- */

typedef struct person {
    int64_t id;
    const char *name;
    double score;
} person;

ZCACHE_STRUCT(person, ZC_I64(id), ZC_STRING(name), ZC_DOUBLE(score))
ZCACHE_TABLE(persons, person)

static void typed_values_round(conform *c)
{
    zcache *cache = open_cache(c, NULL);
    persons_t persons;
    person ann = {.id = INT64_C(9007199254740993), .name = "Ann \xc3\x84", .score = 0.1}, found;
    expect_status(ZCACHE_OK, persons_open(cache, "persons", &persons, NULL), "persons_open");
    expect_status(ZCACHE_OK, persons_set(&persons, "1", &ann, NULL), "persons_set");
    expect_status(ZCACHE_OK, persons_get(&persons, "1", &found, NULL), "persons_get");
    expect(found.id == ann.id && strcmp(found.name, ann.name) == 0 && found.score == ann.score,
           "a struct came back changed");
    person_free(&found);
    /* what another version of a program has left */
    zcache *table = table_of(cache, "persons");
    store(table, "2", "{\"id\": \"no number\"}");
    expect_status(ZCACHE_MISS, persons_get(&persons, "2", &found, NULL),
                  "persons_get of what does not decode");
    close_cache(c, cache);
}

static const conform_check checks[] = {
    {"host-tables", "no table meets another, and clear empties one alone", tables_stay_apart,
     NEEDS_SCAN},
    {"host-keys", "keys of any bytes are listed by patterns, unchanged", keys_come_back,
     NEEDS_SCAN},
    {"host-limits", "the limits of the library hold, and what is refused changes nothing",
     limits_hold, 0},
    {"host-stored", "what is stored is the application's bytes and nothing else",
     stores_the_bytes_alone, 0},
    {"host-ttl", "the cache's default TTL holds", default_ttls_count, 0},
    {"host-flush", "a cache without a prefix is not emptied by mistake", refuses_to_flush, 0},
    {"host-typed", "structs are stored and come back", typed_values_round, 0},
};

CONFORM_GROUP(host);
