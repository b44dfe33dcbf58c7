/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Conditional writes: add, replace, compare-and-set.
 */
#include <stdio.h>

#include "check.h"

#define THREADS 4
#define ROUNDS  200

static zcache_status store(conform *c, const char *name, const char *text, zcache_set_mode mode)
{
    return conform_store(c, name, text, LONG_MS, mode, 0);
}

static uint64_t token_of(conform *c, const char *name)
{
    conform_answer answer = conform_fetch(c, name, ZCACHE_CALL_CAS);
    expect_status(ZCACHE_OK, answer.status, "get of \"%s\" with its cas token", name);
    expect(answer.meta.cas != 0, "get with ZCACHE_CALL_CAS gave no token");
    free(answer.data);
    return answer.meta.cas;
}

static zcache_status swap_if(conform *c, const char *name, const char *text, uint64_t token)
{
    return conform_store(c, name, text, LONG_MS, ZCACHE_SET_CAS, token);
}

static void add_stores_what_is_missing(conform *c)
{
    expect_status(ZCACHE_OK, store(c, "a", "first", ZCACHE_SET_ADD), "ADD of a missing key");
    expect_status(ZCACHE_EXISTS, store(c, "a", "second", ZCACHE_SET_ADD),
                  "ADD of a key that is there");
    expect_holds(c, "a", "first", "after an ADD that was refused");
    expect_status(ZCACHE_OK, conform_delete(c, "a"), "del");
    expect_status(ZCACHE_OK, store(c, "a", "third", ZCACHE_SET_ADD), "ADD of a deleted key");
    expect_holds(c, "a", "third", "after an ADD");
}

static void add_leaves_the_ttl(conform *c)
{
    put_for(c, "a", "first", ZCACHE_TTL_NEVER);
    expect_status(ZCACHE_EXISTS, conform_store(c, "a", "second", LONG_MS, ZCACHE_SET_ADD, 0),
                  "ADD of a key that is there");
    expect(conform_ttl(c, "a") == ZCACHE_TTL_NEVER,
           "an ADD that was refused changed the TTL from NEVER to %" PRId64 " ms",
           conform_ttl(c, "a"));
}

static void replace_stores_what_is_there(conform *c)
{
    expect_status(ZCACHE_MISS, store(c, "a", "first", ZCACHE_SET_REPLACE),
                  "REPLACE of a missing key");
    expect_miss(c, "a", "after a REPLACE that was refused");
    put(c, "a", "first");
    expect_status(ZCACHE_OK, store(c, "a", "second", ZCACHE_SET_REPLACE),
                  "REPLACE of a key that is there");
    expect_holds(c, "a", "second", "after a REPLACE");
}

static void cas_wants_the_token(conform *c)
{
    put(c, "a", "first");
    uint64_t token = token_of(c, "a");
    expect_status(ZCACHE_OK, swap_if(c, "a", "second", token), "CAS with the token that get gave");
    expect_holds(c, "a", "second", "after a CAS");
    expect_status(ZCACHE_CONFLICT, swap_if(c, "a", "third", token),
                  "CAS with the token of an older value");
    expect_holds(c, "a", "second", "after a CAS that was refused");
}

static void cas_sees_other_writes(conform *c)
{
    put(c, "a", "first");
    uint64_t token = token_of(c, "a");
    put(c, "a", "other");
    expect_status(ZCACHE_CONFLICT, swap_if(c, "a", "mine", token),
                  "CAS after another has set the key");
    expect_holds(c, "a", "other", "after a CAS that was refused");
    token = token_of(c, "a");
    expect_status(ZCACHE_OK, conform_delete(c, "a"), "del");
    expect_status(ZCACHE_MISS, swap_if(c, "a", "mine", token), "CAS of a key that is gone");
    expect_miss(c, "a", "after a CAS of a key that is gone");
}

static void cas_differs_with_the_value(conform *c)
{
    char text[32];
    uint64_t tokens[64];
    for (int i = 0; i < 64; i++) {
        snprintf(text, sizeof(text), "value %d", i);
        put(c, "a", text);
        tokens[i] = token_of(c, "a");
        for (int k = 0; k < i; k++)
            expect(tokens[k] != tokens[i], "two values of one key had the same cas token");
    }
}

static void cas_sees_incr(conform *c)
{
    put(c, "a", "1");
    uint64_t token = token_of(c, "a");
    expect_status(ZCACHE_OK, conform_add(c, "a", 1, LONG_MS).status, "incr");
    expect_status(ZCACHE_CONFLICT, swap_if(c, "a", "9", token), "CAS after an incr");
    expect_holds(c, "a", "2", "after a CAS that was refused");
}

