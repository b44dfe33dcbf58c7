/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Whatever can make a path mean another file, or other contents: inotify on every directory that
 * the path passes through, symbolic links followed.
 *
 * The directories where the file, a symbolic link or a missing name is looked up are watched for
 * that name; the others, which may be busy places like /tmp, only for being moved or deleted.
 */
#ifndef ZC_RELOAD_TRAIL_H
#define ZC_RELOAD_TRAIL_H

#include <zcache/types.h>

typedef enum zc_trail_news {
    ZC_TRAIL_QUIET,  /* nothing that matters */
    ZC_TRAIL_STIRS,  /* the file is being written */
    ZC_TRAIL_CHANGED /* it was written and closed, or the path means something else */
} zc_trail_news;

typedef struct zc_trail {
    int fd;     /* to be polled */
    bool stirs; /* the last that mattered was ZC_TRAIL_STIRS: its writer has not closed it yet */
    size_t count;
    struct zc_trail_place *places;
} zc_trail;

/* Errors: ZCACHE_E_UNAVAILABLE, the system has no more of what it takes. */
zcache_status zc_trail_open(zc_trail *trail);
void zc_trail_close(zc_trail *trail);

/* Watches the way to an absolute path as it is now. A change from now on is told, so that the file
 * may be read after this without missing one. Errors: ZCACHE_E_UNAVAILABLE, a directory cannot be
 * watched; ZCACHE_E_NOMEM. What can be watched is. */
zcache_status zc_trail_follow(zc_trail *trail, const char *path);

/* What happened since the last time. Does not wait. */
zc_trail_news zc_trail_read(zc_trail *trail);

#endif
