/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The memcached provider's parsers on what servers send, and on what none should: each line is
 * given in a block of exactly its size, so that a sanitizer sees a read beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memcached/protocol.h"

/* A line whose bytes have nothing behind them. */
typedef struct exact {
    char *bytes;
    mc_line line;
} exact;

static exact exact_line(const char *text)
{
    size_t size = strlen(text);
    exact e = {.bytes = malloc(size > 0 ? size : 1)};
    assert_non_null(e.bytes);
    memcpy(e.bytes, text, size);
    e.line = (mc_line){.text = e.bytes, .size = size, .whole = size + 2};
    return e;
}

static void test_lines_end_at_a_newline_and_have_a_longest_length(void **state)
{
    (void)state;
    static char endless[MC_LINE_MAX + 1];
    mc_line line;

    assert_int_equal(0, mc_find_line("", 0, &line));
    assert_int_equal(0, mc_find_line("END\r", 4, &line));
    assert_int_equal(1, mc_find_line("END\r\nVALUE", 10, &line));
    assert_true(mc_line_is(&line, "END"));
    assert_int_equal(5, line.whole);
    assert_int_equal(1, mc_find_line("key=a exp=-1\n", 13, &line));
    assert_int_equal(12, line.size);
    assert_int_equal(1, mc_find_line("\n", 1, &line));
    assert_int_equal(0, line.size);
    memset(endless, 'x', sizeof(endless));
    assert_int_equal(0, mc_find_line(endless, MC_LINE_MAX - 1, &line));
    assert_int_equal(-1, mc_find_line(endless, MC_LINE_MAX, &line));
    endless[MC_LINE_MAX] = '\n';
    assert_int_equal(-1, mc_find_line(endless, sizeof(endless), &line));
}

static void test_unsigned_numbers_are_whole_and_fit(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "-1",
                               "+1",
                               " 1",
                               "1 ",
                               "0x1",
                               "18446744073709551616",
                               "99999999999999999999",
                               "000000000000000000001"};
    uint64_t number;
    assert_true(mc_parse_unsigned("0", 1, &number));
    assert_true(number == 0);
    assert_true(mc_parse_unsigned("18446744073709551615", 20, &number));
    assert_true(number == UINT64_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (mc_parse_unsigned(bad[i], strlen(bad[i]), &number))
            fail_msg("\"%s\" was taken for a number", bad[i]);
}

static void test_value_lines(void **state)
{
    (void)state;
    const char *const bad[] = {"VALUE",
                               "VALUE ",
                               "VALUE k",
                               "VALUE k 0",
                               "VALUE k 0 x",
                               "VALUE k 0 -1",
                               "VALUE  0 1",

                               "VALUE k 0 1 x",
                               "VALUE k 0 1 2 3",
                               "value k 0 1",
                               "VALUEk 0 1",
                               "VALUE k 0 99999999999999999999999"};
    mc_value_line value;
    exact e = exact_line("VALUE some:key 7 12 345");
    assert_true(mc_parse_value_line(&e.line, &value));
    assert_int_equal(8, value.key.size);
    assert_memory_equal("some:key", value.key.data, 8);
    assert_true(value.size == 12 && value.cas == 345);
    free(e.bytes);
    e = exact_line("VALUE k 0 0");
    assert_true(mc_parse_value_line(&e.line, &value));
    assert_true(value.size == 0 && value.cas == 0);
    free(e.bytes);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_line(bad[i]);
        if (mc_parse_value_line(&e.line, &value))
            fail_msg("\"%s\" was taken for a value", bad[i]);
        free(e.bytes);
    }
}

static void test_meta_replies(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "V",
                               "VA",
                               "VA ",
                               "VA x",
                               "VA -1",
                               "hd",
                               "HDX",
                               "H D",
                               "HD t",
                               "HD tx",
                               "HD t-2",
                               "HD c",
                               "HD c-1",
                               "HD t99999999999",
                               "VA 99999999999999999999",
                               "12"};
    mc_meta_reply reply;
    exact e = exact_line("VA 5 t-1 c77 f9 kabc s5 Onever W");
    assert_true(mc_parse_meta(&e.line, &reply));
    assert_true(mc_meta_is(&reply, "VA"));
    assert_true(reply.size == 5 && reply.ttl_s == -1 && reply.cas == 77 && reply.flags == 9);
    assert_int_equal(3, reply.key.size);
    assert_memory_equal("abc", reply.key.data, 3);
    free(e.bytes);
    e = exact_line("HD  t30 ");
    assert_true(mc_parse_meta(&e.line, &reply));
    assert_true(reply.ttl_s == 30 && reply.cas == 0 && reply.key.data == NULL);
    free(e.bytes);
    e = exact_line("EN");
    assert_true(mc_parse_meta(&e.line, &reply));
    assert_true(reply.ttl_s == -2);
    free(e.bytes);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_line(bad[i]);
        if (mc_parse_meta(&e.line, &reply))
            fail_msg("\"%s\" was taken for a meta reply", bad[i]);
        free(e.bytes);
    }
}

