/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Sockets and bytes of connection.h: buffers, sending, receiving, closing, messages. How a
 * connection comes to be is in connect.c.
 */
#include "connection.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A buffer begins with this, and one that has grown beyond BUFFER_KEEP is not kept. */
#define BUFFER_FIRST 16384
#define BUFFER_KEEP  262144
/* The largest reply that is read: memcached's largest item is 1 GiB. Memory is taken only as bytes
 * arrive. */
#define BUFFER_MAX ((size_t)1 << 30)

void mc_connection_init(mc_connection *connection, mc_pool *pool, mc_server *server)
{
    *connection = (mc_connection){.pool = pool, .server = server, .fd = -1};
    pthread_mutex_lock(&pool->lock);
    connection->next = pool->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    pool->connections = connection;
    pthread_mutex_unlock(&pool->lock);
}

static void free_buffer(mc_pool *pool, mc_buffer *buffer)
{
    pool->host->free(buffer->data);
    *buffer = (mc_buffer){.data = NULL};
}

void mc_connection_end(mc_connection *connection)
{
    mc_pool *pool = connection->pool;
    mc_connection_close(connection);
    pthread_mutex_lock(&pool->lock);
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        pool->connections = connection->next;
    pthread_mutex_unlock(&pool->lock);
    free_buffer(pool, &connection->in);
    free_buffer(pool, &connection->out);
}

/* Forgets what is in a buffer, and its memory if that is much. */
static void clear_buffer(mc_pool *pool, mc_buffer *buffer)
{
    if (buffer->capacity > BUFFER_KEEP)
        free_buffer(pool, buffer);
    buffer->start = buffer->end = 0;
    buffer->short_of_memory = false;
}

void mc_connection_set_socket(mc_connection *connection, int fd)
{
    mc_pool *pool = connection->pool;
    pthread_mutex_lock(&pool->lock);
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = fd;
    pthread_mutex_unlock(&pool->lock);
    connection->wake_ns = 0;
    clear_buffer(pool, &connection->in);
    clear_buffer(pool, &connection->out);
}

void mc_connection_close(mc_connection *connection)
{
    mc_connection_set_socket(connection, -1);
    connection->phase = MC_CLOSED;
    if (!connection->probe)
        return;
    pthread_mutex_lock(&connection->pool->lock);
    connection->server->probing = connection->probe = false;
    pthread_mutex_unlock(&connection->pool->lock);
}

/* Makes room for `size` more bytes behind `end`. */
static bool reserve(mc_pool *pool, mc_buffer *buffer, size_t size)
{
    if (buffer->capacity - buffer->end >= size)
        return true;
    if (buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
        buffer->end -= buffer->start;
        buffer->start = 0;
        if (buffer->capacity - buffer->end >= size)
            return true;
    }
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST;
    while (capacity - buffer->end < size)
        capacity *= 2;
    char *data = pool->host->realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void mc_put(mc_connection *connection, const void *data, size_t size)
{
    mc_buffer *out = &connection->out;
    if (size == 0)
        return;
    if (!reserve(connection->pool, out, size)) {
        out->short_of_memory = true;
        return;
    }
    memcpy(out->data + out->end, data, size);
    out->end += size;
}

void mc_put_text(mc_connection *connection, const char *text)
{
    mc_put(connection, text, strlen(text));
}

void mc_put_format(mc_connection *connection, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof(text))
        connection->out.short_of_memory = true; /* numbers and words: it cannot be so long */
    else
        mc_put(connection, text, (size_t)size);
}

