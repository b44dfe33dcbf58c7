/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One request to a control socket and its reply, line by line as they come.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"

#define PATIENCE_S     10
#define LINE_MAX_BYTES 16384

int ctl_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* The send timeout is that of connect, too. */
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

ZCACHE_PRINTF(3, 4)
static void fail(ctl_outcome *outcome, zcache_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outcome->status = status;
    vsnprintf(outcome->message, sizeof(outcome->message), format, arguments);
    va_end(arguments);
}

typedef struct reading {
    int fd;
    bool patient;
    ctl_line_fn *each;
    void *user;
    ctl_outcome *outcome;
    size_t used;
    char buffer[LINE_MAX_BYTES];
} reading;

/* True: it was the last line, or made no sense. */
static bool take_line(reading *reply, char *text)
{
    ctl_line line;
    if (!ctl_line_parse(text, &line)) {
        fail(reply->outcome, ZCACHE_E_PROTOCOL, "the reply makes no sense");
        return true;
    }
    if (!ctl_is(&line, "end")) {
        reply->each(reply->user, &line);
        return false;
    }
    int64_t code = ctl_number(&line, "code");
    reply->outcome->status =
        code >= INT32_MIN && code <= INT32_MAX ? (zcache_status)code : ZCACHE_E_PROTOCOL;
    snprintf(reply->outcome->message, sizeof(reply->outcome->message), "%s",
             ctl_text(&line, "message"));
    return true;
}

/* True: the reply has ended. */
static bool take_lines(reading *reply)
{
    char *newline;
    while ((newline = memchr(reply->buffer, '\n', reply->used)) != NULL) {
        size_t size = (size_t)(newline - reply->buffer) + 1;
        *newline = '\0';
        if (take_line(reply, reply->buffer))
            return true;
        memmove(reply->buffer, reply->buffer + size, reply->used - size);
        reply->used -= size;
    }
    if (reply->used < sizeof(reply->buffer))
        return false;
    fail(reply->outcome, ZCACHE_E_PROTOCOL, "the reply has a line that is too long");
    return true;
}

static void read_reply(reading *reply)
{
    for (;;) {
        ssize_t got =
            recv(reply->fd, reply->buffer + reply->used, sizeof(reply->buffer) - reply->used, 0);
        if (got > 0) {
            reply->used += (size_t)got;
            if (take_lines(reply))
                return;
        } else if (got == 0) {
            fail(reply->outcome, ZCACHE_E_UNAVAILABLE, "the process closed the connection");
            return;
        } else if (errno == EAGAIN) {
            if (reply->patient)
                continue;
            fail(reply->outcome, ZCACHE_E_TIMEOUT, "no answer in %d s", PATIENCE_S);
            return;
        } else if (errno != EINTR) {
            fail(reply->outcome, ZCACHE_E_UNAVAILABLE, "%s", strerror(errno));
            return;
        }
    }
}

ctl_outcome ctl_ask(const char *path, const char *request, bool patient, ctl_line_fn *each,
                    void *user)
{
    ctl_outcome outcome = {ZCACHE_OK, ""};
    char line[ZCACHE_CONTROL_LINE_MAX];
    int size = snprintf(line, sizeof(line), "%s\n", request);
    if (size < 0 || (size_t)size >= sizeof(line)) {
        fail(&outcome, ZCACHE_E_INVALID, "the request is too long");
        return outcome;
    }
    int fd = ctl_connect(path);
    if (fd < 0) {
        fail(&outcome, ZCACHE_E_UNAVAILABLE, "cannot connect: %s", strerror(errno));
        return outcome;
    }
    /* A server that refuses may have closed already: what it said is read in any case. */
    if (send(fd, line, (size_t)size, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        fail(&outcome, ZCACHE_E_UNAVAILABLE, "%s", strerror(errno));
    if (outcome.status == ZCACHE_OK) {
        reading reply = {
            .fd = fd, .patient = patient, .each = each, .user = user, .outcome = &outcome};
        read_reply(&reply);
    }
    close(fd);
    return outcome;
}
