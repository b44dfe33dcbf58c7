/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * get and peek: all keys of a call see one snapshot, and values go to the sink from the map.
 */
#include "writer.h"

#define KEYS_A_DEADLINE 64

typedef struct reading {
    lmdb_instance *instance;
    lmdb_slot *slot;
    bool with_value, with_ttl;
    zcache_sink *sink;
} reading;

static void read_one(const reading *read, size_t i, zcache_slice key)
{
    const lmdb_store *store = read->instance->store;
    lmdb_found found;
    int rc = lmdb_find(read->slot->txn, store->entries, key, &found);
    if (rc != 0) {
        lmdb_failure failure;
        zcache_status status = lmdb_explain(&failure, store, "reading", rc);
        const zcache_host *host = read->instance->host;
        read->sink->fail(read->sink, i, host->error(host, status, "%s", failure.text));
        return;
    }
    if (!found.is_there)
        return;
    const zcache_meta meta = {.ttl_ms = read->with_ttl ? lmdb_ttl_ms(found.header.expires_ms)
                                                       : ZCACHE_TTL_UNKNOWN,
                              .cas = found.header.version};
    read->sink->hit(read->sink, i, read->with_value ? found.value : zcache_bytes_of(NULL, 0),
                    &meta);
}

static zcache_status read_all(reading *read, const zcache_call *call, size_t n,
                              const zcache_slice keys[])
{
    lmdb_store *store = read->instance->store;
    const zcache_host *host = read->instance->host;
    lmdb_failure failure;
    zcache_status status = lmdb_read_begin(store, call->deadline_ns, &read->slot, &failure);
    if (status != ZCACHE_OK)
        return host->error(host, status, "%s", failure.text);
    for (size_t i = 0; i < n && status == ZCACHE_OK; i++) {
        if (i % KEYS_A_DEADLINE == KEYS_A_DEADLINE - 1 && store->now_ns() >= call->deadline_ns)
            status = host->error(host, ZCACHE_E_TIMEOUT,
                                 "lmdb at %s: the deadline passed before the read was done",
                                 store->path);
        else
            read_one(read, i, keys[i]);
    }
    lmdb_read_end(read->slot);
    return status;
}

zcache_status lmdb_get(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                       zcache_sink *sink)
{
    reading read = {.instance = self,
                    .with_value = true,
                    .with_ttl = (call->flags & ZCACHE_CALL_TTL) != 0,
                    .sink = sink};
    return read_all(&read, call, n, keys);
}

zcache_status lmdb_peek(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                        zcache_sink *sink)
{
    reading read = {.instance = self, .with_value = false, .with_ttl = true, .sink = sink};
    return read_all(&read, call, n, keys);
}
