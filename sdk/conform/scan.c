/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Scans give each key under a prefix, and clears delete exactly those.
 */
#include <stdio.h>

#include "check.h"

#define MANY 3000

static void scan(conform *c, const char *prefix, uint32_t flags, conform_keys *keys)
{
    expect_status(ZCACHE_OK, conform_scan(c, prefix, flags, keys), "scan for \"%s\"", prefix);
}

static void expect_scanned(conform *c, const char *prefix, const char *const names[])
{
    conform_keys keys;
    scan(c, prefix, 0, &keys);
    size_t distinct = 0;
    for (size_t i = 0; i < keys.count; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = keys.keys[k].size == keys.keys[i].size &&
                    memcmp(keys.keys[k].data, keys.keys[i].data, keys.keys[i].size) == 0;
        distinct += !again;
    }
    size_t count = 0;
    for (; names[count] != NULL; count++)
        expect(conform_keys_has(&keys, names[count]), "scan for \"%s\" did not give the key \"%s\"",
               prefix, names[count]);
    expect(distinct == count, "scan for \"%s\" gave %zu keys, not %zu", prefix, distinct, count);
    conform_keys_free(&keys);
}

static bool scan_gives(conform *c, const char *name)
{
    conform_keys keys;
    scan(c, "", 0, &keys);
    bool given = conform_keys_has(&keys, name);
    conform_keys_free(&keys);
    return given;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_NAMES   ((const char *const[]){NULL})

static void gives_the_prefix(conform *c)
{
    expect_scanned(c, "", NO_NAMES);
    put(c, "users:1", "a");
    put(c, "users:2", "b");
    put(c, "users2:1", "c");
    put(c, "user", "d");
    expect_scanned(c, "users:", NAMES("users:1", "users:2"));
    expect_scanned(c, "users", NAMES("users:1", "users:2", "users2:1"));
    expect_scanned(c, "", NAMES("users:1", "users:2", "users2:1", "user"));
    expect_scanned(c, "users:1", NAMES("users:1"));
    expect_scanned(c, "users:10", NO_NAMES);
    expect_status(ZCACHE_OK, conform_delete(c, "users:1"), "del");
    expect_scanned(c, "users:", NAMES("users:2"));
}

/* What Redis, SQL and shells would take for patterns. */
static void prefix_is_literal(conform *c)
{
    put(c, "a*b:1", "1");
    put(c, "axb:1", "2");
    put(c, "a?b:1", "3");
    put(c, "a[x]b:1", "4");
    put(c, "a\\b:1", "5");
    put(c, "a_b:1", "6");
    put(c, "A*B:1", "7");
    expect_scanned(c, "a*b", NAMES("a*b:1"));
    expect_scanned(c, "a?b", NAMES("a?b:1"));
    expect_scanned(c, "a[x]b", NAMES("a[x]b:1"));
    expect_scanned(c, "a\\b", NAMES("a\\b:1"));
    expect_scanned(c, "a_b", NAMES("a_b:1"));
    expect_scanned(c, "*", NO_NAMES);
}

static void gives_any_bytes(conform *c)
{
    if (c->plugin->key_bytes == ZCACHE_KEY_TEXT)
        conform_skip("it declares ZCACHE_KEY_TEXT: all bytes of its keys are printable");
    static const char name[] = "bin\0ary\n\r %\xff\x80";
    zcache_item item =
        conform_item(conform_key_of(c, name, sizeof(name) - 1), zcache_str("v"), LONG_MS);
    conform_set(c, 1, &item);
    conform_keys keys;
    scan(c, "bin", 0, &keys);
    expect(keys.count >= 1, "scan did not give a key with unprintable bytes");
    expect(keys.keys[0].size == sizeof(name) - 1 &&
               memcmp(keys.keys[0].data, name, sizeof(name) - 1) == 0,
           "scan gave a key with unprintable bytes changed: %zu bytes, not %zu", keys.keys[0].size,
           sizeof(name) - 1);
    conform_keys_free(&keys);
}

static void put_many(conform *c, const char *under, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[48];
        snprintf(name, sizeof(name), "%s%zu", under, i);
        put(c, name, "value");
    }
}