zcache_status mc_connection_send(mc_connection *connection)
{
    mc_buffer *out = &connection->out;
    if (out->short_of_memory) {
        mc_connection_close(connection);
        return mc_nomem(connection->pool);
    }
    while (out->start < out->end) {
        ssize_t sent =
            send(connection->fd, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return ZCACHE_OK;
        if (sent < 0) {
            char reason[MC_REASON_MAX];
            zcache_status status = mc_connection_error(connection, ZCACHE_E_UNAVAILABLE, "%s",
                                                       mc_reason(errno, reason));
            mc_connection_close(connection);
            return status;
        }
        out->start += (size_t)sent;
    }
    clear_buffer(connection->pool, out);
    return ZCACHE_OK;
}

zcache_status mc_connection_receive(mc_connection *connection, size_t *received)
{
    mc_buffer *in = &connection->in;
    zcache_status status = ZCACHE_E_UNAVAILABLE;
    char reason[MC_REASON_MAX];

    *received = 0;
    if (in->start == in->end)
        clear_buffer(connection->pool, in);
    if (in->end - in->start >= BUFFER_MAX) {
        status = mc_connection_error(connection, ZCACHE_E_PROTOCOL, "the reply is too long");
        goto fail;
    }
    if (!reserve(connection->pool, in, BUFFER_FIRST / 2)) {
        status = mc_nomem(connection->pool);
        goto fail;
    }
    ssize_t size;
    do
        size = recv(connection->fd, in->data + in->end, in->capacity - in->end, 0);
    while (size < 0 && errno == EINTR);
    if (size > 0) {
        in->end += (size_t)size;
        *received = (size_t)size;
        return ZCACHE_OK;
    }
    if (size < 0 && errno == EAGAIN)
        return ZCACHE_OK;
    mc_connection_error(connection, status, "%s",
                        size == 0 ? "the server closed the connection" : mc_reason(errno, reason));
fail:
    mc_connection_close(connection);
    return status;
}

bool mc_server_time(const mc_connection *connection, int64_t *earliest_s, int64_t *latest_s)
{
    const int64_t second_ns = 1000000000;
    int64_t now_ns = connection->pool->host->now_ns();
    if (connection->clock_s == 0)
        return false;
    /* It told whole seconds: up to one more had passed. */
    *earliest_s = connection->clock_s + (now_ns - connection->told_ns) / second_ns;
    *latest_s = connection->clock_s + (now_ns - connection->asked_ns) / second_ns + 1;
    return true;
}

int64_t mc_expiry(const mc_connection *connection, int64_t seconds)
{
    int64_t earliest_s;
    int64_t latest_s;
    if (seconds < 0)
        return 0;
    if (seconds <= MC_RELATIVE_MAX)
        return seconds;
    if (!mc_server_time(connection, &earliest_s, &latest_s))
        latest_s = (int64_t)time(NULL) + 1;
    /* Dates beyond January 2038 are none to memcached, which reads 32 bits: never is then the
     * nearest that is not too early. */
    return latest_s + seconds <= INT32_MAX ? latest_s + seconds : 0;
}

zcache_status mc_connection_error(const mc_connection *connection, zcache_status status,
                                  const char *format, ...)
{
    const zcache_host *host = connection->pool->host;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return host->error(host, status, "memcached at %s: %s", connection->server->address.text, text);
}

const char *mc_reason(int error, char text[MC_REASON_MAX])
{
    const char *reason = strerrordesc_np(error);
    snprintf(text, MC_REASON_MAX, "%s", reason != NULL ? reason : "unknown error");
    if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z')
        text[0] = (char)(text[0] - 'A' + 'a');
    return text;
}

zcache_status mc_connection_refusal(const mc_connection *connection, const mc_line *line)
{
    int size = line->size < 160 ? (int)line->size : 160;
    zcache_status status = ZCACHE_E_PROTOCOL;
    if (mc_line_begins(line, "CLIENT_ERROR unauthenticated"))
        return mc_connection_error(connection, ZCACHE_E_AUTH,
                                   "it demands a password, which this provider cannot give");
    if (mc_line_begins(line, "SERVER_ERROR object too large"))
        status = ZCACHE_E_TOO_LARGE;
    else if (mc_line_begins(line, "SERVER_ERROR") || mc_line_begins(line, "ERROR "))
        status = ZCACHE_E_SERVER;
    return mc_connection_error(
        connection, status, "%s\"%.*s\"",
        status == ZCACHE_E_PROTOCOL ? "it sent what is no reply: " : "it refused: ", size,
        line->text);
}
