/* SPDX-License-Identifier: 0BSD
 * Copyright (c) The zcache authors; your name and licence go here: README.md, "Licence"
 *
 * my-store, a provider for zcache: entries in a hash table of this process. It is complete: put
 * your own store in its place, piece by piece, and let `make check` tell whether all rules hold.
 *
 * It reads from top to bottom: entries and the table, open and close, the operations, the options,
 * the descriptor. The host has checked keys, values and TTLs before it calls, from any thread; one
 * lock guards all that is here. <zcache/plugin.h> says what each operation must do.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <zcache/plugin.h>

#define MY_STORE_NEVER INT64_MAX

typedef struct my_store_options {
    int64_t buckets;
} my_store_options;

typedef struct my_store_entry {
    struct my_store_entry *next;
    int64_t expires_ns; /* CLOCK_MONOTONIC, or MY_STORE_NEVER */
    uint64_t cas;       /* every write of a value has a token of its own */
    size_t key_size, value_size;
    unsigned char bytes[]; /* the key, then the value */
} my_store_entry;

typedef struct my_store_state {
    const zcache_host *host;
    pthread_mutex_t lock; /* guards all below but bucket_count, which stays as it is */
    uint64_t last_cas;
    size_t next_sweep; /* the chain that the next write frees of expired entries */
    int64_t items, memory_bytes, expirations;
    size_t bucket_count;
    my_store_entry *buckets[]; /* chains by the hash of the key */
} my_store_state;

/* ---- entries --------------------------------------------------------------------------------- */

static zcache_slice my_store_key(const my_store_entry *entry)
{
    return zcache_bytes_of(entry->bytes, entry->key_size);
}

static zcache_slice my_store_value(const my_store_entry *entry)
{
    return zcache_bytes_of(entry->bytes + entry->key_size, entry->value_size);
}

static int64_t my_store_size(const my_store_entry *entry)
{
    return (int64_t)(sizeof(*entry) + entry->key_size + entry->value_size);
}

static bool my_store_begins(const my_store_entry *entry, zcache_slice prefix)
{
    return prefix.size == 0 ||
           (entry->key_size >= prefix.size && memcmp(entry->bytes, prefix.data, prefix.size) == 0);
}

/* A TTL counts from the start of the call, so it never ends early by what the call itself takes. */
static int64_t my_store_expiry(int64_t now_ns, int64_t ttl_ms)
{
    return ttl_ms == ZCACHE_TTL_NEVER ? MY_STORE_NEVER : now_ns + ttl_ms * 1000000;
}

static zcache_meta my_store_meta(const my_store_entry *entry, int64_t now_ns)
{
    zcache_meta meta = {.ttl_ms = ZCACHE_TTL_NEVER, .cas = entry->cas};
    if (entry->expires_ns != MY_STORE_NEVER)
        meta.ttl_ms = (entry->expires_ns - now_ns + 999999) / 1000000;
    return meta;
}

/* Memory is the host's: the application can limit it. NULL, with a message: there is none. */
static my_store_entry *my_store_new(const zcache_host *host, zcache_slice key, zcache_slice value,
                                    int64_t expires_ns)
{
    size_t size = sizeof(my_store_entry) + key.size + value.size;
    my_store_entry *entry = host->alloc(size);
    if (entry == NULL) {
        host->error(host, ZCACHE_E_NOMEM, "my-store: no memory for an entry of %zu bytes", size);
        return NULL;
    }
    entry->expires_ns = expires_ns;
    entry->key_size = key.size;
    entry->value_size = value.size;
    memcpy(entry->bytes, key.data, key.size);
    if (value.size > 0) /* an empty value may have no data */
        memcpy(entry->bytes + key.size, value.data, value.size);
    return entry;
}

/* ---- the table; the caller has the lock ------------------------------------------------------ */

/* Takes out and frees the entry that `link` points to. */
static void my_store_remove(my_store_state *store, my_store_entry **link)
{
    my_store_entry *entry = *link;
    *link = entry->next;
    store->items--;
    store->memory_bytes -= my_store_size(entry);
    store->host->free(entry);
}

/* Frees a chain of its expired entries. */
static void my_store_sweep(my_store_state *store, size_t bucket, int64_t now_ns)
{
    my_store_entry **link = &store->buckets[bucket];
    while (*link != NULL) {
        if ((*link)->expires_ns > now_ns) {
            link = &(*link)->next;
        } else {
            my_store_remove(store, link);
            store->expirations++;
        }
    }
}

