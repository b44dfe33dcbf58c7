/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: how_many
 * A count that is no size_t. */
#include "shop.h"

typedef struct thing {
    int32_t *scores;
    int how_many;
    size_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, how_many, ZC_I32))
#else
ZCACHE_STRUCT(thing, ZC_ARRAY(scores, count, ZC_I32))
#endif
