/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: homes
 * Elements of another struct. */
#include "shop.h"

typedef struct thing {
    address *homes;
    size_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_ARRAY(homes, count, ZC_NESTED(session)))
#else
ZCACHE_STRUCT(thing, ZC_ARRAY(homes, count, ZC_NESTED(address)))
#endif
