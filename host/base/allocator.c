/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One allocator for the process, which may be replaced only before its first use: so no block can
 * come from one and go back to another.
 */
#include "base/allocator.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include <zcache/zcache.h>

static struct {
    zcache_allocator functions;
    _Atomic bool
        used; /* set by the first allocation; pairs with the test in zcache_set_allocator */
} allocator = {.functions = {malloc, realloc, free}};

ZCACHE_PUBLIC zcache_status zcache_set_allocator(const zcache_allocator *functions)
{
    static const zcache_allocator standard = {malloc, realloc, free};
    if (functions == NULL)
        functions = &standard;
    if (functions->alloc == NULL || functions->realloc == NULL || functions->free == NULL)
        return zc_error(ZCACHE_E_INVALID,
                        "zcache_set_allocator: alloc, realloc and free must all be given");
    if (atomic_load(&allocator.used))
        return zc_error(ZCACHE_E_BUSY, "zcache_set_allocator: zcache has allocated memory already; "
                                       "call it before any other function");
    allocator.functions = *functions;
    return ZCACHE_OK;
}

static void mark_used(void)
{
    if (!atomic_load_explicit(&allocator.used, memory_order_relaxed))
        atomic_store(&allocator.used, true);
}

void *zc_alloc(size_t size)
{
    mark_used();
    return allocator.functions.alloc(size);
}

void *zc_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *memory = zc_alloc(bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

void *zc_realloc(void *memory, size_t size)
{
    mark_used();
    return allocator.functions.realloc(memory, size);
}

void zc_free(void *memory)
{
    if (memory != NULL)
        allocator.functions.free(memory);
}

char *zc_strndup(const char *text, size_t size)
{
    char *copy = zc_alloc(size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *zc_strdup(const char *text)
{
    return zc_strndup(text, strlen(text));
}

char *zc_format_va(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0)
        return NULL;
    char *text = zc_alloc((size_t)size + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)size + 1, format, arguments);
    return text;
}

char *zc_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = zc_format_va(format, arguments);
    va_end(arguments);
    return text;
}
