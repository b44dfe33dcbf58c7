/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed access to the memcached provider's native handle: a libmemcached client with the provider's
 * servers and behaviours, for this caller alone.
 *
 *     memcached_st *memcached = zcache_memcached_acquire(cache, NULL);
 *     ...
 *     zcache_memcached_release(cache, memcached);
 *
 * Compile and link with libmemcached. Keys that zcache wrote are in the TEXT form there: bytes
 * outside 0x21 to 0x7e, and `%`, percent-encoded. Do not memcached_free() it. Since 1.0.
 */
#ifndef ZCACHE_NATIVE_MEMCACHED_H
#define ZCACHE_NATIVE_MEMCACHED_H

#include <libmemcached/memcached.h>
#include <zcache/zcache.h>

ZCACHE_BEGIN_DECLS

#define ZCACHE_MEMCACHED_NATIVE_TYPE "libmemcached.memcached_st/1"

/* Borrows a client. NULL on failure, with *status (may be NULL): ZCACHE_E_TYPE, another provider is
 * active. */
static inline memcached_st *zcache_memcached_acquire(zcache *cache, zcache_status *status)
{
    return (memcached_st *)zcache_native_acquire(cache, ZCACHE_MEMCACHED_NATIVE_TYPE, status);
}

/* Gives it back. The provider frees it and never gives it to anybody else. */
static inline zcache_status zcache_memcached_release(zcache *cache, memcached_st *memcached)
{
    return zcache_native_release(cache, memcached);
}

ZCACHE_END_DECLS

#endif /* ZCACHE_NATIVE_MEMCACHED_H */
