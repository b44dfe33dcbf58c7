/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The callers' side of requests: making one, waiting for it, leaving it at the deadline.
 */
#include <errno.h>
#include <string.h>

#include "writer.h"

lmdb_request *lmdb_request_new(lmdb_store *store, lmdb_apply_fn *apply, const void *input,
                               size_t count, lmdb_failure *failure)
{
    lmdb_request *request = NULL;
    if (count <= (SIZE_MAX - sizeof(*request)) / sizeof(request->results[0]))
        request = store->alloc(sizeof(*request) + count * sizeof(request->results[0]));
    if (request == NULL) {
        lmdb_fail(failure, ZCACHE_E_NOMEM, "lmdb at %s: out of memory for a batch of %zu",
                  store->path, count);
        return NULL;
    }
    memset(request, 0, sizeof(*request));
    request->store = store;
    request->apply = apply;
    request->input = input;
    request->count = count;
    pthread_cond_init(&request->moved, &store->monotonic);
    return request;
}

void lmdb_request_free(lmdb_request *request)
{
    pthread_cond_destroy(&request->moved);
    request->store->free(request->prefix);
    request->store->free(request);
}

/* Takes a waiting request out of the queue. */
static void take_back(lmdb_store *store, lmdb_request *request)
{
    lmdb_request *before = NULL, *at = store->first;
    for (; at != request; at = at->next)
        before = at;
    if (before == NULL)
        store->first = request->next;
    else
        before->next = request->next;
    if (store->last == request)
        store->last = before;
}

/* Waits until the request is done, or may be left and the deadline has passed. */
static void await(lmdb_store *store, lmdb_request *request, int64_t deadline_ns)
{
    const struct timespec deadline = {.tv_sec = deadline_ns / 1000000000,
                                      .tv_nsec = deadline_ns % 1000000000};
    bool late = false;
    while (request->stage != LMDB_DONE) {
        if (!late)
            late = pthread_cond_timedwait(&request->moved, &store->lock, &deadline) == ETIMEDOUT;
        else if (request->stage == LMDB_APPLYING && !request->owned)
            pthread_cond_wait(&request->moved, &store->lock); /* it reads what is ours */
        else
            return;
    }
}

zcache_status lmdb_submit(lmdb_request *request, int64_t deadline_ns, lmdb_failure *failure)
{
    lmdb_store *store = request->store;
    request->deadline_ns = deadline_ns;
    /* in a forked child there is not even a writer yet */
    if (atomic_load_explicit(&store->state, memory_order_acquire) != LMDB_READY) {
        zcache_status status = lmdb_ready(store, deadline_ns, failure);
        if (status != ZCACHE_OK) {
            lmdb_request_free(request);
            return status;
        }
    }
    pthread_mutex_lock(&store->lock);
    request->serial = ++store->serial;
    if (store->last == NULL)
        store->first = request;
    else
        store->last->next = request;
    store->last = request;
    pthread_cond_signal(&store->work);
    await(store, request, deadline_ns);
    bool done = request->stage == LMDB_DONE, waits = request->stage == LMDB_WAITING;
    bool untouched = waits && request->committed_at == 0;
    if (waits)
        take_back(store, request);
    else if (!done)
        request->left = true; /* from here on it is the writer's */
    pthread_mutex_unlock(&store->lock);
    if (done)
        return ZCACHE_OK;
    if (waits)
        lmdb_request_free(request);
    if (untouched)
        return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                         "lmdb at %s: the deadline passed while another write was under way "
                         "(of another process perhaps); nothing was written",
                         store->path);
    return lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                     "lmdb at %s: the deadline passed while writing; it is not known what was "
                     "written",
                     store->path);
}
