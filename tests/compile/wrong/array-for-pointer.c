/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: scores
 * A pointer described as an array in the struct. */
#include "shop.h"

typedef struct thing {
    int32_t *scores;
    size_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_FIXED(scores, ZC_I32))
#else
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, count, ZC_I32))
#endif
