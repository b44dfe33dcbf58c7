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
    return busy ? zc_error(ZCACHE_E_BUSY,
                           "%s: another swap of this cache is running, or it is being closed",
                           caller)
                : ZCACHE_OK;
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

/* Opens and pings the generation to swap to. The configuration is its own, or freed. */
static zcache_status open_new(zc_cache *cache, zc_config *config, int64_t deadline_ns,
                              zcache_swap_report *report, zc_generation **opened)
{
    zc_open_times times;
    zcache_status status = zc_generation_open(cache, config, deadline_ns, &times, opened);
    if (status != ZCACHE_OK) {
        zc_error_prefix("open %s: ", zc_config_cache(config)->provider);
        zc_config_free(config);
        return status;
    }
    report->load_ns = times.load_ns;
    report->open_ns = times.open_ns;
    int64_t begin_ns = zc_now_ns();
    status = zc_generation_ping(*opened, deadline_ns);
    report->ping_ns = zc_now_ns() - begin_ns;
    if (status != ZCACHE_OK) {
        zc_error_prefix("ping %s: ", provider_name(*opened));
        zc_generation_close(*opened, zc_now_ns() + ZC_CLOSE_TIMEOUT_NS);
    }
    return status;
}

/* Waits for the old generation and closes it, or retires it. */
static void end_old(zc_generation *old, int64_t deadline_ns, zcache_swap_report *report)
{
    int64_t begin_ns = zc_now_ns();
    bool drained = zc_drain(old, deadline_ns);
    report->drain_ns = zc_now_ns() - begin_ns;
    if (drained) {
        begin_ns = zc_now_ns();
        report->unmapped = zc_generation_close(old, begin_ns + ZC_CLOSE_TIMEOUT_NS);
        report->close_ns = zc_now_ns() - begin_ns;
        return;
    }
    report->leases = atomic_load(&old->leases);
    report->retired = true;
    zc_log_write(&old->cache->log, ZCACHE_LOG_WARNING,
                 "generation %llu (%s) is still used by %zu operations and %zu native leases: it "
                 "is closed when they end",
                 (unsigned long long)old->number, provider_name(old), zc_pin_count(old),
                 report->leases);
    zc_retire(old);
}

zcache_status zc_swap_to(zc_cache *cache, zc_config *config, const zcache_swap_options *asked,
                         zcache_swap_report *report)
{
    int64_t timeout_ns = asked->timeout_ms * ZC_NS_PER_MS;
    zc_generation *old = atomic_load(&cache->current); /* nobody else changes it: our turn */
    snprintf(report->from, sizeof(report->from), "%s", provider_name(old));
    zc_generation *new = NULL;
    zcache_status status = open_new(cache, config, zc_now_ns() + timeout_ns, report, &new);
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
    end_old(old, zc_now_ns() + asked->drain_timeout_ms * ZC_NS_PER_MS, report);
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
