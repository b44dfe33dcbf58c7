/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A change is made of a new struct, prepared while all can still fail; then each plugin is asked in
 * turn, and a struct only changes hands. So nothing is allocated once the first plugin has agreed,
 * and whoever took a change gets the struct that it had before if another refuses.
 */
#include "core/configure.h"

#include <stdio.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/thread.h"
#include "core/cache.h"

#define TAKE_BACK_NS (1000 * ZC_NS_PER_MS)

zcache_status zc_change_add(zc_change **changes, zc_instance *instance, const zc_config *config)
{
    const zcache_descriptor *descriptor = instance->descriptor;
    if (descriptor->ops->configure == NULL)
        return zc_error(ZCACHE_E_NOTSUP,
                        "%s cannot change its options while it is open: change its section in the "
                        "configuration and reload, which opens it anew",
                        descriptor->name);
    zc_change *made = zc_calloc(1, sizeof(*made));
    if (made == NULL)
        return zc_error_nomem();
    made->instance = instance;
    zcache_status status = zc_config_plugin_options(config, descriptor, &made->options);
    if (status == ZCACHE_OK)
        status = zc_services_learn(&instance->services, descriptor, made->options);
    if (status != ZCACHE_OK) {
        zc_changes_free(made);
        return status;
    }
    zc_change **end = changes;
    while (*end != NULL)
        end = &(*end)->next;
    *end = made;
    return ZCACHE_OK;
}

void zc_changes_free(zc_change *changes)
{
    while (changes != NULL) {
        zc_change *next = changes->next;
        zc_config_plugin_options_free(changes->instance->descriptor, changes->options);
        zc_free(changes);
        changes = next;
    }
}

/* ---- making them ----------------------------------------------------------------------------- */

/* Asks the plugin; if it agrees, the struct that it had is the change's. */
static zcache_status hand_over(zc_change *change, int64_t deadline_ns)
{
    zc_instance *instance = change->instance;
    const zcache_descriptor *descriptor = instance->descriptor;
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return ZCACHE_E_NOMEM;
    bool serialized = descriptor->threads == ZCACHE_THREADS_SERIALIZED;
    if (serialized && !zc_lock_until(&instance->lock, deadline_ns))
        return zc_error(ZCACHE_E_TIMEOUT,
                        "%s: its options were not changed: an operation, of which this plugin "
                        "takes one at a time, was still running at the deadline",
                        descriptor->name);
    zcache_call call = {
        .size = sizeof(call), .started_ns = zc_now_ns(), .deadline_ns = deadline_ns};
    thread->message_left = false;
    zcache_status status = descriptor->ops->configure(instance->self, &call, change->options);
    if (serialized)
        pthread_mutex_unlock(&instance->lock);
    if (status > ZCACHE_OK)
        return zc_error(ZCACHE_E_PLUGIN,
                        "%s: configure returned %s, which is not an error: the plugin is broken",
                        descriptor->name, zcache_status_name(status));
    if (status == ZCACHE_OK) {
        void *before = instance->options;
        instance->options = change->options;
        change->options = before;
        change->made = true;
    } else if (!thread->message_left) {
        zc_error(status, "%s: configure failed: %s", descriptor->name, zcache_status_text(status));
    }
    return status;
}

/* Takes back the changes before `refused`. The message of who refused is kept. */
static void take_back(zc_cache *cache, zc_change *changes, const zc_change *refused)
{
    int64_t deadline_ns = zc_now_ns() + TAKE_BACK_NS; /* that of the changes may be over */
    char message[ZC_ERROR_MAX];
    snprintf(message, sizeof(message), "%s", zc_error_text());
    for (zc_change *one = changes; one != refused; one = one->next)
        if (hand_over(one, deadline_ns) != ZCACHE_OK)
            zc_log_write(&cache->log, ZCACHE_LOG_ERROR,
                         "%s goes on with options that were to be taken back: %s",
                         one->instance->descriptor->name, zc_error_text());
    zc_error(ZCACHE_OK, "%s", message);
}

zcache_status zc_changes_make(zc_cache *cache, zc_change *changes, int64_t deadline_ns)
{
    for (zc_change *one = changes; one != NULL; one = one->next) {
        zcache_status status = hand_over(one, deadline_ns);
        if (status == ZCACHE_OK)
            continue;
        take_back(cache, changes, one);
        return status;
    }
    return ZCACHE_OK;
}

/* ---- what was replaced ----------------------------------------------------------------------- */

void zc_changes_leave(zc_stack *stack, zc_cache *cache, zc_change *changes, uint64_t standing)
{
    zc_change *unused = NULL;
    pthread_mutex_lock(&cache->lock);
    while (changes != NULL) {
        zc_change *one = changes;
        changes = one->next;
        zc_change **list = one->made ? &stack->replaced : &unused;
        one->standing = standing;
        one->next = *list;
        *list = one;
    }
    pthread_mutex_unlock(&cache->lock);
    zc_changes_free(unused);
}

/* The standing of the oldest generation on the stack that is not closed. A composite has no need to
 * be looked at: it keeps those that it stands above open. */
static uint64_t oldest_standing(const zc_cache *cache, const zc_stack *stack)
{
    uint64_t oldest = UINT64_MAX;
    for (const zc_generation *one = cache->made; one != NULL; one = one->next_made)
        if (one->phase != ZC_GENERATION_CLOSED && one->lender == one && one->stack == stack &&
            one->standing < oldest)
            oldest = one->standing;
    return oldest;
}

zc_change *zc_changes_outdated(const zc_cache *cache, zc_stack *stack)
{
    zc_change *outdated = NULL;
    if (stack->replaced == NULL)
        return NULL;
    uint64_t oldest = oldest_standing(cache, stack);
    for (zc_change **at = &stack->replaced; *at != NULL;) {
        zc_change *one = *at;
        if (one->standing > oldest) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        one->next = outdated;
        outdated = one;
    }
    return outdated;
}

void zc_changes_release(zc_change *changes)
{
    for (const zc_change *one = changes; one != NULL; one = one->next) {
        zc_instance *instance = one->instance;
        const zcache_descriptor *descriptor = instance->descriptor;
        if (descriptor->ops->released == NULL)
            continue;
        bool serialized = descriptor->threads == ZCACHE_THREADS_SERIALIZED;
        if (serialized)
            pthread_mutex_lock(&instance->lock);
        descriptor->ops->released(instance->self, one->options);
        if (serialized)
            pthread_mutex_unlock(&instance->lock);
    }
    zc_changes_free(changes);
}
