/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Host names to addresses, by a deadline. getaddrinfo knows none but that of resolv.conf, so a
 * thread waits for it, one at a time; who needs the answer waits for the thread as long as it may.
 * Only destroying waits for a thread that is still at it, since its code is about to be unmapped.
 * Addresses are turned at once, without a thread.
 */
#ifndef REDIS_LOOKUP_H
#define REDIS_LOOKUP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <zcache/plugin.h>

#define REDIS_ADDRESSES_MAX 8

typedef struct redis_addresses {
    size_t count;
    struct {
        socklen_t size;
        struct sockaddr_storage bytes;
    } at[REDIS_ADDRESSES_MAX];
} redis_addresses;

typedef struct redis_lookup {
    /* Guards all that follows. Taken alone, or by a fork after the pool's. */
    pthread_mutex_t lock;
    pthread_cond_t ended; /* the thread has its answer */
    const char *host, *port;
    pthread_t thread;
    bool to_join; /* there is a thread that was not joined yet */
    bool running; /* and it has no answer yet */
    uint64_t answers;
    int error; /* the last answer: of getaddrinfo; 0: `addresses` */
    redis_addresses addresses;
} redis_lookup;

/* `host` and `port` must stay valid. False: it cannot be made. */
bool redis_lookup_init(redis_lookup *lookup, const char *host, const char *port);
void redis_lookup_destroy(redis_lookup *lookup);

/* Finds the addresses. Returns 0, or an error for gai_strerror; *late: the deadline passed. */
int redis_lookup_find(redis_lookup *lookup, int64_t deadline_ns, redis_addresses *addresses,
                      bool *late);

void redis_lookup_fork(redis_lookup *lookup, zcache_fork_phase phase);

/* A condition that waits by CLOCK_MONOTONIC. */
bool redis_condition_init(pthread_cond_t *condition);

#endif
