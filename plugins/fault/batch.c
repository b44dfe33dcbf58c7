/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Faults of keys: in a batch each is struck by itself. The layer below is given the others, as one
 * batch still; where none is struck, it is given what came.
 */
#include <string.h>

#include "fault/fault.h"

/* What is left of a batch. */
typedef struct fault_split {
    size_t count;
    size_t *map;             /* where each stood; NULL: all are left */
    void *elements;          /* copies of what was at these places */
    zcache_status *statuses; /* room for as many */
} fault_split;

static bool is_struck(const fault_call *call, const fault_keys *keys, size_t i)
{
    const zcache_slice *key = fault_key(keys, i);
    return fault_strikes(&call->place, FAULT_ERROR, i, key) ||
           fault_strikes(&call->place, FAULT_DROP, i, key);
}

/* Takes the struck keys out. `copied`: the elements are to be changed, so they are copied though all
 * of them are left. */
static zcache_status split_make(const fault_call *call, const fault_keys *keys, bool copied,
                                fault_split *split)
{
    size_t first = 0;
    while (first < keys->count && !is_struck(call, keys, first))
        first++;
    *split = (fault_split){.count = keys->count};
    if (first == keys->count && !copied)
        return ZCACHE_OK;
    const zcache_host *host = call->self->host;
    char *block =
        host->alloc(keys->count * (sizeof(size_t) + keys->stride + sizeof(zcache_status)));
    if (block == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "fault: out of memory taking a batch apart");
    split->map = (size_t *)(void *)block;
    split->elements = block + keys->count * sizeof(size_t);
    split->statuses =
        (zcache_status *)(void *)(block + keys->count * (sizeof(size_t) + keys->stride));
    split->count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        if (i >= first && is_struck(call, keys, i))
            continue;
        memcpy((char *)split->elements + split->count * keys->stride, fault_key(keys, i),
               keys->stride);
        split->map[split->count++] = i;
    }
    return ZCACHE_OK;
}

static void split_free(const fault_call *call, fault_split *split)
{
    call->self->host->free(split->map);
}

/* Tells each key that was taken out: an error to answer it with, or ZCACHE_OK: it was dropped. */
typedef void struck_fn(void *user, size_t i, zcache_status status);

static void tell_struck(const fault_call *call, const fault_keys *keys, const fault_split *split,
                        struck_fn *tell, void *user)
{
    uint64_t errors = 0, drops = 0;
    size_t next = 0;
    for (size_t i = 0; split->map != NULL && i < keys->count; i++) {
        if (next < split->count && split->map[next] == i) {
            next++;
            continue;
        }
        bool error = fault_strikes(&call->place, FAULT_ERROR, i, fault_key(keys, i));
        tell(user, i,
             !error        ? ZCACHE_OK
             : errors == 0 ? fault_error(call)
                           : call->place.plan->status);
        errors += error;
        drops += !error;
    }
    if (errors > 0)
        fault_count(call->self, FAULT_ERROR, errors);
    if (drops > 0)
        fault_count(call->self, FAULT_DROP, drops);
}

/* What every operation begins with: the wait, and the struck keys told. */
static zcache_status split_begin(fault_call *call, const fault_keys *keys, bool copied,
                                 struck_fn *tell, void *user, fault_split *split)
{
    zcache_status status = fault_wait(call, keys);
    if (status == ZCACHE_OK)
        status = split_make(call, keys, copied, split);
    if (status == ZCACHE_OK)
        tell_struck(call, keys, split, tell, user);
    return status;
}

/* Whether value number i is to be corrupted. An empty one has nothing to flip. */
static bool is_corrupted(const fault_call *call, size_t i, zcache_slice key, zcache_slice value)
{
    return value.size > 0 && fault_strikes(&call->place, FAULT_CORRUPT, i, &key);
}

/* A copy with some bytes in a row changed, beginning anywhere; NULL: out of memory. */
static char *corrupt(const fault_call *call, size_t i, zcache_slice value)
{
    const zcache_host *host = call->self->host;
    char *copy = host->alloc(value.size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, value.data, value.size);
    uint64_t hash = fault_hash(&call->place, FAULT_FLIP, i);
    size_t most = (size_t)call->place.plan->options->corrupt_bytes;
    for (size_t j = 0; j < most && j < value.size; j++) {
        char *byte = &copy[(hash + j) % value.size];
        *byte = (char)(*byte ^ (char)(1 + ((hash >> 32) + 37 * j) % 255)); /* never by 0 */
    }
    fault_count(call->self, FAULT_CORRUPT, 1);
    return copy;
}

