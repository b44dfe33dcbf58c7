/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Bytes as decoders get them: with the fence behind them, and nothing else.
 */
#ifndef TESTS_SUPPORT_FENCED_H
#define TESTS_SUPPORT_FENCED_H

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

/* A copy, for the caller to free. */
static inline unsigned char *fenced(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size + ZC_FENCE);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    memset(copy + size, ZC_FENCE_BYTE, ZC_FENCE);
    return copy;
}

#endif
