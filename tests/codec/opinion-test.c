/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The second opinion, of jansson and msgpack-c: what we write they read as the same value, what
 * they and others write in other words we read as the same value, and we refuse what they refuse,
 * but for the differences in a table below. Seeds are printed where a test fails; ZCACHE_TEST_SEED
 * sets the first.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "foreign.h"
#include "harness.h"
#include "types.h"

#define LIMITS (VALUES_FINITE | VALUES_SIGNED)

typedef struct subject {
    const zcache_struct *(*type)(void);
    unsigned rounds;
} subject;
static const subject subjects[] = {{numbers_struct, 1000},
                                   {texts_struct, 200},
                                   {label_struct, 300},
                                   {arrays_struct, 100},
                                   {tree_struct, 60}};

/* ---- what others read ------------------------------------------------------------------------ */

static bool same_text(const char *text, size_t size, const msgpack_object *object)
{
    return object->type == MSGPACK_OBJECT_STR && object->via.str.size == size &&
           memcmp(object->via.str.ptr, text, size) == 0;
}

static bool same_value(const zcache_struct *type, const char *value, const msgpack_object *object);

static bool same_integer(const zcache_field *field, const char *at, const msgpack_object *object)
{
    bool is_signed = field->type <= ZCACHE_TYPE_I64;
    uint64_t bits = 0;
    memcpy(&bits, at, field->size);
    unsigned unused = 64 - 8 * (unsigned)field->size;
    if (is_signed && (int64_t)(bits << unused) < 0)
        return object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER &&
               object->via.i64 == (int64_t)(bits << unused) >> unused;
    return object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 == bits;
}

static bool same_enum(const zcache_field *field, const char *at, const msgpack_object *object)
{
    const zcache_enum *known = field->enumeration();
    for (size_t i = 0; i < known->count; i++)
        if (memcmp(&known->values[i].value, at, field->size) == 0)
            return same_text(known->values[i].name, strlen(known->values[i].name), object);
    return false;
}

static bool same_one(const zcache_field *field, const char *at, const msgpack_object *object)
{
    float single;
    double real;
    size_t size;
    const char *pointer;
    switch (field->type) {
    case ZCACHE_TYPE_BOOL:
        return object->type == MSGPACK_OBJECT_BOOLEAN && object->via.boolean == *(const bool *)at;
    case ZCACHE_TYPE_FLOAT:
        memcpy(&single, at, sizeof(single));
        return object->type == MSGPACK_OBJECT_FLOAT32 && object->via.f64 == (double)single;
    case ZCACHE_TYPE_DOUBLE:
        memcpy(&real, at, sizeof(real));
        return object->type == MSGPACK_OBJECT_FLOAT64 && object->via.f64 == real;
    case ZCACHE_TYPE_ENUM:
        return same_enum(field, at, object);
    case ZCACHE_TYPE_CHARS:
        return same_text(at, strlen(at), object);
    case ZCACHE_TYPE_NESTED:
        return same_value(field->structure(), at, object);
    case ZCACHE_TYPE_STRING:
    case ZCACHE_TYPE_BYTES:
    case ZCACHE_TYPE_POINTER:
        break;
    default:
        return same_integer(field, at, object);
    }
    pointer = values_pointer(at);
    if (pointer == NULL)
        return object->type == MSGPACK_OBJECT_NIL;
    if (field->type == ZCACHE_TYPE_POINTER)
        return same_value(field->structure(), pointer, object);
    if (field->type == ZCACHE_TYPE_STRING)
        return same_text(pointer, strlen(pointer), object);
    memcpy(&size, at + field->bytes_offset, sizeof(size));
    return object->type == MSGPACK_OBJECT_BIN && object->via.bin.size == size &&
           memcmp(object->via.bin.ptr, pointer, size) == 0;
}

static bool same_field(const zcache_field *field, const char *value, const msgpack_object *object)
{
    const char *at = value + field->offset;
    size_t count = field->count;
    if (field->shape == ZCACHE_SHAPE_ONE)
        return same_one(field, at, object);
    if (field->shape == ZCACHE_SHAPE_COUNTED) {
        at = values_pointer(at);
        memcpy(&count, value + field->count, sizeof(count));
    }
    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!same_one(field, at + i * field->size, &object->via.array.ptr[i]))
            return false;
    return true;
}

