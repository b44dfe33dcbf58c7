/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Keys are scanned in old and gathered until there are KEYS_MAX of them; then they are taken stripe
 * by stripe: with the stripe's lock held, a group of its keys is read in old, with TTLs, and added
 * to new in one batch. Values are read under the lock and never kept, so memory is bounded by one
 * group, however large the data, and a write waits for at most one group's copy.
 */
#include "swap/copy.h"

#include <inttypes.h>
#include <string.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/operation.h"

#define KEYS_MAX  8192
#define BYTES_MAX (1024 * 1024)
#define GROUP_MAX 64
/* A group is made smaller while its values are more than this. */
#define GROUP_BYTES       ((size_t)1024 * 1024)
#define PROGRESS_EVERY_NS (50 * ZC_NS_PER_MS)
#define PAUSE_NS          (50 * ZC_NS_PER_MS)

/* Keys that were scanned and wait for their turn. */
typedef struct gatherer {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    zc_copy *copy;
    zcache_status (*group)(struct gatherer *gathering, size_t n, const zcache_slice keys[]);
    zcache_status status; /* why the scan was stopped */
    size_t group_max;
    int64_t begun_ns, told_ns;
    zc_entries old, new;
    size_t count, used;
    zcache_slice keys[KEYS_MAX], sorted[KEYS_MAX];
    unsigned char stripes[KEYS_MAX];
    char bytes[BYTES_MAX];
} gatherer;

static zcache_call call_of(const zc_copy *copy)
{
    int64_t now_ns = zc_now_ns();
    int64_t deadline_ns = now_ns + copy->timeout_ms * ZC_NS_PER_MS;
    return (zcache_call){.size = sizeof(zcache_call),
                         .started_ns = now_ns,
                         .deadline_ns =
                             deadline_ns < copy->deadline_ns ? deadline_ns : copy->deadline_ns};
}

/* ---- pace ------------------------------------------------------------------------------------ */

static void sleep_ns(int64_t ns)
{
    struct timespec left = {ns / 1000000000, ns % 1000000000};
    nanosleep(&left, NULL);
}

static bool is_aborted(zc_cache *cache)
{
    return atomic_load(&cache->abort_swap);
}

/* Tells the application how far it is, and waits while it wants a pause. */
static zcache_status tell(gatherer *gathering, bool at_once)
{
    zc_copy *copy = gathering->copy;
    int64_t now_ns = zc_now_ns();
    copy->done.elapsed_ns = now_ns - gathering->begun_ns;
    if (copy->progress == NULL || (!at_once && now_ns - gathering->told_ns < PROGRESS_EVERY_NS))
        return ZCACHE_OK;
    gathering->told_ns = now_ns;
    zcache_swap_decision decision;
    while ((decision = copy->progress(copy->user, &copy->done)) == ZCACHE_SWAP_PAUSE) {
        if (is_aborted(copy->cache) || zc_now_ns() >= copy->deadline_ns)
            break;
        sleep_ns(PAUSE_NS);
        copy->done.elapsed_ns = zc_now_ns() - gathering->begun_ns;
    }
    return decision == ZCACHE_SWAP_ABORT
               ? zc_error(ZCACHE_E_REFUSED, "the copy was given up by the application")
               : ZCACHE_OK;
}

