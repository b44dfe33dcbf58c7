/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The values of the benchmark of codecs.
 *
 * Real numbers have at most 15 digits and small exponents: RapidJSON by default reads those exactly
 * and others up to 3 units off in the last place.
 */
#include <stdio.h>
#include <string.h>

#include "codec-records.h"

#define ELEMENTS_MAX 8

static user users[RECORDS_VALUES];
static product products[RECORDS_VALUES];
static char *product_tags[RECORDS_VALUES][ELEMENTS_MAX];
static char *product_images[RECORDS_VALUES][ELEMENTS_MAX];
static double product_prices[RECORDS_VALUES][ELEMENTS_MAX];
static char image_names[RECORDS_VALUES][ELEMENTS_MAX][64];

/* Literals are only read. */
static char names[][32] = {"Zoë Müller", "John Smith", "李小龍", "Søren Ærø"};
static char companies[][48] = {"Northern Lights Trading Company", "Blue Harbour Logistics Ltd.",
                               "Acme \"Rocket\" Works & Partners", "Société Générale d'Études"};
static char emails[][48] = {"zoe.mueller@northern-lights.example", "js@example.com",
                            "xiaolong.li@mail.example.org", "soeren@aeroe.example.dk"};
static char skus[][16] = {"CHR-00412-BLK", "TBL-7", "LMP-20441-W", "RUG-118-XL"};
static char titles[][64] = {"Office chair, height adjustable", "Side table",
                            "Desk lamp with dimmer, 9 W", "Rug of New Zealand wool, 200 × 300 cm"};
static char brands[][16] = {"Nordica", "Holz & Söhne", "Lumen", "Tkalnia"};
static char materials[][16] = {"polyester", "oak", "aluminium", "wool"};
static char colours[][16] = {"black", "natural", "white", "anthracite"};
static char notes[][32] = {"", "ships in 2 parcels", "bulb included", "cut to size on demand"};
static char streets[][32] = {"12 Harbour Road", "Große Straße 7", "1 Infinite Way", "Długa 44/3"};
static char cities[][16] = {"Rotterdam", "Osnabrück", "Dublin", "Łódź"};
static char countries[][4] = {"NL", "DE", "IE", "PL"};
static char locales[][8] = {"en-GB", "de-DE", "en-IE", "pl-PL"};
static char tags[][16] = {"furniture", "office", "sale", "new", "home", "light", "wool", "\"eco\""};
static char descriptions[][400] = {
    "A chair for long days.\nThe seat is 42 to 53 cm high, the back follows the movement of "
    "whoever "
    "sits on it, and the arms can be taken off without a tool.\n\nTested for 120 kg. Comes with "
    "casters for hard floors; those for carpets are sold separately.\nColour shown: \"black\".",
    "Solid oak, oiled. Fits next to any sofa or bed, carries 25 kg, and is put together in five "
    "minutes with the one key that is in the box.",
    "Dims without flicker from 1 % to 100 %.\tThe arm reaches 60 cm and stays where it is put.\n"
    "Light: 2,700 K to 5,000 K, 806 lm, colour rendering > 90. Consumes 9 W, and 0.2 W while it is "
    "\"off\".",
    "Woven by hand, so that no two are alike: differences of up to 2 % in size and shade are no "
    "fault but the mark of the loom. Do not wash; shake it out in the snow, as our grandmothers "
    "did."};

static void make_user(size_t i)
{
    size_t k = i % 4;
    users[i] = (user){.id = (int64_t)(i * 982451653 + 1000003 * k),
                      .name = names[k],
                      .company = companies[(i + k) % 4],
                      .score = (double)(i * 7919 % 100000) / 100,
                      .verified = i % 3 != 0,
                      .status = (state)(i % 3),
                      .visits = (int32_t)(i * i * 37)};
    snprintf(users[i].email, sizeof(users[i].email), "%s", emails[k]);
}

static address make_address(size_t k)
{
    address made = {.street = streets[k], .floor = (int32_t)k - 1};
    snprintf(made.city, sizeof(made.city), "%s", cities[k]);
    snprintf(made.country, sizeof(made.country), "%s", countries[k]);
    return made;
}

