/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: user
 * A number is given where a struct belongs. */
#include "shop.h"

zcache_status store(const users_t *table, const user *ann);
zcache_status store(const users_t *table, const user *ann)
{
    (void)ann;
#ifdef WRONG
    return users_set(table, "7", 7, NULL);
#else
    return users_set(table, "7", ann, NULL);
#endif
}
