/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Operations on one key, as sentences.
 */
#include <pthread.h>
#include <stdio.h>

#include "check.h"

#define KEY_BUFFERS 64
#define KEY_ROOM    1200
/* So long may the threads of a check run, under valgrind too. */
#define THREADS_LIMIT_S 240

zcache_slice conform_key_of(const conform *c, const void *name, size_t size)
{
    static _Thread_local char buffers[KEY_BUFFERS][KEY_ROOM];
    static _Thread_local unsigned next;
    char *buffer = buffers[next++ % KEY_BUFFERS];
    size_t used = strlen(c->prefix);
    memcpy(buffer, c->prefix, used);
    expect(used + size <= KEY_ROOM, "the check's own key is too long");
    memcpy(buffer + used, name, size);
    return zcache_bytes_of(buffer, used + size);
}

zcache_slice conform_key(const conform *c, const char *name)
{
    return conform_key_of(c, name, strlen(name));
}

zcache_item conform_item(zcache_slice key, zcache_slice value, int64_t ttl_ms)
{
    return (zcache_item){.key = key, .value = value, .ttl_ms = ttl_ms};
}

zcache_status conform_store(conform *c, const char *name, const char *text, int64_t ttl_ms,
                            zcache_set_mode mode, uint64_t cas)
{
    zcache_item item = conform_item(conform_key(c, name), zcache_str(text), ttl_ms);
    item.mode = mode;
    item.cas = cas;
    conform_set(c, 1, &item);
    return item.status;
}

conform_answer conform_fetch(conform *c, const char *name, uint32_t flags)
{
    conform_answer answer;
    zcache_slice key = conform_key(c, name);
    conform_get(c, 1, &key, flags, &answer);
    return answer;
}

bool conform_has(conform *c, const char *name)
{
    conform_answer answer = conform_fetch(c, name, 0);
    expect(answer.status >= ZCACHE_OK, "get of \"%s\": %s: %s", name,
           zcache_status_name(answer.status), zcache_error_message());
    free(answer.data);
    return answer.status == ZCACHE_OK;
}

zcache_status conform_delete(conform *c, const char *name)
{
    zcache_status status;
    zcache_slice key = conform_key(c, name);
    conform_del(c, 1, &key, &status);
    return status;
}

zcache_status conform_touch_one(conform *c, const char *name, int64_t ttl_ms)
{
    zcache_status status;
    zcache_slice key = conform_key(c, name);
    conform_touch(c, 1, &key, ttl_ms, &status);
    return status;
}

zcache_increment conform_add(conform *c, const char *name, int64_t delta, int64_t ttl_ms)
{
    zcache_increment increment = {
        .key = conform_key(c, name), .delta = delta, .ttl_ms = ttl_ms, .result = 0};
    conform_incr(c, 1, &increment);
    return increment;
}

int64_t conform_ttl(conform *c, const char *name)
{
    conform_answer answer = conform_fetch(c, name, ZCACHE_CALL_TTL);
    expect_status(ZCACHE_OK, answer.status, "get of \"%s\" with its TTL", name);
    expect(answer.meta.ttl_ms != ZCACHE_TTL_UNKNOWN,
           "get with ZCACHE_CALL_TTL did not tell the TTL of \"%s\"", name);
    free(answer.data);
    return answer.meta.ttl_ms;
}

void put_for(conform *c, const char *name, const char *text, int64_t ttl_ms)
{
    expect_status(ZCACHE_OK, conform_store(c, name, text, ttl_ms, ZCACHE_SET_ALWAYS, 0),
                  "set of \"%s\"", name);
}

void put(conform *c, const char *name, const char *text)
{
    put_for(c, name, text, LONG_MS);
}

void expect_holds(conform *c, const char *name, const char *text, const char *when)
{
    conform_answer answer = conform_fetch(c, name, 0);
    expect_status(ZCACHE_OK, answer.status, "get of \"%s\" %s", name, when);
    expect(answer.size == strlen(text) && memcmp(answer.data, text, answer.size) == 0,
           "get of \"%s\" %s: expected \"%s\", found \"%.200s\" (%zu bytes)", name, when, text,
           answer.data, answer.size);
    free(answer.data);
}

void expect_miss(conform *c, const char *name, const char *when)
{
    conform_answer answer = conform_fetch(c, name, 0);
    expect_status(ZCACHE_MISS, answer.status, "get of \"%s\" %s", name, when);
}

bool conform_is_gone_by(conform *c, const char *name, int64_t end_ms)
{
    for (;;) {
        int64_t now_ms = conform_now_ms(); /* before the look, which may be slow */
        if (!conform_has(c, name))
            return true;
        if (now_ms > end_ms)
            return false;
        conform_sleep_ms(5);
    }
}

void conform_fail_late(const conform *c, const char *name, int64_t from_ms, int64_t ttl_ms)
{
    conform_fail("\"%s\" with a TTL of %" PRId64 " ms was still there after %" PRId64
                 " ms: it may be late by less than two granules (%" PRId64 " ms each)",
                 name, ttl_ms, conform_now_ms() - from_ms, conform_granule_ms(c));
}

void expect_expires(conform *c, const char *name, int64_t from_ms, int64_t ttl_ms)
{
    if (!conform_is_gone_by(c, name, from_ms + ttl_ms + ATTEMPTS * conform_late_ms(c)))
        conform_fail_late(c, name, from_ms, ttl_ms);
}

/* ---- threads --------------------------------------------------------------------------------- */

typedef struct thread_of {
    conform *c;
    void (*body)(conform *c, size_t number);
    size_t number;
    pthread_barrier_t *start; /* the last to come lets all go, so that they meet */
    pthread_t id;
} thread_of;

static void *thread_main(void *user)
{
    thread_of *one = user;
    pthread_barrier_wait(one->start);
    one->body(one->c, one->number);
    /* as the library does when a thread that has used a cache ends */
    if (one->c->store != NULL && one->c->plugin->ops->thread_exit != NULL)
        one->c->plugin->ops->thread_exit(one->c->store->self);
    return NULL;
}

void conform_threads(conform *c, size_t count, void (*body)(conform *c, size_t number))
{
    thread_of *threads = calloc(count, sizeof(*threads));
    pthread_barrier_t start;
    expect(threads != NULL && pthread_barrier_init(&start, NULL, (unsigned)count) == 0,
           "no memory for the check's own threads");
    conform_watch_all(THREADS_LIMIT_S, "operations in several threads");
    for (size_t i = 0; i < count; i++) {
        threads[i] = (thread_of){.c = c, .body = body, .number = i, .start = &start};
        expect(pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) == 0,
               "no thread could be started");
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i].id, NULL);
    pthread_barrier_destroy(&start);
    conform_watch_all(0, "the check");
    free(threads);
}

uint64_t conform_random(uint64_t *state)
{
    /* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators" */
    uint64_t x = *state != 0 ? *state : UINT64_C(88172645463325252);
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(2685821657736338717);
}
