/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: city
 * An owned text described as an array of characters. */
#include "shop.h"

typedef struct thing {
    char *city;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_CHARS(city))
#else
ZCACHE_STRUCT(thing, ZC_STRING(city))
#endif