static void cas_sets_the_ttl(conform *c)
{
    put_for(c, "a", "first", ZCACHE_TTL_NEVER);
    expect_status(ZCACHE_OK,
                  conform_store(c, "a", "second", LONG_MS, ZCACHE_SET_CAS, token_of(c, "a")),
                  "CAS with a TTL");
    int64_t ttl_ms = conform_ttl(c, "a");
    expect(ttl_ms > 0 && ttl_ms <= LONG_MS + conform_late_ms(c),
           "after a CAS with a TTL of %" PRId64 " ms the key has %" PRId64, LONG_MS, ttl_ms);
}

/* ---- several threads ------------------------------------------------------------------------- */

static _Atomic int winners[ROUNDS];

static void try_to_add(conform *c, size_t number)
{
    char name[32], text[32];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof(name), "once-%d", i);
        snprintf(text, sizeof(text), "by %zu", number);
        zcache_status status = store(c, name, text, ZCACHE_SET_ADD);
        if (status == ZCACHE_OK)
            winners[i]++;
        else
            expect_status(ZCACHE_EXISTS, status, "ADD beside other threads");
    }
}

static void one_add_wins(conform *c)
{
    conform_threads(c, THREADS, try_to_add);
    for (int i = 0; i < ROUNDS; i++)
        expect(winners[i] == 1, "%d threads were told OK for the ADD of one key", winners[i]);
}

static void count_by_cas(conform *c, size_t number)
{
    (void)number;
    int conflicts = 0; /* for each, another thread has stored: they end */
    for (int i = 0; i < ROUNDS / 4;) {
        conform_answer answer = conform_fetch(c, "counter", ZCACHE_CALL_CAS);
        expect_status(ZCACHE_OK, answer.status, "get beside other threads");
        char text[32];
        snprintf(text, sizeof(text), "%ld", strtol(answer.data, NULL, 10) + 1);
        free(answer.data);
        zcache_status status = swap_if(c, "counter", text, answer.meta.cas);
        if (status == ZCACHE_OK) {
            i++;
            continue;
        }
        expect_status(ZCACHE_CONFLICT, status, "CAS beside other threads");
        expect(++conflicts <= (THREADS - 1) * (ROUNDS / 4),
               "CAS was refused with the token of the present value");
    }
}

static void count_by_cas_or_incr(conform *c, size_t number)
{
    if (number % 2 == 0) {
        count_by_cas(c, number);
        return;
    }
    for (int i = 0; i < ROUNDS / 4; i++)
        expect_status(ZCACHE_OK, conform_add(c, "counter", 1, LONG_MS).status,
                      "incr beside other threads");
}

static void count_together(conform *c, void (*body)(conform *c, size_t number), const char *how)
{
    char text[32];
    put(c, "counter", "0");
    conform_threads(c, THREADS, body);
    snprintf(text, sizeof(text), "%d", THREADS * (ROUNDS / 4));
    expect_holds(c, "counter", text, how);
}

static void cas_loses_nothing(conform *c)
{
    count_together(c, count_by_cas, "after threads counted with CAS");
}

static void cas_and_incr_lose_nothing(conform *c)
{
    count_together(c, count_by_cas_or_incr, "after some threads counted with CAS, some with incr");
}

static const conform_check checks[] = {
    {"mode-add", "ADD stores only a key that is not there", add_stores_what_is_missing, NEEDS_ADD},
    {"mode-add-ttl", "an ADD that is refused leaves the TTL", add_leaves_the_ttl, NEEDS_ADD},
    {"mode-replace", "REPLACE stores only a key that is there", replace_stores_what_is_there,
     NEEDS_REPLACE},
    {"mode-cas", "CAS stores only with the token of the present value", cas_wants_the_token,
     NEEDS_CAS},
    {"mode-cas-writes", "CAS is refused after any other write or del", cas_sees_other_writes,
     NEEDS_CAS},
    {"mode-cas-token", "every value of a key has another token", cas_differs_with_the_value,
     NEEDS_CAS},
    {"mode-cas-incr", "CAS is refused after an incr", cas_sees_incr, NEEDS_CAS | NEEDS_INCR},
    {"mode-cas-ttl", "CAS sets the TTL as any write", cas_sets_the_ttl, NEEDS_CAS},
    {"mode-add-threads", "of threads that ADD one key, one is told OK", one_add_wins, NEEDS_ADD},
    {"mode-cas-threads", "threads that count with CAS lose nothing", cas_loses_nothing, NEEDS_CAS},
    {"mode-cas-incr-threads", "threads that count with CAS or incr lose nothing",
     cas_and_incr_lose_nothing, NEEDS_CAS | NEEDS_INCR},
};

CONFORM_GROUP(mode);
