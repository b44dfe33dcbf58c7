/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * set, del, touch and clear: each has a function that carries out one item in the writer's
 * transaction, and one that submits a batch and brings the results back.
 */
#include <string.h>

#include "operations.h"

zcache_status lmdb_run(lmdb_instance *instance, lmdb_request *request, int64_t deadline_ns)
{
    lmdb_failure failure;
    zcache_status status = lmdb_submit(request, deadline_ns, &failure);
    const zcache_host *host = instance->host;
    if (status != ZCACHE_OK)
        return host->error(host, status, "%s", failure.text);
    if (request->failure.status < ZCACHE_OK)
        (void)host->error(host, request->failure.status, "%s", request->failure.text);
    return ZCACHE_OK;
}

lmdb_request *lmdb_begin(lmdb_instance *instance, lmdb_apply_fn *apply, const void *input, size_t n)
{
    lmdb_failure failure;
    lmdb_request *request = lmdb_request_new(instance->store, apply, input, n, &failure);
    if (request == NULL)
        (void)instance->host->error(instance->host, failure.status, "%s", failure.text);
    return request;
}

/* ---- set ------------------------------------------------------------------------------------- */

/* What the mode says to what is there: ZCACHE_OK, or why nothing is written. */
static zcache_status by_mode(const zcache_item *item, const lmdb_found *found)
{
    switch (item->mode) {
    case ZCACHE_SET_ADD:
        return found->is_there ? ZCACHE_EXISTS : ZCACHE_OK;
    case ZCACHE_SET_REPLACE:
        return found->is_there ? ZCACHE_OK : ZCACHE_MISS;
    case ZCACHE_SET_CAS:
        return !found->is_there                     ? ZCACHE_MISS
               : found->header.version == item->cas ? ZCACHE_OK
                                                    : ZCACHE_CONFLICT;
    default:
        return ZCACHE_OK;
    }
}

static int set_one(lmdb_work *work, lmdb_request *request, size_t i)
{
    const zcache_item *item = (const zcache_item *)request->input + i;
    zcache_status *status = &request->results[i].status;
    lmdb_found found;
    int rc = lmdb_find(work->txn, work->store->entries, item->key, &found);
    if (rc != 0)
        return rc;
    *status = by_mode(item, &found);
    if (*status != ZCACHE_OK)
        return 0;
    /* what is no longer than what it replaces needs no room that lasts */
    if (!found.stored || item->value.size > found.value.size)
        rc = lmdb_make_room(work, item->key, item->value.size, status, &request->failure);
    if (rc != 0 || *status != ZCACHE_OK)
        return rc;
    return lmdb_store_value(work, item->key, &found, item->value, lmdb_expires_ms(item->ttl_ms));
}

zcache_status lmdb_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    lmdb_instance *instance = self;
    lmdb_request *request = lmdb_begin(instance, set_one, items, n);
    if (request == NULL)
        return ZCACHE_E_NOMEM;
    zcache_status status = lmdb_run(instance, request, call->deadline_ns);
    if (status != ZCACHE_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        items[i].status = request->results[i].status;
    lmdb_request_free(request);
    return ZCACHE_OK;
}

/* ---- del, touch ------------------------------------------------------------------------------ */

static int del_one(lmdb_work *work, lmdb_request *request, size_t i)
{
    zcache_slice key = ((const zcache_slice *)request->input)[i];
    lmdb_found found;
    int rc = lmdb_find(work->txn, work->store->entries, key, &found);
    if (rc != 0)
        return rc;
    request->results[i].status = found.is_there ? ZCACHE_OK : ZCACHE_MISS;
    work->tally.deletes += found.is_there;
    work->tally.expirations += found.stored && !found.is_there;
    return found.stored ? lmdb_remove(work, key, &found) : 0;
}

static int touch_one(lmdb_work *work, lmdb_request *request, size_t i)
{
    zcache_slice key = ((const zcache_slice *)request->input)[i];
    lmdb_found found;
    int rc = lmdb_find(work->txn, work->store->entries, key, &found);
    if (rc != 0)
        return rc;
    request->results[i].status = found.is_there ? ZCACHE_OK : ZCACHE_MISS;
    if (!found.is_there)
        return 0;
    return lmdb_store_expiry(work, key, &found, lmdb_expires_ms(request->number));
}

