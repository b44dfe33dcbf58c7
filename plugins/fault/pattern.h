/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Which keys: globs as `zcache keys` has them, over any bytes: * any bytes, ? one byte, [a-z] one of
 * these, [^a] none of these, \x the byte x. They are compiled, so that a key of n bytes takes n
 * steps whatever the pattern is; fnmatch(3) knows neither 0 bytes nor a bound.
 */
#ifndef FAULT_PATTERN_H
#define FAULT_PATTERN_H

#include <zcache/types.h>

/* Stars not counted: one bit of a word each, and one for the end. */
#define FAULT_PATTERN_MAX 63

typedef struct fault_pattern {
    uint64_t takes[256]; /* bit i: element i matches this byte */
    uint64_t stays;      /* bit i: a star stands before element i */
    uint64_t end;        /* the bit beyond the last element */
} fault_pattern;

/* False: it has more than FAULT_PATTERN_MAX elements. */
bool fault_pattern_compile(const char *text, fault_pattern *pattern);

bool fault_pattern_matches(const fault_pattern *pattern, zcache_slice key);

#endif
