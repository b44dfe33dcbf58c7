/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One thread polls everything. A link is a client's connection and ours to the server, with a
 * buffer for the reply bytes that may not go on yet. Requests go on at once.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define LINKS  256
#define BUFFER 65536

typedef struct link_state {
    int client, server; /* client -1: a free place */
    size_t forwarded;   /* reply bytes since the fault was set */
    int64_t due_ms;     /* when the buffered reply may go on */
    size_t held;
    char reply[BUFFER];
} link_state;

typedef struct settings {
    proxy_fault fault;
    size_t bytes;
    int64_t interval_ms;
} settings;

struct proxy {
    const server *to;
    int listener; /* -1 while refusing */
    int port;
    int wake[2]; /* a byte on it: the settings below have changed, or it shall end */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the next five */
    pthread_cond_t applied;
    settings next;
    unsigned wanted, done; /* changes asked for, changes applied */
    bool end;
    size_t accepted;
    char address[32];
    char setting[64];
    /* the thread's own: */
    settings now;
    struct pollfd set[2 + 2 * LINKS];
    link_state links[LINKS];
};

static void die(const char *doing)
{
    printf("Bail out! the proxy cannot %s: %s\n", doing, strerror(errno));
    exit(1);
}

static void listen_again(proxy *one)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)one->port)};
    socklen_t size = sizeof(address);
    int yes = 1;
    one->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (one->listener < 0 ||
        setsockopt(one->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(one->listener, (void *)&address, size) != 0 || listen(one->listener, 64) != 0 ||
        getsockname(one->listener, (void *)&address, &size) != 0)
        die("listen");
    one->port = ntohs(address.sin_port);
}

static void close_link(link_state *link)
{
    if (link->client < 0)
        return;
    close(link->client);
    close(link->server);
    link->client = -1;
}

