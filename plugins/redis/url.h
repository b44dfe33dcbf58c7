/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A Redis URL cut to its pieces: redis://[user[:password]@]host[:port][/database], or
 * unix:/path[?db=database]. Pieces are percent-decoded in place, so nothing is allocated, and no
 * complaint quotes any of it: wherever the URL is wrong, its password may stand.
 */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include <stdint.h>

typedef struct redis_url {
    const char *path;     /* of a Unix socket; NULL: TCP */
    const char *host;     /* name or address, without brackets; NULL: a Unix socket */
    const char *port;     /* decimal, 1 to 65535 */
    const char *user;     /* NULL: not given */
    const char *password; /* NULL: not given; may be empty */
    int64_t database;     /* -1: not given */
} redis_url;

/* Parses `text`, which it cuts to pieces: those of *url lie in it. Returns NULL, or what is wrong,
 * a static text: text and *url are then of no use. */
const char *redis_url_parse(char *text, redis_url *url);

#endif
