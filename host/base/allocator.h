/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The allocator of the library and, through zcache_host, of its plugins: malloc, unless the
 * application gave another with zcache_set_allocator. Nothing in host/ calls malloc itself.
 */
#ifndef ZC_BASE_ALLOCATOR_H
#define ZC_BASE_ALLOCATOR_H

#include <stdarg.h>
#include <stddef.h>
#include <zcache/types.h>

/* As malloc, calloc, realloc, free, strdup, strndup, vasprintf, on the application's allocator.
 * NULL when memory is short; no message is left. */
void *zc_alloc(size_t size) __attribute__((malloc));
void *zc_calloc(size_t count, size_t size) __attribute__((malloc));
void *zc_realloc(void *memory, size_t size);
void zc_free(void *memory);
char *zc_strdup(const char *text) __attribute__((malloc));
char *zc_strndup(const char *text, size_t size) __attribute__((malloc));
char *zc_format(const char *format, ...) __attribute__((malloc)) ZCACHE_PRINTF(1, 2);
char *zc_format_va(const char *format, va_list arguments) __attribute__((malloc))
ZCACHE_PRINTF(1, 0);

#endif
