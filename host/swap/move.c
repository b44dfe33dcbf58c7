/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Three publishes: the composite of both (dual.h), under which the copy is made; then new, or, if
 * anything fails, old again. Operations that began before the first one know nothing of the copy,
 * so it starts when the last of them has ended.
 */
#include "swap/move.h"

#include <string.h>
#include <sys/random.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/operation.h"
#include "core/retire.h"
#include "swap/copy.h"

typedef struct mover {
    zc_generation *old, *new, *composite;
    zc_dual *dual;
    const zcache_swap_options *asked;
    zcache_slice prefix;
    bool may_clear; /* new may be emptied below the prefix */
    bool begun;     /* something may have been put into new */
    int64_t timeout_ns;
    zcache_swap_report *report;
} mover;

static zcache_call call_until(int64_t deadline_ns)
{
    return (zcache_call){
        .size = sizeof(zcache_call), .started_ns = zc_now_ns(), .deadline_ns = deadline_ns};
}

/* ---- are they two stores at all? ------------------------------------------------------------- */

#define PROBES       64
#define PROBE_TTL_MS 60000

typedef struct probe_sink {
    zcache_sink sink; /* first: the provider gives its address back */
    size_t seen;
} probe_sink;

static void probe_seen(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    (void)i;
    (void)value;
    (void)meta;
    ((probe_sink *)sink)->seen++;
}

static void probe_failed(zcache_sink *sink, size_t i, zcache_status status)
{
    (void)sink;
    (void)i;
    (void)status; /* not seen */
}

/* Random keys below the prefix, as long as the limit allows and 24 bytes more at most. */
static void make_probe(const mover *move, char key[ZC_KEY_MAX], zcache_slice *made)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";
    size_t room =
        move->old->key_max > move->prefix.size ? move->old->key_max - move->prefix.size : 1;
    if (room > 24)
        room = 24;
    unsigned char random[24];
    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        memset(random, (int)(zc_now_ns() & 0xff), sizeof(random));
    memcpy(key, move->prefix.data, move->prefix.size);
    for (size_t i = 0; i < room; i++)
        key[move->prefix.size + i] = i == 0 ? '~' : alphabet[random[i] % 32];
    *made = (zcache_slice){key, move->prefix.size + room};
}

/* Puts keys into new and looks for them in old: *shared tells how many of *made were seen there. */
static zcache_status probe(const mover *move, size_t *made, size_t *shared)
{
    const zc_side old = zc_side_of(move->old);
    const zc_side new = zc_side_of(move->new);
    char(*bytes)[ZC_KEY_MAX] = zc_alloc(PROBES * sizeof(*bytes));
    if (bytes == NULL)
        return zc_error_nomem();
    zcache_item items[PROBES];
    zcache_slice keys[PROBES];
    zcache_status statuses[PROBES];
    for (size_t i = 0; i < PROBES; i++) {
        items[i] = (zcache_item){.value = {"probe", 5},
                                 .ttl_ms = PROBE_TTL_MS,
                                 .mode = ZCACHE_SET_ADD,
                                 .status = ZC_STATUS_UNSET};
        make_probe(move, bytes[i], &items[i].key);
    }
    probe_sink sink = {.sink = {.hit = probe_seen, .fail = probe_failed}};
    zcache_call call = call_until(zc_now_ns() + move->timeout_ns);
    zcache_status status = zc_side_set(&new, &call, PROBES, items);
    *made = 0;
    for (size_t i = 0; i < PROBES; i++)
        if (items[i].status == ZCACHE_OK)
            keys[(*made)++] = items[i].key;
    if (*made > 0 && status == ZCACHE_OK)
        status = zc_side_get(&old, &call, *made, keys, &sink.sink);
    *shared = sink.seen;
    if (*made > 0) /* they expire, if this fails */
        (void)zc_side_del(&new, &call, *made, keys, statuses);
    zc_free(bytes);
    if (status == ZCACHE_OK && *made == 0)
        status = zc_error(ZCACHE_E_SERVER, "%s stores nothing", new.name);
    return status;
}

/* ---- new's old contents ---------------------------------------------------------------------- */

typedef struct first_key_sink {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    bool found;
} first_key_sink;

static bool stop_at_first(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)key;
    (void)meta;
    ((first_key_sink *)sink)->found = true;
    return false;
}

