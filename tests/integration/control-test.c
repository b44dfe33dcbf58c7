/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The control socket as a client of the protocol sees it: who may connect and where the socket may
 * be, every command, bad and slow and many clients while the application works, swaps of a process
 * under load, the close of the cache, a fork.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "clock.h"
#include "expect.h"
#include "servers.h"
#include "temp.h"
#include <zcache/admin.h>
#include <zcache/native/memory.h>

#define KEYS      2000
#define REPLY_MAX 65536

static server *redis;
static zcache *cache;
static const char *directory;
static char socket_path[108];

/* ---- the cache ------------------------------------------------------------------------------- */

static zcache_status open_at(zcache **opened, const char *path)
{
    static char plugins[4096];
    char socket_setting[512];
    snprintf(plugins, sizeof(plugins), "cache.plugin_path=%s", getenv("ZCACHE_TEST_PLUGINS"));
    snprintf(socket_setting, sizeof(socket_setting), "control.socket=%s", path);
    const char *settings[] = {plugins,        "cache.key_prefix=ctl:", "cache.timeout=20s",
                              socket_setting, server_setting(redis),   NULL};
    return zcache_open(opened, ZCACHE_OPTIONS(.settings = settings));
}

static int open_cache(void **state)
{
    (void)state;
    directory = temp_dir();
    snprintf(socket_path, sizeof(socket_path), "%s/control.sock", directory);
    assert_status(ZCACHE_OK, open_at(&cache, socket_path));
    return 0;
}

static int close_cache(void **state)
{
    (void)state;
    if (cache != NULL) {
        assert_status(ZCACHE_OK, zcache_clear(cache, NULL));
        assert_status(ZCACHE_OK, zcache_close(cache));
    }
    cache = NULL;
    assert_int_equal(-1, access(socket_path, F_OK));
    return 0;
}

static void fill(void)
{
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        int size = snprintf(key, sizeof(key), "key:%d", i);
        assert_status(ZCACHE_OK, zcache_set(cache, key, key, (size_t)size, NULL));
    }
}

static void assert_all_there(void)
{
    zcache_value value = ZCACHE_VALUE_INIT;
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        snprintf(key, sizeof(key), "key:%d", i);
        assert_status(ZCACHE_OK, zcache_get(cache, key, &value, NULL));
        assert_text(key, &value);
    }
    zcache_value_free(&value);
}

/* ---- a client -------------------------------------------------------------------------------- */

static int try_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 30};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_client(void)
{
    int fd = try_connect();
    assert_true(fd >= 0);
    return fd;
}

static void send_bytes(int fd, const char *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    assert_true(sent == (ssize_t)size || errno == EPIPE); /* refused and gone already */
}

static void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

/* Reads to the end, and closes. */
static void read_reply(int fd, char reply[REPLY_MAX])
{
    size_t used = 0;
    ssize_t got;
    while ((got = recv(fd, reply + used, REPLY_MAX - 1 - used, 0)) > 0)
        used += (size_t)got;
    assert_true(got == 0 || errno == ECONNRESET); /* not all that we sent was read */
    reply[used] = '\0';
    close(fd);
}

static const char *ask(const char *request)
{
    static char reply[REPLY_MAX];
    int fd = connect_client();
    send_text(fd, request);
    send_text(fd, "\n");
    read_reply(fd, reply);
    return reply;
}

static void assert_has_(const char *part, const char *reply, int line)
{
    if (strstr(reply, part) != NULL)
        return;
    print_message("# line %d: expected in the reply: ", line);
    print_message("%.300s\n", part);
    print_message("# the reply: %.2000s\n", reply);
    fail();
}
#define assert_has(part, reply) assert_has_(part, reply, __LINE__)

#define ENDS_OK "{\"type\":\"end\",\"status\":\"OK\",\"code\":0}\n"

static void assert_serves(void)
{
    assert_has(ENDS_OK, ask("status"));
}

/* Waits until a reply to `request` has `part`: bounded by the test's own patience. */
static void wait_for_reply(const char *request, const char *part)
{
    int64_t deadline_ms = clock_ms() + 30000;
    while (strstr(ask(request), part) == NULL) {
        if (clock_ms() > deadline_ms)
            fail_msg("%s never answered %s", request, part);
        clock_sleep_ms(20);
    }
}

/* ---- the application at work ----------------------------------------------------------------- */

typedef struct work {
    pthread_t thread;
    _Atomic bool stop;
    int64_t counted;
} work;

static void *count_up(void *argument)
{
    work *working = argument;
    int64_t number = 0;
    while (!atomic_load(&working->stop)) {
        check_status(ZCACHE_OK, zcache_incr(cache, "counter", 1, &number, NULL));
        working->counted++;
        check_that(number == working->counted);
    }
    return NULL;
}