/* The link that points to the entry of a key, or to NULL: the key is not there. The hash is FNV-1a;
 * where strangers choose the keys, take a keyed one (SipHash, XXH3): they could fill one chain. */
static my_store_entry **my_store_find(my_store_state *store, int64_t now_ns, zcache_slice key)
{
    const unsigned char *bytes = key.data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    size_t bucket = (size_t)(hash % store->bucket_count);
    my_store_sweep(store, bucket, now_ns);
    my_store_entry **link = &store->buckets[bucket];
    while (*link != NULL &&
           !((*link)->key_size == key.size && memcmp((*link)->bytes, key.data, key.size) == 0))
        link = &(*link)->next;
    return link;
}

/* Puts an entry in, in place of the one that `link` points to, if there is one. Then it sweeps one
 * more chain, so that expired entries go even if nobody asks for their keys. */
static void my_store_put(my_store_state *store, int64_t now_ns, my_store_entry **link,
                         my_store_entry *entry)
{
    if (*link != NULL)
        my_store_remove(store, link);
    entry->cas = ++store->last_cas;
    entry->next = *link;
    *link = entry;
    store->items++;
    store->memory_bytes += my_store_size(entry);
    my_store_sweep(store, store->next_sweep, now_ns);
    store->next_sweep = (store->next_sweep + 1) % store->bucket_count;
}

/* ---- open and close -------------------------------------------------------------------------- */

/* A store with a server does not reach for it here: it opens, and reports in each operation that
 * the server is down. On failure nothing is left behind. */
static zcache_status my_store_open(const zcache_host *host, const zcache_call *call,
                                   const void *options, void **self)
{
    const my_store_options *wanted = options;
    size_t bucket_count = (size_t)wanted->buckets;
    size_t buckets_size = bucket_count * sizeof(my_store_entry *);
    my_store_state *store = host->alloc(sizeof(*store) + buckets_size);
    if (store == NULL || pthread_mutex_init(&store->lock, NULL) != 0) {
        host->free(store);
        return host->error(host, ZCACHE_E_NOMEM,
                           "my-store: no memory for %zu buckets; [my-store] buckets sets fewer",
                           bucket_count);
    }
    store->host = host;
    store->last_cas = (uint64_t)call->started_ns; /* above all tokens of an earlier opening */
    store->next_sweep = 0;
    store->items = store->memory_bytes = store->expirations = 0;
    store->bucket_count = bucket_count;
    memset(store->buckets, 0, buckets_size);
    *self = store;
    return ZCACHE_OK;
}

/* After close the code is unmapped: no thread, no pthread key, no handler of ours may be left. */
static void my_store_close(void *self)
{
    my_store_state *store = self;
    for (size_t i = 0; i < store->bucket_count; i++)
        while (store->buckets[i] != NULL)
            my_store_remove(store, &store->buckets[i]);
    pthread_mutex_destroy(&store->lock);
    store->host->free(store);
}

/* ---- operations ------------------------------------------------------------------------------ */

/* A key that is not reported is a miss. The sink copies what it is given. */
static zcache_status my_store_read(my_store_state *store, const zcache_call *call, size_t n,
                                   const zcache_slice keys[], bool with_value, zcache_sink *sink)
{
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < n; i++) {
        const my_store_entry *entry = *my_store_find(store, call->started_ns, keys[i]);
        if (entry == NULL)
            continue;
        zcache_slice value = zcache_bytes_of(NULL, 0);
        if (with_value)
            value = my_store_value(entry);
        zcache_meta meta = my_store_meta(entry, call->started_ns);
        sink->hit(sink, i, value, &meta);
    }
    pthread_mutex_unlock(&store->lock);
    return ZCACHE_OK;
}

static zcache_status my_store_get(void *self, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], zcache_sink *sink)
{
    return my_store_read(self, call, n, keys, true, sink);
}

static zcache_status my_store_peek(void *self, const zcache_call *call, size_t n,
                                   const zcache_slice keys[], zcache_sink *sink)
{
    return my_store_read(self, call, n, keys, false, sink);
}

/* Whether the item's mode lets it be written over `entry`, or where there is none. */
static zcache_status my_store_permit(const zcache_item *item, const my_store_entry *entry)
{
    switch (item->mode) {
    case ZCACHE_SET_ALWAYS:
        return ZCACHE_OK;
    case ZCACHE_SET_ADD:
        return entry == NULL ? ZCACHE_OK : ZCACHE_EXISTS;
    case ZCACHE_SET_REPLACE:
        return entry == NULL ? ZCACHE_MISS : ZCACHE_OK;
    case ZCACHE_SET_CAS:
        if (entry == NULL)
            return ZCACHE_MISS;
        return entry->cas == item->cas ? ZCACHE_OK : ZCACHE_CONFLICT;
    }
    return ZCACHE_E_NOTSUP; /* a mode of a later ABI */
}

