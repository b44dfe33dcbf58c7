/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Two providers as one, while entries are copied from the old to the new.
 *
 * In each of three phases exactly one provider is the authority, the one that decides what an
 * operation answers:
 *
 *     OLD   old decides, new is not touched: before the copy, and after it was given up
 *     BOTH  old decides; what a write changed there is then done to new as well
 *     NEW   new decides, old is not touched: the copy is complete
 *
 * Keys are divided into stripes by their hash. A write holds its stripe's lock from its first
 * provider to its second; the copier holds it from reading a key in old to storing it in new; a
 * change of phase holds all of them. So writes, copies and phases of one key come one after the
 * other, atomic operations stay atomic in their authority, nothing that was deleted comes back, and
 * no write is lost between the two. Reads take no lock: they ask the authority.
 *
 * The authority is old until the very end, so that old stays complete and a copy can be given up at
 * any moment without harm.
 *
 * A failure of new is not the application's: it is remembered, new is left alone from then on, and
 * the copier gives up. So is a write to old whose outcome is unknown, because new may now differ.
 * And so is a stripe that a write does not get in time, because new does not answer the copier: the
 * write goes on in old without it, for once the copy has failed there is nothing to order.
 */
#ifndef ZC_SWAP_DUAL_H
#define ZC_SWAP_DUAL_H

#include "swap/side.h"

/* All of them can be held at once, and ThreadSanitizer follows at most 63 locks of a thread. */
#define ZC_STRIPES 32

typedef enum zc_phase { ZC_PHASE_OLD, ZC_PHASE_BOTH, ZC_PHASE_NEW } zc_phase;

typedef struct zc_dual zc_dual;

/* Makes the two into a composite generation, in phase OLD, ready to be published. It keeps both
 * open until it is closed. */
zcache_status zc_dual_start(zc_generation *old, zc_generation *new, zc_generation **composite);

/* Changes the phase, when no write is under way. A failed copy does not become NEW: its failure is
 * returned, and the phase stays. */
zcache_status zc_dual_enter(zc_dual *dual, zc_phase phase);

/* The first failure that makes the copy worthless, with its message; ZCACHE_OK: none. */
zcache_status zc_dual_failure(zc_dual *dual);

/* For the copier: the two sides, a key's stripe, the stripe's lock. */
const zc_side *zc_dual_old(const zc_dual *dual);
const zc_side *zc_dual_new(const zc_dual *dual);
unsigned zc_dual_stripe(zcache_slice key);
void zc_dual_lock(zc_dual *dual, unsigned stripe);
void zc_dual_unlock(zc_dual *dual, unsigned stripe);

#endif
