/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A filter with every operation, compiled against the frozen headers: it passes everything on and
 * counts. Filters run only on the version of zcache that they were compiled for, so frozen-test.c
 * expects it to be refused once that is another.
 */
#include <stdatomic.h>

#include <zcache/plugin.h>

typedef struct frozen_filter {
    const zcache_host *host;
    atomic_long passed;
} frozen_filter;

static zcache_status filter_open(const zcache_host *host, const zcache_call *call,
                                 const void *options, void **self)
{
    (void)call, (void)options;
    frozen_filter *filter = host->alloc(sizeof(*filter));
    if (filter == NULL || host->next == NULL || host->next->size < sizeof(zcache_layer)) {
        host->free(filter);
        return host->error(host, ZCACHE_E_INTERNAL, "frozen-filter: nothing is below");
    }
    filter->host = host;
    atomic_init(&filter->passed, 0);
    *self = filter;
    return ZCACHE_OK;
}

static void filter_close(void *self)
{
    frozen_filter *filter = self;
    filter->host->free(filter);
}

/* Passes an operation on to the layer below, which must have it. */
#define PASS(op, ...)                                                    \
    frozen_filter *filter = self;                                        \
    const zcache_layer *next = filter->host->next;                       \
    atomic_fetch_add_explicit(&filter->passed, 1, memory_order_relaxed); \
    return next->op.call(next->op.self, __VA_ARGS__)

static zcache_status filter_get(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_sink *sink)
{
    PASS(get, call, n, keys, sink);
}

static zcache_status filter_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    PASS(set, call, n, items);
}

static zcache_status filter_del(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_status status[])
{
    PASS(del, call, n, keys, status);
}

static zcache_status filter_peek(void *self, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], zcache_sink *sink)
{
    PASS(peek, call, n, keys, sink);
}

static zcache_status filter_touch(void *self, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], int64_t ttl_ms, zcache_status status[])
{
    PASS(touch, call, n, keys, ttl_ms, status);
}

static zcache_status filter_incr(void *self, const zcache_call *call, size_t n,
                                 zcache_increment counters[])
{
    PASS(incr, call, n, counters);
}

static zcache_status filter_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                 zcache_scan_sink *sink)
{
    PASS(scan, call, prefix, sink);
}

static zcache_status filter_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    PASS(clear, call, prefix);
}

static zcache_status filter_ping(void *self, const zcache_call *call)
{
    PASS(ping, call);
}

static zcache_status filter_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    frozen_filter *counted = self;
    zcache_stat stat = {"filter_passed", ZCACHE_STAT_COUNTER, atomic_load(&counted->passed), NULL};
    sink->stat(sink, &stat);
    PASS(stats, call, sink);
}

static zcache_status filter_quiesce(void *self, const zcache_call *call)
{
    (void)self, (void)call;
    return ZCACHE_OK;
}

static void filter_fork(void *self, zcache_fork_phase phase)
{
    (void)self, (void)phase;
}

static void filter_thread_exit(void *self)
{
    (void)self;
}

static zcache_status filter_configure(void *self, const zcache_call *call, const void *options)
{
    (void)self, (void)call, (void)options;
    return ZCACHE_OK;
}

static void filter_released(void *self, const void *options)
{
    (void)self, (void)options;
}

static const zcache_ops filter_ops = {
    .size = sizeof(zcache_ops),
    .open = filter_open,
    .close = filter_close,
    .get = filter_get,
    .set = filter_set,
    .del = filter_del,
    .peek = filter_peek,
    .touch = filter_touch,
    .incr = filter_incr,
    .scan = filter_scan,
    .clear = filter_clear,
    .ping = filter_ping,
    .stats = filter_stats,
    .quiesce = filter_quiesce,
    .fork = filter_fork,
    .thread_exit = filter_thread_exit,
    .configure = filter_configure,
    .released = filter_released,
};

ZCACHE_PLUGIN(frozen_filter) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_FILTER,
    .name = "frozen-filter",
    .version = "1.0",
    .summary = "was compiled for zcache 1.0.0",
    .ops = &filter_ops,
};
