/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The generations of a cache, told: which is current, which are still in use, and by whom. All is
 * gathered with the cache's lock held, so that it fits together, and told without it.
 */
#include <stdlib.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/operation.h"
#include <zcache/admin.h>

/* One generation and where its leases begin in the gathered array. */
typedef struct gathered {
    zcache_generation told;
    char provider[ZCACHE_NAME_SIZE];
} gathered;

typedef struct gathering {
    gathered *generations;
    size_t count;
    zcache_lease *leases;
} gathering;

ZCACHE_PUBLIC const char *zcache_generation_state_name(zcache_generation_state state)
{
    static const char *const names[] = {"live", "copying", "draining", "retired"};
    size_t i = (size_t)state;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

/* The state of one that is to be told, and since when it has that; false: it is not told. A
 * composite is not: what uses it is counted with the generation that it stands for. */
static bool state_of(const zc_generation *generation, const zc_generation *current,
                     zcache_generation_state *state, int64_t *since_ns)
{
    if (generation->phase == ZC_GENERATION_CLOSED || generation->lender != generation)
        return false;
    if (generation == current->lender) {
        *state = ZCACHE_GENERATION_LIVE;
        *since_ns = generation->current_ns;
    } else if (generation->phase == ZC_GENERATION_OPENED) {
        *state = ZCACHE_GENERATION_COPYING;
        *since_ns = generation->opened_ns;
        return current->lender != current;
    } else {
        *state = generation->phase == ZC_GENERATION_RETIRED ? ZCACHE_GENERATION_RETIRED
                                                            : ZCACHE_GENERATION_DRAINING;
        *since_ns = generation->left_ns;
    }
    return true;
}

/* Pins on a generation, and on the composites that stand for it. With cache->lock. */
static size_t pins_of(const zc_cache *cache, const zc_generation *generation)
{
    size_t pins = 0;
    for (const zc_generation *one = cache->made; one != NULL; one = one->next_made)
        if (one->phase != ZC_GENERATION_CLOSED && one->lender == generation)
            pins += zc_pin_count(one);
    return pins;
}

static void gather_leases(const zc_cache *cache, const zc_generation *generation, int64_t now_ns,
                          zcache_generation *told, zcache_lease *leases)
{
    told->leases = leases;
    for (const zc_lease *lease = cache->leases; lease != NULL; lease = lease->next)
        if (lease->generation == generation)
            leases[told->lease_count++] = (zcache_lease){
                .thread = lease->thread, .age_ms = (now_ns - lease->since_ns) / ZC_NS_PER_MS};
}

/* With cache->lock. */
static zcache_status gather(const zc_cache *cache, gathering *all)
{
    size_t generations = 0, leases = 0;
    for (const zc_generation *one = cache->made; one != NULL; one = one->next_made)
        generations++;
    for (const zc_lease *lease = cache->leases; lease != NULL; lease = lease->next)
        leases++;
    all->generations = zc_calloc(generations, sizeof(*all->generations));
    all->leases = zc_calloc(leases + 1, sizeof(*all->leases));
    if (all->generations == NULL || all->leases == NULL)
        return zc_error_nomem();
    const zc_generation *current = atomic_load(&cache->current);
    zcache_lease *next_lease = all->leases;
    int64_t now_ns = zc_now_ns();
    for (const zc_generation *one = cache->made; one != NULL; one = one->next_made) {
        gathered *to = &all->generations[all->count];
        int64_t since_ns;
        if (!state_of(one, current, &to->told.state, &since_ns))
            continue;
        memcpy(to->provider, one->provider, sizeof(to->provider));
        to->told.number = one->number;
        to->told.age_ms = (now_ns - since_ns) / ZC_NS_PER_MS;
        to->told.pins = pins_of(cache, one);
        gather_leases(cache, one, now_ns, &to->told, next_lease);
        next_lease += to->told.lease_count;
        all->count++;
    }
    return ZCACHE_OK;
}

/* One that has no number yet, 0, comes last: 0 - 1 is the largest number there is. */
static int by_number(const void *left, const void *right)
{
    uint64_t a = ((const gathered *)left)->told.number - 1;
    uint64_t b = ((const gathered *)right)->told.number - 1;
    return (a > b) - (a < b);
}

static void tell(gathering *all, zcache_generation_fn *each, void *user)
{
    qsort(all->generations, all->count, sizeof(*all->generations), by_number);
    for (size_t i = 0; i < all->count; i++) {
        all->generations[i].told.provider = all->generations[i].provider; /* it has moved */
        each(user, &all->generations[i].told);
    }
}

ZCACHE_PUBLIC zcache_status zcache_generation_each(zcache *cache, zcache_generation_fn *each,
                                                   void *user)
{
    if (each == NULL)
        return zc_error(ZCACHE_E_INVALID, "zcache_generation_each: each is NULL");
    zcache_status status = zc_handle_resolve(&cache);
    if (status != ZCACHE_OK)
        return status;
    zc_cache *core = cache->cache;
    gathering all = {0};
    pthread_mutex_lock(&core->lock);
    status = gather(core, &all);
    pthread_mutex_unlock(&core->lock);
    if (status == ZCACHE_OK)
        tell(&all, each, user);
    zc_free(all.leases);
    zc_free(all.generations);
    return status;
}
