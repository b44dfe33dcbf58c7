/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The resolver of resolver.h. The thread writes its answer under the lock and rings the eventfd,
 * which stays readable until the next question, so that any number of threads can wait on it.
 */
#include "resolver.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Asks the system, with AI_NUMERICHOST perhaps. Returns getaddrinfo's result. */
static int ask(const mc_address *address, int flags, mc_addresses *addresses)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned)address->port);
    int error = getaddrinfo(address->host, port, &hints, &found);
    if (error != 0)
        return error;
    addresses->count = 0;
    for (struct addrinfo *a = found; a != NULL && addresses->count < MC_ADDRESSES_MAX;
         a = a->ai_next) {
        mc_socket_address *at = &addresses->at[addresses->count++];
        memset(&at->storage, 0, sizeof(at->storage));
        memcpy(&at->storage, a->ai_addr, a->ai_addrlen);
        at->size = a->ai_addrlen;
    }
    freeaddrinfo(found);
    return addresses->count > 0 ? 0 : EAI_NONAME;
}

static void set_unix_address(const mc_address *address, mc_addresses *addresses)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, address->host, strlen(address->host) + 1);
    addresses->count = 1;
    memset(&addresses->at[0].storage, 0, sizeof(addresses->at[0].storage));
    memcpy(&addresses->at[0].storage, &name, sizeof(name));
    addresses->at[0].size = sizeof(name);
}

zcache_status mc_resolver_open(mc_resolver *resolver, const mc_address *address)
{
    *resolver = (mc_resolver){.address = address, .wake = -1};
    if (pthread_mutex_init(&resolver->lock, NULL) != 0)
        return ZCACHE_E_NOMEM;
    if (address->port == 0) {
        set_unix_address(address, &resolver->known);
        resolver->fixed = true;
    } else {
        resolver->fixed = ask(address, AI_NUMERICHOST, &resolver->known) == 0;
    }
    if (resolver->fixed)
        return ZCACHE_OK;
    resolver->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolver->wake >= 0)
        return ZCACHE_OK;
    pthread_mutex_destroy(&resolver->lock);
    return ZCACHE_E_NOMEM;
}

void mc_resolver_close(mc_resolver *resolver)
{
    if (resolver->joinable)
        pthread_join(resolver->thread, NULL);
    if (resolver->wake >= 0)
        close(resolver->wake);
    pthread_mutex_destroy(&resolver->lock);
}

static void *ask_in_thread(void *argument)
{
    mc_resolver *resolver = argument;
    mc_addresses addresses = {.count = 0};
    int error = ask(resolver->address, AI_ADDRCONFIG, &addresses);
    if (error == EAI_NONAME || error == EAI_ADDRFAMILY)
        error = ask(resolver->address, 0, &addresses); /* a machine with a loopback only */

    pthread_mutex_lock(&resolver->lock);
    if (error == 0)
        resolver->known = addresses;
    resolver->error = error;
    resolver->asking = false;
    eventfd_write(resolver->wake, 1);
    pthread_mutex_unlock(&resolver->lock);
    return NULL;
}

/* Starts the thread, with every signal blocked: handlers are the application's affair. */
static bool start_thread(mc_resolver *resolver)
{
    sigset_t all;
    sigset_t before;
    eventfd_t rings;

    if (resolver->joinable)
        pthread_join(resolver->thread, NULL); /* it has ended, but for its last instructions */
    resolver->joinable = false;
    (void)eventfd_read(resolver->wake, &rings);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    resolver->joinable = pthread_create(&resolver->thread, NULL, ask_in_thread, resolver) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    resolver->asking = resolver->joinable;
    return resolver->joinable;
}

mc_resolution mc_resolver_get(mc_resolver *resolver, mc_addresses *addresses, int *error)
{
    mc_resolution result = MC_RESOLVED;
    *error = 0;
    if (resolver->fixed) {
        *addresses = resolver->known;
        return result;
    }
    pthread_mutex_lock(&resolver->lock);
    if (resolver->error != 0 && resolver->known.count == 0) {
        *error = resolver->error;
        resolver->error = 0; /* told once: the next use asks again */
        result = MC_UNRESOLVED;
    } else if (!resolver->asking && (resolver->known.count == 0 || resolver->stale)) {
        resolver->stale = false;
        if (!start_thread(resolver) && resolver->known.count == 0)
            result = MC_UNRESOLVED;
        else if (resolver->known.count == 0)
            result = MC_RESOLVING_NOW;
    } else if (resolver->known.count == 0) {
        result = MC_RESOLVING_NOW;
    }
    *addresses = resolver->known;
    pthread_mutex_unlock(&resolver->lock);
    return result;
}

void mc_resolver_doubt(mc_resolver *resolver)
{
    if (resolver->fixed)
        return;
    pthread_mutex_lock(&resolver->lock);
    resolver->stale = true;
    pthread_mutex_unlock(&resolver->lock);
}

void mc_resolver_fork(mc_resolver *resolver, bool prepare, bool child)
{
    if (prepare) {
        pthread_mutex_lock(&resolver->lock);
        return;
    }
    if (child && !resolver->fixed) {
        resolver->asking = false;
        resolver->joinable = false;
        close(resolver->wake); /* the parent's: both would read one count */
        resolver->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    pthread_mutex_unlock(&resolver->lock);
}
