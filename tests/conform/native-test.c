/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Native leases: the provider's own handle for who asks for the right type, an error that names the
 * active provider for who does not; and a cache that waits for its leases.
 */
#include "conform.h"

#include <zcache/native/memory.h>
#ifdef CONFORM_REDIS
#include <zcache/native/redis.h>
#endif
#ifdef CONFORM_MEMCACHED
#include <zcache/native/memcached.h>
#endif

/* Every type that there is, and whose it is. */
static const struct {
    const char *provider, *type;
} types[] = {
    {"memory", ZCACHE_MEMORY_NATIVE_TYPE},
#ifdef CONFORM_REDIS
    {"redis", ZCACHE_REDIS_NATIVE_TYPE},
#endif
#ifdef CONFORM_MEMCACHED
    {"memcached", ZCACHE_MEMCACHED_NATIVE_TYPE},
#endif
    {"nobody", "no.such_type/1"},
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static const char *own_type(void)
{
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].provider, conform_provider_now->name) == 0)
            return types[i].type;
    fail_msg("no native type of %s", conform_provider_now->name);
    return NULL;
}

static void test_handle_of_another_type_is_refused(void **state)
{
    conform *t = *state;
    for (size_t i = 0; i < TYPES; i++) {
        if (strcmp(types[i].provider, conform_provider_now->name) == 0)
            continue;
        zcache_status status = ZCACHE_OK;
        assert_null(zcache_native_acquire(t->cache, types[i].type, &status));
        assert_error(ZCACHE_E_TYPE, conform_provider_now->name, status);
        assert_non_null(strstr(zcache_error_message(), types[i].type));
        assert_null(zcache_native_acquire(t->cache, types[i].type, NULL));
    }
    zcache_status status = ZCACHE_OK;
    assert_null(zcache_native_acquire(t->cache, NULL, &status));
    assert_int_equal(status, ZCACHE_E_INVALID);
}

static void test_handle_is_lent_and_given_back(void **state)
{
    conform *t = *state;
    zcache_status status = ZCACHE_E_INTERNAL;
    void *first = zcache_native_acquire(t->cache, own_type(), &status);
    assert_status(ZCACHE_OK, status);
    assert_non_null(first);
    void *second = zcache_native_acquire(t->cache, own_type(), &status);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    put(t->cache, "k", "v"); /* operations go on meanwhile */
    assert_status(ZCACHE_OK, zcache_native_release(t->cache, first));
    assert_status(ZCACHE_OK, zcache_native_release(t->cache, second));
    assert_status(ZCACHE_E_INVALID, zcache_native_release(t->cache, &status));
    assert_status(ZCACHE_E_INVALID, zcache_native_release(t->cache, NULL));
}

static void test_cache_does_not_close_over_a_lease(void **state)
{
    (void)state;
    char prefix[24];
    zcache *cache = OPEN(conform_new_prefix(prefix));
    void *handle = zcache_native_acquire(cache, own_type(), NULL);
    assert_non_null(handle);
    assert_error(ZCACHE_E_BUSY, "native", zcache_close(cache));
    put(cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_native_release(cache, handle));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void use_memory(conform *t)
{
    put(t->cache, "a", "v");
    put(t->cache, "b", "v");
    assert_holds(t->cache, "a", "v");
    assert_miss(t->cache, "none");
    zcache_memory_engine *engine = zcache_memory_acquire(t->cache, NULL);
    assert_non_null(engine);
    assert_int_equal(engine->items, 2);
    assert_int_equal(engine->writes, 2);
    assert_true(engine->hits >= 1);
    assert_true(engine->memory_bytes > 0 && engine->memory_bytes <= engine->memory_limit);
    assert_status(ZCACHE_OK, zcache_memory_release(t->cache, engine));
}

#ifdef CONFORM_REDIS
static void use_redis(conform *t)
{
    put(t->cache, "k", "seen by hiredis");
    redisContext *redis = zcache_redis_acquire(t->cache, NULL);
    assert_non_null(redis);
    redisReply *reply = redisCommand(redis, "GET %sk", t->prefix);
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_string_equal(reply->str, "seen by hiredis");
    freeReplyObject(reply);
    /* it may come back in any state */
    assert_int_equal(redisAppendCommand(redis, "GET %sk", t->prefix), REDIS_OK);
    assert_status(ZCACHE_OK, zcache_redis_release(t->cache, redis));
    put(t->cache, "other", "not the reply left behind");
    assert_holds(t->cache, "other", "not the reply left behind");
}
#endif

#ifdef CONFORM_MEMCACHED
static void use_memcached(conform *t)
{
    put(t->cache, "a b", "seen by libmemcached");
    memcached_st *memcached = zcache_memcached_acquire(t->cache, NULL);
    assert_non_null(memcached);
    char key[64];
    size_t size;
    uint32_t flags;
    memcached_return_t answer;
    snprintf(key, sizeof(key), "%sa%%20b", t->prefix);
    char *value = memcached_get(memcached, key, strlen(key), &size, &flags, &answer);
    assert_int_equal(answer, MEMCACHED_SUCCESS);
    assert_int_equal(size, strlen("seen by libmemcached"));
    assert_memory_equal(value, "seen by libmemcached", size);
    free(value);
    assert_status(ZCACHE_OK, zcache_memcached_release(t->cache, memcached));
    assert_holds(t->cache, "a b", "seen by libmemcached");
}
#endif

static void test_handle_is_the_client_librarys_own(void **state)
{
    static const struct {
        const char *provider;
        void (*use)(conform *t);
    } uses[] = {
        {"memory", use_memory},
#ifdef CONFORM_REDIS
        {"redis", use_redis},
#endif
#ifdef CONFORM_MEMCACHED
        {"memcached", use_memcached},
#endif
    };
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
        if (strcmp(uses[i].provider, conform_provider_now->name) == 0) {
            uses[i].use(*state);
            return;
        }
    fail_msg("nobody knows how to use a handle of %s", conform_provider_now->name);
}

static const struct CMUnitTest native_tests[] = {
    TEST(test_handle_of_another_type_is_refused),
};
CONFORM_PART(native, .only = NULL);

static const struct CMUnitTest lease_tests[] = {
    TEST(test_handle_is_lent_and_given_back),
    TEST(test_cache_does_not_close_over_a_lease),
    TEST(test_handle_is_the_client_librarys_own),
};
CONFORM_PART(lease, .needs_native = true);
