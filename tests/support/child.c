/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The alarm is set by a fork handler that runs before the library's, which may hang in the child.
 */
#include "child.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"

static void set_alarm(void)
{
    alarm(CHILD_LIMIT_S);
}

__attribute__((constructor)) static void register_handlers(void)
{
    child_make_malloc_fork_safe();
    pthread_atfork(NULL, NULL, set_alarm);
}

pid_t child_fork(void)
{
    static const int caught_by_cmocka[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS};
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        printf("Bail out! cannot fork: %s\n", strerror(errno));
        exit(1);
    }
    if (child > 0)
        return child;
    for (size_t i = 0; i < sizeof(caught_by_cmocka) / sizeof(caught_by_cmocka[0]); i++)
        signal(caught_by_cmocka[i], SIG_DFL);
    checks_failed(); /* the parent's */
    return 0;
}

void child_end(void)
{
    bool well = checks_failed() == 0;
    fflush(NULL);
    _exit(well ? 0 : 1);
}

int child_wait(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR) {
            printf("Bail out! cannot wait for child %ld: %s\n", (long)child, strerror(errno));
            exit(1);
        }
    }
    return status;
}

/* Waits for it; writes what was expected of it, and how it ended. */
static bool ends_well(pid_t child, char *expected, size_t size)
{
    int status = child_wait(child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(expected, size, "a child that ends well, not one that hung for %d s",
                 CHILD_LIMIT_S);
    else if (WIFSIGNALED(status))
        snprintf(expected, size, "a child that ends well, not by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(expected, size, "a child that ends well, not with status %d", WEXITSTATUS(status));
    return status == 0;
}

void assert_child_ends_well_(pid_t child, const char *file, int line)
{
    char expected[128];
    if (ends_well(child, expected, sizeof(expected)))
        return;
    print_error("expected: %s\n", expected);
    _fail(file, line);
}

bool check_child_ends_well_(pid_t child, const char *file, int line)
{
    char expected[128];
    bool well = ends_well(child, expected, sizeof(expected));
    return check_that_(well, expected, file, line);
}
