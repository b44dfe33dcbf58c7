/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How a connection comes to be: the server's health is asked, then the resolver, then each address
 * in turn, then the server is greeted. connect_timeout bounds the whole.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "connection.h"

#define MILLISECOND_NS INT64_C(1000000)
/* A Unix socket whose queue is full says so at once, without a way to wait for it. */
#define FULL_QUEUE_PAUSE_NS (5 * MILLISECOND_NS)

/* memcached's default, for servers that do not tell. */
#define ITEM_MAX_DEFAULT 1048576

/* ---- health -----------------------------------------------------------------------------------
 */

/* The message of a server that is known to be down. Under the lock. */
static zcache_status down_error(const mc_connection *connection)
{
    const mc_server *server = connection->server;
    int64_t since_ns = connection->pool->host->now_ns() - server->failing_since_ns;
    if (server->failures < 2)
        return mc_connection_error(connection, server->failure, "%s", server->reason);
    return mc_connection_error(connection, server->failure, "%s (%u attempts in %lld ms)",
                               server->reason, server->failures,
                               (long long)(since_ns / MILLISECOND_NS));
}

/* Asks whether to try the server now. */
static zcache_status may_connect(mc_connection *connection)
{
    mc_pool *pool = connection->pool;
    mc_server *server = connection->server;
    zcache_status status = ZCACHE_OK;

    pthread_mutex_lock(&pool->lock);
    if (server->failures > 0) {
        if (server->probing || pool->host->now_ns() < server->retry_at_ns)
            status = down_error(connection);
        else
            server->probing = connection->probe = true;
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

/* An attempt failed: notes it, closes the connection, leaves the message. */
static zcache_status attempt_failed(mc_connection *connection, zcache_status status,
                                    const char *reason)
{
    mc_pool *pool = connection->pool;
    mc_server *server = connection->server;
    const mc_options *options = pool->options;
    int64_t now_ns = pool->host->now_ns();

    mc_resolver_doubt(&server->resolver);
    pthread_mutex_lock(&pool->lock);
    bool first = server->failures == 0;
    if (first)
        server->failing_since_ns = connection->began_ns;
    if (server->failures < UINT32_MAX)
        server->failures++;
    unsigned doublings = server->failures - 1 < 20 ? server->failures - 1 : 20;
    int64_t pause_ms = options->backoff_min_ms << doublings;
    if (pause_ms > options->backoff_max_ms)
        pause_ms = options->backoff_max_ms;
    server->retry_at_ns = now_ns + pause_ms * MILLISECOND_NS;
    server->waited_ns = 0;
    server->failure = status;
    snprintf(server->reason, sizeof(server->reason), "%s", reason);
    down_error(connection);
    pthread_mutex_unlock(&pool->lock);
    if (first)
        pool->host->log(pool->host, ZCACHE_LOG_WARNING, "%s: %s", server->address.text, reason);
    mc_connection_close(connection);
    return status;
}

static void attempt_succeeded(mc_connection *connection)
{
    mc_pool *pool = connection->pool;
    mc_server *server = connection->server;

    pthread_mutex_lock(&pool->lock);
    bool was_down = server->failures > 0;
    server->failures = 0;
    server->waited_ns = 0;
    if (connection->probe)
        server->probing = false;
    connection->probe = false;
    pthread_mutex_unlock(&pool->lock);
    connection->phase = MC_READY;
    connection->wake_ns = 0;
    if (was_down)
        pool->host->log(pool->host, ZCACHE_LOG_INFO, "%s: connected again", server->address.text);
}

static zcache_status attempt_timed_out(mc_connection *connection)
{
    return attempt_failed(connection, ZCACHE_E_UNAVAILABLE,
                          connection->phase == MC_NAMING ? "its name was not resolved in time"
                          : connection->phase == MC_GREETING
                              ? "it accepts connections but does not answer"
                              : "no answer to the connection");
}

zcache_status mc_connection_give_up(mc_connection *connection)
{
    mc_pool *pool = connection->pool;
    mc_server *server = connection->server;
    int64_t limit_ns = pool->options->connect_timeout_ms * MILLISECOND_NS;

    /* Short deadlines must not hide a dead server for ever: what they waited adds up. */
    pthread_mutex_lock(&pool->lock);
    server->waited_ns += pool->host->now_ns() - connection->began_ns;
    bool down = server->waited_ns >= limit_ns;
    pthread_mutex_unlock(&pool->lock);
    if (down)
        attempt_timed_out(connection);
    zcache_status status =
        mc_connection_error(connection, ZCACHE_E_TIMEOUT, "not connected by the deadline");
    mc_connection_close(connection);
    return status;
}

/* ---- from an address to a greeting --------------------------------------------------------------
 */

/* Opens the socket for the address of this attempt and begins to connect. False: errno says why. */
static bool begin_connect(mc_connection *connection)
{
    const mc_socket_address *address = &connection->addresses.at[connection->attempt];
    int yes = 1;

    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    mc_connection_set_socket(connection, fd);
    if (address->storage.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* only slower without */
    if (connect(fd, (const struct sockaddr *)&address->storage, address->size) == 0 ||
        errno == EINPROGRESS || errno == EINTR)
        return true;
    if (errno == EAGAIN) {
        connection->wake_ns = connection->pool->host->now_ns() + FULL_QUEUE_PAUSE_NS;
        return true;
    }
    return false;
}

/* Tries the addresses from the present attempt on. */
static zcache_status try_addresses(mc_connection *connection)
{
    char reason[MC_REASON_MAX];
    int error = ECONNREFUSED;

    connection->phase = MC_CONNECTING;
    for (; connection->attempt < connection->addresses.count; connection->attempt++) {
        if (begin_connect(connection))
            return ZCACHE_OK;
        error = errno;
    }
    return attempt_failed(connection, ZCACHE_E_UNAVAILABLE, mc_reason(error, reason));
}

static zcache_status advance_naming(mc_connection *connection)
{
    int error;
    switch (mc_resolver_get(&connection->server->resolver, &connection->addresses, &error)) {
    case MC_RESOLVED:
        connection->attempt = 0;
        return try_addresses(connection);
    case MC_RESOLVING_NOW:
        return ZCACHE_OK;
    case MC_UNRESOLVED:
        break;
    }
    return attempt_failed(connection, ZCACHE_E_UNAVAILABLE,
                          error == 0 ? "its name cannot be resolved: out of resources"
                                     : gai_strerror(error));
}

static void greet(mc_connection *connection)
{
    connection->phase = MC_GREETING;
    connection->greeted = 0;
    connection->meta = false;
    connection->cas = true;
    connection->item_max = ITEM_MAX_DEFAULT;
    connection->clock_s = 0;
    connection->asked_ns = connection->pool->host->now_ns();
    mc_put_text(connection, "mn\r\nstats\r\nstats settings\r\n");
}

static zcache_status advance_connecting(mc_connection *connection)
{
    struct pollfd ready = {.fd = connection->fd, .events = POLLOUT};
    char reason[MC_REASON_MAX];
    int error = 0;
    socklen_t size = sizeof(error);

    if (connection->wake_ns != 0) {
        if (connection->pool->host->now_ns() < connection->wake_ns)
            return ZCACHE_OK;
        connection->wake_ns = 0;
        return try_addresses(connection);
    }
    if (poll(&ready, 1, 0) <= 0)
        return ZCACHE_OK;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error == 0) {
        greet(connection);
        return mc_connection_send(connection);
    }
    connection->attempt++;
    if (connection->attempt < connection->addresses.count)
        return try_addresses(connection);
    return attempt_failed(connection, ZCACHE_E_UNAVAILABLE, mc_reason(error, reason));
}

/* ---- the greeting -------------------------------------------------------------------------------
 */

static void note_stat(mc_connection *connection, const mc_line *line)
{
    mc_line rest = *line;
    mc_line name;
    zcache_slice word;
    uint64_t number;

    if (!mc_line_begins(line, "STAT ") || !mc_next_word(&rest, &word) ||
        !mc_next_word(&rest, &word))
        return;
    name = (mc_line){.text = word.data, .size = word.size};
    if (mc_line_is(&name, "cas_enabled")) {
        connection->cas = mc_line_is(&rest, "yes");
    } else if (mc_line_is(&name, "time") && mc_parse_unsigned(rest.text, rest.size, &number) &&
               number <= UINT32_MAX) {
        connection->clock_s = (int64_t)number;
        connection->told_ns = connection->pool->host->now_ns();
    } else if (mc_line_is(&name, "item_size_max") &&
               mc_parse_unsigned(rest.text, rest.size, &number) && number > 0) {
        connection->item_max = number;
    }
}

/* Reads what has come of the replies: a line for `mn`, lines up to END for each of the others, or
 * ERROR alone from a server that lacks a command. */
static zcache_status read_greeting(mc_connection *connection)
{
    mc_buffer *in = &connection->in;
    mc_line line;
    int found;

    while (connection->greeted < 3 &&
           (found = mc_find_line(in->data + in->start, in->end - in->start, &line)) != 0) {
        if (found < 0)
            return mc_connection_error(connection, ZCACHE_E_PROTOCOL, "no memcached answers there");
        if (mc_line_is(&line, "MN"))
            connection->meta = true;
        else if (mc_line_begins(&line, "STAT "))
            note_stat(connection, &line);
        else if (!mc_line_is(&line, "END") && !mc_line_is(&line, "ERROR"))
            return mc_connection_refusal(connection, &line);
        if (connection->greeted == 0 || !mc_line_begins(&line, "STAT "))
            connection->greeted++;
        in->start += line.whole;
    }
    if (connection->greeted < 3)
        return ZCACHE_OK;
    if (in->start != in->end)
        return mc_connection_error(connection, ZCACHE_E_PROTOCOL, "it sent what nobody asked for");
    attempt_succeeded(connection);
    return ZCACHE_OK;
}

static zcache_status advance_greeting(mc_connection *connection)
{
    size_t received;

    zcache_status status = mc_connection_send(connection);
    if (status == ZCACHE_OK)
        status = mc_connection_receive(connection, &received);
    if (status == ZCACHE_OK)
        status = read_greeting(connection);
    if (status == ZCACHE_OK || status == ZCACHE_E_NOMEM)
        return status;
    const char *reason = status == ZCACHE_E_UNAVAILABLE ? "it closes the connection at once"
                         : status == ZCACHE_E_AUTH
                             ? "it demands a password, which this provider cannot give"
                         : status == ZCACHE_E_SERVER ? "it refuses connections"
                                                     : "it does not speak memcached's protocol";
    return attempt_failed(connection, status, reason);
}

/* ---- the state machine --------------------------------------------------------------------------
 */

/* Tells whether a connection that was left idle is still good: nothing may be there to read, not
 * even its end. */
static bool still_open(const mc_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

zcache_status mc_connection_start(mc_connection *connection)
{
    if (connection->phase == MC_READY && still_open(connection))
        return ZCACHE_OK;
    mc_connection_close(connection);
    connection->began_ns = connection->pool->host->now_ns();
    zcache_status status = may_connect(connection);
    if (status != ZCACHE_OK)
        return status;
    connection->phase = MC_NAMING;
    return mc_connection_advance(connection);
}

zcache_status mc_connection_advance(mc_connection *connection)
{
    const mc_pool *pool = connection->pool;
    mc_phase before;
    do {
        zcache_status status = ZCACHE_OK;
        before = connection->phase;
        if (before == MC_NAMING)
            status = advance_naming(connection);
        else if (before == MC_CONNECTING)
            status = advance_connecting(connection);
        else if (before == MC_GREETING)
            status = advance_greeting(connection);
        if (status != ZCACHE_OK)
            return status;
    } while (connection->phase != before && connection->phase != MC_READY);
    if (connection->phase != MC_READY && pool->host->now_ns() - connection->began_ns >=
                                             pool->options->connect_timeout_ms * MILLISECOND_NS)
        return attempt_timed_out(connection);
    return ZCACHE_OK;
}

void mc_connection_interest(const mc_connection *connection, int *fd, short *events)
{
    *fd = connection->fd;
    *events = POLLIN;
    if (connection->phase == MC_NAMING)
        *fd = connection->server->resolver.wake;
    else if (connection->phase == MC_CONNECTING && connection->wake_ns != 0)
        *fd = -1;
    else if (connection->phase == MC_CONNECTING)
        *events = POLLOUT;
    else if (connection->out.start < connection->out.end)
        *events = POLLIN | POLLOUT;
}
