/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memory provider: entries in this process, within a byte limit. Here are its options, its
 * operations and its descriptor; engine.h is the store behind them.
 */
#include "memory/engine.h"

#include <inttypes.h>
#include <stdatomic.h>

/* A batch looks at its deadline once in so many keys: each takes well below a microsecond. */
#define KEYS_A_DEADLINE 256

typedef struct memory_options {
    int64_t max_memory;
} memory_options;

static const zcache_option memory_option_table[] = {
    ZCACHE_SIZE_OPTION(memory_options, max_memory, "max_memory", "64m", MEMORY_LIMIT_MIN,
                       INT64_C(1) << 46,
                       "the most memory that keys, values and the provider's own structures take; "
                       "entries are evicted to keep within it"),
};

typedef struct memory {
    const zcache_host *host;
    memory_engine *engine;
    _Atomic int64_t max_memory; /* for messages; relaxed */
} memory;

/* ---- open and close -------------------------------------------------------------------------- */

static zcache_status memory_open(const zcache_host *host, const zcache_call *call,
                                 const void *options, void **self)
{
    (void)call;
    int64_t max_memory = ((const memory_options *)options)->max_memory;
    const memory_services services = {host->alloc, host->free, host->now_ns};
    memory *provider = host->alloc(sizeof(*provider));
    if (provider == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "memory: out of memory opening the provider");
    provider->host = host;
    atomic_init(&provider->max_memory, max_memory);
    zcache_status status = memory_engine_open(&services, (uint64_t)max_memory, &provider->engine);
    if (status != ZCACHE_OK) {
        host->free(provider);
        if (status == ZCACHE_E_NOMEM)
            return host->error(host, status, "memory: out of memory opening the provider");
        return host->error(host, status,
                           "memory: the system gives no random numbers (getrandom), "
                           "without which keys cannot be hashed safely");
    }
    *self = provider;
    return ZCACHE_OK;
}

static void memory_close(void *self)
{
    memory *provider = self;
    const zcache_host *host = provider->host;
    memory_engine_close(provider->engine);
    host->free(provider);
}

/* Entries stay, as far as there is room for them. */
static zcache_status memory_configure(void *self, const zcache_call *call, const void *options)
{
    memory *provider = self;
    int64_t max_memory = ((const memory_options *)options)->max_memory;
    zcache_status status =
        memory_engine_limit(provider->engine, call->deadline_ns, (uint64_t)max_memory);
    if (status == ZCACHE_E_NOTSUP)
        return provider->host->error(provider->host, status,
                                     "memory: max_memory = %" PRId64
                                     ": that is too little for what was opened with much more",
                                     max_memory);
    if (status != ZCACHE_OK)
        return provider->host->error(provider->host, status,
                                     "memory: max_memory = %" PRId64
                                     ": not all that is beyond it was evicted by the deadline",
                                     max_memory);
    atomic_store_explicit(&provider->max_memory, max_memory, memory_order_relaxed);
    return ZCACHE_OK;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool is_late(const memory *provider, const zcache_call *call, size_t i)
{
    return i % KEYS_A_DEADLINE == KEYS_A_DEADLINE - 1 &&
           provider->host->now_ns() >= call->deadline_ns;
}

static zcache_status late(const memory *provider, const char *what)
{
    return provider->host->error(provider->host, ZCACHE_E_TIMEOUT,
                                 "memory: the deadline passed before the %s was done", what);
}

/* Leaves the message of a key's status, if that is an error, and returns it. */
static zcache_status explain(const memory *provider, zcache_status status, zcache_slice key,
                             size_t value_size)
{
    const zcache_host *host = provider->host;
    if (status >= ZCACHE_OK)
        return status;
    switch (status) {
    case ZCACHE_E_TOO_LARGE:
        return host->error(
            host, status, "memory: a value of %zu bytes does not fit into max_memory = %" PRId64,
            value_size, atomic_load_explicit(&provider->max_memory, memory_order_relaxed));
    case ZCACHE_E_NOMEM:
        return host->error(host, status, "memory: out of memory storing %zu bytes",
                           key.size + value_size);
    case ZCACHE_E_TIMEOUT:
        return host->error(host, status,
                           "memory: the deadline passed while making room for %zu bytes",
                           key.size + value_size);
    case ZCACHE_E_TYPE:
        return host->error(host, status,
                           "memory: the value is not the decimal text of a signed 64-bit number");
    case ZCACHE_E_RANGE:
        return host->error(host, status, "memory: the result would not be a signed 64-bit number");
    default:
        return host->error(host, status, "memory: the write was refused");
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

static zcache_status memory_get(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_sink *sink)
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        if (is_late(provider, call, i))
            return late(provider, "read");
        memory_reading reading;
        if (!memory_engine_get(provider->engine, keys[i], &reading))
            continue;
        sink->hit(sink, i, reading.value, &reading.meta);
        memory_engine_release(provider->engine, &reading);
    }
    return ZCACHE_OK;
}

static zcache_status memory_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        if (is_late(provider, call, i))
            return late(provider, "write");
        zcache_status status = memory_engine_set(provider->engine, call->deadline_ns, &items[i]);
        items[i].status = explain(provider, status, items[i].key, items[i].value.size);
    }
    return ZCACHE_OK;
}

static zcache_status memory_del(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_status status[])
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        if (is_late(provider, call, i))
            return late(provider, "deletion");
        status[i] = memory_engine_del(provider->engine, keys[i]);
    }
    return ZCACHE_OK;
}

