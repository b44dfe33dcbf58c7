/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: weight
 * A double described as a float. */
#include "shop.h"

typedef struct thing {
    double weight;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_FLOAT(weight))
#else
ZCACHE_STRUCT(thing, ZC_DOUBLE(weight))
#endif
