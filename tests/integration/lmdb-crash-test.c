/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Processes that are killed in the middle of their writes, again and again: every write that was
 * acknowledged is there afterwards, whatever sync says, and nothing is torn. The writers say
 * through a pipe what was acknowledged; the reader of the pipe kills them at a random moment, all
 * at once, then opens the store, and checks each value and the agreement of entries and scan.
 * ZCACHE_LMDB_KILLS: how often (default 40).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lmdb-harness.h"
#include "random.h"

enum { WRITERS = 3, KEYS = 40, BATCH = 5 };

/* What a writer says once a write is acknowledged: less than PIPE_BUF, so it comes in one piece. */
typedef struct acknowledged {
    uint32_t writer, key;
    uint64_t version; /* 0: deleted */
} acknowledged;

/* What the parent knows of a key: the last acknowledged version. What was written after it may be
 * there or not. */
static uint64_t known[WRITERS][KEYS];
static uint64_t counted[WRITERS];

static int kills(void)
{
    const char *text = getenv("ZCACHE_LMDB_KILLS");
    return text != NULL ? atoi(text) : 40;
}

/* A value that tells whose it is, of a length that varies, and can be checked byte by byte. */
static size_t make_value(uint32_t writer, uint32_t key, uint64_t version, char text[20000])
{
    size_t size =
        (size_t)snprintf(text, 64, "%u %u %llu ", writer, key, (unsigned long long)version);
    size_t length = version % 17 == 0 ? 12000 : version * 37 % 900 + 40;
    for (; size < length; size++)
        text[size] = (char)('a' + (size + version) % 26);
    return size;
}

/* ---- the writers ----------------------------------------------------------------------------- */

