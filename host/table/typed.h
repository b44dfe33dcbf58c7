/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A typed table: a table of a cache, the plan of its values' type, and the codec that a
 * configuration chose. It belongs to the cache and lives as long. A reload may choose another codec
 * while operations use the old one, so codecs that were in use live as long, too.
 */
#ifndef ZC_TABLE_TYPED_H
#define ZC_TABLE_TYPED_H

#include <stdatomic.h>

#include "codec/registry.h"
#include "core/cache.h"

/* A codec that a typed table uses, or used before. */
typedef struct zc_codec_use {
    zc_codec codec;
    struct zcache_typed *table;
    struct zc_codec_use *next; /* in its table's list, or of those that were found */
} zc_codec_use;

struct zcache_typed {
    zcache *handle;
    zc_plan *plan;
    char serialization[ZCACHE_NAME_SIZE]; /* that the program asked for; "": as configured */
    /* Stored when it is opened and by a reload; each operation loads it once. */
    _Atomic(zc_codec_use *) codec;
    _Atomic bool told; /* that a value could not be decoded */
    /* How much more the block of a value took than its bytes, at most; 0: none was decoded yet. A
     * guess for the next, so whoever stores it last is right. */
    _Atomic ptrdiff_t block_extra;
    zc_codec_use *codecs;      /* all of them; guarded by cache->lock */
    struct zcache_typed *next; /* in the cache's list; immutable once there */
};

/* A new configuration, not yet in force, chooses codecs: finds those that are not in use, so that
 * it is refused if one of them cannot be had. `found` is for one of the two below. */
zcache_status zc_typed_prepare(zc_cache *cache, const zc_config *config, zc_codec_use **found);
/* It is in force. */
void zc_typed_adopt(zc_cache *cache, zc_codec_use *found);
/* It was given up. */
void zc_typed_drop(zc_codec_use *found);

/* The cache ends: so do its typed tables. */
void zc_typed_free_all(zc_cache *cache);

/* ---- one value ------------------------------------------------------------------------------- */

/* A buffer over memory that zc_free releases. */
zcache_buffer zc_buffer_over(void *memory, size_t capacity);

/* Appends a value. Errors: ZCACHE_E_INVALID, ZCACHE_E_NOMEM; the message names the table. */
zcache_status zc_typed_encode(zcache_typed *table, const void *value, zcache_buffer *buffer);

/* Fills `value` from what was read for a key; on failure it is all zero. A value that is not of the
 * type is counted, logged, and then a miss or ZCACHE_E_TYPE, as configured. `read` may get more
 * capacity: it stays the caller's. */
zcache_status zc_typed_decode(zcache_typed *table, zcache_slice key, zcache_value *read,
                              void *value);

/* ZCACHE_E_INVALID: the table was not opened. */
zcache_status zc_typed_unopened(void);

#endif
