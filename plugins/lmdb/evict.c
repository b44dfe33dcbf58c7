/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Room. The map is `size` long, and can hold no more. Of its pages, those that are in use may be so
 * many that an eighth stays free: LMDB never changes a page in place, and gives a page that was
 * freed to new use two transactions later, so that writes, deletes too, need free pages to work
 * with.
 *
 * What goes first when the limit is reached: what has expired, then what was written longest ago.
 * Order of writing, not of expiry: else what never expires would fill the store for good, and what
 * does expire would be evicted as soon as it is written. To know what was read last would make a
 * write of every read.
 */
#include <string.h>

#include "writer.h"

#define RESERVE_SHARE     8
#define RESERVE_PAGES_MIN 64
#define PAGES_A_WRITE     4 /* that a small one may take: splits up two or three trees */

/* ---- how full it is -------------------------------------------------------------------------- */

uint64_t lmdb_live_pages(lmdb_store *store, MDB_txn *txn)
{
    const MDB_dbi all[] = {0 /* LMDB's list of free pages */, store->main, store->entries,
                           store->order, store->expiry};
    uint64_t pages = 2; /* the meta pages */
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        MDB_stat stat;
        if (mdb_stat(txn, all[i], &stat) == 0)
            pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    }
    return pages;
}

/* Pages of its own, if it is too large to share one. */
uint64_t lmdb_value_pages(const lmdb_store *store, size_t value_size)
{
    size_t size = value_size + sizeof(record_header);
    return size < store->page_size / 4 ? 0 : (size + 16) / store->page_size + 1;
}

void lmdb_limits(lmdb_work *work)
{
    uint64_t pages = work->settings.size / work->store->page_size;
    work->reserve_pages = pages / RESERVE_SHARE;
    if (work->reserve_pages < RESERVE_PAGES_MIN)
        work->reserve_pages = RESERVE_PAGES_MIN;
    work->limit_pages = pages - work->reserve_pages;
}

/* ---- eviction -------------------------------------------------------------------------------- */

static bool is_same(const MDB_val *a, zcache_slice b)
{
    return a->mv_size == b.size && memcmp(a->mv_data, b.data, b.size) == 0;
}

