/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The operations of the composite: a write locks the stripes of its keys, in ascending order, asks
 * the authority, and in phase BOTH does to new what old has done.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/lock.h"
#include "core/operation.h"
#include "swap/dual-state.h"

/* ---- locking --------------------------------------------------------------------------------- */

/* The stripes of some keys: a bit for each. */
typedef uint32_t stripe_set;
_Static_assert(ZC_STRIPES == 32, "a stripe_set has a bit for each stripe");
#define ALL_STRIPES UINT32_MAX

static stripe_set stripe_of(zcache_slice key)
{
    return UINT32_C(1) << zc_dual_stripe(key);
}

static void unlock_stripes(zc_dual *dual, stripe_set set)
{
    for (; set != 0; set &= set - 1)
        zc_dual_unlock(dual, (unsigned)__builtin_ctz(set));
}

/* The application's writes matter more than the copy. One that has waited for a stripe through most
 * of its time gives the copy up, after which no stripe is needed. */
#define PATIENCE(left_ns) ((left_ns) / 4 * 3)

/* Locks the stripes, and returns what is to be unlocked. */
static stripe_set lock_stripes(zc_dual *dual, stripe_set set, const zcache_call *call)
{
    int64_t now_ns = zc_now_ns();
    int64_t until_ns = now_ns + PATIENCE(call->deadline_ns - now_ns);
    stripe_set locked = 0;
    for (stripe_set left = set; left != 0 && !atomic_load(&dual->failed); left &= left - 1) {
        unsigned number = (unsigned)__builtin_ctz(left);
        if (!zc_lock_until(&dual->stripes[number].lock, until_ns)) {
            zc_error(ZCACHE_E_TIMEOUT, "a write waited for it through most of its time");
            zc_dual_fail(dual, "a copy of some entries did not end", ZCACHE_E_TIMEOUT);
            break;
        }
        locked |= UINT32_C(1) << number;
    }
    return locked;
}

/* Whether a write that failed so may have been carried out all the same. */
static bool is_uncertain(zcache_status status)
{
    return status == ZCACHE_E_TIMEOUT || status == ZCACHE_E_UNAVAILABLE ||
           status == ZCACHE_E_PROTOCOL || status == ZCACHE_E_NOMEM || status == ZCACHE_E_INTERNAL ||
           status == ZC_STATUS_UNSET;
}

/* Looks at what old made of a write of one key; returns whether it changed the key. */
static bool old_changed(zc_dual *dual, zcache_status batch, zcache_status own)
{
    zcache_status status = own == ZC_STATUS_UNSET ? batch : own;
    if (is_uncertain(status))
        zc_dual_fail(dual, "a write to the old provider failed, and may have been done", status);
    return status == ZCACHE_OK;
}

/* ---- doing to new what was done to old ------------------------------------------------------- */

/* Runs with the stripes locked. `keys` are those that changed, all BOTH. */
static void mirror_set(zc_dual *dual, const zcache_call *call, size_t n, zcache_item items[])
{
    zcache_status status = zc_side_set(&dual->new, call, n, items);
    for (size_t i = 0; i < n && status == ZCACHE_OK; i++)
        if (items[i].status != ZCACHE_OK)
            status = items[i].status;
    if (status != ZCACHE_OK)
        zc_dual_fail(dual, "a write to the new provider failed", status);
}

static void mirror_del(zc_dual *dual, const zcache_call *call, size_t n, const zcache_slice keys[],
                       zcache_status statuses[])
{
    for (size_t i = 0; i < n; i++)
        statuses[i] = ZC_STATUS_UNSET;
    zcache_status status = zc_side_del(&dual->new, call, n, keys, statuses);
    for (size_t i = 0; i < n && status == ZCACHE_OK; i++)
        if (statuses[i] != ZCACHE_OK && statuses[i] != ZCACHE_MISS)
            status = statuses[i];
    if (status != ZCACHE_OK)
        zc_dual_fail(dual, "a delete in the new provider failed", status);
}

/* Makes new's entries of these keys what old's are now: for operations whose outcome only old
 * knows. */
static void mirror_now(zc_dual *dual, const zcache_call *call, size_t n, const zcache_slice keys[],
                       zcache_status statuses[])
{
    zc_entries entries = {0};
    zcache_status status = zc_entries_read(&entries, &dual->old, call, n, keys);
    if (status != ZCACHE_OK) {
        zc_dual_fail(dual, "a value could not be read again in the old provider", status);
    } else {
        if (entries.count > 0)
            mirror_set(dual, call, entries.count, entries.items);
        for (size_t i = 0; i < n; i++) /* it expired, or was evicted */
            if (!entries.found[i])
                mirror_del(dual, call, 1, &keys[i], &statuses[i]);
    }
    zc_entries_free(&entries);
}

/* The keys of a batch that old changed and new must follow. */
typedef struct changed {
    zcache_slice *keys;
    zcache_status *statuses; /* room for as many */
    size_t count;
} changed;