/* After each group: failures, the application's wish, the rate. */
static zcache_status between_groups(gatherer *gathering)
{
    zc_copy *copy = gathering->copy;
    zcache_status status = zc_dual_failure(copy->dual);
    if (status != ZCACHE_OK)
        return status;
    if (is_aborted(copy->cache))
        return zc_error(ZCACHE_E_REFUSED, "the copy was given up: the swap was aborted");
    int64_t now_ns = zc_now_ns();
    if (now_ns >= copy->deadline_ns)
        return zc_error(ZCACHE_E_TIMEOUT,
                        "the copy was not complete at its deadline: %" PRIu64
                        " entries were copied",
                        copy->done.copied);
    if (copy->rate > 0) {
        int64_t due_ns =
            gathering->begun_ns + (int64_t)((double)copy->done.scanned / (double)copy->rate * 1e9);
        while (due_ns > now_ns && !is_aborted(copy->cache)) {
            int64_t wait_ns = due_ns - now_ns;
            sleep_ns(wait_ns < PAUSE_NS ? wait_ns : PAUSE_NS);
            now_ns = zc_now_ns();
        }
    }
    return tell(gathering, false);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Keeps a group's values within bounds. */
static void adapt_group(gatherer *gathering)
{
    if (gathering->old.used > GROUP_BYTES && gathering->group_max > 1)
        gathering->group_max /= 2;
    else if (gathering->old.used < GROUP_BYTES / 4 && gathering->group_max < GROUP_MAX)
        gathering->group_max *= 2;
}

/* Adds what old has of these keys to new. With their stripe's lock. */
static zcache_status copy_group(gatherer *gathering, size_t n, const zcache_slice keys[])
{
    zc_copy *copy = gathering->copy;
    zcache_call call = call_of(copy);
    zc_entries *entries = &gathering->old;
    zcache_status status = zc_entries_read(entries, zc_dual_old(copy->dual), &call, n, keys);
    if (status != ZCACHE_OK || entries->count == 0)
        return status;
    for (size_t i = 0; i < entries->count; i++)
        entries->items[i].mode = ZCACHE_SET_ADD; /* what is there was written meanwhile */
    call = call_of(copy);
    status = zc_side_set(zc_dual_new(copy->dual), &call, entries->count, entries->items);
    for (size_t i = 0; i < entries->count && status == ZCACHE_OK; i++) {
        const zcache_item *item = &entries->items[i];
        if (item->status == ZCACHE_OK) {
            copy->done.copied++;
            copy->done.bytes += item->key.size + item->value.size;
        } else if (item->status != ZCACHE_EXISTS) {
            status = item->status < ZCACHE_OK ? item->status : ZCACHE_E_INTERNAL;
        }
    }
    adapt_group(gathering);
    return status;
}

static const zcache_item *find_item(const zc_entries *entries, zcache_slice key)
{
    for (size_t i = 0; i < entries->count; i++)
        if (entries->items[i].key.data == key.data)
            return &entries->items[i];
    return NULL;
}

/* Whether new has the entry as old has it: the value, and whether it expires. An entry may have
 * expired in new and not yet in old, by as much as the two differ in their granules. */
static bool is_same(const zcache_item *old, const zcache_item *new)
{
    if (new == NULL)
        return old->ttl_ms != ZCACHE_TTL_NEVER && old->ttl_ms < 3000;
    return old->value.size == new->value.size &&
           (old->value.size == 0 ||
            memcmp(old->value.data, new->value.data, old->value.size) == 0) &&
           (old->ttl_ms == ZCACHE_TTL_NEVER) == (new->ttl_ms == ZCACHE_TTL_NEVER);
}

/* Compares what both have of these keys. With their stripe's lock. */
static zcache_status verify_group(gatherer *gathering, size_t n, const zcache_slice keys[])
{
    zc_copy *copy = gathering->copy;
    zcache_call call = call_of(copy);
    zcache_status status =
        zc_entries_read(&gathering->old, zc_dual_old(copy->dual), &call, n, keys);
    if (status != ZCACHE_OK)
        return status;
    call = call_of(copy);
    status = zc_entries_read(&gathering->new, zc_dual_new(copy->dual), &call, n, keys);
    if (status != ZCACHE_OK)
        return status;
    for (size_t i = 0; i < gathering->old.count; i++) {
        const zcache_item *old = &gathering->old.items[i];
        copy->done.verified++;
        if (is_same(old, find_item(&gathering->new, old->key)))
            continue;
        if (copy->done.differences++ == 0)
            zc_log_write(&copy->cache->log, ZCACHE_LOG_WARNING,
                         "verify: the first entry that differs has the key %.*s",
                         (int)old->key.size, (const char *)old->key.data);
    }
    adapt_group(gathering);
    return ZCACHE_OK;
}

/* ---- gathering ------------------------------------------------------------------------------- */

/* Sorts the keys by stripe. */
static void sort_keys(gatherer *gathering, size_t ends[ZC_STRIPES])
{
    size_t starts[ZC_STRIPES] = {0};
    for (size_t i = 0; i < gathering->count; i++) {
        gathering->stripes[i] = (unsigned char)zc_dual_stripe(gathering->keys[i]);
        starts[gathering->stripes[i]]++;
    }
    size_t next = 0;
    for (unsigned i = 0; i < ZC_STRIPES; i++) {
        size_t here = starts[i];
        starts[i] = next;
        next += here;
        ends[i] = next;
    }
    for (size_t i = 0; i < gathering->count; i++)
        gathering->sorted[starts[gathering->stripes[i]]++] = gathering->keys[i];
}

/* Takes all gathered keys through group(). */
static zcache_status work_off(gatherer *gathering)
{
    _Static_assert(ZC_STRIPES <= 256, "a stripe's number fits in a byte");
    zcache_status status = ZCACHE_OK;
    size_t ends[ZC_STRIPES];
    sort_keys(gathering, ends);
    size_t at = 0;
    for (unsigned i = 0; i < ZC_STRIPES && status == ZCACHE_OK; i++) {
        while (at < ends[i] && status == ZCACHE_OK) {
            size_t n = ends[i] - at;
            if (n > gathering->group_max)
                n = gathering->group_max;
            zc_dual_lock(gathering->copy->dual, i);
            status = gathering->group(gathering, n, &gathering->sorted[at]);
            zc_dual_unlock(gathering->copy->dual, i);
            gathering->copy->done.scanned += n;
            at += n;
            if (status == ZCACHE_OK)
                status = between_groups(gathering);
        }
    }
    gathering->count = 0;
    gathering->used = 0;
    return status;
}

static bool gather(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)meta;
    gatherer *gathering = (gatherer *)sink;
    zcache_slice prefix = gathering->copy->prefix;
    if (key.size <= prefix.size || key.size > ZC_KEY_MAX ||
        (prefix.size > 0 && memcmp(key.data, prefix.data, prefix.size) != 0))
        return true;
    if (gathering->count == KEYS_MAX || gathering->used + key.size > BYTES_MAX) {
        gathering->status = work_off(gathering);
        if (gathering->status != ZCACHE_OK)
            return false;
    }
    char *copy = gathering->bytes + gathering->used;
    memcpy(copy, key.data, key.size);
    gathering->keys[gathering->count++] = (zcache_slice){copy, key.size};
    gathering->used += key.size;
    return true;
}

