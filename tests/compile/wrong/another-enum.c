/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: paint
 * A field of another enum. */
#include "shop.h"

typedef struct thing {
    color paint;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_ENUM(paint, size))
#else
ZCACHE_STRUCT(thing, ZC_ENUM(paint, color))
#endif
