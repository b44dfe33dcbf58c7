/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * From a plugin's name to a file that may be loaded. A name is never a path; only directories and
 * files that nobody but root and the process's own user can change are trusted, and what was
 * checked is an open descriptor, not a path that may mean something else a moment later.
 *
 * Who may write: the owner must be root or the effective user, and "other" may not write. A group
 * may write only if that is no wider: root's group, or the process's group where it is the private
 * group of its user (the same number, as user-private groups have). Directories above are held to
 * the same rule for owner and "other" (the sticky bit excuses them, as /tmp), since whoever can
 * rename a directory can replace all that is in it.
 */
#ifndef ZC_LOADER_SEARCH_H
#define ZC_LOADER_SEARCH_H

#include <stdbool.h>
#include <sys/stat.h>
#include <zcache/plugin.h>

/* Longest name, terminator included. */
#define ZC_NAME_MAX 33

/* A plugin's file, open and verified. */
typedef struct zc_search_file {
    char *path; /* absolute and canonical */
    int fd;
    struct stat status;
} zc_search_file;

/* Whether `name` is [a-z][a-z0-9_-]{0,31}. */
bool zc_search_name_is_legal(const char *name);

/* Finds and opens NAME.so in the first directory of `path` that has it. A directory that does not
 * exist is passed over; one that cannot be trusted is an error, for what lies behind it may not be
 * what was meant. Errors: ZCACHE_E_PLUGIN, ZCACHE_E_NOMEM. */
zcache_status zc_search_open(const char *name, const zcache_list *path, zc_search_file *file);

/* Closes and frees; `file` may be one that was never opened, if it is all zero but fd -1. */
void zc_search_close(zc_search_file *file);

/* Why what `status` describes cannot be trusted by a process of this user and group, or NULL. `fix`
 * receives a command that mends it, "chmod o-w", to be followed by the path; NULL: none. */
const char *zc_search_distrust(const struct stat *status, uid_t user, gid_t group,
                               const char **fix);

/* Lists the plugins of one directory: each legal NAME of a NAME.so, in no order. A directory that
 * is not there has none. Errors: as zc_search_open; a status that `each` returns ends it. */
typedef zcache_status zc_search_fn(void *user, const char *name);
zcache_status zc_search_each(const char *directory, zc_search_fn *each, void *user);

#endif
