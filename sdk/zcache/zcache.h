/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The application's API: one cache, whatever provider is behind it.
 *
 *     #include <stdio.h>
 *     #include <zcache/zcache.h>
 *
 *     int main(void)
 *     {
 *         zcache_value value = ZCACHE_VALUE_INIT;
 *         zcache_set(NULL, "greeting", "hello", 5, ZCACHE_WRITE(.ttl_ms = ZCACHE_MINUTES(5)));
 *         if (zcache_get(NULL, "greeting", &value, NULL) != ZCACHE_OK) {
 *             fprintf(stderr, "%s\n", zcache_error_message());
 *             return 1;
 *         }
 *         printf("%.*s\n", (int)value.size, (const char *)value.data);
 *         zcache_value_free(&value);
 *         return zcache_close(NULL) == ZCACHE_OK ? 0 : 1;
 *     }
 *
 * Handles. A `zcache *` names a cache; NULL, everywhere, names the process-wide default cache,
 * which is configured from the environment at its first use (or before, with zcache_configure). One
 * handle serves any number of threads: every function may be called from any thread at any time,
 * zcache_close excepted.
 *
 * Keys are 1 byte or more. Functions take C strings; their `_n` forms take any bytes. Keys are
 * borrowed for the call. The longest key, prefix included, is `max_key_length` bytes with each byte
 * outside 0x21 to 0x7e, and each `%`, counted as three: the same on every provider.
 *
 * Options come last, as a pointer to a struct, or NULL for defaults. The macros ZCACHE_WRITE(…),
 * ZCACHE_READ(…), … make one in place, with designated initialisers. Fields that are not named
 * are 0, which always means the default. In C++ they need C++20, and the struct's order of fields;
 * C++17 sets the fields of a struct, or uses <zcache/zcache.hpp>, which is made for C++.
 *
 * Results. 0 is done, > 0 is a "no" (a miss), < 0 is an error that zcache_error_message() explains.
 * Any function may fail with ZCACHE_E_INVALID (an argument), ZCACHE_E_NOMEM, or, where it names the
 * default cache, with what configuring it failed with. Any operation on keys may fail with
 *     ZCACHE_E_KEY          the key is empty, too long, or impossible
 *     ZCACHE_E_UNAVAILABLE  the backend cannot be reached
 *     ZCACHE_E_TIMEOUT      the deadline passed
 *     ZCACHE_E_PROTOCOL, ZCACHE_E_SERVER, ZCACHE_E_AUTH   the backend's fault
 *     ZCACHE_E_REFUSED      operations are nested deeper than 16 callbacks
 * and always ends by its timeout. With `errors = miss` reads turn the errors of the backend into
 * misses.
 *
 * Everything here is since 1.0.
 */
#ifndef ZCACHE_ZCACHE_H
#define ZCACHE_ZCACHE_H

#include <zcache/types.h>
#include <zcache/version.h>
#ifdef __cplusplus
#include <zcache/options-cpp.h>
#endif

ZCACHE_BEGIN_DECLS

/* A cache, or one table of it. Opaque. (In C++ also the scope of what <zcache/zcache.hpp>
 * declares.)
 */
typedef struct zcache zcache;

/* Internal: a pointer to options made in place. */
#ifndef __cplusplus
#define ZCACHE_IN_PLACE_(type, ...) (&(type){.size = sizeof(type), __VA_ARGS__})
#endif

/* ---- messages -------------------------------------------------------------------------------- */

/* What went wrong in the last call of this thread that returned an error: one line without a
 * newline, never NULL, "" if none has failed. Valid until the next call of this thread that fails.
 * Passwords never appear in it. */
ZCACHE_PUBLIC const char *zcache_error_message(void);

/* The name of a status, "ZCACHE_E_TIMEOUT", and what it means, "the deadline passed". Static
 * strings; never NULL, whatever the number. */
ZCACHE_PUBLIC const char *zcache_status_name(zcache_status status);
ZCACHE_PUBLIC const char *zcache_status_text(zcache_status status);

