/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * An operator moves a process under full load from redis to memcached and back, with the command:
 * zcache ctl swap PROVIDER --mode copy --wait. ZCACHE_MOVE_KEYS keys (default 20000; `make move`:
 * 200000), four threads.
 *
 * Each key has one writer, which keeps a record of what it must hold. Reads are held against the
 * record all the time; after each move every key is, while the others go on; and at the end once
 * more, with a look for keys that should not be there. Counters are shared by all threads.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "clock.h"
#include "durations.h"
#include "expect.h"
#include "servers.h"
#include "temp.h"
#include "threads.h"
#include <zcache/zcache.h>

#define THREADS  4
#define COUNTERS 16
#define BATCH    100

static zcache *cache;
static char socket_path[108];

/* What a thread knows of its own keys. */
typedef struct record {
    size_t thread, count;
    uint32_t *version; /* of each key: what it must hold; 0: it is not there */
    uint32_t written;  /* the latest version that was given */
    unsigned seed;
    unsigned passes; /* complete checks that it has made */
    zcache_value value;
} record;

static record records[THREADS];
static _Atomic bool done;
static _Atomic unsigned passes_wanted;
static _Atomic unsigned passes_made; /* of all threads together */
static _Atomic unsigned long failed, lost, resurrected, wrong, checked;
static _Atomic int64_t counted[COUNTERS];
static durations took;

static size_t key_count(void)
{
    const char *keys = getenv("ZCACHE_MOVE_KEYS");
    size_t count = keys != NULL ? (size_t)strtoul(keys, NULL, 10) : 20000;
    return count < 4 * BATCH ? 4 * BATCH : count;
}

/* ---- keys and values ------------------------------------------------------------------------- */

/* Every seventh has bytes that memcached's protocol does not take. */
static void make_key(const record *own, size_t i, char key[48])
{
    snprintf(key, 48, i % 7 == 0 ? "user %zu:\xff%zu" : "user:%zu:%zu", own->thread, i);
}

static size_t make_value(const record *own, size_t i, uint32_t version, char text[160])
{
    return (size_t)snprintf(text, 160, "%zu/%zu=%u %.*s", own->thread, i, version, (int)(i % 100),
                            "the same hundred bytes or so, which make the values as long as those "
                            "of a small record of a user are");
}

