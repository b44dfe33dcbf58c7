/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: home
 * A struct in the struct described as another one. */
#include "shop.h"

typedef struct thing {
    address home;
} thing;

#ifdef WRONG
ZCACHE_STRUCT(thing, ZC_NESTED(home, session))
#else
ZCACHE_STRUCT(thing, ZC_NESTED(home, address))
#endif
