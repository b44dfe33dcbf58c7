/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a plugin says of itself: checked field by field, extended with zeros, cut where it is newer,
 * and copied to the last string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/allocator.h"
#include "expect.h"
#include "loader/descriptor.h"

/* ---- good ones, writable, to be spoiled ------------------------------------------------------ */

static zcache_status any_open(const zcache_host *host, const zcache_call *call, const void *options,
                              void **self)
{
    (void)host, (void)call, (void)options, (void)self;
    return ZCACHE_OK;
}

static void any_close(void *self)
{
    (void)self;
}

static zcache_status any_get(void *self, const zcache_call *call, size_t n,
                             const zcache_slice keys[], zcache_sink *sink)
{
    (void)self, (void)call, (void)n, (void)keys, (void)sink;
    return ZCACHE_OK;
}

static zcache_status any_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    (void)self, (void)call, (void)n, (void)items;
    return ZCACHE_OK;
}

static zcache_status any_del(void *self, const zcache_call *call, size_t n,
                             const zcache_slice keys[], zcache_status status[])
{
    (void)self, (void)call, (void)n, (void)keys, (void)status;
    return ZCACHE_OK;
}

static zcache_status any_acquire(void *self, const zcache_call *call, void **handle)
{
    (void)self, (void)call, (void)handle;
    return ZCACHE_OK;
}

static void any_release(void *self, void *handle)
{
    (void)self, (void)handle;
}

typedef struct settings {
    const char *name;
    int64_t count, bytes, wait_ms;
    bool fast;
    int color;
    zcache_list servers;
} settings;

static const char *const colors[] = {"red", "green", NULL};

enum { NAME, COUNT, BYTES, WAIT, FAST, COLOR, SERVERS, OPTIONS };

static const zcache_option good_options[OPTIONS] = {
    ZCACHE_STRING_OPTION(settings, name, "name", "nobody", 0, "who"),
    ZCACHE_INT_OPTION(settings, count, "count", "3", 1, 5, "how many"),
    ZCACHE_SIZE_OPTION(settings, bytes, "bytes", "64k", 0, 1 << 20, "how much"),
    ZCACHE_DURATION_OPTION(settings, wait_ms, "wait", "1s", -1, 5000, "how long"),
    ZCACHE_BOOL_OPTION(settings, fast, "fast", "no", "how"),
    ZCACHE_ENUM_OPTION(settings, color, "color", "green", colors, "which"),
    ZCACHE_LIST_OPTION(settings, servers, "servers", "a, b", "where"),
};

static struct {
    zcache_descriptor descriptor;
    zcache_ops ops;
    zcache_native native;
    zcache_option options[OPTIONS];
    zcache_codec codec;
} plugin;

static int setup(void **state)
{
    (void)state;
    plugin.ops = (zcache_ops){
        .size = sizeof(zcache_ops),
        .open = any_open,
        .close = any_close,
        .get = any_get,
        .set = any_set,
        .del = any_del,
    };
    plugin.native = (zcache_native){"a.type/1", any_acquire, any_release};
    memcpy(plugin.options, good_options, sizeof(good_options));
    plugin.descriptor = (zcache_descriptor){
        ZCACHE_DESCRIPTOR_HEADER,
        .kind = ZCACHE_KIND_PROVIDER,
        .name = "good",
        .version = "2.1",
        .summary = "is good",
        .native = &plugin.native,
        .options = plugin.options,
        .option_count = OPTIONS,
        .option_stride = sizeof(zcache_option),
        .options_size = sizeof(settings),
        .ops = &plugin.ops,
    };
    return 0;
}

static zcache_status copy_it(zcache_descriptor **copy)
{
    zcache_status status =
        zc_descriptor_copy(&plugin.descriptor, sizeof(plugin.descriptor), "good", copy);
    if (status != ZCACHE_OK)
        return status;
    status = zc_descriptor_check_defaults(*copy);
    if (status != ZCACHE_OK) {
        zc_free(*copy);
        *copy = NULL;
    }
    return status;
}

