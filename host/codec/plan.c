/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Making plans. Plans that are made together form a list with the root first, in which a struct
 * that contains itself, through pointers, is found again. A descriptor comes from the program, not
 * from outside: what is checked is what a macro cannot.
 */
#include "codec/plan.h"

#include "base/allocator.h"
#include "base/error.h"
#include "codec/field.h"
#include "codec/msgpack-quick.h"
#include "codec/msgpack-write.h"
#include "codec/msgpack.h"
#include "codec/utf8.h"

/* ---- descriptors, which may come from an older header ---------------------------------------- */

static zcache_field field_at(const zcache_struct *type, size_t i)
{
    zcache_field field = {0};
    memcpy(&field, (const char *)type->fields + i * type->field_size,
           type->field_size < sizeof(field) ? type->field_size : sizeof(field));
    return field;
}

static const char *stored_name(const zcache_field *field)
{
    return field->wire_name != NULL ? field->wire_name : field->name;
}

static zcache_status refuse(const zc_plan *plan, const zcache_field *field, const char *reason)
{
    return zc_error(ZCACHE_E_INVALID, "the descriptor of %s.%s: %s", plan->name, field->name,
                    reason);
}

static zcache_status check_name(const zc_plan *plan, const zcache_field *field, const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > ZC_FIELD_NAME_MAX)
        return refuse(plan, field, "a name has 1 to 255 bytes");
    if (!zc_utf8_is_text(name, size))
        return refuse(plan, field, "its name is not UTF-8");
    return ZCACHE_OK;
}

/* The names of an enum are bounded like those of fields, so that a decoder has room for one. */
static zcache_status check_enum(const zc_plan *plan, const zcache_field *field,
                                const zcache_enum *enumeration)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < enumeration->count && status == ZCACHE_OK; i++)
        status = check_name(plan, field, enumeration->values[i].name);
    return status;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* `"name":` with what JSON escapes; returns its length, and writes unless `to` is NULL. */
static size_t write_json_name(const char *name, char *to)
{
    static const char hex[] = "0123456789abcdef";
    size_t size = 0;
#define PUT(byte) (to != NULL ? (void)(to[size] = (char)(byte)) : (void)0, size++)
    PUT('"');
    for (; *name != '\0'; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte < 0x20) {
            PUT('\\'), PUT('u'), PUT('0'), PUT('0'), PUT(hex[byte >> 4]), PUT(hex[byte & 15]);
            continue;
        }
        if (byte == '"' || byte == '\\')
            PUT('\\');
        PUT(byte);
    }
    PUT('"');
    PUT(':');
#undef PUT
    return size;
}

/* A MessagePack str of at most 255 bytes. */
static size_t msgpack_name_size(const char *name)
{
    size_t size = strlen(name);
    return size < 32 ? 1 + size : 2 + size;
}

/* Written to where there is room for it and ZC_NAME_PADDING; returns what is behind that. */
static char *make_msgpack_name(zc_msgpack_name *made, const char *name, char *to)
{
    size_t size = strlen(name), whole = msgpack_name_size(name), header = whole - size;
    to[0] = (char)(header == 1 ? 0xa0 | size : 0xd9);
    if (header == 2)
        to[1] = (char)size;
    memcpy(to + header, name, size);
    made->bytes = zcache_bytes_of(to, whole);
    size_t compared = whole < sizeof(made->words) ? whole : sizeof(made->words);
    memcpy(made->words, to, compared);
    memset(made->masks, 0xff, compared);
    return to + whole + ZC_NAME_PADDING;
}

/* All forms of a field's name, in one allocation. */
static zcache_status make_names(zc_field *field, const zcache_field *source)
{
    const char *name = stored_name(source);
    size_t size = strlen(name), json_size = write_json_name(name, NULL);
    char *text = zc_calloc(1, json_size + ZC_NAME_PADDING + msgpack_name_size(name) +
                                  ZC_NAME_PADDING + size + 1);
    if (text == NULL)
        return zc_error_nomem();
    field->names = text;
    write_json_name(name, text);
    field->json_name = zcache_bytes_of(text, json_size);
    text = make_msgpack_name(&field->msgpack_name, name, text + json_size + ZC_NAME_PADDING);
    memcpy(text, name, size + 1);
    field->name = zcache_bytes_of(text, size);
    return ZCACHE_OK;
}

static zcache_status index_name(zc_plan *plan, const zcache_field *source, zcache_slice name,
                                size_t field)
{
    uint32_t at = zc_plan_hash(name.data, name.size);
    for (;; at++) {
        zc_name *slot = &plan->names[at & (plan->slots - 1)];
        if (slot->name.data == NULL) {
            *slot = (zc_name){name, field};
            return ZCACHE_OK;
        }
        if (slot->name.size == name.size && memcmp(slot->name.data, name.data, name.size) == 0)
            return refuse(plan, source, "another field has a name of this one");
    }
}

