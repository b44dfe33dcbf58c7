/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Whether a tool watches this process's memory: a sanitizer or valgrind keep what was freed, and
 * books about every object that was ever loaded, so that growth is theirs.
 */
#ifndef WATCHED_H
#define WATCHED_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static inline bool memory_is_watched(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return SANITIZED || (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL);
}

#endif
