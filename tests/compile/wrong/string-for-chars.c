/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: city
 * An array of characters described as an owned text. */
#include "shop.h"

typedef struct thing {
    char city[32];
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_STRING(city))
#else
ZCACHE_STRUCT(thing, ZC_CHARS(city))
#endif
