/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Servers that are killed, frozen and restarted, and connections that drip, break and fall silent,
 * in the middle of traffic: every operation ends by its timeout, an error is never told as a miss,
 * no value is ever a wrong one, and the cache recovers by itself.
 *
 * Each worker owns its keys and knows which values they may have: the last one that was confirmed,
 * or any that was attempted later and whose fate is unknown. A miss is right only if the server has
 * lost its memory since.
 *
 * A scene is a process, and most of the time it waits: several are played at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <zcache/zcache.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "proxy.h"
#include "servers.h"

enum {
    WORKERS = 5,
    KEYS = 4,
    TIMEOUT_MS = 500,
    FAULT_MS = 1200,
    STEADY_MS = 300,      /* a recovery is that every operation succeeds for this long, */
    RECOVERY_MS = 15000,  /* within a time that is longer than any backoff */
    RECOVERED = 20,       /* and that each worker has had so many successes in a row */
    LATE_WRITE_MS = 1500, /* a write that timed out may still be carried out for so long */
    AT_ONCE = 6,          /* scenes */
};

typedef struct scene {
    server *server;
    proxy *proxy; /* NULL: straight to the server */
    zcache *cache;
    atomic_bool end;
    atomic_uint forgotten; /* how often the server has lost its memory; raised before it does */
    atomic_ulong failed;   /* operations with an error: that the fault was felt */
} scene;

typedef struct known_key {
    char name[16];
    long low, high;   /* the value's number is one of these; low -1: no write was confirmed yet */
    unsigned written; /* `forgotten` when its last confirmed write began */
    int64_t doubt_ms; /* when a write of unknown fate ended last */
} known_key;

typedef struct worker {
    scene *all;
    size_t index;
    pthread_t thread;
    known_key keys[KEYS];
    long number;     /* of the last value that was attempted */
    atomic_uint row; /* successes in a row */
    zcache_value values[KEYS];
} worker;

static size_t make_value(char *out, const worker *one, int key, long number)
{
    size_t size = (size_t)sprintf(out, "%zu/%d/%ld/", one->index, key, number);
    memset(out + size, 'a' + (int)(number % 26), 100);
    out[size + 100] = '\0';
    return size + 100;
}

/* ---- what may be seen ------------------------------------------------------------------------ */

static bool allowed_error(zcache_status status)
{
    return status == ZCACHE_E_UNAVAILABLE || status == ZCACHE_E_TIMEOUT ||
           status == ZCACHE_E_PROTOCOL;
}

/* Accounts for an operation that began at start_ms; true: it has a result. */
static bool ended(worker *one, zcache_status status, int64_t start_ms)
{
    check_that(clock_ms() - start_ms <= TIMEOUT_MS + CLOCK_SLACK_MS);
    if (status >= 0) {
        atomic_fetch_add(&one->row, 1);
        return true;
    }
    atomic_store(&one->row, 0);
    atomic_fetch_add(&one->all->failed, 1);
    if (!allowed_error(status))
        check_status(ZCACHE_OK, status);
    return false;
}

static void check_read(worker *one, int key, unsigned forgotten_then, zcache_status status,
                       const zcache_value *value)
{
    known_key *known = &one->keys[key];
    if (status == ZCACHE_MISS) {
        check_that(known->low < 0 || known->written != atomic_load(&one->all->forgotten) ||
                   forgotten_then != known->written);
        return;
    }
    char expected[256];
    long number = -1;
    if (!check_status(ZCACHE_OK, status) ||
        !check_that(value->size > 0 && sscanf(value->data, "%*u/%*d/%ld/", &number) == 1))
        return;
    size_t size = make_value(expected, one, key, number);
    check_that(value->size == size && memcmp(value->data, expected, size) == 0);
    check_that(number >= known->low && number <= known->high);
}

static void note_write(worker *one, int key, long number, unsigned forgotten_then,
                       zcache_status status)
{
    known_key *known = &one->keys[key];
    known->high = number;
    if (status != ZCACHE_OK) {
        known->doubt_ms = clock_ms();
        return;
    }
    /* What timed out a moment ago may still be waiting in a frozen server's buffers. */
    if (clock_ms() - known->doubt_ms > LATE_WRITE_MS || known->doubt_ms == 0)
        known->low = number;
    known->written = forgotten_then;
}

/* ---- traffic --------------------------------------------------------------------------------- */

static void write_one(worker *one, int key)
{
    char value[256];
    unsigned forgotten = atomic_load(&one->all->forgotten);
    long number = ++one->number;
    size_t size = make_value(value, one, key, number);
    int64_t start_ms = clock_ms();
    one->keys[key].high = number;
    zcache_status status = zcache_set(one->all->cache, one->keys[key].name, value, size, NULL);
    ended(one, status, start_ms);
    note_write(one, key, number, forgotten, status);
}

