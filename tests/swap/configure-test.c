/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Options of open plugins that change while operations run: by zcache_plugin_set and by a reload,
 * all of them or none, and no struct is freed while an operation may look at it.
 */
#include <stdatomic.h>

#include "../fixtures/fixture-files.h"
#include "failing-allocator.h"
#include "threads.h"
#include <zcache/admin.h>

/* last: its variables have the names of parameters of the headers above */
#include "reload-harness.h"

#define BOTH "provider = adjustable\nfilters = adjusting\n"

static int install(void **state)
{
    harness_setup(state);
    fixture_copy("adjustable", directory, "adjustable");
    fixture_copy("adjusting", directory, "adjusting");
    return 0;
}

#define set(...) zcache_plugin_set(cache, (const char *const[]){__VA_ARGS__, NULL})

/* ---- what the plugins tell ------------------------------------------------------------------- */

typedef struct told {
    const char *name;
    char text[64];
} told;

static void take_text(void *user, const zcache_stat *stat)
{
    told *one = user;
    if (strcmp(stat->name, one->name) == 0)
        snprintf(one->text, sizeof(one->text), "%s", stat->text);
}

static void assert_word(const char *stat, const char *expected)
{
    told one = {.name = stat};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_text, &one, NULL));
    assert_string_equal(expected, one.text);
}

static void assert_words(const char *filter, const char *provider)
{
    assert_word("adjustable_filter_word", filter);
    assert_word("adjustable_word", provider);
}

typedef struct shown {
    const char *section, *key;
    char text[128]; /* "value # origin" */
} shown;

static void take_setting(void *user, const zcache_setting *setting)
{
    shown *one = user;
    if (strcmp(setting->section, one->section) == 0 && strcmp(setting->key, one->key) == 0)
        snprintf(one->text, sizeof(one->text), "%s # %s", setting->value, setting->origin);
}

static void assert_shown(const char *section, const char *key, const char *expected)
{
    shown one = {.section = section, .key = key};
    assert_status(ZCACHE_OK, zcache_config_each(cache, take_setting, &one));
    assert_string_equal(expected, one.text);
}

/* The value is the file's, of its line 6. */
static void assert_from_file(const char *section, const char *key, const char *value)
{
    char expected[128];
    snprintf(expected, sizeof(expected), "%s # %s:6", value, ini);
    assert_shown(section, key, expected);
}

/* ---- setting --------------------------------------------------------------------------------- */

static void test_options_are_set_and_entries_stay(void **state)
{
    (void)state;
    harness_open(BOTH);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    assert_words("none", "none");
    assert_int_equal(100, stat_of("adjustable_part"));
    assert_status(ZCACHE_OK, set("adjustable.word=x=y z", "adjustable.part=2.5%"));
    assert_words("none", "x=y z");
    assert_int_equal(25, stat_of("adjustable_part"));
    assert_shown("adjustable", "word", "x=y z # option");
    assert_shown("adjustable", "part", "2.5% # option");
    assert_status(ZCACHE_OK, set("adjusting.word=f"));
    assert_words("f", "x=y z");
    assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL));
    assert_int_equal(3, stat_of("cache_generation"));
}

static void test_what_is_wrong_sets_nothing(void **state)
{
    (void)state;
    harness_open("provider = adjustable\nfilters = adjusting\n[adjustable]\nword = file\n");
    assert_error(ZCACHE_E_CONFIG, "option: [adjustable] wrod: no such key; did you mean \"word\"?",
                 set("adjustable.word=a", "adjustable.wrod=b"));
    assert_error(ZCACHE_E_CONFIG, "option: [adjustable] part = \"2\": must be 0 to 1",
                 set("adjustable.part=2"));
    assert_error(ZCACHE_E_CONFIG,
                 "[adjustabel]: no plugin of this name is open; did you mean "
                 "[adjustable]?",
                 set("adjustabel.word=a"));
    assert_error(ZCACHE_E_CONFIG, "there are adjusting, adjustable", set("redis.url=a"));
    assert_error(ZCACHE_E_CONFIG, "[cache]: only options of open plugins", set("cache.timeout=1s"));
    assert_error(ZCACHE_E_CONFIG, "[table.users]: only options of open", set("table.users.ttl=1s"));
    assert_error(ZCACHE_E_CONFIG,
                 "[adjustable] and [adjusting]: only options of one plugin are set at once",
                 set("adjustable.word=a", "adjusting.word=b"));
    assert_error(ZCACHE_E_CONFIG, "only options of one plugin are set at once",
                 set("adjustable.word=a", "adjustable.x.y=b"));
    assert_error(ZCACHE_E_CONFIG, "expected \"section.key=value\"", set("adjustable=a"));
    assert_error(ZCACHE_E_CONFIG, "expected \"section.key=value\"",
                 set("adjustable.word=a", "adjustable"));
    assert_error(ZCACHE_E_CONFIG, "expected \"section.key=value\"", set("adjustable.word"));
    assert_error(ZCACHE_E_CONFIG, "expected \"section.key=value\"", set(".word=a"));
    assert_error(ZCACHE_E_INVALID, "nothing to set", zcache_plugin_set(cache, NULL));
    assert_error(ZCACHE_E_INVALID, "word is refused, secret ***",
                 set("adjustable.answer=error", "adjustable.word=word", "adjustable.secret=hush"));
    assert_error(ZCACHE_E_NOTSUP, "needs a new instance", set("adjustable.answer=not-live"));
    assert_error(ZCACHE_E_SERVER,
                 "adjustable: configure failed: ", set("adjustable.answer=silent"));
    assert_error(ZCACHE_E_PLUGIN, "configure returned", set("adjustable.answer=broken"));
    assert_words("none", "file");
    assert_from_file("adjustable", "word", "file");
    assert_int_equal(1, stat_of("cache_generation"));
}