/* The version of the library that runs, "1.0.0". Static. */
ZCACHE_PUBLIC const char *zcache_version(void);

/* Receives log lines, without a newline: from any thread, several at once. It may not call zcache.
 */
typedef void zcache_log_fn(void *user, zcache_log_level level, const char *message);

/* An allocator: as malloc, realloc (memory may be NULL) and free (NULL too). */
typedef struct zcache_allocator {
    void *(*alloc)(size_t size);
    void *(*realloc)(void *memory, size_t size);
    void (*free)(void *memory);
} zcache_allocator;

/* Makes the library and its plugins allocate with `allocator` (copied). Client libraries below a
 * plugin go on using malloc. Call it before any other function of the library; NULL: malloc again.
 * Errors: ZCACHE_E_BUSY, the library has allocated already. */
ZCACHE_PUBLIC zcache_status zcache_set_allocator(const zcache_allocator *allocator);

/* ---- open and close -------------------------------------------------------------------------- */

/* How a cache is opened. Whatever is set here wins over the environment, which wins over the file,
 * which wins over the defaults. Everything is copied but log and log_user, which must stay valid
 * until the cache is closed. */
typedef struct zcache_options {
    size_t size;                 /* sizeof(zcache_options): set by the macro */
    const char *provider;        /* as `[cache] provider`; NULL: as configured, else "memory" */
    const char *const *settings; /* "section.key=value" strings, then NULL: any setting of
                                  * zcache.ini, as `cache.key_prefix=myapp:`; NULL: none */
    zcache_log_fn *log;          /* NULL: lines go to standard error */
    void *log_user;
} zcache_options;
#define ZCACHE_OPTIONS(...) ZCACHE_IN_PLACE_(zcache_options, __VA_ARGS__)

/* Opens a cache from code alone: neither a file nor the environment is read. The provider is
 * loaded, and refused now if it or its options are wrong; its server need not be up.
 *     *cache   receives the handle, to be ended with zcache_close; NULL on failure
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_PLUGIN, or what the provider's open failed with. */
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_open(zcache **cache,
                                                        const zcache_options *options);

/* As zcache_open, from the INI file `path` and the environment. */
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_open_file(zcache **cache, const char *path,
                                                             const zcache_options *options);

/* As zcache_open, from the environment and the INI file that ZCACHE_CONF names (else the system's
 * zcache.ini, if there is one). With nothing configured: memory. */
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_open_env(zcache **cache,
                                                            const zcache_options *options);

/* Closes a cache (NULL: the default one, if it is open) and all its tables: waits for operations in
 * flight, closes the provider, unloads the plugin. No other thread may use the handle meanwhile; it
 * is gone afterwards. Errors: ZCACHE_E_BUSY, a native lease is still out (the message says whose),
 * operations or a swap have not ended after 10 s, a plugin has not returned from a call that a swap
 * made, or called from inside a callback of this cache: the cache stays open. ZCACHE_E_TIMEOUT, the
 * provider has not returned from its close after 10 s: the handle is gone all the same; a thread of
 * the library's own waits for the provider, and needs the library and the options' log until then.
 */
ZCACHE_PUBLIC zcache_status zcache_close(zcache *cache);

/* The default cache. These three open it, as the functions above do, and must come before its first
 * use; zcache_close(NULL) ends it, and it can be configured again.
 * Errors: ZCACHE_E_BUSY, it is open already. */
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_configure(const zcache_options *options);
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_configure_file(const char *path,
                                                                  const zcache_options *options);
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_configure_env(const zcache_options *options);

/* The handle of the default cache, configured from the environment if nobody did it before; NULL,
 * with a message, if that fails. */
ZCACHE_PUBLIC zcache *zcache_default(void);

/* A table: a part of the cache with keys of its own (physical key = key_prefix + name + ":" + key),
 * and the settings of `[table.NAME]`. Every function that takes a cache takes a table; clear, keys
 * and scan then see this table only. The same name gives the same handle, which belongs to the
 * cache and ends with it.
 *     name     [A-Za-z0-9_.-]{1,64}
 *     *table   receives the handle; NULL on failure */
