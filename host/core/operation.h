/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What every operation begins and ends with: find the cache, pin its generation, set the deadline;
 * unpin, count, hide errors where the configuration says so.
 */
#ifndef ZC_CORE_OPERATION_H
#define ZC_CORE_OPERATION_H

#include <string.h>

#include "core/cache.h"
#include "core/key.h"
#include "core/pin.h"

#define ZC_TIMEOUT_MAX_MS      INT64_C(3600000)
#define ZC_SCAN_TIMEOUT_MAX_MS INT64_C(86400000)

typedef struct zc_operation {
    zcache *handle;
    zc_cache *cache;
    zc_thread *thread;
    zc_generation *generation;
    zcache_call call;
} zc_operation;

/* Begins: on success the generation is pinned until zc_operation_end. `timeout_ms` 0: the
 * configuration's. */
zcache_status zc_operation_begin(zc_operation *operation, zcache *handle, int64_t timeout_ms,
                                 uint32_t call_flags);
/* As above, for scans: their own default and maximum. */
zcache_status zc_scan_begin(zc_operation *operation, zcache *handle, int64_t timeout_ms,
                            uint32_t call_flags);

static inline void zc_operation_end(zc_operation *operation)
{
    zc_unpin(operation->generation, operation->thread);
}

static inline void zc_operation_count(zc_operation *operation, zc_counter counter, uint64_t n)
{
    zc_count(&operation->cache->counters, operation->thread, counter, n);
}

/* Makes sure that a failed operation of a plugin left a message: `status` comes from `op`. A status
 * that breaks the ABI's rules becomes ZCACHE_E_INTERNAL. */
zcache_status zc_operation_failed(zc_operation *operation, const char *op, zcache_status status);

/* ZCACHE_E_NOTSUP, with the provider's name. */
zcache_status zc_operation_unsupported(zc_operation *operation, const char *op);

/* The status that a read gives its caller: with `errors = miss` the backend's faults are misses.
 * Counts. */
zcache_status zc_read_status(zc_operation *operation, zcache_status status);

/* A provider's cas token as the application sees it; 0, unknown, stays 0. */
static inline uint64_t zc_cas_to_application(const zc_operation *operation, uint64_t cas)
{
    return cas != 0 ? cas + operation->generation->cas_salt : 0;
}

static inline uint64_t zc_cas_to_provider(const zc_operation *operation, uint64_t cas)
{
    return cas - operation->generation->cas_salt;
}

/* Resolves a TTL that the application gave: 1 to ZCACHE_TTL_MAX, or ZCACHE_TTL_NEVER. */
zcache_status zc_ttl_resolve(const zc_operation *operation, int64_t ttl_ms, int64_t *resolved_ms);

/* A status that the host puts where a plugin is to put one. */
#define ZC_STATUS_UNSET ((zcache_status)INT32_MIN)

/* A call that failed before its batch was made: every key has its status. `statuses` may be NULL. */
static inline zcache_status zc_fail_all(size_t n, zcache_status statuses[], zcache_status status)
{
    for (size_t i = 0; statuses != NULL && i < n; i++)
        statuses[i] = status;
    return status;
}

/* The length of a key that came as a C string: NULL is refused as an empty key is. */
static inline size_t zc_key_size(const char *key)
{
    return key != NULL ? strlen(key) : 0;
}

/* Writes one key by a mode: what zcache_set_n, zcache_add_n, … are made of. */
zcache_status zc_store(zcache *cache, const void *key, size_t key_size, const void *data,
                       size_t size, zcache_set_mode mode, uint64_t cas,
                       const zcache_write_options *options);

/* Deletes every key of `layer` that begins with `prefix`, by its clear or by scan and delete: one
 * of them is there. */
zcache_status zc_layer_clear(const zcache_layer *layer, const zcache_call *call,
                             zcache_slice prefix);

/* Ensures that `value` can hold `size` bytes and a terminator. */
bool zc_value_reserve(zcache_value *value, size_t size);

#endif
