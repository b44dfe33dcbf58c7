/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * scan: keys in their order, some at a time. Each time a short read fills a buffer, which is given
 * to the sink when the read has ended: the sink may do what it likes, and however long it takes, no
 * old snapshot keeps pages from being used again. The next read goes on behind the last key, so a
 * key that is there throughout is given exactly once.
 */
#include <string.h>

#include "writer.h"

#define SCAN_BUFFER (16 * 1024)

/* A key in the buffer, its bytes after it. */
typedef struct scanned {
    record_header header;
    size_t key_size;
} scanned;

typedef struct scan {
    lmdb_instance *instance;
    zcache_slice prefix;
    unsigned char last[LMDB_KEY_MAX]; /* the key that was read last */
    size_t last_size;
    bool started, ended;
    size_t used;
    _Alignas(scanned) unsigned char buffer[SCAN_BUFFER];
} scan;

static size_t scanned_size(size_t key_size)
{
    const size_t align = _Alignof(scanned);
    return (sizeof(scanned) + key_size + align - 1) / align * align;
}

static bool has_prefix(const scan *self, const MDB_val *key)
{
    return key->mv_size >= self->prefix.size &&
           (self->prefix.size == 0 ||
            memcmp(key->mv_data, self->prefix.data, self->prefix.size) == 0);
}

/* The first key behind the last, or with the prefix. */
static int seek(scan *self, MDB_cursor *cursor, MDB_val *key, MDB_val *value)
{
    if (!self->started && self->prefix.size == 0)
        return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    zcache_slice from = self->started ? zcache_bytes_of(self->last, self->last_size) : self->prefix;
    *key = (MDB_val){.mv_size = from.size, .mv_data = (void *)(uintptr_t)from.data};
    int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (rc == 0 && self->started && key->mv_size == from.size &&
        memcmp(key->mv_data, from.data, from.size) == 0)
        rc = mdb_cursor_get(cursor, key, value, MDB_NEXT);
    return rc;
}

static int fill(scan *self, MDB_cursor *cursor)
{
    const int64_t now_ms = lmdb_wall_ms();
    MDB_val key, value;
    int rc = seek(self, cursor, &key, &value);
    self->used = 0;
    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        scanned copy = {.key_size = key.mv_size};
        if (!has_prefix(self, &key))
            return MDB_NOTFOUND;
        if (key.mv_size > LMDB_KEY_MAX || value.mv_size < sizeof(copy.header))
            return MDB_CORRUPTED;
        if (scanned_size(key.mv_size) > SCAN_BUFFER - self->used)
            return 0;
        memcpy(self->last, key.mv_data, key.mv_size);
        self->last_size = key.mv_size;
        self->started = true;
        memcpy(&copy.header, value.mv_data, sizeof(copy.header));
        if (copy.header.expires_ms <= now_ms)
            continue;
        memcpy(self->buffer + self->used, &copy, sizeof(copy));
        memcpy(self->buffer + self->used + sizeof(copy), key.mv_data, key.mv_size);
        self->used += scanned_size(key.mv_size);
    }
    return rc;
}

/* Reads the next keys; self->ended: there are no more. */
static zcache_status read_some(scan *self, int64_t deadline_ns, lmdb_failure *failure)
{
    lmdb_store *store = self->instance->store;
    lmdb_slot *slot;
    MDB_cursor *cursor;
    zcache_status status = lmdb_read_begin(store, deadline_ns, &slot, failure);
    if (status != ZCACHE_OK)
        return status;
    int rc = mdb_cursor_open(slot->txn, store->entries, &cursor);
    if (rc == 0) {
        rc = fill(self, cursor);
        mdb_cursor_close(cursor);
    }
    lmdb_read_end(slot);
    self->ended = rc == MDB_NOTFOUND;
    return rc == 0 || self->ended ? ZCACHE_OK : lmdb_explain(failure, store, "scanning", rc);
}

/* Gives the buffered keys to the sink; *more: whether it wants others. */
static zcache_status give(scan *self, int64_t deadline_ns, zcache_scan_sink *sink, bool *more,
                          lmdb_failure *failure)
{
    const lmdb_store *store = self->instance->store;
    for (size_t at = 0; at < self->used && *more;) {
        scanned key;
        memcpy(&key, self->buffer + at, sizeof(key));
        if (store->now_ns() >= deadline_ns)
            return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                             "lmdb at %s: the deadline passed before the scan was done",
                             store->path);
        const zcache_meta meta = {.ttl_ms = lmdb_ttl_ms(key.header.expires_ms),
                                  .cas = key.header.version};
        if (key.header.expires_ms == LMDB_NEVER || lmdb_wall_ms() < key.header.expires_ms)
            *more = sink->key(sink, zcache_bytes_of(self->buffer + at + sizeof(key), key.key_size),
                              &meta);
        at += scanned_size(key.key_size);
    }
    return ZCACHE_OK;
}

zcache_status lmdb_scan(void *user, const zcache_call *call, zcache_slice prefix,
                        zcache_scan_sink *sink)
{
    lmdb_instance *instance = user;
    const zcache_host *host = instance->host;
    lmdb_failure failure;
    zcache_status status = ZCACHE_OK;
    bool more = true;
    scan *self = host->alloc(sizeof(*self));
    if (self == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "lmdb: out of memory scanning");
    self->instance = instance;
    self->prefix = prefix;
    self->started = self->ended = false;
    while (status == ZCACHE_OK && more && !self->ended) {
        status = read_some(self, call->deadline_ns, &failure);
        if (status == ZCACHE_OK)
            status = give(self, call->deadline_ns, sink, &more, &failure);
    }
    host->free(self);
    return status == ZCACHE_OK ? status : host->error(host, status, "%s", failure.text);
}