static bool changed_start(zc_dual *dual, changed *set, size_t n)
{
    set->keys = zc_alloc(n * (sizeof(*set->keys) + sizeof(*set->statuses)));
    set->count = 0;
    if (set->keys == NULL) {
        zc_dual_fail(dual, "the new provider could not follow", zc_error_nomem());
        return false;
    }
    set->statuses = (zcache_status *)(void *)(set->keys + n);
    return true;
}

/* ---- reads ----------------------------------------------------------------------------------- */

/* Answers of new on their way up: tokens put right. */
typedef struct relay_sink {
    zcache_sink sink; /* first: the provider gives its address back */
    zcache_sink *above;
    uint64_t cas_shift;
} relay_sink;

static void relay_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    const relay_sink *relay = (const relay_sink *)sink;
    zcache_meta shifted = {ZCACHE_TTL_UNKNOWN, 0};
    if (meta != NULL) {
        shifted = *meta;
        if (shifted.cas != 0)
            shifted.cas += relay->cas_shift;
    }
    relay->above->hit(relay->above, i, value, &shifted);
}

static void relay_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    const relay_sink *relay = (const relay_sink *)sink;
    relay->above->fail(relay->above, i, status);
}

static zcache_status dual_get(void *self, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_sink *sink)
{
    zc_dual *dual = self;
    if (zc_dual_phase(dual) != ZC_PHASE_NEW)
        return zc_side_get(&dual->old, call, n, keys, sink);
    relay_sink relay = {.sink = {.hit = relay_hit, .fail = relay_fail},
                        .above = sink,
                        .cas_shift = dual->cas_shift};
    return zc_side_get(&dual->new, call, n, keys, &relay.sink);
}

static const zc_side *authority(const zc_dual *dual)
{
    return zc_dual_phase(dual) == ZC_PHASE_NEW ? &dual->new : &dual->old;
}

static zcache_status dual_peek(void *self, const zcache_call *call, size_t n,
                               const zcache_slice keys[], zcache_sink *sink)
{
    return zc_side_peek(authority(self), call, n, keys, sink);
}

/* ---- writes: each runs with the stripes of its keys locked, and all of them in one authority ----
 */

static zcache_status set_in_old(zc_dual *dual, const zcache_call *call, size_t n,
                                zcache_item items[])
{
    zcache_status status = zc_side_set(&dual->old, call, n, items);
    if (zc_dual_phase(dual) != ZC_PHASE_BOTH)
        return status;
    zcache_item *follow = zc_alloc(n * sizeof(*follow));
    if (follow == NULL) {
        zc_dual_fail(dual, "the new provider could not follow", zc_error_nomem());
        return status;
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!old_changed(dual, status, items[i].status))
            continue;
        follow[count] = items[i];
        follow[count].mode = ZCACHE_SET_ALWAYS;
        follow[count++].status = ZC_STATUS_UNSET;
    }
    if (count > 0 && !atomic_load(&dual->failed))
        mirror_set(dual, call, count, follow);
    zc_free(follow);
    return status;
}

static zcache_status set_in_new(zc_dual *dual, const zcache_call *call, size_t n,
                                zcache_item items[])
{
    for (size_t i = 0; i < n; i++)
        items[i].cas -= dual->cas_shift;
    return zc_side_set(&dual->new, call, n, items);
}

static zcache_status del_in_old(zc_dual *dual, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_status statuses[])
{
    zcache_status status = zc_side_del(&dual->old, call, n, keys, statuses);
    if (zc_dual_phase(dual) != ZC_PHASE_BOTH)
        return status;
    changed gone;
    if (!changed_start(dual, &gone, n))
        return status;
    for (size_t i = 0; i < n; i++) {
        /* A miss in old may have been evicted there after it was copied. */
        if (old_changed(dual, status, statuses[i]) || statuses[i] == ZCACHE_MISS)
            gone.keys[gone.count++] = keys[i];
    }
    if (gone.count > 0 && !atomic_load(&dual->failed))
        mirror_del(dual, call, gone.count, gone.keys, gone.statuses);
    zc_free(gone.keys);
    return status;
}

static zcache_status touch_in_old(zc_dual *dual, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], int64_t ttl_ms,
                                  zcache_status statuses[])
{
    zcache_status status = zc_side_touch(&dual->old, call, n, keys, ttl_ms, statuses);
    if (zc_dual_phase(dual) != ZC_PHASE_BOTH)
        return status;
    changed touched;
    if (!changed_start(dual, &touched, n))
        return status;
    for (size_t i = 0; i < n; i++)
        if (old_changed(dual, status, statuses[i]))
            touched.keys[touched.count++] = keys[i];
    if (touched.count > 0 && !atomic_load(&dual->failed))
        mirror_now(dual, call, touched.count, touched.keys, touched.statuses);
    zc_free(touched.keys);
    return status;
}

static zcache_status incr_in_old(zc_dual *dual, const zcache_call *call, size_t n,
                                 zcache_increment increments[])
{
    zcache_status status = zc_side_incr(&dual->old, call, n, increments);
    if (zc_dual_phase(dual) != ZC_PHASE_BOTH)
        return status;
    changed counted;
    if (!changed_start(dual, &counted, n))
        return status;
    for (size_t i = 0; i < n; i++)
        if (old_changed(dual, status, increments[i].status))
            counted.keys[counted.count++] = increments[i].key;
    if (counted.count > 0 && !atomic_load(&dual->failed))
        mirror_now(dual, call, counted.count, counted.keys, counted.statuses);
    zc_free(counted.keys);
    return status;
}

