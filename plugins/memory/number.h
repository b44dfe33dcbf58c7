/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters as text: the one way to write a signed 64-bit number in decimal.
 */
#ifndef MEMORY_NUMBER_H
#define MEMORY_NUMBER_H

#include <zcache/types.h>

#define MEMORY_NUMBER_MAX 21 /* "-9223372036854775808" and a terminator */

/* Reads such a text: no sign +, no leading zeros, no "-0", no blanks. False: it is none. */
bool memory_number_parse(zcache_slice text, int64_t *number);

/* Writes one; returns its length. */
size_t memory_number_format(int64_t number, char text[MEMORY_NUMBER_MAX]);

#endif
