/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Documents as other writers make them.
 */
#include "foreign.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* Integers up to this may be written as real numbers. */
#define REAL_INTEGER_MAX (UINT64_C(1) << 53)

static bool chance(values *random, size_t of)
{
    return values_below(random, of) == 0;
}

/* The numbers 0 to count - 1 in any order; the generator's memory. */
static size_t *any_order(values *random, size_t count)
{
    size_t *order = values_memory(random, (count + 1) * sizeof(*order));
    for (size_t i = 0; i < count; i++) {
        size_t other = values_below(random, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_space(values *random, FILE *out)
{
    while (chance(random, 4))
        putc(" \t\r\n"[values_below(random, 4)], out);
}

static unsigned sequence_size(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* One character of UTF-8 as \u. */
static void put_escape(const unsigned char *text, unsigned size, FILE *out)
{
    unsigned point = size == 1 ? text[0] : text[0] & (0xffu >> (size + 1));
    for (unsigned i = 1; i < size; i++)
        point = point << 6 | (text[i] & 0x3f);
    if (point < 0x10000) {
        fprintf(out, "\\u%04x", point);
        return;
    }
    point -= 0x10000;
    fprintf(out, "\\u%04X\\u%04x", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
}

static void put_json_text(values *random, const char *bytes, size_t size, FILE *out)
{
    static const char shorts[] = "\"\"\\\\//\bb\ff\nn\rr\tt";
    const unsigned char *text = (const unsigned char *)bytes;
    putc('"', out);
    for (size_t i = 0; i < size;) {
        unsigned length = sequence_size(text[i]);
        const char *known = shorts;
        while (*known != '\0' && (unsigned char)*known != text[i])
            known += 2;
        if (*known != '\0' && chance(random, 2))
            fprintf(out, "\\%c", known[1]);
        else if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\' || chance(random, 8))
            put_escape(text + i, length, out);
        else
            fwrite(text + i, 1, length, out);
        i += length;
    }
    putc('"', out);
}

static void put_base64(values *random, const char *bytes, size_t size, FILE *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bool padded = chance(random, 2);
    putc('"', out);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = 0;
        size_t have = size - i < 3 ? size - i : 3;
        for (size_t j = 0; j < 3; j++)
            three = three << 8 | (j < have ? (unsigned char)bytes[i + j] : 0);
        for (size_t j = 0; j < 4; j++) {
            if (j <= have)
                putc(digits[three >> (18 - 6 * j) & 63], out);
            else if (padded)
                putc('=', out);
        }
    }
    putc('"', out);
}

static void put_json_integer(values *random, bool negative, uint64_t magnitude, FILE *out)
{
    static const char *const forms[] = {"%s%llu", "%s%llu.0", "%s%llue0", "%s%llu.000e+00",
                                        "%s%llu00E-2"};
    size_t form = 0;
    if (magnitude <= REAL_INTEGER_MAX && chance(random, 4))
        form = values_below(random, magnitude > 0 ? 5 : 4); /* no number begins with 00 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    fprintf(out, forms[form], negative ? "-" : "", (unsigned long long)magnitude);
#pragma GCC diagnostic pop
}

static void put_json_map(values *random, const msgpack_object_map *map, FILE *out)
{
    size_t *order = any_order(random, map->size);
    bool first = true;
    putc('{', out);
    put_space(random, out);
    for (size_t i = 0; i < map->size;) {
        const msgpack_object_kv *pair = &map->ptr[order[i]];
        fputs(first ? "" : ",", out);
        first = false;
        put_space(random, out);
        if (chance(random, 6)) {
            fputs("\"?unknown\":", out);
            any_json(random, 4, out);
            continue;
        }
        put_json_text(random, pair->key.via.str.ptr, pair->key.via.str.size, out);
        put_space(random, out);
        putc(':', out);
        foreign_json(random, &pair->val, out);
        i++;
    }
    putc('}', out);
}

void foreign_json(values *random, const msgpack_object *object, FILE *out)
{
    put_space(random, out);
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        fputs(object->via.boolean ? "true" : "false", out);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        put_json_integer(random, false, object->via.u64, out);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        put_json_integer(random, true, -(uint64_t)object->via.i64, out);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        if (object->via.f64 == 0 && signbit(object->via.f64))
            fputs("-0.0", out); /* "-0" would be an integer */
        else
            fprintf(out, object->type == MSGPACK_OBJECT_FLOAT32 ? "%.9g" : "%.17g",
                    object->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
        put_json_text(random, object->via.str.ptr, object->via.str.size, out);
        break;
    case MSGPACK_OBJECT_BIN:
        put_base64(random, object->via.bin.ptr, object->via.bin.size, out);
        break;
    case MSGPACK_OBJECT_ARRAY:
        putc('[', out);
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            fputs(i > 0 ? "," : "", out);
            foreign_json(random, &object->via.array.ptr[i], out);
        }
        put_space(random, out);
        putc(']', out);
        break;
    case MSGPACK_OBJECT_MAP:
        put_json_map(random, &object->via.map, out);
        break;
    default:
        fputs("null", out);
    }
    put_space(random, out);
}

static json_t *random_json(values *random, unsigned depth)
{
    char text[64];
    json_t *made;
    switch (values_below(random, depth > 1 ? 8 : 6)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(chance(random, 2));
    case 2:
        return json_integer((json_int_t)(values_bits(random) >> values_below(random, 64)));
    case 3:
        return json_real(values_real(random, true));
    case 4:
    case 5:
        values_text(random, text, sizeof(text) - 1);
        return json_string(text);
    case 6:
        made = json_array();
        for (size_t n = values_below(random, 5); n > 0; n--)
            json_array_append_new(made, random_json(random, depth - 1));
        return made;
    default:
        made = json_object();
        for (size_t n = values_below(random, 5); n > 0; n--) {
            values_text(random, text, sizeof(text) - 1);
            json_object_set_new(made, text, random_json(random, depth - 1));
        }
        return made;
    }
}

void any_json(values *random, unsigned depth, FILE *out)
{
    json_t *made = random_json(random, depth);
    size_t flags = JSON_ENCODE_ANY | JSON_INDENT(values_below(random, 3));
    flags |= chance(random, 2) ? JSON_COMPACT : 0;
    flags |= chance(random, 2) ? JSON_ENSURE_ASCII : 0;
    flags |= chance(random, 2) ? JSON_ESCAPE_SLASH : 0;
    char *text = json_dumps(made, flags);
    if (text == NULL)
        abort();
    fputs(text, out);
    free(text);
    json_decref(made);
}

/* ---- MessagePack ----------------------------------------------------------------------------- */

/* A first byte and a big-endian number of so many bytes. */
static void put_wide(unsigned first, uint64_t number, unsigned bytes, FILE *out)
{
    putc((int)first, out);
    while (bytes-- > 0)
        putc((int)(number >> 8 * bytes & 0xff), out);
}

/* Of 1, 2, 4 and 8 bytes, one in which the number is not cut: 0, 1, 2 or 3. */
static unsigned any_width(values *random, uint64_t number, unsigned most)
{
    unsigned least = number <= UINT8_MAX    ? 0
                     : number <= UINT16_MAX ? 1
                     : number <= UINT32_MAX ? 2
                                            : 3;
    return least + (unsigned)values_below(random, most - least + 1);
}

static void put_double(double real, FILE *out)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    put_wide(0xcb, bits, 8, out);
}

static void put_positive(values *random, uint64_t number, FILE *out)
{
    if (number <= REAL_INTEGER_MAX && chance(random, 6)) {
        put_double((double)number, out);
    } else if (number < 0x80 && chance(random, 2)) {
        putc((int)number, out);
    } else if (number <= INT64_MAX && chance(random, 2)) {
        unsigned width = any_width(random, number * 2, 3); /* the sign takes a bit */
        put_wide(0xd0 + width, number, 1u << width, out);
    } else {
        unsigned width = any_width(random, number, 3);
        put_wide(0xcc + width, number, 1u << width, out);
    }
}

static void put_negative(values *random, int64_t number, FILE *out)
{
    uint64_t magnitude = (uint64_t)~number;
    if (number >= -(int64_t)REAL_INTEGER_MAX && chance(random, 6)) {
        put_double((double)number, out);
        return;
    }
    unsigned width = any_width(random, magnitude * 2, 3);
    put_wide(0xd0 + width, (uint64_t)number, 1u << width, out);
}

static void put_count(values *random, unsigned fixed, unsigned wide, uint32_t count, FILE *out)
{
    if (count <= 15 && chance(random, 2)) {
        putc((int)(fixed | count), out);
        return;
    }
    unsigned width = count <= UINT16_MAX && chance(random, 2) ? 2 : 4;
    put_wide(wide + (width == 4), count, width, out);
}

static void put_msgpack_text(values *random, unsigned first, const char *text, uint32_t size,
                             FILE *out)
{
    unsigned width = any_width(random, size, 2);
    if (first == 0xd9 && size < 32 && chance(random, 2))
        putc((int)(0xa0 | size), out);
    else
        put_wide(first + width, size, 1u << width, out);
    fwrite(text, 1, size, out);
}

static void put_msgpack_map(values *random, const msgpack_object_map *map, FILE *out)
{
    uint32_t unknown = (uint32_t)values_below(random, 3);
    size_t count = map->size + unknown, *order = any_order(random, count);
    put_count(random, 0x80, 0xde, (uint32_t)count, out);
    for (size_t i = 0; i < count; i++) {
        if (order[i] >= map->size) {
            put_msgpack_text(random, 0xd9, "?unknown", 8, out);
            any_msgpack(random, 4, out);
            continue;
        }
        foreign_msgpack(random, &map->ptr[order[i]].key, out);
        foreign_msgpack(random, &map->ptr[order[i]].val, out);
    }
}

void foreign_msgpack(values *random, const msgpack_object *object, FILE *out)
{
    float single;
    uint32_t bits;
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        putc(object->via.boolean ? 0xc3 : 0xc2, out);
        return;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        put_positive(random, object->via.u64, out);
        return;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        put_negative(random, object->via.i64, out);
        return;
    case MSGPACK_OBJECT_FLOAT32:
        single = (float)object->via.f64;
        memcpy(&bits, &single, sizeof(bits));
        if (chance(random, 2))
            put_wide(0xca, bits, 4, out);
        else
            put_double(object->via.f64, out);
        return;
    case MSGPACK_OBJECT_FLOAT64:
        put_double(object->via.f64, out);
        return;
    case MSGPACK_OBJECT_STR:
        put_msgpack_text(random, 0xd9, object->via.str.ptr, object->via.str.size, out);
        return;
    case MSGPACK_OBJECT_BIN:
        put_msgpack_text(random, chance(random, 2) ? 0xc4 : 0xd9, object->via.bin.ptr,
                         object->via.bin.size, out);
        return;
    case MSGPACK_OBJECT_ARRAY:
        put_count(random, 0x90, 0xdc, object->via.array.size, out);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            foreign_msgpack(random, &object->via.array.ptr[i], out);
        return;
    case MSGPACK_OBJECT_MAP:
        put_msgpack_map(random, &object->via.map, out);
        return;
    default:
        putc(0xc0, out);
    }
}

static void pack_any(values *random, unsigned depth, msgpack_packer *packer)
{
    char text[64];
    size_t size = values_text(random, text, sizeof(text) - 1), count = values_below(random, 5);
    switch (values_below(random, depth > 1 ? 11 : 9)) {
    case 0:
        msgpack_pack_nil(packer);
        return;
    case 1:
        msgpack_pack_true(packer);
        return;
    case 2:
        msgpack_pack_int64(packer, (int64_t)values_bits(random) >> values_below(random, 64));
        return;
    case 3:
        msgpack_pack_uint64(packer, values_bits(random) >> values_below(random, 64));
        return;
    case 4:
        msgpack_pack_float(packer, (float)values_real(random, false));
        return;
    case 5:
        msgpack_pack_double(packer, values_real(random, false));
        return;
    case 6:
        msgpack_pack_str_with_body(packer, text, size);
        return;
    case 7:
        msgpack_pack_bin_with_body(packer, text, size);
        return;
    case 8:
        msgpack_pack_ext_with_body(packer, text, size, (int8_t)values_bits(random));
        return;
    case 9:
        msgpack_pack_array(packer, count);
        for (size_t i = 0; i < count; i++)
            pack_any(random, depth - 1, packer);
        return;
    default:
        msgpack_pack_map(packer, count);
        for (size_t i = 0; i < 2 * count; i++)
            pack_any(random, depth - 1, packer);
    }
}

void any_msgpack(values *random, unsigned depth, FILE *out)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    pack_any(random, depth, &packer);
    fwrite(buffer.data, 1, buffer.size, out);
    msgpack_sbuffer_destroy(&buffer);
}
