/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The poll loop of exchange.h. A job ends when its requests are all sent and answered, when its
 * connection breaks, or at the deadline, whatever its server is doing then: dripping bytes, sending
 * without end, or nothing.
 */
#include "exchange.h"

#include <errno.h>
#include <poll.h>

/* Requests are written ahead up to this many bytes. */
#define AHEAD 65536

bool mc_batch_begin(mc_client *client, size_t n)
{
    const mc_pool *pool = client->pool;
    if (n > client->capacity) {
        size_t capacity = n < 64 ? 64 : n;
        size_t *next = pool->host->realloc(client->next, capacity * sizeof(*next));
        if (next == NULL)
            return false;
        client->next = next;
        unsigned char *marks = pool->host->realloc(client->marks, capacity);
        if (marks == NULL)
            return false;
        client->marks = marks;
        client->capacity = capacity;
    }
    for (size_t s = 0; s < pool->server_count; s++)
        client->jobs[s] = (mc_job){.client = client,
                                   .connection = &client->connections[s],
                                   .head = MC_NO_KEY,
                                   .unsent = MC_NO_KEY,
                                   .tail = MC_NO_KEY};
    return true;
}

/* A byte that is not text would end the key, or the line, and begin another command. */
static bool is_text(zcache_slice key)
{
    const unsigned char *bytes = key.data;
    unsigned bad = 0;
    for (size_t i = 0; i < key.size; i++)
        bad |= bytes[i] < 0x21 || bytes[i] > 0x7e;
    return bad == 0 && key.size >= 1 && key.size <= MC_KEY_MAX;
}

bool mc_batch_add(mc_client *client, size_t i, zcache_slice key)
{
    if (!is_text(key))
        return false;
    mc_job *job =
        mc_batch_use(client, client->pool->server_count == 1
                                 ? 0
                                 : memcached_generate_hash(client->pool->ring, key.data, key.size));
    client->next[i] = MC_NO_KEY;
    client->marks[i] = 0;
    if (job->head == MC_NO_KEY)
        job->head = job->unsent = i;
    else
        client->next[job->tail] = i;
    job->tail = i;
    return true;
}

mc_job *mc_batch_use(mc_client *client, size_t server)
{
    mc_job *job = &client->jobs[server];
    job->used = true;
    return job;
}

size_t mc_next_key(const mc_job *job, size_t i)
{
    while (i != MC_NO_KEY && (job->client->marks[i] & MC_MARK_ANSWERED) != 0)
        i = job->client->next[i];
    return i;
}

size_t mc_answer_head(mc_job *job)
{
    size_t i = job->head;
    job->client->marks[i] |= MC_MARK_ANSWERED;
    job->head = mc_next_key(job, i);
    return i;
}

void mc_each_failed(mc_client *client, void (*fail)(void *context, size_t i, zcache_status status),
                    void *context)
{
    for (size_t s = 0; s < client->pool->server_count; s++) {
        const mc_job *job = &client->jobs[s];
        if (!job->used || job->status == ZCACHE_OK)
            continue;
        for (size_t i = job->head; i != MC_NO_KEY; i = client->next[i])
            if ((client->marks[i] & MC_MARK_ANSWERED) == 0)
                fail(context, i, job->status);
    }
}

/* A connection stays good only if nothing is under way on it. */
static void end_job(mc_job *job, zcache_status status)
{
    mc_connection *connection = job->connection;
    bool quiet = connection->phase == MC_READY && job->awaited == 0 &&
                 connection->out.start == connection->out.end &&
                 connection->in.start == connection->in.end;
    if (!quiet)
        mc_connection_close(connection);
    job->status = status;
    job->done = true;
}

/* Writes requests ahead, and sends them. */
static zcache_status push(mc_job *job)
{
    mc_buffer *out = &job->connection->out;
    zcache_status status;
    do {
        while (!job->filled && out->end - out->start < AHEAD) {
            status = job->work->fill(job);
            if (status != ZCACHE_OK)
                return status;
        }
        status = mc_connection_send(job->connection);
        if (status != ZCACHE_OK)
            return status;
    } while (!job->filled && out->start == out->end);
    return ZCACHE_OK;
}

