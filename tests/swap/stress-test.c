/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Random operations of eight threads, random swaps, random server kills, for ZCACHE_STRESS_SECONDS
 * (default 6), against a model.
 *
 * Each thread alone writes its own keys, so it knows what each must hold: through copying swaps
 * exactly that; through cold swaps and kills nothing, or something that it once wrote. One counter
 * is shared: through copying swaps every increment counts, and each thread sees it grow.
 *
 * Last, what a publish costs: the durations of operations on memory under load, side by side:
 * without swaps, while another cache is swapped from memory to memory, while this one is.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "durations.h"
#include "expect.h"
#include "servers.h"
#include "threads.h"
#include <zcache/zcache.h>

#define THREADS 8
#define KEYS    64

static zcache *cache;
static server *servers[2];
static _Atomic bool done, troubled;
static _Atomic unsigned long failed, wrong, swaps, failed_swaps, left_behind;
static _Atomic int64_t counted;
static durations took;
static int64_t first_number; /* of writes: those of an earlier test have lower ones */

static int64_t stress_ms(void)
{
    const char *seconds = getenv("ZCACHE_STRESS_SECONDS");
    return (seconds != NULL ? strtoll(seconds, NULL, 10) : 6) * 1000;
}

static void open_cache(void)
{
    char path[8192];
    snprintf(path, sizeof(path), "cache.plugin_path=%s %s", getenv("ZCACHE_TEST_PLUGINS"),
             getenv("ZCACHE_TEST_FIXTURES") != NULL ? getenv("ZCACHE_TEST_FIXTURES") : "");
    const char *settings[] = {path,
                              "cache.key_prefix=stress:",
                              "cache.timeout=20s",
                              "redis.connect_timeout=20s",
                              "memcached.connect_timeout=20s",
                              "cache.log_level=error",
                              server_setting(servers[0]),
                              server_setting(servers[1]),
                              NULL};
    assert_status(ZCACHE_OK, zcache_open(&cache, ZCACHE_OPTIONS(.settings = settings)));
    first_number += 1000000000;
    atomic_store(&done, false);
    atomic_store(&counted, 0);
    atomic_store(&failed, 0);
    atomic_store(&wrong, 0);
    atomic_store(&swaps, 0);
    atomic_store(&failed_swaps, 0);
    atomic_store(&left_behind, 0);
    durations_reset(&took);
}

static void report(const char *what)
{
    print_message("# %s: %llu operations, %lu failed, %lu wrong\n", what,
                  (unsigned long long)durations_total(&took), failed, wrong);
    print_message("#   an operation took %s\n", durations_text(&took));
    print_message("#   %lu swaps, %lu of them given up, %lu left the old provider behind\n", swaps,
                  failed_swaps, left_behind);
}

/* ---- the model ------------------------------------------------------------------------------- */

typedef struct thread_model {
    size_t thread;
    unsigned seed;
    int64_t last;           /* number of the latest write; each write has another */
    int64_t expected[KEYS]; /* 0: the key is not there */
    uint64_t cas[KEYS];     /* of the latest read with one; 0: none, or spent */
    int64_t counter;        /* the shared one, as this thread saw it last */
    zcache_value value;
} thread_model;

/* The first few things that go wrong are told. */
static bool may_tell(void)
{
    return atomic_load(&wrong) < 20;
}

/* In trouble an operation may fail, or find an older state; a value must still be one of ours. */
static bool is_as_expected(const thread_model *model, zcache_status expected, zcache_status status,
                           const char *what, size_t key)
{
    if (status == expected)
        return true;
    if (status < ZCACHE_OK)
        atomic_fetch_add(&failed, 1);
    if (atomic_load(&troubled) &&
        (status >= ZCACHE_OK || status == ZCACHE_E_UNAVAILABLE || status == ZCACHE_E_TIMEOUT ||
         status == ZCACHE_E_PROTOCOL || status == ZCACHE_E_NOTSUP))
        return true;
    if (may_tell())
        print_message("# thread %zu, %s of key %zu: expected %s, got %s (%s)\n", model->thread,
                      what, key, zcache_status_name(expected), zcache_status_name(status),
                      status < ZCACHE_OK ? zcache_error_message() : "");
    atomic_fetch_add(&wrong, 1);
    return false;
}

static void check_value(thread_model *model, size_t key)
{
    size_t thread, of_key;
    long long number;
    bool ours = sscanf(model->value.data, "%zu/%zu=%lld", &thread, &of_key, &number) == 3 &&
                thread == model->thread && of_key == key && number <= model->last;
    if (!ours || (!atomic_load(&troubled) && number != model->expected[key])) {
        if (may_tell())
            print_message("# thread %zu, key %zu: expected write %lld, read \"%s\"\n",
                          model->thread, key, (long long)model->expected[key],
                          (char *)model->value.data);
        atomic_fetch_add(&wrong, 1);
    }
}

