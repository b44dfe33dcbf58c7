/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The thread of the control socket: a poll loop over the socket and at most ZC_CONTROL_CLIENTS
 * clients, none of which it waits for. A client has one request, and a deadline for bringing it and
 * for taking each part of the reply; one too many is told so and sent away.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/thread.h"
#include "control/state.h"

#define REQUEST_TIMEOUT_NS INT64_C(5000000000)
#define OUTPUT_TIMEOUT_NS  INT64_C(10000000000)
/* How long the socket is left alone when there are no descriptors for a new client. */
#define ACCEPT_PAUSE_NS INT64_C(100000000)

void zc_control_wake(zc_control *control)
{
    uint64_t one = 1;
    ssize_t written = write(control->wake, &one, sizeof(one));
    (void)written; /* it fails if the counter is full: then it is awake */
}

/* ---- clients --------------------------------------------------------------------------------- */

static void client_close(zc_control *control, zc_client *client)
{
    pthread_mutex_lock(&control->lock);
    close(client->fd);
    zc_reply_free(&client->output);
    client->state = ZC_CLIENT_FREE;
    pthread_mutex_unlock(&control->lock);
}

/* Gives the client `reply`, which is taken, to send: after it nothing, or more of it. */
static void client_output(zc_control *control, zc_client *client, zc_reply *reply,
                          zc_client_state state)
{
    if (reply->failed) {
        zc_reply_free(reply);
        client_close(control, client);
        return;
    }
    pthread_mutex_lock(&control->lock);
    zc_reply_free(&client->output);
    client->output = *reply;
    client->state = state;
    pthread_mutex_unlock(&control->lock);
    client->sent = 0;
    client->deadline_ns = client->output.size > 0 ? zc_now_ns() + OUTPUT_TIMEOUT_NS : INT64_MAX;
}

static void client_refuse(zc_control *control, zc_client *client, zcache_status status,
                          const char *reason)
{
    zc_reply reply = {0};
    zc_reply_end(&reply, status, reason);
    client_output(control, client, &reply, ZC_CLIENT_SENDING);
}

static bool has_output(const zc_client *client)
{
    return client->sent < client->output.size;
}

static void client_send(zc_control *control, zc_client *client)
{
    while (has_output(client)) {
        ssize_t sent = send(client->fd, client->output.text + client->sent,
                            client->output.size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            client_close(control, client);
            return;
        }
        client->sent += (size_t)sent;
    }
    if (client->state == ZC_CLIENT_SENDING)
        client_close(control, client);
    else
        client->deadline_ns = INT64_MAX; /* nothing is expected of it */
}

/* A request is a line of printable ASCII: no command takes anything else. */
static void judge_line(zc_control *control, zc_client *client, const char *newline)
{
    size_t size = newline != NULL ? (size_t)(newline - client->line) : client->used;
    bool printable = true;
    for (size_t i = 0; i < size; i++)
        printable = printable && client->line[i] >= ' ' && client->line[i] <= '~';
    if (!printable) {
        client_refuse(control, client, ZCACHE_E_INVALID,
                      "a request is a line of printable ASCII characters");
    } else if (newline != NULL) {
        client->line[size] = '\0';
        client->state = ZC_CLIENT_READY;
        client->deadline_ns = INT64_MAX;
    } else if (client->used == sizeof(client->line)) {
        client_refuse(control, client, ZCACHE_E_INVALID, "the request is too long");
    }
}

static void client_read(zc_control *control, zc_client *client)
{
    char *end = client->line + client->used;
    ssize_t got = recv(client->fd, end, sizeof(client->line) - client->used, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0 || (got == 0 && client->used == 0)) {
        client_close(control, client);
    } else if (got == 0) {
        client_refuse(control, client, ZCACHE_E_INVALID, "the request does not end with a newline");
    } else {
        client->used += (size_t)got;
        judge_line(control, client, memchr(end, '\n', (size_t)got));
    }
}

