/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The operations as a careful host calls them: inputs that vanish after the call, outputs that were
 * poisoned before it, sinks that count what they are told, and an alarm for a call that stays away.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "check.h"

/* What outputs hold before the call: no status. */
#define POISON ((zcache_status)0x5a5a5a5a)

zcache_call conform_call(uint32_t flags, int64_t timeout_ms)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    zcache_call call = {.size = sizeof(call), .flags = flags};
    call.started_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    call.deadline_ns = call.started_ns + timeout_ms * 1000000;
    return call;
}

/* Checks what the operation as a whole returned. */
static zcache_status ended(const char *operation, zcache_status status)
{
    conform_watch(0, NULL);
    expect(status <= ZCACHE_OK, "%s returned %s: a \"no\" is a key's status, never the operation's",
           operation, zcache_status_name(status));
    expect(strstr(zcache_status_name(status), "(unknown status)") == NULL,
           "%s returned %d, which is no status", operation, (int)status);
    return status;
}

/* ---- inputs that vanish ---------------------------------------------------------------------- */

static conform_guard *guard_keys(size_t n, const zcache_slice keys[], zcache_slice guarded[])
{
    conform_guard *guards = calloc(n + 1, sizeof(*guards));
    expect(guards != NULL, "no memory for the check's own input");
    for (size_t i = 0; i < n; i++) {
        guards[i] = conform_guard_make(keys[i]);
        guarded[i] = guards[i].bytes;
    }
    return guards;
}

static void unguard(conform_guard *guards, size_t n)
{
    for (size_t i = 0; i < n; i++)
        conform_guard_free(&guards[i]);
    free(guards);
}

static void *room_for(size_t n, size_t size)
{
    void *room = calloc(n + 1, size);
    expect(room != NULL, "no memory for the check's own input");
    return room;
}

/* ---- reads ----------------------------------------------------------------------------------- */

typedef struct reading {
    zcache_sink sink; /* first: the plugin gives its address back */
    const char *operation;
    pthread_t thread;
    size_t n;
    bool *told;
    conform_answer *answers;
} reading;

static void told(reading *one, size_t i)
{
    expect(pthread_equal(pthread_self(), one->thread),
           "%s called the sink in another thread than the one that called it", one->operation);
    expect(i < one->n, "%s told of key %zu of a batch of %zu", one->operation, i, one->n);
    expect(!one->told[i], "%s told of key %zu twice", one->operation, i);
    one->told[i] = true;
}

static void hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    reading *one = (reading *)sink;
    told(one, i);
    expect(value.data != NULL || value.size == 0, "%s gave a value of %zu bytes at NULL",
           one->operation, value.size);
    conform_answer *answer = &one->answers[i];
    answer->status = ZCACHE_OK;
    answer->data = malloc(value.size + 1);
    expect(answer->data != NULL, "no memory for %zu bytes", value.size);
    if (value.size > 0)
        memcpy(answer->data, value.data, value.size);
    answer->data[value.size] = '\0';
    answer->size = value.size;
    answer->meta = (zcache_meta){.ttl_ms = ZCACHE_TTL_UNKNOWN};
    if (meta == NULL)
        return;
    answer->meta = *meta;
    expect(meta->ttl_ms >= 1 || meta->ttl_ms == ZCACHE_TTL_NEVER ||
               meta->ttl_ms == ZCACHE_TTL_UNKNOWN,
           "%s told a remaining TTL of %" PRId64 " ms: it is at least 1, NEVER or UNKNOWN",
           one->operation, meta->ttl_ms);
}

static void failed(zcache_sink *sink, size_t i, zcache_status status)
{
    reading *one = (reading *)sink;
    told(one, i);
    expect(status < ZCACHE_OK, "%s failed key %zu with %s, which is no error", one->operation, i,
           zcache_status_name(status));
    one->answers[i].status = status;
}

/* Reads by `call` and `self`, get or peek, which have one type. */
static void read_keys(const char *operation, zcache_get_fn *function, void *self, size_t n,
                      const zcache_slice keys[], uint32_t flags, conform_answer answers[])
{
    zcache_slice *guarded = room_for(n, sizeof(*guarded));
    conform_guard *guards = guard_keys(n, keys, guarded);
    reading one = {.sink = {hit, failed},
                   .operation = operation,
                   .thread = pthread_self(),
                   .n = n,
                   .told = room_for(n, sizeof(bool)),
                   .answers = answers};
    memset(answers, 0, n * sizeof(*answers));
    zcache_call call = conform_call(flags, CALL_TIMEOUT_MS);
    conform_watch_call(operation);
    zcache_status status = ended(operation, function(self, &call, n, guarded, &one.sink));
    for (size_t i = 0; i < n; i++)
        if (!one.told[i])
            answers[i].status = status == ZCACHE_OK ? ZCACHE_MISS : status;
    free(one.told);
    unguard(guards, n);
    free(guarded);
}

void conform_get(conform *c, size_t n, const zcache_slice keys[], uint32_t flags,
                 conform_answer answers[])
{
    read_keys("get", c->ops->get.call, c->ops->get.self, n, keys, flags, answers);
}

