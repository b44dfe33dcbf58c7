/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The filter fault: makes a cache fail as backends do, so that a program can be seen to bear it. It
 * injects errors, delays, hangs, lost writes and reads, and corrupted values, each with a
 * probability, for chosen operations and keys, and repeatably by a seed. All of it can be changed
 * while it is open: `zcache ctl set fault.error_rate=10%`.
 */
#include "fault/fault.h"

#define OPTION_LIST(field, help) ZCACHE_LIST_OPTION(fault_options, field, #field, NULL, help)
#define OPTION_RATE(field, help) ZCACHE_FRACTION_OPTION(fault_options, field, #field, "0%", help)
#define OTHERS                   "; none: those of operations"
#define OTHER_KEYS               "; none: those of keys"

static const zcache_option fault_option_table[] = {
    ZCACHE_INT_OPTION(
        fault_options, seed, "seed", "0", 0, INT64_MAX,
        "the same number and the same sequence of calls give the same faults, counted "
        "from when the options came into force; 0: another one each time, which the "
        "statistic fault_seed tells"),
    ZCACHE_LIST_OPTION(fault_options, operations, "operations",
                       "get set del peek touch incr scan clear ping",
                       "the operations that faults strike: get, set, del, peek (exists and ttl), "
                       "touch, incr, scan (keys), clear, ping, stats"),
    OPTION_LIST(keys,
                "globs, any of which a key matches that faults strike, against the key as the "
                "provider sees it: key_prefix, table and \":\" before it; none: every key. "
                "Operations without keys are struck whatever they say"),
    OPTION_RATE(error_rate, "how many keys fail, each for itself in a batch"),
    ZCACHE_ENUM_OPTION(fault_options, status, "status", "unavailable", fault_status_words,
                       "the error that they fail with"),
    OPTION_LIST(error_operations, "the operations that fail" OTHERS),
    OPTION_LIST(error_keys, "globs of the keys that fail" OTHER_KEYS),
    ZCACHE_DURATION_OPTION(fault_options, delay_ms, "delay", "0ms", 0, 3600000,
                           "how long a delayed call waits, at most to its deadline"),
    ZCACHE_DURATION_OPTION(fault_options, jitter_ms, "delay_jitter", "0ms", 0, 3600000,
                           "up to so much longer, evenly spread"),
    ZCACHE_FRACTION_OPTION(fault_options, delay_rate, "delay_rate", "100%",
                           "how many calls are delayed, a batch as a whole; without delay and "
                           "delay_jitter none"),
    OPTION_LIST(delay_operations, "the operations that are delayed" OTHERS),
    OPTION_LIST(delay_keys, "globs of the keys that delay their call" OTHER_KEYS),
    OPTION_RATE(hang_rate, "how many calls hang until their deadline, a batch as a whole"),
    OPTION_LIST(hang_operations, "the operations that hang" OTHERS),
    OPTION_LIST(hang_keys, "globs of the keys that make their call hang" OTHER_KEYS),
    OPTION_RATE(drop_rate,
                "how many keys are lost: a read is told a miss, a scan leaves them out, a "
                "write or clear is said to be done and is not"),
    OPTION_LIST(drop_operations, "the operations that lose keys, not incr, ping or stats" OTHERS),
    OPTION_LIST(drop_keys, "globs of the keys that are lost" OTHER_KEYS),
    OPTION_RATE(corrupt_rate, "how many values are corrupted"),
    ZCACHE_ENUM_OPTION(fault_options, corrupt, "corrupt", "out", fault_way_words,
                       "where: on the way out, when they are read; on the way in, so that what is "
                       "stored is wrong; or both"),
    ZCACHE_INT_OPTION(fault_options, corrupt_bytes, "corrupt_bytes", "1", 1, 65536,
                      "how many bytes in a row of such a value are changed"),
    OPTION_LIST(corrupt_keys, "globs of the keys whose values are corrupted" OTHER_KEYS),
};

/* ---- plans ----------------------------------------------------------------------------------- */

/* The plan that is already made of these options, if any. With self->lock. */
static fault_plan *plan_of(const fault *self, const void *options)
{
    fault_plan *plan = self->plans;
    while (plan != NULL && plan->options != options)
        plan = plan->next;
    return plan;
}

static zcache_status fault_configure(void *self, const zcache_call *call, const void *options)
{
    (void)call;
    fault *own = self;
    fault_plan *made;
    zcache_status status = fault_plan_make(own->host, options, &made);
    if (status != ZCACHE_OK)
        return status;
    pthread_mutex_lock(&own->lock);
    made->next = own->plans;
    own->plans = made;
    pthread_mutex_unlock(&own->lock);
    atomic_store_explicit(&own->plan, made, memory_order_release);
    return ZCACHE_OK;
}

/* Nobody uses any plan of these options. There are two where a change was taken back. */
static void fault_released(void *self, const void *options)
{
    fault *own = self;
    pthread_mutex_lock(&own->lock);
    while (plan_of(own, options) != NULL) {
        fault_plan **at = &own->plans;
        while ((*at)->options != options)
            at = &(*at)->next;
        fault_plan *plan = *at;
        *at = plan->next;
        own->host->free(plan);
    }
    pthread_mutex_unlock(&own->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

static zcache_status fault_open(const zcache_host *host, const zcache_call *call,
                                const void *options, void **self)
{
    fault *made = host->alloc(sizeof(*made));
    if (made == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "fault: out of memory opening the filter");
    made->host = host;
    made->plans = NULL;
    atomic_init(&made->plan, NULL);
    for (size_t kind = 0; kind < FAULT_KINDS; kind++)
        atomic_init(&made->injected[kind], 0);
    pthread_mutex_init(&made->lock, NULL);
    zcache_status status = fault_configure(made, call, options);
    if (status != ZCACHE_OK) {
        pthread_mutex_destroy(&made->lock);
        host->free(made);
        return status;
    }
    *self = made;
    return ZCACHE_OK;
}

static void fault_close(void *self)
{
    fault *own = self;
    while (own->plans != NULL) {
        fault_plan *plan = own->plans;
        own->plans = plan->next;
        own->host->free(plan);
    }
    pthread_mutex_destroy(&own->lock);
    own->host->free(own);
}

static void fault_fork(void *self, zcache_fork_phase phase)
{
    fault *own = self;
    if (phase == ZCACHE_FORK_PREPARE)
        pthread_mutex_lock(&own->lock);
    else
        pthread_mutex_unlock(&own->lock);
}

/* ---- descriptor ------------------------------------------------------------------------------ */

static const zcache_ops fault_ops = {
    .size = sizeof(zcache_ops),
    .open = fault_open,
    .close = fault_close,
    .get = fault_get,
    .set = fault_set,
    .del = fault_del,
    .peek = fault_peek,
    .touch = fault_touch,
    .incr = fault_incr,
    .scan = fault_scan,
    .clear = fault_clear,
    .ping = fault_ping,
    .stats = fault_stats,
    .fork = fault_fork,
    .configure = fault_configure,
    .released = fault_released,
};

ZCACHE_PLUGIN(fault) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_FILTER,
    .name = "fault",
    .version = ZCACHE_VERSION,
    .summary = "injects errors, delays, hangs, losses and corrupted values",
    .threads = ZCACHE_THREADS_PARALLEL,
    ZCACHE_DESCRIPTOR_OPTIONS(fault_option_table, fault_options),
    .ops = &fault_ops,
};
