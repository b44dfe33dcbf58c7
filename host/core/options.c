/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The options structs of public functions grow with the library: a program compiled against an
 * older header passes a shorter one, whose missing members are 0, the default.
 */
#include <string.h>

#include "base/error.h"
#include "core/cache.h"

zcache_status zc_options_copy(void *copy, size_t size, const void *options, const char *macro)
{
    size_t given;
    memset(copy, 0, size);
    if (options == NULL)
        return ZCACHE_OK;
    memcpy(&given, options, sizeof(given)); /* `size` is the first member of each */
    if (given <= sizeof(size_t) || given > 4096)
        return zc_error(ZCACHE_E_INVALID,
                        "the options have size %zu: make them with %s(…), which sets it", given,
                        macro);
    if (given > size) {
        /* A newer program: what we do not know must be at its default. */
        const char *beyond = (const char *)options + size;
        for (size_t i = 0; i < given - size; i++)
            if (beyond[i] != 0)
                return zc_error(ZCACHE_E_INVALID,
                                "the options made with %s(…) use a member that this version of "
                                "zcache, %s, does not have",
                                macro, ZCACHE_VERSION);
        given = size;
    }
    memcpy(copy, options, given);
    return ZCACHE_OK;
}
