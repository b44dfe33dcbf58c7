/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A provider as it could be written for ABI 1.0, with all that ABI 1.0 has: every operation, every
 * type of option, a native handle, load. It is compiled against the frozen headers, and
 * frozen-test.c runs it on today's library. Entries are a chain; the host's lock guards everything
 * (ZCACHE_THREADS_SERIALIZED). What was called, it tells in its statistics and the log.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <zcache/plugin.h>

typedef struct frozen_options {
    const char *word;
    int64_t number, size, time_ms;
    bool flag;
    int choice;
    zcache_list list;
    double part;
} frozen_options;

typedef struct frozen_entry {
    struct frozen_entry *next;
    int64_t expires_ns;
    uint64_t cas;
    size_t key_size, value_size;
    unsigned char bytes[];
} frozen_entry;

typedef struct frozen {
    const zcache_host *host;
    const frozen_options *options;
    frozen_entry *first;
    uint64_t writes;
    int64_t forks, thread_exits, configures, released, leases;
    char told[256];
    char table[ZCACHE_NAME_SIZE]; /* that was last written to */
} frozen;

/* ---- load, open, close ----------------------------------------------------------------------- */

static zcache_status frozen_load(const zcache_host *host)
{
    if (host->size < sizeof(*host) || host->abi_major != ZCACHE_ABI_MAJOR)
        return host->error(host, ZCACHE_E_PLUGIN, "frozen: the host's table is not that of 1.0");
    return ZCACHE_OK;
}

static zcache_status frozen_open(const zcache_host *host, const zcache_call *call,
                                 const void *options, void **self)
{
    if (call->size < sizeof(*call) || call->deadline_ns <= call->started_ns ||
        host->now_ns() < call->started_ns)
        return host->error(host, ZCACHE_E_INTERNAL, "frozen: the call is not that of 1.0");
    frozen *store = host->alloc(1);
    frozen *grown = host->realloc(store, sizeof(*store));
    if (grown == NULL) {
        host->free(store);
        return host->error(host, ZCACHE_E_NOMEM, "frozen: out of memory");
    }
    *grown = (frozen){.host = host, .options = options};
    *self = grown;
    host->log(host, ZCACHE_LOG_WARNING, "opened on %s", host->version);
    return ZCACHE_OK;
}

static void frozen_remove(frozen *store, frozen_entry **link)
{
    frozen_entry *entry = *link;
    *link = entry->next;
    store->host->free(entry);
}

static void frozen_close(void *self)
{
    frozen *store = self;
    store->host->log(store->host, ZCACHE_LOG_WARNING, "closed");
    while (store->first != NULL)
        frozen_remove(store, &store->first);
    store->host->free(store);
}

static zcache_status frozen_configure(void *self, const zcache_call *call, const void *options)
{
    (void)call;
    frozen *store = self;
    store->options = options;
    store->configures++;
    return ZCACHE_OK;
}

static void frozen_released(void *self, const void *options)
{
    frozen *store = self;
    if (options != store->options) /* in force: not released */
        store->released++;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool frozen_begins(const frozen_entry *entry, zcache_slice prefix)
{
    return prefix.size == 0 ||
           (entry->key_size >= prefix.size && memcmp(entry->bytes, prefix.data, prefix.size) == 0);
}

static frozen_entry **frozen_find(frozen *store, const zcache_call *call, zcache_slice key)
{
    frozen_entry **link = &store->first;
    while (*link != NULL) {
        if ((*link)->expires_ns <= call->started_ns)
            frozen_remove(store, link);
        else if ((*link)->key_size == key.size && frozen_begins(*link, key))
            break;
        else
            link = &(*link)->next;
    }
    return link;
}

static int64_t frozen_expiry(const zcache_call *call, int64_t ttl_ms)
{
    return ttl_ms == ZCACHE_TTL_NEVER ? INT64_MAX : call->started_ns + ttl_ms * 1000000;
}

static zcache_meta frozen_meta(const zcache_call *call, const frozen_entry *entry)
{
    zcache_meta meta = {ZCACHE_TTL_NEVER, entry->cas};
    if (entry->expires_ns != INT64_MAX)
        meta.ttl_ms = (entry->expires_ns - call->started_ns + 999999) / 1000000;
    return meta;
}

static zcache_status frozen_put(frozen *store, frozen_entry **link, zcache_slice key,
                                zcache_slice value, int64_t expires_ns)
{
    const zcache_host *host = store->host;
    frozen_entry *entry = host->alloc(sizeof(*entry) + key.size + value.size);
    if (entry == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "frozen: out of memory");
    *entry = (frozen_entry){store->first, expires_ns, ++store->writes, key.size, value.size};
    memcpy(entry->bytes, key.data, key.size);
    if (value.size > 0)
        memcpy(entry->bytes + key.size, value.data, value.size);
    if (*link != NULL)
        frozen_remove(store, link);
    entry->next = store->first;
    store->first = entry;
    return ZCACHE_OK;
}

/* ---- operations ------------------------------------------------------------------------------ */

static zcache_status frozen_get(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_sink *sink)
{
    for (size_t i = 0; i < n; i++) {
        const frozen_entry *entry = *frozen_find(self, call, keys[i]);
        if (keys[i].size == 4 && memcmp(keys[i].data, "fail", 4) == 0) {
            sink->fail(sink, i, ZCACHE_E_SERVER);
        } else if (entry != NULL) {
            zcache_meta meta = frozen_meta(call, entry);
            sink->hit(sink, i, zcache_bytes_of(entry->bytes + entry->key_size, entry->value_size),
                      (call->flags & (ZCACHE_CALL_TTL | ZCACHE_CALL_CAS)) != 0 ? &meta : NULL);
        }
    }
    return ZCACHE_OK;
}

static zcache_status frozen_write(frozen *store, const zcache_call *call, const zcache_item *item)
{
    frozen_entry **link = frozen_find(store, call, item->key);
    if (item->mode == ZCACHE_SET_ADD && *link != NULL)
        return ZCACHE_EXISTS;
    if ((item->mode == ZCACHE_SET_REPLACE || item->mode == ZCACHE_SET_CAS) && *link == NULL)
        return ZCACHE_MISS;
    if (item->mode == ZCACHE_SET_CAS && (*link)->cas != item->cas)
        return ZCACHE_CONFLICT;
    return frozen_put(store, link, item->key, item->value, frozen_expiry(call, item->ttl_ms));
}

static zcache_status frozen_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    frozen *store = self;
    snprintf(store->table, sizeof(store->table), "%s", call->table != NULL ? call->table : "none");
    for (size_t i = 0; i < n; i++)
        items[i].status = frozen_write(store, call, &items[i]);
    return ZCACHE_OK;
}

