/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a check is written with. It runs in a process of its own, with the plugin loaded and one
 * store opened, and returns if the rule holds; else it ends the process by conform_fail().
 *
 * Keys and values are given to the plugin in memory that ends at an unmapped page and is unmapped
 * after the call: who reads beyond, or keeps a pointer, crashes here and not at a customer's. All
 * answers are held to the protocol of the sinks.
 */
#ifndef SDK_CONFORM_CHECK_H
#define SDK_CONFORM_CHECK_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

/* What a check needs, beside a store that can be opened. */
#define NEEDS_PEEK      UINT32_C(0x1)
#define NEEDS_TOUCH     UINT32_C(0x2)
#define NEEDS_INCR      UINT32_C(0x4)
#define NEEDS_SCAN      UINT32_C(0x8)
#define NEEDS_CLEAR     UINT32_C(0x10)
#define NEEDS_PING      UINT32_C(0x20)
#define NEEDS_STATS     UINT32_C(0x40)
#define NEEDS_NATIVE    UINT32_C(0x80)
#define NEEDS_CONFIGURE UINT32_C(0x100)
#define NEEDS_ADD       UINT32_C(0x10000) /* set does not answer E_NOTSUP to this mode */
#define NEEDS_REPLACE   UINT32_C(0x20000)
#define NEEDS_CAS       UINT32_C(0x40000)
#define NEEDS_PROVIDER  UINT32_C(0x200) /* a filter is not asked */
#define NEEDS_BACKEND   UINT32_C(0x400) /* commands that stop and resume the server */
#define NEEDS_EXCLUSIVE UINT32_C(0x800)
#define NEEDS_UNLOADING UINT32_C(0x1000)  /* the plugin is not RESIDENT */
#define WITHOUT_STORE   UINT32_C(0x2000)  /* the check loads and opens by itself */
#define FOR_CODEC       UINT32_C(0x4000)  /* codecs are asked, and no others */
#define FOR_ALL         UINT32_C(0x8000)  /* codecs are asked too */
#define FOR_FILTER      UINT32_C(0x80000) /* filters are asked, and no others */

typedef struct conform {
    const conform_request *request;
    zcache_harness *harness; /* NULL in a check WITHOUT_STORE */
    const zcache_descriptor *plugin;
    zcache_harness *base; /* of a filter: the memory provider below it */
    zcache_harness_instance *base_store;
    zcache_harness_instance *store;
    const zcache_layer *ops; /* the store's */
    char prefix[48];         /* of every key, unlike that of any other check or run */
} conform;

typedef struct conform_check {
    const char *name;
    const char *rule;
    void (*run)(conform *c);
    uint32_t needs;
} conform_check;

typedef struct conform_group {
    const conform_check *checks;
    size_t count;
} conform_group;

/* One file each, in the order in which they run. */
#define CONFORM_GROUPS(X) \
    X(load)               \
    X(value)              \
    X(key)                \
    X(mode)               \
    X(ttl)                \
    X(counter)            \
    X(batch)              \
    X(scan)               \
    X(backend)            \
    X(below)              \
    X(native)             \
    X(configure)          \
    X(life)               \
    X(leak)               \
    X(memory)             \
    X(thread)             \
    X(fork)               \
    X(swap)               \
    X(host)               \
    X(codec)              \
    X(codec_memory)
#define CONFORM_DECLARE_GROUP(name) extern const conform_group conform_##name##_group;
CONFORM_GROUPS(CONFORM_DECLARE_GROUP)
#undef CONFORM_DECLARE_GROUP

#define CONFORM_GROUP(name) \
    const conform_group conform_##name##_group = {checks, sizeof(checks) / sizeof(checks[0])}

/* ---- verdicts: none of these returns --------------------------------------------------------- */

/* May be called by any thread. */
__attribute__((noreturn)) void conform_fail(const char *format, ...) ZCACHE_PRINTF(1, 2);
__attribute__((noreturn)) void conform_skip(const char *format, ...) ZCACHE_PRINTF(1, 2);

#define expect(condition, ...)         \
    do {                               \
        if (!(condition))              \
            conform_fail(__VA_ARGS__); \
    } while (0)

/* "set with REPLACE of a missing key: expected MISS, found OK", and for errors their message. */
void conform_expect_status(zcache_status expected, zcache_status found, const char *format, ...)
    ZCACHE_PRINTF(3, 4);
#define expect_status conform_expect_status

/* ---- time ------------------------------------------------------------------------------------ */

/* A machine that is busy, or under valgrind, may let a process wait for seconds, between any two
 * steps. What may take long has room for that. What must be soon, or in time, is not judged by one
 * attempt in which it was not: it is tried again, at most so often; what must come before a TTL has
 * passed with twice the TTL. */
#define ATTEMPTS 5

/* How long a call may take before its deadline, and how much longer before it counts as hung. */
#define CALL_TIMEOUT_MS 30000
#define GRACE_S         10
/* What a loaded machine may add to a delay. */
#define SLACK_MS 1500
/* For entries that must not expire while a check runs; not NEVER, so that nothing stays behind on a
 * server that cannot be scanned. */
#define LONG_MS INT64_C(600000)

int64_t conform_now_ms(void);
void conform_sleep_ms(int64_t ms);
int64_t conform_granule_ms(const conform *c);
/* By when after its TTL an entry must be gone: two granules, and the slack. */
int64_t conform_late_ms(const conform *c);

/* What the plugin is told of its caller. */
zcache_call conform_call(uint32_t flags, int64_t timeout_ms);

