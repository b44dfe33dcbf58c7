/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A codec, in typed tables on the provider memory: what goes in comes out, and no bytes, however
 * broken, do harm.
 */
#include <float.h>
#include <stdio.h>
#include <zcache/table.h>

#include "check.h"

typedef struct place {
    const char *street;
    int32_t number;
} place;

typedef struct thing {
    int64_t id;
    uint64_t big;
    double ratio;
    bool on;
    const char *name;
    char code[16];
    place home;
    const place *other;
    const char **tags;
    size_t ntags;
    double points[3];
    const void *blob;
    size_t blob_size;
} thing;

ZCACHE_STRUCT(place, ZC_STRING(street), ZC_I32(number))
ZCACHE_STRUCT(thing, ZC_I64(id), ZC_U64(big), ZC_DOUBLE(ratio), ZC_BOOL(on), ZC_STRING(name),
              ZC_CHARS(code), ZC_NESTED(home, place), ZC_POINTER(other, place),
              ZC_ARRAY(tags, ntags, ZC_STRING), ZC_FIXED(points, ZC_DOUBLE),
              ZC_BYTES(blob, blob_size))
ZCACHE_TABLE(things, thing)

typedef struct small {
    int64_t id;
    const char *name;
} small;
ZCACHE_STRUCT(small, ZC_I64(id), ZC_STRING(name))
ZCACHE_TABLE(smalls, small)

typedef struct opened {
    zcache *cache;
    zcache *raw; /* the bytes of the table */
    things_t things;
    smalls_t smalls;
} opened;

static void open_tables(conform *c, opened *o)
{
    o->cache = conform_codec_cache(c);
    expect_status(ZCACHE_OK, things_open(o->cache, "things", &o->things, NULL),
                  "opening a table with serialization = %s", c->request->plugin);
    expect_status(ZCACHE_OK, smalls_open(o->cache, "things", &o->smalls, NULL),
                  "opening a table with serialization = %s", c->request->plugin);
    expect_status(ZCACHE_OK, zcache_table(o->cache, "things", &o->raw), "zcache_table");
}

static bool same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static void expect_same(const thing *in, const thing *out)
{
    expect(in->id == out->id && in->big == out->big && in->on == out->on,
           "an integer or bool came back changed: %" PRId64 " as %" PRId64, in->id, out->id);
    expect(memcmp(&in->ratio, &out->ratio, sizeof(in->ratio)) == 0,
           "the double %.17g came back as %.17g", in->ratio, out->ratio);
    expect(same_text(in->name, out->name) && strcmp(in->code, out->code) == 0,
           "a text came back changed");
    expect(same_text(in->home.street, out->home.street) && in->home.number == out->home.number,
           "a nested struct came back changed");
    expect((in->other == NULL) == (out->other == NULL), "a pointer to a struct came back %s",
           out->other == NULL ? "NULL" : "not NULL");
    if (in->other != NULL)
        expect(same_text(in->other->street, out->other->street),
               "a pointed struct came back changed");
    expect(in->ntags == out->ntags, "an array of %zu came back with %zu", in->ntags, out->ntags);
    for (size_t i = 0; i < in->ntags; i++)
        expect(same_text(in->tags[i], out->tags[i]), "text %zu of an array came back changed", i);
    expect(memcmp(in->points, out->points, sizeof(in->points)) == 0,
           "an array of doubles came back changed");
    expect(in->blob_size == out->blob_size &&
               (in->blob_size == 0 || memcmp(in->blob, out->blob, in->blob_size) == 0),
           "bytes came back changed");
}

static const place home = {"Main Street", -7};
static const char *tags[] = {"", "b", "\xe2\x82\xac\xf0\x9f\x98\x80", "line\nend\t\"quoted\"\\"};

static void round_trip(opened *o, const thing *in)
{
    thing out;
    expect_status(ZCACHE_OK, things_set(&o->things, "a", in, NULL), "encoding a struct");
    expect_status(ZCACHE_OK, things_get(&o->things, "a", &out, NULL), "decoding a struct");
    expect_same(in, &out);
    thing_free(&out);
}

static thing example(void)
{
    return (thing){.id = INT64_MIN,
                   .big = UINT64_MAX,
                   .ratio = 0.1,
                   .on = true,
                   .name = "Ann",
                   .code = "x-15 characters",
                   .home = {"Side Street", INT32_MAX},
                   .other = &home,
                   .tags = tags,
                   .ntags = 4,
                   .points = {-0.0, DBL_MAX, 5e-324},
                   .blob = "\0\xff\x80z",
                   .blob_size = 4};
}

static void structs_come_back(conform *c)
{
    opened o;
    open_tables(c, &o);
    thing in = example();
    round_trip(&o, &in);
    round_trip(&o, &(thing){0});
    static const int64_t numbers[] = {0,
                                      1,
                                      -1,
                                      23,
                                      24,
                                      127,
                                      128,
                                      255,
                                      256,
                                      -32,
                                      -33,
                                      -128,
                                      -129,
                                      32767,
                                      32768,
                                      65535,
                                      65536,
                                      INT32_MAX,
                                      INT64_C(1) << 31,
                                      INT64_MAX};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        in.id = numbers[i];
        in.big = (uint64_t)numbers[i];
        in.ratio = (double)numbers[i] / 3;
        round_trip(&o, &in);
    }
    conform_end_cache(o.cache);
}