static void test_a_plugin_without_configure_tells_what_to_do(void **state)
{
    (void)state;
    fixture_copy("slow", directory, "slow");
    harness_open("provider = slow\n");
    assert_error(ZCACHE_E_NOTSUP, "change its section in the configuration and reload",
                 set("slow.get_time=1ms"));
}

static void test_what_was_set_stays_through_a_swap(void **state)
{
    (void)state;
    harness_open(BOTH);
    assert_status(ZCACHE_OK, set("adjusting.word=kept"));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "adjustable")));
    assert_words("kept", "none");
}

static void test_every_instance_of_a_filter_is_asked(void **state)
{
    (void)state;
    harness_open("provider = adjustable\nfilters = adjusting, adjusting\n");
    assert_status(ZCACHE_OK, set("adjusting.word=both"));
    assert_word("adjustable_filter_word", "both"); /* of the inner one, which is told last */
    harness_teardown(NULL);
    harness_open(BOTH);
}

static void set_inside(void *user, const zcache_stat *stat)
{
    (void)stat;
    *(zcache_status *)user = set("adjustable.word=inside");
}

static void test_setting_inside_a_callback_is_refused(void **state)
{
    (void)state;
    harness_open(BOTH);
    zcache_status inside = ZCACHE_OK;
    assert_status(ZCACHE_OK, zcache_stats(cache, set_inside, &inside, NULL));
    assert_int_equal(ZCACHE_E_BUSY, inside);
}

/* ---- reloading ------------------------------------------------------------------------------- */

static void test_a_reload_configures_instead_of_swapping(void **state)
{
    (void)state;
    harness_open(BOTH);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    harness_edit(BOTH "timeout = 3s\n[adjusting]\nword = f\n[adjustable]\nword = p\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SETTINGS);
    assert_string_equal(report->names, "[cache] timeout, [adjustable] word, [adjusting] word");
    assert_words("f", "p");
    assert_status(ZCACHE_OK, zcache_exists(cache, "a", NULL)); /* the provider is the same one */
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_NOTHING);
}

static void test_the_file_wins_at_the_next_reload(void **state)
{
    (void)state;
    harness_open(BOTH "[adjustable]\nword = file\n");
    assert_status(ZCACHE_OK, set("adjustable.word=set"));
    assert_words("none", "set");
    assert_string_equal(harness_reload()->names, "[adjustable] word");
    assert_words("none", "file");
    assert_from_file("adjustable", "word", "file");
}

