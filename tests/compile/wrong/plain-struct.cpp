/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: thing
 * A struct that C could not have. */
#include "shop.h"
#include <string>

struct thing {
#ifdef WRONG
    std::string title;
#endif
    int64_t number;
};
ZCACHE_STRUCT(thing, ZC_I64(number))
