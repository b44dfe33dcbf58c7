/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Credentials (redis): the right ones work, wrong ones are ZCACHE_E_AUTH, and no message ever has a
 * password in it.
 */
#include "conform.h"

#define PASSWORD "s3cr3t-word"
#define WRONG    "wr0ng-word"

static const char *url(const server *one, const char *user_and_password)
{
    static char setting[256];
    snprintf(setting, sizeof(setting), "redis.url=redis://%s@%s", user_and_password,
             server_address(one));
    return setting;
}

static void assert_no_password_told(void)
{
    assert_true(zcache_error_message()[0] != '\0');
    assert_null(strstr(zcache_error_message(), PASSWORD));
    assert_null(strstr(zcache_error_message(), WRONG));
}

static zcache *open_with(server *one, const char *setting)
{
    const char *const settings[] = {"cache.key_prefix=c:", setting, NULL};
    return conform_open(one, settings);
}

static void assert_works(server *one, const char *setting)
{
    zcache *cache = open_with(one, setting);
    put(cache, "k", "v");
    assert_holds(cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void assert_is_refused(server *one, const char *setting)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache *cache = open_with(one, setting);
    for (int i = 0; i < 2; i++) {
        assert_error(ZCACHE_E_AUTH, server_address(one), zcache_get(cache, "k", &value, NULL));
        assert_no_password_told();
        assert_status(ZCACHE_E_AUTH, zcache_set(cache, "k", "v", 1, NULL));
        assert_no_password_told();
        assert_status(ZCACHE_E_AUTH, zcache_ping(cache, NULL));
        assert_no_password_told();
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_password_is_needed_and_checked(void **state)
{
    (void)state;
    server *one =
        server_start(SERVER_REDIS, SERVER_TCP, SERVER_ARGUMENTS("--requirepass", PASSWORD));
    assert_works(one, url(one, ":" PASSWORD));
    assert_works(one, url(one, "default:" PASSWORD));
    assert_is_refused(one, server_setting(one));
    assert_is_refused(one, url(one, ":" WRONG));
    assert_is_refused(one, url(one, "nobody:" PASSWORD));
    server_free(one);
}

static void test_user_of_an_access_list_works(void **state)
{
    (void)state;
    server *one =
        server_start(SERVER_REDIS, SERVER_TCP,
                     SERVER_ARGUMENTS("--user", "app", "on", ">" PASSWORD, "~c:*", "+@all",
                                      "-@dangerous", "--user", "default", "off"));
    assert_works(one, url(one, "app:" PASSWORD));
    assert_is_refused(one, url(one, "app:" WRONG));
    server_free(one);
}

static void test_no_password_in_a_message_about_a_dead_server(void **state)
{
    (void)state;
    server *one =
        server_start(SERVER_REDIS, SERVER_TCP, SERVER_ARGUMENTS("--requirepass", PASSWORD));
    zcache *cache = open_with(one, url(one, ":" PASSWORD));
    zcache_value value = ZCACHE_VALUE_INIT;
    put(cache, "k", "v");
    server_kill(one);
    assert_error(ZCACHE_E_UNAVAILABLE, server_address(one), zcache_get(cache, "k", &value, NULL));
    assert_no_password_told();
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_no_password_in_a_message_about_the_configuration(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "redis.url=redis://:" PASSWORD "@127.0.0.1:99999999",
        "redis.url=rediss+x://:" PASSWORD "@127.0.0.1:6379",
        "redis.url=redis://:" PASSWORD "@127.0.0.1:6379/database",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        zcache *cache = NULL;
        const char *const settings[] = {bad[i], NULL};
        assert_error(ZCACHE_E_CONFIG, "url", conform_try_open(&cache, conform_server, settings));
        assert_no_password_told();
        assert_null(cache);
    }
}

static const struct CMUnitTest credentials_tests[] = {
    TEST(test_password_is_needed_and_checked),
    TEST(test_user_of_an_access_list_works),
    TEST(test_no_password_in_a_message_about_a_dead_server),
    TEST(test_no_password_in_a_message_about_the_configuration),
};
CONFORM_PART(credentials, .only = "redis");
