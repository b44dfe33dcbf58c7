/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The three orders in which a shard keeps its entries: see shard.h.
 */
#include "memory/shard.h"

#define ENTRY_OF(node, member) \
    ((memory_entry *)(void *)((unsigned char *)(node)-offsetof(memory_entry, member)))

/* ---- lists ----------------------------------------------------------------------------------- */

static void list_init(memory_node *head)
{
    head->previous = head->next = head;
}

static void list_insert_after(memory_node *place, memory_node *node)
{
    node->previous = place;
    node->next = place->next;
    place->next->previous = node;
    place->next = node;
}

static void list_remove(memory_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
}

bool memory_shard_init(memory_shard *shard, const memory_heap *heap, uint64_t first_cas)
{
    *shard = (memory_shard){.last_cas = first_cas};
    if (!memory_table_init(&shard->table, heap))
        return false;
    if (pthread_mutex_init(&shard->lock, NULL) != 0) {
        memory_table_destroy(&shard->table, heap);
        return false;
    }
    list_init(&shard->queue);
    shard->hand = &shard->queue;
    for (size_t i = 0; i < MEMORY_TTL_CLASSES; i++)
        list_init(&shard->ttl_classes[i]);
    return true;
}

void memory_shard_destroy(memory_shard *shard, const memory_heap *heap)
{
    memory_table_destroy(&shard->table, heap);
    pthread_mutex_destroy(&shard->lock);
}

/* ---- expiry ---------------------------------------------------------------------------------- */

/* The class of a TTL: its magnitude, and the two bits after the first. */
static uint8_t ttl_class_of(int64_t ttl_ns)
{
    uint64_t units = ttl_ns > 0 ? (uint64_t)ttl_ns >> 20 : 0;
    if (units < 4)
        return (uint8_t)units;
    unsigned top = 63 - (unsigned)__builtin_clzll(units);
    return (uint8_t)((top - 1) * 4 + ((units >> (top - 2)) & 3));
}

static void ttl_insert(memory_shard *shard, memory_entry *entry, int64_t now_ns)
{
    if (entry->expires_ns == MEMORY_NEVER)
        return;
    entry->ttl_class = ttl_class_of(entry->expires_ns - now_ns);
    list_insert_after(&shard->ttl_classes[entry->ttl_class], &entry->expiry);
    shard->ttl_used[entry->ttl_class / 64] |= UINT64_C(1) << (entry->ttl_class % 64);
}

static void ttl_remove(memory_shard *shard, memory_entry *entry)
{
    if (entry->expires_ns == MEMORY_NEVER)
        return;
    list_remove(&entry->expiry);
    const memory_node *head = &shard->ttl_classes[entry->ttl_class];
    if (head->next == head)
        shard->ttl_used[entry->ttl_class / 64] &= ~(UINT64_C(1) << (entry->ttl_class % 64));
}

void memory_shard_set_expiry(memory_shard *shard, memory_entry *entry, int64_t now_ns,
                             int64_t expires_ns)
{
    ttl_remove(shard, entry);
    entry->expires_ns = expires_ns;
    ttl_insert(shard, entry, now_ns);
}

/* The first class in use from `from` on, going round; MEMORY_TTL_CLASSES: none. */
static unsigned ttl_next_class(const memory_shard *shard, unsigned from)
{
    const unsigned words = MEMORY_TTL_CLASSES / 64;
    uint64_t mask = ~UINT64_C(0) << (from % 64);
    for (unsigned i = 0; i <= words; i++, mask = ~UINT64_C(0)) {
        unsigned word = (from / 64 + i) % words;
        uint64_t used = shard->ttl_used[word] & mask;
        if (used != 0)
            return word * 64 + (unsigned)__builtin_ctzll(used);
    }
    return MEMORY_TTL_CLASSES;
}

/* How far on from one class another is, going round. */
static unsigned ttl_distance(unsigned from, unsigned to)
{
    return (to + MEMORY_TTL_CLASSES - from) % MEMORY_TTL_CLASSES;
}

/* ---- taking out and putting in --------------------------------------------------------------- */

void memory_shard_remove(memory_shard *shard, memory_entry **place, memory_removed *removed)
{
    memory_entry *entry = *place;
    memory_table_remove(&shard->table, place);
    if (shard->hand == &entry->queue)
        shard->hand = entry->queue.previous;
    list_remove(&entry->queue);
    ttl_remove(shard, entry);
    memory_removed_add(removed, entry, memory_entry_cost(entry));
}

static void remove_entry(memory_shard *shard, memory_entry *entry, memory_removed *removed)
{
    memory_shard_remove(
        shard, memory_table_find(&shard->table, entry->hash, memory_entry_key(entry)), removed);
}

