/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A running cache moves to the plugin and away from it, while threads use it. A filter stays, above
 * a provider that changes.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"

#define SWAPS   10
#define WORKERS 3
#define ENTRIES 200

static zcache *cache;
static _Atomic bool swapping_is_done;

static void open_on_memory(conform *c)
{
    char prefix[96];
    snprintf(prefix, sizeof(prefix), "cache.key_prefix=%s", c->prefix);
    cache = conform_cache(c, "memory", (const char *const[]){prefix, NULL});
}

/* Where a swap goes to: to the plugin, or, with a filter, to another opening of what is below. */
static const char *target(const conform *c)
{
    return c->plugin->kind == ZCACHE_KIND_FILTER ? "memory" : c->request->plugin;
}

static void close_cache(void)
{
    expect_status(ZCACHE_OK, zcache_clear(cache, NULL), "clear of the check's own keys");
    conform_end_cache(cache);
}

static void swap_to(const char *provider, zcache_swap_mode mode, zcache_swap_report *report)
{
    conform_watch(120, "zcache_swap");
    expect_status(
        ZCACHE_OK,
        zcache_swap(cache, ZCACHE_SWAP(.provider = provider, .mode = mode,
                                       .timeout_ms = 2 * CALL_TIMEOUT_MS, .report = report)),
        "swap to %s", provider);
    conform_watch(0, NULL);
}

static void use_while_it_swaps(conform *c, size_t number)
{
    char key[32], text[64];
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; !atomic_load(&swapping_is_done); i++) {
        snprintf(key, sizeof(key), "%zu-%d", number, i % 50);
        snprintf(text, sizeof(text), "%s=%d", key, i);
        expect_status(ZCACHE_OK, zcache_set(cache, key, text, strlen(text), NULL),
                      "set while the cache is swapped");
        zcache_status status = zcache_get(cache, key, &value, NULL);
        expect(status == ZCACHE_OK || status == ZCACHE_MISS, "get while the cache is swapped: %s",
               zcache_status_name(status));
        if (status == ZCACHE_OK)
            expect(strncmp(value.data, key, strlen(key)) == 0,
                   "get while the cache is swapped gave \"%.40s\" for the key \"%s\"",
                   (char *)value.data, key);
    }
    zcache_value_free(&value);
    (void)c;
}

static void swap_or_use(conform *c, size_t number)
{
    if (number > 0) {
        use_while_it_swaps(c, number);
        return;
    }
    for (int i = 0; i < SWAPS; i++) {
        zcache_swap_report report;
        swap_to(target(c), ZCACHE_SWAP_COLD, &report);
        expect(!report.retired, "after the swap to it something still used the old provider");
        swap_to("memory", ZCACHE_SWAP_COLD, &report);
        expect(!report.retired, "after the swap away from it something still used it");
    }
    atomic_store(&swapping_is_done, true);
}

static void swaps_under_load(conform *c)
{
    open_on_memory(c);
    /* its threads use the cache, not the store */
    zcache_harness_instance *store = c->store;
    c->store = NULL;
    conform_threads(c, WORKERS + 1, swap_or_use);
    c->store = store;
    close_cache();
}

static void expect_entries(zcache *on, const char *when)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < ENTRIES; i++) {
        char key[32];
        snprintf(key, sizeof(key), "entry-%d", i);
        zcache_status status = zcache_get(on, key, &value, ZCACHE_READ(.with_ttl = true));
        expect_status(ZCACHE_OK, status, "get of an entry %s", when);
        expect(strcmp(value.data, key) == 0, "an entry has the value \"%.40s\" %s",
               (char *)value.data, when);
        if (i % 2 == 0)
            expect(value.ttl_ms == ZCACHE_TTL_NEVER,
                   "an entry that never expires has a TTL of %" PRId64 " ms %s", value.ttl_ms,
                   when);
        else
            expect(value.ttl_ms > 0 && value.ttl_ms <= LONG_MS + 10000,
                   "an entry with a TTL of %" PRId64 " ms has %" PRId64 " %s", LONG_MS,
                   value.ttl_ms, when);
    }
    zcache_value_free(&value);
}

static void copies_there_and_back(conform *c)
{
    zcache_swap_report report;
    open_on_memory(c);
    for (int i = 0; i < ENTRIES; i++) {
        char key[32];
        snprintf(key, sizeof(key), "entry-%d", i);
        expect_status(ZCACHE_OK,
                      zcache_set(cache, key, key, strlen(key),
                                 ZCACHE_WRITE(.ttl_ms = i % 2 == 0 ? ZCACHE_TTL_NEVER : LONG_MS)),
                      "set");
    }
    swap_to(target(c), ZCACHE_SWAP_COPY, &report);
    expect_entries(cache, "after a copying swap to it");
    swap_to("memory", ZCACHE_SWAP_COPY, &report);
    expect_entries(cache, "after a copying swap from it");
    close_cache();
}

static const conform_check checks[] = {
    {"swap", "a cache under load is swapped to it and away, and no operation fails",
     swaps_under_load, 0},
    {"swap-copy", "a copying swap brings all entries with their TTLs to it and back",
     copies_there_and_back, NEEDS_SCAN},
};

CONFORM_GROUP(swap);
