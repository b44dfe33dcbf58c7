/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A connection to one server, as a state machine that never blocks: a caller polls the descriptor
 * for the events it names and advances it. A fresh one greets the server (`mn`, `stats`,
 * `stats settings`) before its first request, which tells what must be known beforehand: whether
 * the meta commands are there, the largest item (a set that is too large would delete the old
 * value), the server's clock (expiry dates beyond 30 days are by that clock).
 *
 * It also keeps the health of each server: after a failed attempt to connect, everybody fails at
 * once until a pause, which doubles each time, has passed; then one tries again.
 */
#ifndef MC_CONNECTION_H
#define MC_CONNECTION_H

#include "pool.h"
#include "protocol.h"
#include "resolver.h"

typedef struct mc_server {
    mc_address address;
    mc_resolver resolver;
    /* Health, under pool->lock. */
    unsigned failures;        /* attempts since it last answered */
    int64_t failing_since_ns; /* the start of the first of them */
    int64_t retry_at_ns;      /* no attempt before then */
    int64_t waited_ns;        /* spent on attempts that their callers' deadlines cut short */
    bool probing;             /* one caller tries it now; others fail at once */
    zcache_status failure;    /* of the last attempt */
    char reason[128];
} mc_server;

/* Bytes that have come and were not used, or are to go: [start, end). */
typedef struct mc_buffer {
    char *data;
    size_t start, end, capacity;
    bool short_of_memory; /* something could not be appended: the contents are worthless */
} mc_buffer;

typedef enum mc_phase {
    MC_CLOSED,
    MC_NAMING,     /* the resolver is asked */
    MC_CONNECTING, /* to address number `attempt` */
    MC_GREETING,
    MC_READY
} mc_phase;

typedef struct mc_connection mc_connection;
struct mc_connection {
    mc_pool *pool;
    mc_server *server;
    /* The list of all connections, and fd: written under pool->lock, because a fork reads them. */
    mc_connection *next, *previous;
    int fd;
    mc_phase phase;
    bool probe;       /* it holds server->probing */
    int64_t began_ns; /* to connect */
    int64_t wake_ns;  /* advance it then, even without an event; 0: events only */
    mc_addresses addresses;
    size_t attempt;
    mc_buffer in, out;
    unsigned greeted; /* replies to the greeting that have come whole */
    /* What the greeting told. */
    bool meta;
    bool cas;
    uint64_t item_max;
    int64_t clock_s;  /* the server's UNIX time when it was asked; 0: not told */
    int64_t asked_ns; /* when that was, at the earliest */
    int64_t told_ns;  /* and at the latest */
};

void mc_connection_init(mc_connection *connection, mc_pool *pool, mc_server *server);

/* Closes it, without a byte sent, and frees its buffers. */
void mc_connection_end(mc_connection *connection);

/* Closes it: the next use connects anew. */
void mc_connection_close(mc_connection *connection);

/* Closes its socket, if it has one, forgets what is in its buffers, and gives it `fd` (-1: none).
 */
void mc_connection_set_socket(mc_connection *connection, int fd);

/* Makes it READY or begins to. An idle one that the server has closed meanwhile is noticed here.
 * Errors, with a message: ZCACHE_E_UNAVAILABLE, the server is known to be down. */
zcache_status mc_connection_start(mc_connection *connection);

/* What to poll for while it is not READY: the descriptor may be the resolver's. */
void mc_connection_interest(const mc_connection *connection, int *fd, short *events);

/* Goes on as far as it can without blocking. Errors, with a message: ZCACHE_E_UNAVAILABLE,
 * ZCACHE_E_PROTOCOL, ZCACHE_E_AUTH, …; it is closed then. */
zcache_status mc_connection_advance(mc_connection *connection);

/* The caller's deadline passed before it was READY. Closes it; ZCACHE_E_TIMEOUT with a message. */
zcache_status mc_connection_give_up(mc_connection *connection);

/* Sends what it can of `out`; receives what is there into `in` (at most once). `received` tells
 * how much. Errors, with a message; it is closed then. */
zcache_status mc_connection_send(mc_connection *connection);
zcache_status mc_connection_receive(mc_connection *connection, size_t *received);

/* Bytes for the server. */
void mc_put(mc_connection *connection, const void *data, size_t size);
void mc_put_text(mc_connection *connection, const char *text);
void mc_put_format(mc_connection *connection, const char *format, ...) ZCACHE_PRINTF(2, 3);

/* The server's UNIX time now is within these. False: it did not tell its time. */
bool mc_server_time(const mc_connection *connection, int64_t *earliest_s, int64_t *latest_s);

/* The expiry time to send for an entry that is to live for `seconds` from now (-1: for ever). */
int64_t mc_expiry(const mc_connection *connection, int64_t seconds);

/* Leaves "memcached at HOST: …" as the message of `status`. */
zcache_status mc_connection_error(const mc_connection *connection, zcache_status status,
                                  const char *format, ...) ZCACHE_PRINTF(3, 4);

/* What errno means, as part of a sentence: "connection refused". Returns `text`. */
#define MC_REASON_MAX 96
const char *mc_reason(int error, char text[MC_REASON_MAX]);

/* What a reply that says no to a request means: ERROR, CLIENT_ERROR, SERVER_ERROR; anything else
 * is ZCACHE_E_PROTOCOL. Leaves a message. */
zcache_status mc_connection_refusal(const mc_connection *connection, const mc_line *line);

#endif
