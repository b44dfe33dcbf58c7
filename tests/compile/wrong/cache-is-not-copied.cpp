/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 * names: cache
 * A cache, which closes its handle, is to be copied. */
#include "shop.h"
#include <zcache/zcache.hpp>

zcache::cache other(zcache::cache &cache);
zcache::cache other(zcache::cache &cache)
{
#ifdef WRONG
    return zcache::cache(cache);
#else
    return zcache::cache(std::move(cache));
#endif
}
