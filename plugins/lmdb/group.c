/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The writer's side of requests: taking them out of the queue into the group of a transaction, and
 * what becomes of them when it has ended. Here is all that the store's lock guards of them.
 */
#include "writer.h"

/* ---- the ends of requests -------------------------------------------------------------------- */

/* All under the store's lock. */

void lmdb_group_finish(lmdb_request *request)
{
    if (request->left) {
        lmdb_request_free(request);
        return;
    }
    request->stage = LMDB_DONE;
    pthread_cond_signal(&request->moved);
}

static void fail_rest(lmdb_request *request, const lmdb_failure *failure)
{
    for (size_t i = request->committed_at; i < request->count; i++)
        request->results[i].status = failure->status;
    request->failure = *failure;
    lmdb_group_finish(request);
}

void lmdb_group_fail_queue(lmdb_store *store, const lmdb_failure *failure)
{
    pthread_mutex_lock(&store->lock);
    while (store->first != NULL) {
        lmdb_request *request = store->first;
        store->first = request->next;
        fail_rest(request, failure);
    }
    store->last = NULL;
    pthread_mutex_unlock(&store->lock);
}

/* Takes the group's requests one by one; the last one first, so that what goes back to the head of
 * the queue keeps its order. */
static lmdb_request *group_reversed(lmdb_store *store)
{
    lmdb_request *reversed = NULL;
    while (store->group != NULL) {
        lmdb_request *request = store->group;
        store->group = request->next;
        request->next = reversed;
        reversed = request;
    }
    return reversed;
}

static void wait_again(lmdb_store *store, lmdb_request *request)
{
    request->at = request->committed_at;
    if (request->at == 0)
        request->failure.status = ZCACHE_OK; /* it is tried from the beginning */
    request->stage = LMDB_WAITING;
    request->next = store->first;
    store->first = request;
    if (store->last == NULL)
        store->last = request;
}

void lmdb_group_end(lmdb_store *store, bool committed, const lmdb_failure *failure)
{
    pthread_mutex_lock(&store->lock);
    lmdb_request *next, *request = group_reversed(store);
    for (; request != NULL; request = next) {
        next = request->next;
        if (committed)
            request->committed_at = request->at;
        if (failure != NULL)
            fail_rest(request, failure);
        else if (request->left || request->committed_at == request->count)
            lmdb_group_finish(request);
        else
            wait_again(store, request);
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---- taking them ----------------------------------------------------------------------------- */

lmdb_request *lmdb_group_next(lmdb_store *store, lmdb_request ***tail)
{
    pthread_mutex_lock(&store->lock);
    lmdb_request *request = store->first;
    if (request != NULL && request->apply == NULL)
        request = NULL;
    if (request != NULL) {
        store->first = request->next;
        if (store->first == NULL)
            store->last = NULL;
        request->next = NULL;
        request->stage = LMDB_APPLYING;
        **tail = request;
        *tail = &request->next;
    }
    pthread_mutex_unlock(&store->lock);
    return request;
}

/* ---- one that cannot be written -------------------------------------------------------------- */

bool lmdb_group_is_first(lmdb_store *store, uint64_t *serial)
{
    pthread_mutex_lock(&store->lock);
    uint64_t first = store->first != NULL ? store->first->serial : 0;
    pthread_mutex_unlock(&store->lock);
    bool same = first == *serial;
    *serial = first;
    return same;
}

void lmdb_group_refuse_first(lmdb_store *store, uint64_t serial, const lmdb_failure *failure)
{
    pthread_mutex_lock(&store->lock);
    lmdb_request *request = store->first;
    if (request != NULL && request->serial == serial) {
        request->failure = *failure;
        request->results[request->at].status = failure->status;
        request->committed_at = ++request->at;
        if (request->at == request->count) {
            store->first = request->next;
            if (store->first == NULL)
                store->last = NULL;
            lmdb_group_finish(request);
        }
    }
    pthread_mutex_unlock(&store->lock);
}
