/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: order
 * A table of a struct that was not described. */
#include "shop.h"
#include <zcache/zcache.hpp>

struct order {
    int64_t number;
};
#ifndef WRONG
ZCACHE_STRUCT(order, ZC_I64(number))
#endif
template class zcache::table<order>;