static int make_value(thread_model *model, size_t key, char text[64])
{
    return snprintf(text, 64, "%zu/%zu=%lld", model->thread, key, (long long)++model->last);
}

static void make_key(const thread_model *model, size_t key, char name[64])
{
    snprintf(name, 64, key % 3 == 0 ? "k %zu\xff%zu" : "key:%zu:%zu", model->thread, key);
}

static zcache_status there(const thread_model *model, size_t key)
{
    return model->expected[key] != 0 ? ZCACHE_OK : ZCACHE_MISS;
}

static void read_one(thread_model *model, size_t key, const char *name)
{
    zcache_status status =
        zcache_get(cache, name, &model->value, ZCACHE_READ(.with_cas = key % 2 == 0));
    if (is_as_expected(model, there(model, key), status, "get", key) && status == ZCACHE_OK) {
        check_value(model, key);
        model->cas[key] = model->value.cas;
    }
}

/* A write of any kind: what it is expected to answer, and what the key holds then. */
static void write_one(thread_model *model, size_t key, const char *name)
{
    char text[64];
    size_t size = (size_t)make_value(model, key, text);
    zcache_status expected = ZCACHE_OK;
    zcache_status status;
    switch (rand_r(&model->seed) % 5) {
    case 0:
        expected = model->expected[key] == 0 ? ZCACHE_OK : ZCACHE_EXISTS;
        status = zcache_add(cache, name, text, size, NULL);
        break;
    case 1:
        expected = there(model, key);
        status = zcache_replace(cache, name, text, size, ZCACHE_WRITE(.ttl_ms = 3600000));
        break;
    case 2:
        if (model->cas[key] != 0) {
            /* A swap may have come since the read: then a conflict is right, too. */
            status = zcache_cas(cache, name, text, size, model->cas[key], NULL);
            expected = status == ZCACHE_CONFLICT ? status : there(model, key);
            break;
        }
        /* fall through */
    default:
        status = zcache_set(cache, name, text, size, NULL);
        break;
    }
    model->cas[key] = 0;
    if (is_as_expected(model, expected, status, "write", key) && status == ZCACHE_OK)
        model->expected[key] = model->last;
}

static void delete_one(thread_model *model, size_t key, const char *name)
{
    zcache_status status = zcache_del(cache, name, NULL);
    model->cas[key] = 0;
    if (is_as_expected(model, there(model, key), status, "del", key) && status >= ZCACHE_OK)
        model->expected[key] = 0;
}

static void count_one(thread_model *model)
{
    int64_t number = 0;
    zcache_status status = zcache_incr(cache, "counter", 1, &number, NULL);
    if (!is_as_expected(model, ZCACHE_OK, status, "incr", 0) || status != ZCACHE_OK)
        return;
    atomic_fetch_add(&counted, 1);
    if (!atomic_load(&troubled))
        atomic_fetch_add(&wrong, number <= model->counter);
    model->counter = number;
}

static void several(thread_model *model)
{
    char names[3][64], texts[3][64];
    const char *keys[3];
    zcache_item items[3];
    for (size_t i = 0; i < 3; i++) {
        make_key(model, i, names[i]);
        keys[i] = names[i];
        items[i] = (zcache_item){.key = zcache_str(names[i])};
        size_t size = (size_t)make_value(model, i, texts[i]);
        items[i].value = zcache_bytes_of(texts[i], size);
    }
    int64_t first = model->last - 2;
    (void)zcache_set_multi(cache, 3, items, NULL);
    for (size_t i = 0; i < 3; i++) {
        model->cas[i] = 0;
        if (is_as_expected(model, ZCACHE_OK, items[i].status, "set_multi", i) &&
            items[i].status == ZCACHE_OK)
            model->expected[i] = first + (int64_t)i;
    }
    zcache_status statuses[3];
    (void)zcache_del_multi(cache, 1, &keys[1], statuses, NULL);
    if (is_as_expected(model, ZCACHE_OK, statuses[0], "del_multi", 1) && statuses[0] >= ZCACHE_OK)
        model->expected[1] = 0;
}

static void operate(thread_model *model)
{
    char name[64];
    size_t key = (size_t)rand_r(&model->seed) % KEYS;
    make_key(model, key, name);
    int64_t begun_ns = durations_now_ns();
    switch (rand_r(&model->seed) % 12) {
    case 0:
        delete_one(model, key, name);
        break;
    case 1:
        count_one(model);
        break;
    case 2:
        several(model);
        break;
    case 3:
        is_as_expected(model, there(model, key), zcache_exists(cache, name, NULL), "exists", key);
        break;
    case 4:
        is_as_expected(model, there(model, key),
                       zcache_touch(cache, name, ZCACHE_WRITE(.ttl_ms = 3600000)), "touch", key);
        break;
    case 5:
    case 6:
    case 7:
        write_one(model, key, name);
        break;
    default:
        read_one(model, key, name);
        break;
    }
    durations_add(&took, durations_now_ns() - begun_ns);
}

