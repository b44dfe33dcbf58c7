/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The copier: brings every entry of the old provider to the new one, below a dual (dual.h) that
 * keeps later writes in step.
 */
#ifndef ZC_SWAP_COPY_H
#define ZC_SWAP_COPY_H

#include "core/cache.h"
#include "swap/dual.h"

/* What a copy is asked, and what it has done. */
typedef struct zc_copy {
    zc_cache *cache;
    zc_dual *dual;
    zcache_slice prefix; /* of all keys of the cache */
    int64_t rate;        /* entries a second; 0: unlimited */
    bool verify;
    zcache_swap_progress_fn *progress;
    void *user;
    int64_t deadline_ns;
    int64_t timeout_ms; /* of one operation of a provider */
    zcache_swap_progress done;
} zc_copy;

/* Copies, and verifies if asked. All stripes are BOTH. */
zcache_status zc_copy_run(zc_copy *copy);

#endif
