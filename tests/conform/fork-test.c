/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A fork leaves two processes with a working cache, and no reply of one ever reaches the other.
 */
#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>

#include "child.h"

enum { CHILDREN = 4, ROUNDS = 60 };

/* Writes and reads values that tell whose they are. */
static void use_as(zcache *cache, const char *who, int rounds)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < rounds; i++) {
        char key[32], text[64];
        snprintf(key, sizeof(key), "%s-%d", who, i % 7);
        int size = snprintf(text, sizeof(text), "value of %s, round %d", who, i);
        check_status(ZCACHE_OK, zcache_set(cache, key, text, (size_t)size, NULL));
        if (check_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL)))
            check_that(value.size == (size_t)size && memcmp(value.data, text, value.size) == 0);
        check_status(ZCACHE_OK, zcache_del(cache, key, NULL));
        check_status(ZCACHE_MISS, zcache_exists(cache, key, NULL));
    }
    zcache_value_free(&value);
}

static pid_t fork_child(zcache *cache, int number, bool close_it)
{
    pid_t child = child_fork();
    if (child > 0)
        return child;
    char who[32];
    snprintf(who, sizeof(who), "child%d", number);
    use_as(cache, who, ROUNDS);
    if (close_it)
        check_status(ZCACHE_OK, zcache_close(cache));
    child_end();
}

static void test_children_and_parent_go_on_side_by_side(void **state)
{
    conform *t = *state;
    pid_t children[CHILDREN];
    use_as(t->cache, "parent", 3); /* so that there are connections to inherit */
    for (int i = 0; i < CHILDREN; i++)
        children[i] = fork_child(t->cache, i, i % 2 == 0);
    use_as(t->cache, "parent", ROUNDS);
    assert_int_equal(checks_failed(), 0);
    for (int i = 0; i < CHILDREN; i++)
        assert_child_ends_well(children[i]);
    use_as(t->cache, "parent", 3);
    assert_int_equal(checks_failed(), 0);
}

static void test_child_sees_what_was_written_before_the_fork(void **state)
{
    conform *t = *state;
    put(t->cache, "before", "the fork");
    pid_t child = child_fork();
    if (child == 0) {
        zcache_value value = ZCACHE_VALUE_INIT;
        check_status(ZCACHE_OK, zcache_get(t->cache, "before", &value, NULL));
        check_that(value.size == 8 && memcmp(value.data, "the fork", 8) == 0);
        zcache_value_free(&value);
        child_end();
    }
    assert_child_ends_well(child);
}

static void test_grandchildren_work_too(void **state)
{
    conform *t = *state;
    put(t->cache, "k", "v");
    pid_t child = child_fork();
    if (child == 0) {
        use_as(t->cache, "middle", 5);
        pid_t grandchild = child_fork();
        if (grandchild == 0) {
            use_as(t->cache, "grandchild", ROUNDS);
            child_end();
        }
        use_as(t->cache, "middle", ROUNDS);
        check_child_ends_well(grandchild);
        child_end();
    }
    use_as(t->cache, "parent", ROUNDS);
    assert_int_equal(checks_failed(), 0);
    assert_child_ends_well(child);
}

typedef struct traffic {
    zcache *cache;
    atomic_bool end;
    int number;
} traffic;

static void *make_traffic(void *user)
{
    traffic *one = user;
    char who[16];
    snprintf(who, sizeof(who), "thread%d", one->number);
    while (!atomic_load(&one->end))
        use_as(one->cache, who, 1);
    return NULL;
}

/* Other threads are in the middle of operations, with locks and connections, when it forks. */
static void test_fork_in_the_middle_of_traffic(void **state)
{
    conform *t = *state;
    pthread_t threads[3];
    traffic all[3];
    for (int i = 0; i < 3; i++) {
        all[i] = (traffic){.cache = t->cache, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, make_traffic, &all[i]), 0);
    }
    for (int round = 0; round < 6; round++) {
        pid_t child = fork_child(t->cache, round, round % 2 == 0);
        use_as(t->cache, "parent", 5);
        assert_child_ends_well(child);
    }
    for (int i = 0; i < 3; i++) {
        atomic_store(&all[i].end, true);
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(checks_failed(), 0);
}

static const struct CMUnitTest fork_tests[] = {
    TEST(test_children_and_parent_go_on_side_by_side),
    TEST(test_child_sees_what_was_written_before_the_fork),
    TEST(test_grandchildren_work_too),
    TEST(test_fork_in_the_middle_of_traffic),
};
CONFORM_PART(fork, .only = NULL);
