/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of host/config/ share: a zcache.ini in a directory of the test's own, which is the
 * current one, so that messages read "zcache.ini:3: ..." and are compared as a whole.
 */
#ifndef TESTS_UNIT_CONFIG_HARNESS_H
#define TESTS_UNIT_CONFIG_HARNESS_H

#include <stddef.h>
#include <stdio.h>

#include "config/config.h"

/* A cmocka group setup: goes to a temporary directory; installs the failing allocator, so that
 * every test can count blocks. */
int config_setup(void **state);

/* A cmocka test setup and teardown: no variable of ours in the environment; no block left over. */
int config_begin(void **state);
int config_end(void **state);

#define CONFIG_TEST(function) cmocka_unit_test_setup_teardown(function, config_begin, config_end)

/* "section.key=value" strings as the API takes them. */
#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

void config_write(const char *name, const void *data, size_t size);

/* Loads the text as zcache.ini, with the environment; NULL: from code alone. Must succeed. */
zc_config *config_load(const char *ini, const char *const *settings);

/* Loading must fail with ZCACHE_E_CONFIG and exactly this message. */
#define config_refused(message, ini, settings) \
    config_refused_(message, ini, settings, __FILE__, __LINE__)
void config_refused_(const char *message, const char *ini, const char *const *settings,
                     const char *file, int line);

/* As config_refused, of bytes that need not be text. */
#define config_refused_bytes(message, data, size) \
    config_refused_bytes_(message, data, size, __FILE__, __LINE__)
void config_refused_bytes_(const char *message, const void *data, size_t size, const char *file,
                           int line);

/* The message that was left is exactly this one. */
#define assert_message(expected) assert_message_(expected, __FILE__, __LINE__)
void assert_message_(const char *expected, const char *file, int line);

/* One setting of those that zc_config_each reports: "value (origin)"; "-" if it is not there. Valid
 * until the next call. */
const char *config_shown(const zc_config *config, const zcache_descriptor *plugin,
                         const char *section, const char *key);

#endif
