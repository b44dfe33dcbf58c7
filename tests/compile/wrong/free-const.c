/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: user
 * A struct that must not change is to be released. */
#include "shop.h"

#ifdef WRONG
#define WHAT const user
#else
#define WHAT user
#endif
void release(WHAT *ann);
void release(WHAT *ann)
{
    user_free(ann);
}
