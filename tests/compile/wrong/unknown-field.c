/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: agee
 * A field that the struct does not have. */
#include "shop.h"

typedef struct thing {
    int32_t age;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_I32(agee))
#else
ZCACHE_STRUCT(thing, ZC_I32(age))
#endif
