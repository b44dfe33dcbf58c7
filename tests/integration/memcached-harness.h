/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of the memcached provider share: three servers (one on a Unix socket), a cache on
 * them, a hand-made conversation with one, and a server that says what a test tells it to.
 */
#ifndef TESTS_MEMCACHED_HARNESS_H
#define TESTS_MEMCACHED_HARNESS_H

#include <pthread.h>
#include <stdbool.h>

#include <zcache/zcache.h>

#include "servers.h"

#define SERVERS 3

extern server *servers[SERVERS];
extern char three[512]; /* the setting that names them */

/* Of a group, and of a test. */
int start_servers(void **state);
int free_servers(void **state);
int empty_servers(void **state);

/* A cache with a timeout of 5 s and the settings given. */
#define open_cache(...) open_cache_((const char *const[]){__VA_ARGS__, NULL})
zcache *open_cache_(const char *const settings[]);

/* On one server, which may be emptied. */
zcache *open_one(const server *one);

zcache_status set_text(zcache *cache, const char *key, const char *text, int64_t ttl_ms);
int64_t ttl_of(zcache *cache, const char *key);
void assert_reads(zcache *cache, const char *key, const char *text);

/* Sends a command to a server, gives the reply up to `end`; valid until the next. */
const char *ask(int connection, const char *command, const char *end);

/* What a server answers to a new connection. */
#define GREETING "MN\r\nSTAT time 1\r\nEND\r\nSTAT item_size_max 1048576\r\nEND\r\n"

/* A server that greets each connection and then answers whatever it gets with the next of its
 * replies, of which the last is the one to all that comes after. */
typedef struct liar {
    const char *greeting;
    const char *const *replies; /* up to NULL */
    bool endless;               /* each is sent again and again */
    /* Set by liar_start. */
    int listener;
    int port;
    pthread_t thread;
    /* What it was asked last; to be read after liar_stop. */
    char request[4096];
} liar;

void liar_start(liar *it);
void liar_stop(liar *it);

#endif
