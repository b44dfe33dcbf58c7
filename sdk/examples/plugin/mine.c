/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A whole provider that is small enough to be read at once: a chain of entries in memory. The host
 * takes a lock round every operation (ZCACHE_THREADS_SERIALIZED), has checked keys, values and
 * TTLs, and falls back on get for exists and ttl: what is left is the store.
 *
 *     cc $(pkg-config --cflags zcache-plugin) -o mine.so mine.c $(pkg-config --libs zcache-plugin)
 */
#include <zcache/plugin.h>

struct entry {
    struct entry *next;
    int64_t expires_ns; /* INT64_MAX: never */
    uint64_t version;   /* the token of a compare-and-set: each write has a new one */
    size_t key_size, value_size;
    unsigned char bytes[]; /* the key, then the value */
};

struct mine {
    const zcache_host *host;
    struct entry *first;
    uint64_t writes;
};

static zcache_status mine_open(const zcache_host *host, const zcache_call *call,
                               const void *options, void **self)
{
    (void)call, (void)options;
    struct mine *mine = host->alloc(sizeof *mine);
    if (mine == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "out of memory");
    *mine = (struct mine){.host = host};
    *self = mine;
    return ZCACHE_OK;
}

static void mine_remove(struct mine *mine, struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    mine->host->free(entry);
}

static void mine_close(void *self)
{
    struct mine *mine = self;
    while (mine->first != NULL)
        mine_remove(mine, &mine->first);
    mine->host->free(mine);
}

/* Finds the link that points to the entry of a key, and drops the expired ones on its way; the link
 * points to NULL if the key is not there. */
static struct entry **mine_find(struct mine *mine, const zcache_call *call, zcache_slice key)
{
    struct entry **link = &mine->first;
    while (*link != NULL) {
        struct entry *entry = *link;
        if (entry->expires_ns <= call->started_ns)
            mine_remove(mine, link);
        else if (entry->key_size == key.size && memcmp(entry->bytes, key.data, key.size) == 0)
            break;
        else
            link = &entry->next;
    }
    return link;
}

static zcache_status mine_get(void *self, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_sink *sink)
{
    struct mine *mine = self;
    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = *mine_find(mine, call, keys[i]);
        if (entry == NULL)
            continue; /* silence is a miss */
        zcache_meta meta = {.ttl_ms = ZCACHE_TTL_NEVER, .cas = entry->version};
        if (entry->expires_ns != INT64_MAX)
            meta.ttl_ms = (entry->expires_ns - call->started_ns + 999999) / 1000000;
        sink->hit(sink, i, zcache_bytes_of(entry->bytes + entry->key_size, entry->value_size),
                  &meta);
    }
    return ZCACHE_OK;
}

/* What the item's mode says to the entry that is there, or to none. */
static zcache_status mine_permit(const zcache_item *item, const struct entry *entry)
{
    switch (item->mode) {
    case ZCACHE_SET_ADD:
        return entry == NULL ? ZCACHE_OK : ZCACHE_EXISTS;
    case ZCACHE_SET_REPLACE:
        return entry == NULL ? ZCACHE_MISS : ZCACHE_OK;
    case ZCACHE_SET_CAS:
        if (entry == NULL)
            return ZCACHE_MISS;
        return entry->version == item->cas ? ZCACHE_OK : ZCACHE_CONFLICT;
    case ZCACHE_SET_ALWAYS:
        break;
    }
    return ZCACHE_OK;
}

static zcache_status mine_store(struct mine *mine, const zcache_call *call, const zcache_item *item)
{
    struct entry **link = mine_find(mine, call, item->key);
    zcache_status status = mine_permit(item, *link);
    if (status != ZCACHE_OK)
        return status;
    struct entry *entry = mine->host->alloc(sizeof *entry + item->key.size + item->value.size);
    if (entry == NULL)
        return mine->host->error(mine->host, ZCACHE_E_NOMEM, "out of memory");
    entry->expires_ns =
        item->ttl_ms == ZCACHE_TTL_NEVER ? INT64_MAX : call->started_ns + item->ttl_ms * 1000000;
    entry->version = ++mine->writes;
    entry->key_size = item->key.size;
    entry->value_size = item->value.size;
    memcpy(entry->bytes, item->key.data, item->key.size);
    if (item->value.size > 0)
        memcpy(entry->bytes + item->key.size, item->value.data, item->value.size);
    if (*link != NULL)
        mine_remove(mine, link);
    entry->next = mine->first;
    mine->first = entry;
    return ZCACHE_OK;
}

static zcache_status mine_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    for (size_t i = 0; i < n; i++)
        items[i].status = mine_store(self, call, &items[i]);
    return ZCACHE_OK;
}

static zcache_status mine_del(void *self, const zcache_call *call, size_t n,
                              const zcache_slice keys[], zcache_status status[])
{
    struct mine *mine = self;
    for (size_t i = 0; i < n; i++) {
        struct entry **link = mine_find(mine, call, keys[i]);
        status[i] = *link == NULL ? ZCACHE_MISS : ZCACHE_OK;
        if (*link != NULL)
            mine_remove(mine, link);
    }
    return ZCACHE_OK;
}

static const zcache_ops mine_ops = {
    .size = sizeof(zcache_ops),
    .open = mine_open,
    .close = mine_close,
    .get = mine_get,
    .set = mine_set,
    .del = mine_del,
};

ZCACHE_PLUGIN(mine) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "mine",
    .version = "1.0",
    .summary = "keeps entries in a chain",
    .threads = ZCACHE_THREADS_SERIALIZED,
    .ops = &mine_ops,
};
