/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The directory of a store: whether it can be trusted; and zcache.state. Its locks lie far behind
 * its bytes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* F_OFD_SETLK, group_member, strerror_r */
#endif
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define STATE_NAME  "zcache.state"
#define STATE_MAGIC "zcache lmdb 1\n"

#define LOCK_OPENING (INT64_C(1) << 40)
#define LOCK_PROCESS (LOCK_OPENING + 1) /* plus the process's id */

typedef struct state_file {
    char magic[16];
    uint64_t length;
    char boot[LMDB_BOOT_SIZE];
} state_file;

zcache_status lmdb_fail(lmdb_failure *failure, zcache_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* cppcheck-suppress ctuuninitvar ; it is what is written to */
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    failure->status = status;
    return status;
}

static zcache_status fail_errno(lmdb_failure *failure, const char *path, const char *what)
{
    char text[128];
    int error = errno;
    return lmdb_fail(failure, error == ENOMEM ? ZCACHE_E_NOMEM : ZCACHE_E_CONFIG,
                     "lmdb at %s: %s: %s", path, what, strerror_r(error, text, sizeof(text)));
}

bool lmdb_mode_parse(const char *text, mode_t *mode)
{
    char *end;
    if (text == NULL || *text == '\0' || strspn(text, "01234567") != strlen(text))
        return false;
    unsigned long bits = strtoul(text, &end, 8);
    *mode = (mode_t)bits;
    return bits <= 0666 && (bits & 0600) == 0600 && (bits & 0111) == 0;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* LMDB shares memory between processes through its lock file: no network file system does that. */
static bool is_remote(int fd)
{
    static const unsigned long remote[] = {0x6969 /* NFS */, 0xff534d42 /* CIFS */,
                                           0xfe534d42 /* SMB2 */, 0x01021997 /* 9P */};
    struct statfs system;
    if (fstatfs(fd, &system) != 0)
        return false;
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
        if (((unsigned long)system.f_type & 0xffffffff) == remote[i])
            return true;
    return false;
}

static zcache_status check_opened(int fd, const char *path, mode_t mode, lmdb_directory_id *id,
                                  lmdb_failure *failure)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return fail_errno(failure, path, "cannot be looked at");
    bool shared = (mode & 0060) == 0060 && group_member(found.st_gid);
    if (found.st_uid != geteuid() && found.st_uid != 0 && !shared)
        return lmdb_fail(failure, ZCACHE_E_CONFIG,
                         "lmdb at %s: the directory belongs to another user (%lu): give it to the "
                         "process's user, or choose another path",
                         path, (unsigned long)found.st_uid);
    if ((found.st_mode & S_IWOTH & ~mode) != 0 || (found.st_mode & S_IWGRP & ~mode) != 0)
        return lmdb_fail(
            failure, ZCACHE_E_CONFIG,
            "lmdb at %s: others than its owner may write to the directory (its mode is "
            "%03o): take that away, as with chmod 700, or allow it by mode",
            path, (unsigned)found.st_mode & 0777);
    if (is_remote(fd))
        return lmdb_fail(failure, ZCACHE_E_CONFIG,
                         "lmdb at %s: a network file system, on which LMDB does not work: choose a "
                         "directory on a local one",
                         path);
    *id = (lmdb_directory_id){found.st_dev, found.st_ino};
    return ZCACHE_OK;
}

/* Directories are searched by whoever may read their files. What others of the group are to write
 * to gets the directory's group, whoever makes it. */
static mode_t directory_mode(mode_t mode)
{
    return mode | (mode & 0444) >> 2 | ((mode & S_IWGRP) != 0 ? S_ISGID : 0);
}

/* So that a directory that was made is still there after a crash of the machine. */
static bool flush_parent(int fd)
{
    int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return errno == EACCES; /* it may be searched, but not read: nothing can be done */
    bool flushed = fsync(parent) == 0;
    close(parent);
    return flushed;
}

zcache_status lmdb_directory_check(const char *path, mode_t mode, lmdb_directory_id *id,
                                   lmdb_failure *failure)
{
    if (path == NULL || *path != '/')
        return lmdb_fail(failure, ZCACHE_E_CONFIG,
                         "lmdb: path is \"%s\": it must be absolute, as /var/cache/myapp",
                         path == NULL ? "" : path);
    bool made = mkdir(path, directory_mode(mode)) == 0;
    if (!made && errno != EEXIST)
        return fail_errno(failure, path, "the directory cannot be made (its parent must exist)");
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(failure, path, "the directory cannot be opened");
    zcache_status status = ZCACHE_OK;
    if (made && fchmod(fd, directory_mode(mode)) != 0) /* whatever the umask is */
        status = fail_errno(failure, path, "the directory's mode cannot be set");
    if (made && status == ZCACHE_OK && !flush_parent(fd))
        status = fail_errno(failure, path, "the directory cannot be flushed");
    if (status == ZCACHE_OK)
        status = check_opened(fd, path, mode, id, failure);
    close(fd);
    return status;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool lock_byte(int fd, int64_t at, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int rc;
    while ((rc = fcntl(fd, F_OFD_SETLK, &lock)) != 0 && errno == EINTR)
        ;
    return rc == 0;
}

/* There is no wait for such a lock that ends by itself. */
static zcache_status lock_opening(lmdb_directory *directory, const char *path,
                                  int64_t (*now_ns)(void), int64_t deadline_ns,
                                  lmdb_failure *failure)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    while (!lock_byte(directory->state_fd, LOCK_OPENING, F_WRLCK)) {
        if (errno != EAGAIN && errno != EACCES)
            return fail_errno(failure, path, STATE_NAME " cannot be locked");
        if (now_ns() >= deadline_ns)
            return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                             "lmdb at %s: another process has been opening the store until the "
                             "deadline",
                             path);
        nanosleep(&pause, NULL);
    }
    return ZCACHE_OK;
}