/* ---- writes, as the host calls them ---------------------------------------------------------- */

static zcache_status dual_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    zc_dual *dual = self;
    stripe_set set = 0;
    for (size_t i = 0; i < n; i++)
        set |= stripe_of(items[i].key);
    stripe_set locked = lock_stripes(dual, set, call);
    zcache_status status;
    if (zc_dual_phase(dual) == ZC_PHASE_NEW)
        status = set_in_new(dual, call, n, items);
    else
        status = set_in_old(dual, call, n, items);
    unlock_stripes(dual, locked);
    return status;
}

static zcache_status dual_del(void *self, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_status statuses[])
{
    zc_dual *dual = self;
    stripe_set set = 0;
    for (size_t i = 0; i < n; i++)
        set |= stripe_of(keys[i]);
    stripe_set locked = lock_stripes(dual, set, call);
    zcache_status status;
    if (zc_dual_phase(dual) == ZC_PHASE_NEW)
        status = zc_side_del(&dual->new, call, n, keys, statuses);
    else
        status = del_in_old(dual, call, n, keys, statuses);
    unlock_stripes(dual, locked);
    return status;
}

static zcache_status dual_touch(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], int64_t ttl_ms, zcache_status statuses[])
{
    zc_dual *dual = self;
    stripe_set set = 0;
    for (size_t i = 0; i < n; i++)
        set |= stripe_of(keys[i]);
    stripe_set locked = lock_stripes(dual, set, call);
    zcache_status status;
    if (zc_dual_phase(dual) == ZC_PHASE_NEW)
        status = zc_side_touch(&dual->new, call, n, keys, ttl_ms, statuses);
    else
        status = touch_in_old(dual, call, n, keys, ttl_ms, statuses);
    unlock_stripes(dual, locked);
    return status;
}

static zcache_status dual_incr(void *self, const zcache_call *call, size_t n,
                               zcache_increment increments[])
{
    zc_dual *dual = self;
    stripe_set set = 0;
    for (size_t i = 0; i < n; i++)
        set |= stripe_of(increments[i].key);
    stripe_set locked = lock_stripes(dual, set, call);
    zcache_status status;
    if (zc_dual_phase(dual) == ZC_PHASE_NEW)
        status = zc_side_incr(&dual->new, call, n, increments);
    else
        status = incr_in_old(dual, call, n, increments);
    unlock_stripes(dual, locked);
    return status;
}

/* ---- all keys -------------------------------------------------------------------------------- */

static zcache_status dual_scan(void *self, const zcache_call *call, zcache_slice prefix,
                               zcache_scan_sink *sink)
{
    return zc_side_scan(authority(self), call, prefix, sink);
}

/* With all stripes locked, and BOTH: clears new as old was cleared. */
static void mirror_clear(zc_dual *dual, const zcache_call *call, zcache_slice prefix,
                         zcache_status in_old)
{
    if (in_old != ZCACHE_OK) {
        zc_dual_fail(dual, "the old provider was not cleared as it should have been", in_old);
        return;
    }
    zcache_status status = zc_side_clear(&dual->new, call, prefix);
    if (status != ZCACHE_OK)
        zc_dual_fail(dual, "the new provider could not be cleared", status);
}

static zcache_status dual_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    zc_dual *dual = self;
    stripe_set locked = lock_stripes(dual, ALL_STRIPES, call);
    zcache_status status = zc_side_clear(authority(dual), call, prefix);
    if (zc_dual_phase(dual) == ZC_PHASE_BOTH)
        mirror_clear(dual, call, prefix, status);
    unlock_stripes(dual, locked);
    return status;
}

static zcache_status dual_ping(void *self, const zcache_call *call)
{
    const zc_dual *dual = self;
    const zcache_layer *old = dual->old.layer;
    return old->ping.call != NULL ? old->ping.call(old->ping.self, call) : ZCACHE_OK;
}

static zcache_status dual_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    const zc_dual *dual = self;
    const zcache_layer *old = dual->old.layer;
    return old->stats.call != NULL ? old->stats.call(old->stats.self, call, sink) : ZCACHE_OK;
}

/* ---- the layer ------------------------------------------------------------------------------- */

void zc_dual_bind(zc_dual *dual, zcache_layer *top)
{
    const zcache_layer *old = dual->old.layer;
    *top = (zcache_layer){.size = sizeof(*top)};
#define BIND(op)              \
    top->op.call = dual_##op; \
    top->op.self = dual;
    BIND(get)
    BIND(set)
    BIND(del)
    BIND(peek)
    BIND(ping)
    BIND(stats)
    if (old->touch.call != NULL) {
        BIND(touch)
    }
    if (old->incr.call != NULL) {
        BIND(incr)
    }
    BIND(scan)
    BIND(clear)
#undef BIND
}
