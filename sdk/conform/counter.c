/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters: decimal texts of signed 64-bit numbers, changed in one atomic step.
 */
#include <stdio.h>

#include "check.h"

#define THREADS 4
#define ROUNDS  500

static int64_t add(conform *c, const char *name, int64_t delta)
{
    zcache_increment one = conform_add(c, name, delta, LONG_MS);
    expect_status(ZCACHE_OK, one.status, "incr of \"%s\" by %" PRId64, name, delta);
    return one.result;
}

static void expect_sum(conform *c, const char *name, int64_t delta, int64_t sum)
{
    int64_t found = add(c, name, delta);
    expect(found == sum, "incr of \"%s\" by %" PRId64 " gave %" PRId64 ", not %" PRId64, name,
           delta, found, sum);
}

static void counts(conform *c)
{
    expect_sum(c, "a", 1, 1);
    expect_sum(c, "a", 41, 42);
    expect_sum(c, "a", -50, -8);
    expect_sum(c, "a", 8, 0);
    expect_sum(c, "a", 0, 0);
    expect_sum(c, "b", 0, 0);
    expect_holds(c, "b", "0", "after an incr of a missing key by 0");
    expect_sum(c, "c", -7, -7);
}

static void is_text(conform *c)
{
    add(c, "a", -123);
    expect_holds(c, "a", "-123", "after incr");
    put(c, "a", "9999");
    expect_sum(c, "a", 1, 10000);
    expect_holds(c, "a", "10000", "after incr of what set stored");
    expect_sum(c, "a", -9995, 5);
    expect_holds(c, "a", "5", "which is shorter than before, with nothing after it");
    put(c, "a", "1");
    expect_sum(c, "a", -2, -1);
    expect_holds(c, "a", "-1", "after incr below 0");
}

static void has_64_bits(conform *c)
{
    expect_sum(c, "a", INT64_MAX, INT64_MAX);
    expect_holds(c, "a", "9223372036854775807", "after incr to the largest number");
    expect_sum(c, "b", INT64_MIN, INT64_MIN);
    expect_holds(c, "b", "-9223372036854775808", "after incr to the smallest number");
    expect_sum(c, "b", INT64_MAX, -1);
    put(c, "c", "9007199254740993"); /* no double is this number */
    expect_sum(c, "c", 2, INT64_C(9007199254740995));
}

static void expect_refused(conform *c, const char *text, int64_t delta, zcache_status status)
{
    put_for(c, "a", text, ZCACHE_TTL_NEVER);
    zcache_increment one = conform_add(c, "a", delta, LONG_MS);
    expect_status(status, one.status, "incr of \"%s\" by %" PRId64, text, delta);
    expect_holds(c, "a", text, "after an incr that was refused");
    expect(conform_ttl(c, "a") == ZCACHE_TTL_NEVER, "an incr that was refused changed the TTL");
}

static void overflow_is_refused(conform *c)
{
    expect_refused(c, "9223372036854775807", 1, ZCACHE_E_RANGE);
    expect_refused(c, "-9223372036854775808", -1, ZCACHE_E_RANGE);
    expect_refused(c, "1", INT64_MAX, ZCACHE_E_RANGE);
    expect_refused(c, "-2", INT64_MIN, ZCACHE_E_RANGE);
}

