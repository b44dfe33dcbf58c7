/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What goes over all entries: scan and clear. Both walk each shard by position (table.h), a few
 * buckets in each hold of its lock. A scan copies the keys of those buckets into a buffer and gives
 * them to the sink when the lock is free, so that the sink may do what it likes.
 */
#include "memory/state.h"

#define WALK_BUCKETS  256         /* looked at in one hold of a lock, at most */
#define CLEAR_ENTRIES 64          /* taken out in one hold of a lock, or one bucket more */
#define SCAN_BUFFER   (16 * 1024) /* bytes, more only for one bucket that needs it */

static bool has_prefix(const memory_entry *entry, zcache_slice prefix)
{
    return prefix.size == 0 ||
           (entry->key_size >= prefix.size && memcmp(entry->bytes, prefix.data, prefix.size) == 0);
}

/* ---- scan ------------------------------------------------------------------------------------ */

/* A key in the buffer, its bytes after it. */
typedef struct scanned {
    int64_t expires_ns;
    uint64_t cas;
    size_t key_size;
} scanned;

typedef struct scan_buffer {
    unsigned char *bytes;
    size_t capacity;
    size_t used;
    size_t needed; /* by a bucket that did not fit into the empty buffer; else 0 */
} scan_buffer;

static size_t scanned_size(const memory_entry *entry)
{
    const size_t align = _Alignof(scanned);
    return (sizeof(scanned) + entry->key_size + align - 1) / align * align;
}

/* Whether an entry of the bucket at `position` is to be given: a bucket that was joined to an
 * earlier one has entries of positions that the walk has passed. */
static bool is_wanted(const memory_entry *entry, uint64_t position, zcache_slice prefix)
{
    return memory_table_position(entry->hash) >= position && has_prefix(entry, prefix);
}

/* Copies the keys of one bucket; false, with nothing copied: they do not fit. */
static bool copy_bucket(const memory_entry *first, uint64_t position, zcache_slice prefix,
                        scan_buffer *buffer)
{
    size_t size = 0;
    for (const memory_entry *entry = first; entry != NULL; entry = entry->chain)
        if (is_wanted(entry, position, prefix))
            size += scanned_size(entry);
    if (size > buffer->capacity - buffer->used) {
        buffer->needed = size;
        return false;
    }
    for (const memory_entry *entry = first; entry != NULL; entry = entry->chain) {
        if (!is_wanted(entry, position, prefix))
            continue;
        scanned *copy = (void *)(buffer->bytes + buffer->used);
        *copy = (scanned){entry->expires_ns, entry->cas, entry->key_size};
        memcpy(copy + 1, entry->bytes, entry->key_size);
        buffer->used += scanned_size(entry);
    }
    return true;
}

/* Fills the empty buffer with keys from *position on, and moves it on: 0, the shard is done. */
static void fill(memory_shard *shard, uint64_t *position, zcache_slice prefix, scan_buffer *buffer)
{
    buffer->used = buffer->needed = 0;
    pthread_mutex_lock(&shard->lock);
    for (unsigned i = 0; i < WALK_BUCKETS; i++) {
        uint64_t end;
        memory_entry *const *bucket = memory_table_bucket(&shard->table, *position, &end);
        if (!copy_bucket(*bucket, *position, prefix, buffer))
            break;
        *position = end;
        if (end == 0)
            break;
    }
    pthread_mutex_unlock(&shard->lock);
}

