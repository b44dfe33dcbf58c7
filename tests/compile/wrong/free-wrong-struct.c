/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: session
 * A session is to be released as a user. */
#include "shop.h"

void release(user *ann, session *hers);
void release(user *ann, session *hers)
{
    (void)ann, (void)hers;
#ifdef WRONG
    user_free(hers);
#else
    user_free(ann);
#endif
}
