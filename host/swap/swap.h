/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What makes another generation current, for whoever has a configuration to go to: one at a time.
 */
#ifndef ZC_SWAP_SWAP_H
#define ZC_SWAP_SWAP_H

#include "core/cache.h"

/* Takes the turn to swap, and gives it back. `caller` is a function's name, for the message.
 * Errors: ZCACHE_E_BUSY, somebody else has it. */
zcache_status zc_swap_begin(zc_cache *cache, const char *caller);
void zc_swap_end(zc_cache *cache);

/* Swaps to the provider and filters that `config` names, which are opened anew. Takes `config`,
 * also when it fails. Of `asked` it uses mode, timeouts (none is 0), rate, verify and progress. On
 * failure the generation that was current goes on. With the turn. */
zcache_status zc_swap_to(zc_cache *cache, zc_config *config, const zcache_swap_options *asked,
                         zcache_swap_report *report);

#endif