static zcache_status frozen_del(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_status status[])
{
    for (size_t i = 0; i < n; i++) {
        frozen_entry **link = frozen_find(self, call, keys[i]);
        status[i] = *link == NULL ? ZCACHE_MISS : ZCACHE_OK;
        if (*link != NULL)
            frozen_remove(self, link);
    }
    return ZCACHE_OK;
}

static zcache_status frozen_peek(void *self, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], zcache_sink *sink)
{
    for (size_t i = 0; i < n; i++) {
        const frozen_entry *entry = *frozen_find(self, call, keys[i]);
        if (entry == NULL)
            continue;
        zcache_meta meta = frozen_meta(call, entry);
        sink->hit(sink, i, zcache_bytes_of(NULL, 0), &meta);
    }
    return ZCACHE_OK;
}

static zcache_status frozen_touch(void *self, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], int64_t ttl_ms, zcache_status status[])
{
    for (size_t i = 0; i < n; i++) {
        frozen_entry *entry = *frozen_find(self, call, keys[i]);
        status[i] = entry == NULL ? ZCACHE_MISS : ZCACHE_OK;
        if (entry != NULL)
            entry->expires_ns = frozen_expiry(call, ttl_ms);
    }
    return ZCACHE_OK;
}

static zcache_status frozen_add(frozen *store, const zcache_call *call, zcache_increment *counter)
{
    frozen_entry **link = frozen_find(store, call, counter->key);
    char text[32] = "0";
    int64_t expires_ns = frozen_expiry(call, counter->ttl_ms);
    if (*link != NULL) {
        if ((*link)->value_size >= sizeof(text))
            return ZCACHE_E_TYPE;
        memcpy(text, (*link)->bytes + (*link)->key_size, (*link)->value_size);
        text[(*link)->value_size] = '\0';
        expires_ns = (*link)->expires_ns;
    }
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0')
        return store->host->error(store->host, ZCACHE_E_TYPE, "frozen: \"%s\" is no number", text);
    counter->result = number + counter->delta;
    snprintf(text, sizeof(text), "%" PRId64, counter->result);
    return frozen_put(store, link, counter->key, zcache_str(text), expires_ns);
}

static zcache_status frozen_incr(void *self, const zcache_call *call, size_t n,
                                 zcache_increment counters[])
{
    for (size_t i = 0; i < n; i++)
        counters[i].status = frozen_add(self, call, &counters[i]);
    return ZCACHE_OK;
}

static zcache_status frozen_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                 zcache_scan_sink *sink)
{
    frozen *store = self;
    bool go_on = true;
    for (const frozen_entry *entry = store->first; entry != NULL && go_on; entry = entry->next) {
        zcache_meta meta = frozen_meta(call, entry);
        if (entry->expires_ns > call->started_ns && frozen_begins(entry, prefix))
            go_on = sink->key(sink, zcache_bytes_of(entry->bytes, entry->key_size), &meta);
    }
    return ZCACHE_OK;
}

static zcache_status frozen_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    (void)call;
    frozen *store = self;
    frozen_entry **link = &store->first;
    while (*link != NULL) {
        if (frozen_begins(*link, prefix))
            frozen_remove(store, link);
        else
            link = &(*link)->next;
    }
    return ZCACHE_OK;
}

