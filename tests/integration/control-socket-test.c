/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The control socket and who comes to it: where it may be, who may connect, slow and many clients and
 * those that go away while the application works, a fork.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"

/* last: its variables have the names of parameters of the headers above */
#include "control-harness.h"

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

/* ---- the program ----------------------------------------------------------------------------- */

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
        CONTROL_TEST(test_slow_and_many_clients_disturb_nobody),
        CONTROL_TEST(test_clients_that_go_away_leave_nothing),
        CONTROL_TEST(test_a_forked_child_leaves_the_socket_alone),
    };
    return cmocka_run_group_tests_name("control socket", tests, start_server, stop_server);
}
