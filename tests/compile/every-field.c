/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every kind of field, element and modifier of <zcache/table.h>, as a header for both languages
 * would have them: compiled as C and as C++, without a warning.
 */
#include <zcache/table.h>

ZCACHE_BEGIN_DECLS

typedef enum color { RED, GREEN } color;

typedef struct {
    char *street;
    char city[32];
} address;

typedef struct person {
    bool active;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    short a_short;
    long a_long;
    long long a_long_long;
    float ratio;
    double score;
    color paint;
    char *name;
    const char *title;
    char mail[64];
    void *photo;
    size_t photo_size;
    const unsigned char *key;
    size_t key_size;
    address home;
    struct person *parent;
    const address *work;
    int32_t marks[4];
    char lines[3][20];
    color flags[2];
    address homes[2];
    char **tags;
    size_t tag_count;
    const char **notes;
    size_t note_count;
    double *samples;
    size_t sample_count;
    color *colors;
    size_t color_count;
    address *places;
    size_t place_count;
    struct person **friends;
    size_t friend_count;
    zcache_bytes *blobs;
    size_t blob_count;
    char (*codes)[8];
    size_t code_count;
    int not_stored;
} person;

ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"))
ZCACHE_STRUCT(address, ZC_STRING(street), ZC_CHARS(city))
ZCACHE_STRUCT(person, ZC_BOOL(active, ZC_DEFAULT(true)), ZC_I8(i8), ZC_I16(i16), ZC_I32(i32),
              ZC_I64(i64, ZC_DEFAULT(-5), ZC_ALIAS("old")), ZC_U8(u8), ZC_U16(u16), ZC_U32(u32),
              ZC_U64(u64, ZC_DEFAULT(UINT64_MAX)), ZC_I16(a_short), ZC_I64(a_long),
              ZC_I64(a_long_long), ZC_FLOAT(ratio, ZC_DEFAULT(1.5f)),
              ZC_DOUBLE(score, ZC_DEFAULT(0.5)), ZC_ENUM(paint, color, ZC_DEFAULT(GREEN)),
              ZC_STRING(name, ZC_REQUIRED), ZC_STRING(title, ZC_DEFAULT("none"), ZC_AS("t")),
              ZC_CHARS(mail, ZC_AS("e-mail"), ZC_ALIAS("mail"), ZC_REQUIRED),
              ZC_BYTES(photo, photo_size), ZC_BYTES(key, key_size, ZC_AS("k")),
              ZC_NESTED(home, address, ZC_REQUIRED), ZC_POINTER(parent, person),
              ZC_POINTER(work, address, ZC_AS("office")), ZC_FIXED(marks, ZC_I32),
              ZC_FIXED(lines, ZC_CHARS, ZC_AS("l")), ZC_FIXED(flags, ZC_ENUM(color)),
              ZC_FIXED(homes, ZC_NESTED(address)), ZC_ARRAY(tags, tag_count, ZC_STRING, ZC_AS("g")),
              ZC_ARRAY(notes, note_count, ZC_STRING), ZC_ARRAY(samples, sample_count, ZC_DOUBLE),
              ZC_ARRAY(colors, color_count, ZC_ENUM(color)),
              ZC_ARRAY(places, place_count, ZC_NESTED(address)),
              ZC_ARRAY(friends, friend_count, ZC_POINTER(person)),
              ZC_ARRAY(blobs, blob_count, ZC_BYTES),
              ZC_ARRAY(codes, code_count, ZC_CHARS, ZC_REQUIRED))
ZCACHE_TABLE(people, person)
ZCACHE_TABLE(pages, zcache_bytes)
ZCACHE_TABLE(names, zcache_string)

zcache_status use(const people_t *table, person *one, const person all[2], const char *keys[2]);

ZCACHE_END_DECLS

zcache_status use(const people_t *table, person *one, const person all[2], const char *keys[2])
{
    zcache_status statuses[2];
    if (people_get(table, "1", one, NULL) < 0 || people_set(table, "1", one, NULL) < 0)
        return ZCACHE_E_INTERNAL;
    person_free(one);
    return people_set_multi(table, 2, keys, all, statuses, NULL);
}