/* The first of an index that is not `except`; MDB_NOTFOUND: none. The key is copied. */
static int first_of(lmdb_work *work, MDB_dbi index, zcache_slice except, unsigned char *place,
                    size_t place_size, unsigned char key[LMDB_KEY_MAX], size_t *key_size)
{
    MDB_cursor *cursor;
    MDB_val at, data;
    int rc = mdb_cursor_open(work->txn, index, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &at, &data, MDB_FIRST);
    if (rc == 0 && is_same(&data, except))
        rc = mdb_cursor_get(cursor, &at, &data, MDB_NEXT);
    if (rc == 0 && (at.mv_size != place_size || data.mv_size > LMDB_KEY_MAX))
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        memcpy(place, at.mv_data, place_size);
        memcpy(key, data.mv_data, data.mv_size);
        *key_size = data.mv_size;
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* Removes the entry that an index names, and the place in the index whatever it names. */
static int remove_by(lmdb_work *work, MDB_dbi index, unsigned char *place, size_t place_size,
                     zcache_slice key)
{
    lmdb_found found;
    MDB_val at = {place_size, place};
    int rc = lmdb_find(work->txn, work->store->entries, key, &found);
    if (rc == 0 && found.stored)
        rc = lmdb_remove(work, key, &found);
    if (rc == 0)
        rc = mdb_del(work->txn, index, &at, NULL);
    work->dirty = true;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The one that expired first, if any has; MDB_NOTFOUND: none has. */
static int remove_expired(lmdb_work *work, zcache_slice except, int64_t now_ms)
{
    unsigned char place[LMDB_INDEX_KEY], key[LMDB_KEY_MAX];
    size_t size;
    int rc = first_of(work, work->store->expiry, except, place, sizeof(place), key, &size);
    if (rc != 0)
        return rc;
    if ((int64_t)lmdb_order_number(place) > now_ms)
        return MDB_NOTFOUND;
    rc = remove_by(work, work->store->expiry, place, sizeof(place), zcache_bytes_of(key, size));
    work->tally.expirations++;
    return rc;
}

static int evict_one(lmdb_work *work, zcache_slice except, int64_t now_ms)
{
    unsigned char place[8], key[LMDB_KEY_MAX];
    size_t size;
    int rc = remove_expired(work, except, now_ms);
    if (rc != MDB_NOTFOUND)
        return rc;
    rc = first_of(work, work->store->order, except, place, sizeof(place), key, &size);
    if (rc != 0)
        return rc;
    rc = remove_by(work, work->store->order, place, sizeof(place), zcache_bytes_of(key, size));
    work->tally.evictions++;
    return rc;
}

int lmdb_evict_to(lmdb_work *work, uint64_t live_pages, bool *done)
{
    int64_t now_ms = lmdb_wall_ms();
    int rc = 0;
    while (rc == 0 && work->budget > 0 &&
           !(*done = lmdb_live_pages(work->store, work->txn) <= live_pages))
        rc = evict_one(work, zcache_bytes_of(NULL, 0), now_ms);
    if (rc != MDB_NOTFOUND)
        return rc;
    *done = true;
    return 0;
}

int lmdb_expire(lmdb_work *work)
{
    int64_t now_ms = lmdb_wall_ms();
    int rc = 0;
    while (rc == 0 && work->budget > 0)
        rc = remove_expired(work, zcache_bytes_of(NULL, 0), now_ms);
    return rc == MDB_NOTFOUND ? 0 : rc == 0 ? LMDB_AGAIN : rc;
}

/* ---- room for a write ------------------------------------------------------------------------ */

static zcache_status refuse(const lmdb_work *work, zcache_status status, size_t value_size,
                            lmdb_failure *failure)
{
    const lmdb_store *store = work->store;
    if (status == ZCACHE_E_TOO_LARGE)
        return lmdb_fail(failure, status,
                         "lmdb at %s: a value of %zu bytes does not fit into size = %llu beside "
                         "what LMDB needs to work: choose a larger size",
                         store->path, value_size, (unsigned long long)work->settings.size);
    return lmdb_fail(
        failure, status,
        "lmdb at %s: full: %llu bytes are in use of the %llu that size = %llu allows, "
        "and a value of %zu more bytes is refused: delete entries, choose a larger "
        "size, or set eviction = evict",
        store->path,
        (unsigned long long)(lmdb_live_pages(work->store, work->txn) * store->page_size),
        (unsigned long long)(work->limit_pages * store->page_size),
        (unsigned long long)work->settings.size, value_size);
}

int lmdb_make_room(lmdb_work *work, zcache_slice key, size_t value_size, zcache_status *status,
                   lmdb_failure *failure)
{
    uint64_t own = lmdb_value_pages(work->store, value_size), needed = own + PAGES_A_WRITE;
    *status = ZCACHE_OK;
    if (work->wanted_pages < own)
        work->wanted_pages = own;
    if (own * 2 > work->limit_pages) {
        *status = refuse(work, ZCACHE_E_TOO_LARGE, value_size, failure);
        return 0;
    }
    uint64_t live = lmdb_live_pages(work->store, work->txn);
    if (live + needed <= work->limit_pages)
        return 0;
    int64_t now_ms = lmdb_wall_ms();
    int rc = 0;
    while (rc == 0 && live + needed > work->limit_pages) {
        if (work->budget <= 0)
            return live + needed <= work->limit_pages + work->reserve_pages / 4 ? 0 : LMDB_AGAIN;
        rc = work->settings.eviction == LMDB_EVICT ? evict_one(work, key, now_ms)
                                                   : remove_expired(work, key, now_ms);
        live = lmdb_live_pages(work->store, work->txn);
    }
    if (rc != MDB_NOTFOUND)
        return rc;
    *status =
        refuse(work, work->settings.eviction == LMDB_EVICT ? ZCACHE_E_TOO_LARGE : ZCACHE_E_SERVER,
               value_size, failure);
    return 0;
}
