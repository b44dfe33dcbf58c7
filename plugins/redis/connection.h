/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One connection to the server, and the exchange: some commands are sent, and their replies handed
 * over part by part while hiredis' reader finds them in its buffer, so that no reply object is ever
 * allocated or copied. Every wait ends by one deadline for the whole exchange, however the server
 * drips its bytes. A connection that has failed in any way is only good for being freed.
 */
#ifndef REDIS_CONNECTION_H
#define REDIS_CONNECTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <zcache/plugin.h>

#include <hiredis/hiredis.h>

#include "command.h"

typedef struct redis_instance redis_instance;
typedef struct redis_exchange redis_exchange;
typedef struct redis_connection redis_connection;

/* One part of a reply: the reply itself, or an element of the array that it is. Elements come after
 * their array, in order. */
typedef struct redis_part {
    size_t reply;      /* of which command of the exchange, from 0 */
    int depth;         /* 0: the reply itself; 1: an element of it; 2: an element of that */
    size_t index;      /* among the elements of its array */
    int type;          /* REDIS_REPLY_STRING, _STATUS, _ERROR, _INTEGER, _NIL, _ARRAY */
    int64_t number;    /* INTEGER; ARRAY: how many elements */
    zcache_slice text; /* STRING, STATUS, ERROR: borrowed for the callback */
} redis_part;

struct redis_exchange {
    redis_commands commands; /* one reply each */
    /* Receives each part. False: this is no answer to the command; the connection is given up. */
    bool (*part)(redis_exchange *exchange, const redis_part *part);
    bool repeatable; /* reads only: may be sent again when nothing was answered */
    /* where it stands */
    size_t sent;     /* bytes */
    size_t answered; /* replies complete */
    bool heard;      /* some part of a reply was handed over */
};

#define REDIS_RECEIVE_BYTES 65536

struct redis_connection {
    redis_instance *instance;
    redis_connection *next_idle;       /* the pool's, under its lock */
    redis_connection *previous, *next; /* in the pool's list of all, under its lock */
    bool in_use;                       /* by the thread `owner` */
    pthread_t owner;
    unsigned epoch; /* of the pool when it was made: another process's, if old */
    int fd;         /* -1: none, or dropped in a forked child */
    bool pooled;    /* it has been idle in the pool before this use */
    bool spoilt;    /* to be closed, though its last exchange was in order */
    int64_t idle_since_ns;
    int64_t receive_timeout_ms; /* SO_RCVTIMEO as it is now; 0: not set yet */
    redisReader *reader;
    redis_exchange *exchange; /* going on */
    char failure[256];        /* what an exchange, or connecting, failed with */
    char received[REDIS_RECEIVE_BYTES];
};

/* A connection without a socket; NULL when memory is short. */
redis_connection *redis_connection_new(redis_instance *instance);
/* Closes it without a byte sent. */
void redis_connection_free(redis_connection *connection);
/* Closes the socket, if there is one. */
void redis_connection_drop(redis_connection *connection);

/* Both leave no message with the host, but tell in connection->failure what went wrong. */

/* Connects, logs in, selects the database: all by the deadline. connect.c. */
zcache_status redis_connection_open(redis_connection *connection, int64_t deadline_ns);

/* Sends the commands and receives all replies. Errors: ZCACHE_E_UNAVAILABLE, ZCACHE_E_TIMEOUT,
 * ZCACHE_E_PROTOCOL, ZCACHE_E_NOMEM. */
zcache_status redis_connection_exchange(redis_connection *connection, redis_exchange *exchange,
                                        int64_t deadline_ns);

/* Writes connection->failure and returns `status`. */
zcache_status redis_connection_fail(redis_connection *connection, zcache_status status,
                                    const char *format, ...) ZCACHE_PRINTF(3, 4);

/* Whether nothing has come, not even an end, on a connection that should be quiet. */
bool redis_connection_quiet(const redis_connection *connection);

/* Waits for poll `events` on a descriptor. Returns those that came; 0: the deadline passed. Other
 * errors of poll are left for the call that is to follow. */
int redis_wait_for(const redis_instance *instance, int fd, int events, int64_t deadline_ns);

#endif