/* Whether an object is the value: a map of all fields by their names, in order. */
static bool same_value(const zcache_struct *type, const char *value, const msgpack_object *object)
{
    if (object->type != MSGPACK_OBJECT_MAP || object->via.map.size != type->field_count)
        return false;
    for (size_t i = 0; i < type->field_count; i++) {
        const zcache_field *field = &type->fields[i];
        const char *name = field->wire_name != NULL ? field->wire_name : field->name;
        if (!same_text(name, strlen(name), &object->via.map.ptr[i].key) ||
            !same_field(field, value, &object->via.map.ptr[i].val))
            return false;
    }
    return true;
}

static size_t base64_size(const char *text)
{
    size_t size = strlen(text), padding = 0;
    while (padding < size && text[size - 1 - padding] == '=')
        padding++;
    return size % 4 == 0 ? size / 4 * 3 - padding : SIZE_MAX;
}

/* Whether what jansson read is what msgpack-c read. (Of bytes, the size; that their base64 is
 * right, `foreign_json` and base64-test.c tell.) */
static bool same_document(json_t *json, const msgpack_object *object)
{
    const msgpack_object_map *map = &object->via.map;
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return json_is_null(json);
    case MSGPACK_OBJECT_BOOLEAN:
        return json_is_boolean(json) && json_is_true(json) == object->via.boolean;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        if (json_is_real(json)) /* see read_json */
            return json_real_value(json) == (double)object->via.i64;
        return json_is_integer(json) && json_integer_value(json) == object->via.i64;
    case MSGPACK_OBJECT_FLOAT32:
        return json_is_number(json) && (float)json_number_value(json) == (float)object->via.f64;
    case MSGPACK_OBJECT_FLOAT64:
        return json_is_number(json) && json_number_value(json) == object->via.f64;
    case MSGPACK_OBJECT_STR:
        return json_is_string(json) &&
               same_text(json_string_value(json), json_string_length(json), object);
    case MSGPACK_OBJECT_BIN:
        return json_is_string(json) && base64_size(json_string_value(json)) == object->via.bin.size;
    case MSGPACK_OBJECT_ARRAY:
        if (!json_is_array(json) || json_array_size(json) != object->via.array.size)
            return false;
        for (uint32_t i = 0; i < object->via.array.size; i++)
            if (!same_document(json_array_get(json, i), &object->via.array.ptr[i]))
                return false;
        return true;
    case MSGPACK_OBJECT_MAP:
        if (!json_is_object(json) || json_object_size(json) != map->size)
            return false;
        for (uint32_t i = 0; i < map->size; i++)
            if (!same_document(json_object_getn(json, map->ptr[i].key.via.str.ptr,
                                                map->ptr[i].key.via.str.size),
                               &map->ptr[i].val))
                return false;
        return true;
    default:
        return false;
    }
}

/* ---- values of all types --------------------------------------------------------------------- */

typedef struct trial {
    const zcache_struct *type;
    zc_plan *plan;
    uint64_t seed;
    values *random;
    char *value;
    codec_output json, msgpack;
    msgpack_unpacked unpacked;
} trial;

#define FAIL(trial, ...)                                                                         \
    do {                                                                                         \
        print_error("%s, seed %#llx: ", (trial)->type->name, (unsigned long long)(trial)->seed); \
        print_error(__VA_ARGS__);                                                                \
        print_error("\n%s\n", zc_error_text());                                                  \
        fail();                                                                                  \
    } while (0)

