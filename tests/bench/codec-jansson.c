/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * jansson in the benchmark of codecs: a tree is built and dumped into a buffer that is kept
 * (json_dumpb), and loaded (json_loadb) and walked with an iterator.
 */
#include <jansson.h>

#include "codec.h"

/* ---- encoding -------------------------------------------------------------------------------- */

static json_t *make_texts(char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(texts[i]));
    return array;
}

static json_t *make_doubles(const double *numbers, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_real(numbers[i]));
    return array;
}

static json_t *make_address(const address *from);

#define MAKE_I64(f)     json_integer(from->f)
#define MAKE_I32(f)     json_integer(from->f)
#define MAKE_BOOL(f)    json_boolean(from->f)
#define MAKE_DOUBLE(f)  json_real(from->f)
#define MAKE_STATE(f)   json_string(state_name(from->f))
#define MAKE_STRING(f)  json_string(from->f)
#define MAKE_CHARS(f)   json_string(from->f)
#define MAKE_STRINGS(f) make_texts(from->f, from->f##_count)
#define MAKE_DOUBLES(f) make_doubles(from->f, from->f##_count)
#define MAKE_ADDRESS(f) make_address(&from->f)
#define MAKE(KIND, f)   json_object_set_new_nocheck(object, #f, MAKE_##KIND(f));

static json_t *make_address(const address *from)
{
    json_t *object = json_object();
    ADDRESS_FIELDS(MAKE)
    return object;
}

static json_t *make_user(const user *from)
{
    json_t *object = json_object();
    USER_FIELDS(MAKE)
    return object;
}

static json_t *make_product(const product *from)
{
    json_t *object = json_object();
    PRODUCT_FIELDS(MAKE)
    return object;
}

static size_t dump(json_t *object, const char **bytes)
{
    static char buffer[4096];
    size_t size = json_dumpb(object, buffer, sizeof(buffer), JSON_COMPACT);
    json_decref(object);
    if (size == 0 || size > sizeof(buffer))
        abort();
    *bytes = buffer;
    return size;
}

static size_t encode_user(const void *value, const char **bytes)
{
    return dump(make_user(value), bytes);
}

static size_t encode_product(const void *value, const char **bytes)
{
    return dump(make_product(value), bytes);
}

/* ---- decoding -------------------------------------------------------------------------------- */

/* The value of a name, which mostly is at the iterator. */
static const json_t *find(json_t *object, void **next, const char *name)
{
    const json_t *found = NULL;
    if (*next != NULL && strcmp(json_object_iter_key(*next), name) == 0) {
        found = json_object_iter_value(*next);
        *next = json_object_iter_next(object, *next);
    } else if ((found = json_object_get(object, name)) == NULL) {
        abort();
    }
    return found;
}

static const json_t *expect(const json_t *value, json_type type)
{
    if (json_typeof(value) != type)
        abort();
    return value;
}

static double real(const json_t *value)
{
    if (!json_is_number(value))
        abort();
    return json_number_value(value); /* a double may have been written as 5 */
}

static bool boolean(const json_t *value)
{
    if (!json_is_boolean(value))
        abort();
    return json_is_true(value);
}

static const char *text(const json_t *value, size_t *size)
{
    expect(value, JSON_STRING);
    *size = json_string_length(value);
    return json_string_value(value);
}

static char *copy(const json_t *value, bench_block *memory)
{
    size_t size;
    const char *from = text(value, &size);
    return block_text(memory, from, size);
}

static state enumerator(const json_t *value)
{
    size_t size;
    const char *name = text(value, &size);
    return bench_state(name, size);
}

static void copy_chars(const json_t *value, char *to, size_t room)
{
    size_t size;
    const char *from = text(value, &size);
    bench_copy_chars(to, room, from, size);
}

static char **copy_texts(const json_t *array, size_t *count, bench_block *memory)
{
    *count = json_array_size(expect(array, JSON_ARRAY));
    char **texts = block_take_array(memory, *count * sizeof(*texts));
    for (size_t i = 0; i < *count; i++)
        texts[i] = copy(json_array_get(array, i), memory);
    return texts;
}

static double *copy_doubles(const json_t *array, size_t *count, bench_block *memory)
{
    *count = json_array_size(expect(array, JSON_ARRAY));
    double *numbers = block_take_array(memory, *count * sizeof(*numbers));
    for (size_t i = 0; i < *count; i++)
        numbers[i] = real(json_array_get(array, i));
    return numbers;
}

static void get_address(const json_t *value, address *to, bench_block *memory);

#define GET_I64(f)     to->f = json_integer_value(expect(got, JSON_INTEGER));
#define GET_I32(f)     to->f = (int32_t)json_integer_value(expect(got, JSON_INTEGER));
#define GET_BOOL(f)    to->f = boolean(got);
#define GET_DOUBLE(f)  to->f = real(got);
#define GET_STATE(f)   to->f = enumerator(got);
#define GET_STRING(f)  to->f = copy(got, memory);
#define GET_CHARS(f)   copy_chars(got, to->f, sizeof(to->f));
#define GET_STRINGS(f) to->f = copy_texts(got, &to->f##_count, memory);
#define GET_DOUBLES(f) to->f = copy_doubles(got, &to->f##_count, memory);
#define GET_ADDRESS(f) get_address(got, &to->f, memory);
#define GET(KIND, f)               \
    got = find(object, &next, #f); \
    GET_##KIND(f)

static void get_address(const json_t *value, address *to, bench_block *memory)
{
    json_t *object = (json_t *)(uintptr_t)expect(value, JSON_OBJECT); /* iterators want it so */
    const json_t *got;
    void *next = json_object_iter(object);
    ADDRESS_FIELDS(GET)
}

static json_t *load(const char *bytes, size_t size)
{
    json_t *object = json_loadb(bytes, size, 0, NULL);
    if (!json_is_object(object))
        abort();
    return object;
}

static void *decode_user(char *bytes, size_t size, void *value)
{
    user *to = value;
    json_t *object = load(bytes, size);
    const json_t *got;
    bench_block begun = block_begin(size), *memory = &begun;
    void *next = json_object_iter(object);
    USER_FIELDS(GET)
    json_decref(object);
    return memory->memory;
}

static void *decode_product(char *bytes, size_t size, void *value)
{
    product *to = value;
    json_t *object = load(bytes, size);
    const json_t *got;
    bench_block begun = block_begin(size), *memory = &begun;
    void *next = json_object_iter(object);
    PRODUCT_FIELDS(GET)
    json_decref(object);
    return memory->memory;
}

const competitor bench_jansson = {
    "jansson", {encode_user, encode_product}, {decode_user, decode_product}, bench_release_block};
