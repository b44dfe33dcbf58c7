/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: value<user>
 * A value that was read, which owns its memory, is to be copied. */
#include "shop.h"
#include <zcache/zcache.hpp>

zcache::value<user> other(zcache::value<user> &found);
zcache::value<user> other(zcache::value<user> &found)
{
#ifdef WRONG
    return zcache::value<user>(found);
#else
    return zcache::value<user>(std::move(found));
#endif
}
