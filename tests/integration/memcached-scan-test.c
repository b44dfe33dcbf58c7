/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The keys of memcached servers: every one is found, whoever else looks for them; clear removes
 * what was there and nothing that comes after.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

#define MANY 50000

typedef struct tally {
    unsigned char *seen;
    size_t strangers;
    size_t pause_at; /* sleeps once, when so many keys have come */
    size_t count;
    zcache *deletes; /* deletes each key, if not NULL */
} tally;

static bool note_key(void *user, zcache_slice key, int64_t ttl_ms)
{
    tally *t = user;
    char text[64];
    int number;
    (void)ttl_ms;
    snprintf(text, sizeof(text), "%.*s", (int)key.size, (const char *)key.data);
    if (sscanf(text, "key %d*%%", &number) == 1 && number >= 0 && number < MANY)
        t->seen[number] = 1;
    else
        t->strangers++;
    if (++t->count == t->pause_at)
        clock_sleep_ms(1500);
    if (t->deletes != NULL)
        check_status(ZCACHE_OK, zcache_del_n(t->deletes, key.data, key.size, NULL));
    return true;
}

static size_t seen_of(const tally *t)
{
    size_t seen = 0;
    for (size_t i = 0; i < MANY; i++)
        seen += t->seen[i];
    return seen;
}

static void test_a_scan_gives_every_key_of_every_server(void **state)
{
    (void)state;
    zcache *cache = open_cache(three, "cache.key_prefix=scan:", "cache.timeout=30s");
    zcache_item *items = calloc(MANY, sizeof(*items));
    char(*keys)[24] = calloc(MANY, sizeof(*keys));
    tally t = {.seen = calloc(MANY, 1)};
    assert_true(items != NULL && keys != NULL && t.seen != NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof(keys[i]), "key %d*%%", i);
        items[i] = (zcache_item){.key = zcache_str(keys[i]),
                                 .value = zcache_str("v"),
                                 .ttl_ms = i % 2 == 0 ? ZCACHE_TTL_NEVER : 3600000};
    }
    assert_status(ZCACHE_OK, zcache_set_multi(cache, MANY, items, NULL));
    zcache *other = open_cache(three, "cache.key_prefix=scanned:");
    assert_status(ZCACHE_OK, set_text(other, "stranger", "v", ZCACHE_TTL_NEVER));

    /* At once after they were set; with a sink that stops in the middle; one that deletes. */
    t.pause_at = 1000;
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, NULL, note_key, &t, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(MANY, seen_of(&t));
    assert_int_equal(0, t.strangers);
    memset(t.seen, 0, MANY);
    t.deletes = cache;
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, "key 12*", note_key, &t, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(1 + 10 + 100 + 1000, seen_of(&t));
    assert_int_equal(0, checks_failed());
    memset(t.seen, 0, MANY);
    t.deletes = NULL;
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, NULL, note_key, &t, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(MANY - 1111, seen_of(&t));
    assert_status(ZCACHE_OK, zcache_clear(cache, ZCACHE_SCAN(.timeout_ms = 60000)));
    memset(t.seen, 0, MANY);
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, NULL, note_key, &t, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(0, seen_of(&t));
    assert_reads(other, "stranger", "v");
    free(items);
    free(keys);
    free(t.seen);
    assert_status(ZCACHE_OK, zcache_close(other));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* 100,000 keys of 100 bytes: more than the buffers of a connection hold. */
#define BULK 100000
static void fill_bulk(zcache *cache)
{
    enum { BATCH = 1000 };
    char(*keys)[128] = calloc(BATCH, sizeof(*keys));
    zcache_item *items = calloc(BATCH, sizeof(*items));
    assert_true(keys != NULL && items != NULL);
    for (int batch = 0; batch < BULK / BATCH; batch++) {
        for (int i = 0; i < BATCH; i++) {
            snprintf(keys[i], sizeof(keys[i]), "%0100d", batch * BATCH + i);
            items[i] = (zcache_item){.key = zcache_str(keys[i]), .value = zcache_str("v")};
        }
        assert_status(ZCACHE_OK, zcache_set_multi(cache, BATCH, items, NULL));
    }
    free(keys);
    free(items);
}

static bool count_key(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key;
    (void)ttl_ms;
    ++*(size_t *)user;
    return true;
}

static void scan_bulk(void *user, size_t index)
{
    size_t count = 0;
    (void)index;
    if (check_status(ZCACHE_OK,
                     zcache_scan(user, "*9?", count_key, &count, ZCACHE_SCAN(.timeout_ms = 60000))))
        check_that(count >= BULK / 10);
}

static bool scan_inside(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key;
    (void)ttl_ms;
    scan_bulk(user, 0);
    return false;
}

