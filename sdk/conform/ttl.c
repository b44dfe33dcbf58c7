/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Times to live: never gone early, gone late by less than two granules, and after that really gone.
 */
#include <stdio.h>

#include "check.h"

/* A TTL that a check can wait for. */
static int64_t short_ms(const conform *c)
{
    return conform_granule_ms(c) > 300 ? conform_granule_ms(c) : 300;
}

static void expect_ttl_near(conform *c, const char *name, int64_t ttl_ms, const char *when)
{
    int64_t left_ms = conform_ttl(c, name);
    /* the machine may have been away for a while */
    expect(left_ms > ttl_ms - 60000 && left_ms > 0 && left_ms <= ttl_ms + conform_late_ms(c),
           "%s the remaining TTL is %" PRId64 " ms, not about %" PRId64, when, left_ms, ttl_ms);
}

static void tells_what_is_left(conform *c)
{
    put_for(c, "a", "value", LONG_MS);
    expect_ttl_near(c, "a", LONG_MS, "after a set with a TTL");
}

static void never_is_never(conform *c)
{
    put_for(c, "a", "value", ZCACHE_TTL_NEVER);
    int64_t left_ms = conform_ttl(c, "a");
    expect(left_ms == ZCACHE_TTL_NEVER, "a key that never expires has a TTL of %" PRId64, left_ms);
}

static void longest_ttl(conform *c)
{
    put_for(c, "a", "value", ZCACHE_TTL_MAX);
    expect_holds(c, "a", "value", "with the longest TTL, ten years");
    expect_ttl_near(c, "a", ZCACHE_TTL_MAX, "with the longest TTL");
    put_for(c, "b", "value", ZCACHE_DAYS(31)); /* memcached takes seconds above 30 days as a date */
    expect_holds(c, "b", "value", "with a TTL of 31 days");
    expect_ttl_near(c, "b", ZCACHE_DAYS(31), "with a TTL of 31 days");
}

typedef enum life { UNSEEN, EARLY, WHOLE } life;

/* Looks at a key until its TTL has passed. UNSEEN: no look was in the last part of it, so that an early
 * end was not to be seen. */
static life life_of(conform *c, const char *name, int64_t ttl_ms, int64_t *age_ms)
{
    bool seen = false;
    /* it is written after this moment: what is gone sooner after it than the TTL is early */
    int64_t from_ms = conform_now_ms();
    put_for(c, name, "value", ttl_ms);
    for (;;) {
        int64_t before_ms = conform_now_ms() - from_ms;
        bool there = conform_has(c, name);
        *age_ms = conform_now_ms() - from_ms;
        if (*age_ms >= ttl_ms)
            return seen ? WHOLE : UNSEEN;
        if (!there)
            return EARLY;
        seen = seen || before_ms > ttl_ms - ttl_ms / 5;
        conform_sleep_ms(ttl_ms / 20);
    }
}

/* A server that did not run for a while goes by an old clock until it looks at it again (memcached
 * does so once a second): one early end is nobody's fault, a second one is. */
static void not_early(conform *c)
{
    int64_t ttl_ms = short_ms(c), age_ms;
    for (int lives = 0, early = 0, unseen = 0; lives < ATTEMPTS && unseen < ATTEMPTS;) {
        char name[32];
        snprintf(name, sizeof(name), "early-%d", lives + unseen);
        life found = life_of(c, name, ttl_ms, &age_ms);
        if (found == UNSEEN) {
            unseen++;
            ttl_ms *= 2;
            continue;
        }
        lives++;
        early += found == EARLY;
        expect(early < 2, "a key with a TTL of %" PRId64 " ms was gone after at most %" PRId64,
               ttl_ms, age_ms + 1);
    }
}

static void gone_in_time(conform *c, int64_t ttl_ms)
{
    for (int tries = 1;; tries++) {
        put_for(c, "a", "value", ttl_ms);
        int64_t from_ms = conform_now_ms();
        if (conform_is_gone_by(c, "a", from_ms + ttl_ms + conform_late_ms(c)))
            return;
        if (tries == ATTEMPTS)
            conform_fail_late(c, "a", from_ms, ttl_ms);
    }
}

static void not_late(conform *c)
{
    gone_in_time(c, short_ms(c));
    gone_in_time(c, short_ms(c));
    gone_in_time(c, 1);
}

/* Stores a key that is about to expire, and waits until it is gone. */
static void let_expire(conform *c, const char *name, const char *text)
{
    put_for(c, name, text, short_ms(c));
    expect_expires(c, name, conform_now_ms(), short_ms(c));
}

/* Whether what was to be done before the TTL, which began after `from_ms`, came too late for that. */
static bool came_too_late(int64_t from_ms, int64_t ttl_ms)
{
    return conform_now_ms() - from_ms >= ttl_ms;
}

/* Stores a key that is about to expire, and gets its cas token before that; doubles the TTL until it
 * does. */
static uint64_t token_in_time(conform *c, const char *name, int64_t *ttl_ms)
{
    for (int tries = 1;; tries++, *ttl_ms *= 2) {
        int64_t from_ms = conform_now_ms();
        put_for(c, name, "7", *ttl_ms);
        conform_answer answer = conform_fetch(c, name, ZCACHE_CALL_CAS);
        if (answer.status == ZCACHE_MISS && came_too_late(from_ms, *ttl_ms) && tries < ATTEMPTS)
            continue;
        expect_status(ZCACHE_OK, answer.status, "get of \"%s\" with its cas token", name);
        free(answer.data);
        return answer.meta.cas;
    }
}

