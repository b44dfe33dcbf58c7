/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is redis' own, on a real server: logins, databases, the pool, batches, scripts. What every
 * provider must do is in the conformance suite.
 */
#include "redis-cache.h"

#include <stdlib.h>

#include <zcache/native/redis.h>

#include "redis/scripts.h"
#include "threads.h"

#define PASSWORD "c0rrect-h0rse"

static server *plain;   /* no login */
static server *guarded; /* the default user has PASSWORD; `app` has too, for keys app:* alone */

static void command(const server *one, const char *text)
{
    server_command(one, one == guarded ? PASSWORD : NULL, text);
}

/* ---- logins ---------------------------------------------------------------------------------- */

static void test_logs_in_with_the_password_of_url_or_option(void **state)
{
    (void)state;
    const char *socket = server_socket(guarded);
    zcache *cache = open_cache(setting("redis.url=unix://:%s@%s", PASSWORD, socket));
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
    assert_status(ZCACHE_OK, set_text(cache, "a", "1"));
    assert_status(ZCACHE_OK, zcache_close(cache));

    cache = open_cache(setting("redis.url=unix://:wrong@%s", socket), "redis.password=" PASSWORD);
    assert_reads(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_close(cache));

    cache = open_cache(setting("redis.url=unix://default:c0rrect%%2dh0rse@%s", socket));
    assert_reads(cache, "a", "1");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_wrong_password_is_told_and_not_shown(void **state)
{
    (void)state;
    zcache *cache = open_cache(setting("redis.url=unix://:hunter2@%s", server_socket(guarded)),
                               "redis.backoff_min=1ms");
    assert_error(ZCACHE_E_AUTH, "WRONGPASS", zcache_ping(cache, NULL));
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_error(ZCACHE_E_AUTH, server_socket(guarded), zcache_set(cache, "a", "1", 1, NULL));
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_status(ZCACHE_OK, zcache_close(cache));

    cache = open_cache(server_setting(guarded));
    assert_error(ZCACHE_E_AUTH, "asks for a password", zcache_ping(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_password_for_a_server_without_one_is_told(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain), "redis.password=hunter2");
    assert_error(ZCACHE_E_AUTH, "login", zcache_ping(cache, NULL));
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_key_that_the_acl_forbids_fails_alone(void **state)
{
    (void)state;
    zcache *cache =
        open_cache(setting("redis.url=unix://app:%s@%s", PASSWORD, server_socket(guarded)));
    zcache_item items[] = {
        {.key = zcache_str("app:1"), .value = zcache_str("one")},
        {.key = zcache_str("other"), .value = zcache_str("two")},
        {.key = zcache_str("app:3"), .value = zcache_str("three")},
    };
    assert_error(ZCACHE_E_AUTH, "NOPERM", zcache_set_multi(cache, 3, items, NULL));
    assert_int_equal(ZCACHE_OK, items[0].status);
    assert_int_equal(ZCACHE_E_AUTH, items[1].status);
    assert_int_equal(ZCACHE_OK, items[2].status);

    const char *keys[] = {"app:1", "other", "app:3", "app:4"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_status statuses[4];
    assert_error(ZCACHE_E_AUTH, "NOPERM", zcache_get_multi(cache, 4, keys, values, statuses, NULL));
    assert_int_equal(ZCACHE_OK, statuses[0]);
    assert_int_equal(ZCACHE_E_AUTH, statuses[1]);
    assert_int_equal(ZCACHE_OK, statuses[2]);
    assert_int_equal(ZCACHE_MISS, statuses[3]);
    assert_text("three", &values[2]);
    for (size_t i = 0; i < 4; i++)
        zcache_value_free(&values[i]);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_clear_does_without_flushdb_where_the_acl_forbids_it(void **state)
{
    (void)state;
    zcache *cache =
        open_cache(setting("redis.url=unix://app:%s@%s?db=5", PASSWORD, server_socket(guarded)),
                   "cache.allow_flush=yes");
    assert_status(ZCACHE_OK, set_text(cache, "app:1", "1"));
    assert_status(ZCACHE_OK, set_text(cache, "app:2", "2"));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, zcache_exists(cache, "app:1", NULL));
    assert_status(ZCACHE_MISS, zcache_exists(cache, "app:2", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_wrong_options_are_refused_by_open(void **state)
{
    (void)state;
    assert_not_opened("redis.url=http://hunter2@host", "redis://");
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_not_opened("redis.url=redis://app:hunter2@host:99999", "port");
    assert_null(strstr(zcache_error_message(), "hunter2"));
    assert_not_opened("redis.url=redis://app@host", "no password");
    assert_not_opened("redis.user=app", "no password");
    assert_not_opened("redis.backoff_min=1h", "backoff_max");
    assert_not_opened("redis.pool_size=0", "pool_size");
}

/* ---- databases ------------------------------------------------------------------------------- */

static void test_databases_are_apart(void **state)
{
    (void)state;
    const char *socket = server_socket(plain);
    zcache *third = open_cache(setting("redis.url=unix:%s?db=3", socket));
    zcache *fourth = open_cache(setting("redis.url=unix:%s?db=3", socket), "redis.database=4");
    assert_status(ZCACHE_OK, set_text(third, "database", "3"));
    assert_status(ZCACHE_MISS, zcache_exists(fourth, "database", NULL));
    assert_status(ZCACHE_OK, set_text(fourth, "database", "4"));
    assert_reads(third, "database", "3");

    redisContext *redis = zcache_redis_acquire(fourth, NULL);
    assert_non_null(redis);
    redisReply *reply = redisCommand(redis, "GET database");
    assert_string_equal("4", reply->str);
    freeReplyObject(reply);
    assert_status(ZCACHE_OK, zcache_redis_release(fourth, redis));
    assert_status(ZCACHE_OK, zcache_close(third));
    assert_status(ZCACHE_OK, zcache_close(fourth));
}

static void test_a_database_that_is_not_there_is_told(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain), "redis.database=9999");
    assert_error(ZCACHE_E_SERVER, "database 9999", zcache_ping(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- the pool -------------------------------------------------------------------------------- */

static bool read_each(void *user, zcache_slice key, int64_t ttl_ms)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    (void)ttl_ms;
    check_status(ZCACHE_OK, zcache_get_n(cache, key.data, key.size, &value, NULL));
    zcache_value_free(&value);
    return true;
}

static void test_a_scan_can_be_nested_on_one_connection(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain), "redis.pool_size=1",
                               "cache.key_prefix=nested:", "cache.timeout=5s");
    for (int i = 0; i < 50; i++)
        assert_status(ZCACHE_OK, set_text(cache, setting("%d", i), "value"));
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, "*", read_each, cache, ZCACHE_SCAN(.with_ttl = true)));
    assert_int_equal(0, checks_failed());
    assert_int_equal(1, stat_of(cache, "redis_connections_opened"));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void write_and_read(void *user, size_t index)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    char key[32], text[32];
    snprintf(key, sizeof(key), "thread-%zu", index);
    for (int i = 0; i < 100; i++) {
        int size = snprintf(text, sizeof(text), "%zu-%d", index, i);
        check_status(ZCACHE_OK, zcache_set(cache, key, text, (size_t)size, NULL));
        if (check_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL)))
            check_that(strcmp(value.data, text) == 0);
    }
    zcache_value_free(&value);
}

static void test_more_threads_than_connections_share_them(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain), "redis.pool_size=3", "cache.timeout=20s");
    threads_run(12, write_and_read, cache);
    assert_int_equal(0, checks_failed());
    assert_between(1, 3, stat_of(cache, "redis_connections_opened"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- batches --------------------------------------------------------------------------------- */

static void test_a_batch_larger_than_all_buffers_passes(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static char names[COUNT][16];
    static const char *keys[COUNT];
    static zcache_item items[COUNT];
    static zcache_value values[COUNT];
    static zcache_status statuses[COUNT];
    static char bytes[20000];
    zcache *cache = open_cache(server_setting(plain), "cache.timeout=60s");
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 31 >> 3);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "batch-%zu", i);
        keys[i] = names[i];
        /* small and large ones, sent copied and from where they are */
        items[i] = (zcache_item){.key = zcache_str(names[i]),
                                 .value = zcache_bytes_of(bytes, i * 17 % sizeof(bytes))};
        values[i] = (zcache_value)ZCACHE_VALUE_INIT;
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, COUNT, items, NULL));
    const zcache_read_options *options[] = {NULL, ZCACHE_READ(.with_ttl = true),
                                            ZCACHE_READ(.with_cas = true)};
    for (size_t j = 0; j < 3; j++) {
        assert_status(ZCACHE_OK,
                      zcache_get_multi(cache, COUNT, keys, values, statuses, options[j]));
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(ZCACHE_OK, statuses[i]);
            assert_int_equal(items[i].value.size, values[i].size);
            assert_memory_equal(bytes, values[i].data, values[i].size);
        }
    }
    assert_status(ZCACHE_OK, zcache_del_multi(cache, COUNT, keys, statuses, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ZCACHE_OK, statuses[i]);
        zcache_value_free(&values[i]);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_key_of_another_type_is_told(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain));
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t number;
    command(plain, "RPUSH list x");
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE", zcache_get(cache, "list", &value, NULL));
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE",
                 zcache_get(cache, "list", &value, ZCACHE_READ(.with_ttl = true)));
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE",
                 zcache_get(cache, "list", &value, ZCACHE_READ(.with_cas = true)));
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE", zcache_cas(cache, "list", "x", 1, 1, NULL));
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE", zcache_incr(cache, "list", 1, &number, NULL));
    assert_error(ZCACHE_E_TYPE, "WRONGTYPE",
                 zcache_incr(cache, "list", 1, &number, ZCACHE_WRITE(.ttl_ms = 1000)));
    /* overwriting is another matter */
    assert_status(ZCACHE_OK, set_text(cache, "list", "text"));
    assert_reads(cache, "list", "text");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_write_that_the_server_refuses_keeps_the_old_value(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain));
    assert_status(ZCACHE_OK, set_text(cache, "full", "old"));
    command(plain, "CONFIG SET maxmemory 1");
    int64_t number;
    assert_error(ZCACHE_E_SERVER, "OOM", zcache_set(cache, "full", "new", 3, NULL));
    assert_error(ZCACHE_E_SERVER, "OOM",
                 zcache_incr(cache, "fresh", 1, &number, ZCACHE_WRITE(.ttl_ms = 1000)));
    command(plain, "CONFIG SET maxmemory 0");
    assert_reads(cache, "full", "old");
    assert_status(ZCACHE_MISS, zcache_exists(cache, "fresh", NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- scripts --------------------------------------------------------------------------------- */

static void test_the_scripts_have_the_digests_that_the_server_gives_them(void **state)
{
    (void)state;
    const redis_script *const scripts[] = {&redis_script_read, &redis_script_cas,
                                           &redis_script_incr, &redis_script_persist};
    redisContext *redis = redisConnectUnix(server_socket(plain));
    assert_non_null(redis);
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        redisReply *reply = redisCommand(redis, "SCRIPT LOAD %s", scripts[i]->source);
        assert_non_null(reply);
        assert_int_equal(REDIS_REPLY_STRING, reply->type);
        assert_string_equal(reply->str, scripts[i]->sha1);
        freeReplyObject(reply);
    }
    redisFree(redis);
}

static void test_scripts_survive_being_flushed(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain));
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t number = 0, ttl_ms = 0;
    assert_status(ZCACHE_OK, set_text(cache, "scripted", "1"));
    for (int i = 0; i < 3; i++) {
        command(plain, "SCRIPT FLUSH");
        assert_status(ZCACHE_OK,
                      zcache_get(cache, "scripted", &value, ZCACHE_READ(.with_cas = true)));
        command(plain, "SCRIPT FLUSH");
        assert_status(ZCACHE_CONFLICT, zcache_cas(cache, "scripted", "x", 1, value.cas + 1, NULL));
        command(plain, "SCRIPT FLUSH");
        assert_status(ZCACHE_OK, zcache_cas(cache, "scripted", "4", 1, value.cas,
                                            ZCACHE_WRITE(.ttl_ms = 60000)));
        command(plain, "SCRIPT FLUSH");
        assert_status(ZCACHE_OK,
                      zcache_incr(cache, "scripted", 3, &number, ZCACHE_WRITE(.ttl_ms = 1000)));
        assert_int_equal(7, number);
        command(plain, "SCRIPT FLUSH");
        assert_status(ZCACHE_OK,
                      zcache_touch(cache, "scripted", ZCACHE_WRITE(.ttl_ms = ZCACHE_TTL_NEVER)));
        assert_status(ZCACHE_OK, zcache_ttl(cache, "scripted", &ttl_ms, NULL));
        assert_int_equal(ZCACHE_TTL_NEVER, ttl_ms);
    }
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_mixed_batch_survives_a_flush(void **state)
{
    (void)state;
    zcache *cache = open_cache(server_setting(plain));
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, set_text(cache, "mixed-1", "old"));
    assert_status(ZCACHE_OK, zcache_get(cache, "mixed-1", &value, ZCACHE_READ(.with_cas = true)));
    command(plain, "SCRIPT FLUSH");
    zcache_item items[] = {
        {zcache_str("mixed-2"), zcache_str("b"), 0, 0, ZCACHE_SET_ALWAYS, ZCACHE_OK},
        {zcache_str("mixed-1"), zcache_str("a"), 0, value.cas, ZCACHE_SET_CAS, ZCACHE_OK},
        {zcache_str("mixed-2"), zcache_str("c"), 0, value.cas, ZCACHE_SET_CAS, ZCACHE_OK},
        {zcache_str("mixed-3"), zcache_str("d"), 0, value.cas, ZCACHE_SET_CAS, ZCACHE_OK},
        {zcache_str("mixed-2"), zcache_str("e"), 0, 0, ZCACHE_SET_ADD, ZCACHE_OK},
    };
    assert_status(ZCACHE_OK, zcache_set_multi(cache, 5, items, NULL));
    assert_int_equal(ZCACHE_OK, items[0].status);
    assert_int_equal(ZCACHE_OK, items[1].status);
    assert_int_equal(ZCACHE_CONFLICT, items[2].status);
    assert_int_equal(ZCACHE_MISS, items[3].status);
    assert_int_equal(ZCACHE_EXISTS, items[4].status);
    assert_reads(cache, "mixed-1", "a");
    assert_reads(cache, "mixed-2", "b");
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- the group ------------------------------------------------------------------------------- */

