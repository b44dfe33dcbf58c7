/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Conditional writes: add, replace, compare-and-set, alone and under contention.
 */
#include "conform.h"

#include <stdatomic.h>

#include "threads.h"

static uint64_t token(zcache *cache, const char *key)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, ZCACHE_READ(.with_cas = true)));
    uint64_t cas = value.cas;
    assert_true(cas != 0);
    zcache_value_free(&value);
    return cas;
}

static void test_add_writes_only_what_is_not_there(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_OK, zcache_add(t->cache, "k", "first", 5, NULL));
    assert_holds(t->cache, "k", "first");
    assert_status(ZCACHE_EXISTS, zcache_add(t->cache, "k", "second", 6, NULL));
    assert_holds(t->cache, "k", "first");
    put(t->cache, "empty", "");
    assert_status(ZCACHE_EXISTS, zcache_add(t->cache, "empty", "x", 1, NULL));
    assert_holds(t->cache, "empty", "");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_add(t->cache, "k", "third", 5, NULL));
    assert_holds(t->cache, "k", "third");
}

static void test_replace_writes_only_what_is_there(void **state)
{
    conform *t = *state;
    assert_status(ZCACHE_MISS, zcache_replace(t->cache, "k", "x", 1, NULL));
    assert_miss(t->cache, "k");
    put(t->cache, "k", "");
    assert_status(ZCACHE_OK, zcache_replace(t->cache, "k", "full", 4, NULL));
    assert_holds(t->cache, "k", "full");
    assert_status(ZCACHE_OK, zcache_replace(t->cache, "k", "", 0, NULL));
    assert_holds(t->cache, "k", "");
}

static void test_cas_writes_what_has_not_changed(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "one");
    uint64_t cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_cas(t->cache, "k", "two", 3, cas, NULL));
    assert_holds(t->cache, "k", "two");
    put(t->cache, "empty", "");
    assert_status(ZCACHE_OK,
                  zcache_cas(t->cache, "empty", "full", 4, token(t->cache, "empty"), NULL));
    assert_holds(t->cache, "empty", "full");
}

static void test_cas_conflicts_with_every_kind_of_change(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "1");
    uint64_t cas = token(t->cache, "k");
    put(t->cache, "k", "2");
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
    assert_holds(t->cache, "k", "2");
    cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_incr(t->cache, "k", 1, NULL, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
    assert_holds(t->cache, "k", "3");
    cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_replace(t->cache, "k", "4", 1, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
    cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_cas(t->cache, "k", "5", 1, cas, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
    cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "k", NULL));
    assert_status(ZCACHE_OK, zcache_add(t->cache, "k", "6", 1, NULL));
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
    assert_holds(t->cache, "k", "6");
    cas = token(t->cache, "k");
    put(t->cache, "k", "");
    assert_status(ZCACHE_CONFLICT, zcache_cas(t->cache, "k", "lost", 4, cas, NULL));
}

static void test_cas_of_a_deleted_key_is_a_miss(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    uint64_t cas = token(t->cache, "k");
    assert_status(ZCACHE_OK, zcache_del(t->cache, "k", NULL));
    assert_status(ZCACHE_MISS, zcache_cas(t->cache, "k", "v", 1, cas, NULL));
    assert_miss(t->cache, "k");
}

static void test_cas_token_survives_reads_and_other_keys(void **state)
{
    conform *t = *state;
    char name[16];
    put(t->cache, "k", "v");
    uint64_t cas = token(t->cache, "k");
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "other%d", i);
        put(t->cache, name, "w");
        assert_status(ZCACHE_OK, zcache_incr(t->cache, "n", 1, NULL, NULL));
        assert_holds(t->cache, "k", "v");
        assert_status(ZCACHE_EXISTS, zcache_add(t->cache, "k", "x", 1, NULL));
    }
    assert_int_equal(token(t->cache, "k"), cas);
    assert_status(ZCACHE_OK, zcache_cas(t->cache, "k", "w", 1, cas, NULL));
}