/* The spoiled plugin is refused with these words; then it is good again. */
static void refused(const char *reason)
{
    zcache_descriptor *copy;
    assert_error(ZCACHE_E_PLUGIN, reason, copy_it(&copy));
    assert_null(copy);
    setup(NULL);
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void test_copy_shares_nothing_with_the_plugin(void **state)
{
    (void)state;
    char name[] = "good", version[] = "2.1", help[] = "who", choice[] = "green",
         type[] = "a.type/1";
    const char *choices[] = {"red", choice, NULL};
    plugin.descriptor.name = name;
    plugin.descriptor.version = version;
    plugin.native.type = type;
    plugin.options[NAME].help = help;
    plugin.options[COLOR].choices = choices;
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK, copy_it(&copy));
    name[0] = version[0] = help[0] = choice[0] = type[0] = '#';
    memset(&plugin, 0xee, sizeof(plugin)); /* as if it was unmapped */
    assert_string_equal(copy->name, "good");
    assert_string_equal(copy->version, "2.1");
    assert_string_equal(copy->summary, "is good");
    assert_string_equal(copy->host_version, ZCACHE_VERSION);
    assert_string_equal(copy->native->type, "a.type/1");
    assert_ptr_equal((void *)copy->native->release, (void *)any_release);
    assert_int_equal(copy->option_count, OPTIONS);
    assert_string_equal(copy->options[NAME].help, "who");
    assert_string_equal(copy->options[COLOR].choices[1], "green");
    assert_null(copy->options[COLOR].choices[2]);
    assert_string_equal(copy->options[SERVERS].default_value, "a, b");
    assert_ptr_equal((void *)copy->ops->del, (void *)any_del);
    zc_free(copy);
}

static void test_missing_texts_become_empty(void **state)
{
    (void)state;
    plugin.descriptor.version = plugin.descriptor.summary = NULL;
    plugin.options[NAME].help = NULL;
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK, copy_it(&copy));
    assert_string_equal(copy->version, "");
    assert_string_equal(copy->summary, "");
    assert_string_equal(copy->options[NAME].help, "");
    zc_free(copy);
}

static void test_shorter_structs_are_extended_with_zeros(void **state)
{
    (void)state;
    struct {
        char bytes[offsetof(zcache_option, min)];
    } shorter[2];
    memcpy(shorter[0].bytes, &good_options[NAME], sizeof(shorter[0]));
    memcpy(shorter[1].bytes, &good_options[COUNT], sizeof(shorter[1]));
    plugin.descriptor.options = (const zcache_option *)(const void *)shorter;
    plugin.descriptor.option_count = 2;
    plugin.descriptor.option_stride = sizeof(shorter[0]);
    plugin.ops.size = offsetof(zcache_ops, peek);
    memset((char *)&plugin.ops + plugin.ops.size, 0xee, sizeof(plugin.ops) - plugin.ops.size);
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK, copy_it(&copy));
    assert_string_equal(copy->options[1].key, "count");
    assert_string_equal(copy->options[1].default_value, "3");
    assert_int_equal(copy->options[1].max, 0);
    assert_string_equal(copy->options[1].help, "");
    assert_null(copy->ops->peek);
    assert_null(copy->ops->thread_exit);
    zc_free(copy);
}

static void test_longer_structs_are_cut(void **state)
{
    (void)state;
    struct {
        zcache_option known;
        uint64_t newer[2];
    } longer[2] = {{good_options[NAME], {1, 2}}, {good_options[COUNT], {3, 4}}};
    struct {
        zcache_ops known;
        void *newer[3];
    } ops = {plugin.ops, {longer, longer, longer}};
    struct {
        zcache_descriptor known;
        void *newer[5];
    } descriptor = {plugin.descriptor, {longer, longer, longer, longer, longer}};
    ops.known.size = sizeof(ops);
    descriptor.known.size = sizeof(descriptor);
    descriptor.known.ops = &ops.known;
    descriptor.known.options = &longer[0].known;
    descriptor.known.option_count = 2;
    descriptor.known.option_stride = sizeof(longer[0]);
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK,
                  zc_descriptor_copy(&descriptor.known, sizeof(descriptor), "good", &copy));
    assert_int_equal(copy->size, sizeof(zcache_descriptor));
    assert_string_equal(copy->options[1].key, "count");
    assert_int_equal(copy->option_stride, sizeof(zcache_option));
    zc_free(copy);
}