static int start(void **state)
{
    (void)state;
    expect_of("redis");
    plain = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    guarded = server_start(SERVER_REDIS, SERVER_UNIX, SERVER_ARGUMENTS("--requirepass", PASSWORD));
    command(guarded, "ACL SETUSER app on >" PASSWORD " ~app:* +@all -@dangerous +select +info");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_free(plain);
    server_free(guarded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logs_in_with_the_password_of_url_or_option),
        cmocka_unit_test(test_a_wrong_password_is_told_and_not_shown),
        cmocka_unit_test(test_a_password_for_a_server_without_one_is_told),
        cmocka_unit_test(test_a_key_that_the_acl_forbids_fails_alone),
        cmocka_unit_test(test_clear_does_without_flushdb_where_the_acl_forbids_it),
        cmocka_unit_test(test_wrong_options_are_refused_by_open),
        cmocka_unit_test(test_databases_are_apart),
        cmocka_unit_test(test_a_database_that_is_not_there_is_told),
        cmocka_unit_test(test_a_scan_can_be_nested_on_one_connection),
        cmocka_unit_test(test_more_threads_than_connections_share_them),
        cmocka_unit_test(test_a_batch_larger_than_all_buffers_passes),
        cmocka_unit_test(test_a_key_of_another_type_is_told),
        cmocka_unit_test(test_a_write_that_the_server_refuses_keeps_the_old_value),
        cmocka_unit_test(test_the_scripts_have_the_digests_that_the_server_gives_them),
        cmocka_unit_test(test_scripts_survive_being_flushed),
        cmocka_unit_test(test_a_mixed_batch_survives_a_flush),
    };
    return cmocka_run_group_tests_name("redis", tests, start, stop);
}