static zcache_status my_store_write(my_store_state *store, int64_t now_ns, const zcache_item *item)
{
    my_store_entry **link = my_store_find(store, now_ns, item->key);
    zcache_status status = my_store_permit(item, *link);
    if (status != ZCACHE_OK)
        return status;
    int64_t expires_ns = my_store_expiry(now_ns, item->ttl_ms);
    my_store_entry *entry = my_store_new(store->host, item->key, item->value, expires_ns);
    if (entry == NULL)
        return ZCACHE_E_NOMEM; /* and the old value stays */
    my_store_put(store, now_ns, link, entry);
    return ZCACHE_OK;
}

static zcache_status my_store_set(void *self, const zcache_call *call, size_t n,
                                  zcache_item items[])
{
    my_store_state *store = self;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < n; i++)
        items[i].status = my_store_write(store, call->started_ns, &items[i]);
    pthread_mutex_unlock(&store->lock);
    return ZCACHE_OK;
}

static zcache_status my_store_del(void *self, const zcache_call *call, size_t n,
                                  const zcache_slice keys[], zcache_status status[])
{
    my_store_state *store = self;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < n; i++) {
        my_store_entry **link = my_store_find(store, call->started_ns, keys[i]);
        status[i] = *link == NULL ? ZCACHE_MISS : ZCACHE_OK;
        if (*link != NULL)
            my_store_remove(store, link);
    }
    pthread_mutex_unlock(&store->lock);
    return ZCACHE_OK;
}

static zcache_status my_store_touch(void *self, const zcache_call *call, size_t n,
                                    const zcache_slice keys[], int64_t ttl_ms,
                                    zcache_status status[])
{
    my_store_state *store = self;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < n; i++) {
        my_store_entry *entry = *my_store_find(store, call->started_ns, keys[i]);
        status[i] = entry == NULL ? ZCACHE_MISS : ZCACHE_OK;
        if (entry != NULL)
            entry->expires_ns = my_store_expiry(call->started_ns, ttl_ms);
    }
    pthread_mutex_unlock(&store->lock);
    return ZCACHE_OK;
}

static zcache_status my_store_add(my_store_state *store, int64_t now_ns, zcache_increment *counter)
{
    const zcache_host *host = store->host;
    my_store_entry **link = my_store_find(store, now_ns, counter->key);
    int64_t number = 0;
    int64_t expires_ns = my_store_expiry(now_ns, counter->ttl_ms);
    if (*link != NULL) {
        if (!zcache_counter_of(my_store_value(*link), &number))
            return host->error(host, ZCACHE_E_TYPE, "my-store: the value is no 64-bit number");
        expires_ns = (*link)->expires_ns; /* a counter that is there keeps its TTL */
    }
    if (__builtin_add_overflow(number, counter->delta, &number))
        return host->error(host, ZCACHE_E_RANGE, "my-store: the sum is no 64-bit number");
    char text[ZCACHE_COUNTER_SIZE];
    snprintf(text, sizeof(text), "%" PRId64, number);
    my_store_entry *entry = my_store_new(host, counter->key, zcache_str(text), expires_ns);
    if (entry == NULL)
        return ZCACHE_E_NOMEM;
    my_store_put(store, now_ns, link, entry);
    counter->result = number;
    return ZCACHE_OK;
}

static zcache_status my_store_incr(void *self, const zcache_call *call, size_t n,
                                   zcache_increment counters[])
{
    my_store_state *store = self;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < n; i++)
        counters[i].status = my_store_add(store, call->started_ns, &counters[i]);
    pthread_mutex_unlock(&store->lock);
    return ZCACHE_OK;
}

/* Copies the keys of a chain that begin with `prefix`; false: out of memory. */
static bool my_store_copy_keys(my_store_state *store, size_t bucket, int64_t now_ns,
                               zcache_slice prefix, my_store_entry **copies)
{
    my_store_sweep(store, bucket, now_ns);
    for (const my_store_entry *entry = store->buckets[bucket]; entry != NULL; entry = entry->next) {
        if (!my_store_begins(entry, prefix))
            continue;
        my_store_entry *copy = my_store_new(store->host, my_store_key(entry),
                                            zcache_bytes_of(NULL, 0), entry->expires_ns);
        if (copy == NULL)
            return false;
        copy->next = *copies;
        *copies = copy;
    }
    return true;
}

