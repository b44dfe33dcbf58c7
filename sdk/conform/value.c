/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Values come back as they went in, whatever they are; a miss is a miss.
 */
#include "check.h"

static void round_trip(conform *c, const char *name, const char *bytes, size_t size)
{
    zcache_item item = conform_item(conform_key(c, name), zcache_bytes_of(bytes, size), LONG_MS);
    conform_set(c, 1, &item);
    expect_status(ZCACHE_OK, item.status, "set of a value of %zu bytes", size);
    conform_answer answer = conform_fetch(c, name, 0);
    expect_status(ZCACHE_OK, answer.status, "get of a value of %zu bytes", size);
    expect(answer.size == size, "a value of %zu bytes came back with %zu", size, answer.size);
    size_t same = 0;
    while (same < size && answer.data[same] == bytes[same])
        same++;
    expect(same == size, "a value of %zu bytes came back changed at byte %zu: 0x%02x, not 0x%02x",
           size, same, (unsigned char)answer.data[same], (unsigned char)bytes[same]);
    free(answer.data);
}

static void comes_back(conform *c)
{
    put(c, "a", "value");
    expect_holds(c, "a", "value", "after the set");
}

static void missing_is_a_miss(conform *c)
{
    expect_miss(c, "nobody-wrote-this", "that was never written");
}

static void empty_is_a_value(conform *c)
{
    round_trip(c, "empty", "", 0);
    put(c, "other", "x");
    round_trip(c, "other", "", 0);
}

static void any_bytes(conform *c)
{
    char bytes[512];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    round_trip(c, "all", bytes, sizeof(bytes));
    round_trip(c, "nul-first", "\0abc", 4);
    round_trip(c, "nul-last", "abc\0", 4);
    round_trip(c, "line", "a\r\nEND\r\n*1\r\n$4\r\nPING\r\n", 23);
}

static void any_size(conform *c)
{
    size_t max = c->plugin->value_max != 0 && c->plugin->value_max < 1000000 ? c->plugin->value_max
                                                                             : 1000000;
    static const size_t sizes[] = {1,    2,    15,   16,    17,    63,    64,     65,
                                   255,  256,  1023, 1024,  1025,  4095,  4096,   4097,
                                   8191, 8192, 9000, 16384, 65535, 65536, 100000, 262144};
    char *bytes = malloc(max);
    expect(bytes != NULL, "no memory for the check's own value");
    uint64_t random = 7;
    for (size_t i = 0; i < max; i++)
        bytes[i] = (char)conform_random(&random);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && sizes[i] <= max; i++)
        round_trip(c, "sized", bytes, sizes[i]);
    round_trip(c, "sized", bytes, max - 1);
    round_trip(c, "sized", bytes, max);
    round_trip(c, "sized", bytes, 3); /* and small again */
    free(bytes);
}

static void set_replaces(conform *c)
{
    put(c, "a", "a long first value");
    put(c, "a", "short");
    expect_holds(c, "a", "short", "after a second set");
}

static void del_deletes(conform *c)
{
    put(c, "a", "value");
    expect_status(ZCACHE_OK, conform_delete(c, "a"), "del of a key that is there");
    expect_miss(c, "a", "after its del");
    expect_status(ZCACHE_MISS, conform_delete(c, "a"), "del of a key that is gone");
    put(c, "a", "again");
    expect_holds(c, "a", "again", "set after a del");
}

static void peek_tells_existence(conform *c)
{
    conform_answer answers[2];
    put(c, "there", "value");
    zcache_slice keys[] = {conform_key(c, "there"), conform_key(c, "absent")};
    conform_peek(c, 2, keys, answers);
    expect_status(ZCACHE_OK, answers[0].status, "peek of a key that is there");
    expect_status(ZCACHE_MISS, answers[1].status, "peek of a key that is not");
    expect(answers[0].meta.ttl_ms != ZCACHE_TTL_UNKNOWN, "peek did not tell the TTL");
    expect(answers[0].meta.ttl_ms >= 1 && answers[0].meta.ttl_ms <= LONG_MS + conform_late_ms(c),
           "peek told a remaining TTL of %" PRId64 " ms for one of %" PRId64,
           answers[0].meta.ttl_ms, LONG_MS);
    free(answers[0].data);
}

static void fuzzed_values(conform *c)
{
    uint64_t random = 20231;
    char bytes[3000];
    for (int round = 0; round < 300; round++) {
        size_t size = (size_t)(conform_random(&random) % sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)(conform_random(&random) >> 24);
        round_trip(c, "fuzzed", bytes, size);
    }
}

static const conform_check checks[] = {
    {"value-round-trip", "get gives what set stored", comes_back, 0},
    {"value-miss", "a key that was never written is a miss, not an error", missing_is_a_miss, 0},
    {"value-empty", "an empty value is a value, and not a miss", empty_is_a_value, 0},
    {"value-bytes", "a value is any bytes, NUL and line ends too", any_bytes, 0},
    {"value-size", "a value may have 1 byte and the largest number of bytes", any_size, 0},
    {"value-replace", "set replaces all of the old value", set_replaces, 0},
    {"value-delete", "del removes a key, and says whether it was there", del_deletes, 0},
    {"value-peek", "peek tells existence and remaining TTL", peek_tells_existence, NEEDS_PEEK},
    {"value-fuzz", "random values come back unchanged", fuzzed_values, 0},
};

CONFORM_GROUP(value);