static void test_a_reload_is_done_whole_or_not_at_all(void **state)
{
    (void)state;
    harness_open(BOTH);
    /* the provider is asked first, and gets its old options again */
    harness_edit(BOTH
                 "timeout = 3s\n[adjusting]\nword = f\nanswer = error\n[adjustable]\nword = p\n");
    assert_error(ZCACHE_E_INVALID, "the last good one goes on: f is refused",
                 zcache_reload(cache, NULL));
    assert_words("none", "none");
    assert_shown("cache", "timeout", "1s # default");
    assert_int_equal(1, stat_of("cache_generation"));
    harness_edit(BOTH "[adjusting]\nword = f\n[adjustable]\nword = p\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SETTINGS);
    assert_words("f", "p");
}

static void test_a_plugin_that_cannot_take_its_options_back_is_told_of(void **state)
{
    (void)state;
    harness_open(BOTH "[adjustable]\nanswer = error\nword = old\n");
    harness_edit(BOTH "[adjusting]\nanswer = error\n[adjustable]\nword = new\n");
    assert_status(ZCACHE_E_INVALID, zcache_reload(cache, NULL));
    assert_int_equal(1,
                     harness_logged(ZCACHE_LOG_ERROR, "adjustable goes on with options that were "
                                                      "to be taken back: old is refused"));
    assert_words("none", "new");
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
}

static void test_what_cannot_change_live_is_swapped_to(void **state)
{
    (void)state;
    harness_open(BOTH);
    harness_edit(BOTH "[adjusting]\nanswer = not-live\nword = f\n[adjustable]\nword = p\n");
    const zcache_reload_report *report = harness_reload();
    assert_int_equal(report->change, ZCACHE_RELOAD_SWAP);
    assert_string_equal(report->swap.to, "adjustable");
    assert_words("f", "p");
}

static void test_a_swap_for_another_reason_takes_the_options_along(void **state)
{
    (void)state;
    harness_open(BOTH);
    harness_edit("provider = adjustable\n[adjustable]\nword = p\n");
    assert_int_equal(harness_reload()->change, ZCACHE_RELOAD_SWAP);
    assert_word("adjustable_word", "p");
}

/* ---- while operations run -------------------------------------------------------------------- */

#define READERS 3
#define CHANGES 60

static _Atomic bool done;

static void read_on(void)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    while (!atomic_load(&done)) {
        zcache_status status = zcache_get(cache, "a", &value, NULL);
        check_that(status == ZCACHE_OK);
    }
    zcache_value_free(&value);
}

static void change_often(void)
{
    for (int i = 0; i < CHANGES; i++) {
        char word[64], hold[64];
        snprintf(word, sizeof(word), "adjustable.word=number %d", i);
        snprintf(hold, sizeof(hold), "adjustable.hold=%dms", i % 10 == 0 ? 150 : i % 5);
        check_status(ZCACHE_OK, set(word, hold));
    }
    atomic_store(&done, true);
}

static void run(void *user, size_t index)
{
    (void)user;
    if (index == READERS)
        change_often();
    else
        read_on();
}

/* Gets that take longer than many changes: each must find its options unchanged to its end. */
static void test_operations_keep_the_options_that_they_began_with(void **state)
{
    (void)state;
    harness_open(BOTH);
    assert_status(ZCACHE_OK, zcache_set(cache, "a", "1", 1, NULL));
    int64_t released = stat_of("adjustable_released");
    atomic_store(&done, false);
    threads_run(READERS + 1, run, NULL);
    assert_int_equal(checks_failed(), 0);
    assert_word("adjustable_word", "number 59");
    wait_for_stat("adjustable_released", released + CHANGES); /* a read may have been under way */
    assert_int_equal(stat_of("adjustable_released_in_use"), 0);
}

static void test_replaced_options_are_freed_while_the_plugin_stays_open(void **state)
{
    (void)state;
    harness_open(BOTH);
    size_t live = 0;
    for (int i = 0; i < 50; i++) {
        assert_status(ZCACHE_OK, set("adjustable.word=first", "adjustable.list=a b c"));
        if (i == 10)
            live = failing_allocator_live();
    }
    assert_int_equal(live, failing_allocator_live());
    /* one that is refused after another had taken it, too */
    for (int i = 0; i < 50; i++) {
        harness_edit(BOTH "[adjusting]\nanswer = error\n[adjustable]\nword = new\n");
        assert_status(ZCACHE_E_INVALID, zcache_reload(cache, NULL));
        assert_status(ZCACHE_OK, set("adjustable.word=first", "adjustable.list=a b c"));
        if (i == 10)
            live = failing_allocator_live();
    }
    assert_int_equal(live, failing_allocator_live());
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, install, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_options_are_set_and_entries_stay),
        TEST(test_what_is_wrong_sets_nothing),
        TEST(test_a_plugin_without_configure_tells_what_to_do),
        TEST(test_what_was_set_stays_through_a_swap),
        TEST(test_every_instance_of_a_filter_is_asked),
        TEST(test_setting_inside_a_callback_is_refused),
        TEST(test_a_reload_configures_instead_of_swapping),
        TEST(test_the_file_wins_at_the_next_reload),
        TEST(test_a_reload_is_done_whole_or_not_at_all),
        TEST(test_a_plugin_that_cannot_take_its_options_back_is_told_of),
        TEST(test_what_cannot_change_live_is_swapped_to),
        TEST(test_a_swap_for_another_reason_takes_the_options_along),
        TEST(test_operations_keep_the_options_that_they_began_with),
        TEST(test_replaced_options_are_freed_while_the_plugin_stays_open),
    };
    failing_allocator_install();
    harness_start_servers();
    int failures = cmocka_run_group_tests_name("configure", tests, NULL, NULL);
    harness_stop_servers();
    return failures;
}