static zcache_status run_on_keys(lmdb_instance *instance, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], lmdb_apply_fn *apply, int64_t ttl_ms,
                                 zcache_status status[])
{
    lmdb_request *request = lmdb_begin(instance, apply, keys, n);
    if (request == NULL)
        return ZCACHE_E_NOMEM;
    request->number = ttl_ms;
    zcache_status all = lmdb_run(instance, request, call->deadline_ns);
    if (all != ZCACHE_OK)
        return all;
    for (size_t i = 0; i < n; i++)
        status[i] = request->results[i].status;
    lmdb_request_free(request);
    return ZCACHE_OK;
}

zcache_status lmdb_del(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                       zcache_status status[])
{
    return run_on_keys(self, call, n, keys, del_one, 0, status);
}

zcache_status lmdb_touch(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                         int64_t ttl_ms, zcache_status status[])
{
    return run_on_keys(self, call, n, keys, touch_one, ttl_ms, status);
}

/* ---- clear ----------------------------------------------------------------------------------- */

static int clear_all(lmdb_work *work, lmdb_request *request, size_t i)
{
    const MDB_dbi all[] = {work->store->entries, work->store->order, work->store->expiry};
    MDB_stat stat;
    int rc = mdb_stat(work->txn, work->store->entries, &stat);
    for (size_t j = 0; j < sizeof(all) / sizeof(all[0]) && rc == 0; j++)
        rc = mdb_drop(work->txn, all[j], 0);
    work->dirty = true;
    work->budget = 0; /* a list of pages may be long: commit it by itself */
    work->tally.deletes += stat.ms_entries;
    request->results[i].status = ZCACHE_OK;
    return rc;
}

/* The first key with the prefix, copied. MDB_NOTFOUND: none. */
static int first_with_prefix(lmdb_work *work, const lmdb_request *request,
                             unsigned char key[LMDB_KEY_MAX], size_t *size)
{
    MDB_cursor *cursor;
    MDB_val at = {request->prefix_size, request->prefix}, value;
    int rc = mdb_cursor_open(work->txn, work->store->entries, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &at, &value, MDB_SET_RANGE);
    if (rc == 0 && (at.mv_size < request->prefix_size ||
                    memcmp(at.mv_data, request->prefix, request->prefix_size) != 0))
        rc = MDB_NOTFOUND;
    if (rc == 0) {
        *size = at.mv_size < LMDB_KEY_MAX ? at.mv_size : LMDB_KEY_MAX;
        memcpy(key, at.mv_data, *size);
    }
    mdb_cursor_close(cursor);
    return rc;
}

static int clear_some(lmdb_work *work, lmdb_request *request, size_t i)
{
    unsigned char key[LMDB_KEY_MAX];
    size_t size;
    int rc = 0;
    while (rc == 0 && work->budget > 0) {
        lmdb_found found;
        rc = first_with_prefix(work, request, key, &size);
        if (rc != 0)
            break;
        rc = lmdb_find(work->txn, work->store->entries, zcache_bytes_of(key, size), &found);
        if (rc == 0)
            rc = lmdb_remove(work, zcache_bytes_of(key, size), &found);
        work->tally.deletes++;
    }
    request->results[i].status = ZCACHE_OK;
    return rc == MDB_NOTFOUND ? 0 : rc == 0 ? LMDB_AGAIN : rc;
}

zcache_status lmdb_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    lmdb_instance *instance = self;
    const zcache_host *host = instance->host;
    lmdb_request *request =
        lmdb_begin(instance, prefix.size == 0 ? clear_all : clear_some, NULL, 1);
    if (request == NULL)
        return ZCACHE_E_NOMEM;
    request->owned = true;
    if (prefix.size > 0) {
        request->prefix = instance->store->alloc(prefix.size);
        if (request->prefix == NULL) {
            lmdb_request_free(request);
            return host->error(host, ZCACHE_E_NOMEM, "lmdb: out of memory clearing");
        }
        memcpy(request->prefix, prefix.data, prefix.size);
        request->prefix_size = prefix.size;
    }
    zcache_status status = lmdb_run(instance, request, call->deadline_ns);
    if (status != ZCACHE_OK)
        return status;
    status = request->results[0].status;
    lmdb_request_free(request);
    return status;
}
