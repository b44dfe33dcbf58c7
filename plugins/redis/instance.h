/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * An open redis provider: whom it talks to and as whom, its connections, its counters; and the
 * operations, which are grouped in files by what they do.
 */
#ifndef REDIS_INSTANCE_H
#define REDIS_INSTANCE_H

#include <stdatomic.h>
#include <zcache/plugin.h>

#include "lookup.h"
#include "pool.h"
#include "url.h"

/* The INI section, filled in by the host. */
typedef struct redis_options {
    const char *url;
    const char *user;
    const char *password;
    int64_t database; /* -1: the URL's */
    int64_t connect_timeout_ms;
    int64_t pool_size;
    int64_t backoff_min_ms, backoff_max_ms;
} redis_options;

struct redis_instance {
    const zcache_host *host;
    const redis_options *options;
    char *url_text; /* owned: what `url` lies in, `url_size` bytes */
    size_t url_size;
    redis_url url;
    const char *user, *password; /* to log in with; password NULL: not at all; user NULL: default */
    int64_t database;
    char name[160];      /* the server, for messages: "127.0.0.1:6379", "/run/redis.sock" */
    redis_lookup lookup; /* of url.host; unused on a Unix socket */
    redis_pool pool;
    /* statistics: relaxed, for they order nothing */
    _Atomic uint64_t commands, round_trips, timeouts;
};

/* Leaves the message "redis at SERVER: …" and returns `status`. */
zcache_status redis_fail(const redis_instance *instance, zcache_status status, const char *format,
                         ...) ZCACHE_PRINTF(3, 4);
zcache_status redis_fail_nomem(const redis_instance *instance);
/* What an error that the server replied means, with the message left: never ZCACHE_OK. */
zcache_status redis_fail_reply(const redis_instance *instance, zcache_slice text);
zcache_status redis_reply_status(zcache_slice text);
/* What errno says, as it reads in the middle of a line. Returns `text`. */
const char *redis_errno_text(int error, char *text, size_t size);
/* The server's text as it may stand in a message: cut, without what it quotes of the command. */
int redis_reply_text_size(zcache_slice text);
bool redis_text_begins(zcache_slice text, const char *with);

/* ---- operations ------------------------------------------------------------------------------ */

/* reads.c */
zcache_get_fn redis_get;
zcache_peek_fn redis_peek;
/* ttls[i]: remaining milliseconds, ZCACHE_TTL_NEVER, ZCACHE_TTL_UNKNOWN where the server refuses to
 * tell, or 0: no such key. */
zcache_status redis_ttls(redis_instance *instance, const zcache_call *call, size_t n,
                         const zcache_slice keys[], int64_t ttls[]);
/* writes.c */
zcache_set_fn redis_set;
zcache_del_fn redis_del;
zcache_touch_fn redis_touch;
/* counters.c */
zcache_incr_fn redis_incr;
/* scan.c */
zcache_scan_op_fn redis_scan;
zcache_clear_fn redis_clear;
/* server.c */
zcache_ping_fn redis_ping;
zcache_stats_fn redis_stats;
/* native.c */
extern const zcache_native redis_native;
/* All three under the pool's lock. */
void redis_native_list(redis_lease **leases, redis_lease *lease);
/* In a forked child: the handles that are out lose their connection. */
void redis_native_fork_child(redis_instance *instance);
size_t redis_native_count(const redis_instance *instance);

#endif
