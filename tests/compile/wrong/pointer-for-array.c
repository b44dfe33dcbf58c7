/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: scores
 * An array in the struct described as a pointer. */
#include "shop.h"

typedef struct thing {
    int32_t scores[4];
    size_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, count, ZC_I32))
#else
ZCACHE_STRUCT(thing, ZC_FIXED(scores, ZC_I32))
#endif