static void gone_for_all_operations(conform *c)
{
    let_expire(c, "a", "7");
    expect_status(ZCACHE_MISS, conform_delete(c, "a"), "del of an expired key");
    let_expire(c, "a", "7");
    expect_status(ZCACHE_MISS, conform_store(c, "a", "x", LONG_MS, ZCACHE_SET_REPLACE, 0),
                  "REPLACE of an expired key");
    let_expire(c, "a", "7");
    expect_status(ZCACHE_OK, conform_store(c, "a", "x", LONG_MS, ZCACHE_SET_ADD, 0),
                  "ADD of an expired key");
    int64_t ttl_ms = short_ms(c);
    uint64_t token = token_in_time(c, "b", &ttl_ms);
    expect_expires(c, "b", conform_now_ms(), ttl_ms);
    expect_status(ZCACHE_MISS, conform_store(c, "b", "x", LONG_MS, ZCACHE_SET_CAS, token),
                  "CAS of an expired key");
}

static void gone_for_touch(conform *c)
{
    let_expire(c, "a", "7");
    expect_status(ZCACHE_MISS, conform_touch_one(c, "a", LONG_MS), "touch of an expired key");
    expect_miss(c, "a", "after a touch of an expired key");
}

static void gone_for_incr(conform *c)
{
    let_expire(c, "a", "7");
    zcache_increment one = conform_add(c, "a", 1, LONG_MS);
    expect_status(ZCACHE_OK, one.status, "incr of an expired key");
    expect(one.result == 1, "incr of an expired 7 gave %" PRId64 ", not 1", one.result);
}

static void set_replaces_the_ttl(conform *c)
{
    put_for(c, "a", "value", short_ms(c));
    put_for(c, "a", "value", LONG_MS);
    put_for(c, "b", "value", LONG_MS);
    put_for(c, "b", "value", ZCACHE_TTL_NEVER);
    put_for(c, "c", "value", ZCACHE_TTL_NEVER);
    put_for(c, "c", "value", short_ms(c));
    int64_t from_ms = conform_now_ms();
    expect(conform_ttl(c, "b") == ZCACHE_TTL_NEVER, "a set with NEVER left the old TTL");
    expect_expires(c, "c", from_ms, short_ms(c));
    conform_sleep_ms(2 * conform_granule_ms(c));
    expect_holds(c, "a", "value", "when the TTL of the first of two sets has passed");
}

/* Gives an entry a long TTL before its short one has passed; doubles that until it does. */
static void touch_in_time(conform *c, const char *name, int64_t *ttl_ms)
{
    for (int tries = 1;; tries++, *ttl_ms *= 2) {
        int64_t from_ms = conform_now_ms();
        put_for(c, name, "value", *ttl_ms);
        zcache_status status = conform_touch_one(c, name, LONG_MS);
        if (status == ZCACHE_MISS && came_too_late(from_ms, *ttl_ms) && tries < ATTEMPTS)
            continue;
        expect_status(ZCACHE_OK, status, "touch");
        return;
    }
}

static void touch_sets_the_ttl(conform *c)
{
    expect_status(ZCACHE_MISS, conform_touch_one(c, "absent", LONG_MS), "touch of a missing key");
    expect_miss(c, "absent", "after a touch of a missing key");
    int64_t ttl_ms = short_ms(c);
    touch_in_time(c, "a", &ttl_ms);
    expect_ttl_near(c, "a", LONG_MS, "after a touch");
    put_for(c, "b", "value", LONG_MS);
    expect_status(ZCACHE_OK, conform_touch_one(c, "b", ZCACHE_TTL_NEVER), "touch with NEVER");
    expect(conform_ttl(c, "b") == ZCACHE_TTL_NEVER, "a touch with NEVER left a TTL");
    expect_status(ZCACHE_OK, conform_touch_one(c, "b", ttl_ms), "touch with a short TTL");
    expect_expires(c, "b", conform_now_ms(), ttl_ms);
    expect_holds(c, "a", "value", "which was touched before its first TTL had passed");
}

static const conform_check checks[] = {
    {"ttl-told", "get tells the remaining TTL where it is asked to", tells_what_is_left, 0},
    {"ttl-never", "an entry may live for ever", never_is_never, 0},
    {"ttl-longest", "an entry may live for ten years", longest_ttl, 0},
    {"ttl-not-early", "an entry is never gone before its TTL", not_early, 0},
    {"ttl-not-late", "an entry is gone less than two granules after its TTL", not_late, 0},
    {"ttl-gone", "an expired entry is gone for every operation", gone_for_all_operations,
     NEEDS_ADD | NEEDS_REPLACE | NEEDS_CAS},
    {"ttl-gone-touch", "touch does not revive an expired entry", gone_for_touch, NEEDS_TOUCH},
    {"ttl-gone-incr", "incr counts from 0 after an entry has expired", gone_for_incr, NEEDS_INCR},
    {"ttl-replace", "set replaces the TTL with the value", set_replaces_the_ttl, 0},
    {"ttl-touch", "touch gives a new TTL and leaves the value", touch_sets_the_ttl, NEEDS_TOUCH},
};

CONFORM_GROUP(ttl);
