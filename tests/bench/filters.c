/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a filter costs an operation on memory: the same reads and writes of one key without filters
 * and with some, in turns, so that what else the machine does strikes all alike. Processor time is
 * measured, and the best turn of each counts.
 *
 *     tests/bench/filters [TURNS [MILLISECONDS]]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <zcache/zcache.h>

#define THREADS_MAX 2

static const struct stack {
    const char *name;
    const char *settings[3];
} stacks[] = {
    {"no filter", {NULL}},
    {"fault, idle", {"cache.filters=fault"}},
    {"stats, latency = no", {"cache.filters=stats", "stats.latency=no"}},
    {"stats", {"cache.filters=stats"}},
    {"stats, fault", {"cache.filters=stats, fault"}},
};
#define STACKS (sizeof(stacks) / sizeof(stacks[0]))

typedef enum operation { READ, WRITE, OPERATIONS } operation;

typedef struct turn {
    zcache *cache;
    operation does;
    int64_t until_ns;
    _Atomic int64_t operations, cpu_ns;
    _Atomic bool failed;
} turn;

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *work(void *argument)
{
    turn *one = argument;
    zcache_value value = ZCACHE_VALUE_INIT;
    char key[32];
    int64_t count = 0;
    snprintf(key, sizeof(key), "key:%p", (void *)&value); /* each thread its own */
    bool failed = zcache_set(one->cache, key, "0123456789", 10, NULL) != ZCACHE_OK;
    int64_t begin_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    do {
        for (int i = 0; i < 1000; i++)
            failed |= (one->does == READ
                           ? zcache_get(one->cache, key, &value, NULL)
                           : zcache_set(one->cache, key, "0123456789", 10, NULL)) != ZCACHE_OK;
        count += 1000;
    } while (!failed && now_ns(CLOCK_MONOTONIC) < one->until_ns);
    atomic_fetch_add(&one->cpu_ns, now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns);
    zcache_value_free(&value);
    atomic_fetch_add(&one->operations, count);
    if (failed)
        atomic_store(&one->failed, true);
    return NULL;
}

/* Nanoseconds of one thread for one operation; 0: it failed. */
static double measure(zcache *cache, operation does, int threads, int64_t ms)
{
    turn one = {.cache = cache, .does = does, .until_ns = now_ns(CLOCK_MONOTONIC) + ms * 1000000};
    pthread_t running[THREADS_MAX];
    int started = 0;
    while (started < threads && pthread_create(&running[started], NULL, work, &one) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(running[i], NULL);
    if (started < threads || atomic_load(&one.failed))
        return 0;
    return (double)atomic_load(&one.cpu_ns) / (double)atomic_load(&one.operations);
}

int main(int count, char **words)
{
    long turns = count > 1 ? atol(words[1]) : 10, ms = count > 2 ? atol(words[2]) : 50;
    zcache *caches[STACKS];
    static double best[STACKS][OPERATIONS][THREADS_MAX];
    for (size_t i = 0; i < STACKS; i++)
        if (zcache_open_env(&caches[i], ZCACHE_OPTIONS(.provider = "memory",
                                                       .settings = stacks[i].settings)) != 0) {
            fprintf(stderr, "filters: %s\n", zcache_error_message());
            return 1;
        }
    for (long at = 0; at < turns; at++)
        for (size_t i = 0; i < STACKS; i++)
            for (int does = 0; does < OPERATIONS; does++)
                for (int threads = 1; threads <= THREADS_MAX; threads++) {
                    double ns = measure(caches[i], (operation)does, threads, ms);
                    double *least = &best[i][does][threads - 1];
                    if (ns == 0) {
                        fprintf(stderr, "filters: an operation failed: %s\n", stacks[i].name);
                        return 1;
                    }
                    if (*least == 0 || ns < *least)
                        *least = ns;
                }
    printf("ns an operation     %22s%22s\n", "1 thread: get    set", "2 threads: get    set");
    for (size_t i = 0; i < STACKS; i++) {
        printf("%-20s%15.0f%7.0f%15.0f%7.0f\n", stacks[i].name, best[i][READ][0], best[i][WRITE][0],
               best[i][READ][1], best[i][WRITE][1]);
        zcache_close(caches[i]);
    }
    return 0;
}
