/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Real servers for tests: a redis-server or memcached of the test's own, on a Unix socket in a
 * private directory or on a free loopback port, that can be frozen, killed and restarted on the
 * same address.
 *
 *     server *redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
 *     zcache_open(&cache, ZCACHE_OPTIONS(.provider = "redis",
 *         .settings = (const char *const[]){server_setting(redis), NULL}));
 *     ...
 *     server_free(redis);
 *
 * No server outlives the test: exit kills them, and the kernel does (setpriv --pdeathsig) when the
 * process dies in another way. The kernel's signal follows the thread that started the server:
 * start servers from the main thread. A start that fails shows the server's log and ends the test
 * program with "Bail out!".
 *
 * The binaries are those of the environment, REDIS_SERVER and MEMCACHED_SERVER, else of PATH.
 */
#ifndef TESTS_SUPPORT_SERVERS_H
#define TESTS_SUPPORT_SERVERS_H

#include <sys/types.h>

typedef struct server server;

typedef enum server_kind { SERVER_REDIS, SERVER_MEMCACHED } server_kind;
typedef enum server_listen { SERVER_UNIX, SERVER_TCP } server_listen;

/* More arguments for the server: SERVER_ARGUMENTS("--requirepass", "secret"). */
#define SERVER_ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Starts a server and waits until it answers (an error reply, as for a missing password, is an
 * answer). `arguments` follow ours on its command line and end with NULL; NULL: none. */
server *server_start(server_kind kind, server_listen listen, const char *const arguments[]);

/* Kills the server and forgets it. NULL is nothing. */
void server_free(server *one);

/* SIGSTOP: it keeps its connections and its port, and answers nothing; and SIGCONT. */
void server_freeze(server *one);
void server_thaw(server *one);

/* SIGKILL; returns when it is gone. Its data are lost. */
void server_kill(server *one);

/* Kills it if it runs, starts it again on the same address, waits until it answers. */
void server_restart(server *one);

/* All strings are valid until server_free. */
server_kind server_kind_of(const server *one);
pid_t server_pid(const server *one);           /* 0 while it is killed */
const char *server_dir(const server *one);     /* its working directory: its log is "log" there */
int server_port(const server *one);            /* on 127.0.0.1; 0 on a Unix socket */
const char *server_socket(const server *one);  /* the path of its Unix socket; "" on TCP */
const char *server_address(const server *one); /* "127.0.0.1:6379", or the path of the socket */

/* The setting that names it, without credentials: "redis.url=redis://127.0.0.1:6379",
 * "redis.url=unix:/tmp/…", "memcached.servers=127.0.0.1:11211" or "memcached.servers=/tmp/…". */
const char *server_setting(const server *one);

/* A name for 127.0.0.1 that the resolver knows: "localhost", or, on a machine without /etc/hosts,
 * "127.1". */
const char *server_host_name(void);

/* A connection to it, for tests that speak the protocol themselves: a blocking socket with receive
 * and send timeouts of 10 s; ends the test if there is none. */
int server_connect(const server *one);
int server_try_connect(const server *one); /* as above; -1 if there is none */

/* A TCP port of 127.0.0.1 on which nobody listens now. */
int server_free_port(void);

#endif