/* What new still has from an earlier time would come back to life: it is deleted. */
static zcache_status empty_new(const mover *move)
{
    const zc_side side = zc_side_of(move->new);
    zcache_call call = call_until(zc_now_ns() + move->asked->copy_timeout_ms * ZC_NS_PER_MS);
    if (move->may_clear) {
        zcache_status status = zc_side_clear(&side, &call, move->prefix);
        if (status != ZCACHE_OK)
            zc_error_prefix("emptying %s: ", side.name);
        return status;
    }
    first_key_sink first = {.sink = {.key = stop_at_first}};
    zcache_status status = zc_side_scan(&side, &call, move->prefix, &first.sink);
    if (status == ZCACHE_OK && first.found)
        return zc_error(ZCACHE_E_REFUSED,
                        "%s is not empty, and a cache without key_prefix may not delete what is in "
                        "it; set key_prefix, empty it, or set allow_flush = yes",
                        side.name);
    return status;
}

/* ---- giving up ------------------------------------------------------------------------------- */

#define DELETE_MAX 256

/* Deletes in new what old has: all that the copy can have put there. */
typedef struct delete_sink {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    const zc_side *new;
    const zcache_call *call;
    size_t count, used;
    zcache_slice keys[DELETE_MAX];
    zcache_status statuses[DELETE_MAX];
    char bytes[DELETE_MAX * ZC_KEY_MAX];
} delete_sink;

static void delete_gathered(delete_sink *deleting)
{
    if (deleting->count > 0)
        (void)zc_side_del(deleting->new, deleting->call, deleting->count, deleting->keys,
                          deleting->statuses); /* new may be what failed: as far as it goes */
    deleting->count = 0;
    deleting->used = 0;
}

static bool delete_in_new(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)meta;
    delete_sink *deleting = (delete_sink *)sink;
    if (key.size > ZC_KEY_MAX)
        return true;
    if (deleting->count == DELETE_MAX)
        delete_gathered(deleting);
    char *copy = deleting->bytes + deleting->used;
    memcpy(copy, key.data, key.size);
    deleting->keys[deleting->count++] = (zcache_slice){copy, key.size};
    deleting->used += key.size;
    return true;
}

static void remove_what_was_copied(const mover *move)
{
    const zc_side new = zc_side_of(move->new);
    zcache_call call = call_until(zc_now_ns() + move->timeout_ns);
    zcache_status status = ZCACHE_E_NOMEM;
    if (move->may_clear) {
        status = zc_side_clear(&new, &call, move->prefix);
    } else {
        const zc_side old = zc_side_of(move->old);
        delete_sink *deleting = zc_alloc(sizeof(*deleting));
        if (deleting != NULL) {
            *deleting = (delete_sink){.sink = {.key = delete_in_new}, .new = &new, .call = &call};
            status = zc_side_scan(&old, &call, move->prefix, &deleting->sink);
            delete_gathered(deleting);
        }
        zc_free(deleting);
    }
    if (status != ZCACHE_OK)
        zc_log_write(&move->old->cache->log, ZCACHE_LOG_WARNING,
                     "%s could not be emptied of what was copied to it before the copy was given "
                     "up: %s",
                     new.name, zcache_status_text(status));
}

/* Ends the new generation, which nothing but a composite may use. The message of the failure stays.
 */
static void end_new(zc_generation *new, int64_t timeout_ns)
{
    char message[ZC_ERROR_MAX];
    memcpy(message, zc_error_text(), strlen(zc_error_text()) + 1);
    zc_ending ending;
    atomic_store(&new->draining, true);
    zc_end(new, timeout_ns, &ending);
    zc_error(ZCACHE_OK, "%s", message);
}

/* Old takes over again; new ends. The message of the failure stays. */
static void give_up(mover *move)
{
    char message[ZC_ERROR_MAX];
    memcpy(message, zc_error_text(), strlen(zc_error_text()) + 1);
    zc_dual_enter(move->dual, ZC_PHASE_OLD);
    zc_generation_publish(move->old);
    if (move->begun)
        remove_what_was_copied(move);
    zc_ending ending;
    zc_end(move->composite, move->timeout_ns, &ending);
    zc_error(ZCACHE_OK, "%s", message);
    end_new(move->new, move->timeout_ns);
}

