/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memcached provider: several servers, keys spread over them by libmemcached's consistent
 * hashing, native handles of libmemcached.
 *
 * libmemcached keeps the server list and the ring, so that keys lie where its other users look for
 * them, and gives the native handle. The bytes go over connections of our own (exchange.h), because
 * libmemcached 1.1.4 cannot keep the rules. Its one time limit, POLL_TIMEOUT, holds for each wait
 * and not for the whole: a server that sent a byte every 50 ms held a get with a limit of 100 ms
 * for 5.9 s. Buffered writes give one result for all, not one a key. It lacks the meta commands,
 * which remaining TTLs and counters need. Its assertions are on in Debian, so that a bad key or
 * reply can end the process. It says "quit" on every connection it frees, in a forked child too.
 */
#include "operations.h"
#include "pool.h"

/* 1 MiB, memcached's default item, less key, header and a margin. */
#define VALUE_MAX (1048576 - 1024)

static zcache_status memcached_open(const zcache_host *host, const zcache_call *call,
                                    const void *options, void **self)
{
    (void)call;
    mc_pool *pool;
    zcache_status status = mc_pool_open(host, options, &pool);
    if (status == ZCACHE_OK)
        *self = pool;
    return status;
}

static void memcached_close(void *self)
{
    mc_pool_close(self);
}

static void memcached_fork(void *self, zcache_fork_phase phase)
{
    mc_pool_fork(self, phase);
}

static zcache_status memcached_acquire(void *self, const zcache_call *call, void **handle)
{
    (void)call;
    return mc_lease_acquire(self, handle);
}

static void memcached_release(void *self, void *handle)
{
    mc_lease_release(self, handle);
}

static const char *const distributions[] = {
    [MC_KETAMA] = "ketama",
    [MC_MODULA] = "modula",
    NULL,
};

static const zcache_option memcached_options[] = {
    ZCACHE_LIST_OPTION(mc_options, servers, "servers", "127.0.0.1:11211",
                       "The servers: host[:port][/weight], [ipv6][:port][/weight] or unix:/path"),
    ZCACHE_INT_OPTION(mc_options, pool_size, "pool_size", "16", 1, 1024,
                      "Most operations at once; each has a connection to every server it needs"),
    ZCACHE_DURATION_OPTION(mc_options, connect_timeout_ms, "connect_timeout", "2s", 1, 60000,
                           "A server that takes longer to accept and greet counts as down"),
    ZCACHE_DURATION_OPTION(mc_options, backoff_min_ms, "backoff_min", "100ms", 1, 60000,
                           "Pause before a server that is down is tried again; it doubles"),
    ZCACHE_DURATION_OPTION(mc_options, backoff_max_ms, "backoff_max", "2s", 1, 3600000,
                           "Longest such pause"),
    ZCACHE_ENUM_OPTION(mc_options, distribution, "distribution", "ketama", distributions,
                       "How keys are spread: ketama (consistent, libketama's ring) or modula "
                       "(libmemcached's default)"),
};

static const zcache_ops memcached_ops = {
    .size = sizeof(zcache_ops),
    .open = memcached_open,
    .close = memcached_close,
    .get = mc_get,
    .set = mc_set,
    .del = mc_del,
    .peek = mc_peek,
    .touch = mc_touch,
    .incr = mc_incr,
    .scan = mc_scan,
    .clear = mc_clear,
    .ping = mc_ping,
    .stats = mc_stats,
    .fork = memcached_fork,
};

static const zcache_native memcached_native = {
    .type = "libmemcached.memcached_st/1",
    .acquire = memcached_acquire,
    .release = memcached_release,
};

ZCACHE_PLUGIN(memcached) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "memcached",
    .version = ZCACHE_VERSION,
    .summary = "memcached servers, with consistent hashing",
    .threads = ZCACHE_THREADS_PARALLEL,
    .key_bytes = ZCACHE_KEY_TEXT,
    .key_max = 250,
    .value_max = VALUE_MAX,
    .ttl_granule_ms = 1000,
    ZCACHE_DESCRIPTOR_OPTIONS(memcached_options, mc_options),
    .native = &memcached_native,
    .ops = &memcached_ops,
};
