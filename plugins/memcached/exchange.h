/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One round of requests and replies with several servers at once, by one deadline. Each server has
 * a job: the keys that are its own, a `fill` that writes their requests, a `take` that reads their
 * replies. All jobs run in one poll loop, so that a server that is slow, stopped or dead costs the
 * keys of the others nothing, and requests go out while replies come in, so that neither side can
 * wait for the other with full buffers.
 */
#ifndef MC_EXCHANGE_H
#define MC_EXCHANGE_H

#include "connection.h"
#include "pool.h"

#define MC_NO_KEY SIZE_MAX

#define MC_MARK_ANSWERED 1u /* the key has its answer */
#define MC_MARK_LINE_END 2u /* the last key of a request line */
#define MC_MARK_FIRST    4u /* the first of this key's two replies has come */

typedef struct mc_job mc_job;

/* Appends the request of the next key, or keys, and counts the replies to come in job->awaited;
 * sets job->filled when none is left. An error, with a message, ends the job. */
typedef zcache_status mc_fill_fn(mc_job *job);

/* Reads one reply at `data`. Returns the bytes it took, 0: it has not arrived whole; or an error
 * status (< 0), with a message: the connection is then out of step, and is closed. */
typedef int64_t mc_take_fn(mc_job *job, const char *data, size_t size);

typedef struct mc_work {
    mc_fill_fn *fill;
    mc_take_fn *take;
} mc_work;

struct mc_job {
    mc_client *client;
    mc_connection *connection;
    const mc_work *work;
    void *context;
    zcache_status status; /* ZCACHE_OK, or why the job ended early */
    bool used;            /* it has something to do */
    bool done;
    bool filled;  /* every request has been written */
    bool stopped; /* `take` wants no more: the connection is closed, the job is well */
    size_t awaited;
    size_t head;   /* the first key that has no answer yet, MC_NO_KEY: none */
    size_t unsent; /* the first key whose request is not yet written */
    size_t tail;
};

/* Begins a batch of up to n keys. False: out of memory. */
bool mc_batch_begin(mc_client *client, size_t n);

/* Gives key i to its server's job. False: the key is not in the declared form (never send it). */
bool mc_batch_add(mc_client *client, size_t i, zcache_slice key);

/* Gives the job of a server something to do without keys. */
mc_job *mc_batch_use(mc_client *client, size_t server);

/* Carries out the jobs in use. Afterwards the keys of a job from its head on that are not marked
 * MC_MARK_ANSWERED have its status, if that is an error. */
void mc_exchange(mc_client *client, const zcache_call *call, const mc_work *work, void *context);

/* Goes to the next key in the list of a job that has no answer yet, beginning with i itself. */
size_t mc_next_key(const mc_job *job, size_t i);

/* Takes the key at the job's head as answered, and goes to the next. Returns it. */
size_t mc_answer_head(mc_job *job);

/* Calls `fail` for each key that a broken job left without an answer. */
void mc_each_failed(mc_client *client, void (*fail)(void *context, size_t i, zcache_status status),
                    void *context);

#endif
