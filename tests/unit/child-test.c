/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The tests' own children: one that is forked while other threads allocate can allocate too, under
 * a sanitizer as well, and how a child ended is told.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "expect.h"
#include "threads.h"

enum { THREADS = 4, FORKS = 20, BLOCKS = 400 };

static _Atomic bool forking;

/* More blocks of each size than a thread keeps for itself: the allocator's common part is used. */
static void allocate_and_free(void)
{
    static _Thread_local char *blocks[BLOCKS];
    for (size_t size = 16; size <= 4096; size *= 4) {
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = malloc(size);
            if (check_that(blocks[i] != NULL))
                blocks[i][size - 1] = 1;
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
}

static void fork_or_allocate(void *user, size_t index)
{
    (void)user;
    while (index > 0 && atomic_load(&forking))
        allocate_and_free();
    for (int i = 0; index == 0 && i < FORKS; i++) {
        pid_t child = child_fork();
        if (child == 0) {
            allocate_and_free();
            child_end();
        }
        if (!check_child_ends_well(child))
            break;
    }
    if (index == 0)
        atomic_store(&forking, false);
}

static void test_a_child_can_allocate_whatever_other_threads_do(void **state)
{
    (void)state;
    atomic_store(&forking, true);
    threads_run(THREADS, fork_or_allocate, NULL);
    assert_int_equal(0, checks_failed());
}

static void test_failed_checks_of_a_child_are_its_exit_status(void **state)
{
    (void)state;
    pid_t child = child_fork();
    if (child == 0) {
        close(STDERR_FILENO);
        check_that(false);
        child_end();
    }
    int status = child_wait(child);
    assert_true(WIFEXITED(status));
    assert_int_equal(1, WEXITSTATUS(status));
}

static void test_failed_checks_of_the_parent_are_not_the_childs(void **state)
{
    (void)state;
    int error = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    check_that(false);
    dup2(error, STDERR_FILENO);
    close(error);
    pid_t child = child_fork();
    if (child == 0)
        child_end();
    assert_child_ends_well(child);
    assert_int_equal(1, checks_failed());
}

static void test_a_crash_ends_a_child(void **state)
{
    (void)state;
    pid_t child = child_fork();
    if (child == 0)
        raise(SIGSEGV);
    int status = child_wait(child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(SIGSEGV, WTERMSIG(status));
}

static void test_every_fork_has_its_alarm(void **state)
{
    (void)state;
    pid_t child = child_fork();
    if (child == 0) {
        unsigned left = alarm(0);
        check_that(left > 0 && left <= CHILD_LIMIT_S);
        child_end();
    }
    assert_child_ends_well(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_can_allocate_whatever_other_threads_do),
        cmocka_unit_test(test_failed_checks_of_a_child_are_its_exit_status),
        cmocka_unit_test(test_failed_checks_of_the_parent_are_not_the_childs),
        cmocka_unit_test(test_a_crash_ends_a_child),
        cmocka_unit_test(test_every_fork_has_its_alarm),
    };
    return cmocka_run_group_tests_name("children of tests", tests, NULL, NULL);
}