static void for_all(void (*check)(trial *self))
{
    for (size_t s = 0; s < sizeof(subjects) / sizeof(subjects[0]); s++) {
        zc_plan *plan = codec_plan(subjects[s].type());
        for (unsigned i = 0; i < subjects[s].rounds; i++) {
            trial self = {.type = subjects[s].type(), .plan = plan, .seed = values_seed(1) + i};
            self.random = values_new(self.seed);
            self.value = values_memory(self.random, self.type->size);
            values_fill(self.random, self.type, self.value, LIMITS);
            self.json = codec_encode(&codec_json, plan, self.value);
            self.msgpack = codec_encode(&codec_msgpack, plan, self.value);
            size_t read = 0;
            msgpack_unpacked_init(&self.unpacked);
            if (msgpack_unpack_next(&self.unpacked, (const char *)self.msgpack.data,
                                    self.msgpack.size, &read) != MSGPACK_UNPACK_SUCCESS ||
                read != self.msgpack.size)
                FAIL(&self, "msgpack-c does not read it");
            check(&self);
            msgpack_unpacked_destroy(&self.unpacked);
            free(self.msgpack.data);
            free(self.json.data);
            values_free(self.random);
        }
        zc_plan_free(plan);
    }
}

/* A double beyond an int64_t's range may be written without point and exponent, as JavaScript does;
 * jansson reads it only when all numbers are to be real. */
static json_t *read_json(const codec_output *text, json_error_t *error)
{
    const char *bytes = (const char *)text->data;
    json_t *document = json_loadb(bytes, text->size, JSON_REJECT_DUPLICATES, error);
    if (document == NULL && json_error_code(error) == json_error_numeric_overflow)
        document =
            json_loadb(bytes, text->size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, error);
    return document;
}

static void check_others_read(trial *self)
{
    json_error_t error;
    if (!same_value(self->type, self->value, &self->unpacked.data))
        FAIL(self, "msgpack-c reads another value");
    json_t *document = read_json(&self->json, &error);
    if (document == NULL)
        FAIL(self, "jansson: %s at byte %d of %s", error.text, error.position, self->json.data);
    if (!same_document(document, &self->unpacked.data))
        FAIL(self, "jansson reads another value");
    json_decref(document);
}

static void test_others_read_what_we_write(void **state)
{
    (void)state;
    for_all(check_others_read);
}

