/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memory engine with several threads at once: no value is torn or of another key, no count is
 * lost, the limit holds, and a fork in the middle leaves a child that can use it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "child.h"
#include "expect.h"
#include "memory-harness.h"
#include "threads.h"

#define LIMIT   (2u << 20)
#define THREADS 4

static memory_engine *engine;
static _Atomic size_t failures;

static int setup(void **state)
{
    (void)state;
    world_reset();
    engine = engine_new(LIMIT);
    failures = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_engine_close(engine);
    assert_int_equal(world_live_blocks(), 0);
    return 0;
}

static void check(bool condition)
{
    if (!condition)
        atomic_fetch_add(&failures, 1);
}

static void write_key(unsigned number, unsigned size, int64_t ttl_ms)
{
    unsigned char key[8], value[2048];
    snprintf((char *)key, sizeof(key), "k%u", number);
    memset(value, (int)(number & 255), size);
    zcache_item item = {.key = zcache_str((char *)key), .value = {value, size}, .ttl_ms = ttl_ms};
    check(memory_engine_set(engine, NO_DEADLINE, &item) == ZCACHE_OK);
}

static void read_key(unsigned number)
{
    char key[8];
    memory_reading reading;
    snprintf(key, sizeof(key), "k%u", number);
    if (!memory_engine_get(engine, zcache_str(key), &reading))
        return;
    const unsigned char *bytes = reading.value.data;
    for (size_t i = 0; i < reading.value.size; i++)
        check(bytes[i] == (number & 255));
    memory_engine_release(engine, &reading);
}

static void use_at_random(void *user, size_t index)
{
    (void)user;
    unsigned random = (unsigned)index + 1;
    char key[8];
    for (unsigned i = 0; i < 30000; i++) {
        random = random * 1664525 + 1013904223;
        unsigned number = (random >> 8) % 3000, what = (random >> 24) % 16;
        snprintf(key, sizeof(key), "k%u", number);
        if (what == 0)
            memory_engine_del(engine, zcache_str(key));
        else if (what == 1)
            memory_engine_touch(engine, zcache_str(key), 20);
        else if (what < 8)
            write_key(number, random % 2048, what == 2 ? 10 : ZCACHE_TTL_NEVER);
        else
            read_key(number);
        if (i % 64 == 0) {
            world_advance_ms(1);
            check(snapshot_of(engine).memory_bytes <= LIMIT);
        }
        if (i % 4096 == 0) {
            memory_engine_lock_all(engine);
            memory_engine_unlock_all(engine);
        }
        if (i % 16384 == 0)
            check(memory_engine_clear(engine, NO_DEADLINE, zcache_str("k1")) == ZCACHE_OK);
    }
}

static void test_values_are_whole_and_of_their_key(void **state)
{
    (void)state;
    threads_run(THREADS, use_at_random, NULL);
    assert_int_equal(failures, 0);
    zcache_memory_engine after = snapshot_of(engine);
    assert_true(after.evictions > 0 && after.expirations > 0 && after.hits > 0);
    assert_int_equal(after.memory_bytes, world_live_cost());
}

static void count_up(void *user, size_t index)
{
    const unsigned *times = user;
    int64_t result;
    for (unsigned i = 0; i < *times; i++) {
        check(add_number(engine, "incr", index % 2 == 0 ? 3 : -1, ZCACHE_TTL_NEVER, &result) ==
              ZCACHE_OK);
        zcache_status status;
        do { /* the same with compare-and-set */
            memory_reading reading;
            char text[32] = "0";
            zcache_item item = item_of("cas", text, ZCACHE_TTL_NEVER, ZCACHE_SET_ADD, 0);
            if (memory_engine_get(engine, item.key, &reading)) {
                item.mode = ZCACHE_SET_CAS;
                item.cas = reading.meta.cas;
                memcpy(text, reading.value.data, reading.value.size);
                memory_engine_release(engine, &reading);
            }
            snprintf(text, sizeof(text), "%ld", strtol(text, NULL, 10) + 1);
            item.value = zcache_str(text);
            status = memory_engine_set(engine, NO_DEADLINE, &item);
            check(status == ZCACHE_OK || status == ZCACHE_CONFLICT || status == ZCACHE_EXISTS);
        } while (status != ZCACHE_OK && failures == 0);
    }
}

static void test_no_count_is_lost(void **state)
{
    (void)state;
    unsigned times = 3000;
    char expected[32];
    threads_run(THREADS, count_up, &times);
    assert_int_equal(failures, 0);
    snprintf(expected, sizeof(expected), "%u", times * (THREADS / 2) * 2);
    assert_string_equal(text_of(engine, "incr"), expected);
    snprintf(expected, sizeof(expected), "%u", times * THREADS);
    assert_string_equal(text_of(engine, "cas"), expected);
}

static void add_one(void *user, size_t index)
{
    _Atomic size_t *winners = user;
    char key[32], value[32];
    snprintf(value, sizeof(value), "%zu", index);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "add%u", i);
        zcache_item item = item_of(key, value, ZCACHE_TTL_NEVER, ZCACHE_SET_ADD, 0);
        zcache_status status = memory_engine_set(engine, NO_DEADLINE, &item);
        check(status == ZCACHE_OK || status == ZCACHE_EXISTS);
        atomic_fetch_add(winners, status == ZCACHE_OK);
    }
}

static void test_one_of_many_adds_wins(void **state)
{
    (void)state;
    _Atomic size_t winners = 0;
    threads_run(THREADS, add_one, &winners);
    assert_int_equal(failures, 0);
    assert_int_equal(winners, 1000);
}

static _Atomic bool forking;

static void fork_or_write(void *user, size_t index)
{
    (void)user;
    if (index > 0) {
        for (unsigned i = 0; atomic_load(&forking); i++)
            write_key(i % 3000, i % 2048, ZCACHE_TTL_NEVER);
        return;
    }
    for (unsigned i = 0; i < 10; i++) {
        memory_engine_lock_all(engine);
        pid_t child = child_fork();
        memory_engine_unlock_all(engine);
        if (child == 0) { /* of its threads only this one is here */
            for (unsigned k = 0; k < 100; k++) {
                write_key(k, 100, ZCACHE_TTL_NEVER);
                read_key(k);
            }
            check_that(failures == 0);
            child_end();
        }
        check(check_child_ends_well(child));
    }
    atomic_store(&forking, false);
}

static void test_child_of_a_fork_can_use_it(void **state)
{
    (void)state;
    forking = true;
    threads_run(3, fork_or_write, NULL);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_are_whole_and_of_their_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_count_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_of_many_adds_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_child_of_a_fork_can_use_it, setup, teardown),
    };
    return cmocka_run_group_tests_name("memory threads", tests, NULL, NULL);
}
