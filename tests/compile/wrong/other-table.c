/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: sessions_t
 * The functions of users are given the table of sessions. */
#include "shop.h"

zcache_status store(const users_t *table, const sessions_t *other, const user *ann);
zcache_status store(const users_t *table, const sessions_t *other, const user *ann)
{
    (void)table, (void)other;
#ifdef WRONG
    return users_set(other, "7", ann, NULL);
#else
    return users_set(table, "7", ann, NULL);
#endif
}
