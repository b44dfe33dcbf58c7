/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * See config-harness.h.
 */
#include "config-harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"
#include "failing-allocator.h"
#include "temp.h"

int config_setup(void **state)
{
    (void)state;
    failing_allocator_install();
    return chdir(temp_dir());
}

static size_t blocks_before;

int config_begin(void **state)
{
    (void)state;
    static const char *const others[] = {"CACHE_PROVIDER", "REDIS_URL", "MEMCACHED_SERVERS"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        unsetenv(others[i]);
    for (char **entry = environ; *entry != NULL;) {
        if (strncmp(*entry, "ZCACHE_", 7) != 0 || strncmp(*entry, "ZCACHE_TEST_", 12) == 0) {
            entry++;
            continue;
        }
        char name[256];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(*entry, "="), *entry);
        unsetenv(name); /* the entries that follow move up */
    }
    assert_non_null(zcache_error_message()); /* makes the thread's record, which stays */
    blocks_before = failing_allocator_live();
    return 0;
}

int config_end(void **state)
{
    (void)state;
    failing_allocator_fail(0);
    if (failing_allocator_live() == blocks_before)
        return 0;
    fprintf(stderr, "# %zu blocks were not released\n", failing_allocator_live() - blocks_before);
    return -1;
}

void config_write(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static zcache_status load(const char *ini, const char *const *settings, zc_config **config)
{
    if (ini != NULL)
        config_write("zcache.ini", ini, strlen(ini));
    return zc_config_load(ini != NULL ? ZCACHE_SOURCE_FILE : ZCACHE_SOURCE_CODE,
                          ini != NULL ? "zcache.ini" : NULL, ZCACHE_OPTIONS(.settings = settings),
                          config);
}

zc_config *config_load(const char *ini, const char *const *settings)
{
    zc_config *config;
    assert_status(ZCACHE_OK, load(ini, settings, &config));
    return config;
}

void assert_message_(const char *expected, const char *file, int line)
{
    _assert_string_equal(zcache_error_message(), expected, file, line);
}

static void assert_refusal(const char *message, zcache_status status, zc_config *config,
                           const char *file, int line)
{
    if (status == ZCACHE_OK)
        print_error("%s:%d: was not refused; expected: %s\n", file, line, message);
    _assert_int_equal((uintmax_t)(intmax_t)status, (uintmax_t)(intmax_t)ZCACHE_E_CONFIG, file,
                      line);
    _assert_int_equal(config == NULL, true, file, line);
    assert_message_(message, file, line);
}

void config_refused_(const char *message, const char *ini, const char *const *settings,
                     const char *file, int line)
{
    zc_config *config;
    zcache_status status = load(ini, settings, &config);
    assert_refusal(message, status, config, file, line);
}

void config_refused_bytes_(const char *message, const void *data, size_t size, const char *file,
                           int line)
{
    zc_config *config;
    config_write("zcache.ini", data, size);
    zcache_status status = zc_config_load(ZCACHE_SOURCE_FILE, "zcache.ini", NULL, &config);
    assert_refusal(message, status, config, file, line);
}

typedef struct shown {
    const char *section, *key;
    char text[512];
} shown;

static void take_setting(void *user, const zcache_setting *setting)
{
    shown *wanted = user;
    if (strcmp(setting->section, wanted->section) == 0 && strcmp(setting->key, wanted->key) == 0)
        snprintf(wanted->text, sizeof(wanted->text), "%s (%s)", setting->value, setting->origin);
}

const char *config_shown(const zc_config *config, const zcache_descriptor *plugin,
                         const char *section, const char *key)
{
    static shown wanted;
    wanted = (shown){.section = section, .key = key, .text = "-"};
    zc_config_each(config, &plugin, plugin != NULL ? 1 : 0, take_setting, &wanted);
    return wanted.text;
}
