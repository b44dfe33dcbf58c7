/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * An allocator for zcache_set_allocator that counts, fails one chosen allocation, knows every block
 * that is still out, moves every block that grows, and fills what is freed: so that a leak, a
 * double free, a foreign pointer or a use of a stale one shows.
 */
#ifndef TESTS_SUPPORT_FAILING_ALLOCATOR_H
#define TESTS_SUPPORT_FAILING_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

/* Makes zcache use it. Ends the program if it is too late for that. */
void failing_allocator_install(void);

/* From now on the nth allocation (the 1st is the next one; of any thread) fails, once. 0: none. */
void failing_allocator_fail(size_t nth);

/* While paused nothing is counted and nothing fails: for what a test does in between. */
void failing_allocator_pause(bool paused);

/* Whether that allocation has been asked for, and has failed. */
bool failing_allocator_failed(void);

/* How many allocations were asked for since the last failing_allocator_fail. */
size_t failing_allocator_count(void);

/* How many blocks are out. */
size_t failing_allocator_live(void);

/* Where it stands; and a printed list of the blocks given since a mark that are still out. */
size_t failing_allocator_mark(void);
void failing_allocator_show(size_t mark);

#endif