/* ---- swaps ----------------------------------------------------------------------------------- */

static zcache_swap_decision sometimes_abort(void *user, const zcache_swap_progress *progress)
{
    (void)progress;
    return rand_r(user) % 8 == 0 ? ZCACHE_SWAP_ABORT : ZCACHE_SWAP_CONTINUE;
}

/* How slow the fixture is this time. In trouble it is so slow that a swap to it, or away from it,
 * may not wait for it to the end. */
static void make_slow(unsigned *seed, char settings[3][40], const char *list[4])
{
    bool very = atomic_load(&troubled) && rand_r(seed) % 2 == 0;
    snprintf(settings[0], sizeof(settings[0]), "slow.open_time=%dms",
             rand_r(seed) % (very ? 1000 : 20));
    snprintf(settings[1], sizeof(settings[1]), "slow.get_time=%dms", rand_r(seed) % 2);
    snprintf(settings[2], sizeof(settings[2]), "slow.close_time=%dms",
             rand_r(seed) % (very ? 300 : 20));
    for (int i = 0; i < 3; i++)
        list[i] = settings[i];
    list[3] = NULL;
}

static void swap_at_random(unsigned *seed, bool copy)
{
    static const char *const providers[] = {"memory", "redis", "memcached", "slow"};
    const char *provider = providers[(size_t)rand_r(seed) % 4];
    char settings[3][40];
    const char *list[4];
    zcache_swap_report done_so;
    make_slow(seed, settings, list);
    bool is_slow = strcmp(provider, "slow") == 0;
    bool hurry = atomic_load(&troubled) && is_slow;
    zcache_status status = zcache_swap(
        cache,
        ZCACHE_SWAP(.provider = provider, .mode = copy ? ZCACHE_SWAP_COPY : ZCACHE_SWAP_COLD,
                    .settings = is_slow ? list : NULL, .verify = rand_r(seed) % 4 == 0,
                    .progress = sometimes_abort, .progress_user = seed,
                    .timeout_ms = hurry ? 100 : 30000,
                    .drain_timeout_ms = atomic_load(&troubled) ? 100 : 0, .report = &done_so));
    atomic_fetch_add(&swaps, 1);
    if (status == ZCACHE_OK) {
        atomic_fetch_add(&left_behind, done_so.retired);
        return;
    }
    atomic_fetch_add(&failed_swaps, 1);
    if (!atomic_load(&troubled) && status != ZCACHE_E_REFUSED)
        check_status(ZCACHE_OK, status);
}

static void run(void *user, size_t thread)
{
    int64_t end_ms = clock_ms() + *(int64_t *)user;
    unsigned seed = (unsigned)(clock_ms() + (int64_t)thread);
    if (thread == THREADS) {
        /* A cold swap to redis or memcached would bring an older state back, which only the test
         * that expects trouble allows. */
        while (clock_ms() < end_ms)
            swap_at_random(&seed, !atomic_load(&troubled) || rand_r(&seed) % 4 == 0);
        atomic_store(&done, true);
        return;
    }
    thread_model model = {
        .thread = thread, .seed = seed, .last = first_number, .value = ZCACHE_VALUE_INIT};
    while (!atomic_load_explicit(&done, memory_order_relaxed))
        operate(&model);
    for (size_t key = 0; key < KEYS; key++) { /* and once more, all of them */
        char name[64];
        make_key(&model, key, name);
        read_one(&model, key, name);
    }
    zcache_value_free(&model.value);
}

static void test_copying_swaps_lose_nothing(void **state)
{
    (void)state;
    zcache_value value = ZCACHE_VALUE_INIT;
    int64_t ms = stress_ms() / 2;
    open_cache();
    atomic_store(&troubled, false);
    threads_run(THREADS + 1, run, &ms);
    report("copying swaps");
    assert_int_equal(checks_failed(), 0);
    assert_int_equal(failed, 0);
    assert_int_equal(wrong, 0);
    if (counted > 0) {
        assert_status(ZCACHE_OK, zcache_get(cache, "counter", &value, NULL));
        assert_int_equal(strtoll(value.data, NULL, 10), counted);
    }
    assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
    zcache_value_free(&value);
}

/* Kills are the main thread's, which started the servers. */
static void *run_all(void *ms)
{
    threads_run(THREADS + 1, run, ms);
    return NULL;
}

