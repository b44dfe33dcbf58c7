/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: order_struct
 * A table of a struct that was not described. */
#include "shop.h"

typedef struct order {
    int64_t number;
} order;
#ifndef WRONG
ZCACHE_STRUCT(order, ZC_I64(number))
#endif
ZCACHE_TABLE(orders, order)
