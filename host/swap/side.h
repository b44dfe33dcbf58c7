/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One of the two providers that a copying swap stands between: its operations, taking keys as they
 * are and giving it the form that it wants. And entries on their way from one side to the other.
 */
#ifndef ZC_SWAP_SIDE_H
#define ZC_SWAP_SIDE_H

#include "core/generation.h"

typedef struct zc_side {
    const zcache_layer *layer;
    bool text_keys;
    const char *name; /* of the provider, for messages */
} zc_side;

zc_side zc_side_of(const zc_generation *generation);

/* The operations of plugin.h on this side. */
zcache_status zc_side_get(const zc_side *side, const zcache_call *call, size_t n,
                          const zcache_slice keys[], zcache_sink *sink);
zcache_status zc_side_peek(const zc_side *side, const zcache_call *call, size_t n,
                           const zcache_slice keys[], zcache_sink *sink);
zcache_status zc_side_set(const zc_side *side, const zcache_call *call, size_t n,
                          zcache_item items[]);
zcache_status zc_side_del(const zc_side *side, const zcache_call *call, size_t n,
                          const zcache_slice keys[], zcache_status status[]);
zcache_status zc_side_touch(const zc_side *side, const zcache_call *call, size_t n,
                            const zcache_slice keys[], int64_t ttl_ms, zcache_status status[]);
zcache_status zc_side_incr(const zc_side *side, const zcache_call *call, size_t n,
                           zcache_increment increments[]);
zcache_status zc_side_scan(const zc_side *side, const zcache_call *call, zcache_slice prefix,
                           zcache_scan_sink *sink);
zcache_status zc_side_clear(const zc_side *side, const zcache_call *call, zcache_slice prefix);

/* ---- entries --------------------------------------------------------------------------------- */

/* What a read of some keys found: items[] has the hits, with value and TTL, ready to be set;
 * found[i] tells whether keys[i] is among them. Reused from read to read. */
typedef struct zc_entries {
    zcache_item *items;
    size_t count, capacity;
    bool *found;
    size_t found_capacity;
    char *bytes; /* the values */
    size_t used, bytes_capacity;
    const zcache_slice *keys;
    zcache_status failure; /* of a key, or ZCACHE_E_NOMEM */
} zc_entries;

/* Reads n keys of `side` with their TTLs. items[i].key points to keys[]. */
zcache_status zc_entries_read(zc_entries *entries, const zc_side *side, const zcache_call *call,
                              size_t n, const zcache_slice keys[]);
void zc_entries_free(zc_entries *entries);

#endif