static void check_other_words(trial *self, const codec_under_test *codec,
                              void (*write)(values *, const msgpack_object *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    const char *where;
    FILE *out = open_memstream(&text, &size);
    write(self->random, &self->unpacked.data, out);
    fclose(out);
    codec_value decoded = codec_decode(codec, self->plan, text, size);
    if (decoded.status != ZCACHE_OK)
        FAIL(self, "%s refuses the value in other words: %s", codec->name, text);
    if (!values_equal(self->type, self->value, decoded.value, &where))
        FAIL(self, "%s: %s differs in other words: %s", codec->name, where, text);
    codec_value_free(&decoded);
    free(text);
}

static void check_we_read(trial *self)
{
    check_other_words(self, &codec_json, foreign_json);
    check_other_words(self, &codec_msgpack, foreign_msgpack);
}

static void test_we_read_the_same_value_in_other_words(void **state)
{
    (void)state;
    for_all(check_we_read);
}

/* ---- accepted or refused --------------------------------------------------------------------- */

/* Any document is read as the unknown field `?` of this. */
typedef struct nothing {
    bool known;
} nothing;
ZCACHE_STRUCT(nothing, ZC_BOOL(known))

static bool we_accept(const codec_under_test *codec, const zc_plan *plan, const char *text,
                      size_t size)
{
    codec_value decoded = codec_decode(codec, plan, text, size);
    bool accepted = decoded.status == ZCACHE_OK;
    codec_value_free(&decoded);
    return accepted;
}

/* Changes some bytes between `from` and the end; never the size. */
static void damage(values *random, char *text, size_t from, size_t size)
{
    static const char interesting[] = "\"\\{}[],:-+.eEu0 19tfn/\x80\xc3\xed\xf4\x01";
    for (size_t changes = values_below(random, 4); changes > 0 && size > from; changes--) {
        size_t at = from + values_below(random, size - from);
        switch (values_below(random, 4)) {
        case 0:
            text[at] = (char)values_bits(random);
            break;
        case 1:
            text[at] = text[from + values_below(random, size - from)];
            break;
        default:
            text[at] = interesting[values_below(random, sizeof(interesting) - 1)];
        }
    }
}

/* Where jansson and we differ about a document that neither has a field for:
 *
 *     a number beyond a double's or an int64_t's range   jansson: refused; we: no field, no range
 *     \u0000 in a text, or in a name                     jansson: refused; we: RFC 8259 has it
 *     more than 64 levels                                jansson: up to 2048
 *
 * Returns why they may differ; NULL: they must not. */
static const char *json_difference(bool ours, const json_error_t *theirs)
{
    if (!ours)
        return strstr(zc_error_text(), "nested") != NULL ? "depth" : NULL;
    switch (json_error_code(theirs)) {
    case json_error_numeric_overflow:
        return "range";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "NUL";
    default:
        return NULL;
    }
}

static void test_json_is_accepted_if_jansson_accepts_it(void **state)
{
    (void)state;
    zc_plan *plan = codec_plan(nothing_struct());
    unsigned accepted = 0, refused = 0;
    for (uint64_t seed = values_seed(1), end = seed + 30000; seed < end; seed++) {
        char *text = NULL;
        size_t size = 0;
        json_error_t error = {0};
        values *random = values_new(seed);
        FILE *out = open_memstream(&text, &size);
        fputs("{\"?\":", out);
        any_json(random, 4, out);
        fputs("}", out);
        fclose(out);
        damage(random, text, 4, size);
        bool ours = we_accept(&codec_json, plan, text, size);
        json_t *theirs = json_loadb(text, size, 0, &error);
        if (ours != (theirs != NULL) && json_difference(ours, &error) == NULL) {
            print_error("seed %#llx: %s by us (%s), %s by jansson (%s): %.*s\n",
                        (unsigned long long)seed, ours ? "accepted" : "refused", zc_error_text(),
                        theirs != NULL ? "accepted" : "refused", error.text, (int)size, text);
            fail();
        }
        accepted += ours;
        refused += !ours;
        json_decref(theirs);
        values_free(random);
        free(text);
    }
    print_message("# %u accepted, %u refused\n", accepted, refused);
    assert_true(accepted > 3000 && refused > 3000);
    zc_plan_free(plan);
}

/* As jansson's: msgpack-c has 32 levels, we 64. It makes room for as many elements as a header
 * tells before it sees them, so that it is not shown a byte that could begin a count of 32 bits. It
 * does not ask for keys that are texts in maps, nor for UTF-8, and neither do we outside our
 * fields; our own map's keys are not damaged here. */
static void test_msgpack_is_accepted_if_msgpack_c_accepts_it(void **state)
{
    (void)state;
    zc_plan *plan = codec_plan(nothing_struct());
    unsigned accepted = 0, refused = 0;
    for (uint64_t seed = values_seed(1), end = seed + 30000; seed < end; seed++) {
        char *text = NULL;
        size_t size = 0, read = 0;
        values *random = values_new(seed);
        FILE *out = open_memstream(&text, &size);
        fputs("\x81\xa1?", out);
        any_msgpack(random, 4, out);
        fclose(out);
        damage(random, text, 3, size);
        if (memchr(text, 0xdd, size) == NULL && memchr(text, 0xdf, size) == NULL) {
            msgpack_unpacked unpacked;
            msgpack_unpacked_init(&unpacked);
            bool ours = we_accept(&codec_msgpack, plan, text, size);
            bool theirs =
                msgpack_unpack_next(&unpacked, text, size, &read) == MSGPACK_UNPACK_SUCCESS &&
                read == size;
            if (ours != theirs) {
                print_error("seed %#llx: %s by us (%s), not so by msgpack-c\n",
                            (unsigned long long)seed, ours ? "accepted" : "refused",
                            zc_error_text());
                fail();
            }
            accepted += ours;
            refused += !ours;
            msgpack_unpacked_destroy(&unpacked);
        }
        values_free(random);
        free(text);
    }
    print_message("# %u accepted, %u refused\n", accepted, refused);
    assert_true(accepted > 3000 && refused > 3000);
    zc_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_read_what_we_write),
        cmocka_unit_test(test_we_read_the_same_value_in_other_words),
        cmocka_unit_test(test_json_is_accepted_if_jansson_accepts_it),
        cmocka_unit_test(test_msgpack_is_accepted_if_msgpack_c_accepts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
