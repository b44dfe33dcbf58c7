/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What leaves the redis provider's own hands: native leases, and forked children, which must never
 * write on a connection of their parent's.
 */
#include "redis-cache.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <zcache/native/redis.h>

#include "child.h"
#include "threads.h"

static server *redis_server;

/* ---- leases ---------------------------------------------------------------------------------- */

static void test_a_lease_is_a_connection_of_its_own(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(redis_server), "redis.pool_size=1");
    redisContext *redis = zcache_redis_acquire(cache, NULL);
    redisContext *other = zcache_redis_acquire(cache, NULL);
    assert_non_null(redis);
    assert_non_null(other);
    redisReply *reply = redisCommand(redis, "MULTI");
    assert_string_equal("OK", reply->str);
    freeReplyObject(reply);
    /* an open transaction there, and the cache goes on */
    assert_status(ZCACHE_OK, set_text(cache, "leased", "1"));
    assert_reads(cache, "leased", "1");
    assert_int_equal(2, stat_of(cache, "redis_leases"));
    assert_error(ZCACHE_E_BUSY, "native", zcache_close(cache));
    assert_status(ZCACHE_OK, zcache_redis_release(cache, redis));
    reply = redisCommand(other, "GET leased");
    assert_string_equal("1", reply->str);
    freeReplyObject(reply);
    assert_status(ZCACHE_OK, zcache_redis_release(cache, other));
    assert_status(ZCACHE_E_INVALID, zcache_redis_release(cache, other));
    assert_int_equal(0, stat_of(cache, "redis_leases"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_lease_has_the_timeout_of_the_cache(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(redis_server), "cache.timeout=300ms");
    redisContext *redis = zcache_redis_acquire(cache, NULL);
    assert_non_null(redis);
    int64_t begin = clock_ms();
    assert_null(redisCommand(redis, "BLPOP nothing-ever 60"));
    assert_between(100, 300 + CLOCK_SLACK_MS, clock_ms() - begin);
    assert_status(ZCACHE_OK, zcache_redis_release(cache, redis));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- forks ----------------------------------------------------------------------------------- */

static _Atomic bool stopping;

/* Its own key, always the same value: another process's reply would show. */
static void read_until_stopped(void *user, size_t index)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    char key[32];
    snprintf(key, sizeof(key), "fork-%zu", index);
    if (index == 0) {
        for (int i = 0; i < 10; i++) {
            pid_t child = child_fork();
            if (child == 0) {
                for (int j = 0; j < 20; j++)
                    if (check_status(ZCACHE_OK, zcache_get(cache, "fork-child", &value, NULL)))
                        check_that(strcmp(value.data, "child") == 0);
                child_end();
            }
            check_child_ends_well(child);
        }
        atomic_store(&stopping, true);
        return;
    }
    while (!atomic_load(&stopping)) {
        if (!check_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL)) ||
            !check_that(strcmp(value.data, key) == 0))
            break;
    }
    zcache_value_free(&value);
}

static void test_forked_children_use_connections_of_their_own(void **state)
{
    (void)state;
    zcache *cache =
        open_cache(server_setting(redis_server), "cache.timeout=20s", "redis.pool_size=4");
    assert_status(ZCACHE_OK, set_text(cache, "fork-child", "child"));
    for (int i = 1; i < 4; i++)
        assert_status(ZCACHE_OK, set_text(cache, setting("fork-%d", i), setting("fork-%d", i)));
    atomic_store(&stopping, false);
    threads_run(4, read_until_stopped, cache);
    assert_int_equal(0, checks_failed());
    assert_int_equal(0, stat_of(cache, "redis_connections_lost"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_lease_does_not_reach_into_a_child(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(redis_server));
    redisContext *redis = zcache_redis_acquire(cache, NULL);
    assert_non_null(redis);
    pid_t child = child_fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        check_that(redisCommand(redis, "SET forked child") == NULL);
        check_status(ZCACHE_OK, zcache_redis_release(cache, redis));
        child_end();
    }
    assert_child_ends_well(child);
    redisReply *reply = redisCommand(redis, "GET forked");
    assert_non_null(reply);
    assert_int_equal(REDIS_REPLY_NIL, reply->type);
    freeReplyObject(reply);
    assert_status(ZCACHE_OK, zcache_redis_release(cache, redis));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static int start(void **state)
{
    (void)state;
    expect_of("redis");
    redis_server = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_free(redis_server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lease_is_a_connection_of_its_own),
        cmocka_unit_test(test_a_lease_has_the_timeout_of_the_cache),
        cmocka_unit_test(test_forked_children_use_connections_of_their_own),
        cmocka_unit_test(test_a_lease_does_not_reach_into_a_child),
    };
    return cmocka_run_group_tests_name("redis leases and forks", tests, start, stop);
}
