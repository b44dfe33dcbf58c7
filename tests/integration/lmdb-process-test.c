/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The lmdb provider in several processes at once: counters and compare-and-set are exact across
 * them, what one writes the others read, readers that were killed hold nobody up, and a process
 * that holds LMDB's lock for writers costs the others no more than their deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lmdb-harness.h"

enum { PROCESSES = 4, ROUNDS = 300 };

/* ---- together -------------------------------------------------------------------------------- */

static void add_by_cas(zcache *cache)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (;;) {
        char text[32];
        if (!check_status(ZCACHE_OK,
                          zcache_get(cache, "cas", &value, ZCACHE_READ(.with_cas = true))))
            break;
        int size = snprintf(text, sizeof(text), "%ld", strtol(value.data, NULL, 10) + 1);
        zcache_status status = zcache_cas(cache, "cas", text, (size_t)size, value.cas, NULL);
        if (status == ZCACHE_OK)
            break;
        if (!check_status(ZCACHE_CONFLICT, status))
            break;
    }
    zcache_value_free(&value);
}

static void work_with_others(const char *path, int number)
{
    zcache *cache;
    int64_t counter;
    if (!check_status(ZCACHE_OK, LMDB_TRY(&cache, path, LMDB_PREFIX)))
        return;
    for (int i = 0; i < ROUNDS; i++) {
        char key[32], text[64];
        check_status(ZCACHE_OK, zcache_incr(cache, "n", 1, &counter, NULL));
        add_by_cas(cache);
        snprintf(key, sizeof(key), "of-%d-%d", number, i % 10);
        snprintf(text, sizeof(text), "process %d, round %d", number, i);
        check_status(ZCACHE_OK, zcache_set(cache, key, text, strlen(text), NULL));
        check_holds(cache, key, text);
        if (i % 7 == 0)
            check_status(ZCACHE_OK, zcache_del(cache, key, NULL));
    }
    check_status(ZCACHE_OK, zcache_close(cache));
}

static void run_processes(const char *path)
{
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = child_fork();
        if (children[i] == 0) {
            work_with_others(path, i);
            child_end();
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        assert_child_ends_well(children[i]);
}

static void test_counters_and_tokens_are_exact_across_processes(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    char expected[32];
    put(cache, "cas", "0");
    run_processes(path);
    snprintf(expected, sizeof(expected), "%d", PROCESSES * ROUNDS);
    assert_holds(cache, "n", expected);
    assert_holds(cache, "cas", expected);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* Nobody has it open: they also race for opening and making it. */
static void test_processes_open_a_new_store_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        const char *path = lmdb_new_path();
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            children[i] = child_fork();
            if (children[i] == 0) {
                zcache *cache;
                int64_t number;
                if (check_status(ZCACHE_OK, LMDB_TRY(&cache, path, LMDB_PREFIX))) {
                    check_status(ZCACHE_OK, zcache_incr(cache, "n", 1, &number, NULL));
                    check_status(ZCACHE_OK, zcache_close(cache));
                }
                child_end();
            }
        }
        for (int i = 0; i < PROCESSES; i++)
            assert_child_ends_well(children[i]);
        zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
        char expected[16];
        snprintf(expected, sizeof(expected), "%d", PROCESSES);
        assert_holds(cache, "n", expected);
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
}