ZCACHE_PUBLIC ZCACHE_MUST_USE zcache_status zcache_table(zcache *cache, const char *name,
                                                         zcache **table);

/* ---- values ---------------------------------------------------------------------------------- */

/* A buffer that receives values. It grows as needed and keeps its memory for the next read:
 * initialise it once with ZCACHE_VALUE_INIT, read into it as often as you like, release it with
 * zcache_value_free. The byte after the value is always 0, so that text can be used as a C string.
 * Not to be shared by two threads at once. */
typedef struct zcache_value {
    void *data;      /* owned; NULL until something was read */
    size_t size;     /* of the value */
    size_t capacity; /* of data */
    int64_t ttl_ms;  /* remaining, if .with_ttl asked for it; else ZCACHE_TTL_UNKNOWN */
    uint64_t cas;    /* the token for zcache_cas, if .with_cas asked for it; else 0 */
} zcache_value;
#define ZCACHE_VALUE_INIT                 \
    {                                     \
        NULL, 0, 0, ZCACHE_TTL_UNKNOWN, 0 \
    }

/* Releases what a value owns and makes it empty again. */
ZCACHE_PUBLIC void zcache_value_free(zcache_value *value);

/* ---- one key --------------------------------------------------------------------------------- */

/* What a read of a typed table tells beside the value. */
typedef struct zcache_read_info {
    int64_t ttl_ms; /* remaining, if .with_ttl asked for it; else ZCACHE_TTL_UNKNOWN */
    uint64_t cas;   /* the token for NAME_cas, if .with_cas asked for it; else 0 */
} zcache_read_info;

typedef struct zcache_read_options {
    size_t size;            /* set by the macro */
    int64_t timeout_ms;     /* 0: `[cache] timeout`; else 1 to 3,600,000 */
    bool with_ttl;          /* fill in value.ttl_ms, info.ttl_ms */
    bool with_cas;          /* fill in value.cas, info.cas */
    zcache_read_info *info; /* reads of typed tables: one, get_multi: one a key; else ignored */
} zcache_read_options;
#define ZCACHE_READ(...) ZCACHE_IN_PLACE_(zcache_read_options, __VA_ARGS__)

typedef struct zcache_write_options {
    size_t size;        /* set by the macro */
    int64_t ttl_ms;     /* ZCACHE_TTL_DEFAULT, ZCACHE_TTL_NEVER, or 1 to ZCACHE_TTL_MAX */
    int64_t timeout_ms; /* 0: `[cache] timeout`; else 1 to 3,600,000 */
} zcache_write_options;
#define ZCACHE_WRITE(...) ZCACHE_IN_PLACE_(zcache_write_options, __VA_ARGS__)

/* Reads a key into `value`. On a miss or an error the value is empty (its memory is kept).
 * Returns ZCACHE_OK, ZCACHE_MISS, or an error. */