static zcache_status frozen_ping(void *self, const zcache_call *call)
{
    frozen *store = self;
    return store->host->now_ns() < call->deadline_ns ? ZCACHE_OK : ZCACHE_E_TIMEOUT;
}

static zcache_status frozen_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    (void)call;
    frozen *store = self;
    const frozen_options *options = store->options;
    int64_t items = 0;
    for (const frozen_entry *entry = store->first; entry != NULL; entry = entry->next)
        items++;
    snprintf(store->told, sizeof(store->told),
             "%s %" PRId64 " %" PRId64 " %" PRId64 " %d %d %zu:%s %.3f", options->word,
             options->number, options->size, options->time_ms, options->flag, options->choice,
             options->list.count, options->list.items[options->list.count - 1], options->part);
    const zcache_stat stats[] = {
        {"items", ZCACHE_STAT_GAUGE, items, NULL},
        {"forks", ZCACHE_STAT_COUNTER, store->forks, NULL},
        {"thread_exits", ZCACHE_STAT_COUNTER, store->thread_exits, NULL},
        {"configures", ZCACHE_STAT_COUNTER, store->configures, NULL},
        {"released", ZCACHE_STAT_COUNTER, store->released, NULL},
        {"leases", ZCACHE_STAT_GAUGE, store->leases, NULL},
        {"options", ZCACHE_STAT_TEXT, 0, store->told},
        {"table", ZCACHE_STAT_TEXT, 0, store->table},
    };
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        sink->stat(sink, &stats[i]);
    return ZCACHE_OK;
}

static zcache_status frozen_quiesce(void *self, const zcache_call *call)
{
    (void)call;
    frozen *store = self;
    store->host->log(store->host, ZCACHE_LOG_WARNING, "quiesced");
    return ZCACHE_OK;
}

/* The parent counts two for each fork, and so does the child. */
static void frozen_fork(void *self, zcache_fork_phase phase)
{
    frozen *store = self;
    if (phase == ZCACHE_FORK_PREPARE || phase == ZCACHE_FORK_PARENT || phase == ZCACHE_FORK_CHILD)
        store->forks++;
}

static void frozen_thread_exit(void *self)
{
    frozen *store = self;
    store->thread_exits++;
}

static zcache_status frozen_acquire(void *self, const zcache_call *call, void **handle)
{
    (void)call;
    frozen *store = self;
    store->leases++;
    *handle = &store->leases;
    return ZCACHE_OK;
}

static void frozen_release(void *self, void *handle)
{
    (void)self;
    --*(int64_t *)handle;
}

/* ---- descriptor ------------------------------------------------------------------------------ */

static const char *const frozen_choices[] = {"one", "two", NULL};

static const zcache_option frozen_option_table[] = {
    ZCACHE_STRING_OPTION(frozen_options, word, "word", "none", ZCACHE_OPTION_SECRET, "a word"),
    ZCACHE_INT_OPTION(frozen_options, number, "number", "7", -10, 10, "a number"),
    ZCACHE_SIZE_OPTION(frozen_options, size, "size", "4k", 0, 1 << 20, "a size"),
    ZCACHE_DURATION_OPTION(frozen_options, time_ms, "time", "5s", 1, 3600000, "a time"),
    ZCACHE_BOOL_OPTION(frozen_options, flag, "flag", "yes", "a flag"),
    ZCACHE_ENUM_OPTION(frozen_options, choice, "choice", "two", frozen_choices, "a choice"),
    ZCACHE_LIST_OPTION(frozen_options, list, "list", "a,b,c", "a list"),
    ZCACHE_FRACTION_OPTION(frozen_options, part, "part", "25%", "a part"),
};

static const zcache_native frozen_native = {
    .type = "frozen.counter/1.0",
    .acquire = frozen_acquire,
    .release = frozen_release,
};

static const zcache_ops frozen_ops = {
    .size = sizeof(zcache_ops),
    .open = frozen_open,
    .close = frozen_close,
    .get = frozen_get,
    .set = frozen_set,
    .del = frozen_del,
    .peek = frozen_peek,
    .touch = frozen_touch,
    .incr = frozen_incr,
    .scan = frozen_scan,
    .clear = frozen_clear,
    .ping = frozen_ping,
    .stats = frozen_stats,
    .quiesce = frozen_quiesce,
    .fork = frozen_fork,
    .thread_exit = frozen_thread_exit,
    .configure = frozen_configure,
    .released = frozen_released,
};

ZCACHE_PLUGIN(frozen) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "frozen",
    .version = "1.0",
    .summary = "was compiled when ABI 1.0 came out",
    .threads = ZCACHE_THREADS_SERIALIZED,
    .key_bytes = ZCACHE_KEY_ANY,
    .key_max = 1000,
    .value_max = 2000000,
    .ttl_granule_ms = 1,
    ZCACHE_DESCRIPTOR_OPTIONS(frozen_option_table, frozen_options),
    .native = &frozen_native,
    .load = frozen_load,
    .ops = &frozen_ops,
};