memory_entry **memory_shard_find(memory_shard *shard, const memory_heap *heap, uint64_t hash,
                                 zcache_slice key, memory_removed *removed)
{
    memory_entry **place = memory_table_find(&shard->table, hash, key);
    if (*place != NULL && (*place)->expires_ns != MEMORY_NEVER &&
        heap->services.now_ns() >= (*place)->expires_ns) {
        memory_shard_remove(shard, place, removed);
        shard->expirations++;
        while (*place != NULL) /* to the end of the chain: where the key may be inserted */
            place = &(*place)->chain;
    }
    return place;
}

/* The entry at `place` leaves, and `entry` takes its place in table and queue. */
static void replace(memory_shard *shard, memory_entry **place, memory_entry *entry,
                    memory_removed *removed)
{
    memory_entry *old = *place;
    memory_table_replace(place, entry);
    list_insert_after(&old->queue, &entry->queue);
    list_remove(&old->queue);
    if (shard->hand == &old->queue)
        shard->hand = &entry->queue;
    entry->visited = true;
    ttl_remove(shard, old);
    memory_removed_add(removed, old, 0); /* given back with the reservation of the new one */
}

bool memory_shard_store(memory_shard *shard, memory_heap *heap, memory_entry **place,
                        memory_entry *entry, memory_removed *removed, uint64_t *missing)
{
    bool there = *place != NULL;
    uint64_t cost = memory_entry_cost(entry);
    uint64_t growth = there ? 0 : memory_table_growth(&shard->table);
    uint64_t freed = there ? memory_entry_cost(*place) : 0;
    if (!memory_heap_reserve(heap, cost + growth, freed)) {
        *missing = cost + growth - freed;
        return false;
    }
    if (there) {
        replace(shard, place, entry, removed);
    } else {
        memory_table_insert(&shard->table, heap, place, entry, growth);
        list_insert_after(&shard->queue, &entry->queue);
    }
    if (entry->expires_ns != MEMORY_NEVER)
        ttl_insert(shard, entry, heap->services.now_ns());
    entry->cas = ++shard->last_cas;
    shard->writes++;
    return true;
}

/* ---- making room ----------------------------------------------------------------------------- */

void memory_shard_reclaim(memory_shard *shard, const memory_heap *heap, size_t classes, size_t most,
                          memory_removed *removed)
{
    unsigned class = ttl_next_class(shard, shard->ttl_turn), first = class;
    if (class == MEMORY_TTL_CLASSES)
        return;
    int64_t now = heap->services.now_ns();
    for (size_t done = 0; classes > 0; classes--) {
        memory_node *head = &shard->ttl_classes[class];
        while (head->previous != head && done < most) {
            memory_entry *oldest = ENTRY_OF(head->previous, expiry);
            if (now < oldest->expires_ns)
                break;
            remove_entry(shard, oldest, removed);
            shard->expirations++;
            done++;
        }
        if (done == most)
            break; /* the same class again next time */
        unsigned next = ttl_next_class(shard, (class + 1) % MEMORY_TTL_CLASSES);
        bool round =
            next == MEMORY_TTL_CLASSES || ttl_distance(first, next) <= ttl_distance(first, class);
        class = next % MEMORY_TTL_CLASSES;
        if (round)
            break;
    }
    shard->ttl_turn = class;
}

/* The next to evict, and the hand after it; NULL: there is none but `keep`. */
static memory_entry *victim(memory_shard *shard, uint64_t keep)
{
    memory_entry *last = NULL;
    memory_node *node = shard->hand;
    for (unsigned steps = 0; steps < MEMORY_HAND_STEPS; steps++, node = node->previous) {
        if (node == &shard->queue)
            node = node->previous;
        if (node == &shard->queue)
            return NULL; /* empty */
        memory_entry *entry = ENTRY_OF(node, queue);
        if (entry->hash == keep)
            continue;
        last = entry;
        if (!entry->visited)
            break;
        entry->visited = false;
    }
    if (last != NULL)
        shard->hand = last->queue.previous;
    return last;
}

void memory_shard_evict(memory_shard *shard, const memory_heap *heap, uint64_t keep, size_t most,
                        uint64_t bytes, memory_removed *removed)
{
    memory_shard_reclaim(shard, heap, MEMORY_TTL_CLASSES, most, removed);
    while (removed->count == 0 || (removed->count < most && removed->bytes < bytes)) {
        memory_entry *entry = victim(shard, keep);
        if (entry == NULL)
            break;
        remove_entry(shard, entry, removed);
        shard->evictions++;
    }
}
