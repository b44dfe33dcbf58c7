/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A swap or reload in a thread of its own. It leaves what it has to tell in control->job, and knows
 * nothing of clients: one that goes away changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/thread.h"
#include "control/state.h"

static zcache_swap_decision note_progress(void *user, const zcache_swap_progress *progress)
{
    zc_control *control = user;
    pthread_mutex_lock(&control->lock);
    control->job.progress = *progress;
    control->job.progress_count++;
    bool give_up = control->paused; /* the cache is being closed */
    pthread_mutex_unlock(&control->lock);
    zc_control_wake(control);
    return give_up ? ZCACHE_SWAP_ABORT : ZCACHE_SWAP_CONTINUE;
}

static void *work(void *argument)
{
    zc_control *control = argument;
    pthread_mutex_lock(&control->lock);
    zc_job asked = control->job;
    pthread_mutex_unlock(&control->lock);
    zcache_swap_report report = {0};
    zcache_reload_report reloaded = {0};
    zcache_status status =
        asked.reload ? zcache_reload(&control->cache->root,
                                     ZCACHE_RELOAD(.progress = note_progress,
                                                   .progress_user = control, .report = &reloaded))
                     : zcache_swap(&control->cache->root,
                                   ZCACHE_SWAP(.provider = asked.provider, .mode = asked.mode,
                                               .verify = asked.verify, .rate = asked.rate,
                                               .progress = note_progress, .progress_user = control,
                                               .report = &report));
    if (status != ZCACHE_OK)
        zc_log_write(&control->cache->log, ZCACHE_LOG_ERROR, "a %s by the control socket: %s",
                     asked.reload ? "reload" : "swap", zc_error_text());
    pthread_mutex_lock(&control->lock);
    control->job.status = status;
    control->job.report = asked.reload ? reloaded.swap : report;
    control->job.reloaded = reloaded;
    snprintf(control->job.message, sizeof(control->job.message), "%s",
             status != ZCACHE_OK ? zc_error_text() : "");
    control->job.state = ZC_JOB_ENDED;
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
    zc_control_wake(control);
    return NULL;
}

void zc_job_join(zc_control *control)
{
    pthread_mutex_lock(&control->lock);
    bool join = control->worker_started && control->job.state != ZC_JOB_RUNNING;
    if (join)
        control->worker_started = false;
    pthread_mutex_unlock(&control->lock);
    if (join)
        pthread_join(control->worker, NULL);
}

zcache_status zc_job_start(zc_control *control, const zc_job *asked)
{
    zc_job_join(control);
    pthread_mutex_lock(&control->lock);
    bool busy = control->job.state == ZC_JOB_RUNNING || control->job.state == ZC_JOB_ENDED;
    if (!busy) {
        control->job = *asked;
        control->job.state = ZC_JOB_RUNNING;
    }
    pthread_mutex_unlock(&control->lock);
    if (busy)
        return zc_error(ZCACHE_E_BUSY,
                        "a swap or reload that the control socket was asked for is running");
    pthread_t worker;
    bool started = zc_thread_start(&worker, "zcache-swap", work, control) == 0;
    pthread_mutex_lock(&control->lock);
    control->worker = worker;
    control->worker_started = started;
    if (!started)
        control->job.state = ZC_JOB_NONE;
    pthread_mutex_unlock(&control->lock);
    return started ? ZCACHE_OK
                   : zc_error(ZCACHE_E_NOMEM, "no thread could be started for the swap");
}

void zc_job_write_progress(const zc_job *job, zc_reply *reply)
{
    const zcache_swap_progress *progress = &job->progress;
    zc_reply_begin(reply, "progress");
    zc_reply_text(reply, "phase",
                  progress->phase == ZCACHE_SWAP_VERIFYING ? "verifying" : "copying");
    zc_reply_number(reply, "scanned", (int64_t)progress->scanned);
    zc_reply_number(reply, "total", (int64_t)progress->total);
    zc_reply_number(reply, "copied", (int64_t)progress->copied);
    zc_reply_number(reply, "bytes", (int64_t)progress->bytes);
    zc_reply_number(reply, "verified", (int64_t)progress->verified);
    zc_reply_number(reply, "differences", (int64_t)progress->differences);
    zc_reply_number(reply, "elapsed_ns", progress->elapsed_ns);
    zc_reply_line(reply);
}

static void write_report(const zcache_swap_report *report, zc_reply *reply)
{
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"generation", (int64_t)report->generation},
        {"load_ns", report->load_ns},
        {"open_ns", report->open_ns},
        {"ping_ns", report->ping_ns},
        {"copy_ns", report->copy_ns},
        {"publish_ns", report->publish_ns},
        {"drain_ns", report->drain_ns},
        {"close_ns", report->close_ns},
        {"in_flight", (int64_t)report->in_flight},
        {"leases", (int64_t)report->leases},
        {"copied", (int64_t)report->copied},
        {"copied_bytes", (int64_t)report->copied_bytes},
        {"verified", (int64_t)report->verified},
    };
    zc_reply_begin(reply, "report");
    zc_reply_text(reply, "from", report->from);
    zc_reply_text(reply, "to", report->to);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        zc_reply_number(reply, numbers[i].name, numbers[i].number);
    zc_reply_bool(reply, "retired", report->retired);
    zc_reply_bool(reply, "unmapped", report->unmapped);
    zc_reply_line(reply);
}

static void write_reload(const zcache_reload_report *report, zc_reply *reply)
{
    zc_reply_begin(reply, "reload");
    zc_reply_text(reply, "change",
                  report->change == ZCACHE_RELOAD_SWAP       ? "swap"
                  : report->change == ZCACHE_RELOAD_SETTINGS ? "settings"
                                                             : "nothing");
    zc_reply_number(reply, "count", (int64_t)report->count);
    zc_reply_text(reply, "names", report->names);
    zc_reply_line(reply);
}

void zc_job_write_end(const zc_job *job, zc_reply *reply)
{
    if (job->status == ZCACHE_OK && job->reload)
        write_reload(&job->reloaded, reply);
    if (job->status == ZCACHE_OK && (!job->reload || job->reloaded.change == ZCACHE_RELOAD_SWAP))
        write_report(&job->report, reply);
    zc_reply_end(reply, job->status, job->message);
}
