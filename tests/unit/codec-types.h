/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Types of the codec tests: one field called v of each kind, and a struct of several.
 */
#ifndef TESTS_UNIT_CODEC_TYPES_H
#define TESTS_UNIT_CODEC_TYPES_H

#include <zcache/table.h>

#define ONE_FIELD(NAME, MEMBER, ...) \
    typedef struct NAME {            \
        MEMBER;                      \
    } NAME;                          \
    ZCACHE_STRUCT(NAME, __VA_ARGS__)

typedef enum color { RED = 0, GREEN = 20, BLUE = -3 } color;
ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"), ZC_VALUE(BLUE, "blue"))

typedef enum __attribute__((packed)) letter { LETTER_A = 'a', LETTER_B = 'b' } letter;
ZCACHE_ENUM(letter, ZC_VALUE(LETTER_A, "a"), ZC_VALUE(LETTER_B, "b"))

ONE_FIELD(one_bool, bool v, ZC_BOOL(v))
ONE_FIELD(one_i8, int8_t v, ZC_I8(v))
ONE_FIELD(one_i16, int16_t v, ZC_I16(v))
ONE_FIELD(one_i32, int32_t v, ZC_I32(v))
ONE_FIELD(one_i64, int64_t v, ZC_I64(v))
ONE_FIELD(one_u8, uint8_t v, ZC_U8(v))
ONE_FIELD(one_u16, uint16_t v, ZC_U16(v))
ONE_FIELD(one_u32, uint32_t v, ZC_U32(v))
ONE_FIELD(one_u64, uint64_t v, ZC_U64(v))
ONE_FIELD(one_float, float v, ZC_FLOAT(v))
ONE_FIELD(one_double, double v, ZC_DOUBLE(v))
ONE_FIELD(one_enum, color v, ZC_ENUM(v, color))
ONE_FIELD(one_letter, letter v, ZC_ENUM(v, letter))
ONE_FIELD(one_string, char *v, ZC_STRING(v))
ONE_FIELD(one_chars, char v[5], ZC_CHARS(v))
typedef one_string one_required;
ZCACHE_STRUCT(one_required, ZC_STRING(v, ZC_REQUIRED))
typedef one_string one_default;
ZCACHE_STRUCT(one_default, ZC_STRING(v, ZC_DEFAULT("none")))
ONE_FIELD(one_i32_default, int32_t v, ZC_I32(v, ZC_DEFAULT(-7)))
ONE_FIELD(three_i16, int16_t v[3], ZC_FIXED(v, ZC_I16))

typedef struct one_bytes {
    unsigned char *v;
    size_t size;
} one_bytes;
ZCACHE_STRUCT(one_bytes, ZC_BYTES(v, size))

typedef struct many_i32 {
    int32_t *v;
    size_t count;
} many_i32;
ZCACHE_STRUCT(many_i32, ZC_ARRAY(v, count, ZC_I32))

typedef struct many_strings {
    char **v;
    size_t count;
} many_strings;
ZCACHE_STRUCT(many_strings, ZC_ARRAY(v, count, ZC_STRING))

typedef struct node node;
struct node {
    uint8_t n;
    node *v;
};
ZCACHE_STRUCT(node, ZC_U8(n), ZC_POINTER(v, node))

typedef struct point {
    int32_t x, y;
} point;
ZCACHE_STRUCT(point, ZC_I32(x), ZC_I32(y))
ONE_FIELD(one_point, point v, ZC_NESTED(v, point))

typedef struct many_points {
    point *v;
    size_t count;
} many_points;
ZCACHE_STRUCT(many_points, ZC_ARRAY(v, count, ZC_NESTED(point)))

/* Two names of 16 bytes and of 31, one of 40, two that begin alike. */
typedef struct long_names {
    uint8_t a, b, c, d;
} long_names;
ZCACHE_STRUCT(long_names, ZC_U8(a, ZC_AS("sixteen_letters_")), ZC_U8(b, ZC_AS("sixteen_letters-")),
              ZC_U8(c, ZC_AS("a_name_of_just_thirty_one_bytes")),
              ZC_U8(d, ZC_AS("a_name_of_just_forty_bytes_in_all_of_it_")))

/* Several fields, with what a rolling deploy does to them. */
typedef struct user {
    int64_t id;
    char *name;
    char city[8];
    double score;
    bool active;
    color favourite;
    point *home;
    char **tags;
    size_t tag_count;
} user;
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name, ZC_AS("full_name"), ZC_ALIAS("name")),
              ZC_CHARS(city), ZC_DOUBLE(score, ZC_DEFAULT(0.5)), ZC_BOOL(active),
              ZC_ENUM(favourite, color), ZC_POINTER(home, point),
              ZC_ARRAY(tags, tag_count, ZC_STRING))

#define TEXT(literal) ((char[]){literal})

#endif
