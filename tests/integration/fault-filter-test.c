/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The filter fault: each kind of fault, whom it strikes and whom not, the same again by a seed, all
 * changed while threads are at work, and swaps through it.
 */
#include <stdatomic.h>

#include "filter-harness.h"

#define N 400

/* ---- each kind ------------------------------------------------------------------------------- */

static void test_nothing_is_injected_unless_asked_for(void **state)
{
    (void)state;
    filter_open("cache.filters=fault");
    for (int i = 0; i < 100; i++) {
        assert_status(ZCACHE_OK, put(cache, "a", "1"));
        assert_value_is("a", "1");
    }
    const char *const names[] = {"fault_errors", "fault_delays", "fault_hangs", "fault_drops",
                                 "fault_corruptions"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(0, filter_stat(names[i]));
}

static void test_errors_of_every_operation(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=100%", "fault.status=server");
    int64_t number = 0;
    assert_error(ZCACHE_E_SERVER, "fault: this set was made to fail (error_rate, status = server)",
                 put(cache, "a", "1"));
    assert_error(ZCACHE_E_SERVER, "this get was made", read_key(cache, "a"));
    assert_error(ZCACHE_E_SERVER, "this del was made", zcache_del(cache, "a", NULL));
    assert_error(ZCACHE_E_SERVER, "this peek was made", zcache_exists(cache, "a", NULL));
    assert_error(ZCACHE_E_SERVER, "this touch was made",
                 zcache_touch(cache, "a", ZCACHE_WRITE(.ttl_ms = 1000)));
    assert_error(ZCACHE_E_SERVER, "this incr was made", zcache_incr(cache, "a", 1, &number, NULL));
    assert_error(ZCACHE_E_SERVER, "this clear was made", zcache_clear(cache, NULL));
    assert_error(ZCACHE_E_SERVER, "this ping was made", zcache_ping(cache, NULL));
    assert_int_equal(8, filter_stat("fault_errors")); /* stats is spared unless it is named */
    assert_int_equal(0, filter_stat("memory_items"));
    assert_status(ZCACHE_OK, filter_set("fault.error_operations=get", "fault.status=auth"));
    assert_status(ZCACHE_OK, put(cache, "a", "1"));
    assert_status(ZCACHE_E_AUTH, read_key(cache, "a"));
}

static void test_one_key_of_a_batch_fails_alone(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=1", "fault.keys=*bad* app:worse?",
                "fault.status=protocol");
    zcache_item items[] = {{.key = zcache_str("a"), .value = zcache_str("1")},
                           {.key = zcache_str("bad"), .value = zcache_str("2")},
                           {.key = zcache_str("c"), .value = zcache_str("3")},
                           {.key = zcache_str("worse1"), .value = zcache_str("4")}};
    assert_status(ZCACHE_E_PROTOCOL, zcache_set_multi(cache, 4, items, NULL));
    assert_status(ZCACHE_OK, items[0].status);
    assert_status(ZCACHE_E_PROTOCOL, items[1].status);
    assert_status(ZCACHE_OK, items[2].status);
    assert_status(ZCACHE_E_PROTOCOL, items[3].status);
    const char *const keys[] = {"bad", "a", "none", "c"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_status statuses[4];
    assert_status(ZCACHE_E_PROTOCOL, zcache_get_multi(cache, 4, keys, values, statuses, NULL));
    assert_status(ZCACHE_E_PROTOCOL, statuses[0]);
    assert_status(ZCACHE_OK, statuses[1]);
    assert_text("1", &values[1]);
    assert_status(ZCACHE_MISS, statuses[2]);
    assert_text("3", &values[3]);
    assert_status(ZCACHE_E_PROTOCOL, zcache_del_multi(cache, 4, keys, statuses, NULL));
    assert_status(ZCACHE_E_PROTOCOL, statuses[0]);
    assert_status(ZCACHE_OK, statuses[1]);
    assert_status(ZCACHE_MISS, statuses[2]);
    assert_status(ZCACHE_OK, statuses[3]);
    for (size_t i = 0; i < 4; i++)
        zcache_value_free(&values[i]);
    assert_int_equal(4, filter_stat("fault_errors"));
}

static bool count_key(void *user, zcache_slice key, int64_t ttl_ms)
{
    (void)key, (void)ttl_ms;
    ++*(int *)user;
    return true;
}

static void test_dropped_writes_are_said_to_be_done(void **state)
{
    (void)state;
    filter_open("cache.filters=fault");
    assert_status(ZCACHE_OK, put(cache, "old", "1"));
    assert_status(ZCACHE_OK, filter_set("fault.drop_rate=100%"));
    assert_status(ZCACHE_OK, put(cache, "new", "1"));
    assert_status(ZCACHE_OK, zcache_replace(cache, "nowhere", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_del(cache, "old", NULL));
    assert_status(ZCACHE_OK, zcache_touch(cache, "old", ZCACHE_WRITE(.ttl_ms = 1)));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_MISS, read_key(cache, "old"));
    assert_status(ZCACHE_MISS, zcache_exists(cache, "old", NULL));
    int keys = 0;
    assert_status(ZCACHE_OK, zcache_scan(cache, NULL, count_key, &keys, NULL));
    assert_int_equal(0, keys);
    int64_t number = 0;
    assert_status(ZCACHE_OK, zcache_incr(cache, "count", 1, &number, NULL)); /* never dropped */
    assert_int_equal(8, filter_stat("fault_drops"));
    assert_status(ZCACHE_OK, filter_set("fault.drop_rate=0"));
    assert_value_is("old", "1");
    assert_value_is("count", "1");
    assert_status(ZCACHE_MISS, read_key(cache, "new"));
    assert_status(ZCACHE_OK, zcache_scan(cache, NULL, count_key, &keys, NULL));
    assert_int_equal(2, keys);
}

static void test_a_call_is_delayed(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.delay=30ms", "fault.delay_jitter=20ms",
                "fault.delay_keys=app:slow*", "cache.timeout=20s");
    assert_status(ZCACHE_OK, put(cache, "quick", "1"));
    assert_int_equal(0, filter_stat("fault_delays"));
    int64_t begin_ms = clock_ms();
    assert_status(ZCACHE_OK,
                  zcache_set(cache, "slow", "1", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_between(30, 50 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    const char *const keys[] = {"a", "slow1", "b", "slow2"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    assert_status(ZCACHE_OK, zcache_get_multi(cache, 4, keys, values, NULL, NULL));
    assert_int_equal(2, filter_stat("fault_delays")); /* a batch once */
    /* longer than there is time: as a slow server, but never beyond the deadline */
    assert_status(ZCACHE_OK, filter_set("fault.delay=1h"));
    begin_ms = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "fault: this set was delayed beyond its deadline",
                 zcache_set(cache, "slow", "2", 1, ZCACHE_WRITE(.timeout_ms = 40)));
    assert_between(40, 40 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    assert_status(ZCACHE_OK, filter_set("fault.delay=0ms", "fault.delay_jitter=0ms"));
    assert_value_is("slow", "1");
}

static void test_a_call_hangs_until_its_deadline(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.hang_rate=100%", "fault.hang_operations=get ping");
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, put(cache, "a", "1"));
    int64_t begin_ms = clock_ms();
    assert_error(ZCACHE_E_TIMEOUT, "fault: this get was made to hang until its deadline",
                 zcache_get(cache, "a", &value, ZCACHE_READ(.timeout_ms = 60)));
    assert_between(60, 60 + CLOCK_SLACK_MS, clock_ms() - begin_ms);
    assert_status(ZCACHE_E_TIMEOUT, zcache_ping(cache, ZCACHE_READ(.timeout_ms = 10)));
    assert_int_equal(2, filter_stat("fault_hangs"));
    zcache_value_free(&value);
}

/* How many bytes of the key's value differ from `text`. */
static size_t differing(const char *key, const char *text)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
    assert_int_equal(strlen(text), value.size);
    size_t count = 0;
    for (size_t i = 0; i < value.size; i++)
        count += ((const char *)value.data)[i] != text[i];
    zcache_value_free(&value);
    return count;
}

static void test_values_are_corrupted_on_their_way(void **state)
{
    (void)state;
    static const char text[] = "0123456789";
    filter_open("cache.filters=fault", "fault.corrupt_rate=100%", "fault.corrupt_bytes=3");
    assert_status(ZCACHE_OK, put(cache, "a", text));
    assert_status(ZCACHE_OK, put(cache, "empty", ""));
    assert_int_equal(3, differing("a", text)); /* out by default */
    assert_int_equal(0, differing("empty", ""));
    assert_int_equal(1, filter_stat("fault_corruptions"));
    assert_status(ZCACHE_OK, filter_set("fault.corrupt_rate=0"));
    assert_value_is("a", text);
    assert_status(ZCACHE_OK, filter_set("fault.corrupt_rate=1", "fault.corrupt=in",
                                        "fault.corrupt_bytes=100", "fault.corrupt_keys=*:b*"));
    zcache_item items[] = {{.key = zcache_str("a"), .value = zcache_str(text)},
                           {.key = zcache_str("b"), .value = zcache_str(text)},
                           {.key = zcache_str("c"), .value = zcache_str(text)},
                           {.key = zcache_str("b2"), .value = zcache_str("")}};
    assert_status(ZCACHE_OK, zcache_set_multi(cache, 4, items, NULL));
    assert_ptr_equal(items[1].value.data, text); /* the caller's bytes are as they were */
    assert_int_equal(0, differing("a", text));
    assert_int_equal(strlen(text), differing("b", text));
    assert_int_equal(0, differing("c", text));
    assert_int_equal(2, filter_stat("fault_corruptions"));
}

/* ---- whom ------------------------------------------------------------------------------------ */

static void test_kinds_have_operations_and_keys_of_their_own(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=100%", "fault.drop_rate=100%",
                "fault.keys=app:users:*", "fault.operations=get", "fault.drop_operations=set del",
                "fault.drop_keys=app:lost:*");
    zcache *users, *lost;
    assert_status(ZCACHE_OK, zcache_table(cache, "users", &users));
    assert_status(ZCACHE_OK, zcache_table(cache, "lost", &lost));
    assert_status(ZCACHE_OK, put(users, "1", "a"));
    assert_status(ZCACHE_E_UNAVAILABLE, read_key(users, "1"));
    assert_status(ZCACHE_OK, zcache_exists(users, "1", NULL));
    assert_status(ZCACHE_OK, put(lost, "1", "a"));
    assert_status(ZCACHE_MISS, read_key(lost, "1"));
    assert_status(ZCACHE_OK, put(cache, "1", "a"));
    assert_value_is("1", "a");
}

static void test_keys_are_any_bytes(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=100%", "fault.keys=*a[^b-y]z?",
                "fault.operations=set");
    assert_status(ZCACHE_E_UNAVAILABLE, zcache_set_n(cache, "\0a\0z\xff", 5, "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_set_n(cache, "\0acz\xff", 5, "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_set_n(cache, "\0a\0z", 4, "1", 1, NULL));
}

static void test_wrong_options_are_refused(void **state)
{
    (void)state;
    char pattern[128] = "fault.keys=";
    memset(pattern + strlen(pattern), 'a', 64);
    filter_open("cache.filters=fault", "fault.seed=5");
    assert_error(ZCACHE_E_CONFIG, "operations: \"gte\" is no operation; there are get, set",
                 filter_set("fault.operations=get gte"));
    assert_error(ZCACHE_E_CONFIG, "drop_operations: incr, ping and stats cannot be dropped",
                 filter_set("fault.drop_operations=set,incr"));
    assert_error(ZCACHE_E_CONFIG, "fault: keys: the pattern \"aaaaaaaa", filter_set(pattern));
    assert_error(ZCACHE_E_CONFIG, "must be 0 to 1", filter_set("fault.error_rate=101%"));
    assert_error(ZCACHE_E_CONFIG, "did you mean \"error_rate\"", filter_set("fault.eror_rate=1%"));
    assert_error(ZCACHE_E_CONFIG, "must be one of: unavailable, timeout",
                 filter_set("fault.status=sad"));
    assert_int_equal(5, filter_stat("fault_seed"));
    pattern[strlen(pattern) - 1] = '*';
    assert_status(ZCACHE_OK, filter_set(pattern));
    zcache *refused = NULL;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *const settings[] = {path, "cache.filters=fault", "fault.operations=gte", NULL};
    assert_error(ZCACHE_E_CONFIG, "is no operation",
                 zcache_open(&refused, ZCACHE_OPTIONS(.settings = settings)));
}

/* ---- the same again -------------------------------------------------------------------------- */

/* Which of N reads fail, after `setting` came into force. */
static int record(const char *const settings[], char failed[N])
{
    int count = 0;
    assert_status(ZCACHE_OK, zcache_plugin_set(cache, settings));
    for (int i = 0; i < N; i++) {
        failed[i] = read_key(cache, "a") == ZCACHE_E_UNAVAILABLE;
        count += failed[i];
    }
    return count;
}

static void test_a_seed_gives_the_same_faults_again(void **state)
{
    (void)state;
    static char first[N], again[N], other[N], with_drops[N];
    filter_open("cache.filters=fault", "fault.error_rate=30%", "fault.error_operations=get");
    assert_status(ZCACHE_OK, put(cache, "a", "1"));
    const char *seven[] = {"fault.seed=7", NULL, NULL}, *const eight[] = {"fault.seed=8", NULL};
    int count = record(seven, first);
    assert_between(N / 5, N * 2 / 5, count);
    assert_int_equal(count, filter_stat("fault_errors"));
    record(seven, again);
    assert_memory_equal(first, again, N);
    record(eight, other);
    assert_memory_not_equal(first, other, N);
    seven[1] = "fault.drop_rate=50%"; /* one kind does not change another's */
    record(seven, with_drops);
    assert_memory_equal(first, with_drops, N);
    assert_true(filter_stat("fault_drops") > 0);
    /* a new instance begins as a new setting does */
    filter_teardown(NULL);
    filter_open("cache.filters=fault", "fault.error_rate=30%", "fault.error_operations=get");
    record(seven, again);
    assert_memory_equal(first, again, N);
}

static void test_without_a_seed_faults_differ(void **state)
{
    (void)state;
    static char first[N], other[N];
    filter_open("cache.filters=fault", "fault.error_rate=50%");
    const char *const none[] = {"fault.seed=0", NULL};
    record(none, first);
    char seed[64];
    snprintf(seed, sizeof(seed), "fault.seed=%lld", (long long)filter_stat("fault_seed"));
    record(none, other);
    assert_memory_not_equal(first, other, N);
    record((const char *const[]){seed, NULL}, other); /* which is told, so it can be had again */
    assert_memory_equal(first, other, N);
}

static void test_keys_of_a_batch_are_struck_each_for_itself(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=25%", "fault.seed=3",
                "fault.operations=set");
    static char names[N][16];
    static zcache_item items[N];
    for (int round = 0; round < 2; round++) {
        size_t failed = 0;
        for (size_t i = 0; i < N; i++) {
            snprintf(names[i], sizeof(names[i]), "%zu", i);
            items[i] = (zcache_item){.key = zcache_str(names[i]), .value = zcache_str(names[i])};
        }
        assert_status(ZCACHE_E_UNAVAILABLE, zcache_set_multi(cache, N, items, NULL));
        for (size_t i = 0; i < N; i++) {
            failed += items[i].status == ZCACHE_E_UNAVAILABLE;
            if (items[i].status == ZCACHE_OK)
                assert_value_is(names[i], names[i]);
            else if (round == 0)
                assert_status(ZCACHE_MISS, read_key(cache, names[i]));
        }
        assert_between(N / 8, N / 2, (int64_t)failed);
    }
}

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS  1500

