/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: length
 * A length of bytes that is no size_t. */
#include "shop.h"

typedef struct thing {
    void *data;
    unsigned length;
    size_t size;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_BYTES(data, length))
#else
ZCACHE_STRUCT(thing, ZC_BYTES(data, size))
#endif
