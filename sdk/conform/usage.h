/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the process uses, as the kernel and the C library tell it.
 */
#ifndef SDK_CONFORM_USAGE_H
#define SDK_CONFORM_USAGE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct usage {
    long descriptors;
    long threads;
    long keys;        /* pthread keys that can still be made */
    long mappings;    /* lines of /proc/self/maps */
    size_t allocated; /* bytes of malloc that are out; 0 where that cannot be told */
} usage;

usage usage_now(void);

/* Whether the file is mapped into the process. */
bool usage_maps(const char *file);

#endif