static _Atomic uint64_t errors;

static void work(void *user, size_t index)
{
    (void)user;
    char key[16];
    snprintf(key, sizeof(key), "%zu", index);
    if (index == THREADS) {
        for (int i = 0; i < 100; i++)
            check_status(ZCACHE_OK,
                         filter_set(i % 2 == 0 ? "fault.error_rate=60%" : "fault.error_rate=20%",
                                    "fault.keys=app:* x*"));
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        zcache_status status = i % 2 == 0 ? put(cache, key, key) : read_key(cache, key);
        if (status != ZCACHE_E_UNAVAILABLE)
            check_that(status == ZCACHE_OK || status == ZCACHE_MISS);
        else
            atomic_fetch_add(&errors, 1);
    }
}

static void test_threads_and_changes_at_once(void **state)
{
    (void)state;
    filter_open("cache.filters=fault", "fault.error_rate=40%");
    atomic_store(&errors, 0);
    threads_run(THREADS + 1, work, NULL);
    assert_int_equal(0, checks_failed());
    assert_int_equal(atomic_load(&errors), filter_stat("fault_errors"));
    assert_true(atomic_load(&errors) > 0);
}

#define HANG_MS 3000

static _Atomic bool gone;

static void hang_or_go(void *user, size_t index)
{
    (void)user;
    zcache_value value = ZCACHE_VALUE_INIT;
    if (index == 0) {
        check_status(ZCACHE_E_TIMEOUT,
                     zcache_get(cache, "hang", &value, ZCACHE_READ(.timeout_ms = HANG_MS)));
        check_that(atomic_load(&gone));
    }
    for (int i = 0; index == 1 && i < 20; i++)
        check_status(ZCACHE_MISS,
                     zcache_get(cache, "go", &value, ZCACHE_READ(.timeout_ms = HANG_MS)));
    if (index == 1)
        atomic_store(&gone, true);
    zcache_value_free(&value);
}

