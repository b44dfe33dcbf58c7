/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One entry: its record and its places in the two indexes, which every write keeps together. A
 * write that fails half way fails the whole transaction, so they never part.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "writer.h"

/* ---- the clock ------------------------------------------------------------------------------- */

static struct timespec wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

int64_t lmdb_wall_ms(void)
{
    struct timespec now = wall_clock();
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t lmdb_wall_ms_up(void)
{
    struct timespec now = wall_clock();
    return (int64_t)now.tv_sec * 1000 + (now.tv_nsec + 999999) / 1000000;
}

int64_t lmdb_expires_ms(int64_t ttl_ms)
{
    return ttl_ms == ZCACHE_TTL_NEVER ? LMDB_NEVER : lmdb_wall_ms_up() + ttl_ms;
}

int64_t lmdb_ttl_ms(int64_t expires_ms)
{
    if (expires_ms == LMDB_NEVER)
        return ZCACHE_TTL_NEVER;
    int64_t left = expires_ms - lmdb_wall_ms_up();
    return left < 1 ? 1 : left;
}

/* ---- keys of the indexes --------------------------------------------------------------------- */

void lmdb_order_key(uint64_t version, unsigned char key[8])
{
    uint64_t big = htobe64(version);
    memcpy(key, &big, sizeof(big));
}

uint64_t lmdb_order_number(const unsigned char key[8])
{
    uint64_t big;
    memcpy(&big, key, sizeof(big));
    return be64toh(big);
}

static void expiry_key(const record_header *header, unsigned char key[LMDB_INDEX_KEY])
{
    lmdb_order_key((uint64_t)header->expires_ms, key);
    lmdb_order_key(header->version, key + 8);
}

static MDB_val bytes(const void *data, size_t size)
{
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)data}; /* LMDB only reads it */
    return value;
}

/* ---- reading --------------------------------------------------------------------------------- */

int lmdb_find(MDB_txn *txn, MDB_dbi entries, zcache_slice key, lmdb_found *found)
{
    MDB_val wanted = bytes(key.data, key.size), value;
    found->stored = found->is_there = false;
    int rc = mdb_get(txn, entries, &wanted, &value);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (value.mv_size < sizeof(record_header))
        return MDB_CORRUPTED;
    memcpy(&found->header, value.mv_data, sizeof(record_header));
    found->stored = true;
    found->is_there =
        found->header.expires_ms == LMDB_NEVER || lmdb_wall_ms() < found->header.expires_ms;
    found->value = zcache_bytes_of((const char *)value.mv_data + sizeof(record_header),
                                   value.mv_size - sizeof(record_header));
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* An index without an entry that its record tells of is no reason to fail. */
static int remove_from(lmdb_work *work, MDB_dbi index, const unsigned char *key, size_t size)
{
    MDB_val place = bytes(key, size);
    int rc = mdb_del(work->txn, index, &place, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int leave_order(lmdb_work *work, const record_header *header)
{
    unsigned char place[8];
    lmdb_order_key(header->version, place);
    return remove_from(work, work->store->order, place, sizeof(place));
}

static int leave_expiry(lmdb_work *work, const record_header *header)
{
    unsigned char place[LMDB_INDEX_KEY];
    if (header->expires_ms == LMDB_NEVER)
        return 0;
    expiry_key(header, place);
    return remove_from(work, work->store->expiry, place, sizeof(place));
}

static int enter_order(lmdb_work *work, const record_header *header, zcache_slice key)
{
    unsigned char place[8];
    lmdb_order_key(header->version, place);
    MDB_val at = bytes(place, sizeof(place)), data = bytes(key.data, key.size);
    int rc = mdb_put(work->txn, work->store->order, &at, &data, MDB_APPEND);
    /* not the last: the store was restored by hand */
    return rc == MDB_KEYEXIST ? mdb_put(work->txn, work->store->order, &at, &data, 0) : rc;
}

static int enter_expiry(lmdb_work *work, const record_header *header, zcache_slice key)
{
    unsigned char place[LMDB_INDEX_KEY];
    if (header->expires_ms == LMDB_NEVER)
        return 0;
    expiry_key(header, place);
    MDB_val at = bytes(place, sizeof(place)), data = bytes(key.data, key.size);
    return mdb_put(work->txn, work->store->expiry, &at, &data, 0);
}

static int put_record(lmdb_work *work, const record_header *header, zcache_slice key,
                      zcache_slice value)
{
    MDB_val at = bytes(key.data, key.size), room = {.mv_size = sizeof(*header) + value.size};
    int rc = mdb_put(work->txn, work->store->entries, &at, &room, MDB_RESERVE);
    if (rc != 0)
        return rc;
    memcpy(room.mv_data, header, sizeof(*header));
    if (value.size > 0)
        memcpy((char *)room.mv_data + sizeof(*header), value.data, value.size);
    return 0;
}

int lmdb_store_value(lmdb_work *work, zcache_slice key, const lmdb_found *found, zcache_slice value,
                     int64_t expires_ms)
{
    const record_header header = {.version = work->version + 1, .expires_ms = expires_ms};
    int rc = 0;
    work->dirty = true;
    work->budget -= 4 + (int64_t)lmdb_value_pages(work->store, value.size);
    if (found->stored) {
        rc = leave_order(work, &found->header);
        if (rc == 0)
            rc = leave_expiry(work, &found->header);
        work->tally.expirations += !found->is_there;
    }
    if (rc == 0)
        rc = put_record(work, &header, key, value);
    if (rc == 0)
        rc = enter_order(work, &header, key);
    if (rc == 0)
        rc = enter_expiry(work, &header, key);
    work->version++;
    work->tally.writes++;
    return rc;
}

int lmdb_store_expiry(lmdb_work *work, zcache_slice key, const lmdb_found *found,
                      int64_t expires_ms)
{
    const record_header header = {.version = found->header.version, .expires_ms = expires_ms};
    work->dirty = true;
    work->budget -= 4 + (int64_t)lmdb_value_pages(work->store, found->value.size);
    /* LMDB moves pages while it writes: the value must not lie on one of them. */
    void *copy = work->store->alloc(found->value.size + 1);
    if (copy == NULL)
        return ENOMEM;
    if (found->value.size > 0)
        memcpy(copy, found->value.data, found->value.size);
    int rc = leave_expiry(work, &found->header);
    if (rc == 0)
        rc = put_record(work, &header, key, zcache_bytes_of(copy, found->value.size));
    if (rc == 0)
        rc = enter_expiry(work, &header, key);
    work->store->free(copy);
    return rc;
}

int lmdb_remove(lmdb_work *work, zcache_slice key, const lmdb_found *found)
{
    MDB_val at = bytes(key.data, key.size);
    work->dirty = true;
    work->budget -= 3;
    int rc = leave_order(work, &found->header);
    if (rc == 0)
        rc = leave_expiry(work, &found->header);
    return rc == 0 ? mdb_del(work->txn, work->store->entries, &at, NULL) : rc;
}
