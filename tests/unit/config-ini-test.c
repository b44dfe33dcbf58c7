/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The reader of INI files: what it takes, and what it refuses with file and line, above all the
 * lines that inih alone reads as something else than they look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config-harness.h"
#include "config/ini.h"
#include "expect.h"
#include "failing-allocator.h"

#define NOT_A_SETTING "expected \"key = value\", \"[section]\" or a comment"
#define INDENTED \
    "this line is indented: only a further line of a list may be; remove the blanks at its start"

/* ---- what is read ---------------------------------------------------------------------------- */

static void test_plain_file_is_read(void **state)
{
    (void)state;
    zc_config *config = config_load("# a comment\n"
                                    "; another\n"
                                    "\n"
                                    "[cache]\n"
                                    "provider = redis\n"
                                    "key_prefix=app:\n"
                                    "timeout\t:\t250ms\n"
                                    "default_ttl = 1h ; an hour\n"
                                    "  # an indented comment\n"
                                    "[table.users] # of people\n"
                                    "ttl = 15m\n",
                                    NULL);
    const zc_cache_settings *cache = zc_config_cache(config);
    assert_string_equal("redis", cache->provider);
    assert_string_equal("app:", cache->key_prefix);
    assert_int_equal(250, cache->timeout_ms);
    assert_int_equal(3600000, cache->default_ttl_ms);
    assert_int_equal(900000, zc_config_table(config, "users").ttl_ms);
    assert_string_equal("1h (zcache.ini:8)", config_shown(config, NULL, "cache", "default_ttl"));
    zc_config_free(config);
}

static void check_provider(const void *data, size_t size, const char *provider)
{
    zc_config *config;
    config_write("zcache.ini", data, size);
    assert_status(ZCACHE_OK, zc_config_load(ZCACHE_SOURCE_FILE, "zcache.ini", NULL, &config));
    assert_string_equal(provider, zc_config_cache(config)->provider);
    zc_config_free(config);
}

#define CHECK_PROVIDER(text, provider) check_provider(text, sizeof(text) - 1, provider)

static void test_forms_of_text_file(void **state)
{
    (void)state;
    CHECK_PROVIDER("", "memory");
    CHECK_PROVIDER("\n\n", "memory");
    CHECK_PROVIDER("[cache]", "memory");
    CHECK_PROVIDER("[cache]\nprovider = redis", "redis"); /* no newline at the end */
    CHECK_PROVIDER("[cache]\r\nprovider = redis\r\n", "redis");
    CHECK_PROVIDER("[cache]\r\nprovider = redis\r", "redis");
    CHECK_PROVIDER("\xef\xbb\xbf[cache]\nprovider = redis\n", "redis");
    CHECK_PROVIDER("\xef\xbb\xbf", "memory");
    CHECK_PROVIDER("# caf\xc3\xa9, or in another encoding caf\xe9\n[cache]\nprovider=redis\n",
                   "redis");
}

static void test_lists_continue_on_indented_lines(void **state)
{
    (void)state;
    zc_config *config = config_load("[cache]\n"
                                    "plugin_path = /a, /b ; not /x\n"
                                    "  /c\n"
                                    "\n"
                                    "# a comment between\n"
                                    "\t/d, ; not /y\n"
                                    "  /e=f\n"
                                    "filters =\n"
                                    "  fault,\n"
                                    "  zstd\n",
                                    NULL);
    static const char *const expected[] = {"/a", "/b", "/c", "/d", "/e=f"};
    const zc_cache_settings *cache = zc_config_cache(config);
    assert_int_equal(5, cache->plugin_path.count);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(expected[i], cache->plugin_path.items[i]);
    assert_int_equal(2, cache->filters.count);
    assert_string_equal("fault", cache->filters.items[0]);
    assert_string_equal("zstd", cache->filters.items[1]);
    zc_config_free(config);
}