static void write_all(worker *one)
{
    char values[KEYS][256];
    zcache_item items[KEYS];
    long first = one->number + 1;
    unsigned forgotten = atomic_load(&one->all->forgotten);
    for (int key = 0; key < KEYS; key++) {
        size_t size = make_value(values[key], one, key, ++one->number);
        items[key] = (zcache_item){.key = zcache_str(one->keys[key].name),
                                   .value = zcache_bytes_of(values[key], size)};
    }
    int64_t start_ms = clock_ms();
    ended(one, zcache_set_multi(one->all->cache, KEYS, items, NULL), start_ms);
    for (int key = 0; key < KEYS; key++)
        note_write(one, key, first + key, forgotten, items[key].status);
}

static void read_one(worker *one, int key)
{
    unsigned forgotten = atomic_load(&one->all->forgotten);
    int64_t start_ms = clock_ms();
    zcache_status status = zcache_get(one->all->cache, one->keys[key].name, &one->values[0], NULL);
    if (ended(one, status, start_ms))
        check_read(one, key, forgotten, status, &one->values[0]);
}

static void read_all(worker *one)
{
    const char *names[KEYS];
    zcache_status statuses[KEYS];
    unsigned forgotten = atomic_load(&one->all->forgotten);
    for (int key = 0; key < KEYS; key++)
        names[key] = one->keys[key].name;
    int64_t start_ms = clock_ms();
    ended(one, zcache_get_multi(one->all->cache, KEYS, names, one->values, statuses, NULL),
          start_ms);
    for (int key = 0; key < KEYS; key++) {
        if (statuses[key] >= 0)
            check_read(one, key, forgotten, statuses[key], &one->values[key]);
        else
            check_that(allowed_error(statuses[key]));
    }
}

static void *work(void *user)
{
    worker *one = user;
    for (unsigned turn = 0; !atomic_load(&one->all->end); turn++) {
        int key = (int)(turn / 4 % KEYS);
        switch (turn % 4) {
        case 0:
            write_one(one, key);
            break;
        case 1:
            read_one(one, key);
            break;
        case 2:
            write_all(one);
            break;
        default:
            read_all(one);
        }
        clock_sleep_ms(1);
    }
    return NULL;
}

/* ---- scenes ---------------------------------------------------------------------------------- */

static void start_workers(scene *all, worker workers[WORKERS])
{
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.all = all, .index = i};
        for (int key = 0; key < KEYS; key++) {
            known_key *known = &workers[i].keys[key];
            snprintf(known->name, sizeof(known->name), "w%zu-%d", i, key);
            known->low = known->high = -1;
            workers[i].values[key] = (zcache_value)ZCACHE_VALUE_INIT;
        }
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            abort();
    }
}

/* All workers succeed again, and go on doing so. One that times out because the machine stood still
 * begins anew. */
static void check_recovery(scene *all, worker workers[WORKERS])
{
    int64_t end_ms = clock_ms() + RECOVERY_MS;
    unsigned long failed;
    do {
        for (size_t i = 0; i < WORKERS; i++)
            atomic_store(&workers[i].row, 0);
        for (size_t i = 0; i < WORKERS; i++)
            while (atomic_load(&workers[i].row) < RECOVERED) {
                bool in_time = clock_ms() <= end_ms;
                if (!check_that(in_time))
                    return;
                clock_sleep_ms(5);
            }
        failed = atomic_load(&all->failed);
        clock_sleep_ms(STEADY_MS);
    } while (atomic_load(&all->failed) != failed);
}

/* Runs traffic and, twice, `fault`, which harms and heals. */
static void play(server_kind kind, bool with_proxy, void (*fault)(scene *all))
{
    scene all = {0};
    worker workers[WORKERS];
    char timeout[32], plugin_path[4096];
    expect_of(kind == SERVER_REDIS ? "redis" : "memcached");
    all.server = server_start(kind, SERVER_TCP, NULL);
    if (with_proxy)
        all.proxy = proxy_start(all.server);
    snprintf(timeout, sizeof(timeout), "cache.timeout=%dms", TIMEOUT_MS);
    snprintf(plugin_path, sizeof(plugin_path), "cache.plugin_path=%s",
             getenv("ZCACHE_TEST_PLUGINS"));
    const char *const settings[] = {with_proxy ? proxy_setting(all.proxy)
                                               : server_setting(all.server),
                                    plugin_path,
                                    timeout,
                                    "cache.key_prefix=f:",
                                    "cache.log_level=error",
                                    NULL};
    const char *provider = kind == SERVER_REDIS ? "redis" : "memcached";
    if (!check_status(ZCACHE_OK, zcache_open(&all.cache, ZCACHE_OPTIONS(.provider = provider,
                                                                        .settings = settings))))
        return;
    start_workers(&all, workers);
    for (int round = 0; round < 2; round++) {
        check_recovery(&all, workers);
        fault(&all);
    }
    check_recovery(&all, workers);
    atomic_store(&all.end, true);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        for (int key = 0; key < KEYS; key++)
            zcache_value_free(&workers[i].values[key]);
    }
    check_status(ZCACHE_OK, zcache_close(all.cache));
    proxy_free(all.proxy);
    server_free(all.server);
}

