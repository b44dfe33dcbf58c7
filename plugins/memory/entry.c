/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Making, counting and freeing entries.
 */
#include "memory/entry.h"

memory_entry *memory_entry_new(const memory_heap *heap, uint64_t hash, zcache_slice key,
                               zcache_slice value)
{
    memory_entry *entry = heap->services.alloc(memory_entry_size(key.size, value.size));
    if (entry == NULL)
        return NULL;
    entry->chain = NULL;
    entry->queue = entry->expiry = (memory_node){NULL, NULL};
    entry->hash = hash;
    entry->expires_ns = MEMORY_NEVER;
    entry->cas = 0;
    atomic_init(&entry->references, 1);
    entry->key_size = (uint32_t)key.size;
    entry->value_size = (uint32_t)value.size;
    entry->ttl_class = 0;
    entry->visited = false;
    memcpy(entry->bytes, key.data, key.size);
    if (value.size > 0)
        memcpy(entry->bytes + key.size, value.data, value.size);
    return entry;
}

void memory_entry_release(const memory_heap *heap, memory_entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
        heap->services.free(entry);
}

void memory_removed_add(memory_removed *removed, memory_entry *entry, uint64_t bytes)
{
    entry->chain = removed->first;
    removed->first = entry;
    removed->count++;
    removed->bytes += bytes;
}

void memory_removed_release(memory_heap *heap, memory_removed *removed)
{
    memory_entry *entry = removed->first;
    while (entry != NULL) {
        memory_entry *next = entry->chain;
        memory_entry_release(heap, entry);
        entry = next;
    }
    if (removed->bytes > 0)
        memory_heap_return(heap, removed->bytes);
    *removed = (memory_removed){NULL, 0, 0};
}
