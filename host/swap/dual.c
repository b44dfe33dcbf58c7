/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Stripes, the phase, the first failure; making and ending the composite.
 */
#include "swap/dual-state.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/allocator.h"
#include "core/operation.h"

/* ---- stripes --------------------------------------------------------------------------------- */

unsigned zc_dual_stripe(zcache_slice key)
{
    return (unsigned)(XXH3_64bits(key.data, key.size) % ZC_STRIPES);
}

void zc_dual_lock(zc_dual *dual, unsigned number)
{
    pthread_mutex_lock(&dual->stripes[number].lock);
}

void zc_dual_unlock(zc_dual *dual, unsigned number)
{
    pthread_mutex_unlock(&dual->stripes[number].lock);
}

/* Changes the phase. A failure comes before or after, never in between: a write that gave the copy
 * up holds no stripe. */
static zcache_status change_phase(zc_dual *dual, zc_phase phase)
{
    zcache_status status = ZCACHE_OK;
    pthread_mutex_lock(&dual->failure_lock);
    if (phase == ZC_PHASE_NEW && atomic_load(&dual->failed))
        status = zc_error(dual->failure, "%s", dual->failure_text);
    else
        atomic_store_explicit(&dual->phase, phase, memory_order_release);
    pthread_mutex_unlock(&dual->failure_lock);
    return status;
}

zcache_status zc_dual_enter(zc_dual *dual, zc_phase phase)
{
    for (unsigned i = 0; i < ZC_STRIPES; i++)
        zc_dual_lock(dual, i);
    zcache_status status = change_phase(dual, phase);
    for (unsigned i = 0; i < ZC_STRIPES; i++)
        zc_dual_unlock(dual, i);
    return status;
}

/* ---- failures -------------------------------------------------------------------------------- */

void zc_dual_fail(zc_dual *dual, const char *what, zcache_status status)
{
    pthread_mutex_lock(&dual->failure_lock);
    if (!atomic_load(&dual->failed) && atomic_load(&dual->phase) != ZC_PHASE_NEW) {
        dual->failure = status;
        snprintf(dual->failure_text, sizeof(dual->failure_text), "%s: %s", what, zc_error_text());
        atomic_store(&dual->failed, true);
    }
    pthread_mutex_unlock(&dual->failure_lock);
}

zcache_status zc_dual_failure(zc_dual *dual)
{
    if (!atomic_load(&dual->failed))
        return ZCACHE_OK;
    pthread_mutex_lock(&dual->failure_lock);
    zcache_status status = zc_error(dual->failure, "%s", dual->failure_text);
    pthread_mutex_unlock(&dual->failure_lock);
    return status;
}

/* ---- making and ending ----------------------------------------------------------------------- */

static void dual_free(void *composite)
{
    zc_dual *dual = composite;
    for (unsigned i = 0; i < ZC_STRIPES; i++)
        pthread_mutex_destroy(&dual->stripes[i].lock);
    pthread_mutex_destroy(&dual->failure_lock);
    zc_generation *old = dual->old_generation;
    zc_generation *new = dual->new_generation;
    zc_free(dual->memory);
    zc_generation_unlease(old);
    zc_generation_unlease(new);
}

static zc_dual *dual_new(void)
{
    size_t align = _Alignof(zc_dual);
    void *memory = zc_calloc(1, sizeof(zc_dual) + align);
    if (memory == NULL)
        return NULL;
    zc_dual *dual = (zc_dual *)(((uintptr_t)memory + align - 1) & ~(uintptr_t)(align - 1));
    dual->memory = memory;
    for (unsigned i = 0; i < ZC_STRIPES; i++)
        pthread_mutex_init(&dual->stripes[i].lock, NULL);
    pthread_mutex_init(&dual->failure_lock, NULL);
    return dual;
}

zcache_status zc_dual_start(zc_generation *old, zc_generation *new, zc_generation **composite)
{
    zc_dual *dual = dual_new();
    if (dual == NULL)
        return zc_error_nomem();
    dual->old = zc_side_of(old);
    dual->new = zc_side_of(new);
    dual->old_generation = old;
    dual->new_generation = new;
    dual->cas_shift = new->cas_salt - old->cas_salt;
    atomic_fetch_add(&old->leases, 1);
    atomic_fetch_add(&new->leases, 1);
    zcache_layer top;
    zc_dual_bind(dual, &top);
    zcache_status status = zc_generation_composite(old, &top, dual, dual_free, composite);
    if (status != ZCACHE_OK)
        dual_free(dual);
    return status;
}

const zc_side *zc_dual_old(const zc_dual *dual)
{
    return &dual->old;
}

const zc_side *zc_dual_new(const zc_dual *dual)
{
    return &dual->new;
}