static void test_cas_token_differs_where_the_value_differs(void **state)
{
    conform *t = *state;
    uint64_t tokens[20];
    for (size_t i = 0; i < 20; i++) {
        char text[8];
        snprintf(text, sizeof(text), "%zu", i);
        put(t->cache, "k", text);
        tokens[i] = token(t->cache, "k");
        for (size_t j = 0; j < i; j++)
            assert_true(tokens[i] != tokens[j]);
    }
}

static void test_cas_without_a_token_never_writes(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    zcache_status status = zcache_cas(t->cache, "k", "lost", 4, 0, NULL);
    assert_true(status == ZCACHE_CONFLICT || status == ZCACHE_E_INVALID);
    assert_holds(t->cache, "k", "v");
}

/* ---- contention ------------------------------------------------------------------------------ */

enum { THREADS = 8, ROUNDS = 40 };

typedef struct contest {
    zcache *cache;
    char key[16];
    atomic_uint winners;
    unsigned winner; /* of the last round */
} contest;

static void add_once(void *user, size_t index)
{
    contest *all = user;
    char text[8];
    int size = snprintf(text, sizeof(text), "%zu", index);
    zcache_status status = zcache_add(all->cache, all->key, text, (size_t)size, NULL);
    check_that(status == ZCACHE_OK || status == ZCACHE_EXISTS);
    if (status == ZCACHE_OK) {
        atomic_fetch_add(&all->winners, 1);
        all->winner = (unsigned)index;
    }
}

static void test_of_many_adds_exactly_one_wins(void **state)
{
    conform *t = *state;
    for (int round = 0; round < ROUNDS; round++) {
        contest all = {.cache = t->cache};
        char text[8];
        snprintf(all.key, sizeof(all.key), "k%d", round);
        threads_run(THREADS, add_once, &all);
        assert_int_equal(checks_failed(), 0);
        assert_int_equal(all.winners, 1);
        snprintf(text, sizeof(text), "%u", all.winner);
        assert_holds(t->cache, all.key, text);
    }
}

static void count_with_cas(void *user, size_t index)
{
    zcache *cache = user;
    zcache_value value = ZCACHE_VALUE_INIT;
    (void)index;
    for (int i = 0; i < ROUNDS; i++)
        for (;;) {
            char text[16];
            if (!check_status(ZCACHE_OK,
                              zcache_get(cache, "counter", &value, ZCACHE_READ(.with_cas = true))))
                goto out;
            int size = snprintf(text, sizeof(text), "%d", atoi(value.data) + 1);
            zcache_status status =
                zcache_cas(cache, "counter", text, (size_t)size, value.cas, NULL);
            if (status == ZCACHE_OK)
                break;
            if (!check_status(ZCACHE_CONFLICT, status))
                goto out;
        }
out:
    zcache_value_free(&value);
}

static void test_counting_with_cas_loses_nothing(void **state)
{
    conform *t = *state;
    char text[16];
    put(t->cache, "counter", "0");
    threads_run(THREADS, count_with_cas, t->cache);
    assert_int_equal(checks_failed(), 0);
    snprintf(text, sizeof(text), "%d", THREADS * ROUNDS);
    assert_holds(t->cache, "counter", text);
}

static const struct CMUnitTest mode_tests[] = {
    TEST(test_add_writes_only_what_is_not_there),
    TEST(test_replace_writes_only_what_is_there),
    TEST(test_cas_writes_what_has_not_changed),
    TEST(test_cas_conflicts_with_every_kind_of_change),
    TEST(test_cas_of_a_deleted_key_is_a_miss),
    TEST(test_cas_token_survives_reads_and_other_keys),
    TEST(test_cas_token_differs_where_the_value_differs),
    TEST(test_cas_without_a_token_never_writes),
    TEST(test_of_many_adds_exactly_one_wins),
    TEST(test_counting_with_cas_loses_nothing),
};
CONFORM_PART(mode, .only = NULL);
