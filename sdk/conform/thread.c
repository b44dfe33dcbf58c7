/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Operations from several threads at once. A plugin that declares ZCACHE_THREADS_SERIALIZED is
 * called as the library calls it: one operation at a time.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"

#define THREADS 8
#define ROUNDS  1500
#define KEYS    24

/* A value that proves itself: the number of its key, then one letter to its end. */
static size_t make_value(char *text, size_t key, uint64_t random)
{
    size_t size = 8 + (size_t)(random % 600);
    snprintf(text, 8, "%06zu:", key % 1000000);
    memset(text + 7, 'a' + (int)(random % 26), size - 7);
    return size;
}

static void check_value(const conform_answer *answer, size_t key)
{
    expect(answer->size >= 8, "a value is %zu bytes long, of which none was written", answer->size);
    expect(strtoul(answer->data, NULL, 10) == key,
           "key %zu holds a value that was written to key %lu", key,
           strtoul(answer->data, NULL, 10));
    for (size_t i = 8; i < answer->size; i++)
        expect(answer->data[i] == answer->data[7],
               "a value of key %zu is torn: a piece of one write and a piece of another", key);
}

static void mix(conform *c, size_t number)
{
    uint64_t random = number * 7919 + 17;
    char text[700], name[32];
    for (int i = 0; i < ROUNDS; i++) {
        size_t key = (size_t)(conform_random(&random) % KEYS);
        uint64_t what = conform_random(&random) >> 40;
        snprintf(name, sizeof(name), "shared-%zu", key);
        zcache_slice physical = conform_key(c, name);
        if (what % 4 == 0) {
            zcache_item item =
                conform_item(physical, zcache_bytes_of(text, make_value(text, key, what)), LONG_MS);
            conform_set(c, 1, &item);
            expect_status(ZCACHE_OK, item.status, "set beside other threads");
        } else if (what % 16 == 1) {
            zcache_status status = conform_delete(c, name);
            expect(status == ZCACHE_OK || status == ZCACHE_MISS, "del beside other threads: %s",
                   zcache_status_name(status));
        } else {
            conform_answer answer = conform_fetch(c, name, ZCACHE_CALL_TTL);
            expect(answer.status == ZCACHE_OK || answer.status == ZCACHE_MISS,
                   "get beside other threads: %s", zcache_status_name(answer.status));
            if (answer.status == ZCACHE_OK)
                check_value(&answer, key);
            free(answer.data);
        }
    }
}

static void never_mixes_up(conform *c)
{
    conform_threads(c, THREADS, mix);
    put(c, "after", "1");
    expect_holds(c, "after", "1", "after many threads");
}

static void own_keys(conform *c, size_t number)
{
    char name[32], text[32];
    for (int i = 0; i < ROUNDS / 4; i++) {
        snprintf(name, sizeof(name), "own-%zu-%d", number, i % 10);
        snprintf(text, sizeof(text), "%zu:%d", number, i);
        put(c, name, text);
        expect_holds(c, name, text, "which only this thread writes");
    }
}

static void sees_its_own_writes(conform *c)
{
    conform_threads(c, THREADS, own_keys);
}

static void batches(conform *c, size_t number)
{
    enum { COUNT = 20 };
    char texts[COUNT][32], names[COUNT][48];
    for (int round = 0; round < 40; round++) {
        zcache_item items[COUNT];
        zcache_slice keys[COUNT];
        conform_answer answers[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            snprintf(names[i], sizeof(names[i]), "batch-%zu-%zu", number, i);
            snprintf(texts[i], sizeof(texts[i]), "%zu:%zu:%d", number, i, round);
            keys[i] = conform_key(c, names[i]);
            items[i] = conform_item(keys[i], zcache_str(texts[i]), LONG_MS);
        }
        conform_set(c, COUNT, items);
        conform_get(c, COUNT, keys, 0, answers);
        for (size_t i = 0; i < COUNT; i++) {
            expect_status(ZCACHE_OK, answers[i].status, "batched get beside other threads");
            expect(strcmp(answers[i].data, texts[i]) == 0,
                   "a batched get beside other threads gave \"%.40s\", not \"%s\"", answers[i].data,
                   texts[i]);
            free(answers[i].data);
        }
    }
}

static void batches_stay_apart(conform *c)
{
    conform_threads(c, THREADS, batches);
}

/* ---- threads that come and go ---------------------------------------------------------------- */

static void use_once(conform *c, size_t number)
{
    char name[64];
    snprintf(name, sizeof(name), "brief-%zu", number);
    put(c, name, "1");
    expect_holds(c, name, "1", "in a thread that is about to end");
}

static void many_threads_end(conform *c)
{
    for (int i = 0; i < 40; i++)
        conform_threads(c, 5, use_once);
    put(c, "after", "1");
    expect_holds(c, "after", "1", "after 200 threads have ended");
}

static void scan_beside(conform *c, size_t number)
{
    if (number == 0) {
        for (int i = 0; i < 10; i++) {
            conform_keys keys;
            expect_status(ZCACHE_OK, conform_scan(c, "fixed", 0, &keys),
                          "scan beside threads that write");
            for (size_t k = 0; k < 100; k++) {
                char name[64];
                snprintf(name, sizeof(name), "fixed-%zu", k);
                expect(conform_keys_has(&keys, name),
                       "scan beside threads that write did not give a key that was there "
                       "throughout: %s",
                       name);
            }
            conform_keys_free(&keys);
        }
        return;
    }
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof(name), "moving-%zu-%d", number, i);
        put(c, name, "1");
        if (i >= 50) {
            snprintf(name, sizeof(name), "moving-%zu-%d", number, i - 50);
            conform_delete(c, name);
        }
    }
}

static void scans_beside_writes(conform *c)
{
    for (size_t i = 0; i < 100; i++) {
        char name[64];
        snprintf(name, sizeof(name), "fixed-%zu", i);
        put(c, name, "1");
    }
    conform_threads(c, 4, scan_beside);
}

static const conform_check checks[] = {
    {"thread-mixed", "threads that write, read and delete the same keys see whole values",
     never_mixes_up, 0},
    {"thread-own", "a thread reads what it has written", sees_its_own_writes, 0},
    {"thread-batches", "batches of several threads stay apart", batches_stay_apart, 0},
    {"thread-brief", "threads come and go", many_threads_end, 0},
    {"thread-scan", "scan gives what was there throughout while others write", scans_beside_writes,
     NEEDS_SCAN},
};

CONFORM_GROUP(thread);