/* Scans old and takes every key through group(). */
static zcache_status pass(gatherer *gathering,
                          zcache_status (*group)(struct gatherer *, size_t, const zcache_slice[]))
{
    zc_copy *copy = gathering->copy;
    gathering->group = group;
    gathering->status = ZCACHE_OK;
    gathering->begun_ns = zc_now_ns();
    copy->done.scanned = 0;
    zcache_call call = {
        .size = sizeof(call), .started_ns = gathering->begun_ns, .deadline_ns = copy->deadline_ns};
    zcache_status status =
        zc_side_scan(zc_dual_old(copy->dual), &call, copy->prefix, &gathering->sink);
    if (status == ZCACHE_OK)
        status = gathering->status;
    if (status == ZCACHE_OK)
        status = work_off(gathering);
    if (status == ZCACHE_OK)
        status = between_groups(gathering);
    if (status == ZCACHE_OK)
        status = tell(gathering, true);
    return status;
}

zcache_status zc_copy_run(zc_copy *copy)
{
    gatherer *gathering = zc_alloc(sizeof(*gathering));
    if (gathering == NULL)
        return zc_error_nomem();
    gathering->sink.key = gather;
    gathering->copy = copy;
    gathering->group_max = GROUP_MAX;
    gathering->told_ns = 0;
    gathering->count = 0;
    gathering->used = 0;
    gathering->old = (zc_entries){0};
    gathering->new = (zc_entries){0};
    copy->done.phase = ZCACHE_SWAP_COPYING;
    zcache_status status = pass(gathering, copy_group);
    if (status != ZCACHE_OK)
        zc_error_prefix("copy: ");
    if (status == ZCACHE_OK && copy->verify) {
        copy->done.phase = ZCACHE_SWAP_VERIFYING;
        status = pass(gathering, verify_group);
        if (status == ZCACHE_OK && copy->done.differences > 0)
            status =
                zc_error(ZCACHE_E_SERVER,
                         "%" PRIu64 " of %" PRIu64 " entries differ in the new provider (is it "
                         "too small for all of them?)",
                         copy->done.differences, copy->done.verified);
        if (status != ZCACHE_OK)
            zc_error_prefix("verify: ");
    }
    zc_entries_free(&gathering->old);
    zc_entries_free(&gathering->new);
    zc_free(gathering);
    return status;
}
