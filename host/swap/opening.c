/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plugin that keeps its deadline ends open and ping by itself, with a better message than "it has
 * not returned"; so the host waits a little longer than the deadline before it gives up on it.
 */
#include "swap/opening.h"

#include <stdio.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/retire.h"

/* How much later than its deadline a plugin may return. */
#define LATE_NS (500 * ZC_NS_PER_MS)

typedef enum step { STEP_OPEN, STEP_PING } step;

typedef struct opening {
    zc_task task;
    zc_config *config;
    int64_t deadline_ns;
    _Atomic int step; /* what is being done, for the message of who gives up */
    /* What the thread found; read when it has ended. */
    zc_generation *generation; /* NULL: it was not opened */
    zc_open_times times;
    int64_t ping_ns;
    zcache_status status;
    char message[ZC_ERROR_MAX];
} opening;

/* A task is the first member. */
static opening *opening_of(zc_task *task)
{
    return (opening *)task;
}

static void open_and_ping(zc_task *task)
{
    opening *one = opening_of(task);
    one->status = zc_generation_open(task->cache, one->config, one->deadline_ns, &one->times,
                                     &one->generation);
    if (one->status == ZCACHE_OK) {
        one->config = NULL; /* the generation's now */
        atomic_store(&one->step, STEP_PING);
        int64_t begin_ns = zc_now_ns();
        one->status = zc_generation_ping(one->generation, one->deadline_ns);
        one->ping_ns = zc_now_ns() - begin_ns;
        zc_generation_thread_exit(one->generation);
    }
    if (one->status != ZCACHE_OK)
        snprintf(one->message, sizeof(one->message), "%s", zc_error_text());
}

/* It came back when the swap had been given up long before. */
static void close_opened(zc_task *task)
{
    opening *one = opening_of(task);
    zc_log_write(&task->cache->log, ZCACHE_LOG_INFO,
                 "the plugin %s has returned, too late for the swap to it", task->plugin);
    if (one->generation != NULL)
        zc_close_here(one->generation);
    zc_config_free(one->config);
}

static void opening_free(zc_task *task)
{
    zc_free(task);
}

static opening *opening_new(zc_cache *cache, zc_config *config, int64_t deadline_ns)
{
    opening *one = zc_calloc(1, sizeof(*one));
    if (one == NULL)
        return NULL;
    one->task.cache = cache;
    one->task.name = "zcache-open";
    one->task.run = open_and_ping;
    one->task.left_alone = close_opened;
    one->task.release = opening_free;
    snprintf(one->task.plugin, sizeof(one->task.plugin), "%s", zc_config_cache(config)->provider);
    one->config = config;
    one->deadline_ns = deadline_ns;
    return one;
}

static const char *step_name(int at)
{
    return at == STEP_OPEN ? "open" : "ping";
}

/* Takes what the thread has left behind. */
static zcache_status take_result(opening *one, int64_t timeout_ns, zcache_swap_report *report,
                                 zc_generation **opened)
{
    report->load_ns = one->times.load_ns;
    report->open_ns = one->times.open_ns;
    report->ping_ns = one->ping_ns;
    if (one->status == ZCACHE_OK) {
        *opened = one->generation;
        return ZCACHE_OK;
    }
    if (one->generation != NULL) {
        zc_ending ending;
        atomic_store(&one->generation->draining, true);
        zc_end(one->generation, timeout_ns, &ending);
    }
    zc_config_free(one->config);
    return zc_error(one->status, "%s %s: %s", step_name(atomic_load(&one->step)), one->task.plugin,
                    one->message);
}

zcache_status zc_open_by(zc_cache *cache, zc_config *config, int64_t timeout_ns,
                         zcache_swap_report *report, zc_generation **opened)
{
    int64_t deadline_ns = zc_now_ns() + timeout_ns;
    opening *one = opening_new(cache, config, deadline_ns);
    zcache_status status = one != NULL ? zc_task_start(&one->task, true) : zc_error_nomem();
    if (status != ZCACHE_OK) {
        zc_config_free(config);
        zc_free(one);
        return status;
    }
    if (zc_task_wait(&one->task, deadline_ns + LATE_NS)) {
        status = take_result(one, timeout_ns, report, opened);
        zc_free(one);
        return status;
    }
    /* It stays until our turn to swap is over. */
    return zc_error(ZCACHE_E_TIMEOUT,
                    "%s %s: the plugin has not returned after %lld ms, and is left to a thread of "
                    "its own",
                    step_name(atomic_load(&one->step)), one->task.plugin,
                    (long long)((timeout_ns + LATE_NS) / ZC_NS_PER_MS));
}
