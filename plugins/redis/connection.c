/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The exchange. Sending never blocks and never raises SIGPIPE. Receiving normally costs one system
 * call: the socket's own receive timeout, always shorter than what is left, bounds it and is seldom
 * changed; only the last milliseconds before a deadline are left to poll, whose timer is exact.
 *
 * hiredis' reader finds the replies; its object functions are ours, and hand each part over where
 * it lies in the reader's buffer.
 */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "instance.h"

#define MILLISECOND INT64_C(1000000)

/* Redis' own limit of a bulk string (proto-max-bulk-len), and room for what surrounds it. */
#define UNPARSED_MAX (((size_t)512 << 20) + 65536)
/* A reader's buffer that has grown beyond this is not kept. */
#define BUFFER_KEPT (256 << 10)
/* Small reads keep the reader's buffer small, which it moves down after each reply. */
#define SMALL_RECEIVE 16384
/* Below this a receive timeout, which the kernel counts in its ticks, is too coarse. */
#define POLLED_MS 16

/* ---- the reader ------------------------------------------------------------------------------ */

#if HIREDIS_MAJOR >= 1
typedef size_t redis_element_count;
#else
typedef int redis_element_count;
#endif

/* Hands a part over. What it returns stands for the object that hiredis thinks was made; NULL stops
 * the reader. */
static void *hand_over(const redisReadTask *task, int type, int64_t number, zcache_slice text)
{
    redis_connection *connection = task->privdata;
    redis_exchange *exchange = connection->exchange;
    redis_part part = {.reply = exchange->answered, .type = type, .number = number, .text = text};
    for (const redisReadTask *above = task->parent; above != NULL; above = above->parent)
        part.depth++;
    if (part.depth > 0)
        part.index = (size_t)task->idx;
    exchange->heard = true;
    if (exchange->part(exchange, &part))
        return connection;
    snprintf(connection->failure, sizeof(connection->failure),
             "a reply that does not fit its command");
    return NULL;
}

static void *hand_over_string(const redisReadTask *task, char *text, size_t size)
{
    return hand_over(task, task->type, 0, zcache_bytes_of(text, size));
}

static void *hand_over_array(const redisReadTask *task, redis_element_count count)
{
    return hand_over(task, REDIS_REPLY_ARRAY, (int64_t)count, zcache_bytes_of("", 0));
}

static void *hand_over_integer(const redisReadTask *task, long long number)
{
    return hand_over(task, REDIS_REPLY_INTEGER, number, zcache_bytes_of("", 0));
}

static void *hand_over_nil(const redisReadTask *task)
{
    return hand_over(task, REDIS_REPLY_NIL, 0, zcache_bytes_of("", 0));
}

static void free_nothing(void *object)
{
    (void)object;
}

#if HIREDIS_MAJOR >= 1
/* RESP3 only, which is never asked for. */
static void *refuse_double(const redisReadTask *task, double number, char *text, size_t size)
{
    (void)number;
    return hand_over(task, REDIS_REPLY_DOUBLE, 0, zcache_bytes_of(text, size));
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    return hand_over(task, REDIS_REPLY_BOOL, value, zcache_bytes_of("", 0));
}
#endif

/* hiredis 0.14 does not promise to leave it alone, so it cannot be const */
static redisReplyObjectFunctions part_functions = {
    .createString = hand_over_string,
    .createArray = hand_over_array,
    .createInteger = hand_over_integer,
    .createNil = hand_over_nil,
    .freeObject = free_nothing,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
};

redis_connection *redis_connection_new(redis_instance *instance)
{
    redis_connection *connection = instance->host->alloc(sizeof(*connection));
    if (connection == NULL)
        return NULL;
    memset(connection, 0, offsetof(redis_connection, received));
    connection->instance = instance;
    connection->fd = -1;
    connection->reader = redisReaderCreateWithFunctions(&part_functions);
    if (connection->reader == NULL) {
        instance->host->free(connection);
        return NULL;
    }
    connection->reader->privdata = connection;
    connection->reader->maxbuf = BUFFER_KEPT;
    return connection;
}

void redis_connection_drop(redis_connection *connection)
{
    int fd = connection->fd;
    connection->fd = -1; /* first: a fork's child closes what stands here */
    if (fd >= 0)
        close(fd);
}

void redis_connection_free(redis_connection *connection)
{
    redis_connection_drop(connection);
    redisReaderFree(connection->reader);
    connection->instance->host->free(connection);
}

