/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A TCP proxy with faults: it stands on a loopback port before a server (servers.h), forwards
 * connections, and harms the replies as told, at any time. For tests of deadlines.
 */
#ifndef TESTS_SUPPORT_PROXY_H
#define TESTS_SUPPORT_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "servers.h"

typedef struct proxy proxy;

typedef enum proxy_fault {
    PROXY_PASS,      /* none */
    PROXY_DELAY,     /* each piece of a reply comes interval_ms late */
    PROXY_DRIP,      /* `bytes` of the replies every interval_ms */
    PROXY_CUT,       /* after `bytes` more of its replies each connection is closed */
    PROXY_BLACKHOLE, /* requests are swallowed; no reply comes; connections stay open */
    PROXY_REFUSE     /* all connections are closed and new ones refused */
} proxy_fault;

/* Starts one before `to`, which must live longer. */
proxy *proxy_start(const server *to);
void proxy_free(proxy *one);

/* Sets the fault, for open connections and new ones; returns when it is in force. `bytes` and
 * `interval_ms` as above; else 0. */
void proxy_set(proxy *one, proxy_fault fault, size_t bytes, int64_t interval_ms);

/* As server_setting and server_address, of the proxy. */
const char *proxy_setting(const proxy *one);
const char *proxy_address(const proxy *one);

/* How many connections it has accepted. */
size_t proxy_accepted(proxy *one);

#endif
