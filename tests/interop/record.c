/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The zcache side of the interop test. Both sides know the same records: this writes them through a
 * typed table under the keys c0, c1, …, and checks what the other side wrote under j0, j1, ….
 *
 *     record write|check PROVIDER SETTING CODEC
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zcache/table.h>

typedef enum color { RED = 1, GREEN = 2 } color;
typedef struct place {
    const char *street;
    char city[32];
} place;
typedef struct record {
    int64_t id;
    uint64_t natural;
    int32_t small;
    double real;
    float single;
    bool on;
    color shade;
    const char *name;
    void *binary;
    size_t binary_size;
    place home;
    place *work;
    const char **tags;
    size_t tag_count;
    int64_t longs[2];
} record;
ZCACHE_ENUM(color, ZC_VALUE(RED, "rot"), ZC_VALUE(GREEN, "gr\xc3\xbcn"))
ZCACHE_STRUCT(place, ZC_STRING(street), ZC_CHARS(city))
ZCACHE_STRUCT(record, ZC_I64(id), ZC_U64(natural), ZC_I32(small), ZC_DOUBLE(real), ZC_FLOAT(single),
              ZC_BOOL(on), ZC_ENUM(shade, color), ZC_STRING(name, ZC_AS("na\xc3\xafve name")),
              ZC_BYTES(binary, binary_size), ZC_NESTED(home, place), ZC_POINTER(work, place),
              ZC_ARRAY(tags, tag_count, ZC_STRING), ZC_FIXED(longs, ZC_I64))
ZCACHE_TABLE(records, record)

#define RECORDS 3
static unsigned char all_bytes[256];
static const char *tags[] = {"", "\xf0\x9f\x98\x80", "line\nbreak \"quoted\" \\ \x01", NULL};
static place office = {"Stra\xc3\x9f"
                       "e 1",
                       "\xe6\x9d\xb1\xe4\xba\xac"};

/* As in client.js. */
static record make(size_t number)
{
    static const record made[RECORDS] = {
        {.id = INT64_MIN,
         .natural = UINT64_MAX,
         .small = -1,
         .real = DBL_MAX,
         .single = 0.5f,
         .on = true,
         .shade = GREEN,
         .name = "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x92\xb6",
         .binary = all_bytes,
         .binary_size = sizeof(all_bytes),
         .home = {"Main Street", "Wien"},
         .work = &office,
         .tags = tags,
         .tag_count = 4,
         .longs = {INT64_C(9007199254740993), INT64_C(-9007199254740993)}},
        {.id = INT64_MAX,
         .natural = UINT64_C(1) << 63,
         .small = INT32_MAX,
         .real = 5e-324,
         .single = -1.25f,
         .shade = RED,
         .name = "",
         .binary = all_bytes,
         .home = {NULL, ""},
         .longs = {INT64_MAX, INT64_MIN}},
        {.id = 7,
         .natural = 255,
         .small = 128,
         .real = 0.1,
         .single = 16777216.0f,
         .on = true,
         .shade = RED,
         .home = {"", "x"},
         .longs = {-32, -33}},
    };
    return made[number];
}

static void give_up(const char *what)
{
    fprintf(stderr, "record: %s: %s\n", what, zcache_error_message());
    exit(1);
}

#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "record: j%zu: not so: %s\n", number, #condition); \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_place(const place *a, const place *b)
{
    return same_text(a->street, b->street) && strcmp(a->city, b->city) == 0;
}

static void check_record(size_t number, const record *found)
{
    record expected = make(number);
    EXPECT(found->id == expected.id);
    EXPECT(found->natural == expected.natural);
    EXPECT(found->small == expected.small);
    EXPECT(memcmp(&found->real, &expected.real, sizeof(double)) == 0);
    EXPECT(memcmp(&found->single, &expected.single, sizeof(float)) == 0);
    EXPECT(found->on == expected.on);
    EXPECT(found->shade == expected.shade);
    EXPECT(same_text(found->name, expected.name));
    EXPECT((found->binary == NULL) == (expected.binary == NULL));
    EXPECT(found->binary_size == expected.binary_size);
    EXPECT(found->binary == NULL ||
           memcmp(found->binary, expected.binary, expected.binary_size) == 0);
    EXPECT(same_place(&found->home, &expected.home));
    EXPECT((found->work == NULL) == (expected.work == NULL));
    EXPECT(found->work == NULL || same_place(found->work, expected.work));
    EXPECT(found->tag_count == expected.tag_count);
    for (size_t i = 0; i < expected.tag_count; i++)
        EXPECT(same_text(found->tags[i], expected.tags[i]));
    EXPECT(memcmp(found->longs, expected.longs, sizeof(expected.longs)) == 0);
}

int main(int argc, char **argv)
{
    zcache *cache;
    records_t table;
    char plugins[4096], key[8];
    for (size_t i = 0; i < sizeof(all_bytes); i++)
        all_bytes[i] = (unsigned char)i;
    if (argc != 5) {
        fprintf(stderr, "usage: record write|check PROVIDER SETTING CODEC\n");
        return 2;
    }
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    const char *const settings[] = {plugins, argv[3],
                                    "cache.key_prefix=interop:", "cache.undecodable=error", NULL};
    if (zcache_open(&cache, ZCACHE_OPTIONS(.provider = argv[2], .settings = settings)) < 0 ||
        records_open(cache, argv[4], &table, ZCACHE_TABLE_OPTIONS(.serialization = argv[4])) < 0)
        give_up("open");
    for (size_t number = 0; number < RECORDS; number++) {
        record one = make(number), found;
        bool write = strcmp(argv[1], "write") == 0;
        snprintf(key, sizeof(key), "%c%zu", write ? 'c' : 'j', number);
        zcache_status status =
            write ? records_set(&table, key, &one, NULL) : records_get(&table, key, &found, NULL);
        if (status != ZCACHE_OK)
            give_up(key);
        if (!write) {
            check_record(number, &found);
            record_free(&found);
        }
    }
    return zcache_close(cache) == ZCACHE_OK ? 0 : 1;
}
