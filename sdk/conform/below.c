/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a filter asks of the layer below, and what it makes of its errors. The filter stands on a
 * layer of the check's own here, which fails when it is told to, and else asks the memory provider.
 */
#include <pthread.h>

#include "check.h"
#include "op.h"

typedef struct below {
    zcache_layer layer;
    zcache_harness_instance instance; /* what the filter is opened above */
    const zcache_layer *memory;
    pthread_t thread;         /* of the check: a filter's own threads make calls of their own */
    const zcache_call *asked; /* what the filter was called with; NULL: nothing is compared */
    zcache_status failure;    /* of all operations; OK: none fails */
    bool of_keys;             /* it is told of each key, and the whole is OK */
    unsigned calls;
} below;

/* ---- the layer ------------------------------------------------------------------------------- */

static bool is_same_table(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static void look_at(below *self, conform_op op, const zcache_call *call)
{
    const zcache_call *asked = self->asked;
    const char *name = conform_op_names[op];
    if (!pthread_equal(pthread_self(), self->thread))
        return;
    self->calls++;
    if (asked == NULL)
        return;
    expect(call->deadline_ns <= asked->deadline_ns,
           "%s of the layer below was given %" PRId64 " ms more than the filter had", name,
           (call->deadline_ns - asked->deadline_ns) / 1000000);
    expect((call->flags & asked->flags) == asked->flags,
           "%s of the layer below was called with the flags 0x%" PRIx32
           ", where the filter was called with 0x%" PRIx32,
           name, call->flags, asked->flags);
    expect(is_same_table(call->table, asked->table),
           "%s of the layer below was told the table \"%s\", where the filter was told \"%s\"",
           name, call->table != NULL ? call->table : "(none)",
           asked->table != NULL ? asked->table : "(none)");
}

#define FAILS(statuses)                                 \
    if (own->failure != ZCACHE_OK) {                    \
        for (size_t i = 0; own->of_keys && i < n; i++)  \
            statuses = own->failure;                    \
        return own->of_keys ? ZCACHE_OK : own->failure; \
    }

/* Reads by `memory` and its self, get or peek, which have one type. */
static zcache_status read_below(below *own, conform_op op, zcache_get_fn *memory, void *memory_self,
                                const zcache_call *call, size_t n, const zcache_slice keys[],
                                zcache_sink *sink)
{
    look_at(own, op, call);
    if (own->failure == ZCACHE_OK)
        return memory(memory_self, call, n, keys, sink);
    for (size_t i = 0; own->of_keys && i < n; i++)
        sink->fail(sink, i, own->failure);
    return own->of_keys ? ZCACHE_OK : own->failure;
}

static zcache_status below_get(void *self, const zcache_call *call, size_t n,
                               const zcache_slice keys[], zcache_sink *sink)
{
    below *own = self;
    return read_below(own, CONFORM_GET, own->memory->get.call, own->memory->get.self, call, n, keys,
                      sink);
}

static zcache_status below_peek(void *self, const zcache_call *call, size_t n,
                                const zcache_slice keys[], zcache_sink *sink)
{
    below *own = self;
    return read_below(own, CONFORM_PEEK, own->memory->peek.call, own->memory->peek.self, call, n,
                      keys, sink);
}

static zcache_status below_set(void *self, const zcache_call *call, size_t n, zcache_item items[])
{
    below *own = self;
    look_at(own, CONFORM_SET, call);
    FAILS(items[i].status)
    return own->memory->set.call(own->memory->set.self, call, n, items);
}

static zcache_status below_del(void *self, const zcache_call *call, size_t n,
                               const zcache_slice keys[], zcache_status status[])
{
    below *own = self;
    look_at(own, CONFORM_DEL, call);
    FAILS(status[i])
    return own->memory->del.call(own->memory->del.self, call, n, keys, status);
}

static zcache_status below_touch(void *self, const zcache_call *call, size_t n,
                                 const zcache_slice keys[], int64_t ttl_ms, zcache_status status[])
{
    below *own = self;
    look_at(own, CONFORM_TOUCH, call);
    FAILS(status[i])
    return own->memory->touch.call(own->memory->touch.self, call, n, keys, ttl_ms, status);
}

static zcache_status below_incr(void *self, const zcache_call *call, size_t n,
                                zcache_increment increments[])
{
    below *own = self;
    look_at(own, CONFORM_INCR, call);
    FAILS(increments[i].status)
    return own->memory->incr.call(own->memory->incr.self, call, n, increments);
}

static zcache_status below_scan(void *self, const zcache_call *call, zcache_slice prefix,
                                zcache_scan_sink *sink)
{
    below *own = self;
    look_at(own, CONFORM_SCAN, call);
    return own->failure != ZCACHE_OK
               ? own->failure
               : own->memory->scan.call(own->memory->scan.self, call, prefix, sink);
}

static zcache_status below_clear(void *self, const zcache_call *call, zcache_slice prefix)
{
    below *own = self;
    look_at(own, CONFORM_CLEAR, call);
    return own->failure != ZCACHE_OK
               ? own->failure
               : own->memory->clear.call(own->memory->clear.self, call, prefix);
}

static zcache_status below_ping(void *self, const zcache_call *call)
{
    below *own = self;
    look_at(own, CONFORM_PING, call);
    return own->failure;
}

static zcache_status below_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    below *own = self;
    (void)sink;
    look_at(own, CONFORM_STATS, call);
    return own->failure;
}

