/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memcached provider's server addresses: what is read from each form, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memcached/servers.h"

static void test_every_form_is_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        const char *host;
        unsigned port;
        unsigned weight;
        const char *shown;
    } forms[] = {
        {"localhost", "localhost", 11211, 1, "localhost:11211"},
        {"127.0.0.1:21211", "127.0.0.1", 21211, 1, "127.0.0.1:21211"},
        {"cache-1.example.org/3", "cache-1.example.org", 11211, 3, "cache-1.example.org:11211"},
        {"a:65535/1000", "a", 65535, 1000, "a:65535"},
        {"[::1]", "::1", 11211, 1, "[::1]:11211"},
        {"[fe80::1%eth0]:7/2", "fe80::1%eth0", 7, 2, "[fe80::1%eth0]:7"},
        {"unix:/run/memcached.sock", "/run/memcached.sock", 0, 1, "unix:/run/memcached.sock"},
        {"/run/a:b.sock", "/run/a:b.sock", 0, 1, "unix:/run/a:b.sock"},
    };
    mc_address address;
    const char *why = NULL;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (!mc_parse_address(forms[i].text, &address, &why))
            fail_msg("\"%s\" was refused: %s", forms[i].text, why);
        assert_string_equal(forms[i].host, address.host);
        assert_int_equal(forms[i].port, address.port);
        assert_int_equal(forms[i].weight, address.weight);
        assert_string_equal(forms[i].shown, address.text);
    }
}

static void test_everything_else_is_refused_with_a_reason(void **state)
{
    (void)state;
    const char *const bad[] = {
        "",           ":11211",     "host:",         "host:0",
        "host:65536", "host:1x",    "host:-1",       "host/0",
        "host/1001",  "host/",      "host:1/",       "host:1/2/3",
        "::1",        "[::1",       "[]:1",          "[::1]x",
        "[::1]11211", "unix:",      "unix:relative", "ho st:1",
        "user@host",  "tcp://host", "host:1:2",      "host:18446744073709551617"};
    char long_path[200] = "unix:/";
    char long_host[300];
    mc_address address;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = NULL;
        if (mc_parse_address(bad[i], &address, &why))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(why);
    }
    const char *why = NULL;
    memset(long_path + 6, 'a', 108);
    assert_false(mc_parse_address(long_path, &address, &why));
    assert_non_null(why);
    why = NULL;
    memset(long_host, 'a', sizeof(long_host) - 1);
    long_host[sizeof(long_host) - 1] = '\0';
    assert_false(mc_parse_address(long_host, &address, &why));
    assert_non_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_is_read),
        cmocka_unit_test(test_everything_else_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests_name("memcached-servers", tests, NULL, NULL);
}