/* A sink may call the cache again, which takes the lock: so a chain's keys are copied, and given
 * when the lock is back. Memory is bounded by one chain, and each deadline by looking at it. */
static zcache_status my_store_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                   zcache_scan_sink *sink)
{
    my_store_state *store = self;
    const zcache_host *host = store->host;
    bool copied = true, go_on = true;
    for (size_t bucket = 0; bucket < store->bucket_count && copied && go_on; bucket++) {
        int64_t now_ns = host->now_ns();
        if (now_ns >= call->deadline_ns)
            return host->error(host, ZCACHE_E_TIMEOUT, "my-store: no time left to list all keys");
        my_store_entry *copies = NULL;
        pthread_mutex_lock(&store->lock);
        copied = my_store_copy_keys(store, bucket, now_ns, prefix, &copies);
        pthread_mutex_unlock(&store->lock);
        while (copies != NULL) {
            my_store_entry *copy = copies;
            zcache_meta meta = my_store_meta(copy, now_ns);
            go_on = go_on && sink->key(sink, my_store_key(copy), &meta);
            copies = copy->next;
            host->free(copy);
        }
    }
    return copied ? ZCACHE_OK : ZCACHE_E_NOMEM;
}

static zcache_status my_store_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    my_store_state *store = self;
    const zcache_host *host = store->host;
    for (size_t bucket = 0; bucket < store->bucket_count; bucket++) {
        if (host->now_ns() >= call->deadline_ns)
            return host->error(host, ZCACHE_E_TIMEOUT, "my-store: no time left to clear all keys");
        pthread_mutex_lock(&store->lock);
        my_store_entry **link = &store->buckets[bucket];
        while (*link != NULL) {
            if (my_store_begins(*link, prefix))
                my_store_remove(store, link);
            else
                link = &(*link)->next;
        }
        pthread_mutex_unlock(&store->lock);
    }
    return ZCACHE_OK;
}

/* A store with servers asks each of them here. */
static zcache_status my_store_ping(void *self, const zcache_call *call)
{
    (void)self, (void)call;
    return ZCACHE_OK;
}

static zcache_status my_store_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    (void)call;
    my_store_state *store = self;
    pthread_mutex_lock(&store->lock);
    const zcache_stat stats[] = {
        {"items", ZCACHE_STAT_GAUGE, store->items, NULL},
        {"memory_bytes", ZCACHE_STAT_GAUGE, store->memory_bytes, NULL},
        {"expirations", ZCACHE_STAT_COUNTER, store->expirations, NULL},
    };
    pthread_mutex_unlock(&store->lock);
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        sink->stat(sink, &stats[i]);
    return ZCACHE_OK;
}

/* Whoever holds the lock when the process forks does not exist in the child, so the fork waits
 * until nobody does. A store with connections drops them in the child, without a byte sent. */
static void my_store_fork(void *self, zcache_fork_phase phase)
{
    my_store_state *store = self;
    if (phase == ZCACHE_FORK_PREPARE)
        pthread_mutex_lock(&store->lock);
    else
        pthread_mutex_unlock(&store->lock);
}

/* ---- options: the section [my-store] of zcache.ini ------------------------------------------- */

/* The host reads, checks and explains them: `zcache plugin info my-store`. */
static const zcache_option my_store_option_table[] = {
    ZCACHE_INT_OPTION(my_store_options, buckets, "buckets", "16384", 1, 16777216,
                      "chains of the hash table, best as many as there will be keys"),
};

/* ---- the descriptor: all that is exported ---------------------------------------------------- */

/* An operation that is left out is one that the provider does not support; open, close, get, set
 * and del are required. */
static const zcache_ops my_store_ops = {
    .size = sizeof(zcache_ops),
    .open = my_store_open,
    .close = my_store_close,
    .get = my_store_get,
    .set = my_store_set,
    .del = my_store_del,
    .peek = my_store_peek,
    .touch = my_store_touch,
    .incr = my_store_incr,
    .scan = my_store_scan,
    .clear = my_store_clear,
    .ping = my_store_ping,
    .stats = my_store_stats,
    .fork = my_store_fork,
};

ZCACHE_PLUGIN(my_store) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "my-store",
    .version = "0.1.0",
    .summary = "entries in a hash table of this process",
    .threads = ZCACHE_THREADS_PARALLEL,
    .key_bytes = ZCACHE_KEY_ANY,
    ZCACHE_DESCRIPTOR_OPTIONS(my_store_option_table, my_store_options),
    .ops = &my_store_ops,
};
