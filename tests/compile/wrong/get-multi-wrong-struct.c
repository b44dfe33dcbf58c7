/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A batch of users is to be read into sessions. */
#include "shop.h"

zcache_status fetch(const users_t *table, const char *const keys[], user *all, session *theirs);
zcache_status fetch(const users_t *table, const char *const keys[], user *all, session *theirs)
{
    (void)all, (void)theirs;
#ifdef WRONG
    return users_get_multi(table, 2, keys, theirs, NULL, NULL);
#else
    return users_get_multi(table, 2, keys, all, NULL, NULL);
#endif
}
