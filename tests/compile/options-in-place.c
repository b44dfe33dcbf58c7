/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Options that are made in the call, in C and in C++20, without a warning.
 */
#include <zcache/table.h>

ZCACHE_BEGIN_DECLS
zcache_status use(zcache *cache, zcache_typed **table, zcache_value *value);
ZCACHE_END_DECLS

zcache_status use(zcache *cache, zcache_typed **table, zcache_value *value)
{
    zcache_swap_report report;
    if (zcache_get(cache, "a", value, ZCACHE_READ(.timeout_ms = 50, .with_cas = true)) < 0 ||
        zcache_set(cache, "a", "b", 1, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))) < 0 ||
        zcache_set(cache, "a", "b", 1, ZCACHE_WRITE()) < 0 ||
        zcache_clear(cache, ZCACHE_SCAN(.timeout_ms = ZCACHE_SECONDS(5))) < 0 ||
        zcache_reload(cache, ZCACHE_RELOAD()) < 0 ||
        zcache_swap(cache, ZCACHE_SWAP(.provider = "redis", .report = &report)) < 0)
        return ZCACHE_E_INTERNAL;
    return zcache_typed_open(cache, "names", zcache_string_struct(), table,
                             ZCACHE_TABLE_OPTIONS(.serialization = "string"));
}