/* Gives the keys in the buffer to the sink; *more: whether it wants others. */
static zcache_status give(const memory_heap *heap, const scan_buffer *buffer, int64_t deadline_ns,
                          zcache_scan_sink *sink, bool *more)
{
    const size_t align = _Alignof(scanned);
    *more = true;
    for (size_t at = 0; at < buffer->used && *more;) {
        const scanned *key = (const void *)(buffer->bytes + at);
        at += (sizeof(scanned) + key->key_size + align - 1) / align * align;
        int64_t now = heap->services.now_ns();
        if (now >= deadline_ns)
            return ZCACHE_E_TIMEOUT;
        zcache_meta meta = {.ttl_ms = ZCACHE_TTL_NEVER, .cas = key->cas};
        if (key->expires_ns != MEMORY_NEVER) {
            if (now >= key->expires_ns)
                continue;
            meta.ttl_ms = (key->expires_ns - now + 999999) / 1000000;
        }
        *more = sink->key(sink, zcache_bytes_of(key + 1, key->key_size), &meta);
    }
    return ZCACHE_OK;
}

/* A larger empty buffer, for a bucket that needs it. */
static bool enlarge(const memory_heap *heap, scan_buffer *buffer)
{
    unsigned char *bytes = heap->services.alloc(buffer->needed);
    if (bytes == NULL)
        return false;
    heap->services.free(buffer->bytes);
    *buffer = (scan_buffer){.bytes = bytes, .capacity = buffer->needed};
    return true;
}

/* Gives the keys of the next few buckets, and moves the position on. */
static zcache_status scan_some(memory_shard *shard, const memory_heap *heap, int64_t deadline_ns,
                               uint64_t *position, zcache_slice prefix, scan_buffer *buffer,
                               zcache_scan_sink *sink, bool *more)
{
    if (heap->services.now_ns() >= deadline_ns)
        return ZCACHE_E_TIMEOUT;
    if (buffer->used == 0 && buffer->needed > 0 && !enlarge(heap, buffer))
        return ZCACHE_E_NOMEM;
    fill(shard, position, prefix, buffer);
    return give(heap, buffer, deadline_ns, sink, more);
}

zcache_status memory_engine_scan(memory_engine *engine, int64_t deadline_ns, zcache_slice prefix,
                                 zcache_scan_sink *sink)
{
    scan_buffer buffer = {.needed = SCAN_BUFFER}; /* the first step makes it */
    zcache_status status = ZCACHE_OK;
    bool more = true;
    for (size_t i = 0; i < memory_shard_count(engine) && status == ZCACHE_OK && more; i++) {
        uint64_t position = 0;
        do {
            status = scan_some(&engine->shards[i], &engine->heap, deadline_ns, &position, prefix,
                               &buffer, sink, &more);
        } while (status == ZCACHE_OK && more && (position != 0 || buffer.needed > 0));
    }
    engine->heap.services.free(buffer.bytes);
    return status;
}

/* ---- clear ----------------------------------------------------------------------------------- */

/* Takes the entries of the next few buckets out, and moves the position on: 0, the shard is done.
 */
static void clear_some(memory_shard *shard, memory_heap *heap, uint64_t *position,
                       zcache_slice prefix)
{
    memory_removed removed = {NULL, 0, 0};
    pthread_mutex_lock(&shard->lock);
    for (unsigned i = 0; i < WALK_BUCKETS && removed.count < CLEAR_ENTRIES; i++) {
        uint64_t end;
        memory_entry **place = memory_table_bucket(&shard->table, *position, &end);
        while (*place != NULL) {
            if (has_prefix(*place, prefix)) {
                memory_shard_remove(shard, place, &removed);
                shard->deletes++;
            } else {
                place = &(*place)->chain;
            }
        }
        *position = end;
        if (end == 0)
            break;
    }
    memory_table_shrink(&shard->table, heap, removed.count);
    pthread_mutex_unlock(&shard->lock);
    memory_removed_release(heap, &removed);
}

zcache_status memory_engine_clear(memory_engine *engine, int64_t deadline_ns, zcache_slice prefix)
{
    for (size_t i = 0; i < memory_shard_count(engine); i++) {
        uint64_t position = 0;
        do {
            if (engine->heap.services.now_ns() >= deadline_ns)
                return ZCACHE_E_TIMEOUT;
            clear_some(&engine->shards[i], &engine->heap, &position, prefix);
        } while (position != 0);
    }
    return ZCACHE_OK;
}