/* ---- the way forward ------------------------------------------------------------------------- */

/* How many entries old says it has. */
typedef struct items_sink {
    zcache_stat_sink sink; /* first: the provider gives its address back */
    uint64_t items;
} items_sink;

static void take_items(zcache_stat_sink *sink, const zcache_stat *stat)
{
    if (strcmp(stat->name, "items") == 0 && stat->number > 0)
        ((items_sink *)sink)->items = (uint64_t)stat->number;
}

static uint64_t estimate_total(const zc_generation *old, int64_t deadline_ns)
{
    items_sink items = {.sink = {.stat = take_items}};
    zcache_call call = call_until(deadline_ns);
    if (old->top.stats.call != NULL &&
        old->top.stats.call(old->top.stats.self, &call, &items.sink) != ZCACHE_OK)
        return 0;
    return items.items;
}

static zcache_status copy_all(mover *move)
{
    zc_copy copy = {.cache = move->old->cache,
                    .dual = move->dual,
                    .prefix = move->prefix,
                    .rate = move->asked->rate,
                    .verify = move->asked->verify,
                    .progress = move->asked->progress,
                    .user = move->asked->progress_user,
                    .deadline_ns = zc_now_ns() + move->asked->copy_timeout_ms * ZC_NS_PER_MS,
                    .timeout_ms = move->asked->timeout_ms};
    copy.done.total = estimate_total(move->old, zc_now_ns() + move->timeout_ns);
    zcache_status status = zc_copy_run(&copy);
    move->report->copied = copy.done.copied;
    move->report->copied_bytes = copy.done.bytes;
    move->report->verified = copy.done.verified;
    move->report->differences = copy.done.differences;
    return status;
}

static zcache_status move_forward(mover *move)
{
    if (!zc_drain_operations(move->old, zc_now_ns() + move->timeout_ns))
        return zc_error(ZCACHE_E_TIMEOUT,
                        "%zu operations that began before the copy have not ended",
                        zc_pin_count(move->old));
    int64_t begin_ns = zc_now_ns();
    zcache_status status = empty_new(move);
    if (status != ZCACHE_OK)
        return status;
    move->begun = true;
    zc_dual_enter(move->dual, ZC_PHASE_BOTH);
    status = copy_all(move);
    move->report->copy_ns = zc_now_ns() - begin_ns;
    return status;
}

static void publish_new(mover *move, const zc_generation *current)
{
    int64_t begin_ns = zc_now_ns();
    zc_generation_publish(move->new);
    move->report->publish_ns = zc_now_ns() - begin_ns;
    move->report->in_flight = zc_pin_count(current);
}

zcache_status zc_move(zc_generation *old, zc_generation *new, const zcache_swap_options *asked,
                      int64_t timeout_ns, zcache_swap_report *report)
{
    const zcache *root = &old->cache->root;
    mover move = {.old = old,
                  .new = new,
                  .asked = asked,
                  .prefix = {root->prefix, root->prefix_size},
                  .may_clear = root->prefix_size > 0 || zc_config_cache(new->config)->allow_flush,
                  .timeout_ns = timeout_ns,
                  .report = report};
    size_t probes, shared;
    zcache_status status = probe(&move, &probes, &shared);
    if (status == ZCACHE_OK && shared == probes) { /* another way to the same entries */
        publish_new(&move, old);
        return ZCACHE_OK;
    }
    if (status == ZCACHE_OK && shared > 0)
        status = zc_error(ZCACHE_E_REFUSED,
                          "the new provider keeps some of its entries in the same store as the old "
                          "one, so that neither can be copied to the other; swap cold");
    if (status == ZCACHE_OK)
        status = zc_dual_start(old, new, &move.composite);
    if (status != ZCACHE_OK) {
        end_new(new, timeout_ns);
        return status;
    }
    move.dual = move.composite->composite;
    zc_generation_publish(move.composite);
    status = move_forward(&move);
    if (status == ZCACHE_OK)
        status = zc_dual_enter(move.dual, ZC_PHASE_NEW);
    if (status != ZCACHE_OK) {
        give_up(&move);
        return status;
    }
    publish_new(&move, move.composite);
    zc_ending ending;
    zc_end(move.composite, timeout_ns, &ending);
    return ZCACHE_OK;
}
