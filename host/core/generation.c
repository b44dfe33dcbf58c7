/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opening builds the stack from the provider up; closing goes from the outermost filter down.
 */
#include "core/generation.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/cache.h"
#include "core/configure.h"
#include "core/pin.h"

/* A closed generation to use again, or a new one. */
static zc_generation *generation_take(zc_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    zc_generation *generation = cache->free;
    if (generation != NULL)
        cache->free = generation->next;
    pthread_mutex_unlock(&cache->lock);
    if (generation == NULL) {
        generation = zc_calloc(1, sizeof(*generation));
        if (generation == NULL)
            return NULL;
        generation->cache = cache;
        pthread_mutex_lock(&cache->lock);
        generation->next_made = cache->made;
        cache->made = generation;
        pthread_mutex_unlock(&cache->lock);
    }
    return generation;
}

void zc_generation_give_back(zc_generation *generation)
{
    zc_cache *cache = generation->cache;
    pthread_mutex_lock(&cache->lock);
    generation->next = cache->free;
    cache->free = generation;
    pthread_mutex_unlock(&cache->lock);
}

/* The limits of the configuration hold on every provider: one that cannot keep them is refused. */
static zcache_status check_limits(const zcache_descriptor *provider,
                                  const zc_cache_settings *settings)
{
    if (provider->key_max != 0 && (uint64_t)settings->max_key_length > provider->key_max)
        return zc_error(ZCACHE_E_CONFIG,
                        "[cache] max_key_length = %lld: the provider %s has keys of at most %zu "
                        "bytes",
                        (long long)settings->max_key_length, provider->name, provider->key_max);
    if (provider->value_max != 0 && (uint64_t)settings->max_value_size > provider->value_max)
        return zc_error(ZCACHE_E_CONFIG,
                        "[cache] max_value_size = %lld: the provider %s has values of at most %zu "
                        "bytes",
                        (long long)settings->max_value_size, provider->name, provider->value_max);
    return ZCACHE_OK;
}

static void stack_add(zc_cache *cache, zc_stack *stack)
{
    pthread_mutex_lock(&cache->lock);
    stack->users = 1;
    stack->next = cache->opened;
    cache->opened = stack;
    pthread_mutex_unlock(&cache->lock);
}

/* Ends the generation's use of its stack; true: it was the last, and the caller closes the stack.
 * Else it may have been the last that could use some options, and holds the stack open until they
 * are gone. */
static bool stack_leave(zc_generation *generation)
{
    zc_cache *cache = generation->cache;
    zc_stack *stack = generation->stack;
    pthread_mutex_lock(&cache->lock);
    if (stack->users > 1 && stack->replaced != NULL) {
        generation->phase = ZC_GENERATION_CLOSED;
        zc_change *outdated = zc_changes_outdated(cache, stack);
        pthread_mutex_unlock(&cache->lock);
        zc_changes_release(outdated);
        pthread_mutex_lock(&cache->lock);
    }
    bool last = --stack->users == 0;
    if (last) {
        zc_stack **at = &cache->opened;
        while (*at != stack)
            at = &(*at)->next;
        *at = stack->next;
    }
    pthread_mutex_unlock(&cache->lock);
    return last;
}

static void stand_on(zc_generation *generation, zc_stack *stack)
{
    generation->stack = stack;
    generation->instances = stack != NULL ? stack->instances : NULL;
    generation->instance_count = stack != NULL ? stack->count : 0;
}

/* The generation, which stands on its stack, is opened with this. `lender`: itself, or, of a
 * composite, whose stack it is. */
