/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * incr: read, add and write in the writer's transaction, which no other process's can come between.
 */
#include <inttypes.h>
#include <stdio.h>

#include "operations.h"

static zcache_status add(const lmdb_store *store, const lmdb_found *found, int64_t delta,
                         lmdb_result *result, lmdb_failure *failure)
{
    int64_t number = 0;
    if (found->is_there && !zcache_counter_of(found->value, &number))
        return lmdb_fail(failure, ZCACHE_E_TYPE,
                         "lmdb at %s: the value is not the decimal text of a signed 64-bit number",
                         store->path);
    if (__builtin_add_overflow(number, delta, &result->number))
        return lmdb_fail(failure, ZCACHE_E_RANGE,
                         "lmdb at %s: the result would not be a signed 64-bit number", store->path);
    return ZCACHE_OK;
}

static int incr_one(lmdb_work *work, lmdb_request *request, size_t i)
{
    const zcache_increment *increment = (const zcache_increment *)request->input + i;
    lmdb_result *result = &request->results[i];
    lmdb_found found;
    char text[ZCACHE_COUNTER_SIZE];
    int rc = lmdb_find(work->txn, work->store->entries, increment->key, &found);
    if (rc != 0)
        return rc;
    result->status = add(work->store, &found, increment->delta, result, &request->failure);
    if (result->status != ZCACHE_OK)
        return 0;
    size_t size = (size_t)snprintf(text, sizeof(text), "%" PRId64, result->number);
    if (!found.stored) {
        rc = lmdb_make_room(work, increment->key, size, &result->status, &request->failure);
        if (rc != 0 || result->status != ZCACHE_OK)
            return rc;
    }
    int64_t expires_ms =
        found.is_there ? found.header.expires_ms : lmdb_expires_ms(increment->ttl_ms);
    return lmdb_store_value(work, increment->key, &found, zcache_bytes_of(text, size), expires_ms);
}

zcache_status lmdb_incr(void *self, const zcache_call *call, size_t n,
                        zcache_increment increments[])
{
    lmdb_instance *instance = self;
    lmdb_request *request = lmdb_begin(instance, incr_one, increments, n);
    if (request == NULL)
        return ZCACHE_E_NOMEM;
    zcache_status status = lmdb_run(instance, request, call->deadline_ns);
    if (status != ZCACHE_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        increments[i].status = request->results[i].status;
        increments[i].result = request->results[i].number;
    }
    lmdb_request_free(request);
    return ZCACHE_OK;
}