/* ---- reads ----------------------------------------------------------------------------------- */

/* Gives answers their places back, and corrupts values on their way out. */
typedef struct fault_sink {
    zcache_sink sink; /* first: the layer below gives its address back */
    const fault_call *call;
    const fault_split *split;
    const zcache_slice *keys;
    zcache_sink *outer;
} fault_sink;

static size_t place_of(const fault_sink *own, size_t i)
{
    return own->split->map != NULL ? own->split->map[i] : i;
}

static void pass_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    fault_sink *own = (fault_sink *)sink;
    size_t at = place_of(own, i);
    if (!is_corrupted(own->call, at, own->keys[at], value)) {
        own->outer->hit(own->outer, at, value, meta);
        return;
    }
    const zcache_host *host = own->call->self->host;
    char *copy = corrupt(own->call, at, value);
    if (copy != NULL)
        own->outer->hit(own->outer, at, zcache_bytes_of(copy, value.size), meta);
    else
        own->outer->fail(own->outer, at,
                         host->error(host, ZCACHE_E_NOMEM,
                                     "fault: out of memory corrupting %zu bytes", value.size));
    host->free(copy);
}

static void pass_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    fault_sink *own = (fault_sink *)sink;
    own->outer->fail(own->outer, place_of(own, i), status);
}

/* A key that was dropped is not reported: it is a miss. */
static void fail_read(void *user, size_t i, zcache_status status)
{
    zcache_sink *sink = user;
    if (status != ZCACHE_OK)
        sink->fail(sink, i, status);
}

static zcache_status read_keys(fault_call *call, size_t n, const zcache_slice keys[],
                               zcache_sink *sink, zcache_get_fn *read, void *below)
{
    const fault_keys all = {keys, sizeof(*keys), n};
    fault_split split;
    zcache_status status = split_begin(call, &all, false, fail_read, sink, &split);
    if (status != ZCACHE_OK)
        return status;
    fault_sink own = {{pass_hit, pass_fail}, call, &split, keys, sink};
    bool through = split.map == NULL && !fault_can(&call->place, FAULT_CORRUPT);
    if (split.count > 0)
        status = read(below, &call->call, split.count, split.map != NULL ? split.elements : keys,
                      through ? sink : &own.sink);
    split_free(call, &split);
    return status;
}

zcache_status fault_get(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                        zcache_sink *sink)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_GET, call, &begun))
        return next->get.call(next->get.self, call, n, keys, sink);
    return read_keys(&begun, n, keys, sink, next->get.call, next->get.self);
}

zcache_status fault_peek(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                         zcache_sink *sink)
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_PEEK, call, &begun))
        return next->peek.call(next->peek.self, call, n, keys, sink);
    return read_keys(&begun, n, keys, sink, next->peek.call, next->peek.self);
}

/* ---- set, incr ------------------------------------------------------------------------------- */

static void answer_item(void *user, size_t i, zcache_status status)
{
    ((zcache_item *)user)[i].status = status;
}

static bool any_corrupted(const fault_call *call, size_t n, const zcache_item items[])
{
    size_t i = 0;
    while (fault_can(&call->place, FAULT_CORRUPT) && i < n &&
           !is_corrupted(call, i, items[i].key, items[i].value))
        i++;
    return fault_can(&call->place, FAULT_CORRUPT) && i < n;
}

static void free_corrupted(const fault_call *call, const fault_split *split,
                           const zcache_item items[])
{
    const zcache_item *left = split->elements;
    for (size_t j = 0; split->map != NULL && j < split->count; j++) {
        const zcache_item *item = &items[split->map[j]];
        if (is_corrupted(call, split->map[j], item->key, item->value))
            call->self->host->free((void *)(uintptr_t)left[j].value.data);
    }
}

