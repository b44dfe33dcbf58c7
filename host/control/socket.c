/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The file is made with mode 0600 from its first moment, without touching the process's umask:
 * Linux gives it the mode that fchmod set on the socket before bind. The directory is locked while
 * a socket left behind by a dead process is replaced, so that of two processes that start at once
 * none removes the other's.
 */
#include "control/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define LISTEN_BACKLOG   16
#define LOCK_TIMEOUT_NS  INT64_C(2000000000)
#define LOCK_INTERVAL_MS 10

static zcache_status refuse(const struct sockaddr_un *address, const char *reason)
{
    return zc_error(ZCACHE_E_CONFIG, "[control] socket: %s: %s", address->sun_path, reason);
}

static zcache_status expand(const char *pattern, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t size = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        char text[16] = {*at};
        if (*at == '%' && *++at == 'p')
            snprintf(text, sizeof(text), "%ld", (long)getpid());
        size_t added = strlen(text);
        if (size + added >= sizeof(address->sun_path))
            return zc_error(ZCACHE_E_CONFIG,
                            "[control] socket: %s: the path of a socket has at most %zu bytes",
                            pattern, sizeof(address->sun_path) - 1);
        memcpy(address->sun_path + size, text, added);
        size += added;
    }
    return ZCACHE_OK;
}

/* Opens the directory of the socket, if only this user and root can change what is in it. */
static zcache_status open_directory(const struct sockaddr_un *address, int *directory)
{
    char path[sizeof(address->sun_path)];
    memcpy(path, address->sun_path, sizeof(path));
    char *slash = strrchr(path, '/');
    slash[slash == path ? 1 : 0] = '\0';
    *directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*directory < 0)
        return zc_error(ZCACHE_E_CONFIG, "[control] socket: %s: its directory: %s",
                        address->sun_path, strerror(errno));
    struct stat info;
    if (fstat(*directory, &info) != 0)
        return refuse(address, strerror(errno));
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return refuse(address, "its directory belongs to another user: use one of your own");
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse(address, "its directory can be written by others: use one with mode 0700, "
                               "or take that right away");
    return ZCACHE_OK;
}

/* Others hold this lock for as long as zc_socket_listen takes; a stranger might for ever. */
static zcache_status lock_directory(const struct sockaddr_un *address, int directory)
{
    int64_t deadline_ns = zc_now_ns() + LOCK_TIMEOUT_NS;
    while (flock(directory, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return refuse(address, strerror(errno));
        if (zc_now_ns() >= deadline_ns)
            return refuse(address, "its directory is locked by another process");
        poll(NULL, 0, LOCK_INTERVAL_MS);
    }
    return ZCACHE_OK;
}

/* Removes what a process that is gone has left at the path. */
static zcache_status remove_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0)
        return errno == ENOENT ? ZCACHE_OK : refuse(address, strerror(errno));
    if (!S_ISSOCK(info.st_mode))
        return refuse(address, "there is a file that is no socket: remove it, or use another path");
    if (info.st_uid != geteuid() && geteuid() != 0)
        return refuse(address, "there is another user's socket");
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return refuse(address, strerror(errno));
    bool dead = connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                errno == ECONNREFUSED;
    close(probe);
    if (!dead)
        return refuse(address, "another process, or another cache of this one, listens there: with "
                               "%p in the path each process has a socket of its own");
    return unlink(address->sun_path) == 0 || errno == ENOENT ? ZCACHE_OK
                                                             : refuse(address, strerror(errno));
}

/* With the directory locked: a socket that is bound and does not listen yet looks dead. */
static zcache_status bind_and_listen(zc_socket *made)
{
    const struct sockaddr_un *address = &made->address;
    zcache_status status = remove_stale(address);
    if (status != ZCACHE_OK)
        return status;
    made->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->fd < 0 || fchmod(made->fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(made->fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        return refuse(address, strerror(errno));
    struct stat info;
    /* The umask may have taken bits away. */
    if (chmod(address->sun_path, S_IRUSR | S_IWUSR) != 0 || listen(made->fd, LISTEN_BACKLOG) != 0 ||
        lstat(address->sun_path, &info) != 0) {
        status = refuse(address, strerror(errno));
        unlink(address->sun_path);
        return status;
    }
    made->device = info.st_dev;
    made->inode = info.st_ino;
    return ZCACHE_OK;
}

zcache_status zc_socket_listen(zc_socket *made, const char *pattern)
{
    *made = (zc_socket){.fd = -1};
    int directory = -1;
    zcache_status status = expand(pattern, &made->address);
    if (status == ZCACHE_OK)
        status = open_directory(&made->address, &directory);
    if (status == ZCACHE_OK)
        status = lock_directory(&made->address, directory);
    if (status == ZCACHE_OK)
        status = bind_and_listen(made);
    if (directory >= 0)
        close(directory); /* and the lock with it */
    if (status != ZCACHE_OK && made->fd >= 0)
        close(made->fd);
    return status;
}

void zc_socket_close(zc_socket *made)
{
    struct stat info;
    if (lstat(made->address.sun_path, &info) == 0 && info.st_dev == made->device &&
        info.st_ino == made->inode)
        unlink(made->address.sun_path);
    close(made->fd);
    made->fd = -1;
}

bool zc_socket_trusts(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}
