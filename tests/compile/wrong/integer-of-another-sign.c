/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: count
 * An unsigned field described as a signed one. */
#include "shop.h"

typedef struct thing {
    uint32_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_I32(count))
#else
ZCACHE_STRUCT(thing, ZC_U32(count))
#endif