bool redis_connection_quiet(const redis_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

/* ---- waiting --------------------------------------------------------------------------------- */

int redis_wait_for(const redis_instance *instance, int fd, int events, int64_t deadline_ns)
{
    for (;;) {
        int64_t left = deadline_ns - instance->host->now_ns();
        if (left <= 0)
            return 0;
        struct timespec timeout = {left / (1000 * MILLISECOND), left % (1000 * MILLISECOND)};
        struct pollfd polled = {.fd = fd, .events = (short)events};
        int count = ppoll(&polled, 1, &timeout, NULL);
        if (count > 0)
            return polled.revents;
        if (count < 0 && errno != EINTR)
            return events;
    }
}

/* Sets the socket's receive timeout to half of what is left, unless it is about that: calls with
 * like timeouts, one after the other, then need no system call for it. */
static void bound_receive(redis_connection *connection, int64_t left_ms)
{
    int64_t now_ms = connection->receive_timeout_ms;
    if (now_ms > 0 && now_ms <= left_ms && now_ms >= left_ms / 8)
        return;
    int64_t timeout_ms = left_ms / 2 < 60000 ? left_ms / 2 : 60000;
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    if (setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0)
        connection->receive_timeout_ms = timeout_ms;
}

/* As recv, by the deadline: errno is then ETIMEDOUT. */
static ssize_t receive_by(redis_connection *connection, size_t size, int64_t deadline_ns)
{
    for (;;) {
        int64_t left_ms = (deadline_ns - connection->instance->host->now_ns()) / MILLISECOND;
        int flags = 0;
        if (left_ms < POLLED_MS) {
            if (redis_wait_for(connection->instance, connection->fd, POLLIN, deadline_ns) == 0) {
                errno = ETIMEDOUT;
                return -1;
            }
            flags = MSG_DONTWAIT;
        } else {
            bound_receive(connection, left_ms);
        }
        ssize_t size_now = recv(connection->fd, connection->received, size, flags);
        if (size_now >= 0 || (errno != EAGAIN && errno != EINTR))
            return size_now;
    }
}

/* ---- the exchange ---------------------------------------------------------------------------- */

zcache_status redis_connection_fail(redis_connection *connection, zcache_status status,
                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(connection->failure, sizeof(connection->failure), format, arguments);
    va_end(arguments);
    return status;
}

static zcache_status fail_timeout(redis_connection *connection, const redis_exchange *exchange)
{
    return redis_connection_fail(connection, ZCACHE_E_TIMEOUT,
                                 "the deadline passed with %zu of %zu replies received",
                                 exchange->answered, exchange->commands.count);
}

static zcache_status fail_socket(redis_connection *connection, const char *doing, int error)
{
    if (connection->fd < 0)
        return redis_connection_fail(
            connection, ZCACHE_E_UNAVAILABLE,
            "the connection was left to the process that this one was forked from");
    return redis_connection_fail(connection, ZCACHE_E_UNAVAILABLE, "%s: %s", doing,
                                 redis_errno_text(error, (char[64]){""}, 64));
}

/* Takes replies out of the reader as far as they are complete. */
static zcache_status parse(redis_connection *connection, redis_exchange *exchange)
{
    redisReader *reader = connection->reader;
    while (exchange->answered < exchange->commands.count) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK)
            return connection->failure[0] != '\0'
                       ? ZCACHE_E_PROTOCOL
                       : redis_connection_fail(connection, ZCACHE_E_PROTOCOL, "%s", reader->errstr);
        if (reply == NULL)
            break;
        exchange->answered++;
    }
    size_t unparsed = reader->len - reader->pos;
    if (exchange->answered == exchange->commands.count && unparsed > 0)
        connection->spoilt = true; /* more than was asked for: whose reply would be next? */
    if (unparsed > UNPARSED_MAX)
        return redis_connection_fail(connection, ZCACHE_E_PROTOCOL,
                                     "a reply of more than 512 MiB was refused");
    return ZCACHE_OK;
}

static zcache_status receive(redis_connection *connection, redis_exchange *exchange,
                             int64_t deadline_ns)
{
    redisReader *reader = connection->reader;
    bool filling = reader->len - reader->pos >= SMALL_RECEIVE;
    ssize_t size =
        receive_by(connection, filling ? sizeof(connection->received) : SMALL_RECEIVE, deadline_ns);
    if (size < 0 && errno == ETIMEDOUT && connection->instance->host->now_ns() >= deadline_ns)
        return fail_timeout(connection, exchange);
    if (size < 0)
        return fail_socket(connection, "receiving", errno);
    if (size == 0)
        return redis_connection_fail(connection, ZCACHE_E_UNAVAILABLE,
                                     "the server closed the connection");
    if (redisReaderFeed(reader, connection->received, (size_t)size) != REDIS_OK)
        return redis_connection_fail(connection, ZCACHE_E_NOMEM, "out of memory");
    return parse(connection, exchange);
}

/* Sends what the socket takes now. */
static zcache_status send_some(redis_connection *connection, redis_exchange *exchange,
                               bool *would_block)
{
    struct iovec pieces[32];
    struct msghdr message = {.msg_iov = pieces};
    message.msg_iovlen = redis_commands_rest(&exchange->commands, exchange->sent, pieces,
                                             sizeof(pieces) / sizeof(pieces[0]));
    ssize_t size = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    *would_block = size < 0 && (errno == EAGAIN || errno == EINTR);
    if (*would_block)
        return ZCACHE_OK;
    if (size < 0)
        return fail_socket(connection, "sending", errno);
    exchange->sent += (size_t)size;
    return ZCACHE_OK;
}

/* The socket takes no more: the server may itself be waiting for its replies to be read. */
static zcache_status make_room(redis_connection *connection, redis_exchange *exchange,
                               int64_t deadline_ns)
{
    int ready = redis_wait_for(connection->instance, connection->fd, POLLIN | POLLOUT, deadline_ns);
    if (ready == 0)
        return fail_timeout(connection, exchange);
    return (ready & POLLIN) != 0 ? receive(connection, exchange, deadline_ns) : ZCACHE_OK;
}

zcache_status redis_connection_exchange(redis_connection *connection, redis_exchange *exchange,
                                        int64_t deadline_ns)
{
    zcache_status status = ZCACHE_OK;
    connection->exchange = exchange;
    connection->failure[0] = '\0';
    while (status == ZCACHE_OK && exchange->answered < exchange->commands.count) {
        if (exchange->sent == exchange->commands.total) {
            status = receive(connection, exchange, deadline_ns);
        } else {
            bool would_block;
            status = send_some(connection, exchange, &would_block);
            if (status == ZCACHE_OK && would_block)
                status = make_room(connection, exchange, deadline_ns);
        }
    }
    if (exchange->sent < exchange->commands.total)
        connection->spoilt = true;
    connection->exchange = NULL;
    return status;
}
