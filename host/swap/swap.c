/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The swap: open the new generation first, prove it, bring the entries over if asked, publish it
 * with one atomic store, wait for the old one to be left, close it. Whatever fails before the
 * publish leaves the old one as it was.
 */
#include "swap/swap.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/operation.h"
#include "core/retire.h"
#include "swap/move.h"
#include "swap/opening.h"

#define DEFAULT_TIMEOUT_MS      10000
#define DEFAULT_COPY_TIMEOUT_MS INT64_C(86400000)

zcache_status zc_swap_begin(zc_cache *cache, const char *caller)
{
    if (zc_pin_inside(cache))
        return zc_error(ZCACHE_E_BUSY,
                        "%s: called from inside a callback of this cache, which keeps the provider "
                        "in use",
                        caller);
    pthread_mutex_lock(&cache->lock);
    bool busy = cache->swapping;
    cache->swapping = true;
    pthread_mutex_unlock(&cache->lock);
    if (busy)
        return zc_error(ZCACHE_E_BUSY,
                        "%s: another swap of this cache is running, or it is being closed", caller);
    zc_tasks_join(cache); /* what earlier ones left behind and has ended since */
    return ZCACHE_OK;
}

void zc_swap_end(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->swapping = false;
    atomic_store(&cache->abort_swap, false);
    pthread_mutex_unlock(&cache->lock);
    zc_pin_wake_cache(cache); /* a close may wait for this */
}

static const char *provider_name(const zc_generation *generation)
{
    return zc_generation_provider(generation)->descriptor->name;
}

/* Waits for the old generation and closes it, or leaves that to a thread. */
static void end_old(zc_generation *old, int64_t timeout_ns, zcache_swap_report *report)
{
    zc_ending ending;
    zc_cache *cache = old->cache;
    const uint64_t number = old->number;
    zc_end(old, timeout_ns, &ending);
    report->drain_ns = ending.drain_ns;
    report->close_ns = ending.close_ns;
    report->unmapped = ending.unmapped;
    report->retired = !ending.closed;
    if (ending.left && !ending.closed)
        zc_log_write(&cache->log, ZCACHE_LOG_WARNING,
                     "generation %llu (%s) has not returned from its close after %lld ms: it is "
                     "left to a thread of its own",
                     (unsigned long long)number, report->from,
                     (long long)(ending.close_ns / ZC_NS_PER_MS));
    if (ending.left)
        return;
    report->leases = atomic_load(&old->leases);
    zc_log_write(&cache->log, ZCACHE_LOG_WARNING,
                 "generation %llu (%s) is still used by %zu operations and %zu native leases: it "
                 "is closed when they end",
                 (unsigned long long)number, report->from, zc_pin_count(old), report->leases);
}

zcache_status zc_swap_to(zc_cache *cache, zc_config *config, const zcache_swap_options *asked,
                         zcache_swap_report *report)
{
    int64_t timeout_ns = asked->timeout_ms * ZC_NS_PER_MS;
    zc_generation *old = atomic_load(&cache->current); /* nobody else changes it: our turn */
    snprintf(report->from, sizeof(report->from), "%s", provider_name(old));
    zc_generation *new = NULL;
    zcache_status status = zc_open_by(cache, config, timeout_ns, report, &new);
    if (status == ZCACHE_OK)
        snprintf(report->to, sizeof(report->to), "%s", provider_name(new));
    if (status == ZCACHE_OK && asked->mode == ZCACHE_SWAP_COPY) {
        status = zc_move(old, new, asked, timeout_ns, report);
    } else if (status == ZCACHE_OK) {
        int64_t begin_ns = zc_now_ns();
        zc_generation_publish(new);
        report->publish_ns = zc_now_ns() - begin_ns;
        report->in_flight = zc_pin_count(old);
    }
    if (status != ZCACHE_OK)
        return status;
    report->generation = new->number;
    end_old(old, asked->drain_timeout_ms * ZC_NS_PER_MS, report);
    zc_log_write(&cache->log, ZCACHE_LOG_INFO, "swapped from %s to %s: generation %llu",
                 report->from, report->to, (unsigned long long)report->generation);
    return ZCACHE_OK;
}

static zcache_status swap_in(zc_cache *cache, const zcache_swap_options *asked,
                             zcache_swap_report *report)
{
    zc_config *config = NULL;
    const zc_generation *old = atomic_load(&cache->current); /* nobody else changes it: our turn */
    zcache_status status = zc_config_for_swap(old->config, asked, &config);
    if (status == ZCACHE_OK)
        status = zc_swap_to(cache, config, asked, report);
    if (status != ZCACHE_OK) /* the old one is still there: it is current */
        zc_error_prefix("the swap failed and %s goes on: ", provider_name(old));
    return status;
}

static bool is_timeout(int64_t timeout_ms)
{
    return timeout_ms >= 0 && timeout_ms <= ZC_SWAP_TIMEOUT_MAX_MS;
}

static zcache_status check_asked(const zcache_swap_options *asked)
{
    if (asked->mode != ZCACHE_SWAP_COLD && asked->mode != ZCACHE_SWAP_COPY)
        return zc_error(ZCACHE_E_INVALID, "zcache_swap: mode %d is none of ZCACHE_SWAP_…",
                        (int)asked->mode);
    if (!is_timeout(asked->timeout_ms) || !is_timeout(asked->copy_timeout_ms) ||
        !is_timeout(asked->drain_timeout_ms))
        return zc_error(ZCACHE_E_INVALID,
                        "zcache_swap: timeout_ms is %lld, copy_timeout_ms %lld, drain_timeout_ms "
                        "%lld: each must be 1 to %lld, or 0 for the default",
                        (long long)asked->timeout_ms, (long long)asked->copy_timeout_ms,
                        (long long)asked->drain_timeout_ms, (long long)ZC_SWAP_TIMEOUT_MAX_MS);
    if (asked->rate < 0)
        return zc_error(ZCACHE_E_INVALID, "zcache_swap: rate is %lld: it must be 0 or more",
                        (long long)asked->rate);
    return ZCACHE_OK;
}

ZCACHE_PUBLIC zcache_status zcache_swap(zcache *cache, const zcache_swap_options *options)
{
    zcache_swap_options asked;
    zcache_status status = zc_options_copy(&asked, sizeof(asked), options, "ZCACHE_SWAP");
    if (status == ZCACHE_OK)
        status = check_asked(&asked);
    if (status == ZCACHE_OK)
        status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    zc_cache *core = cache->cache;
    status = zc_swap_begin(core, "zcache_swap");
    if (status != ZCACHE_OK)
        return status;
    if (asked.timeout_ms == 0)
        asked.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (asked.copy_timeout_ms == 0)
        asked.copy_timeout_ms = DEFAULT_COPY_TIMEOUT_MS;
    if (asked.drain_timeout_ms == 0)
        asked.drain_timeout_ms = asked.timeout_ms;
    zcache_swap_report report = {0};
    status = swap_in(core, &asked, &report);
    zc_swap_end(core);
    if (status == ZCACHE_OK && asked.report != NULL) /* an older program's is shorter */
        memcpy(asked.report, &report,
               asked.report_size < sizeof(report) ? asked.report_size : sizeof(report));
    return status;
}

ZCACHE_PUBLIC zcache_status zcache_swap_abort(zcache *cache)
{
    zcache_status status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    zc_cache *core = cache->cache;
    pthread_mutex_lock(&core->lock);
    atomic_store(&core->abort_swap, core->swapping);
    pthread_mutex_unlock(&core->lock);
    return ZCACHE_OK;
}