static zcache_status memory_peek(void *self, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], zcache_sink *sink)
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        zcache_meta meta;
        if (is_late(provider, call, i))
            return late(provider, "read");
        if (memory_engine_peek(provider->engine, keys[i], &meta))
            sink->hit(sink, i, zcache_bytes_of(NULL, 0), &meta);
    }
    return ZCACHE_OK;
}

static zcache_status memory_touch(void *self, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], int64_t ttl_ms, zcache_status status[])
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        if (is_late(provider, call, i))
            return late(provider, "touch");
        status[i] = memory_engine_touch(provider->engine, keys[i], ttl_ms);
    }
    return ZCACHE_OK;
}

static zcache_status memory_incr(void *self, const zcache_call *call, size_t n,
                                 zcache_increment increments[])
{
    memory *provider = self;
    for (size_t i = 0; i < n; i++) {
        if (is_late(provider, call, i))
            return late(provider, "incr");
        zcache_status status =
            memory_engine_incr(provider->engine, call->deadline_ns, &increments[i]);
        increments[i].status = explain(provider, status, increments[i].key, 0);
    }
    return ZCACHE_OK;
}

static zcache_status memory_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                 zcache_scan_sink *sink)
{
    memory *provider = self;
    zcache_status status = memory_engine_scan(provider->engine, call->deadline_ns, prefix, sink);
    if (status == ZCACHE_E_NOMEM)
        return provider->host->error(provider->host, status, "memory: out of memory scanning");
    return status == ZCACHE_E_TIMEOUT ? late(provider, "scan") : status;
}

static zcache_status memory_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    memory *provider = self;
    zcache_status status = memory_engine_clear(provider->engine, call->deadline_ns, prefix);
    return status == ZCACHE_E_TIMEOUT ? late(provider, "clear") : status;
}

static zcache_status memory_ping(void *self, const zcache_call *call)
{
    (void)self;
    (void)call;
    return ZCACHE_OK;
}

static zcache_status memory_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    (void)call;
    memory *provider = self;
    zcache_memory_engine engine;
    memory_engine_snapshot(provider->engine, &engine);
    const zcache_stat stats[] = {
        {"items", ZCACHE_STAT_GAUGE, (int64_t)engine.items, NULL},
        {"memory_bytes", ZCACHE_STAT_GAUGE, (int64_t)engine.memory_bytes, NULL},
        {"memory_limit_bytes", ZCACHE_STAT_GAUGE, (int64_t)engine.memory_limit, NULL},
        {"hits", ZCACHE_STAT_COUNTER, (int64_t)engine.hits, NULL},
        {"misses", ZCACHE_STAT_COUNTER, (int64_t)engine.misses, NULL},
        {"writes", ZCACHE_STAT_COUNTER, (int64_t)engine.writes, NULL},
        {"deletes", ZCACHE_STAT_COUNTER, (int64_t)engine.deletes, NULL},
        {"evictions", ZCACHE_STAT_COUNTER, (int64_t)engine.evictions, NULL},
        {"expirations", ZCACHE_STAT_COUNTER, (int64_t)engine.expirations, NULL},
    };
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        sink->stat(sink, &stats[i]);
    return ZCACHE_OK;
}

static void memory_fork(void *self, zcache_fork_phase phase)
{
    memory *provider = self;
    if (phase == ZCACHE_FORK_PREPARE)
        memory_engine_lock_all(provider->engine);
    else
        memory_engine_unlock_all(provider->engine);
}

/* ---- native ---------------------------------------------------------------------------------- */

static zcache_status memory_acquire(void *self, const zcache_call *call, void **handle)
{
    (void)call;
    memory *provider = self;
    zcache_memory_engine *snapshot = provider->host->alloc(sizeof(*snapshot));
    if (snapshot == NULL)
        return provider->host->error(provider->host, ZCACHE_E_NOMEM,
                                     "memory: out of memory taking a snapshot");
    memory_engine_snapshot(provider->engine, snapshot);
    *handle = snapshot;
    return ZCACHE_OK;
}

static void memory_release(void *self, void *handle)
{
    memory *provider = self;
    provider->host->free(handle);
}

/* ---- descriptor ------------------------------------------------------------------------------ */

static const zcache_native memory_native = {
    .type = ZCACHE_MEMORY_NATIVE_TYPE,
    .acquire = memory_acquire,
    .release = memory_release,
};

static const zcache_ops memory_ops = {
    .size = sizeof(zcache_ops),
    .open = memory_open,
    .close = memory_close,
    .get = memory_get,
    .set = memory_set,
    .del = memory_del,
    .peek = memory_peek,
    .touch = memory_touch,
    .incr = memory_incr,
    .scan = memory_scan,
    .clear = memory_clear,
    .ping = memory_ping,
    .stats = memory_stats,
    .fork = memory_fork,
    .configure = memory_configure,
};

ZCACHE_PLUGIN(memory) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "memory",
    .version = ZCACHE_VERSION,
    .summary = "entries in this process, within a byte limit",
    .threads = ZCACHE_THREADS_PARALLEL,
    .key_bytes = ZCACHE_KEY_ANY,
    .ttl_granule_ms = 1,
    ZCACHE_DESCRIPTOR_OPTIONS(memory_option_table, memory_options),
    .native = &memory_native,
    .ops = &memory_ops,
};
