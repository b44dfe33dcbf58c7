/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The thread that waits for getaddrinfo, and those who wait for the thread.
 */
#include "lookup.h"

#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <time.h>

bool redis_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error == 0;
}

bool redis_lookup_init(redis_lookup *lookup, const char *host, const char *port)
{
    lookup->host = host;
    lookup->port = port;
    if (pthread_mutex_init(&lookup->lock, NULL) != 0)
        return false;
    if (redis_condition_init(&lookup->ended))
        return true;
    pthread_mutex_destroy(&lookup->lock);
    return false;
}

void redis_lookup_destroy(redis_lookup *lookup)
{
    if (lookup->to_join)
        pthread_join(lookup->thread, NULL);
    pthread_cond_destroy(&lookup->ended);
    pthread_mutex_destroy(&lookup->lock);
}

static int find_now(const redis_lookup *lookup, int flags, redis_addresses *addresses)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    hints.ai_flags = AI_NUMERICSERV | flags;
    int error = getaddrinfo(lookup->host, lookup->port, &hints, &found);
    if (error != 0)
        return error;
    addresses->count = 0;
    for (struct addrinfo *each = found; each != NULL && addresses->count < REDIS_ADDRESSES_MAX;
         each = each->ai_next) {
        addresses->at[addresses->count].size = each->ai_addrlen;
        memcpy(&addresses->at[addresses->count++].bytes, each->ai_addr, each->ai_addrlen);
    }
    freeaddrinfo(found);
    return 0;
}

static void *run(void *user)
{
    redis_lookup *lookup = user;
    redis_addresses addresses;
    int error = find_now(lookup, 0, &addresses);
    pthread_mutex_lock(&lookup->lock);
    lookup->error = error;
    if (error == 0)
        lookup->addresses = addresses;
    lookup->running = false;
    lookup->answers++;
    pthread_cond_broadcast(&lookup->ended);
    pthread_mutex_unlock(&lookup->lock);
    return NULL;
}

/* Starts the thread, with all signals left to the application's. The lock is held. */
static int start(redis_lookup *lookup)
{
    sigset_t all, before;
    if (lookup->to_join)
        pthread_join(lookup->thread, NULL); /* it has answered: it only has to return */
    lookup->to_join = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&lookup->thread, NULL, run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return EAI_MEMORY;
    lookup->to_join = true;
    lookup->running = true;
    return 0;
}

int redis_lookup_find(redis_lookup *lookup, int64_t deadline_ns, redis_addresses *addresses,
                      bool *late)
{
    *late = false;
    int error = find_now(lookup, AI_NUMERICHOST, addresses);
    if (error != EAI_NONAME)
        return error;
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    pthread_mutex_lock(&lookup->lock);
    uint64_t answers = lookup->answers;
    error = lookup->running ? 0 : start(lookup);
    while (error == 0 && lookup->answers == answers && !*late)
        *late = pthread_cond_timedwait(&lookup->ended, &lookup->lock, &until) != 0;
    if (error == 0 && lookup->answers != answers) {
        *late = false;
        error = lookup->error;
        *addresses = lookup->addresses;
    }
    pthread_mutex_unlock(&lookup->lock);
    return error;
}

void redis_lookup_fork(redis_lookup *lookup, zcache_fork_phase phase)
{
    if (phase == ZCACHE_FORK_PREPARE) {
        pthread_mutex_lock(&lookup->lock);
        return;
    }
    if (phase == ZCACHE_FORK_CHILD) { /* the thread is not here, nor is anybody who waits */
        lookup->to_join = false;
        lookup->running = false;
        redis_condition_init(&lookup->ended);
    }
    pthread_mutex_unlock(&lookup->lock);
}
