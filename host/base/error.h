/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The message that every failing call leaves for zcache_error_message(): one line, of this thread.
 */
#ifndef ZC_BASE_ERROR_H
#define ZC_BASE_ERROR_H

#include <stdarg.h>
#include <zcache/types.h>

/* Longest message, terminator included: a longer one is cut, with "..." at its end. */
#define ZC_ERROR_MAX 512

/* Leaves the message and returns `status`, so that a failure is one line. Control characters in the
 * message are shown as `?`: it may quote what a file or a server sent. */
zcache_status zc_error(zcache_status status, const char *format, ...) ZCACHE_PRINTF(2, 3);
zcache_status zc_error_va(zcache_status status, const char *format, va_list arguments)
    ZCACHE_PRINTF(2, 0);

/* Puts context before the message that is there: zc_error_prefix("cannot swap to %s: ", name). */
void zc_error_prefix(const char *format, ...) ZCACHE_PRINTF(1, 2);

/* ZCACHE_E_NOMEM, with its message. */
zcache_status zc_error_nomem(void);

/* The message that is there now. */
const char *zc_error_text(void);

#endif