static void sizes_come_back(conform *c)
{
    opened o;
    open_tables(c, &o);
    char *text = malloc(70001);
    expect(text != NULL, "no memory for the check's own text");
    static const size_t sizes[] = {15, 16, 23, 24, 31, 32, 255, 256, 65535, 65536, 70000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        thing in = example();
        memset(text, 'n', sizes[i]);
        text[sizes[i]] = '\0';
        in.name = text;
        in.blob = text;
        in.blob_size = sizes[i];
        round_trip(&o, &in);
    }
    free(text);
    conform_end_cache(o.cache);
}

static void unknown_fields_are_skipped(conform *c)
{
    opened o;
    open_tables(c, &o);
    thing in = example();
    small out;
    expect_status(ZCACHE_OK, things_set(&o.things, "a", &in, NULL), "encoding a struct");
    expect_status(ZCACHE_OK, smalls_get(&o.smalls, "a", &out, NULL),
                  "decoding into a struct with fewer fields");
    expect(out.id == in.id && same_text(out.name, in.name),
           "a struct with fewer fields came back changed");
    small_free(&out);
    thing larger;
    small few = {.id = 5, .name = "few"};
    expect_status(ZCACHE_OK, smalls_set(&o.smalls, "b", &few, NULL), "encoding a struct");
    expect_status(ZCACHE_OK, things_get(&o.things, "b", &larger, NULL),
                  "decoding into a struct with more fields");
    expect(larger.id == 5 && larger.ntags == 0 && larger.other == NULL,
           "fields that are missing did not get their defaults");
    thing_free(&larger);
    conform_end_cache(o.cache);
}

/* Decodes bytes: whatever they are, the answer is a struct or a miss. */
static void decode(opened *o, const void *bytes, size_t size, const char *what)
{
    thing out;
    expect_status(ZCACHE_OK, zcache_set(o->raw, "bad", bytes, size, NULL), "zcache_set");
    zcache_status status = things_get(&o->things, "bad", &out, NULL);
    expect(status == ZCACHE_OK || status == ZCACHE_MISS, "decoding %s: %s", what,
           zcache_status_name(status));
    if (status == ZCACHE_OK)
        thing_free(&out);
}

static void broken_bytes_do_no_harm(conform *c)
{
    opened o;
    open_tables(c, &o);
    thing in = example();
    zcache_value value = ZCACHE_VALUE_INIT;
    expect_status(ZCACHE_OK, things_set(&o.things, "a", &in, NULL), "encoding a struct");
    expect_status(ZCACHE_OK, zcache_get(o.raw, "a", &value, NULL), "zcache_get");
    unsigned char *bytes = malloc(value.size + 64);
    expect(bytes != NULL, "no memory for the check's own bytes");
    conform_watch(200, "decoding broken bytes");
    for (size_t size = 0; size < value.size; size++) {
        thing out;
        expect_status(ZCACHE_OK, zcache_set(o.raw, "cut", value.data, size, NULL), "zcache_set");
        expect_status(ZCACHE_MISS, things_get(&o.things, "cut", &out, NULL),
                      "decoding the first %zu of %zu bytes", size, value.size);
    }
    for (size_t i = 0; i < value.size * 8; i++) {
        memcpy(bytes, value.data, value.size);
        bytes[i / 8] ^= (unsigned char)(1u << (i % 8));
        decode(&o, bytes, value.size, "bytes with one bit changed");
    }
    uint64_t random = 99;
    for (int i = 0; i < 5000; i++) {
        size_t size = (size_t)(conform_random(&random) % 64);
        for (size_t k = 0; k < size; k++)
            bytes[k] = (unsigned char)(conform_random(&random) >> 40);
        decode(&o, bytes, size, "random bytes");
    }
    conform_watch(0, NULL);
    free(bytes);
    zcache_value_free(&value);
    conform_end_cache(o.cache);
}

static opened shared;

static void code_beside_others(conform *c, size_t number)
{
    (void)c;
    thing in = example();
    char key[16];
    snprintf(key, sizeof(key), "t%zu", number);
    for (int i = 0; i < 2000; i++) {
        thing out;
        in.id = (int64_t)number * 100000 + i;
        expect_status(ZCACHE_OK, things_set(&shared.things, key, &in, NULL),
                      "encoding beside other threads");
        expect_status(ZCACHE_OK, things_get(&shared.things, key, &out, NULL),
                      "decoding beside other threads");
        expect_same(&in, &out);
        thing_free(&out);
    }
}

static void threads_code_at_once(conform *c)
{
    open_tables(c, &shared);
    conform_threads(c, 4, code_beside_others);
    conform_end_cache(shared.cache);
}

static const conform_check checks[] = {
    {"codec-structs", "structs of all kinds of fields come back unchanged", structs_come_back,
     FOR_CODEC},
    {"codec-sizes", "texts and bytes of every length come back unchanged", sizes_come_back,
     FOR_CODEC},
    {"codec-drift", "unknown fields are skipped, missing ones have their defaults",
     unknown_fields_are_skipped, FOR_CODEC},
    {"codec-broken", "cut, changed and random bytes are misses or structs, and do no harm",
     broken_bytes_do_no_harm, FOR_CODEC},
    {"codec-threads", "threads encode and decode at once", threads_code_at_once, FOR_CODEC},
};

CONFORM_GROUP(codec);
