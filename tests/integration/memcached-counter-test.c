/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters on memcached by zcache's rules, which are not memcached's: signed, with their TTL, beside
 * other clients.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <zcache/zcache.h>

#include "clock.h"
#include "expect.h"
#include "memcached-harness.h"
#include "servers.h"
#include "threads.h"

static void test_counters_of_every_length_and_sign_keep_their_ttl(void **state)
{
    (void)state;
    const int64_t steps[] = {5,         -3,      98,        -1,   -99, 0,         1000000,
                             -1,        -999999, -1,        -9,   10,  INT64_MAX, -INT64_MAX,
                             INT64_MIN, 1,       INT64_MAX, -100, 101, 9,         -10};
    zcache *cache = open_cache(three);
    int64_t expected = 0;
    int64_t result;
    char text[32];
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        expected += steps[i];
        result = 0;
        assert_status(ZCACHE_OK, zcache_incr(cache, "counter", steps[i], &result,
                                             ZCACHE_WRITE(.ttl_ms = i == 0 ? 600000 : 1000)));
        assert_true(result == expected);
        snprintf(text, sizeof(text), "%" PRId64, expected);
        assert_reads(cache, "counter", text);
        assert_between(600000 - 2 * CLOCK_SLACK_MS, 602000, ttl_of(cache, "counter"));
    }
    assert_status(ZCACHE_OK, set_text(cache, "counter", "100", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK,
                  zcache_incr(cache, "counter", -1, &result, ZCACHE_WRITE(.ttl_ms = 1000)));
    assert_true(ttl_of(cache, "counter") == ZCACHE_TTL_NEVER);
    assert_status(ZCACHE_OK, set_text(cache, "counter", "100", ZCACHE_DAYS(60)));
    assert_status(ZCACHE_OK,
                  zcache_incr(cache, "counter", -1, &result, ZCACHE_WRITE(.ttl_ms = 1000)));
    assert_between(ZCACHE_DAYS(60) - CLOCK_SLACK_MS, ZCACHE_DAYS(60) + 4000,
                   ttl_of(cache, "counter"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_what_is_no_counter_is_left_as_it_is(void **state)
{
    (void)state;
    const char *const bad[] = {
        "", "-", "-0", "007", "+1", "99 ", "1.5", "x", "9223372036854775808"};
    zcache *cache = open_cache(three);
    int64_t result;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(ZCACHE_OK, set_text(cache, "text", bad[i], ZCACHE_TTL_NEVER));
        assert_error(ZCACHE_E_TYPE, "text", zcache_incr(cache, "text", 1, &result, NULL));
        assert_reads(cache, "text", bad[i]);
    }
    assert_status(ZCACHE_OK, set_text(cache, "text", "9223372036854775807", ZCACHE_TTL_NEVER));
    assert_error(ZCACHE_E_RANGE, "overflow", zcache_incr(cache, "text", 1, &result, NULL));
    assert_reads(cache, "text", "9223372036854775807");
    assert_status(ZCACHE_OK, set_text(cache, "text", "-9223372036854775808", ZCACHE_TTL_NEVER));
    assert_error(ZCACHE_E_RANGE, "overflow", zcache_incr(cache, "text", -1, &result, NULL));
    assert_error(ZCACHE_E_RANGE, "overflow", zcache_incr(cache, "text", INT64_MIN, &result, NULL));
    assert_reads(cache, "text", "-9223372036854775808");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void count_up_and_down(void *user, size_t index)
{
    /* Sums that go through 0 and change their length all the time. */
    for (int i = 0; i < 100; i++)
        check_status(ZCACHE_OK, zcache_incr(user, "shared", i % 2 == 0 ? 7 : -6, NULL,
                                            ZCACHE_WRITE(.ttl_ms = 600000, .timeout_ms = 30000)));
    (void)index;
}

static void test_no_increment_is_lost_between_threads(void **state)
{
    (void)state;
    zcache *cache = open_cache(three);
    assert_status(ZCACHE_OK, set_text(cache, "shared", "-100", 600000));
    threads_run(4, count_up_and_down, cache);
    assert_int_equal(0, checks_failed());
    assert_reads(cache, "shared", "100");
    assert_between(600000 - 30000, 602000, ttl_of(cache, "shared"));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_another_clients_flags_survive_a_counter(void **state)
{
    (void)state;
    char setting[256];
    snprintf(setting, sizeof(setting), "memcached.servers=%s", server_address(servers[1]));
    zcache *cache = open_cache(setting);
    int connection = server_connect(servers[1]);
    ask(connection, "set flagged 42 0 3\r\n100\r\n", "STORED\r\n");
    assert_status(ZCACHE_OK, zcache_incr(cache, "flagged", -1, NULL, NULL));
    assert_non_null(
        strstr(ask(connection, "get flagged\r\n", "END\r\n"), "VALUE flagged 42 2\r\n99"));
    assert_status(ZCACHE_OK, zcache_incr(cache, "flagged", 2, NULL, NULL));
    assert_non_null(
        strstr(ask(connection, "get flagged\r\n", "END\r\n"), "VALUE flagged 42 3\r\n101"));
    close(connection);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* When memcached's own arithmetic meets a reader, the reader gets the old number with the token of
 * the new one (do_add_delta). Such a number must not be used: the write would undo the addition. */
static void test_an_old_number_with_a_new_token_is_read_again(void **state)
{
    (void)state;
    liar it = {.greeting = GREETING,
               .replies = (const char *const[]){"HD c5\r\nVA 2 c6 t-1 f0\r\n14\r\n",
                                                "HD c6\r\nVA 2 c6 t-1 f0\r\n21\r\n",
                                                "HD t-1\r\nHD c7\r\n", NULL}};
    char setting[64];
    int64_t result;
    liar_start(&it);
    snprintf(setting, sizeof(setting), "memcached.servers=127.0.0.1:%d", it.port);
    zcache *cache = open_cache(setting);
    assert_status(ZCACHE_OK, zcache_incr(cache, "n", 7, &result, NULL));
    assert_true(result == 28);
    assert_status(ZCACHE_OK, zcache_close(cache));
    liar_stop(&it);
    assert_string_equal(it.request, "mg n t\r\nms n 2 c C6 F0\r\n28\r\n");
}

enum { COUNTERS = 4, OTHERS = 4, EACH = 2000 };

/* By memcached's own arithmetic. In a thread: no assertions. */
static bool count_by_hand(int connection, const char *command)
{
    char line[64];
    int size = snprintf(line, sizeof(line), "%s both 1\r\n", command);
    if (send(connection, line, (size_t)size, MSG_NOSIGNAL) != size)
        return false;
    ssize_t got = recv(connection, line, sizeof(line), 0);
    return got > 0 && line[0] >= '0' && line[0] <= '9';
}

static void count_beside_others(void *user, size_t index)
{
    int connection = index < COUNTERS ? -1 : server_connect(servers[0]);
    for (int i = 0; i < EACH; i++)
        if (index < COUNTERS)
            check_status(ZCACHE_OK, zcache_incr(user, "both", index % 2 == 0 ? 3 : -2, NULL,
                                                ZCACHE_WRITE(.timeout_ms = 60000)));
        else
            check_that(count_by_hand(connection, index % 2 == 0 ? "incr" : "decr"));
    if (connection >= 0)
        close(connection);
}

static void test_no_increment_of_any_client_is_lost(void **state)
{
    (void)state;
    zcache *cache = open_one(servers[0]);
    char expected[24];
    /* No decr makes it shorter. */
    assert_status(ZCACHE_OK, set_text(cache, "both", "500000", ZCACHE_TTL_NEVER));
    threads_run(COUNTERS + OTHERS, count_beside_others, cache);
    assert_int_equal(0, checks_failed());
    snprintf(expected, sizeof(expected), "%d", 500000 + COUNTERS / 2 * EACH);
    assert_reads(cache, "both", expected);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_of_every_length_and_sign_keep_their_ttl),
        cmocka_unit_test(test_what_is_no_counter_is_left_as_it_is),
        cmocka_unit_test(test_no_increment_is_lost_between_threads),
        cmocka_unit_test(test_another_clients_flags_survive_a_counter),
        cmocka_unit_test(test_an_old_number_with_a_new_token_is_read_again),
        cmocka_unit_test(test_no_increment_of_any_client_is_lost),
    };
    return cmocka_run_group_tests_name("memcached-counter", tests, start_servers, free_servers);
}
