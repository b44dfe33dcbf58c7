/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reads: a read takes a slot with two atomic operations on a cache line that other threads mostly
 * leave alone, renews the transaction that it finds there, and gives both back. With MDB_NOTLS
 * LMDB makes no pthread key, and the transaction belongs to whoever holds the slot.
 */
#include "store.h"

#include <errno.h>
#include <time.h>

#include "writer.h"

static const struct timespec a_moment = {.tv_nsec = 100000};

/* ---- slots ----------------------------------------------------------------------------------- */

static bool try_take(lmdb_slot *slot)
{
    int free = 0;
    return atomic_load_explicit(&slot->busy, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&slot->busy, &free, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Each thread begins at a place of its own, so that it mostly finds its slot free and warm. */
static size_t first_place(void)
{
    return (size_t)(((uint64_t)pthread_self() * UINT64_C(0x9e3779b97f4a7c15)) >> 58) % LMDB_SLOTS;
}

lmdb_slot *lmdb_slot_take(lmdb_store *store, int64_t deadline_ns)
{
    size_t first = first_place();
    for (;;) {
        for (size_t i = 0; i < LMDB_SLOTS; i++) {
            lmdb_slot *slot = &store->slots[(first + i) % LMDB_SLOTS];
            if (try_take(slot))
                return slot;
        }
        if (store->now_ns() >= deadline_ns)
            return NULL;
        nanosleep(&a_moment, NULL); /* 64 others read, or the map is made anew: both are short */
    }
}

void lmdb_slot_give(lmdb_slot *slot)
{
    atomic_store_explicit(&slot->busy, 0, memory_order_release);
}

void lmdb_slots_take_all(lmdb_store *store)
{
    for (size_t i = 0; i < LMDB_SLOTS; i++)
        while (!try_take(&store->slots[i]))
            nanosleep(&a_moment, NULL);
}

void lmdb_slots_give_all(lmdb_store *store)
{
    for (size_t i = 0; i < LMDB_SLOTS; i++)
        lmdb_slot_give(&store->slots[i]);
}

/* ---- reads ----------------------------------------------------------------------------------- */

static int begin(lmdb_store *store, lmdb_slot *slot)
{
    if (slot->txn != NULL) {
        int rc = mdb_txn_renew(slot->txn);
        if (rc != MDB_BAD_RSLOT)
            return rc;
        mdb_txn_abort(slot->txn);
        slot->txn = NULL;
    }
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &slot->txn);
    if (rc != 0)
        slot->txn = NULL;
    return rc;
}

/* LMDB's table is full: of dead processes, perhaps; or another slot has a place in it already. */
static lmdb_slot *find_place(lmdb_store *store, lmdb_slot *slot)
{
    int dead = 0;
    if (mdb_reader_check(store->env, &dead) == 0 && dead > 0)
        return slot;
    for (size_t i = 0; i < LMDB_SLOTS; i++) {
        lmdb_slot *other = &store->slots[i];
        if (other == slot || !try_take(other))
            continue;
        if (other->txn != NULL) {
            lmdb_slot_give(slot);
            return other;
        }
        lmdb_slot_give(other);
    }
    return slot;
}

static zcache_status late(const lmdb_store *store, lmdb_failure *failure)
{
    return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                     "lmdb at %s: the deadline passed before the read could begin", store->path);
}

zcache_status lmdb_read_begin(lmdb_store *store, int64_t deadline_ns, lmdb_slot **slot,
                              lmdb_failure *failure)
{
    for (;;) {
        lmdb_slot *taken = lmdb_slot_take(store, deadline_ns);
        if (taken == NULL)
            return late(store, failure);
        zcache_status status = ZCACHE_OK;
        int rc = 0;
        bool ready = atomic_load_explicit(&store->state, memory_order_acquire) == LMDB_READY;
        if (ready) {
            rc = begin(store, taken);
            if (rc == MDB_READERS_FULL) {
                taken = find_place(store, taken);
                rc = begin(store, taken);
            }
            if (rc == 0) {
                *slot = taken;
                return ZCACHE_OK;
            }
        }
        lmdb_slot_give(taken);
        if (!ready)
            status = lmdb_ready(store, deadline_ns, failure);
        else if (rc == MDB_MAP_RESIZED || rc == MDB_PANIC)
            status = lmdb_writer_mend(store, deadline_ns, failure);
        else if (rc != MDB_READERS_FULL || store->now_ns() >= deadline_ns)
            status = lmdb_explain(failure, store, "reading", rc);
        else
            nanosleep(&a_moment, NULL);
        if (status != ZCACHE_OK)
            return status;
    }
}

void lmdb_read_end(lmdb_slot *slot)
{
    mdb_txn_reset(slot->txn);
    lmdb_slot_give(slot);
}