static void make_arrays(size_t i, product *made)
{
    made->tags = product_tags[i];
    made->tags_count = 2 + i % 4;
    made->images = product_images[i];
    made->images_count = 1 + i % 3;
    made->prices = product_prices[i];
    made->prices_count = 4 + i % 5;
    for (size_t k = 0; k < ELEMENTS_MAX; k++) {
        product_tags[i][k] = tags[(i + k * 3) % 8];
        snprintf(image_names[i][k], sizeof(image_names[i][k]),
                 "https://images.example.com/%zu/%zu.jpg", 41000 + i * 17, k);
        product_images[i][k] = image_names[i][k];
        product_prices[i][k] = (double)(4999 + i * 1250 + k * 333) / 100;
    }
}

static void make_product(size_t i)
{
    size_t k = i % 4;
    product *made = &products[i];
    *made = (product){.id = (int64_t)(700000000000 + i * 7919),
                      .supplier_id = (int64_t)(10440 + k),
                      .category_id = (int64_t)(3 + k * 111),
                      .created_ms = (int64_t)(1672531200000 + i * 86400000),
                      .updated_ms = (int64_t)(1717200000123 + i * 3600017),
                      .sku = skus[k],
                      .title = titles[(i + 1) % 4],
                      .brand = brands[k],
                      .supplier = companies[k],
                      .material = materials[k],
                      .colour = colours[(i / 2) % 4],
                      .notes = notes[(i / 3) % 4],
                      .description = descriptions[k],
                      .price = (double)(4999 + i * 1250) / 100,
                      .discount = (double)(i % 4 * 5) / 100,
                      .tax = 0.21,
                      .rating = (double)(30 + i % 20) / 10,
                      .weight = (double)(125 + i * 731) / 1000,
                      .width = (double)(40 + i),
                      .height = (double)(755 + i * 5) / 10,
                      .depth = 61.5,
                      .stock = (int32_t)(i * 41 % 300),
                      .reserved = (int32_t)(i % 7),
                      .minimum = 10,
                      .sold = (int32_t)(i * 12345),
                      .views = (int32_t)(i * 1234567),
                      .ratings = (int32_t)(i * 313),
                      .featured = i % 2 == 0,
                      .returnable = i % 5 != 0,
                      .fragile = i % 3 == 1,
                      .status = (state)(i % 3),
                      .review = (state)(i / 2 % 3),
                      .warehouse = make_address(k)};
    snprintf(made->currency, sizeof(made->currency), "%s", k == 3 ? "PLN" : "EUR");
    snprintf(made->barcode, sizeof(made->barcode), "%013zu", 4006381333931 + i * 77);
    snprintf(made->locale, sizeof(made->locale), "%s", locales[k]);
    make_arrays(i, made);
}

const user *record_user(size_t i)
{
    if (users[i].name == NULL)
        make_user(i);
    return &users[i];
}

const product *record_product(size_t i)
{
    if (products[i].sku == NULL)
        make_product(i);
    return &products[i];
}

/* ---- whether two are the same ---------------------------------------------------------------- */

static bool same_texts(char *const *one, size_t count, char *const *other, size_t other_count)
{
    if (count != other_count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(one[i], other[i]) != 0)
            return false;
    return true;
}

static bool same_address(const address *a, const address *b);

#define SAME_I64(f)     (a->f == b->f)
#define SAME_I32(f)     (a->f == b->f)
#define SAME_BOOL(f)    (a->f == b->f)
#define SAME_STATE(f)   (a->f == b->f)
#define SAME_DOUBLE(f)  (memcmp(&a->f, &b->f, sizeof(double)) == 0)
#define SAME_STRING(f)  (strcmp(a->f, b->f) == 0)
#define SAME_CHARS(f)   (strcmp(a->f, b->f) == 0)
#define SAME_STRINGS(f) same_texts(a->f, a->f##_count, b->f, b->f##_count)
#define SAME_DOUBLES(f) \
    (a->f##_count == b->f##_count && memcmp(a->f, b->f, a->f##_count * sizeof(double)) == 0)
#define SAME_ADDRESS(f) same_address(&a->f, &b->f)
#define SAME(KIND, f)   &&SAME_##KIND(f)

static bool same_address(const address *a, const address *b)
{
    return true ADDRESS_FIELDS(SAME);
}

static bool same_user(const user *a, const user *b)
{
    return true USER_FIELDS(SAME);
}

static bool same_product(const product *a, const product *b)
{
    return true PRODUCT_FIELDS(SAME);
}

bool record_equal(record which, const void *one, const void *other)
{
    return which == RECORD_USER ? same_user(one, other) : same_product(one, other);
}
