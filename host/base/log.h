/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Log lines, to the application's function or to standard error.
 */
#ifndef ZC_BASE_LOG_H
#define ZC_BASE_LOG_H

#include <stdarg.h>
#include <stdatomic.h>
#include <zcache/zcache.h>

/* Where lines of one cache go. `level` may change while lines are written. */
typedef struct zc_log {
    zcache_log_fn *write; /* NULL: standard error, as "zcache: warning: …" */
    void *user;
    _Atomic int level; /* lines above it are dropped */
} zc_log;

void zc_log_write(zc_log *log, zcache_log_level level, const char *format, ...) ZCACHE_PRINTF(3, 4);
void zc_log_write_va(zc_log *log, zcache_log_level level, const char *prefix, const char *format,
                     va_list arguments) ZCACHE_PRINTF(4, 0);

#endif