static void test_cold_swaps_and_killed_servers_give_no_wrong_value(void **state)
{
    (void)state;
    int64_t ms = stress_ms() / 4;
    unsigned seed = (unsigned)clock_ms(), kills = 0;
    pthread_t runner;
    open_cache();
    atomic_store(&troubled, true);
    assert_int_equal(pthread_create(&runner, NULL, run_all, &ms), 0);
    while (!atomic_load(&done)) {
        clock_sleep_ms(20 + rand_r(&seed) % 200);
        server *victim = servers[rand_r(&seed) % 2];
        server_kill(victim);
        clock_sleep_ms(rand_r(&seed) % 100);
        server_restart(victim);
        kills++;
    }
    pthread_join(runner, NULL);
    report("cold swaps and kills");
    print_message("# %u servers killed\n", kills);
    assert_int_equal(checks_failed(), 0);
    assert_int_equal(wrong, 0);
    int64_t end_ms = clock_ms() + 30000;
    while (zcache_set(cache, "after", "1", 1, NULL) != ZCACHE_OK && clock_ms() < end_ms)
        clock_sleep_ms(20);
    assert_status(ZCACHE_OK, zcache_set(cache, "after", "1", 1, NULL));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

/* ---- what a publish costs -------------------------------------------------------------------- */

#define LOADERS 4

/* What the thread after the loaders does every 2 ms of a window: nothing; swap a cache that nobody
 * uses, which costs the machine what a swap costs; swap the cache under load. */
enum { WITHOUT, ELSEWHERE, WITH, KINDS };

typedef struct load_window {
    int64_t ms;
    zcache *swapped; /* NULL: none */
    durations *took;
} load_window;

static void swap_or_sleep(const load_window *window, int64_t end_ns)
{
    while (durations_now_ns() < end_ns) {
        if (window->swapped != NULL)
            check_status(ZCACHE_OK, zcache_swap(window->swapped, NULL)); /* memory to memory */
        atomic_fetch_add(&swaps, window->swapped == cache);
        clock_sleep_ms(2);
    }
}

static void load(void *user, size_t thread)
{
    const load_window *window = user;
    int64_t end_ns = durations_now_ns() + window->ms * 1000000;
    if (thread == LOADERS) {
        swap_or_sleep(window, end_ns);
        return;
    }
    char name[64];
    zcache_value value = ZCACHE_VALUE_INIT;
    unsigned seed = (unsigned)thread;
    while (durations_now_ns() < end_ns) {
        snprintf(name, sizeof(name), "key %d", rand_r(&seed) % 1000);
        int64_t begun_ns = durations_now_ns();
        zcache_status status = rand_r(&seed) % 4 == 0 ? zcache_set(cache, name, name, 5, NULL)
                                                      : zcache_get(cache, name, &value, NULL);
        durations_add(window->took, durations_now_ns() - begun_ns);
        check_that(status >= ZCACHE_OK);
    }
    zcache_value_free(&value);
}

static void print_row(const char *name, const double us[KINDS])
{
    print_message("#   %-8s %12.2f %12.2f %12.2f\n", name, us[WITHOUT], us[ELSEWHERE], us[WITH]);
}

/* The windows are taken in turn, so that the machine's own noise meets all alike. */
static void test_a_publish_holds_no_operation_up(void **state)
{
    (void)state;
    static durations all[KINDS];
    static const struct {
        const char *name;
        double share;
    } rows[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
    double us[KINDS];
    open_cache();
    zcache *idle = cache;
    open_cache();
    for (int i = 0; i < 4 * KINDS; i++) {
        int kind = i % KINDS;
        load_window window = {.ms = stress_ms() / 48,
                              .swapped = kind == WITH        ? cache
                                         : kind == ELSEWHERE ? idle
                                                             : NULL,
                              .took = &all[kind]};
        threads_run(LOADERS + 1, load, &window);
    }
    print_message("# durations of operations on memory under load, in us; %lu swaps\n", swaps);
    print_message("#             no swaps  of another   of this one\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int kind = 0; kind < KINDS; kind++)
            us[kind] = durations_percentile_us(&all[kind], rows[i].share);
        print_row(rows[i].name, us);
    }
    for (int kind = 0; kind < KINDS; kind++)
        us[kind] = (double)all[kind].max_ns / 1000;
    print_row("max", us);
    assert_int_equal(checks_failed(), 0);
    assert_true(swaps > 0);
    assert_status(ZCACHE_OK, zcache_close(idle));
    assert_status(ZCACHE_OK, zcache_close(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copying_swaps_lose_nothing),
        cmocka_unit_test(test_cold_swaps_and_killed_servers_give_no_wrong_value),
        cmocka_unit_test(test_a_publish_holds_no_operation_up),
    };
    servers[0] = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    servers[1] = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
    int failures = cmocka_run_group_tests_name("stress", tests, NULL, NULL);
    server_free(servers[0]);
    server_free(servers[1]);
    return failures;
}