/* The provider takes one operation at a time; what hangs or waits above it holds up nobody. */
static void test_a_hang_holds_up_no_other_thread(void **state)
{
    (void)state;
    fixture_copy("serialized", directory, "serialized");
    filter_open("cache.provider=serialized", "cache.filters=fault", "fault.delay=5ms",
                "fault.delay_jitter=5ms", "fault.delay_keys=app:go", "fault.hang_rate=100%",
                "fault.hang_keys=app:hang");
    atomic_store(&gone, false);
    threads_run(2, hang_or_go, NULL);
    assert_int_equal(0, checks_failed());
    assert_int_equal(20, filter_stat("fault_delays"));
}

/* ---- above others ---------------------------------------------------------------------------- */

static void test_what_the_provider_cannot_do_is_not_promised(void **state)
{
    (void)state;
    fixture_copy("store", directory, "store");
    filter_open("cache.provider=store", "cache.filters=fault, stats");
    int64_t number;
    assert_status(ZCACHE_OK, put(cache, "a", "1"));
    assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL)); /* by get, for want of peek */
    assert_error(ZCACHE_E_NOTSUP, "the provider store does not support",
                 zcache_incr(cache, "n", 1, &number, NULL));
    assert_status(ZCACHE_E_NOTSUP, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_ping(cache, NULL));
}

