/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: user
 * A struct that must not change is to be read into. */
#include "shop.h"

#ifdef WRONG
#define INTO const user
#else
#define INTO user
#endif
zcache_status fetch(const users_t *table, INTO *ann);
zcache_status fetch(const users_t *table, INTO *ann)
{
    return users_get(table, "7", ann, NULL);
}
