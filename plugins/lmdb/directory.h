/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The directory of a store, and the file zcache.state in it, which holds what LMDB does not:
 *
 *     - how long data.mdb must at least be. It is made as long as the map at once (sparse, it takes
 *       no space), so that a shorter one was cut, and is refused before a read of it ends the
 *       process with SIGBUS.
 *     - the boot in which somebody wrote without flushing. In another boot what is on disk then may
 *       be any mixture of old and new pages: it is thrown away. Empty: all is on disk.
 *     - locks (of open file descriptions, so that they see other builds of this plugin in the same
 *       process): one byte for each process that has the store open, since LMDB breaks when a
 *       process opens it twice; and one that is held while opening.
 */
#ifndef LMDB_DIRECTORY_H
#define LMDB_DIRECTORY_H

#include <sys/types.h>
#include <zcache/plugin.h>

/* A message on its way to the thread that may leave it with the host. */
typedef struct lmdb_failure {
    zcache_status status;
    char text[480];
} lmdb_failure;

/* Writes the message and returns the status. */
zcache_status lmdb_fail(lmdb_failure *failure, zcache_status status, const char *format, ...)
    ZCACHE_PRINTF(3, 4);

typedef struct lmdb_directory_id {
    dev_t device;
    ino_t inode;
} lmdb_directory_id;

typedef struct lmdb_directory {
    int fd;
    int state_fd;
    bool is_new; /* zcache.state was made by us */
} lmdb_directory;

#define LMDB_DIRECTORY_NONE      \
    {                            \
        .fd = -1, .state_fd = -1 \
    }
#define LMDB_BOOT_SIZE 40 /* /proc/sys/kernel/random/boot_id */

/* "0600" as a number. False: it is none that a store can have. */
bool lmdb_mode_parse(const char *text, mode_t *mode);

/* Makes the directory if it is not there, and checks that it can be trusted. */
zcache_status lmdb_directory_check(const char *path, mode_t mode, lmdb_directory_id *id,
                                   lmdb_failure *failure);

/* Opens directory and state, and takes both locks: the process's until lmdb_directory_close, the
 * other until lmdb_directory_opened. */
zcache_status lmdb_directory_open(lmdb_directory *directory, const char *path, mode_t mode,
                                  int64_t (*now_ns)(void), int64_t deadline_ns,
                                  lmdb_failure *failure);
void lmdb_directory_opened(lmdb_directory *directory);
/* Takes it once more, for a moment; false: somebody else holds it. */
bool lmdb_directory_again(lmdb_directory *directory);
void lmdb_directory_close(lmdb_directory *directory);

/* The least length of data.mdb; 0: unknown. */
uint64_t lmdb_state_length(const lmdb_directory *directory);
bool lmdb_state_set_length(lmdb_directory *directory, uint64_t length);

/* This boot's name. False: the system does not tell. */
bool lmdb_boot(char boot[LMDB_BOOT_SIZE]);
/* The boot of unflushed writes, or "". */
void lmdb_state_unflushed(const lmdb_directory *directory, char boot[LMDB_BOOT_SIZE]);
/* Notes it durably. In a write transaction only, so that no two processes do at once. */
bool lmdb_state_set_unflushed(lmdb_directory *directory, const char *boot);

#endif