static void test_scans_at_once_and_inside_each_other(void **state)
{
    (void)state;
    char setting[256];
    snprintf(setting, sizeof(setting), "memcached.servers=%s", server_address(servers[2]));
    zcache *cache = open_cache(setting);
    fill_bulk(cache);
    /* A server has one crawler, which answers BUSY. */
    threads_run(3, scan_bulk, cache);
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, NULL, scan_inside, cache, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(0, checks_failed());
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_a_crawler_that_others_block_costs_no_more_than_the_timeout(void **state)
{
    (void)state;
    char setting[256];
    char key[128];
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    snprintf(setting, sizeof(setting), "memcached.servers=%s", server_address(servers[2]));
    zcache *cache = open_cache(setting);
    fill_bulk(cache);
    int connection = server_connect(servers[2]);
    ask(connection, "lru_crawler metadump all\r\n", "\n"); /* and reads no more of it */
    int64_t began = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "deadline",
                 zcache_keys(cache, "*99", &list, ZCACHE_SCAN(.timeout_ms = 300)));
    assert_between(300, 300 + CLOCK_SLACK_MS, clock_ms() - began);
    assert_int_equal(0, list.count);
    close(connection);
    /* The server's thread that was blocked may need a while to answer anybody again. */
    zcache_status status;
    while ((status = zcache_keys(cache, "*99", &list, ZCACHE_SCAN(.timeout_ms = 60000))) ==
               ZCACHE_E_UNAVAILABLE &&
           clock_ms() - began < 60000)
        clock_sleep_ms(50);
    assert_status(ZCACHE_OK, status);
    assert_int_equal(BULK / 100, list.count);
    zcache_key_list_free(&list);
    snprintf(key, sizeof(key), "%0100d", 5);
    assert_reads(cache, key, "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* Has a server dump its keys, to the end. */
static void dump(const server *one)
{
    static const char end[] = "END\r\n";
    static char reply[65536 + 8];
    size_t kept = 0;
    int connection = server_connect(one);
    assert_true(send(connection, "lru_crawler metadump all\r\n", 26, MSG_NOSIGNAL) == 26);
    for (;;) {
        ssize_t got = recv(connection, reply + kept, 65536, 0);
        if (!check_that(got > 0))
            break;
        size_t size = kept + (size_t)got;
        if (size >= 5 && memcmp(reply + size - 5, end, 5) == 0)
            break;
        kept = size < 5 ? size : 5;
        memmove(reply, reply + size - kept, kept);
    }
    close(connection);
}

static bool dump_meanwhile(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)user;
    (void)key;
    (void)ttl_ms;
    dump(servers[2]);
    return false;
}

static void test_a_slow_callback_does_not_hold_the_servers_crawler(void **state)
{
    (void)state;
    char setting[256];
    snprintf(setting, sizeof(setting), "memcached.servers=%s", server_address(servers[2]));
    zcache *cache = open_cache(setting);
    fill_bulk(cache);
    assert_status(ZCACHE_OK,
                  zcache_scan(cache, NULL, dump_meanwhile, NULL, ZCACHE_SCAN(.timeout_ms = 60000)));
    assert_int_equal(0, checks_failed());
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- clear, and servers that cannot or may not ----------------------------------------------- */

static void test_without_tokens_there_are_no_counters_and_clear_is_exact(void **state)
{
    (void)state;
    server *one = server_start(SERVER_MEMCACHED, SERVER_UNIX, SERVER_ARGUMENTS("-C"));
    zcache *cache = open_one(one);
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_error(ZCACHE_E_NOTSUP, "-C", zcache_incr(cache, "n", 1, NULL, NULL));
    assert_error(ZCACHE_E_NOTSUP, "-C", zcache_cas(cache, "n", "1", 1, 7, NULL));
    assert_status(ZCACHE_OK, set_text(cache, "a", "1", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
    /* Its own flush_all would take this one, too. */
    assert_status(ZCACHE_OK, set_text(cache, "a", "2", ZCACHE_TTL_NEVER));
    assert_reads(cache, "a", "2");
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_clear_works_where_flush_all_is_forbidden(void **state)
{
    (void)state;
    server *one = server_start(SERVER_MEMCACHED, SERVER_UNIX, SERVER_ARGUMENTS("-F"));
    zcache *cache = open_one(one);
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, set_text(cache, "a", "1", ZCACHE_TTL_NEVER));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_a_flush_spares_what_is_written_after_it(void **state)
{
    (void)state;
    server *one = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    zcache *cache = open_one(one);
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < 20; i++) { /* within one second, for the most part */
        assert_status(ZCACHE_OK, set_text(cache, "a", "1", ZCACHE_TTL_NEVER));
        assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
        assert_status(ZCACHE_MISS, zcache_get(cache, "a", &value, NULL));
        assert_status(ZCACHE_OK, set_text(cache, "b", "2", ZCACHE_TTL_NEVER));
        assert_reads(cache, "b", "2");
    }
    zcache_value_free(&value);
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(one);
}

static void test_a_server_that_hides_its_keys_says_so(void **state)
{
    (void)state;
    server *off = server_start(SERVER_MEMCACHED, SERVER_UNIX,
                               SERVER_ARGUMENTS("-o", "no_lru_crawler,no_lru_maintainer"));
    server *no_dump = server_start(SERVER_MEMCACHED, SERVER_UNIX, SERVER_ARGUMENTS("-X"));
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    zcache *cache = open_one(off);
    assert_error(ZCACHE_E_NOTSUP, "LRU crawler is off", zcache_keys(cache, NULL, &list, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = open_one(no_dump);
    assert_error(ZCACHE_E_NOTSUP, "-X", zcache_keys(cache, NULL, &list, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(off);
    server_free(no_dump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_scan_gives_every_key_of_every_server, empty_servers),
        cmocka_unit_test_setup(test_scans_at_once_and_inside_each_other, empty_servers),
        cmocka_unit_test_setup(test_a_crawler_that_others_block_costs_no_more_than_the_timeout,
                               empty_servers),
        cmocka_unit_test_setup(test_a_slow_callback_does_not_hold_the_servers_crawler,
                               empty_servers),
        cmocka_unit_test(test_without_tokens_there_are_no_counters_and_clear_is_exact),
        cmocka_unit_test(test_clear_works_where_flush_all_is_forbidden),
        cmocka_unit_test(test_a_flush_spares_what_is_written_after_it),
        cmocka_unit_test(test_a_server_that_hides_its_keys_says_so),
    };
    return cmocka_run_group_tests_name("memcached-scan", tests, start_servers, free_servers);
}
