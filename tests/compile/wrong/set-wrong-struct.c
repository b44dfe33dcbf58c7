/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A table of users is given a session to write. */
#include "shop.h"

zcache_status store(const users_t *table, const user *ann, const session *hers);
zcache_status store(const users_t *table, const user *ann, const session *hers)
{
    (void)ann, (void)hers;
#ifdef WRONG
    return users_set(table, "7", hers, NULL);
#else
    return users_set(table, "7", ann, NULL);
#endif
}
