/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The middle of a copying swap: from the old generation in charge to the new one in charge, or
 * back.
 */
#ifndef ZC_SWAP_MOVE_H
#define ZC_SWAP_MOVE_H

#include "core/cache.h"

/* Moves the cache from `old`, current, to `new`, opened: with the entries. On success new is
 * current and old is draining. On failure old is current as before, new is closed, and the message
 * names the step. */
zcache_status zc_move(zc_generation *old, zc_generation *new, const zcache_swap_options *asked,
                      int64_t timeout_ns, zcache_swap_report *report);

#endif
