/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Structs that between them have every type, shape and modifier of field, in combinations that
 * programs have: what property tests, fuzzers and replays give to the codecs.
 */
#ifndef TESTS_CODEC_TYPES_H
#define TESTS_CODEC_TYPES_H

#include <zcache/table.h>

/* Enums of every width. Names that need escapes, and that begin alike. */
typedef enum __attribute__((packed)) tiny { TINY_LOW = -128, TINY_NONE = 0, TINY_HIGH = 127 } tiny;
typedef enum __attribute__((packed)) small { SMALL_FIRST = 1, SMALL_LAST = 65535 } small;
typedef enum color { COLOR_RED = 0, COLOR_GREEN = 5, COLOR_NO_BLUE = -1 } color;
__extension__ typedef enum wide { WIDE_ONE = 1, WIDE_MAX = INT64_MAX, WIDE_MIN = INT64_MIN } wide;

ZCACHE_ENUM(tiny, ZC_VALUE(TINY_LOW, "low"), ZC_VALUE(TINY_NONE, "lo"),
            ZC_VALUE(TINY_HIGH, "lowest"))
ZCACHE_ENUM(small, ZC_VALUE(SMALL_FIRST, "first \"1\""), ZC_VALUE(SMALL_LAST, "letzter é\\"))
ZCACHE_ENUM(color, ZC_VALUE(COLOR_RED, "red"), ZC_VALUE(COLOR_GREEN, "green"),
            ZC_VALUE(COLOR_NO_BLUE, "no\nblue"))
ZCACHE_ENUM(wide, ZC_VALUE(WIDE_ONE, "one"), ZC_VALUE(WIDE_MAX, "maximum"),
            ZC_VALUE(WIDE_MIN, "minimum"))

/* One of each, without memory of its own. */
typedef struct numbers {
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f;
    double d;
    bool b;
    tiny e1;
    small e2;
    color e4;
    wide e8;
} numbers;
ZCACHE_STRUCT(numbers, ZC_I8(i8), ZC_U8(u8), ZC_I16(i16), ZC_U16(u16), ZC_I32(i32), ZC_U32(u32),
              ZC_I64(i64), ZC_U64(u64), ZC_FLOAT(f), ZC_DOUBLE(d), ZC_BOOL(b), ZC_ENUM(e1, tiny),
              ZC_ENUM(e2, small, ZC_DEFAULT(SMALL_FIRST)), ZC_ENUM(e4, color),
              ZC_ENUM(e8, wide, ZC_DEFAULT(WIDE_MAX)))

/* Texts and bytes, which may be NULL, and arrays of them. */
typedef struct texts {
    char *string;
    char short_chars[2];
    char chars[40];
    void *bytes;
    size_t bytes_size;
    size_t more_size;
    unsigned char *more;
    char *three[3];
    char **strings;
    size_t string_count;
    char names[2][8];
    char (*words)[12];
    size_t word_count;
    zcache_bytes pair[2];
    zcache_bytes *blobs;
    size_t blob_count;
} texts;
ZCACHE_STRUCT(texts, ZC_STRING(string), ZC_CHARS(short_chars), ZC_CHARS(chars),
              ZC_BYTES(bytes, bytes_size), ZC_BYTES(more, more_size), ZC_FIXED(three, ZC_STRING),
              ZC_ARRAY(strings, string_count, ZC_STRING), ZC_FIXED(names, ZC_CHARS),
              ZC_ARRAY(words, word_count, ZC_CHARS), ZC_FIXED(pair, ZC_BYTES),
              ZC_ARRAY(blobs, blob_count, ZC_BYTES))

/* What is in other structs: names that are stored otherwise, defaults, required fields. */
typedef struct label {
    char *text;
    char *language;
    int32_t weight;
} label;
ZCACHE_STRUCT(label, ZC_STRING(text, ZC_REQUIRED), ZC_STRING(language, ZC_DEFAULT("en")),
              ZC_I32(weight, ZC_AS("w\"eight\\\n\x01"), ZC_ALIAS("weight"), ZC_DEFAULT(-7)))

/* Arrays of every kind of number, of structs, and of pointers. */
typedef struct arrays {
    bool flags[4];
    int8_t two[2];
    uint64_t ids[3];
    float floats[2];
    tiny tinies[2];
    label pair[2];
    label *pointers[2];
    size_t n[16];
    bool *bools;
    int8_t *i8s;
    uint8_t *u8s;
    int16_t *i16s;
    uint16_t *u16s;
    int32_t *i32s;
    uint32_t *u32s;
    int64_t *i64s;
    uint64_t *u64s;
    float *fs;
    double *ds;
    small *smalls;
    wide *wides;
    label *labels;
    label **label_pointers;
    numbers *records;
} arrays;
ZCACHE_STRUCT(arrays, ZC_FIXED(flags, ZC_BOOL), ZC_FIXED(two, ZC_I8), ZC_FIXED(ids, ZC_U64),
              ZC_FIXED(floats, ZC_FLOAT), ZC_FIXED(tinies, ZC_ENUM(tiny)),
              ZC_FIXED(pair, ZC_NESTED(label), ZC_REQUIRED), ZC_FIXED(pointers, ZC_POINTER(label)),
              ZC_ARRAY(bools, n[0], ZC_BOOL), ZC_ARRAY(i8s, n[1], ZC_I8),
              ZC_ARRAY(u8s, n[2], ZC_U8), ZC_ARRAY(i16s, n[3], ZC_I16),
              ZC_ARRAY(u16s, n[4], ZC_U16), ZC_ARRAY(i32s, n[5], ZC_I32),
              ZC_ARRAY(u32s, n[6], ZC_U32), ZC_ARRAY(i64s, n[7], ZC_I64),
              ZC_ARRAY(u64s, n[8], ZC_U64), ZC_ARRAY(fs, n[9], ZC_FLOAT),
              ZC_ARRAY(ds, n[10], ZC_DOUBLE), ZC_ARRAY(smalls, n[11], ZC_ENUM(small)),
              ZC_ARRAY(wides, n[12], ZC_ENUM(wide)), ZC_ARRAY(labels, n[13], ZC_NESTED(label)),
              ZC_ARRAY(label_pointers, n[14], ZC_POINTER(label)),
              ZC_ARRAY(records, n[15], ZC_NESTED(numbers)))

/* A list and a tree at once, and all of the others. */
typedef struct tree tree;
struct tree {
    int64_t id;
    char *name;
    double score;
    color shade;
    bool on;
    numbers *figures;
    texts words;
    arrays *lists;
    label title;
    tree *next;
    tree *children;
    size_t child_count;
    tree **leaves;
    size_t leaf_count;
    int unstored;
};
ZCACHE_STRUCT(tree, ZC_I64(id, ZC_AS("_id"), ZC_ALIAS("id"), ZC_DEFAULT(INT64_MIN)),
              ZC_STRING(name, ZC_DEFAULT("näme")), ZC_DOUBLE(score, ZC_DEFAULT(0.5)),
              ZC_ENUM(shade, color, ZC_DEFAULT(COLOR_GREEN)), ZC_BOOL(on, ZC_DEFAULT(true)),
              ZC_POINTER(figures, numbers), ZC_NESTED(words, texts), ZC_POINTER(lists, arrays),
              ZC_NESTED(title, label, ZC_REQUIRED), ZC_POINTER(next, tree),
              ZC_ARRAY(children, child_count, ZC_NESTED(tree)),
              ZC_ARRAY(leaves, leaf_count, ZC_POINTER(tree), ZC_ALIAS("leafs")))

#endif