static void adopt_settings(zc_generation *generation, zc_generation *lender, zc_config *config)
{
    const zc_cache_settings *settings = zc_config_cache(config);
    const zcache_descriptor *provider = zc_generation_provider(generation)->descriptor;
    generation->top = generation->instances[0].layer;
    generation->text_keys = provider->key_bytes == ZCACHE_KEY_TEXT;
    generation->errors_are_misses = settings->errors == ZC_ERRORS_MISS;
    generation->hash_long_keys = settings->long_keys == ZC_LONG_KEYS_HASH;
    generation->key_max = (size_t)settings->max_key_length;
    generation->value_max = (size_t)settings->max_value_size;
    generation->timeout_ms = settings->timeout_ms;
    generation->default_ttl_ms = settings->default_ttl_ms;
    generation->config = config;
    if (getrandom(&generation->cas_salt, sizeof(generation->cas_salt), GRND_NONBLOCK) !=
        (ssize_t)sizeof(generation->cas_salt)) /* early in boot: unlike the others will do */
        generation->cas_salt = (uint64_t)zc_now_ns() * UINT64_C(0x9e3779b97f4a7c15);
    generation->number = 0;
    generation->lender = lender;
    generation->composite = NULL;
    generation->composite_free = NULL;
    atomic_store(&generation->draining, false);
    atomic_store(&generation->leases, 0);
    pthread_mutex_lock(&generation->cache->lock);
    generation->standing = ++generation->stack->standings;
    generation->phase = ZC_GENERATION_OPENED;
    generation->opened_ns = zc_now_ns();
    snprintf(generation->provider, sizeof(generation->provider), "%s", provider->name);
    pthread_mutex_unlock(&generation->cache->lock);
}

static zcache_status load_all(zc_stack *stack, const zc_config *config)
{
    const zc_cache_settings *settings = zc_config_cache(config);
    size_t last = stack->count - 1;
    zcache_status status =
        zc_instance_load(&stack->instances[last], settings->provider, ZCACHE_KIND_PROVIDER, config);
    if (status == ZCACHE_OK)
        status = check_limits(stack->instances[last].descriptor, settings);
    for (size_t i = last; status == ZCACHE_OK && i-- > 0;)
        status = zc_instance_load(&stack->instances[i], settings->filters.items[i],
                                  ZCACHE_KIND_FILTER, config);
    return status;
}

static bool close_all(zc_stack *stack)
{
    bool unmapped = false;
    zc_changes_free(stack->replaced);
    for (size_t i = 0; i < stack->count; i++)
        unmapped = zc_instance_close(&stack->instances[i]);
    zc_free(stack);
    return unmapped;
}

zcache_status zc_generation_open(zc_cache *cache, zc_config *config, int64_t deadline_ns,
                                 zc_open_times *times, zc_generation **opened)
{
    zc_generation *generation = generation_take(cache);
    if (generation == NULL)
        return zc_error_nomem();
    size_t count = zc_config_cache(config)->filters.count + 1;
    zc_stack *stack = zc_calloc(1, sizeof(*stack) + count * sizeof(stack->instances[0]));
    if (stack == NULL) {
        zc_generation_give_back(generation);
        return zc_error_nomem();
    }
    stack->count = count;

    int64_t begin_ns = zc_now_ns();
    zcache_status status = load_all(stack, config);
    int64_t loaded_ns = zc_now_ns();
    const zcache_layer *below = NULL;
    for (size_t i = count; status == ZCACHE_OK && i-- > 0;) {
        status = zc_instance_open(&stack->instances[i], &cache->log, below, deadline_ns);
        below = &stack->instances[i].layer;
    }
    if (status != ZCACHE_OK) {
        close_all(stack);
        zc_generation_give_back(generation);
        return status;
    }
    stand_on(generation, stack);
    adopt_settings(generation, generation, config);
    stack_add(cache, stack);
    *times = (zc_open_times){loaded_ns - begin_ns, zc_now_ns() - loaded_ns};
    *opened = generation;
    return ZCACHE_OK;
}

zcache_status zc_generation_renew(zc_generation *old, zc_config *config, zc_generation **renewed)
{
    zc_cache *cache = old->cache;
    zcache_status status =
        check_limits(zc_generation_provider(old)->descriptor, zc_config_cache(config));
    if (status != ZCACHE_OK)
        return status;
    zc_generation *generation = generation_take(cache);
    if (generation == NULL)
        return zc_error_nomem();
    stand_on(generation, old->stack);
    adopt_settings(generation, generation, config);
    generation->cas_salt = old->cas_salt; /* the provider's tokens are what they were */
    pthread_mutex_lock(&cache->lock);
    old->stack->users++;
    pthread_mutex_unlock(&cache->lock);
    *renewed = generation;
    return ZCACHE_OK;
}