/* Opens the filter once more, on this layer, for all that follows in the check. */
static void stand_on(conform *c, below *own)
{
    *own = (below){.layer = {.size = sizeof(own->layer)},
                   .memory = c->base_store->layer,
                   .thread = pthread_self()};
#define BIND(op)                     \
    own->layer.op.call = below_##op; \
    own->layer.op.self = own;
    BIND(get)
    BIND(set)
    BIND(del)
    BIND(peek)
    BIND(touch)
    BIND(incr)
    BIND(scan)
    BIND(clear)
    BIND(ping)
    BIND(stats)
#undef BIND
    own->instance = (zcache_harness_instance){.layer = &own->layer};
    zcache_harness_instance *memory = c->base_store;
    c->base_store = &own->instance;
    zcache_harness_instance *store = conform_open(c);
    c->base_store = memory;
    conform_close(c, c->store);
    c->store = store;
    c->ops = store->layer;
}

/* Before `own` goes. */
static void stand_down(conform *c)
{
    conform_close(c, c->store);
    c->store = NULL;
    c->ops = NULL;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void passes_the_call_on(conform *c)
{
    static const struct {
        uint32_t flags;
        int64_t timeout_ms;
        const char *table;
    } callers[] = {{0, CALL_TIMEOUT_MS, NULL},
                   {ZCACHE_CALL_TTL, 3 * CALL_TIMEOUT_MS, ""},
                   {ZCACHE_CALL_CAS, CALL_TIMEOUT_MS / 2, "users"},
                   {ZCACHE_CALL_TTL | ZCACHE_CALL_CAS, CALL_TIMEOUT_MS, "sessions"}};
    below own;
    stand_on(c, &own);
    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
        for (conform_op op = 0; op < CONFORM_OPS; op++) {
            zcache_call call = conform_call(callers[i].flags, callers[i].timeout_ms);
            call.table = callers[i].table;
            own.asked = &call;
            conform_op_run(c, op, &call);
            own.asked = NULL;
        }
    }
    stand_down(c);
}

/* What keeps entries itself may answer for the layer below, but only then. */
static void expect_told(conform *c, below *own, conform_op op)
{
    zcache_call call = conform_call(ZCACHE_CALL_TTL, CALL_TIMEOUT_MS);
    unsigned calls = own->calls;
    zcache_status status = conform_op_run(c, op, &call);
    expect(own->calls == calls || status < ZCACHE_OK,
           "%s was told %s by the layer below%s, and answered %s", conform_op_names[op],
           zcache_status_name(own->failure), own->of_keys ? " for its key" : "",
           zcache_status_name(status));
}

static void tells_errors(conform *c)
{
    static const zcache_status failures[] = {ZCACHE_E_UNAVAILABLE, ZCACHE_E_TIMEOUT};
    below own;
    stand_on(c, &own);
    for (size_t k = 0; k < sizeof(failures) / sizeof(failures[0]); k++) {
        own.failure = failures[k];
        own.of_keys = false;
        for (conform_op op = 0; op <= CONFORM_PING; op++) /* statistics may be the filter's alone */
            expect_told(c, &own, op);
        own.of_keys = true;
        for (conform_op op = 0; op <= CONFORM_INCR; op++)
            expect_told(c, &own, op);
    }
    stand_down(c);
}

static const conform_check checks[] = {
    {"below-call", "a filter passes the deadline, flags and table of its caller on",
     passes_the_call_on, FOR_FILTER},
    {"below-errors", "an error of the layer below is no hit, no miss and no success", tells_errors,
     FOR_FILTER},
};

CONFORM_GROUP(below);
