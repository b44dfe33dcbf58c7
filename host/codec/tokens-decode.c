/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Tokens, which a codec reads one after the other, into structs. The codec is not ours, and the
 * bytes are nobody's: each token must move on and end within the bytes, and counts are not believed
 * beyond the bytes that are left.
 *
 * An array of unknown count is read twice: its elements are counted first, so that they lie in one
 * piece of memory.
 */
#include "base/error.h"
#include "codec/custom.h"
#include "codec/field.h"

typedef struct decoder {
    const zcache_codec *codec;
    zcache_reader reader;
    zcache_block *block;
    unsigned depth;
    size_t byte;        /* where the token began */
    zcache_token token; /* that was read last */
} decoder;

/* ---- reading tokens -------------------------------------------------------------------------- */

static zcache_status refuse(const decoder *self, const char *fault)
{
    return zc_error(ZCACHE_E_TYPE, "byte %zu: %s", self->byte, fault);
}

static size_t left(const decoder *self)
{
    return (size_t)(self->reader.end - self->reader.at);
}

/* Reads any token, END too. */
static zcache_status next_or_end(decoder *self)
{
    zcache_reader *reader = &self->reader;
    const unsigned char *before = reader->at;
    self->byte = (size_t)(before - reader->begin);
    if (before == reader->end)
        return refuse(self, "the value ends too early");
    self->token = (zcache_token){.kind = ZCACHE_TOKEN_NULL};
    zcache_status status =
        zc_custom_end(self->codec->next(self->codec, reader, &self->token), ZCACHE_E_TYPE);
    if (status != ZCACHE_OK)
        return status;
    if (reader->at <= before || reader->at > reader->end)
        return refuse(self, "the codec did not move on within the value");
    if (self->token.kind != ZCACHE_TOKEN_ARRAY && self->token.kind != ZCACHE_TOKEN_MAP)
        return ZCACHE_OK;
    size_t count = self->token.count;
    size_t most = self->token.kind == ZCACHE_TOKEN_MAP ? left(self) / 2 : left(self);
    if (count != ZCACHE_COUNT_UNKNOWN && count > most)
        return refuse(self, "the value ends too early");
    return ZCACHE_OK;
}

static zcache_status next(decoder *self)
{
    zcache_status status = next_or_end(self);
    if (status == ZCACHE_OK && self->token.kind == ZCACHE_TOKEN_END)
        return refuse(self, "an end without a begin");
    return status;
}

/* Reads the first token of the next element or pair; `*done` instead where there is none. */
static zcache_status next_of(decoder *self, size_t *remaining, bool *done)
{
    *done = *remaining == 0;
    if (*done)
        return ZCACHE_OK;
    if (*remaining != ZCACHE_COUNT_UNKNOWN) {
        --*remaining;
        return next(self);
    }
    zcache_status status = next_or_end(self);
    *done = status == ZCACHE_OK && self->token.kind == ZCACHE_TOKEN_END;
    return status;
}

static const char *found(const decoder *self)
{
    static const char *const names[] = {
        [ZCACHE_TOKEN_NULL] = "null",        [ZCACHE_TOKEN_BOOL] = "a bool",
        [ZCACHE_TOKEN_INTEGER] = "a number", [ZCACHE_TOKEN_UNSIGNED] = "a number",
        [ZCACHE_TOKEN_FLOAT] = "a number",   [ZCACHE_TOKEN_DOUBLE] = "a number",
        [ZCACHE_TOKEN_TEXT] = "a text",      [ZCACHE_TOKEN_BYTES] = "bytes",
        [ZCACHE_TOKEN_ARRAY] = "an array",   [ZCACHE_TOKEN_MAP] = "a map",
        [ZCACHE_TOKEN_END] = "an end",
    };
    size_t kind = (size_t)self->token.kind;
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "a token of unknown kind";
}

/* ---- skipping -------------------------------------------------------------------------------- */

/* Skips the rest of the value whose first token was read. */
static zcache_status skip(decoder *self)
{
    struct {
        size_t remaining; /* tokens still to come */
        bool lacks_value; /* of a map of unknown count: its last token was a key */
        bool is_map;
    } levels[ZC_DEPTH_MAX + 1];
    unsigned level = self->depth;
    for (;;) {
        zcache_token_kind kind = self->token.kind;
        if (kind == ZCACHE_TOKEN_ARRAY || kind == ZCACHE_TOKEN_MAP) {
            if (level == ZC_DEPTH_MAX)
                return refuse(self, "nested too deep");
            size_t count = self->token.count;
            levels[++level].remaining = count;
            levels[level].lacks_value = false;
            levels[level].is_map = kind == ZCACHE_TOKEN_MAP;
            if (levels[level].is_map && count != ZCACHE_COUNT_UNKNOWN)
                levels[level].remaining = 2 * count;
        }
        bool done = true;
        while (done && level > self->depth) {
            zcache_status status = next_of(self, &levels[level].remaining, &done);
            if (status == ZCACHE_OK && done && levels[level].lacks_value)
                status = refuse(self, "a key without a value");
            if (status != ZCACHE_OK)
                return status;
            if (done)
                level--;
            else
                levels[level].lacks_value ^= levels[level].is_map;
        }
        if (done)
            return ZCACHE_OK;
    }
}