/* inih keeps 49 bytes of a section's name: two tables would become one. */
static void test_long_names_of_tables_are_not_cut(void **state)
{
    (void)state;
    char text[512], one[65], two[65];
    memset(one, 'x', 64);
    one[64] = '\0';
    strcpy(two, one);
    two[63] = 'y';
    snprintf(text, sizeof(text), "[table.%s]\nttl = 1s\n[table.%s]\nttl = 2s\n", one, two);
    zc_config *config = config_load(text, NULL);
    assert_int_equal(1000, zc_config_table(config, one).ttl_ms);
    assert_int_equal(2000, zc_config_table(config, two).ttl_ms);
    zc_config_free(config);

    snprintf(text, sizeof(text), "[table.%sz]\nttl = 1s\n", one);
    char message[256];
    snprintf(message, sizeof(message),
             "zcache.ini:1: [table.%sz]: a table's name is 1 to 64 letters, digits, \"_\", \".\" "
             "and \"-\"",
             one);
    config_refused(message, text, NULL);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void test_lines_that_are_no_settings(void **state)
{
    (void)state;
    config_refused("zcache.ini:2: " NOT_A_SETTING, "[cache]\nprovider redis\n", NULL);
    config_refused("zcache.ini:2: " NOT_A_SETTING, "[cache]\nhunter2", NULL);
    config_refused("zcache.ini:2: " NOT_A_SETTING, "[cache]\nprovider ; = redis\n", NULL);
    config_refused("zcache.ini:2: a key is missing before the \"=\"", "[cache]\n= redis\n", NULL);
    config_refused("zcache.ini:2: a key is missing before the \":\"", "[cache]\n:x\n", NULL);
    config_refused("zcache.ini:1: a setting before any section; begin with [cache]",
                   "provider = redis\n", NULL);
    config_refused("zcache.ini:1: a section needs a closing bracket, as [cache]",
                   "[cache\nprovider = redis\n", NULL);
    config_refused("zcache.ini:1: text after the closing bracket of a section",
                   "[cache] provider = redis\n", NULL);
    config_refused("zcache.ini:1: []: no such section; there are [cache], [swap], [control], "
                   "[table.NAME] and one "
                   "named like each plugin, in lower case",
                   "[]\nprovider = redis\n", NULL);
    config_refused("zcache.ini:1: [ cache ]: no such section; did you mean [cache]?",
                   "[ cache ]\nprovider = redis\n", NULL);
}

static void test_line_of_the_first_error_is_told(void **state)
{
    (void)state;
    config_refused("zcache.ini:2: " NOT_A_SETTING, "[cache]\nbad\nprovider=../x\nworse\n", NULL);
}

static void test_duplicates(void **state)
{
    (void)state;
    config_refused("zcache.ini:4: [cache] provider: set at line 2 already",
                   "[cache]\nprovider = redis\n\nprovider = redis\n", NULL);
    config_refused(
        "zcache.ini:5: [cache]: this section begins at line 1 already; write it in one piece",
        "[cache]\nprovider = redis\n[redis]\nurl = x\n[cache]\ntimeout = 1s\n", NULL);
    config_refused("zcache.ini:4: [other] a: set at line 3 already",
                   "[cache]\n[other]\na = 1\na = 2\n", NULL);
}

static void test_indented_lines(void **state)
{
    (void)state;
    config_refused("zcache.ini:2: " INDENTED, "[cache]\n  provider = redis\n", NULL);
    config_refused("zcache.ini:3: " INDENTED, "[cache]\nprovider = redis\n timeout=1s\n", NULL);
    config_refused("zcache.ini:3: " INDENTED, "[cache]\nfilters = a\n\ttimeout = 1s\n", NULL);
    config_refused("zcache.ini:1: " INDENTED, " [cache]\nprovider = redis\n", NULL);
    config_refused("zcache.ini:3: " INDENTED, "[cache]\nfilters = a\n [redis]\n", NULL);
    config_refused("zcache.ini:2: " INDENTED, "[cache]\n  a,b\n", NULL);
    config_refused("zcache.ini:4: this line is indented, so that it continues [cache] provider of "
                   "line 2, which is not a list: remove the blanks at its start",
                   "[cache]\nprovider = red\n\n  is\n", NULL);
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
#define REFUSED(message, text) config_refused_bytes(message, text, sizeof(text) - 1)
    static const char nul[] = "a NUL byte: this is not a text file (UTF-16? save it as UTF-8)";
    char message[128];
    snprintf(message, sizeof(message), "zcache.ini:2: %s", nul);
    REFUSED(message, "[cache]\nprovider = redis\0evil\n");
    REFUSED(message, "[cache]\n# a comm\0ent\n");
    snprintf(message, sizeof(message), "zcache.ini:1: %s", nul);
    REFUSED(message, "\xff\xfe[\0c\0a\0c\0h\0e\0]\0\n\0");
    REFUSED(message, "\0");
    REFUSED("zcache.ini:2: a control character (0x1b)", "[cache]\nprovider = \x1b[31mredis\n");
    REFUSED("zcache.ini:2: a control character (0x7f)", "[cache]\nprovider = redis\x7f\n");
    REFUSED("zcache.ini:2: a control character (0x0b)", "[cache]\n\vprovider = redis\n");
    REFUSED("zcache.ini:1: a control character (0x0d)", "[cache]\rprovider = redis\r");
#undef REFUSED
}

/* inih alone reads as much of a line as its buffer holds, and the rest as another line: wherever it
 * cuts, the setting in the tail must not come through. */
static void test_long_lines_cannot_inject_settings(void **state)
{
    (void)state;
    for (size_t size = 150; size < 420; size++) {
        char text[512] = "[cache]\n";
        char *line = text + strlen(text);
        memset(line, 'x', size);
        memcpy(line, "key_prefix = ", 13);
        strcpy(line + size - 15, "provider = evil\n");

        char message[256];
        snprintf(message, sizeof(message),
                 "zcache.ini:2: the line has %zu bytes, and at most 199 can be read: continue a "
                 "list on indented lines; a long value can be given by the environment, "
                 "ZCACHE_<SECTION>_<KEY>",
                 size);
        if (size <= 199) /* whole, it is a wrong prefix */
            snprintf(message, sizeof(message),
                     "zcache.ini:2: [cache] key_prefix = \"%.100s\": a prefix is up to 64 letters, "
                     "digits, \"_\", \".\", \":\" and \"-\"",
                     line + 13);
        config_refused(message, text, NULL);
    }
}

static void test_longest_line(void **state)
{
    (void)state;
    char text[512] = "[cache]\nprovider =", comment[2048] = "# ";
    size_t size = strlen(text);
    memset(text + size, ' ', 181 - 5);
    strcpy(text + size + 181 - 5, "redis\n");
    check_provider(text, strlen(text), "redis");

    memset(comment + 2, 'x', 1000);
    strcpy(comment + 1002, "\n[cache]\nprovider = redis\n"); /* comments may be longer */
    check_provider(comment, strlen(comment), "redis");
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    zc_config *config;
    assert_status(ZCACHE_E_CONFIG, zc_config_load(ZCACHE_SOURCE_FILE, "none.ini", NULL, &config));
    assert_message("none.ini: cannot be opened: No such file or directory");
    assert_int_equal(0, mkdir("directory.ini", 0700));
    assert_status(ZCACHE_E_CONFIG,
                  zc_config_load(ZCACHE_SOURCE_FILE, "directory.ini", NULL, &config));
    assert_message("directory.ini: cannot be read: Is a directory");
    assert_int_equal(0, rmdir("directory.ini"));
    assert_status(ZCACHE_E_INVALID, zc_config_load(ZCACHE_SOURCE_FILE, NULL, NULL, &config));
    assert_message("the path of a configuration file is missing");

    size_t size = ZC_INI_FILE_MAX + 1;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, '\n', size);
    check_provider(large, size - 1, "memory");
    config_refused_bytes("zcache.ini: larger than 1048576 bytes: not a configuration", large, size);
    free(large);
}