/* Runs the client's request, unless the cache is being closed: then it waits for how that ends. */
static void client_run(zc_control *control, zc_client *client)
{
    pthread_mutex_lock(&control->lock);
    bool run = !control->paused;
    control->running = run;
    pthread_mutex_unlock(&control->lock);
    if (!run)
        return;
    zc_reply reply = {0};
    bool wait = zc_command_run(control, client->line, &reply);
    client_output(control, client, &reply, wait ? ZC_CLIENT_WAITING : ZC_CLIENT_SENDING);
    pthread_mutex_lock(&control->lock);
    control->running = false;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

/* Progress is told when the client has taken what it was told before: a slow one gets less. */
static void client_follow(zc_control *control, zc_client *client, uint64_t *told)
{
    pthread_mutex_lock(&control->lock);
    const zc_job job = control->job;
    pthread_mutex_unlock(&control->lock);
    if (has_output(client) || job.progress_count == *told || job.state != ZC_JOB_RUNNING)
        return;
    *told = job.progress_count;
    zc_reply reply = {0};
    zc_job_write_progress(&job, &reply);
    client_output(control, client, &reply, ZC_CLIENT_WAITING);
}

/* Adds how the job has ended to what the client still has to take. */
static void client_conclude(zc_control *control, zc_client *client)
{
    pthread_mutex_lock(&control->lock);
    zc_job_write_end(&control->job, &client->output);
    client->state = ZC_CLIENT_SENDING;
    pthread_mutex_unlock(&control->lock);
    client->deadline_ns = zc_now_ns() + OUTPUT_TIMEOUT_NS;
    if (client->output.failed)
        client_close(control, client);
}

/* Before a client can ask for the next job, all that wait for this one learn how it ended. */
static void conclude_job(zc_control *control)
{
    pthread_mutex_lock(&control->lock);
    bool ended = control->job.state == ZC_JOB_ENDED;
    pthread_mutex_unlock(&control->lock);
    if (!ended)
        return;
    zc_job_join(control);
    for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
        if (control->clients[i].state == ZC_CLIENT_WAITING)
            client_conclude(control, &control->clients[i]);
    pthread_mutex_lock(&control->lock);
    control->job.state = ZC_JOB_TOLD;
    pthread_mutex_unlock(&control->lock);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static zc_client *find_free(zc_control *control)
{
    for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
        if (control->clients[i].state == ZC_CLIENT_FREE)
            return &control->clients[i];
    return NULL;
}

/* A first message always fits into the buffer of a new connection. */
static void turn_away(int fd, zcache_status status, const char *reason)
{
    zc_reply reply = {0};
    zc_reply_end(&reply, status, reason);
    if (!reply.failed) {
        ssize_t sent = send(fd, reply.text, reply.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent; /* it is let go in any case */
    }
    zc_reply_free(&reply);
    close(fd);
}

/* False: none came, for want of descriptors or memory. */
static bool accept_client(zc_control *control)
{
    zc_client *client = find_free(control);
    pthread_mutex_lock(&control->lock);
    int fd = accept4(control->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int error = errno;
    if (fd >= 0 && client != NULL) {
        client->fd = fd;
        client->state = ZC_CLIENT_READING;
    }
    pthread_mutex_unlock(&control->lock);
    if (fd < 0)
        return error == EAGAIN || error == EINTR || error == ECONNABORTED;
    if (client == NULL) {
        turn_away(fd, ZCACHE_E_BUSY, "the control socket has too many clients now");
        return true;
    }
    client->used = 0;
    client->sent = 0;
    client->deadline_ns = zc_now_ns() + REQUEST_TIMEOUT_NS;
    if (!zc_socket_trusts(fd))
        client_refuse(control, client, ZCACHE_E_REFUSED,
                      "only the user that the process runs as, and root, may control it");
    return true;
}

/* ---- the loop -------------------------------------------------------------------------------- */

typedef struct loop {
    zc_control *control;
    struct pollfd polls[ZC_CONTROL_CLIENTS + 2]; /* of the clients; then the socket, the wake-up */
    int64_t accept_after_ns;
    uint64_t told; /* of the job's progress */
} loop;

static int poll_timeout_ms(int64_t deadline_ns)
{
    if (deadline_ns == INT64_MAX)
        return -1;
    int64_t left_ns = deadline_ns - zc_now_ns();
    return left_ns <= 0 ? 0 : (int)(left_ns / ZC_NS_PER_MS + 1);
}

static void wait_for_something(loop *at)
{
    zc_control *control = at->control;
    int64_t deadline_ns = INT64_MAX;
    for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++) {
        const zc_client *client = &control->clients[i];
        bool used = client->state != ZC_CLIENT_FREE;
        short events = client->state == ZC_CLIENT_READING ? POLLIN : 0;
        if (used && has_output(client))
            events |= POLLOUT;
        at->polls[i] = (struct pollfd){.fd = used ? client->fd : -1, .events = events};
        if (used && client->deadline_ns < deadline_ns)
            deadline_ns = client->deadline_ns;
    }
    bool accepting = zc_now_ns() >= at->accept_after_ns;
    if (!accepting && at->accept_after_ns < deadline_ns)
        deadline_ns = at->accept_after_ns;
    at->polls[ZC_CONTROL_CLIENTS] =
        (struct pollfd){.fd = accepting ? control->socket.fd : -1, .events = POLLIN};
    at->polls[ZC_CONTROL_CLIENTS + 1] = (struct pollfd){.fd = control->wake, .events = POLLIN};
    if (poll(at->polls, ZC_CONTROL_CLIENTS + 2, poll_timeout_ms(deadline_ns)) < 0)
        for (size_t i = 0; i < ZC_CONTROL_CLIENTS + 2; i++)
            at->polls[i].revents = 0;
}

static void serve(loop *at, size_t i)
{
    zc_control *control = at->control;
    zc_client *client = &control->clients[i];
    short events = at->polls[i].revents;
    if (client->state == ZC_CLIENT_FREE)
        return;
    if (client->state == ZC_CLIENT_READING && (events & (POLLIN | POLLHUP)) != 0)
        client_read(control, client);
    else if ((events & (POLLERR | POLLHUP)) != 0)
        client_close(control, client);
    if (client->state == ZC_CLIENT_READY)
        client_run(control, client);
    if (client->state == ZC_CLIENT_WAITING)
        client_follow(control, client, &at->told);
    if (client->state != ZC_CLIENT_FREE && has_output(client))
        client_send(control, client);
    if (client->state == ZC_CLIENT_FREE || zc_now_ns() < client->deadline_ns)
        return;
    if (client->state == ZC_CLIENT_READING)
        client_refuse(control, client, ZCACHE_E_TIMEOUT, "the request took too long to come");
    else
        client_close(control, client);
}

static bool is_to_stop(zc_control *control)
{
    pthread_mutex_lock(&control->lock);
    bool stop = control->stop;
    pthread_mutex_unlock(&control->lock);
    return stop;
}

static void *run_server(void *argument)
{
    loop at = {.control = argument};
    zc_control *control = argument;
    while (!is_to_stop(control)) {
        wait_for_something(&at);
        uint64_t events;
        ssize_t drained = at.polls[ZC_CONTROL_CLIENTS + 1].revents != 0
                              ? read(control->wake, &events, sizeof(events))
                              : 0;
        (void)drained; /* it does not block, and what woke us is looked for anyway */
        conclude_job(control);
        for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
            serve(&at, i);
        if (at.polls[ZC_CONTROL_CLIENTS].revents != 0 && !accept_client(control))
            at.accept_after_ns = zc_now_ns() + ACCEPT_PAUSE_NS;
    }
    return NULL;
}

/* ---- from outside ---------------------------------------------------------------------------- */

static void control_locks_start(zc_control *control)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&control->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&control->lock, NULL);
}

static void control_free(zc_control *control)
{
    for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
        zc_reply_free(&control->clients[i].output);
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    zc_free(control);
}

zcache_status zc_control_open(zc_cache *cache, const zc_config *config)
{
    const char *pattern = zc_config_control(config)->socket;
    if (pattern == NULL || *pattern == '\0')
        return ZCACHE_OK;
    zc_control *control = zc_calloc(1, sizeof(*control));
    if (control == NULL)
        return zc_error_nomem();
    control->cache = cache;
    control->opened_ns = zc_now_ns();
    control_locks_start(control);
    control->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    zcache_status status =
        control->wake >= 0
            ? zc_socket_listen(&control->socket, pattern)
            : zc_error(ZCACHE_E_CONFIG, "[control] socket: eventfd: %s", strerror(errno));
    if (status == ZCACHE_OK &&
        zc_thread_start(&control->server, "zcache-control", run_server, control) != 0) {
        zc_socket_close(&control->socket);
        status = zc_error(ZCACHE_E_NOMEM, "[control] socket: no thread could be started");
    }
    if (status != ZCACHE_OK) {
        if (control->wake >= 0)
            close(control->wake);
        control_free(control);
        return status;
    }
    cache->control = control;
    return ZCACHE_OK;
}

static bool is_busy(const zc_control *control)
{
    return control->running || control->job.state == ZC_JOB_RUNNING;
}

bool zc_control_pause(zc_cache *cache, int64_t deadline_ns)
{
    zc_control *control = cache->control;
    if (control == NULL || control->inherited)
        return true;
    const struct timespec deadline = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    pthread_mutex_lock(&control->lock);
    control->paused = true; /* a copy that we began gives up when it tells its progress */
    int error = 0;
    while (is_busy(control) && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&control->changed, &control->lock, &deadline);
    bool idle = !is_busy(control);
    pthread_mutex_unlock(&control->lock);
    return idle;
}

void zc_control_resume(zc_cache *cache)
{
    zc_control *control = cache->control;
    if (control == NULL || control->inherited)
        return;
    pthread_mutex_lock(&control->lock);
    control->paused = false;
    pthread_mutex_unlock(&control->lock);
    zc_control_wake(control);
}

void zc_control_stop(zc_cache *cache)
{
    zc_control *control = cache->control;
    cache->control = NULL;
    if (control == NULL)
        return;
    if (!control->inherited) {
        pthread_mutex_lock(&control->lock);
        control->stop = true;
        pthread_mutex_unlock(&control->lock);
        zc_control_wake(control);
        pthread_join(control->server, NULL);
        zc_job_join(control);
        zc_socket_close(&control->socket);
        for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
            if (control->clients[i].state != ZC_CLIENT_FREE)
                close(control->clients[i].fd);
        close(control->wake);
    }
    control_free(control);
}

void zc_control_fork(zc_cache *cache, zcache_fork_phase phase)
{
    zc_control *control = cache->control;
    if (control == NULL || control->inherited)
        return;
    if (phase == ZCACHE_FORK_PREPARE) {
        pthread_mutex_lock(&control->lock);
        return;
    }
    pthread_mutex_unlock(&control->lock);
    if (phase == ZCACHE_FORK_PARENT)
        return;
    control->inherited = true;
    control_locks_start(control); /* the parent's threads may have been waiting */
    close(control->socket.fd);
    close(control->wake);
    for (size_t i = 0; i < ZC_CONTROL_CLIENTS; i++)
        if (control->clients[i].state != ZC_CLIENT_FREE)
            close(control->clients[i].fd);
}