/* The other maps more than we do, and fills it. */
static void test_store_that_another_process_makes_larger_is_read(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    static char value[500000];
    memset(value, 'v', sizeof(value) - 1);
    zcache *cache = LMDB_OPEN(path, "lmdb.size=1m", LMDB_PREFIX);
    put(cache, "small", "v");
    pid_t child = child_fork();
    if (child == 0) {
        zcache *large;
        if (check_status(ZCACHE_OK, LMDB_TRY(&large, path, "lmdb.size=16m", LMDB_PREFIX))) {
            for (int i = 0; i < 10; i++) {
                char key[16];
                snprintf(key, sizeof(key), "k%d", i);
                check_status(ZCACHE_OK, zcache_set(large, key, value, sizeof(value) - 1, NULL));
            }
            check_status(ZCACHE_OK, zcache_close(large));
        }
        child_end();
    }
    assert_child_ends_well(child);
    for (int i = 0; i < 10; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        assert_holds(cache, key, value);
    }
    put(cache, "small", "written again");
    assert_holds(cache, "small", "written again");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- killed and stopped ---------------------------------------------------------------------- */

/* A child that uses LMDB itself: begins a transaction, says so, and waits for its end. */
static pid_t hold_transaction(const char *path, unsigned flags)
{
    int ready[2];
    char said;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = child_fork();
    if (child == 0) {
        MDB_env *env;
        MDB_txn *txn;
        check_that(mdb_env_create(&env) == 0);
        check_that(mdb_env_set_mapsize(env, 1 << 30) == 0);
        check_that(mdb_env_open(env, path, 0, 0600) == 0);
        check_that(mdb_txn_begin(env, NULL, flags, &txn) == 0);
        check_that(write(ready[1], "r", 1) == 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    ssize_t size;
    while ((size = read(ready[0], &said, 1)) < 0 && errno == EINTR)
        ;
    assert_int_equal(size, 1);
    close(ready[0]);
    return child;
}

static void kill_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    int how = child_wait(child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

static void test_writes_end_by_their_deadline_and_reads_go_on(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    int64_t number;
    put(cache, "k", "before");
    pid_t child = hold_transaction(path, 0);
    int64_t begin_ms = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "nothing was written",
                 zcache_set(cache, "k", "v", 1, ZCACHE_WRITE(.timeout_ms = 200)));
    assert_status(ZCACHE_E_TIMEOUT,
                  zcache_incr(cache, "n", 1, &number, ZCACHE_WRITE(.timeout_ms = 200)));
    assert_status(ZCACHE_E_TIMEOUT, zcache_del(cache, "k", ZCACHE_WRITE(.timeout_ms = 200)));
    assert_between(600, 600 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    assert_holds(cache, "k", "before");
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
    kill_child(child); /* in the middle of its transaction: the lock comes free */
    put(cache, "k", "after");
    assert_holds(cache, "k", "after");
    assert_miss(cache, "n"); /* what timed out was not done later either */
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static int64_t places_after_a_check(zcache *cache)
{
    char key[] = "k";
    put(cache, key, "v");
    assert_holds(cache, key, "v");
    return lmdb_stat(cache, "reader_places");
}

/* Each holds an old snapshot when it is killed: until its place is freed, no page can be reused. */
static void test_killed_readers_do_not_fill_the_store(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    static char value[3001];
    memset(value, 'v', sizeof(value) - 1);
    zcache *cache = LMDB_OPEN(path, "lmdb.size=4m", "lmdb.sync=never", LMDB_PREFIX);
    for (int i = 0; i < 5; i++) {
        pid_t child = hold_transaction(path, MDB_RDONLY);
        kill_child(child);
        for (int j = 0; j < 1000; j++) {
            char key[16];
            snprintf(key, sizeof(key), "k%d", j % 300);
            put(cache, key, value);
        }
    }
    assert_between(1, 4, places_after_a_check(cache)); /* a killed one's place is used again */
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* A reader that lives, and does not end: pages that were freed since cannot be used again. That is
 * told, costs only entries that would have been evicted soon, and is over when the reader ends. */
static void test_reader_that_does_not_end_is_told_and_got_over(void **state)
{
    (void)state;
    enum { WRITES = 4000, ENTRIES = 400 };
    const char *path = lmdb_new_path();
    static char value[3001];
    memset(value, 'v', sizeof(value) - 1);
    zcache *cache = LMDB_OPEN(path, "lmdb.size=4m", "lmdb.sync=never", LMDB_PREFIX);
    char key[32];
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        put(cache, key, value);
    }
    pid_t child = hold_transaction(path, MDB_RDONLY);
    zcache_status status = ZCACHE_OK;
    for (int i = 0; i < WRITES && status == ZCACHE_OK; i++) {
        snprintf(key, sizeof(key), "k%d", i % ENTRIES);
        status = zcache_set(cache, key, value, sizeof(value) - 1, NULL);
    }
    assert_error(ZCACHE_E_SERVER, "stopped in a read", status);
    assert_between(ENTRIES / 4, ENTRIES, lmdb_stat(cache, "items"));
    kill_child(child);
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        put(cache, key, value);
        assert_holds(cache, key, value);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- files that go, settings that do not fit ------------------------------------------------- */

static void test_store_whose_files_are_removed_starts_anew(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    put(cache, "k", "v");
    assert_int_equal(unlink(lmdb_file(path, "data.mdb")), 0);
    assert_int_equal(unlink(lmdb_file(path, "lock.mdb")), 0);
    put(cache, "other", "v");
    assert_miss(cache, "k");
    assert_holds(cache, "other", "v");
    assert_int_equal(access(lmdb_file(path, "data.mdb"), F_OK), 0);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void test_child_that_never_used_it_costs_nothing(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    put(cache, "k", "v");
    for (int i = 0; i < 10; i++) {
        pid_t child = child_fork();
        if (child == 0) {
            if (i % 2 == 0)
                check_status(ZCACHE_OK, zcache_close(cache));
            child_end();
        }
        assert_child_ends_well(child);
        assert_holds(cache, "k", "v");
        put(cache, "k", "v");
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = LMDB_OPEN(path, LMDB_PREFIX);
    assert_holds(cache, "k", "v");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* As a daemon does: the parent that opened it ends, the child goes on. */
static void test_child_outlives_its_parent(void **state)
{
    (void)state;
    const char *path = lmdb_new_path();
    int done[2];
    char said = 'n';
    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    pid_t parent = child_fork();
    if (parent == 0) {
        zcache *cache;
        if (check_status(ZCACHE_OK, LMDB_TRY(&cache, path, LMDB_PREFIX)))
            check_status(ZCACHE_OK, zcache_set(cache, "of", "parent", 6, NULL));
        pid_t self = getpid();
        pid_t child = child_fork();
        if (child == 0) {
            while (getppid() == self)
                clock_sleep_ms(1);
            bool well = check_holds(cache, "of", "parent");
            well = check_status(ZCACHE_OK, zcache_set(cache, "of", "child", 5, NULL)) && well;
            well = check_status(ZCACHE_OK, zcache_close(cache)) && well;
            check_that(write(done[1], well ? "y" : "n", 1) == 1);
        }
        child_end();
    }
    assert_child_ends_well(parent);
    close(done[1]);
    ssize_t size;
    while ((size = read(done[0], &said, 1)) < 0 && errno == EINTR)
        ;
    close(done[0]);
    assert_int_equal(size, 1);
    assert_int_equal(said, 'y');
    zcache *cache = LMDB_OPEN(path, LMDB_PREFIX);
    assert_holds(cache, "of", "child");
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_and_tokens_are_exact_across_processes),
        cmocka_unit_test(test_processes_open_a_new_store_at_once),
        cmocka_unit_test(test_store_that_another_process_makes_larger_is_read),
        cmocka_unit_test(test_writes_end_by_their_deadline_and_reads_go_on),
        cmocka_unit_test(test_killed_readers_do_not_fill_the_store),
        cmocka_unit_test(test_reader_that_does_not_end_is_told_and_got_over),
        cmocka_unit_test(test_store_whose_files_are_removed_starts_anew),
        cmocka_unit_test(test_child_that_never_used_it_costs_nothing),
        cmocka_unit_test(test_child_outlives_its_parent),
    };
    expect_of("lmdb");
    return cmocka_run_group_tests_name("lmdb-process", tests, NULL, NULL);
}