static void test_capabilities_are_the_operations_that_are_there(void **state)
{
    (void)state;
    plugin.ops.get = NULL;
    plugin.descriptor.kind = ZCACHE_KIND_FILTER;
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK, copy_it(&copy));
    char *text = zc_descriptor_capabilities(copy);
    assert_string_equal(text, "set del");
    zc_free(text);
    zc_free(copy);
}

/* ---- codecs ---------------------------------------------------------------------------------- */

static zcache_status any_put(const zcache_codec *codec, zcache_buffer *buffer,
                             const zcache_token *token)
{
    (void)codec, (void)buffer, (void)token;
    return ZCACHE_OK;
}

static zcache_status any_next(const zcache_codec *codec, zcache_reader *reader, zcache_token *token)
{
    (void)codec, (void)reader, (void)token;
    return ZCACHE_OK;
}

static zcache_status any_encode(const zcache_codec *codec, const zcache_struct *type,
                                const void *value, zcache_buffer *buffer)
{
    (void)codec, (void)type, (void)value, (void)buffer;
    return ZCACHE_OK;
}

static zcache_status any_decode(const zcache_codec *codec, const zcache_struct *type,
                                zcache_reader *reader, void *value, zcache_block *block)
{
    (void)codec, (void)type, (void)reader, (void)value, (void)block;
    return ZCACHE_OK;
}

static void make_codec(void)
{
    plugin.codec = (zcache_codec){
        .size = sizeof(zcache_codec), .user = NULL, .put = any_put, .next = any_next};
    plugin.descriptor = (zcache_descriptor){
        ZCACHE_DESCRIPTOR_HEADER,
        .kind = ZCACHE_KIND_CODEC,
        .name = "good",
        .codec = &plugin.codec,
    };
}

static void test_codec_is_copied_too(void **state)
{
    (void)state;
    zcache_descriptor *copy;
    make_codec();
    plugin.codec.size = offsetof(zcache_codec, encode);
    plugin.codec.encode = any_encode; /* beyond its size: not read */
    assert_status(ZCACHE_OK, copy_it(&copy));
    memset(&plugin, 0xee, sizeof(plugin)); /* as if it was unmapped */
    assert_null(copy->ops);
    assert_int_equal(copy->codec->size, sizeof(zcache_codec));
    assert_ptr_equal((void *)copy->codec->put, (void *)any_put);
    assert_ptr_equal((void *)copy->codec->next, (void *)any_next);
    assert_null(copy->codec->encode);
    char *text = zc_descriptor_capabilities(copy);
    assert_string_equal(text, "put next");
    zc_free(text);
    zc_free(copy);
}

static void test_codec_by_values_tells_its_functions(void **state)
{
    (void)state;
    zcache_descriptor *copy;
    make_codec();
    plugin.codec =
        (zcache_codec){.size = sizeof(zcache_codec), .encode = any_encode, .decode = any_decode};
    assert_status(ZCACHE_OK, copy_it(&copy));
    char *text = zc_descriptor_capabilities(copy);
    assert_string_equal(text, "encode decode");
    zc_free(text);
    zc_free(copy);
}

static void test_provider_has_no_codec(void **state)
{
    (void)state;
    zcache_descriptor *copy;
    plugin.descriptor.codec = &plugin.codec;
    assert_status(ZCACHE_OK, copy_it(&copy));
    assert_null(copy->codec);
    zc_free(copy);
}

