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

/* ---- a prefork server ------------------------------------------------------------------------ */

enum { WORKERS = 8, REQUESTS = 300, COMMON = 16, BATCH = 8 };

static void common_key(int i, char key[32])
{
    snprintf(key, 32, "common-%d", i % COMMON);
}

/* Writes one of the keys that all workers write, and reads several: each value tells its key, so a
 * reply to another request, of this process or another one, shows. */
static void use_common_keys(zcache *cache, int worker, int request)
{
    char keys[BATCH][32], text[64];
    const char *names[BATCH];
    zcache_value values[BATCH];
    zcache_status statuses[BATCH];
    common_key(request * (worker + 1), keys[0]);
    int size = snprintf(text, sizeof(text), "%s by %d, %d", keys[0], worker, request);
    check_status(ZCACHE_OK, zcache_set(cache, keys[0], text, (size_t)size, NULL));
    for (int i = 0; i < BATCH; i++) {
        common_key(request + i * 5, keys[i]);
        names[i] = keys[i];
        values[i] = (zcache_value)ZCACHE_VALUE_INIT;
    }
    check_status(ZCACHE_OK, zcache_get_multi(cache, BATCH, names, values, statuses, NULL));
    for (int i = 0; i < BATCH; i++) {
        size_t length = strlen(keys[i]);
        if (statuses[i] == ZCACHE_OK)
            check_that(values[i].size > length && memcmp(values[i].data, keys[i], length) == 0 &&
                       ((const char *)values[i].data)[length] == ' ');
        else
            check_status(ZCACHE_MISS, statuses[i]); /* nobody has written it yet */
        zcache_value_free(&values[i]);
    }
}

/* A counter of this worker alone: a reply to another's shows as a number out of turn. */
static void use_own_counter(zcache *cache, int worker, int64_t expected)
{
    char key[32];
    int64_t number = 0;
    snprintf(key, sizeof(key), "requests-of-%d", worker);
    if (check_status(ZCACHE_OK, zcache_incr(cache, key, 1, &number, NULL)))
        check_that(number == expected);
}

static void serve(zcache *cache, int worker)
{
    char who[32];
    snprintf(who, sizeof(who), "worker%d", worker);
    for (int request = 0; request < REQUESTS; request++) {
        use_common_keys(cache, worker, request);
        use_own_counter(cache, worker, request + 1);
        use_as(cache, who, 1);
    }
}

/* The parent configures the cache, has used it, and never uses it again; the workers share keys. */
static void test_no_reply_in_a_prefork_server_reaches_the_wrong_process(void **state)
{
    conform *t = *state;
    pid_t workers[WORKERS];
    use_as(t->cache, "master", 3);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = child_fork();
        if (workers[i] == 0) {
            serve(t->cache, i);
            child_end();
        }
    }
    for (int i = 0; i < WORKERS; i++)
        assert_child_ends_well(workers[i]);
    use_as(t->cache, "master", 3);
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
        check_child_ends_well(child); /* no assertion while threads use what stands here */
    }
    for (int i = 0; i < 3; i++) {
        atomic_store(&all[i].end, true);
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(checks_failed(), 0);
}

static const struct CMUnitTest fork_tests[] = {
    TEST(test_children_and_parent_go_on_side_by_side),
    TEST(test_no_reply_in_a_prefork_server_reaches_the_wrong_process),
    TEST(test_child_sees_what_was_written_before_the_fork),
    TEST(test_grandchildren_work_too),
    TEST(test_fork_in_the_middle_of_traffic),
};
CONFORM_PART(fork, .only = NULL);