static void test_dump_lines_are_decoded_once(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "key=",
                               "key=a",
                               "key=a exp",
                               "key=a exp=",
                               "key=a exp=x",
                               "key=a exp=-2",
                               "key= exp=-1",
                               "key=% exp=-1",
                               "key=%2 exp=-1",
                               "key=%zz exp=-1",
                               "exp=-1 key=a",
                               "key=a exp=99999999999999999999"};
    char text[600];
    mc_dump_line dump;

    /* The key "a%20b", encoded by zcache, is encoded by the dump once more. */
    exact e = exact_line("key=app%3Aa%2520b exp=1795340049 la=1 cas=2 fetch=no cls=1 size=64");
    assert_true(mc_parse_dump_line(&e.line, &dump));
    assert_int_equal(9, dump.key_size);
    assert_memory_equal("app:a%20b", dump.key, 9);
    assert_true(dump.expires_s == 1795340049);
    free(e.bytes);
    e = exact_line("key=k exp=-1 la=1");
    assert_true(mc_parse_dump_line(&e.line, &dump));
    assert_true(dump.expires_s == -1);
    free(e.bytes);
    for (size_t size = MC_KEY_MAX; size <= MC_KEY_MAX + 1; size++) {
        snprintf(text, sizeof(text), "key=%0*d exp=-1", (int)size, 0);
        e = exact_line(text);
        assert_int_equal(size == MC_KEY_MAX, mc_parse_dump_line(&e.line, &dump));
        free(e.bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        e = exact_line(bad[i]);
        if (mc_parse_dump_line(&e.line, &dump))
            fail_msg("\"%s\" was taken for a line of a dump", bad[i]);
        free(e.bytes);
    }
}

static void test_every_cut_and_changed_byte_is_survived(void **state)
{
    (void)state;
    const char *const lines[] = {"VALUE some:key 7 12 345", "VA 5 t-1 c77 f9 kabc s5",
                                 "key=app%3Aa%2520b exp=1795340049 la=1"};
    mc_value_line value;
    mc_meta_reply reply;
    mc_dump_line dump;
    size_t accepted = 0;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        for (size_t size = 0; size <= strlen(lines[i]); size++)
            for (int change = 0; change < 256; change++) {
                exact e = exact_line(lines[i]);
                e.line.size = size;
                char *cut = realloc(e.bytes, size > 0 ? size : 1);
                assert_non_null(cut);
                if (size > 0)
                    cut[size - 1] = (char)change;
                e.line.text = cut;
                accepted += mc_parse_value_line(&e.line, &value);
                accepted += mc_parse_meta(&e.line, &reply);
                accepted += mc_parse_dump_line(&e.line, &dump);
                free(cut);
            }
    assert_true(accepted > 0);
}

static void test_seconds_never_end_before_the_ttl(void **state)
{
    (void)state;
    /* n seconds live for more than n - 1 there. */
    assert_int_equal(2, mc_ttl_seconds(1));
    assert_int_equal(2, mc_ttl_seconds(1000));
    assert_int_equal(3, mc_ttl_seconds(1001));
    assert_true(mc_ttl_seconds(ZCACHE_TTL_MAX) == ZCACHE_TTL_MAX / 1000 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_end_at_a_newline_and_have_a_longest_length),
        cmocka_unit_test(test_unsigned_numbers_are_whole_and_fit),
        cmocka_unit_test(test_value_lines),
        cmocka_unit_test(test_meta_replies),
        cmocka_unit_test(test_dump_lines_are_decoded_once),
        cmocka_unit_test(test_every_cut_and_changed_byte_is_survived),
        cmocka_unit_test(test_seconds_never_end_before_the_ttl),
    };
    return cmocka_run_group_tests_name("memcached-protocol", tests, NULL, NULL);
}