static void accept_one(proxy *one)
{
    int client = accept4(one->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    link_state *link = NULL;
    for (size_t i = 0; i < LINKS && link == NULL; i++)
        if (one->links[i].client < 0)
            link = &one->links[i];
    if (link == NULL)
        die("hold so many connections");
    int yes = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    link->server = server_try_connect(one->to);
    if (link->server < 0) {
        close(client);
        return;
    }
    link->client = client;
    link->forwarded = link->held = 0;
    pthread_mutex_lock(&one->lock);
    one->accepted++;
    pthread_mutex_unlock(&one->lock);
}

/* Requests: read from the client, on to the server. */
static void pass_request(proxy *one, link_state *link)
{
    char request[BUFFER];
    ssize_t size = recv(link->client, request, sizeof(request), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        close_link(link);
        return;
    }
    if (one->now.fault == PROXY_BLACKHOLE)
        return;
    for (ssize_t sent = 0, part; sent < size; sent += part) {
        part = send(link->server, request + sent, (size_t)(size - sent), MSG_NOSIGNAL);
        if (part <= 0) {
            close_link(link);
            return;
        }
    }
}

static void take_reply(proxy *one, link_state *link)
{
    ssize_t size = recv(link->server, link->reply + link->held, BUFFER - link->held, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        close_link(link);
        return;
    }
    if (one->now.fault == PROXY_BLACKHOLE)
        return;
    if (link->held == 0)
        link->due_ms =
            one->now.fault == PROXY_DELAY ? clock_ms() + one->now.interval_ms : clock_ms();
    link->held += (size_t)size;
}

/* Sends what of the buffered reply may go on now. */
static void pass_reply(proxy *one, link_state *link)
{
    size_t size = link->held;
    if (one->now.fault == PROXY_BLACKHOLE || clock_ms() < link->due_ms)
        return;
    if (one->now.fault == PROXY_DRIP && size > one->now.bytes)
        size = one->now.bytes;
    if (one->now.fault == PROXY_CUT && size > one->now.bytes - link->forwarded)
        size = one->now.bytes - link->forwarded;
    ssize_t sent = send(link->client, link->reply, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) {
        link->due_ms = clock_ms() + 1;
        return;
    }
    if (sent < 0) {
        close_link(link);
        return;
    }
    link->held -= (size_t)sent;
    memmove(link->reply, link->reply + sent, link->held);
    link->forwarded += (size_t)sent;
    if (one->now.fault == PROXY_CUT && link->forwarded >= one->now.bytes)
        close_link(link);
    if (one->now.fault == PROXY_DRIP)
        link->due_ms = clock_ms() + one->now.interval_ms;
}

/* Applies what proxy_set asked for; false: it shall end. Called with the lock. */
static bool apply(proxy *one)
{
    char bytes[64];
    while (read(one->wake[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
        ;
    if (one->done != one->wanted) {
        one->now = one->next;
        for (size_t i = 0; i < LINKS; i++) {
            one->links[i].forwarded = 0;
            one->links[i].due_ms = 0;
            if (one->now.fault == PROXY_BLACKHOLE)
                one->links[i].held = 0;
            if (one->now.fault == PROXY_REFUSE)
                close_link(&one->links[i]);
        }
        if (one->now.fault == PROXY_REFUSE && one->listener >= 0) {
            close(one->listener);
            one->listener = -1;
        } else if (one->now.fault != PROXY_REFUSE && one->listener < 0) {
            listen_again(one);
        }
        one->done = one->wanted;
        pthread_cond_broadcast(&one->applied);
    }
    return !one->end;
}

static int poll_set(proxy *one)
{
    struct pollfd *set = one->set;
    int64_t wait_ms = 1000, now_ms = clock_ms();
    set[0] = (struct pollfd){.fd = one->wake[0], .events = POLLIN};
    set[1] = (struct pollfd){.fd = one->listener, .events = POLLIN};
    for (size_t i = 0; i < LINKS; i++) {
        const link_state *link = &one->links[i];
        bool open = link->client >= 0;
        set[2 + 2 * i] = (struct pollfd){.fd = open ? link->client : -1, .events = POLLIN};
        set[3 + 2 * i] = (struct pollfd){.fd = open && link->held < BUFFER ? link->server : -1,
                                         .events = POLLIN};
        if (open && link->held > 0 && link->due_ms - now_ms < wait_ms)
            wait_ms = link->due_ms > now_ms ? link->due_ms - now_ms : 0;
    }
    return (int)wait_ms;
}

static void *proxy_thread(void *argument)
{
    proxy *one = argument;
    struct pollfd *set = one->set;
    for (;;) {
        int wait_ms = poll_set(one);
        if (poll(set, 2 + 2 * LINKS, wait_ms) < 0 && errno != EINTR)
            die("poll");
        pthread_mutex_lock(&one->lock);
        bool go_on = apply(one);
        pthread_mutex_unlock(&one->lock);
        if (!go_on)
            return NULL;
        for (size_t i = 0; i < LINKS; i++) {
            link_state *link = &one->links[i];
            if (link->client >= 0 && set[2 + 2 * i].revents != 0)
                pass_request(one, link);
            if (link->client >= 0 && set[3 + 2 * i].revents != 0)
                take_reply(one, link);
            if (link->client >= 0 && link->held > 0)
                pass_reply(one, link);
        }
        if (one->listener >= 0 && set[1].revents != 0)
            accept_one(one);
    }
}

proxy *proxy_start(const server *to)
{
    proxy *one = calloc(1, sizeof(*one));
    if (one == NULL || pipe2(one->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        die("start");
    one->to = to;
    for (size_t i = 0; i < LINKS; i++)
        one->links[i].client = -1;
    listen_again(one);
    snprintf(one->address, sizeof(one->address), "127.0.0.1:%d", one->port);
    snprintf(one->setting, sizeof(one->setting), "%s%s",
             server_kind_of(to) == SERVER_REDIS ? "redis.url=redis://" : "memcached.servers=",
             one->address);
    pthread_mutex_init(&one->lock, NULL);
    pthread_cond_init(&one->applied, NULL);
    if (pthread_create(&one->thread, NULL, proxy_thread, one) != 0)
        die("create its thread");
    return one;
}

static void wake(proxy *one)
{
    if (write(one->wake[1], "", 1) != 1 && errno != EAGAIN)
        die("wake its thread");
}

void proxy_free(proxy *one)
{
    if (one == NULL)
        return;
    pthread_mutex_lock(&one->lock);
    one->end = true;
    pthread_mutex_unlock(&one->lock);
    wake(one);
    pthread_join(one->thread, NULL);
    for (size_t i = 0; i < LINKS; i++)
        close_link(&one->links[i]);
    if (one->listener >= 0)
        close(one->listener);
    close(one->wake[0]);
    close(one->wake[1]);
    pthread_mutex_destroy(&one->lock);
    pthread_cond_destroy(&one->applied);
    free(one);
}

void proxy_set(proxy *one, proxy_fault fault, size_t bytes, int64_t interval_ms)
{
    pthread_mutex_lock(&one->lock);
    one->next = (settings){fault, bytes, interval_ms};
    unsigned mine = ++one->wanted;
    wake(one);
    while (one->done < mine)
        pthread_cond_wait(&one->applied, &one->lock);
    pthread_mutex_unlock(&one->lock);
}

const char *proxy_setting(const proxy *one)
{
    return one->setting;
}

const char *proxy_address(const proxy *one)
{
    return one->address;
}

size_t proxy_accepted(proxy *one)
{
    pthread_mutex_lock(&one->lock);
    size_t accepted = one->accepted;
    pthread_mutex_unlock(&one->lock);
    return accepted;
}