/* The aliases are the descriptor's own strings, which are static. */
static zcache_status index_names(zc_plan *plan)
{
    plan->slots = 4;
    while (plan->slots < plan->field_count * 4)
        plan->slots *= 2;
    plan->names = zc_calloc(plan->slots, sizeof(*plan->names));
    if (plan->names == NULL)
        return zc_error_nomem();
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < plan->field_count && status == ZCACHE_OK; i++) {
        zcache_field source = field_at(plan->type, i);
        status = index_name(plan, &source, plan->fields[i].name, i);
        if (status == ZCACHE_OK && source.alias != NULL)
            status = check_name(plan, &source, source.alias);
        if (status == ZCACHE_OK && source.alias != NULL)
            status = index_name(plan, &source, zcache_str(source.alias), i);
    }
    return status;
}

/* ---- defaults -------------------------------------------------------------------------------- */

static bool is_integer(zcache_type type)
{
    return type >= ZCACHE_TYPE_I8 && type <= ZCACHE_TYPE_U64;
}

/* A default is at hand as an int64_t: that of a U64 is its bits, and that of an enum may be the
 * lowest or highest of its size, for the compiler chose whether it is signed. */
static bool store_integer(const zc_field *field, int64_t value, void *to)
{
    if (field->type == ZCACHE_TYPE_U64)
        return zc_field_set_natural(field, to, (uint64_t)value);
    if (field->type != ZCACHE_TYPE_ENUM)
        return zc_field_set_integer(field, to, value);
    zc_enum_store(field, to, value);
    size_t bits = 8 * field->size;
    return bits == 64 || (value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << bits);
}

static zcache_status make_default(zc_plan *plan, zc_field *field, const zcache_field *source,
                                  char *initial)
{
    void *to = initial + field->offset;
    double real =
        source->default_real != 0 ? source->default_real : (double)source->default_integer;
    if (field->shape != ZCACHE_SHAPE_ONE)
        return refuse(plan, source, "arrays have no defaults");
    bool is_text = field->type == ZCACHE_TYPE_STRING || field->type == ZCACHE_TYPE_CHARS;
    if (is_text != (source->default_text != NULL))
        return refuse(plan, source, "the default is of another type");
    if (is_text) {
        field->text_default = zcache_str(source->default_text);
        if (!zc_utf8_is_text(field->text_default.data, field->text_default.size))
            return refuse(plan, source, "the default is not UTF-8");
        field->has_text_default = field->type == ZCACHE_TYPE_STRING;
        if (field->type == ZCACHE_TYPE_CHARS && field->text_default.size >= field->size)
            return refuse(plan, source, "the default is too long");
        if (field->type == ZCACHE_TYPE_CHARS)
            memcpy(to, field->text_default.data, field->text_default.size);
        plan->has_text_defaults |= field->has_text_default;
        return ZCACHE_OK;
    }
    if (field->type == ZCACHE_TYPE_DOUBLE || field->type == ZCACHE_TYPE_FLOAT) {
        if (!zc_field_set_real(field, to, real))
            return refuse(plan, source, "the default is out of range");
    } else if (field->type == ZCACHE_TYPE_BOOL) {
        bool yes = source->default_integer != 0;
        memcpy(to, &yes, sizeof(yes));
    } else if (is_integer(field->type) || field->type == ZCACHE_TYPE_ENUM) {
        if (source->default_real != 0)
            return refuse(plan, source, "the default is of another type");
        if (!store_integer(field, source->default_integer, to))
            return refuse(plan, source, "the default is out of range");
    } else {
        return refuse(plan, source, "bytes and structs have no defaults");
    }
    return ZCACHE_OK;
}

