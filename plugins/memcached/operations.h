/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The operations of the provider, by file: reads.c, writes.c, counter.c, scan.c, status.c. `self`
 * is a mc_pool. What each does is said in <zcache/plugin.h>.
 */
#ifndef MC_OPERATIONS_H
#define MC_OPERATIONS_H

#include <zcache/plugin.h>

zcache_get_fn mc_get;
zcache_peek_fn mc_peek;

zcache_set_fn mc_set;
zcache_del_fn mc_del;
zcache_touch_fn mc_touch;

zcache_incr_fn mc_incr;

zcache_scan_op_fn mc_scan;
zcache_clear_fn mc_clear;

zcache_ping_fn mc_ping;
zcache_stats_fn mc_stats;

#endif
