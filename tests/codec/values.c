/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Random values of described structs. Small, empty and extreme ones come far more often than chance
 * would bring them, for that is where codecs change their form.
 */
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct piece {
    struct piece *next;
    _Alignas(max_align_t) char memory[];
} piece;

struct values {
    uint64_t state;
    piece *pieces;
    unsigned depth;   /* of pointers and arrays of structs that are being filled */
    size_t remaining; /* structs that may still be made for this value */
    unsigned limits;
};

/* Deep enough for a list to be one, and below the 64 levels that the codecs allow. */
#define DEPTH_MAX   20
#define STRUCTS_MAX 60

uint64_t values_seed(uint64_t otherwise)
{
    const char *given = getenv("ZCACHE_TEST_SEED");
    return given != NULL ? strtoull(given, NULL, 0) : otherwise;
}

values *values_new(uint64_t seed)
{
    values *from = calloc(1, sizeof(*from));
    if (from == NULL)
        abort();
    from->state = seed;
    return from;
}

void values_free(values *from)
{
    while (from->pieces != NULL) {
        piece *first = from->pieces;
        from->pieces = first->next;
        free(first);
    }
    free(from);
}

void *values_memory(values *from, size_t size)
{
    piece *made = calloc(1, sizeof(*made) + size);
    if (made == NULL)
        abort();
    made->next = from->pieces;
    from->pieces = made;
    return made->memory;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* splitmix64: https://prng.di.unimi.it/splitmix64.c describes it. */
uint64_t values_bits(values *from)
{
    uint64_t bits = from->state += UINT64_C(0x9E3779B97F4A7C15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

size_t values_below(values *from, size_t limit)
{
    return (size_t)(values_bits(from) % limit);
}

/* As many significant bits as chance will have, beside a power of two or within it. */
static uint64_t any_integer(values *from)
{
    unsigned width = (unsigned)values_below(from, 65);
    if (width == 0)
        return 0;
    uint64_t bits = values_bits(from);
    switch (values_below(from, 4)) {
    case 0:
        return UINT64_MAX >> (64 - width); /* 2^width - 1 */
    case 1:
        return UINT64_C(1) << (width - 1);
    case 2:
        return ~(UINT64_MAX >> (64 - width)); /* -2^width */
    default:
        bits >>= 64 - width;
        return values_below(from, 2) == 0 ? bits : -bits;
    }
}

double values_real(values *from, bool finite)
{
    double real;
    uint64_t bits = values_bits(from);
    switch (values_below(from, 8)) {
    case 0:
        real = (double)(int64_t)any_integer(from);
        break;
    case 1:
        real = (double)(int32_t)bits / 100;
        break;
    case 2: { /* halfway between two floats, or just beside it */
        uint64_t near = (bits & ~UINT64_C(0x1fffffff)) | 0x10000000;
        near += values_below(from, 3) - 1;
        memcpy(&real, &near, sizeof(real));
        break;
    }
    case 3: /* subnormal */
        bits &= UINT64_C(0x800fffffffffffff);
        memcpy(&real, &bits, sizeof(real));
        break;
    case 4: {
        static const double special[] = {
            0.0,  -0.0, 1.0,    -1.0, 0.1,      1e15,      1e16, 1e21,
            1e22, 1e23, 5e-324, 1e-7, INFINITY, -INFINITY, NAN,  1.7976931348623157e308};
        real = special[values_below(from, sizeof(special) / sizeof(special[0]))];
        break;
    }
    case 5:
        real = (double)(float)(int32_t)bits / 16777216;
        break;
    default:
        memcpy(&real, &bits, sizeof(real));
    }
    if (isnan(real))
        real = NAN; /* which of the NaNs it is may be lost */
    return finite && !isfinite(real) ? 0.25 : real;
}

static float any_float(values *from, bool finite)
{
    uint32_t bits = (uint32_t)values_bits(from);
    float real = (float)values_real(from, false);
    if (values_below(from, 2) == 0)
        memcpy(&real, &bits, sizeof(real));
    if (isnan(real))
        real = (float)NAN;
    return finite && !isfinite(real) ? 1.5f : real;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static size_t put_character(values *from, char *text)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{'a', 'z'},       {' ', '~'},          {1, 0x1f},       {0x22, 0x22},
                  {0x5c, 0x5c},     {0x7f, 0xa0},        {0x80, 0x7ff},   {0x800, 0xd7ff},
                  {0xe000, 0xffff}, {0x10000, 0x10ffff}, {0x2028, 0x2029}};
    size_t range = values_below(from, 3) > 0
                       ? values_below(from, 2)
                       : values_below(from, sizeof(ranges) / sizeof(ranges[0]));
    uint32_t point = ranges[range].first +
                     (uint32_t)values_below(from, ranges[range].last - ranges[range].first + 1);
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        text[0] = (char)(0xc0 | point >> 6);
        text[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        text[0] = (char)(0xe0 | point >> 12);
        text[1] = (char)(0x80 | (point >> 6 & 0x3f));
        text[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    text[0] = (char)(0xf0 | point >> 18);
    text[1] = (char)(0x80 | (point >> 12 & 0x3f));
    text[2] = (char)(0x80 | (point >> 6 & 0x3f));
    text[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

size_t values_text(values *from, char *text, size_t most)
{
    size_t size = 0, wanted = values_below(from, most + 1);
    bool plain = values_below(from, 2) == 0;
    while (size < wanted && most - size >= 4) {
        if (plain)
            text[size++] = (char)('a' + values_below(from, 26));
        else
            size += put_character(from, text + size);
    }
    while (size < wanted && (plain || values_below(from, 4) > 0))
        text[size++] = 'x';
    text[size] = '\0';
    return size;
}

/* Mostly short; now and then of each length of header. */
static size_t any_size(values *from)
{
    size_t kind = values_below(from, 600);
    if (kind == 0)
        return 65530 + values_below(from, 12);
    return kind < 12 ? 200 + values_below(from, 200) : values_below(from, 36);
}

static char *any_string(values *from)
{
    size_t most = any_size(from);
    char *text = values_memory(from, most + 1);
    values_text(from, text, most);
    return text;
}

static void *any_bytes(values *from, size_t size)
{
    unsigned char *bytes = values_memory(from, size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)values_bits(from);
    return bytes;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void fill_struct(values *from, const zcache_struct *type, void *value);

static void fill_enum(values *from, const zcache_field *field, void *to)
{
    const zcache_enum *known = field->enumeration();
    int64_t value = known->values[values_below(from, known->count)].value;
    memcpy(to, &value, field->size); /* of a little endian machine: its low bytes */
}

static void fill_pointer(values *from, const zcache_field *field, void *to)
{
    void *pointed = NULL;
    bool wanted = field->required || values_below(from, 3) > 0;
    if (wanted && from->depth < DEPTH_MAX && from->remaining > 0) {
        const zcache_struct *type = field->structure();
        pointed = values_memory(from, type->size);
        from->depth++;
        fill_struct(from, type, pointed);
        from->depth--;
    }
    memcpy(to, &pointed, sizeof(pointed));
}

static void fill_one(values *from, const zcache_field *field, char *to)
{
    uint64_t integer;
    double real;
    float small;
    bool truth, null = !field->required && values_below(from, 5) == 0;
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        truth = values_below(from, 2) == 0;
        memcpy(to, &truth, sizeof(truth));
        return;
    case ZCACHE_TYPE_FLOAT:
        small = any_float(from, from->limits & VALUES_FINITE);
        memcpy(to, &small, sizeof(small));
        return;
    case ZCACHE_TYPE_DOUBLE:
        real = values_real(from, from->limits & VALUES_FINITE);
        memcpy(to, &real, sizeof(real));
        return;
    case ZCACHE_TYPE_ENUM:
        fill_enum(from, field, to);
        return;
    case ZCACHE_TYPE_STRING: {
        char *text = null ? NULL : any_string(from);
        memcpy(to, &text, sizeof(text));
        return;
    }
    case ZCACHE_TYPE_CHARS:
        values_text(from, to, field->size - 1);
        return;
    case ZCACHE_TYPE_BYTES: {
        size_t size = null ? 0 : any_size(from);
        void *bytes = null ? NULL : any_bytes(from, size);
        memcpy(to, &bytes, sizeof(bytes));
        memcpy(to + field->bytes_offset, &size, sizeof(size));
        return;
    }
    case ZCACHE_TYPE_NESTED:
        fill_struct(from, field->structure(), to);
        return;
    case ZCACHE_TYPE_POINTER:
        fill_pointer(from, field, to);
        return;
    default:
        integer = any_integer(from);
        if (field->type == ZCACHE_TYPE_U64 && (from->limits & VALUES_SIGNED))
            integer &= INT64_MAX;
        memcpy(to, &integer, field->size);
    }
}

static size_t any_count(values *from, const zcache_field *field)
{
    bool structs = field->type == ZCACHE_TYPE_NESTED || field->type == ZCACHE_TYPE_POINTER;
    if (structs)
        return from->depth < DEPTH_MAX && from->remaining > 4 ? values_below(from, 4) : 0;
    return values_below(from, 40) == 0 ? values_below(from, 300) : values_below(from, 6);
}

static void fill_array(values *from, const zcache_field *field, char *value)
{
    char *elements = value + field->offset;
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        count = any_count(from, field);
        elements = count > 0 ? values_memory(from, count * field->size) : NULL;
        memcpy(value + field->offset, &elements, sizeof(elements));
        memcpy(value + field->count, &count, sizeof(count));
    }
    from->depth++;
    for (size_t i = 0; i < count; i++)
        fill_one(from, field, elements + i * field->size);
    from->depth--;
}

static void fill_struct(values *from, const zcache_struct *type, void *value)
{
    if (from->remaining > 0)
        from->remaining--;
    for (size_t i = 0; i < type->field_count; i++) {
        const zcache_field *field = &type->fields[i];
        if (field->shape == ZCACHE_SHAPE_ONE)
            fill_one(from, field, (char *)value + field->offset);
        else
            fill_array(from, field, value);
    }
}

void values_fill(values *from, const zcache_struct *type, void *value, unsigned limits)
{
    memset(value, 0, type->size);
    from->limits = limits;
    from->depth = 0;
    from->remaining = 1 + values_below(from, STRUCTS_MAX);
    fill_struct(from, type, value);
}

/* ---- equality -------------------------------------------------------------------------------- */

static bool texts_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool one_equal(const zcache_field *field, const char *a, const char *b, const char **where)
{
    const void *left, *right;
    switch (field->type) {
    case ZCACHE_TYPE_FLOAT: {
        float x, y;
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return (isnan(x) && isnan(y)) || memcmp(a, b, sizeof(x)) == 0;
    }
    case ZCACHE_TYPE_DOUBLE: {
        double x, y;
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return (isnan(x) && isnan(y)) || memcmp(a, b, sizeof(x)) == 0;
    }
    case ZCACHE_TYPE_CHARS:
        return strcmp(a, b) == 0;
    case ZCACHE_TYPE_NESTED:
        return values_equal(field->structure(), a, b, where);
    case ZCACHE_TYPE_STRING:
    case ZCACHE_TYPE_BYTES:
    case ZCACHE_TYPE_POINTER:
        break;
    default:
        return memcmp(a, b, field->size) == 0;
    }
    left = values_pointer(a);
    right = values_pointer(b);
    if (field->type == ZCACHE_TYPE_STRING)
        return texts_equal(left, right);
    if (field->type == ZCACHE_TYPE_POINTER && left != NULL && right != NULL)
        return values_equal(field->structure(), left, right, where);
    if (field->type == ZCACHE_TYPE_POINTER || left == NULL || right == NULL)
        return left == right;
    size_t x, y;
    memcpy(&x, a + field->bytes_offset, sizeof(x));
    memcpy(&y, b + field->bytes_offset, sizeof(y));
    return x == y && memcmp(left, right, x) == 0;
}

static bool field_equal(const zcache_field *field, const char *a, const char *b, const char **where)
{
    const char *left = a + field->offset, *right = b + field->offset;
    if (field->shape == ZCACHE_SHAPE_ONE)
        return one_equal(field, left, right, where);
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        size_t other;
        memcpy(&count, a + field->count, sizeof(count));
        memcpy(&other, b + field->count, sizeof(other));
        if (count != other)
            return false;
        left = values_pointer(left);
        right = values_pointer(right);
    }
    for (size_t i = 0; i < count; i++)
        if (!one_equal(field, left + i * field->size, right + i * field->size, where))
            return false;
    return true;
}

bool values_equal(const zcache_struct *type, const void *a, const void *b, const char **where)
{
    for (size_t i = 0; i < type->field_count; i++) {
        *where = type->fields[i].name;
        if (!field_equal(&type->fields[i], a, b, where))
            return false;
    }
    return true;
}