/* From here until the next of it, or 0, the process counts as hung after so many seconds in `what`,
 * and GRACE_S. The functions below do it for each call. */
void conform_watch(unsigned seconds, const char *what);
/* The same for a call that has CALL_TIMEOUT_MS. */
void conform_watch_call(const char *what);
/* The same for a part of the check with several threads, where calls are not watched one by one;
 * 0 ends it. */
void conform_watch_all(unsigned seconds, const char *what);

/* ---- stores ---------------------------------------------------------------------------------- */

/* Loads the plugin, and the memory provider below a filter. Fails the check if it cannot. */
void conform_load(conform *c);
void conform_unload(conform *c);
/* Opens another store of the loaded plugin, above c->base_store if it is a filter. */
zcache_harness_instance *conform_open(conform *c);
zcache_status conform_try_open(conform *c, zcache_harness_instance **store);
/* Quiesces and closes it. */
void conform_close(conform *c, zcache_harness_instance *store);

/* A cache on `provider` (NULL: the plugin; for a filter memory), below the filter if it is one,
 * opened with the settings of the request and these, up to NULL. */
zcache *conform_cache(conform *c, const char *provider, const char *const settings[]);
zcache_status conform_try_cache(conform *c, const char *provider, const char *const settings[],
                                zcache **cache);
/* A cache in memory, whose tables are stored by the codec under test. */
zcache *conform_codec_cache(conform *c);
/* Closes it. */
void conform_end_cache(zcache *cache);

/* ---- operations, each with all of the protocol checked --------------------------------------- */

/* What get, peek, … said of one key. */
typedef struct conform_answer {
    zcache_status status; /* OK, MISS, or an error */
    char *data;           /* owned by the check; followed by a 0 byte; NULL without a hit */
    size_t size;
    zcache_meta meta;
} conform_answer;

void conform_get(conform *c, size_t n, const zcache_slice keys[], uint32_t flags,
                 conform_answer answers[]);
void conform_peek(conform *c, size_t n, const zcache_slice keys[], conform_answer answers[]);
void conform_set(conform *c, size_t n, zcache_item items[]);
void conform_del(conform *c, size_t n, const zcache_slice keys[], zcache_status status[]);
void conform_touch(conform *c, size_t n, const zcache_slice keys[], int64_t ttl_ms,
                   zcache_status status[]);
void conform_incr(conform *c, size_t n, zcache_increment increments[]);

/* The keys of a scan, without c->prefix if they have it. */
typedef struct conform_found {
    char *data; /* owned; followed by a 0 byte */
    size_t size;
    int64_t ttl_ms; /* ZCACHE_TTL_UNKNOWN without a meta */
} conform_found;
typedef struct conform_keys {
    size_t count;
    conform_found *keys; /* owned */
} conform_keys;

/* Scans for c->prefix followed by `prefix`. Its own status. */
zcache_status conform_scan(conform *c, const char *prefix, uint32_t flags, conform_keys *keys);
bool conform_keys_has(const conform_keys *keys, const char *name);
void conform_keys_free(conform_keys *keys);

/* ---- words for one key, named without the prefix --------------------------------------------- */

/* The physical key: one of 64 buffers, used in turn. */
zcache_slice conform_key(const conform *c, const char *name);
zcache_slice conform_key_of(const conform *c, const void *name, size_t size);
zcache_item conform_item(zcache_slice key, zcache_slice value, int64_t ttl_ms);

zcache_status conform_store(conform *c, const char *name, const char *text, int64_t ttl_ms,
                            zcache_set_mode mode, uint64_t cas);
conform_answer conform_fetch(conform *c, const char *name, uint32_t flags);
bool conform_has(conform *c, const char *name);
zcache_status conform_delete(conform *c, const char *name);
zcache_status conform_touch_one(conform *c, const char *name, int64_t ttl_ms);
zcache_increment conform_add(conform *c, const char *name, int64_t delta, int64_t ttl_ms);
/* The remaining TTL that get tells. */
int64_t conform_ttl(conform *c, const char *name);

/* Stores with LONG_MS, and fails if that is not OK. */
void put(conform *c, const char *name, const char *text);
void put_for(conform *c, const char *name, const char *text, int64_t ttl_ms);
void expect_holds(conform *c, const char *name, const char *text, const char *when);
void expect_miss(conform *c, const char *name, const char *when);
/* Waits until it is gone; false: after `end_ms` it was still there. */
bool conform_is_gone_by(conform *c, const char *name, int64_t end_ms);
__attribute__((noreturn)) void conform_fail_late(const conform *c, const char *name,
                                                 int64_t from_ms, int64_t ttl_ms);
/* Waits until it is gone; fails if it is still there long after its TTL, which began at `from_ms`.
 * How late it may be is the matter of ttl-not-late. */
void expect_expires(conform *c, const char *name, int64_t from_ms, int64_t ttl_ms);

/* ---- memory of the plugin's inputs ----------------------------------------------------------- */

/* A copy that ends at an unmapped page, and is unmapped by conform_guard_free. */
typedef struct conform_guard {
    void *map;
    size_t map_size;
    zcache_slice bytes;
} conform_guard;
conform_guard conform_guard_make(zcache_slice bytes);
void conform_guard_free(conform_guard *guard);

/* ---- threads --------------------------------------------------------------------------------- */

/* Runs `count` threads of `body(c, number)` to their ends; each tells the store that it ends. */
void conform_threads(conform *c, size_t count, void (*body)(conform *c, size_t number));
uint64_t conform_random(uint64_t *state);

#endif