zcache_status zc_generation_composite(zc_generation *lender, const zcache_layer *top,
                                      void *composite, void (*composite_free)(void *),
                                      zc_generation **made)
{
    zc_generation *generation = generation_take(lender->cache);
    if (generation == NULL)
        return zc_error_nomem();
    stand_on(generation, lender->stack);
    adopt_settings(generation, lender, lender->config);
    generation->top = *top;
    generation->text_keys = false; /* the composite encodes for each side */
    generation->cas_salt = lender->cas_salt;
    generation->composite = composite;
    generation->composite_free = composite_free;
    *made = generation;
    return ZCACHE_OK;
}

void zc_generation_unlease(zc_generation *generation)
{
    /* Pairs with the drain: either it sees the lease gone, or this sees that it drains. */
    atomic_fetch_sub(&generation->leases, 1);
    if (atomic_load(&generation->draining))
        zc_pin_wake(generation);
}

zc_generation *zc_generation_publish(zc_generation *generation)
{
    zc_cache *cache = generation->cache;
    pthread_mutex_lock(&cache->lock);
    if (generation->number == 0) {
        generation->number = ++cache->last_number;
        generation->current_ns = zc_now_ns();
    }
    generation->phase = ZC_GENERATION_CURRENT;
    atomic_store(&generation->draining, false); /* it was, if a copy from it is given up */
    zc_generation *old = atomic_load(&cache->current);
    atomic_store(&cache->current, generation);
    if (old != NULL) {
        atomic_store(&old->draining, true);
        old->phase = ZC_GENERATION_LEFT;
        old->left_ns = zc_now_ns();
    }
    pthread_mutex_unlock(&cache->lock);
    zc_pin_grace();
    return old;
}

zcache_status zc_generation_ping(zc_generation *generation, int64_t deadline_ns)
{
    if (generation->top.ping.call == NULL)
        return ZCACHE_OK;
    zcache_call call = {
        .size = sizeof(call), .started_ns = zc_now_ns(), .deadline_ns = deadline_ns};
    return generation->top.ping.call(generation->top.ping.self, &call);
}

static void close_composite(zc_generation *generation)
{
    generation->composite_free(generation->composite);
    generation->composite = NULL;
    generation->config = NULL;
}

static bool stack_close(zc_cache *cache, zc_stack *stack, int64_t deadline_ns)
{
    zcache_call call = {
        .size = sizeof(call), .started_ns = zc_now_ns(), .deadline_ns = deadline_ns};
    for (size_t i = 0; i < stack->count; i++) {
        zc_instance *instance = &stack->instances[i];
        if (instance->descriptor->ops->quiesce == NULL)
            continue;
        if (instance->descriptor->ops->quiesce(instance->self, &call) != ZCACHE_OK)
            zc_log_write(&cache->log, ZCACHE_LOG_WARNING,
                         "%s: background work was not finished before the close: %s",
                         instance->descriptor->name, zc_error_text());
    }
    return close_all(stack);
}

void zc_generation_thread_exit(zc_generation *generation)
{
    for (size_t i = 0; i < generation->instance_count; i++) {
        zc_instance *instance = &generation->instances[i];
        if (instance->descriptor->ops->thread_exit != NULL)
            instance->descriptor->ops->thread_exit(instance->self);
    }
}

bool zc_generation_close(zc_generation *generation, int64_t deadline_ns)
{
    zc_cache *cache = generation->cache;
    bool unmapped = false;
    if (generation->composite != NULL) {
        close_composite(generation);
    } else {
        if (stack_leave(generation))
            unmapped = stack_close(cache, generation->stack, deadline_ns);
        zc_config_free(generation->config);
        generation->config = NULL;
    }
    pthread_mutex_lock(&cache->lock);
    generation->phase = ZC_GENERATION_CLOSED; /* nobody looks at its stack any more */
    pthread_mutex_unlock(&cache->lock);
    stand_on(generation, NULL);
    return unmapped;
}
