/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The `servers` option as a list of addresses: HOST[:PORT][/WEIGHT], [IPV6][:PORT][/WEIGHT],
 * unix:/PATH or /PATH. Pure: nothing is resolved or opened.
 */
#ifndef MC_SERVERS_H
#define MC_SERVERS_H

#include <netinet/in.h>
#include <sys/un.h>
#include <zcache/types.h>

#define MC_PORT        11211
#define MC_WEIGHT_MAX  1000
#define MC_HOST_MAX    254
#define MC_SERVERS_MAX 1000

typedef struct mc_address {
    /* A host name, an IPv4 or IPv6 address without brackets; or the path of a Unix socket. */
    char host[MC_HOST_MAX];
    in_port_t port; /* 0: a Unix socket */
    uint32_t weight;
    char text[MC_HOST_MAX + 16]; /* for messages: "127.0.0.1:11211", "unix:/run/memcached.sock" */
} mc_address;

/* What the list may say, for messages. */
#define MC_ADDRESS_FORMS "host[:port][/weight], [ipv6][:port][/weight] or unix:/path"

/* Reads one address. On false, *why says in words what is wrong with it. */
bool mc_parse_address(const char *text, mc_address *address, const char **why);

#endif
