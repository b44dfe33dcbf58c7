/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the files of the control socket share: server.c has the thread and its clients, commands.c
 * carries requests out, job.c has the thread of a swap.
 */
#ifndef ZC_CONTROL_STATE_H
#define ZC_CONTROL_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/error.h"
#include "control/control.h"
#include "control/reply.h"
#include "control/socket.h"
#include <zcache/admin.h>

#define ZC_CONTROL_CLIENTS 16

typedef enum zc_client_state {
    ZC_CLIENT_FREE,
    ZC_CLIENT_READING, /* its request comes in */
    ZC_CLIENT_READY,   /* its request is there */
    ZC_CLIENT_WAITING, /* for the swap to end */
    ZC_CLIENT_SENDING  /* its reply is complete and goes out */
} zc_client_state;

/* Used by the server's thread; what a forked child has to close or free changes with the lock. */
typedef struct zc_client {
    zc_client_state state;
    int fd;
    size_t used;         /* of `line` */
    zc_reply output;     /* what is still to be sent */
    size_t sent;         /* of it */
    int64_t deadline_ns; /* for its request, or for taking the output; INT64_MAX: none */
    char line[ZCACHE_CONTROL_LINE_MAX];
} zc_client;

/* The last swap or reload that a client asked for. */
typedef struct zc_job {
    enum {
        ZC_JOB_NONE,
        ZC_JOB_RUNNING,
        ZC_JOB_ENDED, /* and clients that wait are not told yet */
        ZC_JOB_TOLD
    } state;
    bool reload;
    char provider[ZCACHE_NAME_SIZE]; /* of a swap */
    zcache_swap_mode mode;
    bool verify;
    int64_t rate;
    uint64_t progress_count; /* how often `progress` was written */
    zcache_swap_progress progress;
    zcache_swap_report report; /* this and the next once it has ended, with success */
    zcache_reload_report reloaded;
    zcache_status status;
    char message[ZC_ERROR_MAX];
} zc_job;

struct zc_control {
    zc_cache *cache;
    zc_socket socket;
    int wake; /* an eventfd: something below has changed */
    int64_t opened_ns;
    pthread_t server;

    /* Guards all below but what zc_client says. Held for short: never while a command runs. Order:
     * after cache->lock; nothing is locked while it is held. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a command or job has ended */
    bool stop, paused;
    bool running;        /* a command is under way */
    bool inherited;      /* this is a forked child */
    bool worker_started; /* `worker` is to be joined */
    pthread_t worker;
    zc_job job;
    zc_client clients[ZC_CONTROL_CLIENTS];
};

/* Makes the server look again. */
void zc_control_wake(zc_control *control);

/* Carries out one request (a line without its newline) and writes the reply; true: the rest of it
 * comes when the job ends. */
bool zc_command_run(zc_control *control, char *request, zc_reply *reply);

/* Starts a swap. Errors: ZCACHE_E_BUSY, the one before goes on. */
zcache_status zc_job_start(zc_control *control, const zc_job *asked);
/* Waits for the thread of a job that has ended. */
void zc_job_join(zc_control *control);
/* For a client that waits: the line of its progress, the end of its reply. */
void zc_job_write_progress(const zc_job *job, zc_reply *reply);
void zc_job_write_end(const zc_job *job, zc_reply *reply);

#endif