/* Where a struct is missing its fields have their defaults. */
static void adopt_nested(zc_plan *plan, const zc_field *field, char *initial)
{
    if (field->type != ZCACHE_TYPE_NESTED || field->shape == ZCACHE_SHAPE_COUNTED)
        return;
    size_t count = field->shape == ZCACHE_SHAPE_FIXED ? field->count : 1;
    for (size_t i = 0; i < count; i++)
        memcpy(initial + field->offset + i * field->size, field->plan->initial, field->size);
    plan->has_text_defaults |= field->plan->has_text_defaults;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool owns_memory(const zc_field *field)
{
    return field->shape == ZCACHE_SHAPE_COUNTED || field->type == ZCACHE_TYPE_STRING ||
           field->type == ZCACHE_TYPE_BYTES || field->type == ZCACHE_TYPE_POINTER ||
           (field->type == ZCACHE_TYPE_NESTED && field->plan->owns);
}

static zcache_status make_enum_names(zc_field *field, const zcache_enum *enumeration)
{
    size_t size = 0;
    for (size_t i = 0; i < enumeration->count; i++)
        size += msgpack_name_size(enumeration->values[i].name) + ZC_NAME_PADDING;
    field->enumeration = enumeration;
    field->enum_names = zc_calloc(enumeration->count, sizeof(*field->enum_names));
    size_t entries = enumeration->count + 1;
    field->msgpack_enum = zc_calloc(1, entries * sizeof(*field->msgpack_enum) + size);
    if (field->enum_names == NULL || field->msgpack_enum == NULL)
        return zc_error_nomem();
    char *to = (char *)(field->msgpack_enum + entries);
    for (size_t i = 0; i < enumeration->count; i++) {
        field->enum_names[i] = zcache_str(enumeration->values[i].name);
        zc_msgpack_enum *known = &field->msgpack_enum[i];
        known->value = enumeration->values[i].value;
        to = make_msgpack_name(&known->name, enumeration->values[i].name, to);
        if (known->name.bytes.size > sizeof(known->name.words))
            known->name.words[0] = UINT64_MAX; /* which begins no name: it is not found quickly */
        if (field->msgpack_room < known->name.bytes.size + ZC_NAME_PADDING)
            field->msgpack_room = known->name.bytes.size + ZC_NAME_PADDING;
    }
    return ZCACHE_OK;
}

static zcache_status make_plan(const zcache_struct *type, zc_plan **root, const zc_plan **made);

static zcache_status make_field(zc_plan *plan, size_t i, zc_plan **root, char *initial)
{
    const zcache_field source = field_at(plan->type, i);
    zc_field *field = &plan->fields[i];
    zcache_status status = check_name(plan, &source, stored_name(&source));
    if (status == ZCACHE_OK)
        status = make_names(field, &source);
    if (status != ZCACHE_OK)
        return status;
    if (source.type < ZCACHE_TYPE_BOOL || source.type >= ZCACHE_TYPES ||
        source.shape > ZCACHE_SHAPE_COUNTED)
        return refuse(plan, &source, "it needs a newer zcache");
    field->type = source.type;
    field->shape = source.shape;
    field->msgpack_step = zc_msgpack_step_of(field, source.has_default);
    field->msgpack_write = zc_msgpack_write_of(field);
    field->required = source.required;
    field->offset = source.offset;
    field->size = source.size;
    field->count = source.count;
    field->bytes_offset = source.bytes_offset;
    field->msgpack_room = MSGPACK_NUMBER_MAX;
    plan->has_required |= source.required;
    if (source.enumeration != NULL) {
        status = check_enum(plan, &source, source.enumeration());
        if (status == ZCACHE_OK)
            status = make_enum_names(field, source.enumeration());
    }
    if (status == ZCACHE_OK && source.structure != NULL)
        status = make_plan(source.structure(), root, &field->plan);
    if (status != ZCACHE_OK)
        return status;
    plan->msgpack_room += field->msgpack_name.bytes.size + field->msgpack_room;
    plan->owns |= owns_memory(field);
    bool is_pointer = field->type != ZCACHE_TYPE_NESTED || field->shape == ZCACHE_SHAPE_COUNTED;
    if (plan->first_pointer == SIZE_MAX && is_pointer && owns_memory(field))
        plan->first_pointer = field->offset;
    adopt_nested(plan, field, initial);
    return source.has_default ? make_default(plan, field, &source, initial) : ZCACHE_OK;
}

static zcache_status fill_plan(zc_plan *plan, zc_plan **root)
{
    const zcache_struct *type = plan->type;
    if (type->field_count == 0 || type->field_count > ZC_FIELDS_MAX)
        return zc_error(ZCACHE_E_INVALID,
                        "the descriptor of %s has %zu fields: 1 to %d are allowed", plan->name,
                        type->field_count, ZC_FIELDS_MAX);
    char *initial = zc_calloc(1, plan->size);
    plan->initial = initial;
    plan->fields = zc_calloc(type->field_count + 1, sizeof(*plan->fields));
    if (initial == NULL || plan->fields == NULL)
        return zc_error_nomem();
    plan->field_count = type->field_count;
    plan->msgpack_room = MSGPACK_HEADER_MAX + ZC_NAME_PADDING;
    plan->fields[plan->field_count].msgpack_step = zc_msgpack_stop;
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < plan->field_count && status == ZCACHE_OK; i++)
        status = make_field(plan, i, root, initial);
    return status == ZCACHE_OK ? index_names(plan) : status;
}

