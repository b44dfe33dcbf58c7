/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Forked children. A child says by its exit status whether its checks held, and never outlives its
 * test: an alarm ends it, however it hangs.
 *
 *     pid_t child = child_fork();
 *     if (child == 0) {
 *         check_status(ZCACHE_OK, zcache_set(cache, "k", "v", 1, NULL));
 *         child_end();
 *     }
 *     assert_child_ends_well(child);
 *
 * A child uses only the check_ forms of expect.h: an assertion of cmocka would go on with the
 * parent's tests.
 */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Far more than any child needs, under valgrind on a loaded machine too. */
#define CHILD_LIMIT_S 120

/* Forks; returns 0 in the child, where no check has failed yet and a crash is not caught by cmocka.
 * Any thread may call it. If it fails, it ends the test program. */
pid_t child_fork(void);

/* Ends the child that calls it, without the parent's exit handlers: well if no check has failed. */
__attribute__((noreturn)) void child_end(void);

/* Waits for a child; how it ended, as of waitpid. */
int child_wait(pid_t child);

/* Waits for a child, which must end well: else says how it ended. */
#define assert_child_ends_well(child) assert_child_ends_well_(child, __FILE__, __LINE__)
void assert_child_ends_well_(pid_t child, const char *file, int line);
#define check_child_ends_well(child) check_child_ends_well_(child, __FILE__, __LINE__)
bool check_child_ends_well_(pid_t child, const char *file, int line);

/* For child.c; fork-safe-malloc.c tells why. */
void child_make_malloc_fork_safe(void);

#endif
