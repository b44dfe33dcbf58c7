/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The files in conf/: each is right, down to its provider's section, and zcache.ini names every key
 * there is with its default, so that it cannot drift from what the library and the plugins do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config-harness.h"
#include "config/schema.h"
#include "expect.h"
#include "loader/module.h"

#define FILE_MAX 32768

/* The plugins that were built, "memory redis", as the build tells it. */
static const char built[] = BUILT_PLUGINS;

static const char *conf_file(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/conf/%s", getenv("ZCACHE_TEST_SOURCE"), name);
    return path;
}

static bool is_built(const char *plugin)
{
    const char *at = strstr(built, plugin);
    size_t size = strlen(plugin);
    return at != NULL && (at[size] == '\0' || at[size] == ' ');
}

static zc_module *open_plugin(const char *name)
{
    const char *const directories[] = {getenv("ZCACHE_TEST_PLUGINS"), NULL};
    const zcache_list path = {1, directories};
    zc_module *module;
    assert_status(ZCACHE_OK, zc_module_open(name, &path, (zcache_kind)0, &module));
    return module;
}

/* A file is right, and so is what it says of its plugin. */
static void check_file(const char *name, const char *provider, const char *plugin)
{
    zc_config *config;
    assert_status(ZCACHE_OK, zc_config_load(ZCACHE_SOURCE_FILE, conf_file(name), NULL, &config));
    assert_string_equal(provider, zc_config_cache(config)->provider);
    if (is_built(plugin)) {
        zc_module *module = open_plugin(plugin);
        const zcache_descriptor *descriptor = zc_module_descriptor(module);
        void *options;
        assert_status(ZCACHE_OK, zc_config_plugin_options(config, descriptor, &options));
        zc_config_plugin_options_free(descriptor, options);
        zc_module_close(module);
    }
    zc_config_free(config);
}

static void test_examples_load(void **state)
{
    (void)state;
    check_file("memory.ini", "memory", "memory");
    check_file("redis.ini", "redis", "redis");
    check_file("memcached.ini", "memcached", "memcached");
    check_file("zcache.ini", "memory", "memory");
    check_file("zcache.ini", "memory", "redis");
    check_file("zcache.ini", "memory", "memcached");
}

/* ---- zcache.ini, line by line ------------------------------------------------------------------
 */

static void read_file(const char *path, char text[FILE_MAX])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, FILE_MAX - 1, file);
    assert_true(size > 0 && size < FILE_MAX - 1);
    text[size] = '\0';
    assert_int_equal(0, fclose(file));
}

/* What stands for a key in a section: its value, and whether it is commented out ("#key = value").
 * NULL if it is not there. `count` receives how many keys the section has. */
static const char *documented(const char *text, const char *section, const char *key,
                              bool *commented, size_t *count)
{
    static char line[FILE_MAX];
    const char *found = NULL;
    bool here = false;
    *count = 0;
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        size_t size = strcspn(at, "\n");
        bool comment = *at == '#';
        const char *begin = comment ? at + 1 : at, *equals = memchr(begin, '=', size);
        if (*begin == '[') {
            size_t name = strlen(section);
            here = strncmp(begin + 1, section, name) == 0 && begin[name + 1] == ']';
        }
        if (!here || *begin < 'a' || *begin > 'z' || equals == NULL || equals >= at + size)
            continue;
        ++*count;
        if ((size_t)(equals - begin) != strlen(key) + 1 || strncmp(begin, key, strlen(key)) != 0)
            continue;
        const char *value = equals + 1 + (equals[1] == ' ' ? 1 : 0);
        snprintf(line, sizeof(line), "%.*s", (int)(at + size - value), value);
        found = line;
        *commented = comment;
    }
    return found;
}

/* A key with a default stands there with it; one without is commented out, or empty. The default of
 * plugin_path depends on the build: commented out, too. */
static void check_section(const char *text, const char *section, const zc_option_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        bool commented = false;
        const char *value = documented(text, section, option.key, &commented, &count);
        bool has_default = option.default_value != NULL && strcmp(option.key, "plugin_path") != 0;
        if (value == NULL)
            fail_msg("conf/zcache.ini does not explain [%s] %s", section, option.key);
        else if (has_default && (commented || strcmp(value, option.default_value) != 0))
            fail_msg("conf/zcache.ini: [%s] %s: expected the default, \"%s\"; found \"%s\"%s",
                     section, option.key, option.default_value, value,
                     commented ? ", commented out" : "");
        else if (!has_default && !commented && *value != '\0')
            fail_msg("conf/zcache.ini: [%s] %s has no default: expected it commented out, or empty",
                     section, option.key);
    }
    if (count != table->count)
        fail_msg("conf/zcache.ini has %zu keys in [%s], and there are %zu", count, section,
                 table->count);
}

static void test_every_key_is_explained(void **state)
{
    (void)state;
    static char text[FILE_MAX];
    read_file(conf_file("zcache.ini"), text);
    check_section(text, "cache", &zc_schema_cache);
    check_section(text, "swap", &zc_schema_swap);
    check_section(text, "control", &zc_schema_control);
    check_section(text, "table.users", &zc_schema_table);
    static const char *const plugins[] = {"memory", "redis", "memcached", "fault", "stats"};
    for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
        if (!is_built(plugins[i]))
            continue;
        zc_module *module = open_plugin(plugins[i]);
        const zcache_descriptor *descriptor = zc_module_descriptor(module);
        const zc_option_table table = {descriptor->options, descriptor->option_count,
                                       descriptor->option_stride, descriptor->options_size};
        check_section(text, plugins[i], &table);
        zc_module_close(module);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_examples_load),
        CONFIG_TEST(test_every_key_is_explained),
    };
    return cmocka_run_group_tests_name("config: files", tests, config_setup, NULL);
}
