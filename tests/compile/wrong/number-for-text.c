/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: title
 * A text described as a number. */
#include "shop.h"

typedef struct thing {
    char *title;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_I64(title))
#else
ZCACHE_STRUCT(thing, ZC_STRING(title))
#endif
