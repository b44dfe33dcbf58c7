/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: user
 * A reference into a value that is gone at the end of the line. */
#include "shop.h"
#include <zcache/zcache.hpp>

int64_t identity(const zcache::table<user> &table);
int64_t identity(const zcache::table<user> &table)
{
#ifdef WRONG
    const user &ann = *table.get("7");
#else
    const zcache::value<user> held = *table.get("7");
    const user &ann = held;
#endif
    return ann.id;
}
