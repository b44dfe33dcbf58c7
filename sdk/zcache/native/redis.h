/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed access to the redis provider's native handle: a hiredis connection, authenticated and with
 * the database selected, for this caller alone.
 *
 *     redisContext *redis = zcache_redis_acquire(cache, NULL);
 *     if (redis == NULL)
 *         return fail(zcache_error_message());
 *     redisReply *reply = redisCommand(redis, "LPUSH jobs %s", job);
 *     ...
 *     zcache_redis_release(cache, redis);
 *
 * Compile and link with hiredis, of the version that the plugin was compiled with: the tag tells.
 * The connection is the caller's until it is released, in whatever state: the provider closes it
 * then and never gives it to anybody else. Do not redisFree() it. Since 1.0.
 *
 * It is in blocking mode; each of its system calls ends by the cache's timeout, until
 * redisSetTimeout says otherwise. It is not counted in `pool_size`. hiredis writes with write(2): a
 * program that must survive the death of its server ignores SIGPIPE. In a forked child its socket
 * is closed, and every command fails; it is given back there, too.
 */
#ifndef ZCACHE_NATIVE_REDIS_H
#define ZCACHE_NATIVE_REDIS_H

#include <hiredis/hiredis.h>
#include <zcache/zcache.h>

ZCACHE_BEGIN_DECLS

#define ZCACHE_NATIVE_TEXT_(x) #x
#define ZCACHE_NATIVE_TEXT(x)  ZCACHE_NATIVE_TEXT_(x)

/* The type tag: a struct of another hiredis version is another type. */
#define ZCACHE_REDIS_NATIVE_TYPE \
    "hiredis.redisContext/" ZCACHE_NATIVE_TEXT(HIREDIS_MAJOR) "." ZCACHE_NATIVE_TEXT(HIREDIS_MINOR)

/* Borrows a connection. NULL on failure, with *status (may be NULL): ZCACHE_E_TYPE, another
 * provider is active; ZCACHE_E_UNAVAILABLE, ZCACHE_E_TIMEOUT, ZCACHE_E_AUTH. */
static inline redisContext *zcache_redis_acquire(zcache *cache, zcache_status *status)
{
    return (redisContext *)zcache_native_acquire(cache, ZCACHE_REDIS_NATIVE_TYPE, status);
}

/* Gives it back. */
static inline zcache_status zcache_redis_release(zcache *cache, redisContext *redis)
{
    return zcache_native_release(cache, redis);
}

ZCACHE_END_DECLS

#endif /* ZCACHE_NATIVE_REDIS_H */
