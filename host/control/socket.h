/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The listening Unix socket: where it may be, who may connect.
 */
#ifndef ZC_CONTROL_SOCKET_H
#define ZC_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <zcache/types.h>

/* A socket that listens. */
typedef struct zc_socket {
    int fd; /* -1: none */
    struct sockaddr_un address;
    dev_t device; /* of the file, so that another's is never removed */
    ino_t inode;
} zc_socket;

/* Listens on the path that `pattern` (absolute; %p is the process's id, %% a percent sign) gives.
 * Errors: ZCACHE_E_CONFIG, the directory is not safe, another process listens there, or a file that
 * is no socket of ours is in the way. */
zcache_status zc_socket_listen(zc_socket *socket, const char *pattern);

/* Stops listening and removes the file, if it still is this socket's. */
void zc_socket_close(zc_socket *socket);

/* Whether the connected process may give commands: it runs as the same user, or as root. */
bool zc_socket_trusts(int fd);

#endif
