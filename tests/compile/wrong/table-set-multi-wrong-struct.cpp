/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A batch of sessions is to be written as users. */
#include "shop.h"
#include <zcache/zcache.hpp>

void store(const zcache::table<user> &table, const user &ann, const session &hers);
void store(const zcache::table<user> &table, const user &ann, const session &hers)
{
    const std::pair<const char *, user> right[] = {{"7", ann}};
    const std::pair<const char *, session> wrong[] = {{"7", hers}};
    (void)right, (void)wrong;
#ifdef WRONG
    table.set_multi(wrong);
#else
    table.set_multi(right);
#endif
}
