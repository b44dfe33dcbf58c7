/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every operation is a batch: each key has its own status, and duplicates are allowed.
 */
#include <stdio.h>

#include "check.h"

#define MANY 1000

static void name_of(char name[32], size_t i)
{
    snprintf(name, 32, "many-%zu", i);
}

/* Keys in memory of their own: more than conform_key() has buffers. */
typedef struct many {
    zcache_slice keys[MANY];
    char room[MANY][96];
    char texts[MANY][32];
} many;

static many *make_many(conform *c)
{
    many *m = calloc(1, sizeof(*m));
    expect(m != NULL, "no memory for the check's own keys");
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        name_of(name, i);
        int size = snprintf(m->room[i], sizeof(m->room[i]), "%s%s", c->prefix, name);
        m->keys[i] = zcache_bytes_of(m->room[i], (size_t)size);
        snprintf(m->texts[i], sizeof(m->texts[i]), "value %zu", i);
    }
    return m;
}

static void set_many(conform *c, many *m)
{
    zcache_item *items = calloc(MANY, sizeof(*items));
    expect(items != NULL, "no memory for the check's own items");
    for (size_t i = 0; i < MANY; i++)
        items[i] = conform_item(m->keys[i], zcache_str(m->texts[i]), LONG_MS);
    conform_set(c, MANY, items);
    for (size_t i = 0; i < MANY; i++)
        expect_status(ZCACHE_OK, items[i].status, "key %zu of a set of %d", i, MANY);
    free(items);
}

static void large_batches(conform *c)
{
    many *m = make_many(c);
    set_many(c, m);
    conform_answer *answers = calloc(MANY, sizeof(*answers));
    zcache_status *status = calloc(MANY, sizeof(*status));
    expect(answers != NULL && status != NULL, "no memory for the check's own answers");
    conform_get(c, MANY, m->keys, ZCACHE_CALL_TTL | ZCACHE_CALL_CAS, answers);
    for (size_t i = 0; i < MANY; i++) {
        expect_status(ZCACHE_OK, answers[i].status, "key %zu of a get of %d", i, MANY);
        expect(strcmp(answers[i].data, m->texts[i]) == 0,
               "key %zu of a get of %d was given the value \"%.40s\" of another", i, MANY,
               answers[i].data);
        free(answers[i].data);
    }
    conform_del(c, MANY, m->keys, status);
    for (size_t i = 0; i < MANY; i++)
        expect_status(ZCACHE_OK, status[i], "key %zu of a del of %d", i, MANY);
    conform_get(c, MANY, m->keys, 0, answers);
    for (size_t i = 0; i < MANY; i++)
        expect_status(ZCACHE_MISS, answers[i].status, "key %zu of %d after their del", i, MANY);
    free(status);
    free(answers);
    free(m);
}

static void hits_and_misses(conform *c)
{
    put(c, "b", "second");
    put(c, "d", "fourth");
    conform_answer answers[5];
    zcache_slice keys[] = {conform_key(c, "a"), conform_key(c, "b"), conform_key(c, "c"),
                           conform_key(c, "d"), conform_key(c, "b")};
    conform_get(c, 5, keys, 0, answers);
    expect_status(ZCACHE_MISS, answers[0].status, "first key of a get, which is missing");
    expect_status(ZCACHE_OK, answers[1].status, "second key of a get");
    expect_status(ZCACHE_MISS, answers[2].status, "third key of a get, which is missing");
    expect_status(ZCACHE_OK, answers[3].status, "fourth key of a get");
    expect_status(ZCACHE_OK, answers[4].status, "a key that stands a second time in a get");
    expect(strcmp(answers[1].data, "second") == 0 && strcmp(answers[3].data, "fourth") == 0 &&
               strcmp(answers[4].data, "second") == 0,
           "a get of five keys mixed their values up");
    zcache_status status[3];
    conform_del(c, 3, keys, status);
    expect_status(ZCACHE_MISS, status[0], "first key of a del, which is missing");
    expect_status(ZCACHE_OK, status[1], "second key of a del");
    expect_status(ZCACHE_MISS, status[2], "third key of a del, which is missing");
    for (size_t i = 0; i < 5; i++)
        free(answers[i].data);
}

static void later_write_wins(conform *c)
{
    zcache_item items[] = {
        conform_item(conform_key(c, "a"), zcache_str("first"), LONG_MS),
        conform_item(conform_key(c, "b"), zcache_str("other"), LONG_MS),
        conform_item(conform_key(c, "a"), zcache_str("second"), LONG_MS),
        conform_item(conform_key(c, "a"), zcache_str("third"), ZCACHE_TTL_NEVER),
    };
    conform_set(c, 4, items);
    for (size_t i = 0; i < 4; i++)
        expect_status(ZCACHE_OK, items[i].status, "item %zu of a set with one key three times", i);
    expect_holds(c, "a", "third", "which stood three times in a set");
    expect_holds(c, "b", "other", "which stood between them");
    expect(conform_ttl(c, "a") == ZCACHE_TTL_NEVER,
           "a key that stood three times in a set has a TTL, but not that of the last");
}

