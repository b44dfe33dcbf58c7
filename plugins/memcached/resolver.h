/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The socket addresses of one server. Numeric addresses and Unix sockets are known at once; a name
 * is asked of the system in a thread of its own, since getaddrinfo knows no deadline: whoever waits
 * for it polls an eventfd beside its sockets. Known addresses stay in use while they are asked for
 * anew in the background, after a connection to them has failed.
 */
#ifndef MC_RESOLVER_H
#define MC_RESOLVER_H

#include <pthread.h>
#include <sys/socket.h>
#include <zcache/types.h>

#include "servers.h"

#define MC_ADDRESSES_MAX 8

typedef struct mc_socket_address {
    struct sockaddr_storage storage;
    socklen_t size;
} mc_socket_address;

typedef struct mc_addresses {
    size_t count;
    mc_socket_address at[MC_ADDRESSES_MAX];
} mc_addresses;

typedef struct mc_resolver {
    const mc_address *address;
    bool fixed;           /* not a name: `known` never changes */
    int wake;             /* eventfd, readable when an answer has come; -1 if fixed */
    pthread_mutex_t lock; /* guards all that follows; the last in the order of locks */
    mc_addresses known;
    bool asking;   /* the thread runs */
    bool joinable; /* `thread` is to be joined */
    bool stale;    /* ask again at the next use */
    int error;     /* of getaddrinfo, not yet told; 0: none */
    pthread_t thread;
} mc_resolver;

/* Returns ZCACHE_OK or ZCACHE_E_NOMEM (a lack of descriptors too). `address` stays borrowed. */
zcache_status mc_resolver_open(mc_resolver *resolver, const mc_address *address);

/* Waits for the thread, if there is one: getaddrinfo's own time limit bounds that. */
void mc_resolver_close(mc_resolver *resolver);

typedef enum mc_resolution {
    MC_RESOLVED,
    MC_RESOLVING_NOW, /* poll resolver->wake, then ask again */
    MC_UNRESOLVED     /* *error says why, for gai_strerror; 0: out of resources */
} mc_resolution;

/* Gives the addresses, and starts to ask for them where they are not known. */
mc_resolution mc_resolver_get(mc_resolver *resolver, mc_addresses *addresses, int *error);

/* The addresses did not answer: they may have changed. */
void mc_resolver_doubt(mc_resolver *resolver);

/* Round a fork: lock, unlock; in the child, the thread does not exist. */
void mc_resolver_fork(mc_resolver *resolver, bool prepare, bool child);

#endif