/* Counts the elements of an array whose END will come, and goes back to its first. */
static zcache_status count_elements(decoder *self, size_t *count)
{
    const zcache_reader first = self->reader;
    size_t remaining = ZCACHE_COUNT_UNKNOWN;
    bool done = false;
    *count = 0;
    for (;;) {
        zcache_status status = next_of(self, &remaining, &done);
        if (status == ZCACHE_OK && !done)
            status = skip(self);
        if (status != ZCACHE_OK)
            return status;
        if (done)
            break;
        ++*count;
    }
    self->reader = first;
    return ZCACHE_OK;
}

/* ---- single values, whose first token was read ----------------------------------------------- */

#define REFUSE(...)   zc_field_refuse_decode(plan, field, self->byte, __VA_ARGS__)
#define REFUSE_TYPE() zc_field_refuse_type(plan, field, self->byte, found(self))

static zcache_status get_number(decoder *self, const zc_plan *plan, const zc_field *field, void *to)
{
    const zcache_token *token = &self->token;
    switch (token->kind) {
    case ZCACHE_TOKEN_INTEGER:
        if (zc_field_set_integer(field, to, token->integer))
            return ZCACHE_OK;
        return zc_field_refuse_integer(plan, field, self->byte, token->integer);
    case ZCACHE_TOKEN_UNSIGNED:
        if (zc_field_set_natural(field, to, token->natural))
            return ZCACHE_OK;
        return zc_field_refuse_natural(plan, field, self->byte, token->natural);
    case ZCACHE_TOKEN_FLOAT:
    case ZCACHE_TOKEN_DOUBLE:
        if (zc_field_set_real(field, to, token->real))
            return ZCACHE_OK;
        return zc_field_refuse_real(plan, field, self->byte, token->real);
    default:
        return REFUSE_TYPE();
    }
}

static zcache_status get_text(decoder *self, const zc_plan *plan, const zc_field *field, void *to)
{
    const zcache_slice text = self->token.slice;
    if (self->token.kind != ZCACHE_TOKEN_TEXT)
        return REFUSE_TYPE();
    if (field->type == ZCACHE_TYPE_ENUM) {
        if (zc_enum_set(field, to, text.data, text.size))
            return ZCACHE_OK;
        return zc_field_refuse_name(plan, field, self->byte, text.data, text.size);
    }
    zcache_status status = ZCACHE_OK;
    const char *fault = zc_field_set_text(field, to, text.data, text.size, self->block, &status);
    return fault != NULL ? REFUSE("%s", fault) : status;
}

/* ---- structs and arrays ---------------------------------------------------------------------- */

static zcache_status get_struct(decoder *self, const zc_plan *plan, void *value);

/* A struct in a struct: a map. */
static zcache_status get_inner(decoder *self, const zc_plan *plan, const zc_field *field, void *to)
{
    if (self->token.kind != ZCACHE_TOKEN_MAP)
        return REFUSE_TYPE();
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels", ZC_DEPTH_MAX);
    if (field->type == ZCACHE_TYPE_POINTER) {
        void *memory = zcache_block_alloc(self->block, field->plan->size, field->plan->alignment);
        if (memory == NULL)
            return ZCACHE_E_NOMEM;
        ZC_STORE(void *, to, memory);
        to = memory;
    }
    self->depth++;
    zcache_status status = get_struct(self, field->plan, to);
    self->depth--;
    return status;
}

static zcache_status get_one(decoder *self, const zc_plan *plan, const zc_field *field, void *to)
{
    const zcache_token *token = &self->token;
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        if (token->kind != ZCACHE_TOKEN_BOOL)
            return REFUSE_TYPE();
        ZC_STORE(bool, to, token->boolean);
        return ZCACHE_OK;
    case ZCACHE_TYPE_ENUM:
    case ZCACHE_TYPE_STRING:
    case ZCACHE_TYPE_CHARS:
        return get_text(self, plan, field, to);
    case ZCACHE_TYPE_BYTES:
        if (token->kind != ZCACHE_TOKEN_BYTES)
            return REFUSE_TYPE();
        return zc_field_set_bytes(field, to, token->slice.data, token->slice.size, self->block)
                   ? ZCACHE_OK
                   : ZCACHE_E_NOMEM;
    case ZCACHE_TYPE_NESTED:
    case ZCACHE_TYPE_POINTER:
        return get_inner(self, plan, field, to);
    default:
        return get_number(self, plan, field, to);
    }
}

