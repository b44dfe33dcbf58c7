/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every allocation of host->alloc fails once: the operation fails with E_NOMEM, or does without,
 * and nothing is lost.
 */
#include "allocator.h"
#include "check.h"

/* More allocations than this are not made to fail one by one. */
#define TRIALS 400

static void open_fails_cleanly(conform *c)
{
    conform_load(c);
    conform_close(c, conform_open(c)); /* what is made once */
    for (long nth = 1; nth <= TRIALS; nth++) {
        zcache_harness_instance *store;
        long live = conform_allocator_live();
        conform_allocator_fail(nth);
        zcache_status status = conform_try_open(c, &store);
        bool failed = conform_allocator_failed();
        conform_allocator_fail(0);
        if (status == ZCACHE_OK)
            conform_close(c, store);
        else
            expect(failed && status < ZCACHE_OK, "open: %s: %s", zcache_status_name(status),
                   zcache_error_message());
        expect(status == ZCACHE_OK || status == ZCACHE_E_NOMEM,
               "open whose allocation %ld fails: expected E_NOMEM, found %s", nth,
               zcache_status_name(status));
        expect(conform_allocator_live() <= live,
               "open whose allocation %ld failed left %ld blocks of host->alloc behind", nth,
               conform_allocator_live() - live);
        if (!failed)
            break;
    }
    conform_unload(c);
}

static void set_keeps_the_old_value(conform *c)
{
    static const char text[] = "a new value, which is longer than the old one was: it needs room";
    put(c, "a", "old");
    for (long nth = 1; nth <= TRIALS; nth++) {
        conform_allocator_fail(nth);
        zcache_status status = conform_store(c, "a", text, LONG_MS, ZCACHE_SET_ALWAYS, 0);
        bool failed = conform_allocator_failed();
        conform_allocator_fail(0);
        expect(status == ZCACHE_OK || (failed && status == ZCACHE_E_NOMEM),
               "set whose allocation %ld fails: expected E_NOMEM, found %s", nth,
               zcache_status_name(status));
        expect_holds(c, "a", status == ZCACHE_OK ? text : "old",
                     status == ZCACHE_OK ? "after a set" : "after a set that failed");
        if (!failed)
            break;
        put(c, "a", "old");
    }
}

/* Carries an operation out whose nth allocation fails; whether it had so many. */
static bool runs_short_of(conform *c, const char *operation, long nth)
{
    zcache_status status = ZCACHE_OK;
    conform_answer answer = {.status = ZCACHE_OK};
    conform_keys keys = {0};
    conform_allocator_fail(nth);
    if (strcmp(operation, "get") == 0) {
        answer = conform_fetch(c, "a", ZCACHE_CALL_TTL | ZCACHE_CALL_CAS);
        status = answer.status;
    } else if (strcmp(operation, "set") == 0) {
        status = conform_store(c, "new", "value", LONG_MS, ZCACHE_SET_ALWAYS, 0);
    } else if (strcmp(operation, "del") == 0) {
        status = conform_delete(c, "a");
    } else if (strcmp(operation, "incr") == 0) {
        status = conform_add(c, "n", 1, LONG_MS).status;
    } else {
        status = conform_scan(c, "", 0, &keys);
    }
    bool failed = conform_allocator_failed();
    conform_allocator_fail(0);
    expect(status == ZCACHE_OK || (failed && status == ZCACHE_E_NOMEM),
           "%s whose allocation %ld fails: expected E_NOMEM, found %s", operation, nth,
           zcache_status_name(status));
    free(answer.data);
    conform_keys_free(&keys);
    return failed;
}

static void others_survive(conform *c)
{
    const char *const operations[] = {"get", "set", "del",
                                      c->ops->incr.call != NULL ? "incr" : "get",
                                      c->ops->scan.call != NULL ? "scan" : "get"};
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        bool failed = true;
        for (long nth = 1; failed && nth <= TRIALS; nth++) {
            put(c, "a", "1");
            conform_delete(c, "new");
            failed = runs_short_of(c, operations[i], nth);
            put(c, "b", "2");
            expect_holds(c, "b", "2", "after another operation had no memory");
        }
    }
}

static const conform_check checks[] = {
    {"memory-open", "an open that gets no memory fails with E_NOMEM and leaves nothing",
     open_fails_cleanly, WITHOUT_STORE},
    {"memory-set", "a set that gets no memory fails with E_NOMEM and leaves the old value",
     set_keeps_the_old_value, 0},
    {"memory-others", "no other operation loses anything for want of memory", others_survive, 0},
};

CONFORM_GROUP(memory);
