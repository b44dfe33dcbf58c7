/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * ping, stats and quiesce.
 */
#include <string.h>

#include "writer.h"

/* A read of the store's header: it is open, mapped and ours. */
zcache_status lmdb_ping(void *self, const zcache_call *call)
{
    lmdb_instance *instance = self;
    lmdb_store *store = instance->store;
    const zcache_host *host = instance->host;
    lmdb_failure failure;
    lmdb_slot *slot;
    MDB_val key = {sizeof(LMDB_HEADER_KEY) - 1, (void *)(uintptr_t)LMDB_HEADER_KEY}, value;
    zcache_status status = lmdb_read_begin(store, call->deadline_ns, &slot, &failure);
    if (status == ZCACHE_OK) {
        int rc = mdb_get(slot->txn, store->main, &key, &value);
        if (rc != 0)
            status = lmdb_explain(&failure, store, "reading", rc);
        lmdb_read_end(slot);
    }
    return status == ZCACHE_OK ? status : host->error(host, status, "%s", failure.text);
}

typedef struct figures {
    uint64_t items, live_bytes, file_bytes, size, readers;
} figures;

static zcache_status measure(lmdb_store *store, const zcache_call *call, figures *now,
                             lmdb_failure *failure)
{
    lmdb_slot *slot;
    MDB_stat stat;
    MDB_envinfo info;
    zcache_status status = lmdb_read_begin(store, call->deadline_ns, &slot, failure);
    if (status != ZCACHE_OK)
        return status;
    int rc = mdb_stat(slot->txn, store->entries, &stat);
    if (rc == 0)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0) {
        now->items = stat.ms_entries;
        now->live_bytes = lmdb_live_pages(store, slot->txn) * store->page_size;
        now->file_bytes = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
        now->readers = info.me_numreaders;
    }
    lmdb_read_end(slot);
    pthread_mutex_lock(&store->lock);
    now->size = store->settings.size;
    pthread_mutex_unlock(&store->lock);
    return rc == 0 ? ZCACHE_OK : lmdb_explain(failure, store, "measuring", rc);
}

static int64_t counted(const _Atomic uint64_t *counter)
{
    return (int64_t)atomic_load_explicit(counter, memory_order_relaxed);
}

zcache_status lmdb_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    lmdb_instance *instance = self;
    lmdb_store *store = instance->store;
    const lmdb_counts *counts = &store->counts;
    lmdb_failure failure;
    figures now = {0, 0, 0, 0, 0};
    zcache_status status = measure(store, call, &now, &failure);
    if (status != ZCACHE_OK)
        return instance->host->error(instance->host, status, "%s", failure.text);
    const zcache_stat stats[] = {
        {"items", ZCACHE_STAT_GAUGE, (int64_t)now.items, NULL},
        {"used_bytes", ZCACHE_STAT_GAUGE, (int64_t)now.live_bytes, NULL},
        {"file_bytes", ZCACHE_STAT_GAUGE, (int64_t)now.file_bytes, NULL},
        {"size_limit_bytes", ZCACHE_STAT_GAUGE, (int64_t)now.size, NULL},
        {"reader_places", ZCACHE_STAT_GAUGE, (int64_t)now.readers, NULL},
        {"writes", ZCACHE_STAT_COUNTER, counted(&counts->writes), NULL},
        {"deletes", ZCACHE_STAT_COUNTER, counted(&counts->deletes), NULL},
        {"evictions", ZCACHE_STAT_COUNTER, counted(&counts->evictions), NULL},
        {"expirations", ZCACHE_STAT_COUNTER, counted(&counts->expirations), NULL},
        {"commits", ZCACHE_STAT_COUNTER, counted(&counts->commits), NULL},
        {"flushes", ZCACHE_STAT_COUNTER, counted(&counts->flushes), NULL},
        {"version", ZCACHE_STAT_TEXT, 0, mdb_version(NULL, NULL, NULL)},
    };
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        sink->stat(sink, &stats[i]);
    return ZCACHE_OK;
}

/* Nothing waits to be written: what was acknowledged is committed. It may not be flushed. */
zcache_status lmdb_quiesce(void *self, const zcache_call *call)
{
    lmdb_store *store = ((lmdb_instance *)self)->store;
    if (atomic_load(&store->unflushed))
        lmdb_flush(store, call->deadline_ns);
    return ZCACHE_OK;
}
