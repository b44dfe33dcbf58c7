/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: count
 * A field of 32 bits described as one of 64. */
#include "shop.h"

typedef struct thing {
    int32_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_I64(count))
#else
ZCACHE_STRUCT(thing, ZC_I32(count))
#endif