void lmdb_directory_opened(lmdb_directory *directory)
{
    lock_byte(directory->state_fd, LOCK_OPENING, F_UNLCK);
}

bool lmdb_directory_again(lmdb_directory *directory)
{
    return lock_byte(directory->state_fd, LOCK_OPENING, F_WRLCK);
}

/* ---- zcache.state ---------------------------------------------------------------------------- */

static zcache_status open_state(lmdb_directory *directory, const char *path, mode_t mode,
                                lmdb_failure *failure)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    directory->state_fd = openat(directory->fd, STATE_NAME, flags);
    if (directory->state_fd < 0 && errno == ENOENT) {
        directory->state_fd = openat(directory->fd, STATE_NAME, flags | O_CREAT, mode);
        directory->is_new = directory->state_fd >= 0;
        if (directory->is_new && fchmod(directory->state_fd, mode) != 0)
            return fail_errno(failure, path, STATE_NAME ": its mode cannot be set");
    }
    if (directory->state_fd < 0)
        return fail_errno(failure, path, STATE_NAME " cannot be opened");
    if (!lock_byte(directory->state_fd, LOCK_PROCESS + getpid(), F_WRLCK))
        return lmdb_fail(failure, ZCACHE_E_BUSY,
                         "lmdb at %s: the store is open in this process already, by another build "
                         "of the plugin (or by a process of the same id in another container): "
                         "LMDB allows it once; swap to another provider first, or restart",
                         path);
    return ZCACHE_OK;
}

/* Writes an empty one, or checks what is there. The opening lock is held. */
static zcache_status check_state(lmdb_directory *directory, const char *path, lmdb_failure *failure)
{
    state_file state;
    memset(&state, 0, sizeof(state));
    ssize_t size = pread(directory->state_fd, &state, sizeof(state), 0);
    if (size == (ssize_t)sizeof(state) &&
        memcmp(state.magic, STATE_MAGIC, sizeof(STATE_MAGIC)) == 0)
        return ZCACHE_OK;
    if (size < 0)
        return fail_errno(failure, path, STATE_NAME " cannot be read");
    if (size > 0 && memcmp(state.magic, STATE_MAGIC, sizeof(STATE_MAGIC)) != 0)
        return lmdb_fail(failure, ZCACHE_E_PROTOCOL,
                         "lmdb at %s: " STATE_NAME " is none of this version of zcache: choose an "
                         "empty directory, or remove this one",
                         path);
    memset(&state, 0, sizeof(state));
    memcpy(state.magic, STATE_MAGIC, sizeof(STATE_MAGIC));
    if (pwrite(directory->state_fd, &state, sizeof(state), 0) != (ssize_t)sizeof(state) ||
        fdatasync(directory->state_fd) != 0)
        return fail_errno(failure, path, STATE_NAME " cannot be written");
    return ZCACHE_OK;
}

zcache_status lmdb_directory_open(lmdb_directory *directory, const char *path, mode_t mode,
                                  int64_t (*now_ns)(void), int64_t deadline_ns,
                                  lmdb_failure *failure)
{
    *directory = (lmdb_directory)LMDB_DIRECTORY_NONE;
    directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0)
        return fail_errno(failure, path, "the directory cannot be opened");
    zcache_status status = open_state(directory, path, mode, failure);
    if (status == ZCACHE_OK)
        status = lock_opening(directory, path, now_ns, deadline_ns, failure);
    if (status == ZCACHE_OK)
        status = check_state(directory, path, failure);
    if (status != ZCACHE_OK)
        lmdb_directory_close(directory);
    return status;
}

void lmdb_directory_close(lmdb_directory *directory)
{
    if (directory->state_fd >= 0)
        close(directory->state_fd);
    if (directory->fd >= 0)
        close(directory->fd);
    *directory = (lmdb_directory)LMDB_DIRECTORY_NONE;
}

uint64_t lmdb_state_length(const lmdb_directory *directory)
{
    uint64_t length = 0;
    const off_t at = offsetof(state_file, length);
    return pread(directory->state_fd, &length, sizeof(length), at) == sizeof(length) ? length : 0;
}

bool lmdb_state_set_length(lmdb_directory *directory, uint64_t length)
{
    const off_t at = offsetof(state_file, length);
    return pwrite(directory->state_fd, &length, sizeof(length), at) == sizeof(length);
}

bool lmdb_boot(char boot[LMDB_BOOT_SIZE])
{
    memset(boot, 0, LMDB_BOOT_SIZE);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, boot, LMDB_BOOT_SIZE - 1);
    if (fd >= 0)
        close(fd);
    boot[strcspn(boot, "\n")] = '\0';
    return size > 0;
}

void lmdb_state_unflushed(const lmdb_directory *directory, char boot[LMDB_BOOT_SIZE])
{
    const off_t at = offsetof(state_file, boot);
    if (pread(directory->state_fd, boot, LMDB_BOOT_SIZE, at) != LMDB_BOOT_SIZE)
        boot[0] = '\0';
    boot[LMDB_BOOT_SIZE - 1] = '\0';
}

bool lmdb_state_set_unflushed(lmdb_directory *directory, const char *boot)
{
    char written[LMDB_BOOT_SIZE] = {0};
    const off_t at = offsetof(state_file, boot);
    snprintf(written, sizeof(written), "%s", boot);
    return pwrite(directory->state_fd, written, sizeof(written), at) == sizeof(written) &&
           fdatasync(directory->state_fd) == 0;
}