void conform_peek(conform *c, size_t n, const zcache_slice keys[], conform_answer answers[])
{
    read_keys("peek", c->ops->peek.call, c->ops->peek.self, n, keys, ZCACHE_CALL_TTL, answers);
    for (size_t i = 0; i < n; i++)
        expect(answers[i].size == 0, "peek gave a value of %zu bytes: it tells no values",
               answers[i].size);
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* Completes the status of a key that the operation left alone. */
static zcache_status of_key(const char *operation, zcache_status whole, zcache_status key, size_t i)
{
    if (key != POISON)
        return key;
    expect(whole != ZCACHE_OK, "%s returned OK without a status for key %zu", operation, i);
    return whole;
}

void conform_set(conform *c, size_t n, zcache_item items[])
{
    zcache_item *given = room_for(n, sizeof(*given));
    conform_guard *guards = room_for(2 * n, sizeof(*guards));
    for (size_t i = 0; i < n; i++) {
        given[i] = items[i];
        guards[2 * i] = conform_guard_make(items[i].key);
        guards[2 * i + 1] = conform_guard_make(items[i].value);
        given[i].key = guards[2 * i].bytes;
        given[i].value = guards[2 * i + 1].bytes;
        given[i].status = POISON;
    }
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("set");
    zcache_status status = ended("set", c->ops->set.call(c->ops->set.self, &call, n, given));
    for (size_t i = 0; i < n; i++)
        items[i].status = of_key("set", status, given[i].status, i);
    unguard(guards, 2 * n);
    free(given);
}

/* Del, or with `ttl_ms` touch: they differ in that argument. */
static void change_keys(conform *c, const char *operation, size_t n, const zcache_slice keys[],
                        const int64_t *ttl_ms, zcache_status status[])
{
    const zcache_layer *ops = c->ops;
    zcache_slice *guarded = room_for(n, sizeof(*guarded));
    conform_guard *guards = guard_keys(n, keys, guarded);
    for (size_t i = 0; i < n; i++)
        status[i] = POISON;
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call(operation);
    zcache_status whole = ttl_ms != NULL
                              ? ops->touch.call(ops->touch.self, &call, n, guarded, *ttl_ms, status)
                              : ops->del.call(ops->del.self, &call, n, guarded, status);
    whole = ended(operation, whole);
    for (size_t i = 0; i < n; i++)
        status[i] = of_key(operation, whole, status[i], i);
    unguard(guards, n);
    free(guarded);
}

void conform_del(conform *c, size_t n, const zcache_slice keys[], zcache_status status[])
{
    change_keys(c, "del", n, keys, NULL, status);
}

void conform_touch(conform *c, size_t n, const zcache_slice keys[], int64_t ttl_ms,
                   zcache_status status[])
{
    change_keys(c, "touch", n, keys, &ttl_ms, status);
}

void conform_incr(conform *c, size_t n, zcache_increment increments[])
{
    zcache_increment *given = room_for(n, sizeof(*given));
    conform_guard *guards = room_for(n, sizeof(*guards));
    for (size_t i = 0; i < n; i++) {
        given[i] = increments[i];
        guards[i] = conform_guard_make(increments[i].key);
        given[i].key = guards[i].bytes;
        given[i].status = POISON;
    }
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("incr");
    zcache_status status = ended("incr", c->ops->incr.call(c->ops->incr.self, &call, n, given));
    for (size_t i = 0; i < n; i++) {
        increments[i].status = of_key("incr", status, given[i].status, i);
        increments[i].result = given[i].result;
    }
    unguard(guards, n);
    free(given);
}

/* ---- scan ------------------------------------------------------------------------------------ */

typedef struct scanning {
    zcache_scan_sink sink; /* first */
    pthread_t thread;
    const char *own; /* the check's prefix */
    zcache_slice prefix;
    conform_keys *keys;
    size_t room;
} scanning;

static bool scanned(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    scanning *one = (scanning *)sink;
    expect(pthread_equal(pthread_self(), one->thread),
           "scan called the sink in another thread than the one that called it");
    expect(key.size >= one->prefix.size &&
               memcmp(key.data, one->prefix.data, one->prefix.size) == 0,
           "scan of \"%.*s\" gave the key \"%.*s\", which does not begin with it",
           (int)one->prefix.size, (const char *)one->prefix.data,
           (int)(key.size < 200 ? key.size : 200), (const char *)key.data);
    conform_keys *keys = one->keys;
    if (keys->count == one->room) {
        one->room = one->room * 2 + 64;
        keys->keys = realloc(keys->keys, one->room * sizeof(*keys->keys));
        expect(keys->keys != NULL, "no memory for the keys");
    }
    size_t own = strlen(one->own);
    if (key.size < own || memcmp(key.data, one->own, own) != 0)
        own = 0;
    char *copy = malloc(key.size - own + 1);
    expect(copy != NULL, "no memory for the keys");
    memcpy(copy, (const char *)key.data + own, key.size - own);
    copy[key.size - own] = '\0';
    keys->keys[keys->count++] =
        (conform_found){copy, key.size - own, meta != NULL ? meta->ttl_ms : ZCACHE_TTL_UNKNOWN};
    return true;
}

zcache_status conform_scan(conform *c, const char *prefix, uint32_t flags, conform_keys *keys)
{
    char whole[256];
    snprintf(whole, sizeof(whole), "%s%s", c->prefix, prefix);
    conform_guard guard = conform_guard_make(zcache_str(whole));
    *keys = (conform_keys){0};
    scanning one = {.sink = {scanned},
                    .thread = pthread_self(),
                    .own = c->prefix,
                    .prefix = guard.bytes,
                    .keys = keys};
    zcache_call call = conform_call(flags, 3 * CALL_TIMEOUT_MS);
    conform_watch(3 * CALL_TIMEOUT_MS / 1000, "scan");
    zcache_status status =
        ended("scan", c->ops->scan.call(c->ops->scan.self, &call, guard.bytes, &one.sink));
    conform_guard_free(&guard);
    return status;
}

bool conform_keys_has(const conform_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].size == strlen(name) &&
            memcmp(keys->keys[i].data, name, keys->keys[i].size) == 0)
            return true;
    return false;
}

void conform_keys_free(conform_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->keys[i].data);
    free(keys->keys);
    *keys = (conform_keys){0};
}