static void tell(int pipe, uint32_t writer, uint32_t key, uint64_t version)
{
    acknowledged one = {writer, key, version};
    while (write(pipe, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void write_batch(zcache *cache, int pipe, uint32_t writer, uint64_t *version, uint64_t *seed)
{
    static char keys[BATCH][32], values[BATCH][20000];
    zcache_item items[BATCH];
    uint32_t first = random_below(seed, KEYS - BATCH);
    for (uint32_t i = 0; i < BATCH; i++) {
        snprintf(keys[i], sizeof(keys[i]), "w%u:%u", writer, first + i);
        size_t size = make_value(writer, first + i, ++*version, values[i]);
        items[i] =
            (zcache_item){.key = zcache_str(keys[i]), .value = zcache_bytes_of(values[i], size)};
    }
    uint64_t of_first = *version - BATCH + 1;
    if (!check_status(ZCACHE_OK, zcache_set_multi(cache, BATCH, items, NULL)))
        return;
    for (uint32_t i = 0; i < BATCH; i++)
        if (check_status(ZCACHE_OK, items[i].status))
            tell(pipe, writer, first + i, of_first + i);
}

static void write_one(zcache *cache, int pipe, uint32_t writer, uint64_t *version, uint64_t *seed)
{
    static char text[20000];
    char key[32];
    uint32_t number = random_below(seed, KEYS);
    snprintf(key, sizeof(key), "w%u:%u", writer, number);
    size_t size = make_value(writer, number, ++*version, text);
    if (check_status(ZCACHE_OK, zcache_set(cache, key, text, size, NULL)))
        tell(pipe, writer, number, *version);
}

static void count_one(zcache *cache, int pipe, uint32_t writer)
{
    char key[32];
    int64_t number;
    snprintf(key, sizeof(key), "n%u", writer);
    if (check_status(ZCACHE_OK, zcache_incr(cache, key, 1, &number, NULL)))
        tell(pipe, writer, KEYS, (uint64_t)number);
}

/* Until it is killed. */
static void write_on(const char *path, const char *sync, int pipe, uint32_t writer, uint64_t round)
{
    zcache *cache;
    uint64_t version = round << 32, seed = version + writer;
    if (!check_status(ZCACHE_OK, LMDB_TRY(&cache, path, sync, "lmdb.size=64m", LMDB_PREFIX)))
        child_end();
    while (checks_failed() == 0) {
        switch (random_below(&seed, 3)) {
        case 0:
            write_batch(cache, pipe, writer, &version, &seed);
            break;
        case 1:
            write_one(cache, pipe, writer, &version, &seed);
            break;
        default:
            count_one(cache, pipe, writer);
            break;
        }
    }
    child_end();
}

/* ---- the parent ------------------------------------------------------------------------------ */

static void learn(const acknowledged *one)
{
    assert_true(one->writer < WRITERS && one->key <= KEYS);
    if (one->key == KEYS)
        counted[one->writer] = one->version;
    else
        known[one->writer][one->key] = one->version;
}

/* Reads what the writers say for so long, then kills them, and reads what they have said still. */
static size_t listen_and_kill(int pipe, const pid_t children[], int64_t end_ms)
{
    size_t heard = 0;
    bool killed = false;
    acknowledged one;
    for (;;) {
        if (!killed && clock_ms() >= end_ms && heard > 0) {
            for (int i = 0; i < WRITERS; i++)
                assert_int_equal(kill(children[i], SIGKILL), 0);
            killed = true;
        }
        ssize_t size = read(pipe, &one, sizeof(one));
        if (size == (ssize_t)sizeof(one)) {
            learn(&one);
            heard++;
        } else if (size == 0) {
            break; /* all have ended */
        } else if (errno == EAGAIN) {
            clock_sleep_ms(1);
        } else {
            assert_int_equal(errno, EINTR);
        }
    }
    return heard;
}

static void check_key(zcache *cache, uint32_t writer, uint32_t key)
{
    static char expected[20000];
    char name[32];
    unsigned of_writer, of_key;
    unsigned long long version;
    zcache_value value = ZCACHE_VALUE_INIT;
    snprintf(name, sizeof(name), "w%u:%u", writer, key);
    zcache_status status = zcache_get(cache, name, &value, NULL);
    if (known[writer][key] == 0 && status == ZCACHE_MISS)
        return;
    assert_status(ZCACHE_OK, status);
    assert_int_equal(sscanf(value.data, "%u %u %llu ", &of_writer, &of_key, &version), 3);
    assert_true(version >= known[writer][key]);
    assert_bytes(expected, make_value(writer, key, version, expected), &value);
    known[writer][key] = version; /* a write that was not acknowledged, but done, stays done */
    zcache_value_free(&value);
}

static void check_counter(zcache *cache, uint32_t writer)
{
    char name[32];
    int64_t number;
    snprintf(name, sizeof(name), "n%u", writer);
    assert_status(ZCACHE_OK, zcache_incr(cache, name, 0, &number, NULL));
    assert_between((int64_t)counted[writer], (int64_t)counted[writer] + 1, number);
    counted[writer] = (uint64_t)number;
}

static void check_all(const char *path, const char *sync)
{
    zcache *cache = LMDB_OPEN(path, sync, "lmdb.size=64m", LMDB_PREFIX);
    size_t there = WRITERS; /* counters */
    for (uint32_t writer = 0; writer < WRITERS; writer++) {
        for (uint32_t key = 0; key < KEYS; key++) {
            check_key(cache, writer, key);
            there += known[writer][key] != 0;
        }
        check_counter(cache, writer);
    }
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_keys(cache, "*", &list, NULL));
    assert_int_equal(list.count, there);
    assert_int_equal(lmdb_stat(cache, "items"), there);
    zcache_key_list_free(&list);
    assert_status(ZCACHE_OK, zcache_close(cache));
}

static void kill_again_and_again(const char *sync, int rounds)
{
    const char *path = lmdb_new_path();
    uint64_t seed = 42;
    size_t heard = 0;
    memset(known, 0, sizeof(known));
    memset(counted, 0, sizeof(counted));
    for (int round = 1; round <= rounds; round++) {
        int said[2];
        pid_t children[WRITERS];
        assert_int_equal(pipe2(said, O_CLOEXEC), 0);
        for (uint32_t i = 0; i < WRITERS; i++) {
            children[i] = child_fork();
            if (children[i] == 0)
                write_on(path, sync, said[1], i, (uint64_t)round);
        }
        close(said[1]);
        assert_int_equal(fcntl(said[0], F_SETFL, O_NONBLOCK), 0);
        heard += listen_and_kill(said[0], children, clock_ms() + 5 + random_below(&seed, 120));
        close(said[0]);
        for (int i = 0; i < WRITERS; i++) {
            int how = child_wait(children[i]);
            assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        }
        check_all(path, sync);
    }
    print_message("# %s: %d kills of %d writers, %zu acknowledged writes, none lost\n", sync,
                  rounds, WRITERS, heard);
}

static void test_no_acknowledged_write_is_lost_with_sync_commit(void **state)
{
    (void)state;
    kill_again_and_again("lmdb.sync=commit", kills());
}

static void test_no_acknowledged_write_is_lost_with_sync_second(void **state)
{
    (void)state;
    kill_again_and_again("lmdb.sync=second", kills() / 2);
}

static void test_no_acknowledged_write_is_lost_with_sync_never(void **state)
{
    (void)state;
    kill_again_and_again("lmdb.sync=never", kills() / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_acknowledged_write_is_lost_with_sync_commit),
        cmocka_unit_test(test_no_acknowledged_write_is_lost_with_sync_second),
        cmocka_unit_test(test_no_acknowledged_write_is_lost_with_sync_never),
    };
    expect_of("lmdb");
    return cmocka_run_group_tests_name("lmdb-crash", tests, NULL, NULL);
}
