/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * cJSON in the benchmark of codecs: a tree whose names are not copied is built and printed into a
 * buffer that is kept (cJSON_PrintPreallocated), and parsed (cJSON_ParseWithLength) and walked from
 * sibling to sibling. All its numbers are doubles, so none of the records' is above 2^53.
 */
#include <cJSON.h>

#include "codec.h"

/* ---- encoding -------------------------------------------------------------------------------- */

static cJSON *make_texts(char *const *texts, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(texts[i]));
    return array;
}

static cJSON *make_address(const address *from);

#define MAKE_I64(f)     cJSON_CreateNumber((double)from->f)
#define MAKE_I32(f)     cJSON_CreateNumber(from->f)
#define MAKE_BOOL(f)    cJSON_CreateBool(from->f)
#define MAKE_DOUBLE(f)  cJSON_CreateNumber(from->f)
#define MAKE_STATE(f)   cJSON_CreateString(state_name(from->f))
#define MAKE_STRING(f)  cJSON_CreateString(from->f)
#define MAKE_CHARS(f)   cJSON_CreateString(from->f)
#define MAKE_STRINGS(f) make_texts(from->f, from->f##_count)
#define MAKE_DOUBLES(f) cJSON_CreateDoubleArray(from->f, (int)from->f##_count)
#define MAKE_ADDRESS(f) make_address(&from->f)
#define MAKE(KIND, f)   cJSON_AddItemToObjectCS(object, #f, MAKE_##KIND(f));

static cJSON *make_address(const address *from)
{
    cJSON *object = cJSON_CreateObject();
    ADDRESS_FIELDS(MAKE)
    return object;
}

static cJSON *make_user(const user *from)
{
    cJSON *object = cJSON_CreateObject();
    USER_FIELDS(MAKE)
    return object;
}

static cJSON *make_product(const product *from)
{
    cJSON *object = cJSON_CreateObject();
    PRODUCT_FIELDS(MAKE)
    return object;
}

static size_t print(cJSON *object, const char **bytes)
{
    static char buffer[4096];
    if (!cJSON_PrintPreallocated(object, buffer, sizeof(buffer), false))
        abort();
    cJSON_Delete(object);
    *bytes = buffer;
    return strlen(buffer);
}

static size_t encode_user(const void *value, const char **bytes)
{
    return print(make_user(value), bytes);
}

static size_t encode_product(const void *value, const char **bytes)
{
    return print(make_product(value), bytes);
}

/* ---- decoding -------------------------------------------------------------------------------- */

/* The value of a name, which mostly is at *next. */
static const cJSON *find(const cJSON *object, const cJSON **next, const char *name)
{
    const cJSON *found = *next;
    if (found != NULL && strcmp(found->string, name) == 0) {
        *next = found->next;
        return found;
    }
    found = cJSON_GetObjectItemCaseSensitive(object, name);
    if (found == NULL)
        abort();
    return found;
}

static double number(const cJSON *item)
{
    if (!cJSON_IsNumber(item))
        abort();
    return item->valuedouble;
}

static bool boolean(const cJSON *item)
{
    if (!cJSON_IsBool(item))
        abort();
    return cJSON_IsTrue(item);
}

static const char *text(const cJSON *item)
{
    if (!cJSON_IsString(item))
        abort();
    return item->valuestring;
}

static size_t count_of(const cJSON *array)
{
    if (!cJSON_IsArray(array))
        abort();
    return (size_t)cJSON_GetArraySize(array);
}

static char *copy(const cJSON *item, bench_block *memory)
{
    return block_text(memory, text(item), strlen(text(item)));
}

static char **copy_texts(const cJSON *array, size_t *count, bench_block *memory)
{
    *count = count_of(array);
    char **texts = block_take_array(memory, *count * sizeof(*texts)), **to = texts;
    for (const cJSON *item = array->child; item != NULL; item = item->next)
        *to++ = copy(item, memory);
    return texts;
}

static double *copy_doubles(const cJSON *array, size_t *count, bench_block *memory)
{
    *count = count_of(array);
    double *numbers = block_take_array(memory, *count * sizeof(*numbers)), *to = numbers;
    for (const cJSON *item = array->child; item != NULL; item = item->next)
        *to++ = number(item);
    return numbers;
}

static void get_address(const cJSON *object, address *to, bench_block *memory);

#define GET_I64(f)     to->f = (int64_t)number(got);
#define GET_I32(f)     to->f = (int32_t)number(got);
#define GET_BOOL(f)    to->f = boolean(got);
#define GET_DOUBLE(f)  to->f = number(got);
#define GET_STATE(f)   to->f = bench_state(text(got), strlen(text(got)));
#define GET_STRING(f)  to->f = copy(got, memory);
#define GET_CHARS(f)   bench_copy_chars(to->f, sizeof(to->f), text(got), strlen(text(got)));
#define GET_STRINGS(f) to->f = copy_texts(got, &to->f##_count, memory);
#define GET_DOUBLES(f) to->f = copy_doubles(got, &to->f##_count, memory);
#define GET_ADDRESS(f) get_address(got, &to->f, memory);
#define GET(KIND, f)               \
    got = find(object, &next, #f); \
    GET_##KIND(f)

static void get_address(const cJSON *object, address *to, bench_block *memory)
{
    if (!cJSON_IsObject(object))
        abort();
    const cJSON *got, *next = object->child;
    ADDRESS_FIELDS(GET)
}

static cJSON *parse(const char *bytes, size_t size)
{
    cJSON *object = cJSON_ParseWithLength(bytes, size);
    if (!cJSON_IsObject(object))
        abort();
    return object;
}

static void *decode_user(char *bytes, size_t size, void *value)
{
    user *to = value;
    cJSON *object = parse(bytes, size);
    const cJSON *got, *next = object->child;
    bench_block begun = block_begin(size), *memory = &begun;
    USER_FIELDS(GET)
    cJSON_Delete(object);
    return memory->memory;
}

static void *decode_product(char *bytes, size_t size, void *value)
{
    product *to = value;
    cJSON *object = parse(bytes, size);
    const cJSON *got, *next = object->child;
    bench_block begun = block_begin(size), *memory = &begun;
    PRODUCT_FIELDS(GET)
    cJSON_Delete(object);
    return memory->memory;
}

const competitor bench_cjson = {
    "cJSON", {encode_user, encode_product}, {decode_user, decode_product}, bench_release_block};