static void gives_all_of_many(conform *c)
{
    bool *seen = calloc(MANY, sizeof(*seen));
    expect(seen != NULL, "no memory for the check's own list");
    put_many(c, "many:", MANY);
    put_many(c, "other:", 100);
    conform_keys keys;
    scan(c, "many:", 0, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        size_t number = strtoul(keys.keys[i].data + strlen("many:"), NULL, 10);
        expect(number < MANY, "scan gave a key that nobody wrote: %s", keys.keys[i].data);
        seen[number] = true;
    }
    for (size_t i = 0; i < MANY; i++)
        expect(seen[i], "scan over %d keys did not give key %zu", MANY, i);
    conform_keys_free(&keys);
    free(seen);
}

static void tells_ttls(conform *c)
{
    put_for(c, "a", "value", LONG_MS);
    put_for(c, "b", "value", ZCACHE_TTL_NEVER);
    conform_keys keys;
    scan(c, "", ZCACHE_CALL_TTL, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        int64_t ttl_ms = keys.keys[i].ttl_ms;
        expect(ttl_ms != ZCACHE_TTL_UNKNOWN, "scan with ZCACHE_CALL_TTL did not tell the TTLs");
        if (strcmp(keys.keys[i].data, "b") == 0)
            expect(ttl_ms == ZCACHE_TTL_NEVER,
                   "scan told a TTL of %" PRId64 " ms for a key that never expires", ttl_ms);
        else
            expect(ttl_ms > 0 && ttl_ms <= LONG_MS + conform_late_ms(c),
                   "scan told a TTL of %" PRId64 " ms for one of %" PRId64, ttl_ms, LONG_MS);
    }
    conform_keys_free(&keys);
}

static void leaves_out_the_expired(conform *c)
{
    int64_t ttl_ms = conform_granule_ms(c) > 100 ? conform_granule_ms(c) : 100;
    put_for(c, "gone", "value", ttl_ms);
    put(c, "here", "value");
    /* nobody reads it: expiry must not wait for that */
    conform_sleep_ms(ttl_ms + conform_late_ms(c));
    for (int tries = 1; tries < ATTEMPTS && scan_gives(c, "gone"); tries++)
        conform_sleep_ms(conform_late_ms(c));
    expect_scanned(c, "", NAMES("here"));
}

/* ---- the sink -------------------------------------------------------------------------------- */

typedef struct stopping {
    zcache_scan_sink sink; /* first */
    conform *c;
    size_t count;
} stopping;

static bool stop_at_3(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)key, (void)meta;
    stopping *one = (stopping *)sink;
    one->count++;
    expect(one->count <= 3, "scan went on after the sink had said false");
    return one->count < 3;
}

static bool delete_it(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)meta;
    stopping *one = (stopping *)sink;
    const zcache_layer *ops = one->c->ops;
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    zcache_status status = ZCACHE_OK;
    zcache_status whole = ops->del.call(ops->del.self, &call, 1, &key, &status);
    expect_status(ZCACHE_OK, whole, "del by the sink of a scan");
    expect(status == ZCACHE_OK || status == ZCACHE_MISS, "del by the sink of a scan: %s",
           zcache_status_name(status));
    one->count++;
    return true;
}

static void scan_into(conform *c, const char *prefix, zcache_scan_sink *sink)
{
    char whole[128];
    snprintf(whole, sizeof(whole), "%s%s", c->prefix, prefix);
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("scan, whose sink deletes the keys (which a lock held round it forbids)");
    expect_status(ZCACHE_OK, c->ops->scan.call(c->ops->scan.self, &call, zcache_str(whole), sink),
                  "scan");
    conform_watch(0, NULL);
}

static void stops_when_told(conform *c)
{
    put_many(c, "k", 50);
    stopping one = {.sink = {stop_at_3}, .c = c};
    scan_into(c, "k", &one.sink);
    expect(one.count == 3, "scan over 50 keys gave %zu", one.count);
}