/* Reads the replies that have arrived. */
static zcache_status pull(mc_job *job)
{
    mc_buffer *in = &job->connection->in;
    size_t received;
    zcache_status status = mc_connection_receive(job->connection, &received);
    if (status != ZCACHE_OK)
        return status;
    while (in->start < in->end && !job->stopped) {
        if (job->awaited == 0)
            return mc_connection_error(job->connection, ZCACHE_E_PROTOCOL,
                                       "it sent what nobody asked for");
        int64_t taken = job->work->take(job, in->data + in->start, in->end - in->start);
        if (taken < 0)
            return (zcache_status)taken;
        if (taken == 0)
            break;
        if (job->connection->fd < 0) /* the sink forked, and this is the child */
            return mc_connection_error(job->connection, ZCACHE_E_UNAVAILABLE,
                                       "the connection is the parent process's");
        in->start += (size_t)taken;
    }
    return ZCACHE_OK;
}

/* Goes on with a job as far as it can without blocking. `readable`: something has arrived. */
static void step(mc_job *job, bool readable)
{
    mc_connection *connection = job->connection;
    zcache_status status = ZCACHE_OK;

    if (connection->phase != MC_READY) {
        status = mc_connection_advance(connection);
        readable = false;
    }
    if (status == ZCACHE_OK && connection->phase == MC_READY) {
        status = push(job);
        if (status == ZCACHE_OK && readable) {
            status = pull(job);
            if (status == ZCACHE_OK && !job->stopped)
                status = push(job);
        }
        if (status == ZCACHE_OK && job->stopped) {
            mc_connection_close(connection);
            job->done = true;
        }
    }
    if (status != ZCACHE_OK)
        end_job(job, status);
    else if (connection->phase == MC_READY && job->filled && job->awaited == 0 &&
             connection->out.start == connection->out.end)
        job->done = true;
}

/* The deadline has passed: nobody knows any more where a connection stands. */
static void end_late_job(mc_job *job)
{
    mc_connection *connection = job->connection;
    if (connection->phase != MC_READY)
        end_job(job, mc_connection_give_up(connection));
    else
        end_job(job, mc_connection_error(connection, ZCACHE_E_TIMEOUT, "no reply by the deadline"));
}

/* Sets up what to wait for. Returns how many jobs are not done; *wake_ns is moved forward to the
 * time when one wants to be looked at without an event. */
static size_t prepare(mc_client *client, int64_t *wake_ns)
{
    const mc_pool *pool = client->pool;
    int64_t connect_timeout_ns = pool->options->connect_timeout_ms * 1000000;
    size_t running = 0;
    for (size_t s = 0; s < pool->server_count; s++) {
        const mc_job *job = &client->jobs[s];
        struct pollfd *wait = &client->polls[s];
        *wait = (struct pollfd){.fd = -1};
        if (!job->used || job->done)
            continue;
        running++;
        const mc_connection *connection = job->connection;
        mc_connection_interest(connection, &wait->fd, &wait->events);
        if (connection->wake_ns != 0 && connection->wake_ns < *wake_ns)
            *wake_ns = connection->wake_ns;
        if (connection->phase != MC_READY && connection->began_ns + connect_timeout_ns < *wake_ns)
            *wake_ns = connection->began_ns + connect_timeout_ns;
    }
    return running;
}

void mc_exchange(mc_client *client, const zcache_call *call, const mc_work *work, void *context)
{
    const mc_pool *pool = client->pool;
    const int64_t second_ns = 1000000000;

    for (size_t s = 0; s < pool->server_count; s++) {
        mc_job *job = &client->jobs[s];
        if (!job->used)
            continue;
        job->work = work;
        job->context = context;
        zcache_status status = mc_connection_start(job->connection);
        if (status != ZCACHE_OK)
            end_job(job, status);
        else
            step(job, false);
    }
    for (;;) {
        int64_t wake_ns = call->deadline_ns;
        if (prepare(client, &wake_ns) == 0)
            return;
        int64_t now_ns = pool->host->now_ns();
        bool late = now_ns >= call->deadline_ns;
        int64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
        struct timespec left = {.tv_sec = left_ns / second_ns, .tv_nsec = left_ns % second_ns};
        int ready = late ? 0 : ppoll(client->polls, pool->server_count, &left, NULL);
        for (size_t s = 0; s < pool->server_count; s++) {
            mc_job *job = &client->jobs[s];
            if (!job->used || job->done)
                continue;
            if (late)
                end_late_job(job);
            else if (ready > 0 && client->polls[s].revents != 0)
                step(job, (client->polls[s].revents & ~POLLOUT) != 0);
            else if (job->connection->phase != MC_READY)
                step(job, false);
        }
    }
}
