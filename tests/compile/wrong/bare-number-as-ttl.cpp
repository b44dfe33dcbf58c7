/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: write_options
 * A TTL without a unit. */
#include "shop.h"
#include <zcache/zcache.hpp>

void store(const zcache::table<user> &table, const user &ann);
void store(const zcache::table<user> &table, const user &ann)
{
#ifdef WRONG
    table.set("7", ann, 60);
#else
    table.set("7", ann, std::chrono::seconds(60));
#endif
}
