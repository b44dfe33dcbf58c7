/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The allocator behind host->alloc, installed by conform_prepare(): counts what is out, knows its
 * own blocks, fills what is freed, and can refuse the nth allocation.
 */
#ifndef SDK_CONFORM_ALLOCATOR_H
#define SDK_CONFORM_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

/* Blocks that are out. */
long conform_allocator_live(void);

/* The nth allocation from now on fails, once; 0: none does. */
void conform_allocator_fail(long nth);
/* Whether it was asked for, and refused. */
bool conform_allocator_failed(void);

#endif