static const zcache_write_options *lifetime(size_t i)
{
    static const zcache_write_options ten_hours = {.size = sizeof(ten_hours),
                                                   .ttl_ms = ZCACHE_HOURS(10)};
    return i % 3 == 0 ? &ten_hours : NULL;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool may_tell(void)
{
    return failed + lost + resurrected + wrong < 20;
}

/* Whether an operation ended as the record says; counts what went wrong. */
static bool is_right(const record *own, size_t i, const char *what, zcache_status expected,
                     zcache_status status)
{
    if (status == expected)
        return true;
    if (may_tell())
        print_message("# thread %zu, %s of key %zu: expected %s, got %s: %s\n", own->thread, what,
                      i, zcache_status_name(expected), zcache_status_name(status),
                      status < ZCACHE_OK ? zcache_error_message() : "");
    atomic_fetch_add(status < ZCACHE_OK        ? &failed
                     : expected == ZCACHE_MISS ? &resurrected
                     : status == ZCACHE_MISS   ? &lost
                                               : &wrong,
                     1);
    return false;
}

static zcache_status expected_of(const record *own, size_t i)
{
    return own->version[i] != 0 ? ZCACHE_OK : ZCACHE_MISS;
}

static void check_key(record *own, size_t i)
{
    char key[48], text[160];
    make_key(own, i, key);
    zcache_status status = zcache_get(cache, key, &own->value, NULL);
    atomic_fetch_add_explicit(&checked, 1, memory_order_relaxed);
    if (!is_right(own, i, "get", expected_of(own, i), status) || status != ZCACHE_OK)
        return;
    size_t size = make_value(own, i, own->version[i], text);
    if (own->value.size == size && memcmp(own->value.data, text, size) == 0)
        return;
    if (may_tell())
        print_message("# thread %zu, key %zu: expected \"%s\", read \"%s\"\n", own->thread, i, text,
                      (const char *)own->value.data);
    atomic_fetch_add(&wrong, 1);
}

static void check_all_keys(record *own)
{
    for (size_t i = 0; i < own->count; i++)
        check_key(own, i);
}

/* ---- the load -------------------------------------------------------------------------------- */

static void write_key(record *own, size_t i)
{
    char key[48], text[160];
    make_key(own, i, key);
    uint32_t version = ++own->written;
    size_t size = make_value(own, i, version, text);
    zcache_status expected = ZCACHE_OK, status;
    switch (rand_r(&own->seed) % 4) {
    case 0:
        expected = own->version[i] == 0 ? ZCACHE_OK : ZCACHE_EXISTS;
        status = zcache_add(cache, key, text, size, lifetime(i));
        break;
    case 1:
        expected = expected_of(own, i);
        status = zcache_replace(cache, key, text, size, lifetime(i));
        break;
    default:
        status = zcache_set(cache, key, text, size, lifetime(i));
        break;
    }
    if (is_right(own, i, "write", expected, status) && status == ZCACHE_OK)
        own->version[i] = version;
}

static void delete_key(record *own, size_t i)
{
    char key[48];
    make_key(own, i, key);
    if (is_right(own, i, "del", expected_of(own, i), zcache_del(cache, key, NULL)))
        own->version[i] = 0;
}

static void count_one(record *own)
{
    char key[32];
    size_t i = (size_t)rand_r(&own->seed) % COUNTERS;
    int64_t delta = rand_r(&own->seed) % 9 - 3, number;
    snprintf(key, sizeof(key), "counter:%zu", i);
    if (is_right(own, i, "incr", ZCACHE_OK, zcache_incr(cache, key, delta, &number, NULL)))
        atomic_fetch_add(&counted[i], delta);
}

static void operate(record *own)
{
    size_t i = (size_t)rand_r(&own->seed) % own->count;
    int64_t begun_ns = durations_now_ns();
    switch (rand_r(&own->seed) % 10) {
    case 0:
        delete_key(own, i);
        break;
    case 1:
        count_one(own);
        break;
    case 2:
    case 3:
    case 4:
        write_key(own, i);
        break;
    default:
        check_key(own, i);
        break;
    }
    durations_add(&took, durations_now_ns() - begun_ns);
}

static void work(void *user, size_t thread)
{
    (void)user;
    record *own = &records[thread];
    while (!atomic_load_explicit(&done, memory_order_relaxed)) {
        operate(own);
        if (own->passes == atomic_load_explicit(&passes_wanted, memory_order_relaxed))
            continue;
        check_all_keys(own);
        own->passes++;
        atomic_fetch_add(&passes_made, 1);
    }
}

static void *run_load(void *user)
{
    threads_run(THREADS, work, user);
    return NULL;
}

/* Every thread looks at all its keys, while the others go on. */
static void have_all_checked(void)
{
    unsigned wanted = THREADS * (atomic_fetch_add(&passes_wanted, 1) + 1);
    while (atomic_load(&passes_made) < wanted)
        clock_sleep_ms(5);
}

/* ---- the move -------------------------------------------------------------------------------- */

static void fill(record *own)
{
    static char keys[BATCH][48], texts[BATCH][160];
    zcache_item items[BATCH];
    for (size_t i = 0; i < own->count; i += BATCH) {
        size_t n = own->count - i < BATCH ? own->count - i : BATCH;
        for (size_t j = 0; j < n; j++) {
            make_key(own, i + j, keys[j]);
            own->version[i + j] = ++own->written;
            size_t size = make_value(own, i + j, own->written, texts[j]);
            items[j] =
                (zcache_item){.key = zcache_str(keys[j]), .value = zcache_bytes_of(texts[j], size)};
        }
        assert_status(ZCACHE_OK, zcache_set_multi(cache, n, items, NULL));
        for (size_t j = 0; j < n; j++)
            assert_status(ZCACHE_OK, items[j].status);
    }
}

static void move_to(const char *provider)
{
    char command[1024], line[512], name[ZCACHE_NAME_SIZE];
    snprintf(command, sizeof(command),
             "exec '%s/host/cli/zcache' ctl --socket '%s' swap %s --mode copy --wait 2>&1",
             getenv("ZCACHE_TEST_BUILD"), socket_path, provider);
    durations_reset(&took);
    int64_t begin_ms = clock_ms();
    FILE *printed = popen(command, "re");
    assert_non_null(printed);
    while (fgets(line, sizeof(line), printed) != NULL)
        print_message("# | %.*s\n", (int)strcspn(line, "\n"), line);
    int status = pclose(printed);
    print_message("# moved to %s in %.1f s; operations meanwhile: %llu, %s\n", provider,
                  (double)(clock_ms() - begin_ms) / 1000,
                  (unsigned long long)durations_total(&took), durations_text(&took));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(provider, name);
    have_all_checked();
}

/* Nothing runs any more: each key, that there are no others, and the counters. */
static void check_the_end(void)
{
    size_t there = 0;
    unsigned long wrong_counters = 0;
    for (size_t t = 0; t < THREADS; t++) {
        check_all_keys(&records[t]);
        for (size_t i = 0; i < records[t].count; i++)
            there += records[t].version[i] != 0;
    }
    zcache_key_list list;
    assert_status(ZCACHE_OK, zcache_keys(cache, "user*", &list, NULL)); /* each once */
    size_t found = list.count;
    zcache_key_list_free(&list);
    for (size_t i = 0; i < COUNTERS; i++) {
        char key[32];
        int64_t number = 0;
        snprintf(key, sizeof(key), "counter:%zu", i);
        assert_status(ZCACHE_OK, zcache_incr(cache, key, 0, &number, NULL));
        wrong_counters += number != counted[i];
    }
    print_message("# %zu keys of %zu are there, %zu are found; %lu reads were held against the "
                  "record\n",
                  there, key_count(), found, checked);
    print_message("# %lu failed operations, %lu lost keys, %lu resurrected keys, %lu wrong values, "
                  "%lu of %d counters wrong\n",
                  failed, lost, resurrected, wrong, wrong_counters, COUNTERS);
    assert_int_equal(there, found);
    assert_int_equal(0, failed + lost + resurrected + wrong + wrong_counters);
}

static void open_cache(const server *redis, const server *memcached)
{
    char plugins[4096], control[160];
    snprintf(socket_path, sizeof(socket_path), "%s/control.sock", temp_dir());
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(control, sizeof(control), "control.socket=%s", socket_path);
    const char *settings[] = {plugins,
                              control,
                              "cache.key_prefix=move:",
                              "cache.timeout=10s",
                              server_setting(redis),
                              server_setting(memcached),
                              NULL};
    assert_status(ZCACHE_OK,
                  zcache_open(&cache, ZCACHE_OPTIONS(.provider = "redis", .settings = settings)));
}

static void test_a_process_under_load_moves_to_memcached_and_back(void **state)
{
    (void)state;
    server *redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    server *memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, SERVER_ARGUMENTS("-m", "1024"));
    pthread_t load;
    open_cache(redis, memcached);
    for (size_t t = 0; t < THREADS; t++) {
        records[t] = (record){.thread = t, .count = key_count() / THREADS, .seed = (unsigned)t};
        records[t].version = calloc(records[t].count, sizeof(*records[t].version));
        assert_non_null(records[t].version);
        fill(&records[t]);
    }
    assert_int_equal(0, pthread_create(&load, NULL, run_load, NULL));
    move_to("memcached");
    move_to("redis");
    atomic_store(&done, true);
    pthread_join(load, NULL);
    check_the_end();
    for (size_t t = 0; t < THREADS; t++) {
        free(records[t].version);
        zcache_value_free(&records[t].value);
    }
    assert_status(ZCACHE_OK, zcache_close(cache));
    server_free(redis);
    server_free(memcached);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_process_under_load_moves_to_memcached_and_back),
    };
    return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
