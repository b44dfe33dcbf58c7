/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * New options for plugins that are open and at work: their `configure` operation, and how long the
 * structs that it replaces live. Operations take no lock to read their options, so a struct is freed
 * only when nobody can have it: each generation on a stack has a rank by age (its standing), and a
 * struct that was replaced when the stack had reached one is freed when the last older generation is
 * closed, which is when the last operation that began on it has ended.
 */
#ifndef ZC_CORE_CONFIGURE_H
#define ZC_CORE_CONFIGURE_H

#include "core/generation.h"

/* Other options for one open instance. */
typedef struct zc_change {
    zc_instance *instance;
    void *options;     /* owned: those to come; once the change is made, those that were */
    bool made;         /* the plugin has taken them */
    uint64_t standing; /* of the oldest generation that cannot use those that were */
    struct zc_change *next;
} zc_change;

/* Adds a change of `instance` to what `config` says. Errors: as zc_config_plugin_options, and
 * ZCACHE_E_NOTSUP: the plugin has no configure. */
zcache_status zc_change_add(zc_change **changes, zc_instance *instance, const zc_config *config);

/* Makes all changes, or none: those that were made when one is refused are taken back. With the turn
 * to swap. Errors: what configure gave. */
zcache_status zc_changes_make(zc_cache *cache, zc_change *changes, int64_t deadline_ns);

/* Hands over what zc_changes_make has left, whether it succeeded or not: what was replaced is freed
 * when the generations older than `standing` are closed, the rest now. */
void zc_changes_leave(zc_stack *stack, zc_cache *cache, zc_change *changes, uint64_t standing);

/* Takes from the stack what no generation can use any more. With cache->lock. */
zc_change *zc_changes_outdated(const zc_cache *cache, zc_stack *stack);

/* Tells the plugins, and frees. The stack is open, and stays so meanwhile. */
void zc_changes_release(zc_change *changes);

/* Frees changes and the options that they own. */
void zc_changes_free(zc_change *changes);

#endif
