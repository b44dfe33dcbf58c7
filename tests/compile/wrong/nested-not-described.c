/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: order_struct
 * A field is of a struct that was not described. */
#include "shop.h"

typedef struct order {
    int64_t number;
} order;

typedef struct thing {
    order last;
} thing;

#ifndef WRONG
ZCACHE_STRUCT(order, ZC_I64(number))
#endif
ZCACHE_STRUCT(thing, ZC_NESTED(last, order))
