/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plan: a type's descriptor (<zcache/table.h>), checked and worked out once, when a table is
 * opened, so that encoding and decoding a value looks nothing up: names in the form each codec
 * writes, plans of nested structs, defaults as a struct to start from, an index from names to
 * fields. Immutable once made; any number of threads use it.
 */
#ifndef ZC_CODEC_PLAN_H
#define ZC_CODEC_PLAN_H

#include <zcache/table.h>

typedef struct zc_plan zc_plan;
typedef struct zc_field zc_field;
struct zc_msgpack_reader;
struct zc_msgpack_writer;

/* The longest way from a value to its innermost field, of types and of untrusted bytes alike. */
#define ZC_DEPTH_MAX 64

/* Fields of one struct: more is refused. */
#define ZC_FIELDS_MAX 1024
/* The longest name of a field, or of an enum's value, bytes. */
#define ZC_FIELD_NAME_MAX 255
/* So that a name is copied and compared in pieces of 16 bytes. */
#define ZC_NAME_PADDING 16

/* A name as MessagePack writes it. */
typedef struct zc_msgpack_name {
    zcache_slice bytes; /* with its header; ZC_NAME_PADDING bytes after it are readable */
    /* To compare it without a loop: its first 16 bytes, and 0xff where it has some. */
    uint64_t words[2], masks[2];
} zc_msgpack_name;

typedef struct zc_msgpack_enum {
    zc_msgpack_name name;
    int64_t value;
} zc_msgpack_enum;

/* Reads the pair of a field and those behind it: see msgpack-quick.h. */
typedef const unsigned char *zc_msgpack_step(struct zc_msgpack_reader *reader,
                                             const unsigned char *at, const zc_field *field,
                                             char *value);

/* Writes the pair of a field and those behind it: see msgpack-encode.c. */
typedef unsigned char *zc_msgpack_write(struct zc_msgpack_writer *writer, unsigned char *to,
                                        const zc_field *field, const char *value);

struct zc_field {
    zc_msgpack_step *msgpack_step;
    zc_msgpack_write *msgpack_write;
    zcache_type type;
    zcache_shape shape;
    bool required;
    bool has_text_default; /* a STRING's; the defaults of other types are in plan->initial */
    size_t offset;
    zc_msgpack_name msgpack_name;
    zcache_slice name;      /* as it is stored */
    zcache_slice json_name; /* `"name":`, escaped; ZC_NAME_PADDING bytes after it are readable */
    char *names;            /* the memory of the three */
    size_t size;            /* of one element */
    size_t msgpack_room;    /* what one takes at most, if it is a number or the name of an enum */
    size_t count;           /* FIXED: elements; COUNTED: offset of the size_t with their number */
    ptrdiff_t bytes_offset; /* BYTES: from the pointer to the size_t with their number */
    const zc_plan *plan;    /* NESTED, POINTER: of the struct */
    const zcache_enum *enumeration;
    zcache_slice *enum_names;      /* of its values, in their order */
    zc_msgpack_enum *msgpack_enum; /* they and their values; then an empty name, which all match */
    zcache_slice text_default;
};

/* A name that may be read, and the field it means. */
typedef struct zc_name {
    zcache_slice name;
    size_t field;
} zc_name;

struct zc_plan {
    const zcache_struct *type;
    const char *name; /* of the type */
    size_t size;
    size_t alignment;
    size_t field_count;
    zc_field *fields; /* and behind the last, one of which only the step is set */
    /* What all names and numbers take in MessagePack, at most, and a name's padding behind them. */
    size_t msgpack_room;
    bool bare;              /* the one field is stored by itself */
    bool owns;              /* a decoded value may own memory */
    size_t first_pointer;   /* to such memory: its offset; SIZE_MAX: in structs in it only */
    bool has_required;      /* a field of its own is */
    bool has_text_defaults; /* one of its STRINGs, or of those of a struct in it, has a default */
    /* What a value is before anything was decoded into it: 0, and the defaults but for STRINGs,
     * those of structs in it too. */
    void *initial;
    /* Names and aliases of all fields, open addressing: slot zc_plan_hash(name) & (slots - 1) and
     * those after it. An empty slot has no data. */
    size_t slots;
    zc_name *names;
    zc_plan *next; /* of the plans that were made together, the root first */
};

/* Makes the plan of a type and of all that it nests; they are freed together. Errors:
 * ZCACHE_E_INVALID: the descriptor is wrong, and the message names type and field: no fields, two
 * fields of one name, a default that does not fit, an empty name, one that is not UTF-8 or too
 * long; ZCACHE_E_NOMEM. */
zcache_status zc_plan_make(const zcache_struct *type, zc_plan **plan);
void zc_plan_free(zc_plan *plan);

/* What decoding a struct ends with where has_required or has_text_defaults is set: `seen` has a bit
 * for each field that was there. Fills in the texts that others have by default. Errors:
 * ZCACHE_E_TYPE, a required field is missing; ZCACHE_E_NOMEM, the block is full. */
zcache_status zc_plan_settle(const zc_plan *plan, const uint64_t seen[ZC_FIELDS_MAX / 64],
                             void *value, zcache_block *block);

/* Whether the type is what the codecs bytes and string hold. */
bool zc_plan_is_bytes(const zc_plan *plan);
bool zc_plan_is_string(const zc_plan *plan);

static inline uint32_t zc_plan_hash(const char *name, size_t size)
{
    /* Names are few and short: length, first, middle and last byte tell most apart. */
    if (size == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)name;
    uint32_t hash = (uint32_t)size * 0x9E3779B1u;
    hash ^= bytes[0] * 0x85EBCA6Bu ^ bytes[size / 2] * 0xC2B2AE35u ^ bytes[size - 1] * 0x27D4EB2Fu;
    return hash ^ hash >> 15;
}

/* The field that a name means; NULL: none. `expected` is the index of the field that comes next in
 * the order of the descriptor: encoders keep to it, so that one comparison mostly suffices. */
static inline const zc_field *zc_plan_find(const zc_plan *plan, const char *name, size_t size,
                                           size_t expected)
{
    if (expected < plan->field_count) {
        const zc_field *field = &plan->fields[expected];
        if (field->name.size == size && memcmp(field->name.data, name, size) == 0)
            return field;
    }
    for (uint32_t at = zc_plan_hash(name, size);; at++) {
        const zc_name *known = &plan->names[at & (plan->slots - 1)];
        if (known->name.data == NULL)
            return NULL;
        if (known->name.size == size && memcmp(known->name.data, name, size) == 0)
            return &plan->fields[known->field];
    }
}

#endif