/* Gives what is left corrupted copies of the values that are meant. */
static zcache_status make_corrupted(const fault_call *call, const fault_split *split)
{
    zcache_item *left = split->elements;
    for (size_t j = 0; split->map != NULL && j < split->count; j++) {
        if (!is_corrupted(call, split->map[j], left[j].key, left[j].value))
            continue;
        const char *copy = corrupt(call, split->map[j], left[j].value);
        if (copy == NULL) {
            const zcache_host *host = call->self->host;
            for (size_t k = j; k < split->count; k++)
                left[k].value = zcache_bytes_of(NULL, 0); /* no copies to be freed */
            return host->error(host, ZCACHE_E_NOMEM, "fault: out of memory corrupting a value");
        }
        left[j].value.data = copy;
    }
    return ZCACHE_OK;
}

zcache_status fault_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_SET, call, &begun))
        return next->set.call(next->set.self, call, n, items);
    const fault_keys all = {items, sizeof(*items), n};
    fault_split split;
    zcache_status status =
        split_begin(&begun, &all, any_corrupted(&begun, n, items), answer_item, items, &split);
    if (status != ZCACHE_OK)
        return status;
    zcache_item *left = split.map != NULL ? split.elements : items;
    status = make_corrupted(&begun, &split);
    if (status == ZCACHE_OK && split.count > 0)
        status = next->set.call(next->set.self, &begun.call, split.count, left);
    for (size_t j = 0; split.map != NULL && j < split.count; j++)
        items[split.map[j]].status = left[j].status;
    free_corrupted(&begun, &split, items);
    split_free(&begun, &split);
    return status;
}

static void answer_increment(void *user, size_t i, zcache_status status)
{
    ((zcache_increment *)user)[i].status = status;
}

zcache_status fault_incr(void *self, const zcache_call *call, size_t n,
                         zcache_increment increments[])
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_INCR, call, &begun))
        return next->incr.call(next->incr.self, call, n, increments);
    const fault_keys all = {increments, sizeof(*increments), n};
    fault_split split;
    zcache_status status = split_begin(&begun, &all, false, answer_increment, increments, &split);
    if (status != ZCACHE_OK)
        return status;
    zcache_increment *left = split.map != NULL ? split.elements : increments;
    if (split.count > 0)
        status = next->incr.call(next->incr.self, &begun.call, split.count, left);
    for (size_t j = 0; split.map != NULL && j < split.count; j++)
        increments[split.map[j]] = left[j];
    split_free(&begun, &split);
    return status;
}

/* ---- del, touch ------------------------------------------------------------------------------ */

static void answer_status(void *user, size_t i, zcache_status status)
{
    ((zcache_status *)user)[i] = status;
}

/* The two differ in one argument only. */
static zcache_status change_keys(fault_call *call, size_t n, const zcache_slice keys[],
                                 const int64_t *ttl_ms, zcache_status statuses[])
{
    const zcache_layer *next = call->self->host->next;
    const fault_keys all = {keys, sizeof(*keys), n};
    fault_split split;
    zcache_status status = split_begin(call, &all, false, answer_status, statuses, &split);
    if (status != ZCACHE_OK)
        return status;
    const zcache_slice *left = split.map != NULL ? split.elements : keys;
    zcache_status *answers = split.map != NULL ? split.statuses : statuses;
    for (size_t j = 0; split.map != NULL && j < split.count; j++)
        answers[j] = statuses[split.map[j]]; /* what stands there until it is answered */
    if (split.count > 0 && ttl_ms != NULL)
        status =
            next->touch.call(next->touch.self, &call->call, split.count, left, *ttl_ms, answers);
    else if (split.count > 0)
        status = next->del.call(next->del.self, &call->call, split.count, left, answers);
    for (size_t j = 0; split.map != NULL && j < split.count; j++)
        statuses[split.map[j]] = answers[j];
    split_free(call, &split);
    return status;
}

zcache_status fault_del(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                        zcache_status status[])
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_DEL, call, &begun))
        return next->del.call(next->del.self, call, n, keys, status);
    return change_keys(&begun, n, keys, NULL, status);
}

zcache_status fault_touch(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                          int64_t ttl_ms, zcache_status status[])
{
    const zcache_layer *next = ((fault *)self)->host->next;
    fault_call begun;
    if (!fault_begin(self, FAULT_TOUCH, call, &begun))
        return next->touch.call(next->touch.self, call, n, keys, ttl_ms, status);
    return change_keys(&begun, n, keys, &ttl_ms, status);
}
