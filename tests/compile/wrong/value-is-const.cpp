/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: name
 * A value that was read is to be changed in place. */
#include "shop.h"
#include <zcache/zcache.hpp>

void rename(zcache::value<user> &found, char *name);
void rename(zcache::value<user> &found, char *name)
{
    user changed = *found;
    changed.name = name;
    (void)changed;
#ifdef WRONG
    found->name = name;
#endif
}