static zcache_status get_elements(decoder *self, const zc_plan *plan, const zc_field *field,
                                  char *element, size_t remaining)
{
    for (;; element += field->size) {
        bool done;
        zcache_status status = next_of(self, &remaining, &done);
        if (status != ZCACHE_OK || done)
            return status;
        if (self->token.kind != ZCACHE_TOKEN_NULL)
            status = get_one(self, plan, field, element);
        else if (!zc_element_set_null(field, element))
            status = REFUSE_TYPE();
        if (status != ZCACHE_OK)
            return status;
    }
}

static zcache_status get_array(decoder *self, const zc_plan *plan, const zc_field *field,
                               char *value)
{
    char *element = value + field->offset;
    size_t remaining = self->token.count, count = remaining, byte = self->byte;
    if (self->token.kind != ZCACHE_TOKEN_ARRAY)
        return REFUSE_TYPE();
    if (self->depth == ZC_DEPTH_MAX)
        return REFUSE("nested deeper than %d levels", ZC_DEPTH_MAX);
    self->depth++;
    zcache_status status = ZCACHE_OK;
    if (count == ZCACHE_COUNT_UNKNOWN)
        status = count_elements(self, &count);
    if (status != ZCACHE_OK)
        return status;
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        char *memory = NULL;
        if (count > 0 && (memory = zc_field_alloc_array(field, count, self->block)) == NULL)
            return ZCACHE_E_NOMEM;
        ZC_STORE(char *, element, memory);
        ZC_STORE(size_t, value + field->count, count);
        element = memory;
    } else if (count != field->count) {
        return zc_field_refuse_count(plan, field, byte, count);
    }
    status = get_elements(self, plan, field, element, remaining);
    self->depth--;
    return status;
}

/* A field's value, or null; false in `*there` if it is as if it were missing. */
static zcache_status get_field(decoder *self, const zc_plan *plan, const zc_field *field,
                               char *value, bool *there)
{
    *there = true;
    if (self->token.kind == ZCACHE_TOKEN_NULL) {
        *there = zc_field_set_null(plan, field, value);
        return ZCACHE_OK;
    }
    if (field->shape != ZCACHE_SHAPE_ONE)
        return get_array(self, plan, field, value);
    return get_one(self, plan, field, value + field->offset);
}

/* One pair, whose key was read. */
static zcache_status get_pair(decoder *self, const zc_plan *plan, void *value, size_t *expected,
                              zc_seen *seen)
{
    const zcache_slice name = self->token.slice;
    if (self->token.kind != ZCACHE_TOKEN_TEXT)
        return refuse(self, "a key that is not a text");
    const zc_field *field = zc_plan_find(plan, name.data, name.size, *expected);
    zcache_status status = next(self);
    if (status != ZCACHE_OK)
        return status;
    if (field == NULL)
        return skip(self);
    bool there;
    status = get_field(self, plan, field, value, &there);
    size_t index = (size_t)(field - plan->fields);
    if (zc_plan_needs_seen(plan))
        zc_seen_put(seen, index, there);
    *expected = index + 1;
    return status;
}

static zcache_status get_struct(decoder *self, const zc_plan *plan, void *value)
{
    size_t remaining = self->token.count, expected = 0;
    zc_seen seen;
    if (zc_plan_needs_seen(plan))
        zc_seen_clear(plan, &seen);
    memcpy(value, plan->initial, plan->size);
    for (;;) {
        bool done;
        zcache_status status = next_of(self, &remaining, &done);
        if (status == ZCACHE_OK && done)
            break;
        if (status == ZCACHE_OK)
            status = get_pair(self, plan, value, &expected, &seen);
        if (status != ZCACHE_OK)
            return status;
    }
    return zc_plan_needs_seen(plan) ? zc_plan_settle(plan, seen.words, value, self->block)
                                    : ZCACHE_OK;
}

zcache_status zc_tokens_decode(const zcache_codec *codec, const zc_plan *plan, zcache_slice bytes,
                               void *value, zcache_block *block)
{
    zcache_status status = zc_custom_begin();
    if (status != ZCACHE_OK)
        return status;
    const unsigned char *begin = bytes.data;
    decoder self = {
        .codec = codec, .reader = {begin, begin + bytes.size, begin, zc_error}, .block = block};
    block->error = zc_error;
    status = next(&self);
    if (status != ZCACHE_OK)
        return status;
    if (plan->bare) {
        bool there;
        memcpy(value, plan->initial, plan->size);
        status = get_field(&self, plan, plan->fields, value, &there);
    } else if (self.token.kind != ZCACHE_TOKEN_MAP) {
        return zc_error(ZCACHE_E_TYPE, "byte 0: %s, expected a map (%s)", found(&self), plan->name);
    } else {
        self.depth = 1;
        status = get_struct(&self, plan, value);
    }
    if (status == ZCACHE_OK && self.reader.at != self.reader.end)
        return zc_error(ZCACHE_E_TYPE, "byte %zu: bytes after the value",
                        (size_t)(self.reader.at - begin));
    return status;
}
