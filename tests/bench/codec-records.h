/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the benchmark of codecs encodes and decodes: a user of 8 fields and a product of 40, as a
 * shop has them.
 *
 * Each struct has a list of its fields, FIELD(KIND, name): our descriptors are made from it, and so
 * is what a programmer would write by hand for each of the other libraries, which is a statement or
 * two for each field. So all do the same work, and none of them interprets a description but ours.
 */
#ifndef TESTS_BENCH_CODEC_RECORDS_H
#define TESTS_BENCH_CODEC_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum state { ACTIVE, PENDING, SUSPENDED } state;

typedef struct address {
    char *street;
    char city[32];
    char country[4];
    int32_t floor;
} address;

typedef struct user {
    int64_t id;
    char *name;
    char *company;
    char email[64];
    double score;
    bool verified;
    state status;
    int32_t visits;
} user;

typedef struct product {
    int64_t id, supplier_id, category_id, created_ms, updated_ms;
    char *sku, *title, *brand, *supplier, *material, *colour, *notes, *description;
    char currency[4], barcode[16], locale[8];
    double price, discount, tax, rating, weight, width, height, depth;
    int32_t stock, reserved, minimum, sold, views, ratings;
    bool featured, digital, returnable, fragile;
    state status, review;
    address warehouse;
    char **tags;
    size_t tags_count;
    char **images;
    size_t images_count;
    double *prices;
    size_t prices_count;
} product;

/* clang-format off */
#define ADDRESS_FIELDS(FIELD)                                                                \
    FIELD(STRING, street) FIELD(CHARS, city) FIELD(CHARS, country) FIELD(I32, floor)

#define USER_FIELDS(FIELD)                                                                   \
    FIELD(I64, id) FIELD(STRING, name) FIELD(STRING, company) FIELD(CHARS, email)            \
    FIELD(DOUBLE, score) FIELD(BOOL, verified) FIELD(STATE, status) FIELD(I32, visits)

#define PRODUCT_FIELDS(FIELD)                                                                \
    FIELD(I64, id) FIELD(STRING, sku) FIELD(STRING, title) FIELD(STRING, brand)              \
    FIELD(DOUBLE, price) FIELD(DOUBLE, discount) FIELD(DOUBLE, tax) FIELD(CHARS, currency)   \
    FIELD(I32, stock) FIELD(I32, reserved) FIELD(I32, minimum) FIELD(I32, sold)              \
    FIELD(I32, views) FIELD(DOUBLE, rating) FIELD(I32, ratings) FIELD(STATE, status)         \
    FIELD(STATE, review) FIELD(BOOL, featured) FIELD(BOOL, digital) FIELD(BOOL, returnable)  \
    FIELD(BOOL, fragile) FIELD(DOUBLE, weight) FIELD(DOUBLE, width) FIELD(DOUBLE, height)    \
    FIELD(DOUBLE, depth) FIELD(STRING, material) FIELD(STRING, colour) FIELD(CHARS, barcode) \
    FIELD(CHARS, locale) FIELD(I64, supplier_id) FIELD(STRING, supplier)                     \
    FIELD(ADDRESS, warehouse) FIELD(I64, category_id) FIELD(STRINGS, tags)                   \
    FIELD(STRINGS, images) FIELD(DOUBLES, prices) FIELD(STRING, notes)                       \
    FIELD(STRING, description) FIELD(I64, created_ms) FIELD(I64, updated_ms)
/* clang-format on */

/* Values of each record, all different, so that no branch is always taken the same way. */
#define RECORDS_VALUES 16

typedef enum record { RECORD_USER, RECORD_PRODUCT, RECORDS } record;

const user *record_user(size_t i);
const product *record_product(size_t i);
bool record_equal(record which, const void *one, const void *other);

static inline const void *record_value(record which, size_t i)
{
    return which == RECORD_USER ? (const void *)record_user(i) : record_product(i);
}

/* Room for either. */
typedef union record_room {
    user as_user;
    product as_product;
} record_room;

static inline const char *state_name(state value)
{
    return value == ACTIVE ? "active" : value == PENDING ? "pending" : "suspended";
}

#ifdef __cplusplus
}
#endif

#endif