static void test_each_wrong_field_of_a_codec_is_named(void **state)
{
    (void)state;
    zcache_descriptor *its = &plugin.descriptor;
    zcache_codec *codec = &plugin.codec;
    make_codec(), its->codec = NULL, refused("codec: expected a zcache_codec, found none");
    make_codec(), its->ops = &plugin.ops, refused("ops: expected none of a codec");
    make_codec(), its->threads = ZCACHE_THREADS_SERIALIZED, refused("threads: expected 0");
    make_codec(), its->option_count = 1, refused("options: expected none of a codec, found 1");
    make_codec(), codec->size = 8, refused("codec.size: expected ");
    make_codec(), codec->size = SIZE_MAX, refused("codec.size: expected ");
    make_codec(), codec->put = NULL, refused("codec: put: expected a function, found none");
    make_codec(), codec->next = NULL, refused("codec: next: expected a function, found none");
    make_codec(), codec->decode = any_decode, refused("codec: expected put and next or encode");
    make_codec(), codec->put = NULL, codec->next = NULL,
                  refused("codec: expected put and next, or");
    make_codec(), codec->put = NULL, codec->next = NULL, codec->encode = any_encode;
    refused("codec: decode: expected a function, found none");
    make_codec(), codec->put = NULL, codec->next = NULL, codec->decode = any_decode;
    refused("codec: encode: expected a function, found none");
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void test_each_wrong_field_is_named(void **state)
{
    (void)state;
    zcache_descriptor *its = &plugin.descriptor;
    its->magic++, refused("magic: expected 0x7a634831, found 0x7a634832");
    its->abi_major = 0, refused("abi_major: expected 1, found 0");
    its->abi_minor = 9, refused("abi_minor: expected at most 0, found 9");
    its->size = 8, refused("size: expected ");
    its->size = SIZE_MAX, refused("size: expected ");
    its->size = offsetof(zcache_descriptor, ops), refused("ops: expected a table");
    its->kind = 0, refused("kind: expected 1 (provider), 2 (filter) or 3 (codec), found 0");
    its->name = NULL, refused("name: expected [a-z][a-z0-9_-]{0,31}, found none");
    its->name = "Good", refused("name: expected [a-z][a-z0-9_-]{0,31}, found \"Good\"");
    its->name = "gooder",
    refused("name: expected \"good\", as its file is named, found \"gooder\"");
    its->threads = 2, refused("threads: expected 0 (parallel) or 1 (serialized), found 2");
    its->flags = 6, refused("flags: expected 0 or 0x1, found 0x6");
    its->key_bytes = 2, refused("key_bytes: expected 0 (any) or 1 (text), found 2");
    its->ttl_granule_ms = -5, refused("ttl_granule_ms: expected 0 or more, found -5");
    its->ops = NULL, refused("ops: expected a table of operations, found none");
    plugin.native.type = "", refused("native: expected type, acquire and release");
    plugin.native.release = NULL, refused("native: expected type, acquire and release");
    plugin.ops.size = 4, refused("ops.size: expected ");
    plugin.ops.size = offsetof(zcache_ops, del), refused("ops.del: expected a function");
    plugin.ops.open = NULL, refused("ops.open: expected a function, found none");
    plugin.ops.close = NULL, refused("ops.close: expected a function, found none");
    plugin.ops.get = NULL, refused("ops.get: expected a function, found none");
    plugin.ops.set = NULL, refused("ops.set: expected a function, found none");
}

static void test_each_wrong_option_is_named(void **state)
{
    (void)state;
    zcache_descriptor *its = &plugin.descriptor;
    zcache_option *options = plugin.options;
    its->options = NULL, refused("options: expected a table of 7, found none");
    its->option_count = 1000, refused("option_count: expected at most");
    its->option_stride = 8, refused("option_stride: expected ");
    its->option_stride = sizeof(zcache_option) - 1, refused("option_stride: expected ");
    its->options_size = 0, refused("options_size: expected 1 to");
    its->options_size = 16, refused("offset: expected room");
    options[BYTES].key = "Bytes",
    refused("option 2: key: expected [a-z][a-z0-9_]*, found \"Bytes\"");
    options[BYTES].key = NULL, refused("option 2: key: expected [a-z][a-z0-9_]*, found \"\"");
    options[BYTES].key = "count", refused("option count: key: expected each once");
    options[BYTES].type = 8, refused("option bytes: type: expected 0 to 7, found 8");
    options[BYTES].flags = 4, refused("option bytes: flags: expected");
    options[BYTES].offset = SIZE_MAX - 3, refused("option bytes: offset: expected room");
    options[BYTES].offset = 1, refused("option bytes: offset: expected room");
    options[COUNT].min = 6, refused("option count: min: expected at most max 5, found 6");
    options[COLOR].choices = NULL, refused("option color: choices: expected at least one");
    options[NAME].flags = ZCACHE_OPTION_REQUIRED,
    refused("option name: default_value: expected none");
    options[COUNT].default_value = "6", refused("the default of option count: must be 1 to 5");
    options[COUNT].default_value = "x", refused("the default of option count: ");
    options[BYTES].default_value = "2g", refused("the default of option bytes: ");
    options[WAIT].default_value = "10", refused("the default of option wait: ");
    options[FAST].default_value = "maybe", refused("the default of option fast: ");
    options[COLOR].default_value = "blue", refused("the default of option color: must be one of");
}

static void test_required_option_needs_no_default(void **state)
{
    (void)state;
    plugin.options[NAME].flags = ZCACHE_OPTION_REQUIRED | ZCACHE_OPTION_SECRET;
    plugin.options[NAME].default_value = NULL;
    zcache_descriptor *copy;
    assert_status(ZCACHE_OK, copy_it(&copy));
    assert_int_equal(copy->options[NAME].flags, ZCACHE_OPTION_REQUIRED | ZCACHE_OPTION_SECRET);
    zc_free(copy);
}

static void test_filter_must_be_of_this_very_version(void **state)
{
    (void)state;
    zcache_descriptor *copy;
    plugin.descriptor.kind = ZCACHE_KIND_FILTER;
    assert_status(ZCACHE_OK, copy_it(&copy));
    zc_free(copy);
    plugin.descriptor.host_version = "0.1";
    refused("host_version: expected \"" ZCACHE_VERSION "\", found \"0.1\"");
    plugin.descriptor.kind = ZCACHE_KIND_FILTER;
    plugin.descriptor.host_version = NULL;
    refused("host_version: expected \"" ZCACHE_VERSION "\", found \"\"");
    plugin.descriptor.host_version = "0.1"; /* a provider may be of any */
    assert_status(ZCACHE_OK, copy_it(&copy));
    zc_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_copy_shares_nothing_with_the_plugin, setup),
        cmocka_unit_test_setup(test_missing_texts_become_empty, setup),
        cmocka_unit_test_setup(test_shorter_structs_are_extended_with_zeros, setup),
        cmocka_unit_test_setup(test_longer_structs_are_cut, setup),
        cmocka_unit_test_setup(test_capabilities_are_the_operations_that_are_there, setup),
        cmocka_unit_test_setup(test_codec_is_copied_too, setup),
        cmocka_unit_test_setup(test_codec_by_values_tells_its_functions, setup),
        cmocka_unit_test_setup(test_provider_has_no_codec, setup),
        cmocka_unit_test_setup(test_each_wrong_field_of_a_codec_is_named, setup),
        cmocka_unit_test_setup(test_each_wrong_field_is_named, setup),
        cmocka_unit_test_setup(test_each_wrong_option_is_named, setup),
        cmocka_unit_test_setup(test_required_option_needs_no_default, setup),
        cmocka_unit_test_setup(test_filter_must_be_of_this_very_version, setup),
    };
    expect_of("loader");
    return cmocka_run_group_tests_name("loader: descriptors", tests, NULL, NULL);
}