static void modes_are_mixed(conform *c)
{
    put(c, "there", "old");
    zcache_item items[] = {
        conform_item(conform_key(c, "there"), zcache_str("added"), LONG_MS),
        conform_item(conform_key(c, "absent"), zcache_str("replaced"), LONG_MS),
        conform_item(conform_key(c, "new"), zcache_str("added"), LONG_MS),
        conform_item(conform_key(c, "plain"), zcache_str("set"), LONG_MS),
        conform_item(conform_key(c, "gone"), zcache_str("compared"), LONG_MS),
    };
    items[0].mode = ZCACHE_SET_ADD;
    items[1].mode = ZCACHE_SET_REPLACE;
    items[2].mode = ZCACHE_SET_ADD;
    items[4].mode = ZCACHE_SET_CAS;
    items[4].cas = 12345;
    conform_set(c, 5, items);
    expect_status(ZCACHE_EXISTS, items[0].status, "ADD, in a batch, of a key that is there");
    expect_status(ZCACHE_MISS, items[1].status, "REPLACE, in a batch, of a missing key");
    expect_status(ZCACHE_OK, items[2].status, "ADD, in a batch, of a missing key");
    expect_status(ZCACHE_OK, items[3].status, "ALWAYS in a batch");
    expect_status(ZCACHE_MISS, items[4].status, "CAS, in a batch, of a missing key");
    expect_holds(c, "there", "old", "after an ADD that was refused in a batch");
    expect_miss(c, "absent", "after a REPLACE that was refused in a batch");
    expect_holds(c, "new", "added", "after an ADD in a batch");
    expect_holds(c, "plain", "set", "after a set in a batch");
}

static void large_values_in_a_batch(conform *c)
{
    enum { COUNT = 8, SIZE = 200000 };
    char *bytes = malloc(SIZE);
    expect(bytes != NULL, "no memory for the check's own value");
    zcache_item items[COUNT];
    zcache_slice keys[COUNT];
    conform_answer answers[COUNT];
    memset(bytes, 'v', SIZE);
    for (size_t i = 0; i < COUNT; i++) {
        char name[32];
        name_of(name, i);
        keys[i] = conform_key(c, name);
        items[i] = conform_item(keys[i], zcache_bytes_of(bytes, SIZE - i), LONG_MS);
    }
    conform_set(c, COUNT, items);
    conform_get(c, COUNT, keys, 0, answers);
    for (size_t i = 0; i < COUNT; i++) {
        expect_status(ZCACHE_OK, items[i].status, "item %zu of a set of 1.6 MB", i);
        expect_status(ZCACHE_OK, answers[i].status, "key %zu of a get of 1.6 MB", i);
        expect(answers[i].size == SIZE - i && memcmp(answers[i].data, bytes, SIZE - i) == 0,
               "a value of %zu bytes in a batch came back changed", SIZE - i);
        free(answers[i].data);
    }
    free(bytes);
}

static void touch_each(conform *c)
{
    put_for(c, "a", "1", ZCACHE_TTL_NEVER);
    put_for(c, "b", "2", ZCACHE_TTL_NEVER);
    zcache_status status[3];
    zcache_slice keys[] = {conform_key(c, "a"), conform_key(c, "absent"), conform_key(c, "b")};
    conform_touch(c, 3, keys, LONG_MS, status);
    expect_status(ZCACHE_OK, status[0], "first key of a touch");
    expect_status(ZCACHE_MISS, status[1], "second key of a touch, which is missing");
    expect_status(ZCACHE_OK, status[2], "third key of a touch");
    expect(conform_ttl(c, "a") > 0 && conform_ttl(c, "b") > 0, "a touch of two keys left a TTL");
}

static const conform_check checks[] = {
    {"batch-large", "batches of 1000 keys are written, read and deleted", large_batches, 0},
    {"batch-misses", "each key of a batch is a hit or a miss of its own", hits_and_misses, 0},
    {"batch-duplicates", "of a key that stands twice in a set the later wins", later_write_wins, 0},
    {"batch-modes", "the items of a set have modes of their own", modes_are_mixed,
     NEEDS_ADD | NEEDS_REPLACE | NEEDS_CAS},
    {"batch-values", "a batch may hold more than a million bytes", large_values_in_a_batch, 0},
    {"batch-touch", "each key of a touch is there or a miss", touch_each, NEEDS_TOUCH},
};

CONFORM_GROUP(batch);
