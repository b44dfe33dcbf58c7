/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A table of users is given a session to write. */
#include "shop.h"
#include <zcache/zcache.hpp>

void store(const zcache::table<user> &table, const user &ann, const session &hers);
void store(const zcache::table<user> &table, const user &ann, const session &hers)
{
    (void)ann, (void)hers;
#ifdef WRONG
    table.set("7", hers);
#else
    table.set("7", ann);
#endif
}