static void sink_may_delete(conform *c)
{
    put_many(c, "k", 300);
    stopping one = {.sink = {delete_it}, .c = c};
    scan_into(c, "k", &one.sink);
    expect(one.count >= 300, "scan gave %zu of 300 keys while the sink deleted them", one.count);
    expect_scanned(c, "", NO_NAMES);
}

/* ---- clear ----------------------------------------------------------------------------------- */

static void clear(conform *c, zcache_slice prefix)
{
    conform_guard guard = conform_guard_make(prefix);
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("clear");
    expect_status(ZCACHE_OK, c->ops->clear.call(c->ops->clear.self, &call, guard.bytes), "clear");
    conform_watch(0, NULL);
    conform_guard_free(&guard);
}

static void clears_the_prefix(conform *c)
{
    static const char *const kept[] = {"user", "users2:1", "xusers:1", "Users:1"};
    static const char *const cleared[] = {"users:1", "users:2", "users:", "users:*"};
    for (size_t i = 0; i < 4; i++) {
        put(c, kept[i], "value");
        put(c, cleared[i], "value");
    }
    clear(c, conform_key(c, "users:"));
    for (size_t i = 0; i < 4; i++) {
        expect_holds(c, kept[i], "value", "after a clear of another prefix");
        expect_miss(c, cleared[i], "after a clear of its prefix");
    }
    put(c, "users:1", "again");
    expect_holds(c, "users:1", "again", "set after a clear");
    clear(c, conform_key(c, "users:*"));
    expect_holds(c, "users:1", "again", "after a clear of \"users:*\", which is no pattern");
}

static void clears_many(conform *c)
{
    put_many(c, "many:", MANY);
    put(c, "other", "value");
    clear(c, conform_key(c, "many:"));
    for (size_t i = 0; i < MANY; i += 7) {
        char name[48];
        snprintf(name, sizeof(name), "many:%zu", i);
        expect_miss(c, name, "after a clear of its prefix");
    }
    expect_holds(c, "other", "value", "after a clear of another prefix");
}

static void clears_all(conform *c)
{
    put(c, "a", "value");
    zcache_item item = conform_item(zcache_str("zcheck-of-no-prefix"), zcache_str("v"), LONG_MS);
    conform_set(c, 1, &item);
    clear(c, zcache_str(""));
    expect_miss(c, "a", "after a clear of everything");
    conform_answer answer;
    conform_get(c, 1, &item.key, 0, &answer);
    expect_status(ZCACHE_MISS, answer.status, "get after a clear of everything");
}

static const conform_check checks[] = {
    {"scan-prefix", "scan gives exactly the keys that begin with the prefix", gives_the_prefix,
     NEEDS_SCAN},
    {"scan-literal", "the prefix of a scan is no pattern", prefix_is_literal, NEEDS_SCAN},
    {"scan-bytes", "scan gives keys of any bytes unchanged", gives_any_bytes, NEEDS_SCAN},
    {"scan-many", "scan gives every one of thousands of keys", gives_all_of_many, NEEDS_SCAN},
    {"scan-ttl", "scan tells the remaining TTLs where it is asked to", tells_ttls, NEEDS_SCAN},
    {"scan-expired", "scan gives no expired keys", leaves_out_the_expired, NEEDS_SCAN},
    {"scan-stop", "scan stops when the sink says so", stops_when_told, NEEDS_SCAN},
    {"scan-delete", "the sink of a scan may delete the keys it is given", sink_may_delete,
     NEEDS_SCAN},
    {"clear-prefix", "clear deletes exactly the keys that begin with the prefix", clears_the_prefix,
     NEEDS_CLEAR},
    {"clear-many", "clear deletes thousands of keys", clears_many, NEEDS_CLEAR},
    {"clear-all", "clear of an empty prefix empties the store", clears_all,
     NEEDS_CLEAR | NEEDS_EXCLUSIVE},
};

CONFORM_GROUP(scan);
