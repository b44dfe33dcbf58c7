/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A table of users is to read into a session. */
#include "shop.h"

zcache_status fetch(const users_t *table, user *ann, session *hers);
zcache_status fetch(const users_t *table, user *ann, session *hers)
{
    (void)ann, (void)hers;
#ifdef WRONG
    return users_get(table, "7", hers, NULL);
#else
    return users_get(table, "7", ann, NULL);
#endif
}
