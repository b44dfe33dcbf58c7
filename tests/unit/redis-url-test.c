/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The redis provider's URLs: what each piece becomes, what is refused and why, and that no
 * complaint quotes any of the URL, for a password may stand anywhere in a wrong one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "redis/url.h"

static char text[512];

/* Parses a copy, which the pieces lie in until the next call. */
static redis_url parsed(const char *url)
{
    redis_url pieces;
    snprintf(text, sizeof(text), "%s", url);
    const char *wrong = redis_url_parse(text, &pieces);
    if (wrong != NULL)
        fail_msg("%s: was refused: %s", url, wrong);
    return pieces;
}

static void assert_refused(const char *url, const char *part)
{
    redis_url pieces;
    snprintf(text, sizeof(text), "%s", url);
    const char *wrong = redis_url_parse(text, &pieces);
    if (wrong == NULL)
        fail_msg("%s: was taken", url);
    if (strstr(wrong, part) == NULL)
        fail_msg("%s: was refused with '%s', which does not say '%s'", url, wrong, part);
}

static void assert_piece(const char *expected, const char *piece)
{
    if (expected == NULL)
        assert_null(piece);
    else
        assert_string_equal(expected, piece);
}

static void test_a_host_alone_has_the_usual_port(void **state)
{
    (void)state;
    redis_url url = parsed("redis://cache.example.com");
    assert_piece("cache.example.com", url.host);
    assert_piece("6379", url.port);
    assert_piece(NULL, url.path);
    assert_piece(NULL, url.user);
    assert_piece(NULL, url.password);
    assert_int_equal(-1, url.database);
}

static void test_every_piece_is_found(void **state)
{
    (void)state;
    redis_url url = parsed("redis://app:secret@10.0.0.1:7000/12");
    assert_piece("10.0.0.1", url.host);
    assert_piece("7000", url.port);
    assert_piece("app", url.user);
    assert_piece("secret", url.password);
    assert_int_equal(12, url.database);
}

static void test_user_and_password_forms(void **state)
{
    (void)state;
    redis_url url = parsed("redis://:secret@host");
    assert_piece(NULL, url.user);
    assert_piece("secret", url.password);
    url = parsed("redis://app@host");
    assert_piece("app", url.user);
    assert_piece(NULL, url.password);
    url = parsed("redis://app:@host");
    assert_piece("app", url.user);
    assert_piece("", url.password);
    url = parsed("redis://app:a:b@host");
    assert_piece("a:b", url.password);
    url = parsed("redis://app:a@b@host");
    assert_piece("a@b", url.password);
    assert_piece("host", url.host);
}

static void test_escapes_are_decoded_once(void **state)
{
    (void)state;
    redis_url url = parsed("redis://us%65r:p%40ss%2Fw%3aord%2541%23%3F@host/1");
    assert_piece("user", url.user);
    assert_piece("p@ss/w:ord%41#?", url.password);
    assert_piece("host", url.host);
    assert_refused("redis://a:b%4@host", "hexadecimal");
    assert_refused("redis://a:b%zz@host", "hexadecimal");
    assert_refused("redis://a:b%00c@host", "%00");
}

static void test_ipv6_addresses_stand_in_brackets(void **state)
{
    (void)state;
    redis_url url = parsed("redis://[::1]");
    assert_piece("::1", url.host);
    assert_piece("6379", url.port);
    url = parsed("redis://u:p@[fe80::1%eth0]:7000/3");
    assert_piece("fe80::1%eth0", url.host);
    assert_piece("7000", url.port);
    assert_int_equal(3, url.database);
    assert_refused("redis://::1", "brackets");
    assert_refused("redis://[::1", "not closed");
    assert_refused("redis://[::1]7000", "port");
    assert_refused("redis://[localhost]", "not an IPv6 address");
}

