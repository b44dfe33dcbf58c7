/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The control socket as a client of the protocol sees it: every command, requests that are wrong,
 * swaps of a process under load, the close of the cache meanwhile, generations.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fixtures/fixture-files.h"
#include <zcache/admin.h>
#include <zcache/native/memory.h>

/* last: its variables have the names of parameters of the headers above */
#include "control-harness.h"

/* ---- commands -------------------------------------------------------------------------------- */

static void test_every_command_answers(void **state)
{
    (void)state;
    char pid[32];
    snprintf(pid, sizeof(pid), "\"pid\":%ld,", (long)getpid());
    const char *reply = ask("status");
    assert_has(pid, reply);
    assert_has("\"provider\":\"memory\",\"generation\":1,\"swapping\":false", reply);
    assert_has("{\"type\":\"swap\",\"state\":\"none\"}", reply);
    assert_has(ENDS_OK, reply);

    reply = ask("stats");
    assert_has("\"name\":\"cache_provider\",\"value\":\"memory\"", reply);
    assert_has("\"name\":\"memory_items\",\"value\":0", reply);
    assert_has(ENDS_OK, reply);

    reply = ask("config");
    assert_has("\"section\":\"cache\",\"key\":\"key_prefix\",\"value\":\"ctl:\"", reply);
    assert_has("\"section\":\"control\",\"key\":\"socket\"", reply);
    assert_has(ENDS_OK, reply);

    assert_has("\"number\":1,\"provider\":\"memory\",\"state\":\"live\"", ask("generations"));
    assert_has("\"swapping\":false", ask("abort"));
    assert_has(ENDS_OK, ask("log info"));
    assert_has("\"log_level\":\"info\"", ask("status"));
    assert_has(ENDS_OK, ask("log error"));
}

