/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opens a connection: the socket, AUTH, SELECT. SELECT is always sent: its reply proves that a
 * server lives behind the socket, and that no login is missing.
 *
 * Everything ends by the deadline, the search for the host's addresses (lookup.h) too.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "instance.h"

#define MILLISECOND INT64_C(1000000)

static zcache_status fail_connect(redis_connection *connection, int error)
{
    if (error == ETIMEDOUT || error == EAGAIN || error == EINPROGRESS)
        return ZCACHE_E_TIMEOUT;
    return redis_connection_fail(connection, ZCACHE_E_UNAVAILABLE, "%s",
                                 redis_errno_text(error, (char[64]){""}, 64));
}

/* ---- Unix sockets ---------------------------------------------------------------------------- */

/* A full backlog cannot be polled for: a blocking connect with a send timeout waits for it. */
static zcache_status connect_unix(redis_connection *connection, int64_t deadline_ns)
{
    redis_instance *instance = connection->instance;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", instance->url.path);
    connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return fail_connect(connection, errno);
    for (;;) {
        int64_t left_us = (deadline_ns - instance->host->now_ns()) / 1000;
        if (left_us <= 0)
            return fail_connect(connection, ETIMEDOUT);
        struct timeval timeout = {left_us / 1000000, left_us % 1000000};
        setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        if (connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
            return ZCACHE_OK;
        if (errno != EINTR)
            return fail_connect(connection, errno);
    }
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void set_tcp_options(int fd)
{
    /* a refused option costs speed or the early discovery of a dead peer, not correctness */
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 15}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
}

static int connect_address(redis_connection *connection, const struct sockaddr *address,
                           socklen_t address_size, int64_t deadline_ns)
{
    connection->fd =
        socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (connection->fd < 0)
        return errno;
    set_tcp_options(connection->fd);
    if (connect(connection->fd, address, address_size) != 0) {
        if (errno != EINPROGRESS && errno != EINTR)
            return errno;
        if (redis_wait_for(connection->instance, connection->fd, POLLOUT, deadline_ns) == 0)
            return ETIMEDOUT;
        int error = 0;
        socklen_t size = sizeof(error);
        if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            return errno;
        if (error != 0)
            return error;
    }
    /* blocking from now on: recv waits by itself, and everything else is told not to */
    int flags = fcntl(connection->fd, F_GETFL);
    return flags < 0 || fcntl(connection->fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? errno : 0;
}

static zcache_status connect_tcp(redis_connection *connection, int64_t deadline_ns)
{
    redis_instance *instance = connection->instance;
    redis_addresses addresses;
    bool late;
    int error = redis_lookup_find(&instance->lookup, deadline_ns, &addresses, &late);
    if (error == EAI_MEMORY)
        return redis_connection_fail(connection, ZCACHE_E_NOMEM, "out of memory");
    if (error != 0)
        return redis_connection_fail(connection, ZCACHE_E_UNAVAILABLE, "the host was not found: %s",
                                     gai_strerror(error));
    if (late)
        return ZCACHE_E_TIMEOUT;
    error = EADDRNOTAVAIL;
    for (size_t i = 0; i < addresses.count; i++) {
        /* each address has its share of what is left, so that a dead one does not take it all */
        int64_t now_ns = instance->host->now_ns();
        int64_t share_ns = (deadline_ns - now_ns) / (int64_t)(addresses.count - i);
        error = connect_address(connection, (struct sockaddr *)&addresses.at[i].bytes,
                                addresses.at[i].size, now_ns + share_ns);
        if (error == 0)
            return ZCACHE_OK;
        redis_connection_drop(connection);
    }
    return fail_connect(connection, error);
}

/* ---- AUTH and SELECT ------------------------------------------------------------------------- */

typedef struct handshake {
    redis_exchange exchange;
    redis_connection *connection;
    zcache_status status; /* of the first error reply */
    char failure[256];    /* and its words, which a close after it must not replace */
} handshake;

static zcache_status fail_auth(redis_connection *connection, zcache_slice text)
{
    /* A server that does not know AUTH, or not with a user, quotes what it was sent. */
    const char *user = connection->instance->user;
    zcache_status status =
        redis_text_begins(text, "LOADING ") || redis_text_begins(text, "ERR max number of clients")
            ? ZCACHE_E_UNAVAILABLE
            : ZCACHE_E_AUTH;
    return redis_connection_fail(connection, status, "login%s%s: %.*s", user != NULL ? " as " : "",
                                 user != NULL ? user : "", redis_reply_text_size(text),
                                 (const char *)text.data);
}

static zcache_status fail_select(redis_connection *connection, zcache_slice text)
{
    int64_t database = connection->instance->database;
    zcache_status status = redis_reply_status(text);
    /* who may not SELECT, or speaks through a proxy that cannot, is in database 0 already */
    if (database == 0 && (status == ZCACHE_E_SERVER || redis_text_begins(text, "NOPERM ")))
        return ZCACHE_OK;
    if (redis_text_begins(text, "NOAUTH "))
        return redis_connection_fail(connection, status,
                                     "the server asks for a password: set url or password");
    return redis_connection_fail(connection, status, "database %lld: %.*s", (long long)database,
                                 redis_reply_text_size(text), (const char *)text.data);
}

static bool handshake_part(redis_exchange *exchange, const redis_part *part)
{
    handshake *shake = (handshake *)exchange;
    bool login = part->reply == 0 && shake->connection->instance->password != NULL;
    if (part->type == REDIS_REPLY_ERROR && shake->status == ZCACHE_OK) {
        shake->status = login ? fail_auth(shake->connection, part->text)
                              : fail_select(shake->connection, part->text);
        memcpy(shake->failure, shake->connection->failure, sizeof(shake->failure));
    }
    return part->type == REDIS_REPLY_ERROR || part->type == REDIS_REPLY_STATUS;
}

static zcache_status shake_hands(redis_connection *connection, int64_t deadline_ns)
{
    redis_instance *instance = connection->instance;
    handshake shake = {.exchange.part = handshake_part, .connection = connection};
    redis_commands *commands = &shake.exchange.commands;
    redis_commands_init(commands, instance->host);
    if (instance->password != NULL) {
        redis_command(commands, instance->user != NULL ? 3 : 2);
        redis_argument_text(commands, "AUTH");
        if (instance->user != NULL)
            redis_argument_text(commands, instance->user);
        redis_argument_text(commands, instance->password);
    }
    redis_command(commands, 2);
    redis_argument_text(commands, "SELECT");
    redis_argument_number(commands, instance->database);
    zcache_status status = ZCACHE_E_NOMEM;
    if (commands->failed)
        redis_connection_fail(connection, status, "out of memory");
    else
        status = redis_connection_exchange(connection, &shake.exchange, deadline_ns);
    /* the password was in it */
    explicit_bzero(commands->data, commands->size);
    redis_commands_free(commands);
    if (shake.status == ZCACHE_OK)
        return status;
    return redis_connection_fail(connection, shake.status, "%s", shake.failure);
}

zcache_status redis_connection_open(redis_connection *connection, int64_t deadline_ns)
{
    zcache_status status = connection->instance->url.path != NULL
                               ? connect_unix(connection, deadline_ns)
                               : connect_tcp(connection, deadline_ns);
    if (status == ZCACHE_OK)
        status = shake_hands(connection, deadline_ns);
    if (status == ZCACHE_E_TIMEOUT)
        redis_connection_fail(connection, status, "no answer in time to an attempt to connect");
    return status;
}
