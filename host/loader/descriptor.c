/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Three steps: the fixed-size structs are copied, zero-extended; the copies are checked; then all
 * is packed into one block, by a function that runs twice: once to add up sizes, once to fill.
 */
#include "loader/descriptor.h"

#include <inttypes.h>
#include <stdalign.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "codec/custom.h"
#include "config/options.h"
#include "loader/search.h"

/* No struct, table or text of a sane plugin is larger: what is, is damaged. */
#define STRUCT_MAX  ((size_t)65536)
#define OPTIONS_MAX ((size_t)256)

/* The operations that a plugin may have or not, in the order of zcache_ops. */
#define CAPABILITY_MAP(X) \
    X(get)                \
    X(set)                \
    X(del)                \
    X(peek)               \
    X(touch)              \
    X(incr)               \
    X(scan) X(clear) X(ping) X(stats) X(quiesce) X(fork) X(thread_exit) X(configure) X(released)

#define REFUSE(...) zc_error(ZCACHE_E_PLUGIN, __VA_ARGS__)

/* Copies a struct that is `theirs_size` bytes in the plugin into one of `own_size` bytes here. */
static void copy_extended(void *own, size_t own_size, const void *theirs, size_t theirs_size)
{
    memset(own, 0, own_size);
    memcpy(own, theirs, theirs_size < own_size ? theirs_size : own_size);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static zcache_status check_header(const zcache_descriptor *theirs, size_t readable)
{
    size_t header = offsetof(zcache_descriptor, host_version);
    if (readable < header)
        return REFUSE("zcache_plugin: expected a descriptor, found an object of %zu bytes",
                      readable);
    if (theirs->magic != ZCACHE_ABI_MAGIC)
        return REFUSE("magic: expected 0x%08" PRIx32 ", found 0x%08" PRIx32
                      " (it is not a zcache plugin)",
                      ZCACHE_ABI_MAGIC, theirs->magic);
    if (theirs->abi_major != ZCACHE_ABI_MAJOR)
        return REFUSE("abi_major: expected %d, found %d (compile it for this version of zcache)",
                      ZCACHE_ABI_MAJOR, theirs->abi_major);
    if (theirs->abi_minor > ZCACHE_ABI_MINOR)
        return REFUSE("abi_minor: expected at most %d, found %d (it needs a newer zcache)",
                      ZCACHE_ABI_MINOR, theirs->abi_minor);
    size_t most = readable < STRUCT_MAX ? readable : STRUCT_MAX;
    if (theirs->size < header || theirs->size > most)
        return REFUSE("size: expected %zu to %zu bytes, found %zu", header, most, theirs->size);
    return ZCACHE_OK;
}

static zcache_status check_identity(const zcache_descriptor *own, const char *name)
{
    if (own->kind < ZCACHE_KIND_PROVIDER || own->kind > ZCACHE_KIND_CODEC)
        return REFUSE("kind: expected %d (provider), %d (filter) or %d (codec), found %d",
                      ZCACHE_KIND_PROVIDER, ZCACHE_KIND_FILTER, ZCACHE_KIND_CODEC, (int)own->kind);
    if (own->name == NULL || strnlen(own->name, ZC_NAME_MAX) == ZC_NAME_MAX ||
        !zc_search_name_is_legal(own->name))
        return REFUSE("name: expected [a-z][a-z0-9_-]{0,31}, found %s%.40s%s",
                      own->name != NULL ? "\"" : "", own->name != NULL ? own->name : "none",
                      own->name != NULL ? "\"" : "");
    if (strcmp(own->name, name) != 0)
        return REFUSE("name: expected \"%s\", as its file is named, found \"%s\"", name, own->name);
    /* The layers of a stack share structs that have no sizes: no stable ABI for filters. */
    if (own->kind == ZCACHE_KIND_FILTER &&
        (own->host_version == NULL || strcmp(own->host_version, ZCACHE_VERSION) != 0))
        return REFUSE("host_version: expected \"%s\", found \"%.40s\" (a filter runs only on the "
                      "version that it was compiled for)",
                      ZCACHE_VERSION, own->host_version != NULL ? own->host_version : "");
    return ZCACHE_OK;
}

static zcache_status check_properties(const zcache_descriptor *own)
{
    if (own->threads != ZCACHE_THREADS_PARALLEL && own->threads != ZCACHE_THREADS_SERIALIZED)
        return REFUSE("threads: expected %d (parallel) or %d (serialized), found %d",
                      ZCACHE_THREADS_PARALLEL, ZCACHE_THREADS_SERIALIZED, (int)own->threads);
    if (own->flags & ~ZCACHE_PLUGIN_RESIDENT)
        return REFUSE("flags: expected 0 or 0x%" PRIx32 ", found 0x%" PRIx32,
                      ZCACHE_PLUGIN_RESIDENT, own->flags);
    if (own->key_bytes != ZCACHE_KEY_ANY && own->key_bytes != ZCACHE_KEY_TEXT)
        return REFUSE("key_bytes: expected %d (any) or %d (text), found %d", ZCACHE_KEY_ANY,
                      ZCACHE_KEY_TEXT, (int)own->key_bytes);
    if (own->ttl_granule_ms < 0)
        return REFUSE("ttl_granule_ms: expected 0 or more, found %" PRId64, own->ttl_granule_ms);
    const zcache_native *native = own->native;
    if (native != NULL && (native->type == NULL || native->type[0] == '\0' ||
                           native->acquire == NULL || native->release == NULL))
        return REFUSE("native: expected type, acquire and release, found one of them missing");
    return ZCACHE_OK;
}

/* Checks and copies what makes a codec. It has no operations, and none of their properties. */
static zcache_status copy_codec(const zcache_descriptor *descriptor, zcache_codec *own)
{
    if (descriptor->codec == NULL)
        return REFUSE("codec: expected a zcache_codec, found none");
    if (descriptor->ops != NULL)
        return REFUSE("ops: expected none of a codec, found a table of operations");
    if (descriptor->threads != ZCACHE_THREADS_PARALLEL)
        return REFUSE("threads: expected %d (parallel) of a codec, found %d",
                      ZCACHE_THREADS_PARALLEL, (int)descriptor->threads);
    if (descriptor->option_count != 0)
        return REFUSE("options: expected none of a codec, found %zu", descriptor->option_count);
    size_t size = descriptor->codec->size;
    size_t least = offsetof(zcache_codec, put);
    if (size < least || size > STRUCT_MAX)
        return REFUSE("codec.size: expected %zu to %zu bytes, found %zu", least, STRUCT_MAX, size);
    copy_extended(own, sizeof(*own), descriptor->codec, size);
    own->size = sizeof(*own);
    const char *fault = zc_custom_fault(own);
    return fault == NULL ? ZCACHE_OK : REFUSE("codec: %s", fault);
}

/* Checks and copies the operations. */
static zcache_status copy_ops(const zcache_descriptor *descriptor, zcache_ops *own)
{
    if (descriptor->ops == NULL)
        return REFUSE("ops: expected a table of operations, found none");
    size_t size = descriptor->ops->size;
    size_t least = offsetof(zcache_ops, get);
    if (size < least || size > STRUCT_MAX)
        return REFUSE("ops.size: expected %zu to %zu bytes, found %zu", least, STRUCT_MAX, size);
    copy_extended(own, sizeof(*own), descriptor->ops, size);
    bool provider = descriptor->kind == ZCACHE_KIND_PROVIDER;
    const struct {
        const char *name;
        bool there, required;
    } required[] = {
        {"open", own->open != NULL, true},   {"close", own->close != NULL, true},
        {"get", own->get != NULL, provider}, {"set", own->set != NULL, provider},
        {"del", own->del != NULL, provider},
    };
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (required[i].required && !required[i].there)
            return REFUSE("ops.%s: expected a function, found none (it is required of a %s)",
                          required[i].name, provider ? "provider" : "filter");
    return ZCACHE_OK;
}

static bool key_is_legal(const char *key)
{
    if (key == NULL || *key < 'a' || *key > 'z')
        return false;
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static size_t field_alignment(zcache_option_type type)
{
    switch (type) {
    case ZCACHE_OPTION_BOOL:
        return alignof(bool);
    case ZCACHE_OPTION_ENUM:
        return alignof(int);
    case ZCACHE_OPTION_INT:
    case ZCACHE_OPTION_SIZE:
    case ZCACHE_OPTION_DURATION:
        return alignof(int64_t);
    case ZCACHE_OPTION_FRACTION:
        return alignof(double);
    default:
        return alignof(void *);
    }
}

static zcache_status check_option(const zcache_option *option, size_t options_size)
{
    size_t size = zc_option_field_size(option->type);
    if (size == 0)
        return REFUSE("option %s: type: expected %d to %d, found %d", option->key,
                      ZCACHE_OPTION_STRING, ZCACHE_OPTION_FRACTION, (int)option->type);
    if (option->flags & ~(ZCACHE_OPTION_SECRET | ZCACHE_OPTION_REQUIRED))
        return REFUSE("option %s: flags: expected SECRET, REQUIRED or 0, found 0x%" PRIx32,
                      option->key, option->flags);
    if (option->offset > options_size || size > options_size - option->offset ||
        option->offset % field_alignment(option->type) != 0)
        return REFUSE("option %s: offset: expected room for an aligned field of %zu bytes in "
                      "options_size %zu, found %zu",
                      option->key, size, options_size, option->offset);
    if (option->min > option->max)
        return REFUSE("option %s: min: expected at most max %" PRId64 ", found %" PRId64,
                      option->key, option->max, option->min);
    bool is_enum = option->type == ZCACHE_OPTION_ENUM;
    if (is_enum && (option->choices == NULL || option->choices[0] == NULL))
        return REFUSE("option %s: choices: expected at least one, found none", option->key);
    if ((option->flags & ZCACHE_OPTION_REQUIRED) && option->default_value != NULL)
        return REFUSE("option %s: default_value: expected none, as it is required, found \"%s\"",
                      option->key, option->default_value);
    return ZCACHE_OK;
}

/* Checks and copies the option table into `own`, which has room for it. */
static zcache_status copy_options(const zcache_descriptor *descriptor, zcache_option *own)
{
    for (size_t i = 0; i < descriptor->option_count; i++) {
        const char *theirs = (const char *)descriptor->options + i * descriptor->option_stride;
        copy_extended(&own[i], sizeof(own[i]), theirs, descriptor->option_stride);
        if (!key_is_legal(own[i].key))
            return REFUSE("option %zu: key: expected [a-z][a-z0-9_]*, found \"%.40s\"", i,
                          own[i].key != NULL ? own[i].key : "");
        for (size_t j = 0; j < i; j++)
            if (strcmp(own[j].key, own[i].key) == 0)
                return REFUSE("option %s: key: expected each once, found it twice", own[i].key);
        zcache_status result = check_option(&own[i], descriptor->options_size);
        if (result != ZCACHE_OK)
            return result;
    }
    return ZCACHE_OK;
}

static zcache_status check_table(const zcache_descriptor *own)
{
    if (own->options == NULL || own->option_count == 0) {
        if (own->option_count != 0 || own->options_size != 0)
            return REFUSE("options: expected a table of %zu, found none", own->option_count);
        return ZCACHE_OK;
    }
    size_t least = offsetof(zcache_option, default_value);
    if (own->option_count > OPTIONS_MAX)
        return REFUSE("option_count: expected at most %zu, found %zu", OPTIONS_MAX,
                      own->option_count);
    if (own->option_stride < least || own->option_stride > STRUCT_MAX ||
        own->option_stride % alignof(zcache_option) != 0)
        return REFUSE("option_stride: expected %zu to %zu bytes, found %zu", least, STRUCT_MAX,
                      own->option_stride);
    if (own->options_size == 0 || own->options_size > STRUCT_MAX)
        return REFUSE("options_size: expected 1 to %zu bytes, found %zu", STRUCT_MAX,
                      own->options_size);
    return ZCACHE_OK;
}

/* ---- packing --------------------------------------------------------------------------------- */

/* A block that is measured (memory NULL) or filled: both by the same calls. */
typedef struct block {
    char *memory;
    size_t used;
} block;

static void *pack(block *into, const void *data, size_t size, size_t alignment)
{
    into->used = (into->used + alignment - 1) / alignment * alignment;
    void *place = NULL;
    if (into->memory != NULL) {
        place = into->memory + into->used;
        memcpy(place, data, size);
    }
    into->used += size;
    return place;
}

static const char *pack_text(block *into, const char *text)
{
    return text == NULL ? NULL : pack(into, text, strlen(text) + 1, 1);
}

static const char *const *pack_choices(block *into, const char *const *choices)
{
    if (choices == NULL)
        return NULL;
    size_t count = 0;
    while (choices[count] != NULL)
        count++;
    const char **copy = pack(into, choices, (count + 1) * sizeof(*choices), alignof(char *));
    for (size_t i = 0; i < count; i++) {
        const char *choice = pack_text(into, choices[i]);
        if (copy != NULL)
            copy[i] = choice;
    }
    return copy;
}

static const zcache_option *pack_options(block *into, const zcache_option *options, size_t count)
{
    if (count == 0)
        return NULL;
    zcache_option *copy = pack(into, options, count * sizeof(*options), alignof(zcache_option));
    for (size_t i = 0; i < count; i++) {
        zcache_option option = options[i];
        option.key = pack_text(into, option.key);
        option.default_value = pack_text(into, option.default_value);
        option.choices = pack_choices(into, option.choices);
        option.help = pack_text(into, option.help != NULL ? option.help : "");
        if (copy != NULL)
            copy[i] = option;
    }
    return copy;
}

static const zcache_native *pack_native(block *into, const zcache_native *native)
{
    if (native == NULL)
        return NULL;
    zcache_native *copy = pack(into, native, sizeof(*native), alignof(zcache_native));
    const char *type = pack_text(into, native->type);
    if (copy != NULL)
        copy->type = type;
    return copy;
}

static void pack_descriptor(block *into, const zcache_descriptor *own)
{
    zcache_descriptor *copy = pack(into, own, sizeof(*own), alignof(max_align_t));
    zcache_descriptor with = *own;
    with.size = sizeof(with);
    with.host_version = pack_text(into, own->host_version);
    with.name = pack_text(into, own->name);
    with.version = pack_text(into, own->version != NULL ? own->version : "");
    with.summary = pack_text(into, own->summary != NULL ? own->summary : "");
    with.options = pack_options(into, own->options, own->option_count);
    with.option_stride = sizeof(zcache_option);
    with.native = pack_native(into, own->native);
    if (own->ops != NULL)
        with.ops = pack(into, own->ops, sizeof(*own->ops), alignof(zcache_ops));
    if (own->codec != NULL)
        with.codec = pack(into, own->codec, sizeof(*own->codec), alignof(zcache_codec));
    if (copy != NULL)
        *copy = with;
}

/* Copies the functions of a plugin, by its kind. */
static zcache_status copy_functions(zcache_descriptor *own, zcache_ops *ops, zcache_codec *codec)
{
    zcache_status result;
    if (own->kind == ZCACHE_KIND_CODEC) {
        result = copy_codec(own, codec);
        own->codec = codec;
        return result;
    }
    result = copy_ops(own, ops);
    ops->size = sizeof(*ops);
    own->ops = ops;
    own->codec = NULL;
    return result;
}

/* ---- all together ---------------------------------------------------------------------------- */

zcache_status zc_descriptor_copy(const zcache_descriptor *theirs, size_t readable, const char *name,
                                 zcache_descriptor **copy)
{
    zcache_option *options = NULL;
    zcache_descriptor own;
    zcache_ops ops;
    zcache_codec codec;
    *copy = NULL;
    zcache_status result = check_header(theirs, readable);
    if (result != ZCACHE_OK)
        return result;
    copy_extended(&own, sizeof(own), theirs, theirs->size);
    if ((result = check_identity(&own, name)) != ZCACHE_OK ||
        (result = check_properties(&own)) != ZCACHE_OK ||
        (result = copy_functions(&own, &ops, &codec)) != ZCACHE_OK ||
        (result = check_table(&own)) != ZCACHE_OK)
        return result;
    if (own.option_count > 0) {
        options = zc_calloc(own.option_count, sizeof(*options));
        if (options == NULL)
            return zc_error_nomem();
        result = copy_options(&own, options);
        own.options = options;
    }
    if (result == ZCACHE_OK) {
        block into = {0};
        pack_descriptor(&into, &own);
        into = (block){.memory = zc_alloc(into.used)};
        if (into.memory == NULL) {
            result = zc_error_nomem();
        } else {
            pack_descriptor(&into, &own);
            *copy = (zcache_descriptor *)(void *)into.memory;
        }
    }
    zc_free(options);
    return result;
}

zcache_status zc_descriptor_check_defaults(const zcache_descriptor *own)
{
    if (own->option_count == 0)
        return ZCACHE_OK;
    /* Filling a struct from no settings at all parses every default: all that is required is then
     * missing, and no fault of the table. */
    zcache_option *options = zc_alloc(own->option_count * sizeof(*options));
    void *target = zc_calloc(1, own->options_size);
    zcache_status result = ZCACHE_E_NOMEM;
    if (options == NULL || target == NULL) {
        result = zc_error_nomem();
        goto out;
    }
    for (size_t i = 0; i < own->option_count; i++) {
        options[i] = own->options[i];
        options[i].flags &= ~ZCACHE_OPTION_REQUIRED;
    }
    const zc_option_table table = {options, own->option_count, sizeof(*options), own->options_size};
    const zc_settings none = {0};
    result = zc_options_fill(&none, own->name, &table, target);
    if (result == ZCACHE_OK)
        zc_options_release(&table, target);
out:
    zc_free(target);
    zc_free(options);
    return result;
}

char *zc_descriptor_capabilities(const zcache_descriptor *descriptor)
{
    if (descriptor->kind == ZCACHE_KIND_CODEC)
        return zc_strdup(descriptor->codec->put != NULL ? "put next" : "encode decode");
    const zcache_ops *ops = descriptor->ops;
    const struct {
        const char *name;
        bool there;
    } list[] = {
#define LISTED(op) {#op, ops->op != NULL},
        CAPABILITY_MAP(LISTED)
#undef LISTED
    };
    size_t size = 1;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        size += strlen(list[i].name) + 1;
    char *text = zc_alloc(size);
    if (text == NULL)
        return NULL;
    char *end = text;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (!list[i].there)
            continue;
        if (end != text)
            *end++ = ' ';
        end = stpcpy(end, list[i].name);
    }
    *end = '\0';
    return text;
}