static void other_texts_are_refused(conform *c)
{
    static const char *const texts[] = {"",    "abc", "1.5", "12 apples",          "0x10",
                                        "1e3", "-",   "--1", "9223372036854775808"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_refused(c, texts[i], 1, ZCACHE_E_TYPE);
}

static void keeps_the_ttl(conform *c)
{
    put_for(c, "a", "5", ZCACHE_TTL_NEVER);
    add(c, "a", 1);
    expect(conform_ttl(c, "a") == ZCACHE_TTL_NEVER,
           "incr with a TTL changed that of an existing counter, NEVER, to %" PRId64 " ms",
           conform_ttl(c, "a"));
    put_for(c, "b", "5", LONG_MS);
    expect_status(ZCACHE_OK, conform_add(c, "b", 1, ZCACHE_TTL_NEVER).status, "incr");
    expect(conform_ttl(c, "b") > 0, "incr with NEVER took the TTL of an existing counter away");
}

static void sets_the_ttl_of_a_new_one(conform *c)
{
    add(c, "a", 1);
    int64_t ttl_ms = conform_ttl(c, "a");
    expect(ttl_ms > 0 && ttl_ms <= LONG_MS + conform_late_ms(c),
           "a new counter with a TTL of %" PRId64 " ms has %" PRId64, LONG_MS, ttl_ms);
    expect_status(ZCACHE_OK, conform_add(c, "b", 1, ZCACHE_TTL_NEVER).status, "incr");
    expect(conform_ttl(c, "b") == ZCACHE_TTL_NEVER, "a new counter with NEVER has a TTL");
}

static void one_bad_alone(conform *c)
{
    put(c, "bad", "no number");
    put(c, "good", "10");
    zcache_increment batch[] = {
        {.key = conform_key(c, "good"), .delta = 1, .ttl_ms = LONG_MS},
        {.key = conform_key(c, "bad"), .delta = 1, .ttl_ms = LONG_MS},
        {.key = conform_key(c, "new"), .delta = 3, .ttl_ms = LONG_MS},
        {.key = conform_key(c, "good"), .delta = 5, .ttl_ms = LONG_MS},
    };
    conform_incr(c, 4, batch);
    expect_status(ZCACHE_OK, batch[0].status, "incr of a number in a batch");
    expect_status(ZCACHE_E_TYPE, batch[1].status, "incr of a text in a batch");
    expect_status(ZCACHE_OK, batch[2].status, "incr of a missing key in a batch");
    expect_status(ZCACHE_OK, batch[3].status, "incr of a key that stands twice in a batch");
    expect_holds(c, "good", "16", "after it was twice in a batch");
    expect_holds(c, "bad", "no number", "after a batch that failed for it");
    expect(batch[2].result == 3, "incr of a missing key by 3 gave %" PRId64, batch[2].result);
}

/* Through 0 again and again, where texts become longer and shorter. */
static void count_both_ways(conform *c, size_t number)
{
    for (int i = 0; i < ROUNDS; i++)
        add(c, "shared", number % 2 == 0 ? 7 : -7);
    add(c, "shared", 10);
}

static void loses_nothing(conform *c)
{
    conform_threads(c, THREADS, count_both_ways);
    int64_t expected = THREADS * INT64_C(10);
    int64_t found = add(c, "shared", 0);
    expect(found == expected,
           "%d threads together counted to %" PRId64 ", not to %" PRId64
           ": incr is one atomic step",
           THREADS, found, expected);
}

static const conform_check checks[] = {
    {"incr-counts", "incr adds, and a missing key counts as 0", counts, NEEDS_INCR},
    {"incr-text", "a counter is its decimal text, for get and set too", is_text, NEEDS_INCR},
    {"incr-range", "a counter has all of 64 bits, exactly", has_64_bits, NEEDS_INCR},
    {"incr-overflow", "an incr that would overflow is E_RANGE and changes nothing",
     overflow_is_refused, NEEDS_INCR},
    {"incr-type", "an incr of what is no number is E_TYPE and changes nothing",
     other_texts_are_refused, NEEDS_INCR},
    {"incr-keeps-ttl", "incr leaves the TTL of an existing counter", keeps_the_ttl, NEEDS_INCR},
    {"incr-new-ttl", "incr gives a new counter its TTL", sets_the_ttl_of_a_new_one, NEEDS_INCR},
    {"incr-batch", "in a batch, a counter that fails fails alone", one_bad_alone, NEEDS_INCR},
    {"incr-threads", "threads that count lose nothing", loses_nothing, NEEDS_INCR},
};

CONFORM_GROUP(counter);