static void work_begin(work *working)
{
    *working = (work){0};
    assert_int_equal(0, pthread_create(&working->thread, NULL, count_up, working));
}

static void work_end(work *working)
{
    atomic_store(&working->stop, true);
    pthread_join(working->thread, NULL);
    assert_true(working->counted > 0);
    assert_int_equal(0, checks_failed());
    int64_t number = 0;
    assert_status(ZCACHE_OK, zcache_incr(cache, "counter", 0, &number, NULL));
    assert_int_equal(working->counted, number);
}

/* ---- where the socket may be ----------------------------------------------------------------- */

static void test_the_socket_is_the_users_alone(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(0, lstat(socket_path, &info));
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(0600, info.st_mode & 07777);
}

static void test_the_process_id_is_in_the_path(void **state)
{
    (void)state;
    char pattern[128], path[160];
    snprintf(pattern, sizeof(pattern), "%s/100%%%%-%%p.sock", directory);
    snprintf(path, sizeof(path), "%s/100%%-%ld.sock", directory, (long)getpid());
    zcache *other;
    assert_status(ZCACHE_OK, open_at(&other, pattern));
    assert_int_equal(0, access(path, F_OK));
    assert_status(ZCACHE_OK, zcache_close(other));
    assert_int_equal(-1, access(path, F_OK));
}

static void test_a_path_that_cannot_be_is_refused(void **state)
{
    (void)state;
    char path[256], too_long[256];
    zcache *other;
    assert_error(ZCACHE_E_CONFIG, "must be absolute", open_at(&other, "control.sock"));
    assert_error(ZCACHE_E_CONFIG, "after \"%\"", open_at(&other, "/tmp/%x.sock"));
    assert_error(ZCACHE_E_CONFIG, "after \"%\"", open_at(&other, "/tmp/%"));
    memset(too_long, 'a', sizeof(too_long));
    too_long[0] = '/';
    too_long[108] = '\0';
    assert_error(ZCACHE_E_CONFIG, "107 bytes", open_at(&other, too_long));
    snprintf(path, sizeof(path), "%s/nowhere/control.sock", directory);
    assert_error(ZCACHE_E_CONFIG, "No such file", open_at(&other, path));
}

static void test_a_directory_that_others_can_change_is_refused(void **state)
{
    (void)state;
    char path[256];
    zcache *other;
    const char *open_to_all = temp_dir();
    snprintf(path, sizeof(path), "%s/control.sock", open_to_all);
    assert_int_equal(0, chmod(open_to_all, 0777));
    assert_error(ZCACHE_E_CONFIG, "written by others", open_at(&other, path));
    assert_int_equal(0, chmod(open_to_all, 0720));
    assert_error(ZCACHE_E_CONFIG, "written by others", open_at(&other, path));
    assert_int_equal(0, chmod(open_to_all, 0700));
    if (geteuid() == 0) { /* only root can give a directory away */
        assert_int_equal(0, chown(open_to_all, 65534, 65534));
        assert_error(ZCACHE_E_CONFIG, "another user", open_at(&other, path));
    }
}

static void test_a_socket_in_use_is_refused_and_goes_on(void **state)
{
    (void)state;
    zcache *other;
    assert_error(ZCACHE_E_CONFIG, "listens there", open_at(&other, socket_path));
    assert_serves();
}

static void test_what_a_dead_process_left_is_replaced(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/left.sock", directory);
    int left = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(left, (const struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(left, 1));
    zcache *other;
    assert_error(ZCACHE_E_CONFIG, "listens there", open_at(&other, address.sun_path));
    close(left); /* as the kernel does for a process that dies */
    assert_int_equal(0, access(address.sun_path, F_OK));
    assert_status(ZCACHE_OK, open_at(&other, address.sun_path));
    assert_status(ZCACHE_OK, zcache_close(other));
    assert_int_equal(-1, access(address.sun_path, F_OK));
}

static void test_a_file_in_the_way_is_kept(void **state)
{
    (void)state;
    const char *path = temp_file(directory, "data", "precious", 0600);
    zcache *other;
    assert_error(ZCACHE_E_CONFIG, "no socket", open_at(&other, path));
    assert_int_equal(0, access(path, F_OK));
}

static void be_another_user(bool can_open)
{
    static char reply[REPLY_MAX];
    if (!check_that(setgid(65534) == 0 && setuid(65534) == 0))
        return;
    int fd = try_connect();
    if (!can_open) {
        check_that(fd < 0 && errno == EACCES);
        return;
    }
    if (!check_that(fd >= 0))
        return;
    ssize_t sent = send(fd, "abort\n", 6, MSG_NOSIGNAL);
    (void)sent; /* it may be refused before */
    read_reply(fd, reply);
    check_that(strstr(reply, "E_REFUSED") != NULL && strstr(reply, "abort") == NULL);
}

static void test_another_users_process_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) { /* nobody else's process can be had: the mode must keep it out */
        test_the_socket_is_the_users_alone(state);
        return;
    }
    for (int opened = 0; opened < 2; opened++) {
        assert_int_equal(0, chmod(directory, 0755));
        assert_int_equal(0, chmod(socket_path, opened ? 0666 : 0600));
        pid_t child = child_fork();
        if (child == 0) {
            be_another_user(opened);
            child_end();
        }
        assert_child_ends_well(child);
    }
    assert_serves();
}

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
        {"swap a b c d e f g h i j", "at most"},
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