static void test_unix_socket_forms(void **state)
{
    (void)state;
    redis_url url = parsed("unix:/run/redis.sock");
    assert_piece("/run/redis.sock", url.path);
    assert_piece(NULL, url.host);
    assert_int_equal(-1, url.database);
    url = parsed("unix:///run/redis.sock?db=3");
    assert_piece("/run/redis.sock", url.path);
    assert_int_equal(3, url.database);
    url = parsed("unix://app:secret@/run/my%20redis.sock?db=0");
    assert_piece("/run/my redis.sock", url.path);
    assert_piece("app", url.user);
    assert_piece("secret", url.password);
    assert_int_equal(0, url.database);
    assert_refused("unix:redis.sock", "absolute path");
    assert_refused("unix:", "absolute path");
    assert_refused("unix://host/run/redis.sock", "no host");
    assert_refused("unix://run", "absolute path");
}

static void test_a_path_too_long_for_a_socket_is_refused(void **state)
{
    (void)state;
    char url[200];
    snprintf(url, sizeof(url), "unix:/%0107d", 0);
    assert_refused(url, "too long");
    snprintf(url, sizeof(url), "unix:/%0106d", 0);
    assert_int_equal(107, strlen(parsed(url).path));
}

static void test_ports_and_databases_are_checked(void **state)
{
    (void)state;
    assert_piece("65535", parsed("redis://h:65535").port);
    assert_piece("1", parsed("redis://h:1/").port);
    assert_int_equal(2147483647, parsed("redis://h/2147483647").database);
    assert_int_equal(4, parsed("redis://h?db=4").database);
    static const char *const ports[] = {"redis://h:0",  "redis://h:65536", "redis://h:",
                                        "redis://h:6x", "redis://h:-1",    "redis://h: 1"};
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        assert_refused(ports[i], "port");
    static const char *const databases[] = {"redis://h/x",          "redis://h/-1",
                                            "redis://h/2147483648", "redis://h/1/2",
                                            "redis://h?db=",        "unix:/s?db=x"};
    for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
        assert_refused(databases[i], "database");
    assert_refused("redis://h/1?db=2", "twice");
    assert_refused("redis://h?timeout=3", "db");
    assert_refused("redis://h?db=1&x=2", "db");
}

static void test_other_schemes_and_hosts_are_refused(void **state)
{
    (void)state;
    assert_refused("", "redis://");
    assert_refused("localhost:6379", "redis://");
    assert_refused("http://host", "redis://");
    assert_refused("redis:host", "redis://");
    assert_refused("rediss://host", "TLS");
    assert_refused("redis://", "host is missing");
    assert_refused("redis://:6379", "host is missing");
    assert_refused("redis://u:p@", "host is missing");
    assert_refused("redis://ho st", "neither a name nor an address");
}

static void test_no_complaint_quotes_the_password(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "redis://u:hunter2/x@host",
        "redis://u:hunter2?x@host",
        "redis://u:hunter2#x@host",
        "redis://:hunter2",
        "redis://u:hunter2",
        "redis://hunter2:hunter2:hunter2",
        "redis://u:hunter2@host:x",
        "redis://u:hunter2%@host",
        "redis://u:hunter2@ho st",
        "redis://u:hunter2@host/ab",
        "rediss://u:hunter2@host",
        "unix://u:hunter2@host/x",
        "unix:hunter2",
        "hunter2",
        "redis://h?password=hunter2",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        redis_url pieces;
        snprintf(text, sizeof(text), "%s", urls[i]);
        const char *wrong = redis_url_parse(text, &pieces);
        if (wrong == NULL)
            fail_msg("%s: was taken", urls[i]);
        if (strstr(wrong, "hunter") != NULL)
            fail_msg("%s: its complaint quotes it: %s", urls[i], wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_alone_has_the_usual_port),
        cmocka_unit_test(test_every_piece_is_found),
        cmocka_unit_test(test_user_and_password_forms),
        cmocka_unit_test(test_escapes_are_decoded_once),
        cmocka_unit_test(test_ipv6_addresses_stand_in_brackets),
        cmocka_unit_test(test_unix_socket_forms),
        cmocka_unit_test(test_a_path_too_long_for_a_socket_is_refused),
        cmocka_unit_test(test_ports_and_databases_are_checked),
        cmocka_unit_test(test_other_schemes_and_hosts_are_refused),
        cmocka_unit_test(test_no_complaint_quotes_the_password),
    };
    return cmocka_run_group_tests_name("redis url", tests, NULL, NULL);
}
