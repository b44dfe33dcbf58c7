/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of the JSON codec share: values to and from text, in memory that is never larger
 * than what was asked for, so that a sanitizer sees a byte too much.
 */
#ifndef TESTS_UNIT_JSON_HARNESS_H
#define TESTS_UNIT_JSON_HARNESS_H

#include <zcache/table.h>

/* Encodes a value in a buffer that grows by as much as is asked for. `*text`, terminated, is the
 * caller's to free; NULL on failure. */
zcache_status json_encode(const zcache_struct *type, const void *value, char **text);

/* Decodes from a copy of the text, in a block that grows to just what was wanted. `*memory` is the
 * caller's to free. */
zcache_status json_decode(const zcache_struct *type, const char *text, size_t size, void *value,
                          void **memory);

/* The value of TYPE, written and read. `expected` is the text; `part` is in the message. */
#define assert_writes(TYPE, value, expected) \
    assert_writes_(TYPE##_struct(), value, expected, __FILE__, __LINE__)
#define assert_unwritable(TYPE, value, part) \
    assert_unwritable_(TYPE##_struct(), value, part, __FILE__, __LINE__)
/* Reads `text` into *value, and keeps its memory until the next call. */
#define assert_reads(TYPE, text, value) \
    assert_reads_(TYPE##_struct(), text, strlen(text), value, __FILE__, __LINE__)
#define assert_unreadable(TYPE, text, part) \
    assert_unreadable_(TYPE##_struct(), text, strlen(text), part, __FILE__, __LINE__)
/* What is read from `text` is written as `expected`. */
#define assert_becomes(TYPE, text, expected) \
    assert_becomes_(TYPE##_struct(), text, expected, __FILE__, __LINE__)

void assert_writes_(const zcache_struct *type, const void *value, const char *expected,
                    const char *file, int line);
void assert_unwritable_(const zcache_struct *type, const void *value, const char *part,
                        const char *file, int line);
void assert_reads_(const zcache_struct *type, const char *text, size_t size, void *value,
                   const char *file, int line);
void assert_unreadable_(const zcache_struct *type, const char *text, size_t size, const char *part,
                        const char *file, int line);
void assert_becomes_(const zcache_struct *type, const char *text, const char *expected,
                     const char *file, int line);

/* A literal where a char * is asked for. */
#define TEXT(literal) ((char[]){literal})

/* Frees what assert_reads kept: the teardown of a group. */
int json_forget(void **state);

/* ---- types that more than one test uses ------------------------------------------------------ */

typedef enum color { RED = 1, GREEN = 20, BLUE = -3 } color;
ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"), ZC_VALUE(BLUE, "bl\"ue"))

typedef struct point {
    int32_t x, y;
} point;
ZCACHE_STRUCT(point, ZC_I32(x), ZC_I32(y))

typedef struct node node;
struct node {
    int32_t id;
    node *next;
};
ZCACHE_STRUCT(node, ZC_I32(id), ZC_POINTER(next, node))

/* One of everything. */
typedef struct rich {
    bool yes;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float single;
    double real;
    color hue;
    char *text;
    char city[20];
    unsigned char *data;
    size_t data_size;
    point at;
    point *maybe;
    int32_t triple[3];
    char **tags;
    size_t tag_count;
    point *corners;
    size_t corner_count;
    zcache_bytes *blobs;
    size_t blob_count;
    char codes[2][4];
} rich;
ZCACHE_STRUCT(rich, ZC_BOOL(yes), ZC_I8(i8), ZC_I16(i16), ZC_I32(i32), ZC_I64(i64), ZC_U8(u8),
              ZC_U16(u16), ZC_U32(u32), ZC_U64(u64), ZC_FLOAT(single), ZC_DOUBLE(real),
              ZC_ENUM(hue, color), ZC_STRING(text), ZC_CHARS(city), ZC_BYTES(data, data_size),
              ZC_NESTED(at, point), ZC_POINTER(maybe, point), ZC_FIXED(triple, ZC_I32),
              ZC_ARRAY(tags, tag_count, ZC_STRING),
              ZC_ARRAY(corners, corner_count, ZC_NESTED(point)),
              ZC_ARRAY(blobs, blob_count, ZC_BYTES), ZC_FIXED(codes, ZC_CHARS))

/* A value with something in each field, and its text. */
extern const rich rich_value;
extern const char rich_text[];

#endif