static void test_on_a_server(void **state)
{
    (void)state;
    filter_open("cache.provider=redis", "cache.filters=fault", "fault.drop_rate=100%",
                "fault.drop_operations=set", "fault.drop_keys=app:lost");
    zcache_item items[] = {{.key = zcache_str("kept"), .value = zcache_str("1")},
                           {.key = zcache_str("lost"), .value = zcache_str("2")}};
    assert_status(ZCACHE_OK, zcache_set_multi(cache, 2, items, NULL));
    assert_status(ZCACHE_MISS, read_key(cache, "lost"));
    assert_value_is("kept", "1");
    int64_t ttl_ms;
    assert_status(ZCACHE_OK, filter_set("fault.delay=20ms"));
    assert_status(ZCACHE_OK,
                  zcache_set(cache, "timed", "1", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    assert_status(ZCACHE_OK, zcache_ttl(cache, "timed", &ttl_ms, NULL));
    assert_between(1, ZCACHE_HOURS(1), ttl_ms);
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

static void test_a_copy_goes_through_the_filters(void **state)
{
    (void)state;
    filter_open("cache.filters=stats, fault", "fault.delay=1ms", "fault.delay_operations=get");
    for (int i = 0; i < 300; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        assert_status(ZCACHE_OK, put(cache, key, key));
    }
    zcache_swap_report report;
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .mode = ZCACHE_SWAP_COPY,
                                                 .verify = true, .report = &report)));
    assert_int_equal(300, report.copied);
    assert_value_is("299", "299");
    /* one that cannot be copied leaves the old provider */
    assert_status(ZCACHE_OK, filter_set("fault.error_rate=100%", "fault.error_operations=set"));
    assert_error(ZCACHE_E_SERVER, "redis goes on",
                 zcache_swap(cache, ZCACHE_SWAP(.provider = "memory", .mode = ZCACHE_SWAP_COPY)));
    assert_value_is("299", "299");
    assert_status(ZCACHE_OK, filter_set("fault.error_rate=0"));
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* A batch in which each of the ways into an allocation is taken. */
static zcache_status batch(zcache_status statuses[4])
{
    static const char *const keys[] = {"app", "bad", "c", "d"};
    zcache_value values[4] = {ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT, ZCACHE_VALUE_INIT,
                              ZCACHE_VALUE_INIT};
    zcache_item items[4];
    for (size_t i = 0; i < 4; i++)
        items[i] = (zcache_item){.key = zcache_str(keys[i]), .value = zcache_str("text")};
    zcache_status written = zcache_set_multi(cache, 4, items, NULL);
    zcache_status status = zcache_get_multi(cache, 4, keys, values, statuses, NULL);
    for (size_t i = 0; i < 4; i++)
        zcache_value_free(&values[i]);
    return written == ZCACHE_E_NOMEM ? written : status;
}

static void test_memory_that_runs_out_fails_the_call_alone(void **state)
{
    (void)state;
    size_t live = failing_allocator_live(), nth = 0;
    bool failed = true;
    filter_open("cache.filters=fault, stats", "fault.error_rate=1", "fault.error_keys=app:bad",
                "fault.corrupt_rate=1", "fault.corrupt=both");
    while (failed && nth < 1000) {
        zcache_status statuses[4];
        failing_allocator_fail(++nth);
        zcache_status status = batch(statuses);
        failed = failing_allocator_failed();
        failing_allocator_fail(0);
        if (!failed)
            assert_status(ZCACHE_E_UNAVAILABLE, status);
    }
    print_message("# %zu allocations\n", nth - 1);
    assert_in_range(nth, 5, 999);
    filter_teardown(NULL);
    assert_int_equal(live, failing_allocator_live());
}

static void test_memory_that_runs_out_refuses_the_filter(void **state)
{
    (void)state;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *const settings[] = {path, "cache.filters=fault, stats", "fault.keys=a* b*", NULL};
    size_t live = failing_allocator_live(), nth = 0;
    zcache_status status = ZCACHE_E_NOMEM;
    while (status != ZCACHE_OK && nth < 5000) {
        failing_allocator_fail(++nth);
        status = zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings));
        failing_allocator_fail(0);
        if (status != ZCACHE_OK) {
            assert_status(ZCACHE_E_NOMEM, status);
            assert_int_equal(live, failing_allocator_live());
        }
    }
    assert_status(ZCACHE_OK, status);
    filter_teardown(NULL);
    assert_int_equal(live, failing_allocator_live());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILTER_TEST(test_nothing_is_injected_unless_asked_for),
        FILTER_TEST(test_errors_of_every_operation),
        FILTER_TEST(test_one_key_of_a_batch_fails_alone),
        FILTER_TEST(test_dropped_writes_are_said_to_be_done),
        FILTER_TEST(test_a_call_is_delayed),
        FILTER_TEST(test_a_call_hangs_until_its_deadline),
        FILTER_TEST(test_values_are_corrupted_on_their_way),
        FILTER_TEST(test_kinds_have_operations_and_keys_of_their_own),
        FILTER_TEST(test_keys_are_any_bytes),
        FILTER_TEST(test_wrong_options_are_refused),
        FILTER_TEST(test_a_seed_gives_the_same_faults_again),
        FILTER_TEST(test_without_a_seed_faults_differ),
        FILTER_TEST(test_keys_of_a_batch_are_struck_each_for_itself),
        FILTER_TEST(test_threads_and_changes_at_once),
        FILTER_TEST(test_a_hang_holds_up_no_other_thread),
        FILTER_TEST(test_what_the_provider_cannot_do_is_not_promised),
        FILTER_TEST(test_on_a_server),
        FILTER_TEST(test_a_copy_goes_through_the_filters),
        FILTER_TEST(test_memory_that_runs_out_fails_the_call_alone),
        FILTER_TEST(test_memory_that_runs_out_refuses_the_filter),
    };
    return filter_run("filter fault", tests);
}
