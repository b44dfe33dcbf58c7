/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: scores
 * Elements of another type. */
#include "shop.h"

typedef struct thing {
    int32_t *scores;
    size_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, count, ZC_DOUBLE))
#else
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, count, ZC_I32))
#endif
