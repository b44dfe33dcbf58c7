/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A barrier makes the threads meet before they run, so that they really run at once.
 */
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct runner {
    pthread_t thread;
    pthread_barrier_t *start;
    threads_fn *run;
    void *user;
    size_t index;
} runner;

static void *run_one(void *argument)
{
    runner *one = argument;
    pthread_barrier_wait(one->start);
    one->run(one->user, one->index);
    return NULL;
}

void threads_run(size_t count, threads_fn *run, void *user)
{
    runner runners[THREADS_MAX];
    pthread_barrier_t start;
    if (count > THREADS_MAX || pthread_barrier_init(&start, NULL, (unsigned)count) != 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        runners[i] = (runner){.start = &start, .run = run, .user = user, .index = i};
        if (pthread_create(&runners[i].thread, NULL, run_one, &runners[i]) != 0) {
            printf("Bail out! cannot create a thread\n");
            exit(1);
        }
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(runners[i].thread, NULL);
    pthread_barrier_destroy(&start);
}