/* ---- bad company ----------------------------------------------------------------------------- */

static void test_slow_and_many_clients_disturb_nobody(void **state)
{
    (void)state;
    enum { CLIENTS = 40 };
    static char reply[REPLY_MAX];
    int fds[CLIENTS];
    work working;
    work_begin(&working);
    int64_t begin_ms = clock_ms();
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = connect_client();
        send_text(fds[i], "s");
    }
    int busy = 0, late = 0;
    for (int i = 0; i < CLIENTS; i++) {
        read_reply(fds[i], reply);
        if (strstr(reply, "E_BUSY") != NULL)
            busy++;
        else if (strstr(reply, "E_TIMEOUT") != NULL)
            late++;
        else
            fail_msg("client %d: %s", i, reply);
    }
    assert_between(4900, 5000 + 3 * CLOCK_SLACK_MS, clock_ms() - begin_ms);
    assert_int_equal(16, late);
    assert_int_equal(CLIENTS - 16, busy);
    assert_serves();
    work_end(&working);
}

static void test_clients_that_go_away_leave_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        int fd = try_connect();
        if (fd < 0)
            continue; /* the queue is full for a moment */
        send_text(fd, i % 3 == 0 ? "config\n" : i % 3 == 1 ? "stat" : "stats\n");
        close(fd);
    }
    wait_for_reply("status", ENDS_OK);
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

/* ---- fork ------------------------------------------------------------------------------------ */

static void test_a_forked_child_leaves_the_socket_alone(void **state)
{
    (void)state;
    static char reply[REPLY_MAX];
    int connected = connect_client(), stay[2];
    assert_serves(); /* so `connected` was accepted */
    assert_int_equal(0, pipe(stay));
    pid_t child = child_fork();
    if (child == 0) {
        char byte;
        close(stay[1]);
        close(connected);
        check_status(ZCACHE_OK, zcache_set(cache, "child", "1", 1, NULL));
        check_that(read(stay[0], &byte, 1) == 0);
        check_status(ZCACHE_OK, zcache_close(cache));
        child_end();
    }
    close(stay[0]);
    assert_serves();
    /* The child holds no copy of the connection: its end is seen at once. */
    send_text(connected, "status\n");
    read_reply(connected, reply);
    assert_has(ENDS_OK, reply);
    close(stay[1]);
    assert_child_ends_well(child);
    assert_serves();
}

static int start_server(void **state)
{
    (void)state;
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    server_free(redis);
    return 0;
}

#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(test_the_socket_is_the_users_alone),
        CONTROL_TEST(test_the_process_id_is_in_the_path),
        CONTROL_TEST(test_a_path_that_cannot_be_is_refused),
        CONTROL_TEST(test_a_directory_that_others_can_change_is_refused),
        CONTROL_TEST(test_a_socket_in_use_is_refused_and_goes_on),
        CONTROL_TEST(test_what_a_dead_process_left_is_replaced),
        CONTROL_TEST(test_a_file_in_the_way_is_kept),
        CONTROL_TEST(test_another_users_process_is_refused),
        CONTROL_TEST(test_every_command_answers),
        CONTROL_TEST(test_a_wrong_request_is_told_so),
        CONTROL_TEST(test_a_request_that_is_no_line_is_refused),
        CONTROL_TEST(test_a_request_may_come_in_parts),
        CONTROL_TEST(test_slow_and_many_clients_disturb_nobody),
        CONTROL_TEST(test_clients_that_go_away_leave_nothing),
        CONTROL_TEST(test_a_copy_of_a_process_under_load),
        CONTROL_TEST(test_an_abort_leaves_the_old_provider),
        CONTROL_TEST(test_a_swap_goes_on_without_its_client),
        CONTROL_TEST(test_a_close_ends_a_copy_and_all_clients),
        CONTROL_TEST(test_a_retired_generation_shows_who_holds_it),
        CONTROL_TEST(test_a_forked_child_leaves_the_socket_alone),
    };
    return cmocka_run_group_tests_name("control socket", tests, start_server, stop_server);
}