/* The plan of a type among those of `*root`, made if it isn't there. */
static zcache_status make_plan(const zcache_struct *type, zc_plan **root, const zc_plan **made)
{
    zc_plan *plan, **end = root;
    for (plan = *root; plan != NULL; end = &plan->next, plan = plan->next)
        if (plan->type == type) {
            *made = plan;
            return ZCACHE_OK;
        }
    plan = zc_calloc(1, sizeof(*plan));
    if (plan == NULL)
        return zc_error_nomem();
    *end = plan;
    plan->type = type;
    plan->name = type->name;
    plan->size = type->size;
    plan->alignment = type->alignment;
    plan->bare = type->bare;
    plan->first_pointer = SIZE_MAX;
    *made = plan;
    return fill_plan(plan, root);
}

zcache_status zc_plan_make(const zcache_struct *type, zc_plan **plan)
{
    const zc_plan *made;
    *plan = NULL;
    zcache_status status = make_plan(type, plan, &made);
    if (status != ZCACHE_OK) {
        zc_plan_free(*plan);
        *plan = NULL;
    }
    return status;
}

void zc_plan_free(zc_plan *plan)
{
    while (plan != NULL) {
        zc_plan *next = plan->next;
        for (size_t i = 0; i < plan->field_count; i++) {
            zc_free(plan->fields[i].enum_names);
            zc_free(plan->fields[i].msgpack_enum);
            zc_free(plan->fields[i].names);
        }
        zc_free(plan->fields);
        zc_free(plan->names);
        zc_free(plan->initial);
        zc_free(plan);
        plan = next;
    }
}

/* ---- after decoding -------------------------------------------------------------------------- */

static zcache_status fill_text(const zc_field *field, void *value, zcache_block *block)
{
    char *text = zcache_block_alloc(block, field->text_default.size + 1, 1);
    if (text == NULL)
        return ZCACHE_E_NOMEM;
    memcpy(text, field->text_default.data, field->text_default.size + 1);
    memcpy((char *)value + field->offset, &text, sizeof(text));
    return ZCACHE_OK;
}

/* A struct that is missing as a whole: what is required of it is not asked for. */
static zcache_status fill_missing(const zc_field *field, char *value, zcache_block *block)
{
    const zc_plan *plan = field->plan;
    size_t count = field->shape == ZCACHE_SHAPE_FIXED ? field->count : 1;
    zcache_status status = ZCACHE_OK;
    for (size_t element = 0; element < count; element++, value += plan->size)
        for (size_t i = 0; i < plan->field_count && status == ZCACHE_OK; i++) {
            const zc_field *inner = &plan->fields[i];
            if (inner->has_text_default)
                status = fill_text(inner, value, block);
            else if (inner->type == ZCACHE_TYPE_NESTED && inner->shape != ZCACHE_SHAPE_COUNTED &&
                     inner->plan->has_text_defaults)
                status = fill_missing(inner, value + inner->offset, block);
        }
    return status;
}

zcache_status zc_plan_settle(const zc_plan *plan, const uint64_t seen[ZC_FIELDS_MAX / 64],
                             void *value, zcache_block *block)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < plan->field_count && status == ZCACHE_OK; i++) {
        const zc_field *field = &plan->fields[i];
        if (seen[i / 64] >> (i % 64) & 1)
            continue;
        if (field->required)
            return zc_error(ZCACHE_E_TYPE, "%s.%s is missing", plan->name,
                            (const char *)field->name.data);
        if (field->has_text_default)
            status = fill_text(field, value, block);
        else if (field->type == ZCACHE_TYPE_NESTED && field->shape != ZCACHE_SHAPE_COUNTED &&
                 field->plan->has_text_defaults)
            status = fill_missing(field, (char *)value + field->offset, block);
    }
    return status;
}

/* ---- types that are no structs --------------------------------------------------------------- */

bool zc_plan_is_bytes(const zc_plan *plan)
{
    return plan->bare && plan->fields[0].type == ZCACHE_TYPE_BYTES;
}

bool zc_plan_is_string(const zc_plan *plan)
{
    return plan->bare && plan->fields[0].type == ZCACHE_TYPE_STRING;
}

ZCACHE_PUBLIC const zcache_struct *zcache_bytes_struct(void)
{
    typedef zcache_bytes zcache_self;
    static const zcache_field fields[] = {ZC_BYTES(data, size)};
    static const zcache_struct described = {sizeof(zcache_struct),
                                            "zcache_bytes",
                                            sizeof(zcache_bytes),
                                            _Alignof(zcache_bytes),
                                            1,
                                            sizeof(zcache_field),
                                            fields,
                                            true};
    return &described;
}

ZCACHE_PUBLIC const zcache_struct *zcache_string_struct(void)
{
    typedef zcache_string zcache_self;
    static const zcache_field fields[] = {ZC_STRING(text)};
    static const zcache_struct described = {sizeof(zcache_struct),
                                            "zcache_string",
                                            sizeof(zcache_string),
                                            _Alignof(zcache_string),
                                            1,
                                            sizeof(zcache_field),
                                            fields,
                                            true};
    return &described;
}
