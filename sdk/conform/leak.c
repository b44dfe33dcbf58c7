/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Nothing is left behind: by opens and closes, by operations, by loads and unloads.
 */
#include <stdio.h>

#include "allocator.h"
#include "check.h"
#include "usage.h"

#define CYCLES     30
#define OPERATIONS 300
#define PARTS      8
/* Less than this a cycle is not told from the C library's own caches. */
#define LEAK_MIN 16

static void operate(conform *c, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        char name[32];
        snprintf(name, sizeof(name), "k%d", i % 10);
        put(c, name, "a value of some length, so that it is no small string");
        conform_store(c, name, "x", LONG_MS, ZCACHE_SET_ADD, 0); /* EXISTS, or E_NOTSUP */
        free(conform_fetch(c, name, ZCACHE_CALL_TTL | ZCACHE_CALL_CAS).data);
        free(conform_fetch(c, "absent", 0).data);
        if (c->ops->incr.call != NULL) {
            conform_add(c, "n", 1, LONG_MS);
            conform_add(c, name, 1, LONG_MS); /* E_TYPE */
        }
        if (c->ops->touch.call != NULL)
            conform_touch_one(c, name, LONG_MS);
        expect_status(ZCACHE_OK, conform_delete(c, name), "del");
        conform_delete(c, "n");
    }
    if (c->ops->scan.call != NULL) {
        conform_keys keys;
        conform_scan(c, "", 0, &keys);
        conform_keys_free(&keys);
    }
}

static void cycle(conform *c, int times)
{
    for (int i = 0; i < times; i++) {
        c->store = conform_open(c);
        c->ops = c->store->layer;
        operate(c, 3);
        conform_close(c, c->store);
        c->store = NULL;
    }
}

/* Repeats `part`, which does the same `times` times, until it leaves no more malloc than before. What
 * fills a cache of its own comes to that end; fails if a leak does not. */
static void expect_steady(conform *c, void (*part)(conform *c, int times), int times,
                          const char *what)
{
    size_t before = usage_now().allocated;
    for (int i = 0; i < PARTS; i++) {
        part(c, times);
        size_t after = usage_now().allocated;
        if (after < before + (size_t)times * LEAK_MIN)
            return;
        expect(i < PARTS - 1, "%d times %s left %zu bytes of malloc behind, as the %d before did",
               times, what, after - before, PARTS - 1);
        before = after;
    }
}

static void opens_leave_nothing(conform *c)
{
    conform_load(c);
    cycle(c, 5); /* what is made once, by the C library too */
    long live = conform_allocator_live();
    cycle(c, CYCLES);
    long left = conform_allocator_live() - live;
    expect(left <= 0, "%d opens and closes left %ld blocks of host->alloc behind", CYCLES, left);
    expect_steady(c, cycle, CYCLES, "open, a few operations and close");
    conform_unload(c);
}

static void operations_leave_nothing(conform *c)
{
    operate(c, OPERATIONS);
    long descriptors = usage_now().descriptors;
    for (int tries = 1;; tries++) { /* a thread of it may free them, which is not at once */
        long live = conform_allocator_live();
        operate(c, OPERATIONS);
        long kept = conform_allocator_live() - live;
        if (kept < OPERATIONS / 4)
            break;
        expect(tries < ATTEMPTS,
               "%d rounds of operations that end with a del left %ld blocks of host->alloc behind",
               OPERATIONS, kept);
    }
    long left = usage_now().descriptors - descriptors;
    expect(left <= 0, "%d rounds of operations opened %ld descriptors and left them", OPERATIONS,
           left);
    expect_steady(c, operate, OPERATIONS, "a round of operations that ends with a del");
}

static void no_descriptors(conform *c)
{
    conform_load(c);
    cycle(c, 3);
    long before = usage_now().descriptors;
    cycle(c, CYCLES);
    long after = usage_now().descriptors;
    expect(after <= before, "%d opens and closes left %ld file descriptors open", CYCLES,
           after - before);
    conform_unload(c);
}

static void no_threads(conform *c)
{
    conform_load(c);
    cycle(c, 1);
    long before = usage_now().threads;
    for (int i = 0; i < CYCLES; i++) {
        cycle(c, 1);
        /* a joined thread may be listed until it has had a processor once more */
        for (int wait = 0; wait < 1000 && usage_now().threads > before; wait++)
            conform_sleep_ms(10);
        long after = usage_now().threads;
        expect(after <= before, "after close %ld threads still run: close joins every thread",
               after - before);
    }
    conform_unload(c);
}

static void no_keys(conform *c)
{
    conform_load(c);
    cycle(c, 1);
    conform_unload(c);
    long before = usage_now().keys;
    for (int i = 0; i < 5; i++) {
        conform_load(c);
        cycle(c, 1);
        conform_unload(c);
    }
    long after = usage_now().keys;
    expect(after >= before,
           "5 loads and unloads left %ld pthread keys behind: when a thread ends, their "
           "destructors are called, whose code is gone",
           before - after);
}

static void loads_leave_nothing(conform *c)
{
    for (int i = 0; i < 3; i++) {
        conform_load(c);
        cycle(c, 1);
        conform_unload(c);
    }
    long live = conform_allocator_live();
    usage before = usage_now();
    for (int i = 0; i < CYCLES; i++) {
        conform_load(c);
        cycle(c, 1);
        conform_unload(c);
    }
    usage after = usage_now();
    long left = conform_allocator_live() - live;
    expect(left <= 0, "%d loads and unloads left %ld blocks of host->alloc behind", CYCLES, left);
    expect(after.descriptors <= before.descriptors, "%d loads and unloads left %ld descriptors",
           CYCLES, after.descriptors - before.descriptors);
    expect(after.mappings < before.mappings + CYCLES,
           "%d loads and unloads left %ld mappings behind", CYCLES,
           after.mappings - before.mappings);
}

static const conform_check checks[] = {
    {"leak-open", "opens and closes leave no memory behind", opens_leave_nothing, WITHOUT_STORE},
    {"leak-operations", "operations leave neither memory nor descriptors behind",
     operations_leave_nothing, 0},
    {"leak-descriptors", "opens and closes leave no file descriptor behind", no_descriptors,
     WITHOUT_STORE},
    {"leak-threads", "after close no thread of it runs", no_threads, WITHOUT_STORE},
    {"leak-keys", "loads and unloads leave no pthread key behind", no_keys, WITHOUT_STORE},
    {"leak-loads", "loads and unloads leave nothing behind", loads_leave_nothing,
     WITHOUT_STORE | NEEDS_UNLOADING},
};

CONFORM_GROUP(leak);