/* Bytes that were put together at random from what matters in such a file: whatever becomes of
 * them, nothing leaks and nothing crashes. */
static void test_random_files(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "[",  "]",   "=",   ":",        " ",      "\t", "\n",          "\r\n", ";",
        "#",  " ;",  ".",   "cache",    "table.", "a",  "ttl",         "url",  "\xef\xbb\xbf",
        "1s", "\n ", "\n[", "provider", "\x01",   "\"", "plugin_path", "/"};
    size_t accepted = 0, blocks = failing_allocator_live();
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        char text[512];
        size_t size = 0, length = (size_t)random() % 24;
        size += (size_t)snprintf(text, sizeof(text), "%s", round % 2 == 0 ? "[x]\n" : "");
        for (size_t i = 0; i < length; i++)
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s",
                                     parts[(size_t)random() % (sizeof(parts) / sizeof(parts[0]))]);
        zc_settings settings = ZC_SETTINGS_INIT;
        zcache_status status = zc_ini_parse(&settings, "x.ini", text, size);
        if (status == ZCACHE_OK)
            accepted++;
        else
            assert_status(ZCACHE_E_CONFIG, status);
        zc_settings_free(&settings);
    }
    assert_int_equal(blocks, failing_allocator_live());
    assert_true(accepted > 100); /* else the parts prove nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_plain_file_is_read),
        CONFIG_TEST(test_forms_of_text_file),
        CONFIG_TEST(test_lists_continue_on_indented_lines),
        CONFIG_TEST(test_long_names_of_tables_are_not_cut),
        CONFIG_TEST(test_lines_that_are_no_settings),
        CONFIG_TEST(test_line_of_the_first_error_is_told),
        CONFIG_TEST(test_duplicates),
        CONFIG_TEST(test_indented_lines),
        CONFIG_TEST(test_bytes_that_are_no_text),
        CONFIG_TEST(test_long_lines_cannot_inject_settings),
        CONFIG_TEST(test_longest_line),
        CONFIG_TEST(test_files_that_cannot_be_read),
        CONFIG_TEST(test_random_files),
    };
    return cmocka_run_group_tests_name("config: ini", tests, config_setup, NULL);
}
