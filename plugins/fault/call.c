/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What strikes a call as a whole: hang and delay, of any operation, and all faults of operations
 * that have no keys. A batch hangs or is delayed once, as a slow server makes it.
 */
#define _POSIX_C_SOURCE 200809L /* clock_nanosleep */

#include <errno.h>
#include <time.h>

#include "fault/fault.h"

#define NS_PER_MS INT64_C(1000000)

static void sleep_until(int64_t until_ns)
{
    const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000),
                                   .tv_nsec = (long)(until_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

static bool strikes_call(const fault_call *call, fault_kind kind, const fault_keys *keys)
{
    if (!fault_strikes(&call->place, kind, 0, NULL))
        return false;
    const fault_rule *rule = &call->place.plan->rules[kind];
    size_t i = 0;
    while (keys != NULL && i < keys->count && !fault_is_meant(rule, *fault_key(keys, i)))
        i++;
    return keys == NULL || i < keys->count;
}

static int64_t delay_of(const fault_call *call)
{
    const fault_options *options = call->place.plan->options;
    int64_t jitter_ns = options->jitter_ms * NS_PER_MS;
    if (jitter_ns > 0)
        jitter_ns =
            (int64_t)(fault_hash(&call->place, FAULT_JITTER, 0) % (uint64_t)(jitter_ns + 1));
    return options->delay_ms * NS_PER_MS + jitter_ns;
}

zcache_status fault_wait(fault_call *call, const fault_keys *keys)
{
    fault *self = call->self;
    const char *name = fault_operation_names[call->place.operation];
    int64_t deadline_ns = call->call.deadline_ns;
    if (strikes_call(call, FAULT_HANG, keys)) {
        fault_count(self, FAULT_HANG, 1);
        sleep_until(deadline_ns);
        return self->host->error(self->host, ZCACHE_E_TIMEOUT,
                                 "fault: this %s was made to hang until its deadline (hang_rate)",
                                 name);
    }
    if (!strikes_call(call, FAULT_DELAY, keys))
        return ZCACHE_OK;
    fault_count(self, FAULT_DELAY, 1);
    int64_t until_ns = call->call.started_ns + delay_of(call);
    if (until_ns >= deadline_ns) {
        sleep_until(deadline_ns);
        return self->host->error(self->host, ZCACHE_E_TIMEOUT,
                                 "fault: this %s was delayed beyond its deadline (delay)", name);
    }
    sleep_until(until_ns);
    call->call.started_ns = self->host->now_ns(); /* TTLs count from there */
    return ZCACHE_OK;
}

zcache_status fault_error(const fault_call *call)
{
    const fault_plan *plan = call->place.plan;
    const zcache_host *host = call->self->host;
    return host->error(
        host, plan->status, "fault: this %s was made to fail (error_rate, status = %s)",
        fault_operation_names[call->place.operation], fault_status_words[plan->options->status]);
}

/* ---- operations without keys ----------------------------------------------------------------- */

/* What comes before such a call: an error ends it. */
static zcache_status strike(fault_call *call)
{
    zcache_status status = fault_wait(call, NULL);
    if (status != ZCACHE_OK || !fault_strikes(&call->place, FAULT_ERROR, 0, NULL))
        return status;
    fault_count(call->self, FAULT_ERROR, 1);
    return fault_error(call);
}

/* Leaves keys out. */
typedef struct dropping_sink {
    zcache_scan_sink sink; /* first: the layer below gives its address back */
    const fault_call *call;
    zcache_scan_sink *outer;
    size_t count; /* of the keys that came */
} dropping_sink;

static bool pass_key(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    dropping_sink *own = (dropping_sink *)sink;
    if (fault_strikes(&own->call->place, FAULT_DROP, own->count++, &key)) {
        fault_count(own->call->self, FAULT_DROP, 1);
        return true;
    }
    return own->outer->key(own->outer, key, meta);
}

zcache_status fault_scan(void *self, const zcache_call *call, zcache_slice prefix,
                         zcache_scan_sink *sink)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_SCAN, call, &begun))
        return next->scan.call(next->scan.self, call, prefix, sink);
    zcache_status status = strike(&begun);
    if (status != ZCACHE_OK)
        return status;
    dropping_sink dropping = {{pass_key}, &begun, sink, 0};
    return next->scan.call(next->scan.self, &begun.call, prefix,
                           fault_can(&begun.place, FAULT_DROP) ? &dropping.sink : sink);
}

zcache_status fault_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_CLEAR, call, &begun))
        return next->clear.call(next->clear.self, call, prefix);
    zcache_status status = strike(&begun);
    if (status != ZCACHE_OK)
        return status;
    if (fault_strikes(&begun.place, FAULT_DROP, 0, NULL)) {
        fault_count(self, FAULT_DROP, 1);
        return ZCACHE_OK;
    }
    return next->clear.call(next->clear.self, &begun.call, prefix);
}

zcache_status fault_ping(void *self, const zcache_call *call)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    begun.call = *call;
    zcache_status status = fault_begin(self, FAULT_PING, call, &begun) ? strike(&begun) : ZCACHE_OK;
    if (status != ZCACHE_OK || next->ping.call == NULL)
        return status;
    return next->ping.call(next->ping.self, &begun.call);
}

/* What was injected is told even where the layer below is made to fail. */
static void tell(fault *self, zcache_stat_sink *sink)
{
    static const char *const names[FAULT_KINDS] = {"fault_errors", "fault_delays", "fault_hangs",
                                                   "fault_drops", "fault_corruptions"};
    const fault_plan *plan = atomic_load_explicit(&self->plan, memory_order_acquire);
    const zcache_stat seed = {"fault_seed", ZCACHE_STAT_GAUGE, (int64_t)plan->seed, NULL};
    sink->stat(sink, &seed);
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        const zcache_stat stat = {
            names[kind], ZCACHE_STAT_COUNTER,
            (int64_t)atomic_load_explicit(&self->injected[kind], memory_order_relaxed), NULL};
        sink->stat(sink, &stat);
    }
}

zcache_status fault_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    begun.call = *call;
    zcache_status status =
        fault_begin(self, FAULT_STATS, call, &begun) ? strike(&begun) : ZCACHE_OK;
    tell(self, sink);
    if (status != ZCACHE_OK || next->stats.call == NULL)
        return status;
    return next->stats.call(next->stats.self, &begun.call, sink);
}