/* Until the fault is felt, also where the machine stands still. */
static void hold(scene *all)
{
    unsigned long before = atomic_load(&all->failed);
    int64_t end_ms = clock_ms() + RECOVERY_MS;
    clock_sleep_ms(FAULT_MS);
    while (atomic_load(&all->failed) == before && clock_ms() < end_ms)
        clock_sleep_ms(5);
    check_that(atomic_load(&all->failed) > before);
}

static void kill_and_restart(scene *all)
{
    atomic_fetch_add(&all->forgotten, 1);
    server_kill(all->server);
    hold(all);
    server_restart(all->server);
}

static void freeze_and_thaw(scene *all)
{
    server_freeze(all->server);
    hold(all);
    server_thaw(all->server);
}

static void kill_while_frozen(scene *all)
{
    server_freeze(all->server);
    hold(all);
    atomic_fetch_add(&all->forgotten, 1);
    server_restart(all->server);
}

static void harm(scene *all, proxy_fault fault, size_t bytes, int64_t interval_ms)
{
    proxy_set(all->proxy, fault, bytes, interval_ms);
    hold(all);
    proxy_set(all->proxy, PROXY_PASS, 0, 0);
}

/* Every byte comes within the timeout of the one before it, no reply within that of the call. */
static void drip(scene *all)
{
    harm(all, PROXY_DRIP, 1, 70);
}

static void cut_in_first_line(scene *all)
{
    harm(all, PROXY_CUT, 3, 0);
}

static void cut_in_a_value(scene *all)
{
    harm(all, PROXY_CUT, 90, 0);
}

static void delay(scene *all)
{
    harm(all, PROXY_DELAY, 0, 2 * TIMEOUT_MS);
}

static void swallow(scene *all)
{
    harm(all, PROXY_BLACKHOLE, 0, 0);
}

static void refuse(scene *all)
{
    harm(all, PROXY_REFUSE, 0, 0);
}

/* ---- the program ----------------------------------------------------------------------------- */

typedef struct scene_case {
    server_kind kind;
    bool with_proxy;
    void (*fault)(scene *all);
    pid_t child;
} scene_case;

#define SCENES(X, provider, kind)                                     \
    X(provider, kind, killed_and_restarted, false, kill_and_restart)  \
    X(provider, kind, frozen_and_thawed, false, freeze_and_thaw)      \
    X(provider, kind, killed_while_frozen, false, kill_while_frozen)  \
    X(provider, kind, dripping, true, drip)                           \
    X(provider, kind, cut_in_the_first_line, true, cut_in_first_line) \
    X(provider, kind, cut_in_a_value, true, cut_in_a_value)           \
    X(provider, kind, delayed_beyond_the_timeout, true, delay)        \
    X(provider, kind, silent, true, swallow)                          \
    X(provider, kind, refusing, true, refuse)
#ifdef HAVE_REDIS
#define REDIS_SCENES(X) SCENES(X, redis, SERVER_REDIS)
#else
#define REDIS_SCENES(X)
#endif
#ifdef HAVE_MEMCACHED
#define MEMCACHED_SCENES(X) SCENES(X, memcached, SERVER_MEMCACHED)
#else
#define MEMCACHED_SCENES(X)
#endif

static scene_case scenes[] = {
#define SCENE_CASE(provider, number, name, proxy, how) \
    {.kind = number, .with_proxy = proxy, .fault = how},
    REDIS_SCENES(SCENE_CASE) MEMCACHED_SCENES(SCENE_CASE)};
enum { COUNT = sizeof(scenes) / sizeof(scenes[0]) };

static void start_scene(size_t i)
{
    if (i >= COUNT)
        return;
    scenes[i].child = child_fork();
    if (scenes[i].child != 0)
        return;
    play(scenes[i].kind, scenes[i].with_proxy, scenes[i].fault);
    exit(checks_failed() == 0 ? 0 : 1); /* with the handlers that end its server and directory */
}

static int start_first_scenes(void **state)
{
    (void)state;
    for (size_t i = 0; i < AT_ONCE; i++)
        start_scene(i);
    return 0;
}

static void test_scene(void **state)
{
    scene_case *one = *state;
    bool well = check_child_ends_well(one->child);
    start_scene((size_t)(one - scenes) + AT_ONCE);
    assert_true(well);
}

int main(void)
{
    struct CMUnitTest tests[] = {
#define SCENE_TEST(provider, number, title, proxy, how) \
    {.name = "test_" #provider "_" #title, .test_func = test_scene},
        REDIS_SCENES(SCENE_TEST) MEMCACHED_SCENES(SCENE_TEST)};
    for (size_t i = 0; i < COUNT; i++)
        tests[i].initial_state = &scenes[i];
    return cmocka_run_group_tests_name("failure", tests, start_first_scenes, NULL);
}