ZCACHE_PUBLIC zcache_status zcache_get(zcache *cache, const char *key, zcache_value *value,
                                       const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_get_n(zcache *cache, const void *key, size_t key_size,
                                         zcache_value *value, const zcache_read_options *options);

/* Writes a key: `size` bytes at `data`, 0 to max_value_size. Replaces value and TTL.
 * Returns ZCACHE_OK, ZCACHE_E_TOO_LARGE (the old value is kept), or an error. */
ZCACHE_PUBLIC zcache_status zcache_set(zcache *cache, const char *key, const void *data,
                                       size_t size, const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_set_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size,
                                         const zcache_write_options *options);

/* As zcache_set, but only if the key is not there. Returns ZCACHE_OK, ZCACHE_EXISTS, or an error.
 */
ZCACHE_PUBLIC zcache_status zcache_add(zcache *cache, const char *key, const void *data,
                                       size_t size, const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_add_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size,
                                         const zcache_write_options *options);

/* As zcache_set, but only if the key is there. Returns ZCACHE_OK, ZCACHE_MISS, or an error. */
ZCACHE_PUBLIC zcache_status zcache_replace(zcache *cache, const char *key, const void *data,
                                           size_t size, const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_replace_n(zcache *cache, const void *key, size_t key_size,
                                             const void *data, size_t size,
                                             const zcache_write_options *options);

/* As zcache_set, but only if the value is still the one that was read with the token `cas`
 * (value.cas, from a get with .with_cas). On a conflict read again and decide anew. A provider may
 * compare tokens of values (redis): one that was changed and changed back has not changed. After a
 * swap every older token conflicts.
 * Returns ZCACHE_OK, ZCACHE_CONFLICT, ZCACHE_MISS (the key is gone), or an error. */
ZCACHE_PUBLIC zcache_status zcache_cas(zcache *cache, const char *key, const void *data,
                                       size_t size, uint64_t cas,
                                       const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_cas_n(zcache *cache, const void *key, size_t key_size,
                                         const void *data, size_t size, uint64_t cas,
                                         const zcache_write_options *options);

/* Deletes a key. Returns ZCACHE_OK, ZCACHE_MISS, or an error. */
ZCACHE_PUBLIC zcache_status zcache_del(zcache *cache, const char *key,
                                       const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_del_n(zcache *cache, const void *key, size_t key_size,
                                         const zcache_write_options *options);

/* Tells whether a key is there. Returns ZCACHE_OK (it is), ZCACHE_MISS, or an error. */
ZCACHE_PUBLIC zcache_status zcache_exists(zcache *cache, const char *key,
                                          const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_exists_n(zcache *cache, const void *key, size_t key_size,
                                            const zcache_read_options *options);

/* Tells the remaining TTL of a key: *ttl_ms is 1 or more, or ZCACHE_TTL_NEVER.
 * Returns ZCACHE_OK, ZCACHE_MISS, ZCACHE_E_NOTSUP, or an error. */
ZCACHE_PUBLIC zcache_status zcache_ttl(zcache *cache, const char *key, int64_t *ttl_ms,
                                       const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_ttl_n(zcache *cache, const void *key, size_t key_size,
                                         int64_t *ttl_ms, const zcache_read_options *options);

/* Gives a key the TTL in the options, counted from now; its value stays.
 * Returns ZCACHE_OK, ZCACHE_MISS, ZCACHE_E_NOTSUP, or an error. */
ZCACHE_PUBLIC zcache_status zcache_touch(zcache *cache, const char *key,
                                         const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_touch_n(zcache *cache, const void *key, size_t key_size,
                                           const zcache_write_options *options);

/* Adds `delta` to a counter, in one atomic step: a value that is the decimal text of a signed
 * 64-bit number. A missing key counts as 0 and is created with the TTL in the options; an existing
 * one keeps its TTL.
 *     *result   receives the new number; may be NULL
 * Returns ZCACHE_OK, ZCACHE_E_TYPE (the value is not a number), ZCACHE_E_RANGE (overflow; nothing
 * changes), ZCACHE_E_NOTSUP, or an error. */
ZCACHE_PUBLIC zcache_status zcache_incr(zcache *cache, const char *key, int64_t delta,
                                        int64_t *result, const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_incr_n(zcache *cache, const void *key, size_t key_size,
                                          int64_t delta, int64_t *result,
                                          const zcache_write_options *options);

/* ---- many keys ------------------------------------------------------------------------------- */

/* The batches cost one round trip where the backend allows it. Each key has a status of its own and
 * one bad key fails alone. They return ZCACHE_OK if no key has an error (misses are none), else the
 * error of the first key that has one. n = 0 is ZCACHE_OK. */

/* Reads n keys: values[i] and statuses[i] are as after a zcache_get of keys[i]. `statuses` may be
 * NULL; a value whose data was never filled tells a miss from an empty value no more then. */
ZCACHE_PUBLIC zcache_status zcache_get_multi(zcache *cache, size_t n, const char *const keys[],
                                             zcache_value values[], zcache_status statuses[],
                                             const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_get_multi_n(zcache *cache, size_t n, const zcache_slice keys[],
                                               zcache_value values[], zcache_status statuses[],
                                               const zcache_read_options *options);

/* Writes n items, each by its mode and with its TTL (ZCACHE_TTL_DEFAULT: the one in the options).
 * items[i].status receives what became of it. Of two items with one key the later wins. */
ZCACHE_PUBLIC zcache_status zcache_set_multi(zcache *cache, size_t n, zcache_item items[],
                                             const zcache_write_options *options);

/* Deletes n keys: statuses[i] is ZCACHE_OK, ZCACHE_MISS or an error; may be NULL. */
ZCACHE_PUBLIC zcache_status zcache_del_multi(zcache *cache, size_t n, const char *const keys[],
                                             zcache_status statuses[],
                                             const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_del_multi_n(zcache *cache, size_t n, const zcache_slice keys[],
                                               zcache_status statuses[],
                                               const zcache_write_options *options);

/* ---- all keys -------------------------------------------------------------------------------- */

typedef struct zcache_scan_options {
    size_t size;        /* set by the macro */
    int64_t timeout_ms; /* for the whole of it; 0: `[cache] scan_timeout`; else 1 to 86,400,000 */
    bool with_ttl;      /* tell each key's remaining TTL */
} zcache_scan_options;
#define ZCACHE_SCAN(...) ZCACHE_IN_PLACE_(zcache_scan_options, __VA_ARGS__)

/* Receives a key of a scan, without prefix and table, borrowed for the call. `ttl_ms` is
 * ZCACHE_TTL_UNKNOWN unless it was asked for. Returns true to go on, false to stop. It may call the
 * cache. */
typedef bool zcache_scan_fn(void *user, zcache_slice key, int64_t ttl_ms);

/* Streams the keys that match `pattern` (a glob as in Redis: * ? [a-z] [^a] \x; NULL or "*": all),
 * in no order and bounded memory. A key that is there from beginning to end is given at least once;
 * it can be given twice.
 * Returns ZCACHE_OK (also when `each` stopped it), ZCACHE_E_NOTSUP, or an error. */
ZCACHE_PUBLIC zcache_status zcache_scan(zcache *cache, const char *pattern, zcache_scan_fn *each,
                                        void *user, const zcache_scan_options *options);

/* The keys that a zcache_keys collected. */
typedef struct zcache_key_list {
    size_t count;
    zcache_slice *keys; /* each followed by a 0 byte; owned by the list */
    void *memory;       /* internal */
} zcache_key_list;
#define ZCACHE_KEY_LIST_INIT \
    {                        \
        0, NULL, NULL        \
    }

/* As zcache_scan, into a list in which each key stands once, sorted by its bytes. Release it with
 * zcache_key_list_free. On failure the list is empty. */
ZCACHE_PUBLIC zcache_status zcache_keys(zcache *cache, const char *pattern, zcache_key_list *list,
                                        const zcache_scan_options *options);
ZCACHE_PUBLIC void zcache_key_list_free(zcache_key_list *list);

/* Deletes every key of this cache or table, and nothing else. Keys that are written meanwhile may
 * stay. Errors: ZCACHE_E_REFUSED, a cache without key_prefix would empty a shared server
 * (`allow_flush = yes` permits it); ZCACHE_E_NOTSUP. */
ZCACHE_PUBLIC zcache_status zcache_clear(zcache *cache, const zcache_scan_options *options);

/* ---- the provider ---------------------------------------------------------------------------- */

/* Proves that the backend answers: one round trip to each of its servers. */
ZCACHE_PUBLIC zcache_status zcache_ping(zcache *cache, const zcache_read_options *options);

/* Receives one statistic, borrowed for the call. */
typedef void zcache_stat_fn(void *user, const zcache_stat *stat);

/* Reports the statistics of the cache (names begin with "cache_": hits, misses, writes, deletes,
 * errors since it was opened, config_reload_failures, generation, provider), then those of the
 * provider since it was opened (names begin with its name, a `-` in it as `_`). A provider that
 * cannot be reached leaves its own out, and its error is returned. */
ZCACHE_PUBLIC zcache_status zcache_stats(zcache *cache, zcache_stat_fn *each, void *user,
                                         const zcache_read_options *options);

/* The name of the active provider, copied into `name` (at most `size` bytes, terminated;
 * ZCACHE_NAME_SIZE always suffices). */
ZCACHE_PUBLIC zcache_status zcache_provider(zcache *cache, char *name, size_t size);

/* ---- swap ------------------------------------------------------------------------------------ */

typedef enum zcache_swap_mode {
    /* Publish the new provider at once, as it is: a cache that fills anew. */
    ZCACHE_SWAP_COLD = 0,
    /* Bring every entry over first, with its remaining TTL, while the application goes on:
     *
     * What the new provider has under this cache's key_prefix is deleted first (without key_prefix
     * and allow_flush it must be empty: ZCACHE_E_REFUSED). A new provider that turns out to reach
     * the same store as the old one is published at once; one that shares a part of it is refused.
     * Then, until the copy is complete, the old provider answers everything, and each write that it
     * carries out is done to the new one as well, under a lock for the key (32 locks, by hash) that
     * the copier also takes: nothing is lost, nothing that was deleted comes back, counters and cas
     * stay atomic. At the end the new provider takes over, between two writes. A copy that fails or
     * is aborted leaves the old provider complete and in charge, and the new one without what was
     * put there.
     *
     * Cost, while it lasts: a write costs both providers' time, and may wait while at most 64
     * entries of its lock are copied (one that has waited so through three quarters of its time
     * fails the copy instead, and goes on); reads cost what they did. Memory: about 3 MiB, and 64
     * values. Before and after, nothing. Only writes of this process are covered: what others write
     * to the old provider meanwhile may be missed. The old provider must support scan and tell
     * TTLs; a TTL grows by less than two granules of each provider that it passes through. */
    ZCACHE_SWAP_COPY = 1
} zcache_swap_mode;

typedef enum zcache_swap_phase {
    ZCACHE_SWAP_COPYING = 0,
    ZCACHE_SWAP_VERIFYING = 1
} zcache_swap_phase;

/* How far a copying swap is. */
typedef struct zcache_swap_progress {
    zcache_swap_phase phase;
    uint64_t scanned;     /* entries that were looked at in this phase */
    uint64_t total;       /* entries of the old provider when it began, other caches' on the same
                           * server too: an estimate; 0: unknown */
    uint64_t copied;      /* entries that were added to the new provider */
    uint64_t bytes;       /* of their keys and values */
    uint64_t verified;    /* entries that were compared */
    uint64_t differences; /* of those that differed */
    int64_t elapsed_ns;   /* since the phase began */
} zcache_swap_progress;

/* What to do next. */
typedef enum zcache_swap_decision {
    ZCACHE_SWAP_CONTINUE = 0,
    ZCACHE_SWAP_PAUSE = 1, /* copy nothing for now; the callback is asked again every 50 ms */
    ZCACHE_SWAP_ABORT = 2  /* give up: the old provider goes on */
} zcache_swap_decision;

/* Called by the thread that swaps, about every 50 ms and at the end of each phase. `progress` is
 * borrowed. It may use the cache. */
typedef zcache_swap_decision zcache_swap_progress_fn(void *user,
                                                     const zcache_swap_progress *progress);

/* What a swap did. Durations are nanoseconds. */
typedef struct zcache_swap_report {
    char from[ZCACHE_NAME_SIZE]; /* provider names */
    char to[ZCACHE_NAME_SIZE];
    uint64_t generation; /* of the new provider: 1 was the first of this cache */
    int64_t load_ns;     /* finding, verifying and loading the plugin */
    int64_t open_ns;     /* opening it */
    int64_t ping_ns;     /* until its backend answered */
    int64_t publish_ns;  /* the store that makes it current, and the grace period */
    int64_t copy_ns;     /* ZCACHE_SWAP_COPY: emptying the new one, copying, verifying */
    int64_t drain_ns;    /* waiting for the operations in flight at that moment */
    int64_t close_ns;    /* closing the old provider and unloading its plugin */
    size_t in_flight;    /* operations on the old provider at publish */
    size_t leases;       /* native leases on it that are still out */
    bool retired;  /* the old provider is still in use, and will be closed when it no longer is; or
                      * it has not returned from its close */
    bool unmapped; /* the old plugin's code is gone from memory; false where another cache or the
                      * new provider uses it, it is resident, linked in, or retired */
    uint64_t copied;       /* ZCACHE_SWAP_COPY, these four: entries added to the new provider */
    uint64_t copied_bytes; /* of their keys and values */
    uint64_t verified;     /* entries that were compared */
    uint64_t differences;  /* of those that differed: 0, or the swap had failed */
} zcache_swap_report;

typedef struct zcache_swap_options {
    size_t size;                 /* set by the macro */
    size_t report_size;          /* set by the macro */
    const char *provider;        /* to swap to; NULL: the one that `file` names, else the one that
                           * is active (opened anew) */
    const char *file;            /* an INI file whose `provider`, and section for it, replace those
                           * of the configuration; NULL: none */
    const char *const *settings; /* "section.key=value" strings for the new provider, then NULL;
                                  * or NULL */
    zcache_swap_mode mode;
    int64_t timeout_ms;      /* for opening the new one and its first answer; 0: 10 s */
    int64_t copy_timeout_ms; /* ZCACHE_SWAP_COPY: for the copy; 0: 24 hours */
    int64_t rate;            /* ZCACHE_SWAP_COPY: at most so many entries a second; 0: no limit */
    bool verify;             /* ZCACHE_SWAP_COPY: compare all entries after the copy; a difference
                              * fails the swap */
    zcache_swap_progress_fn *progress; /* ZCACHE_SWAP_COPY: may be NULL */
    void *progress_user;
    zcache_swap_report *report; /* filled in on success; may be NULL */
    int64_t drain_timeout_ms;   /* for what still uses the old one to end, and again for it to
                                 * close; 0: as timeout_ms */
} zcache_swap_options;
#define ZCACHE_SWAP(...) \
    ZCACHE_IN_PLACE_(zcache_swap_options, .report_size = sizeof(zcache_swap_report), __VA_ARGS__)

/* Swaps the provider of a running cache: loads and opens the new one, proves that its backend
 * answers, makes it current with one atomic store, waits for the operations that began on the old
 * one, closes it and unloads its plugin. Other threads go on meanwhile; none of their operations
 * waits or fails. The new configuration becomes the cache's own.
 *
 * If anything fails before the publish, the old provider goes on as if nothing had happened. If
 * operations or leases keep the old provider in use beyond drain_timeout_ms, the swap still
 * succeeds: it is closed as soon as it is free (report->retired).
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_PLUGIN, ZCACHE_E_UNAVAILABLE, … as the step that failed, which
 * the message names; ZCACHE_E_BUSY: another swap of this cache is running, or this is called from
 * inside a callback of this cache. */
ZCACHE_PUBLIC zcache_status zcache_swap(zcache *cache, const zcache_swap_options *options);

/* Makes a copying swap of this cache, in whatever thread, give up soon: it then fails with
 * ZCACHE_E_REFUSED and the old provider goes on. ZCACHE_OK also if no swap is running. */
ZCACHE_PUBLIC zcache_status zcache_swap_abort(zcache *cache);

/* ---- reload ---------------------------------------------------------------------------------- */

typedef enum zcache_reload_change {
    ZCACHE_RELOAD_NOTHING = 0,  /* the configuration says what is in force already */
    ZCACHE_RELOAD_SETTINGS = 1, /* settings of the cache and its tables, options that a plugin can
                                 * change while it is open: the provider stays open */
    ZCACHE_RELOAD_SWAP = 2      /* the provider, a filter, other options, or their plugin's file */
} zcache_reload_change;

/* What a reload did. */
typedef struct zcache_reload_report {
    zcache_reload_change change;
    size_t count;    /* settings that have another value, plugin files counted in */
    char names[256]; /* "[cache] timeout, [redis] url, new build of redis", cut with "..." */
    zcache_swap_report swap; /* ZCACHE_RELOAD_SWAP; else all 0 */
} zcache_reload_report;

typedef struct zcache_reload_options {
    size_t size;                       /* set by the macro */
    size_t report_size;                /* set by the macro */
    zcache_swap_progress_fn *progress; /* `[swap] mode = copy`: may be NULL */
    void *progress_user;
    zcache_reload_report *report; /* filled in on success; may be NULL */
} zcache_reload_options;
#define ZCACHE_RELOAD(...)                                                               \
    ZCACHE_IN_PLACE_(zcache_reload_options, .report_size = sizeof(zcache_reload_report), \
                     __VA_ARGS__)

/* Loads the configuration of a running cache anew, from where it came when the cache was opened:
 * the file, below the environment and options of that time, which are remembered. All of it is
 * checked, the sections of the provider and filters too; then what differs is applied, while other
 * threads go on and none of their operations waits or fails:
 *
 *   - Settings of [cache], [swap] and [table.NAME] take effect at once. The provider stays open,
 *     with its entries, connections and native leases. Operations in flight end as they began.
 *   - Options of a plugin that can change them while it is open (`zcache plugin info` lists
 *     "configure" among its capabilities) change so, all of them or none. What zcache_plugin_set
 *     has set gives way to the file.
 *   - Another provider or filter, other values of other options, or a new build of their plugin (a
 *     file that was put in place by rename) is swapped to, by the mode and timeouts of [swap]. A
 *     provider that zcache_swap made active gives way to the one that the source names: to make
 *     such a swap last, write it into the file.
 *   - key_prefix cannot change while keys are in use: ZCACHE_E_CONFIG.
 *
 * If anything is wrong or the swap fails, nothing changes: the last good configuration goes on, the
 * error says why, and the statistic cache_config_reload_failures counts it. A file that was there
 * must still be there.
 *
 * `[cache] watch = yes` does the same by itself, in a thread of the library's own that blocks all
 * signals, whenever the file changes: edits in place, files renamed over it, symbolic links on its
 * path that point elsewhere, directories that are replaced. It waits until the file is still for
 * 100 ms. Failures are logged as errors. A forked child does not watch; it may call zcache_reload.
 *
 * SIGHUP stays the application's. A reload is too much for a signal handler, so the handler leaves
 * a note and the program's loop reloads:
 *
 *     static volatile sig_atomic_t reload_asked;
 *     static void on_hangup(int signal) { (void)signal; reload_asked = 1; }
 *     ...
 *     if (reload_asked && !(reload_asked = 0) && zcache_reload(NULL, NULL) < 0)
 *         fprintf(stderr, "%s\n", zcache_error_message());
 *
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_PLUGIN, or what the swap failed with; ZCACHE_E_BUSY: a swap or
 * another reload of this cache is running (not counted), or this is called from inside a callback
 * of this cache. */
ZCACHE_PUBLIC zcache_status zcache_reload(zcache *cache, const zcache_reload_options *options);

/* ---- native access --------------------------------------------------------------------------- */

/* Borrows the provider's native handle. Use the typed functions of <zcache/native/….h> instead:
 * they are made of these two. A lease keeps its provider open: a swap goes on for everyone else,
 * and the old provider is closed when its last lease comes back.
 *     type     the type tag expected, as "hiredis.redisContext/0.14"
 *     status   receives why it failed; may be NULL
 * Returns the handle, for this caller alone until it is released; NULL on failure: ZCACHE_E_TYPE,
 * the active provider's handle is of another type (the message names both). */
ZCACHE_PUBLIC void *zcache_native_acquire(zcache *cache, const char *type, zcache_status *status);

/* Gives a handle back, from any thread. Errors: ZCACHE_E_INVALID, it is not out. */
ZCACHE_PUBLIC zcache_status zcache_native_release(zcache *cache, void *handle);

ZCACHE_END_DECLS

#endif /* ZCACHE_ZCACHE_H */
