/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: count
 * A number described as a text. */
#include "shop.h"

typedef struct thing {
    int64_t count;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_STRING(count))
#else
ZCACHE_STRUCT(thing, ZC_I64(count))
#endif