static void test_a_wrong_request_is_told_so(void **state)
{
    (void)state;
    static const struct {
        const char *request, *reply;
    } cases[] = {
        {"", "E_NOTSUP"},
        {"   ", "E_NOTSUP"},
        {"fly", "\\\"fly\\\" is not a command"},
        {"status now", "takes nothing more"},
        {"log", "log takes a level"},
        {"log loud", "log takes a level"},
        {"swap", "takes the name"},
        {"swap aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff", "takes the name"},
        {"swap redis mode=warm", "mode=warm"},
        {"swap redis mode=copy rate=-1", "rate=-1"},
        {"swap redis mode=copy rate=1x", "rate=1x"},
        {"swap redis mode=copy rate=99999999999999999999", "E_INVALID"},
        {"swap redis verify", "need mode=copy"},
        {"reload now", "nothing but wait"},
        {"set 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 "
         "32",
         "at most"},
        {"status\t", "printable"},
        {"st\xffus", "printable"},
        {"swap nowhere wait", "no plugin nowhere"},
        {"swap ../memory wait", "never by a path"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *reply = ask(cases[i].request);
        assert_has(cases[i].reply, reply);
        assert_has("{\"type\":\"end\",\"status\":\"E_", reply);
        assert_has("\"message\":", reply);
    }
    assert_serves();
}

static void test_options_are_set(void **state)
{
    (void)state;
    fixture_copy("adjustable", directory, "adjustable");
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "adjustable")));
    assert_has(ENDS_OK, ask("set adjustable.word=a%20b%25c%C3%bc=d adjustable.part=50%25"));
    const char *config = ask("config");
    assert_has("\"key\":\"word\",\"value\":\"a b%c\xc3\xbc=d\",\"origin\":\"control socket\"",
               config);
    assert_has("\"key\":\"part\",\"value\":\"50%\",\"origin\":\"control socket\"", config);
    const char *stats = ask("stats");
    assert_has("\"name\":\"adjustable_word\",\"value\":\"a b%c\xc3\xbc=d\"", stats);
    assert_has("\"name\":\"adjustable_part\",\"value\":500", stats);
    const char *const wrong[][2] = {
        {"set", "\"E_INVALID\""},
        {"set adjustable.word=%", "two hexadecimal digits"},
        {"set adjustable.word=%4", "two hexadecimal digits"},
        {"set adjustable.word=%4g", "two hexadecimal digits"},
        {"set adjustable.word=%00", "two hexadecimal digits"},
        {"set adjustable.word=b adjustable.wrod=a",
         "control socket: [adjustable] wrod: no such key"},
        {"set redis.url=a", "there are adjustable"},
        {"set adjustable.word=x adjustable.answer=error", "x is refused"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_has(wrong[i][1], ask(wrong[i][0]));
    assert_has("\"name\":\"adjustable_word\",\"value\":\"a b%c", ask("stats"));
    assert_status(ZCACHE_OK, zcache_swap(cache, ZCACHE_SWAP(.provider = "memory")));
}

static void test_a_request_that_is_no_line_is_refused(void **state)
{
    (void)state;
    static char reply[REPLY_MAX], large[3 * ZCACHE_CONTROL_LINE_MAX];
    int fd = connect_client();
    send_bytes(fd, "sta\0tus\n", 8);
    read_reply(fd, reply);
    assert_has("printable", reply);

    memset(large, 'x', sizeof(large));
    fd = connect_client();
    send_bytes(fd, large, sizeof(large));
    read_reply(fd, reply);
    assert_has("too long", reply);

    fd = connect_client();
    send_text(fd, "status");
    shutdown(fd, SHUT_WR);
    read_reply(fd, reply);
    assert_has("does not end with a newline", reply);

    fd = connect_client();
    shutdown(fd, SHUT_WR);
    read_reply(fd, reply);
    assert_string_equal("", reply);
    assert_serves();
}

static void test_a_request_may_come_in_parts(void **state)
{
    (void)state;
    static char reply[REPLY_MAX];
    int fd = connect_client();
    for (const char *at = "status\n"; *at != '\0'; at++) {
        send_bytes(fd, at, 1);
        clock_sleep_ms(5);
    }
    read_reply(fd, reply);
    assert_has(ENDS_OK, reply);
}

/* ---- swaps ----------------------------------------------------------------------------------- */

static void test_a_copy_of_a_process_under_load(void **state)
{
    (void)state;
    static char reply[REPLY_MAX];
    fill();
    work working;
    work_begin(&working);
    int waiting = connect_client();
    send_text(waiting, "swap redis mode=copy rate=4000 verify wait\n");
    wait_for_reply(
        "status",
        "\"state\":\"running\",\"reload\":false,\"provider\":\"redis\",\"mode\":\"copy\"");
    wait_for_reply("generations", "\"number\":0,\"provider\":\"redis\",\"state\":\"copying\"");
    assert_has("\"provider\":\"memory\",\"state\":\"live\"", ask("generations"));
    assert_has("E_BUSY", ask("swap memory wait"));
    read_reply(waiting, reply);
    assert_has("{\"type\":\"progress\",\"phase\":\"copying\"", reply);
    assert_has("{\"type\":\"progress\",\"phase\":\"verifying\"", reply);
    assert_has("{\"type\":\"report\",\"from\":\"memory\",\"to\":\"redis\"", reply);
    assert_has(ENDS_OK, reply);
    work_end(&working);
    assert_all_there();
    assert_has("\"state\":\"ended\",\"reload\":false,\"provider\":\"redis\",\"mode\":\"copy\","
               "\"succeeded\":true",
               ask("status"));
    assert_has(ENDS_OK, ask("swap memory mode=copy wait"));
    assert_all_there();
}

static void test_an_abort_leaves_the_old_provider(void **state)
{
    (void)state;
    static char reply[REPLY_MAX];
    fill();
    int waiting = connect_client();
    send_text(waiting, "swap redis mode=copy rate=100 wait\n");
    wait_for_reply("status", "\"type\":\"progress\"");
    assert_has("\"swapping\":true", ask("abort"));
    read_reply(waiting, reply);
    assert_has("{\"type\":\"end\",\"status\":\"E_REFUSED\"", reply);
    assert_has("\"provider\":\"memory\"", ask("status"));
    assert_has("\"succeeded\":false", ask("status"));
    assert_all_there();
}

static void test_a_swap_goes_on_without_its_client(void **state)
{
    (void)state;
    fill();
    int waiting = connect_client();
    send_text(waiting, "swap redis mode=copy rate=4000 wait\n");
    wait_for_reply("status", "\"state\":\"running\"");
    close(waiting);
    wait_for_reply("status", "\"succeeded\":true");
    assert_has("\"provider\":\"redis\"", ask("status"));
    assert_all_there();
}

static void test_a_close_ends_a_copy_and_all_clients(void **state)
{
    (void)state;
    static char reply[REPLY_MAX];
    fill();
    int idle = connect_client(), waiting = connect_client();
    send_text(waiting, "swap redis mode=copy rate=100 wait\n");
    wait_for_reply("status", "\"type\":\"progress\"");
    assert_status(ZCACHE_OK, zcache_close(cache));
    cache = NULL;
    read_reply(idle, reply);
    assert_string_equal("", reply);
    read_reply(waiting, reply);
    assert_null(strstr(reply, ENDS_OK));
}

/* ---- generations ----------------------------------------------------------------------------- */

static void test_a_retired_generation_shows_who_holds_it(void **state)
{
    (void)state;
    char lease[128];
    zcache_status status;
    zcache_memory_engine *handle = zcache_memory_acquire(cache, &status);
    assert_status(ZCACHE_OK, status);
    assert_status(ZCACHE_OK,
                  zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .timeout_ms = 100)));
    const char *reply = ask("generations");
    assert_has("\"number\":1,\"provider\":\"memory\",\"state\":\"retired\"", reply);
    assert_has("\"pins\":0,\"leases\":1}", reply);
    snprintf(lease, sizeof(lease), "{\"type\":\"lease\",\"generation\":1,\"thread\":%ld,",
             (long)gettid());
    assert_has(lease, reply);
    assert_has("\"number\":2,\"provider\":\"redis\",\"state\":\"live\"", reply);
    assert_error(ZCACHE_E_BUSY, "native handle", zcache_close(cache));
    assert_serves(); /* a close that was refused */
    assert_status(ZCACHE_OK, zcache_memory_release(cache, handle));
    int64_t deadline_ms = clock_ms() + 10000;
    while (strstr(ask("generations"), "retired") != NULL && clock_ms() < deadline_ms)
        clock_sleep_ms(20);
    assert_null(strstr(ask("generations"), "memory"));
}

/* ---- the program ----------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(test_every_command_answers),
        CONTROL_TEST(test_a_wrong_request_is_told_so),
        CONTROL_TEST(test_options_are_set),
        CONTROL_TEST(test_a_request_that_is_no_line_is_refused),
        CONTROL_TEST(test_a_request_may_come_in_parts),
        CONTROL_TEST(test_a_copy_of_a_process_under_load),
        CONTROL_TEST(test_an_abort_leaves_the_old_provider),
        CONTROL_TEST(test_a_swap_goes_on_without_its_client),
        CONTROL_TEST(test_a_close_ends_a_copy_and_all_clients),
        CONTROL_TEST(test_a_retired_generation_shows_who_holds_it),
    };
    return cmocka_run_group_tests_name("control", tests, start_server, stop_server);
}
