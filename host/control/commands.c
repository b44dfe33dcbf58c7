/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a client can ask for, each command a function; the protocol is in <zcache/admin.h>.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/state.h"
#include "reload/set.h"
#include "swap/swap.h"

#define WORDS_MAX 32
/* How long the provider may take for its statistics: other clients wait meanwhile. */
#define STATS_TIMEOUT_MS 1000

typedef struct request {
    zc_control *control;
    zc_reply *reply;
    char *words[WORDS_MAX + 1];
    size_t count;
    bool wait; /* the reply ends with the job */
} request;

/* ---- status ---------------------------------------------------------------------------------- */

static const char *const level_names[] = {"error", "warning", "info", "debug"};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

static void write_job(const zc_job *job, zc_reply *reply)
{
    static const char *const states[] = {"none", "running", "ended", "ended"};
    zc_reply_begin(reply, "swap");
    zc_reply_text(reply, "state", states[job->state]);
    if (job->state != ZC_JOB_NONE)
        zc_reply_bool(reply, "reload", job->reload);
    if (job->state != ZC_JOB_NONE && !job->reload) {
        zc_reply_text(reply, "provider", job->provider);
        zc_reply_text(reply, "mode", job->mode == ZCACHE_SWAP_COPY ? "copy" : "cold");
    }
    if (job->state == ZC_JOB_ENDED || job->state == ZC_JOB_TOLD) {
        zc_reply_bool(reply, "succeeded", job->status == ZCACHE_OK);
        if (job->status != ZCACHE_OK)
            zc_reply_text(reply, "message", job->message);
    }
    zc_reply_line(reply);
    if (job->state == ZC_JOB_RUNNING && job->progress_count > 0)
        zc_job_write_progress(job, reply);
}

static zcache_status run_status(request *asked)
{
    zc_control *control = asked->control;
    zc_cache *cache = control->cache;
    zcache *handle = &cache->root;
    char provider[ZCACHE_NAME_SIZE];
    zcache_status status = zcache_provider(handle, provider, sizeof(provider));
    if (status != ZCACHE_OK)
        return status;
    pthread_mutex_lock(&cache->lock);
    bool swapping = cache->swapping;
    uint64_t number = atomic_load(&cache->current)->lender->number;
    pthread_mutex_unlock(&cache->lock);
    pthread_mutex_lock(&control->lock);
    const zc_job job = control->job;
    pthread_mutex_unlock(&control->lock);
    int level = atomic_load_explicit(&cache->log.level, memory_order_relaxed);

    zc_reply *reply = asked->reply;
    zc_reply_begin(reply, "process");
    zc_reply_number(reply, "pid", getpid());
    zc_reply_text(reply, "program", program_invocation_short_name);
    zc_reply_text(reply, "version", zcache_version());
    zc_reply_number(reply, "uptime_ms", (zc_now_ns() - control->opened_ns) / ZC_NS_PER_MS);
    zc_reply_text(reply, "provider", provider);
    zc_reply_number(reply, "generation", (int64_t)number);
    zc_reply_bool(reply, "swapping", swapping);
    zc_reply_text(reply, "log_level", level >= 0 && level < (int)LEVELS ? level_names[level] : "");
    zc_reply_line(reply);
    write_job(&job, reply);
    return ZCACHE_OK;
}

/* ---- stats, config, generations -------------------------------------------------------------- */

static void write_stat(void *user, const zcache_stat *stat)
{
    zc_reply *reply = user;
    zc_reply_begin(reply, "stat");
    zc_reply_text(reply, "name", stat->name);
    if (stat->kind == ZCACHE_STAT_TEXT)
        zc_reply_text(reply, "value", stat->text);
    else
        zc_reply_number(reply, "value", stat->number);
    zc_reply_line(reply);
}

static zcache_status run_stats(request *asked)
{
    return zcache_stats(&asked->control->cache->root, write_stat, asked->reply,
                        ZCACHE_READ(.timeout_ms = STATS_TIMEOUT_MS));
}

static void write_setting(void *user, const zcache_setting *setting)
{
    zc_reply *reply = user;
    zc_reply_begin(reply, "setting");
    zc_reply_text(reply, "section", setting->section);
    zc_reply_text(reply, "key", setting->key);
    zc_reply_text(reply, "value", setting->value);
    zc_reply_text(reply, "origin", setting->origin);
    zc_reply_bool(reply, "secret", setting->secret);
    zc_reply_line(reply);
}

static zcache_status run_config(request *asked)
{
    return zcache_config_each(&asked->control->cache->root, write_setting, asked->reply);
}

static void write_generation(void *user, const zcache_generation *generation)
{
    zc_reply *reply = user;
    zc_reply_begin(reply, "generation");
    zc_reply_number(reply, "number", (int64_t)generation->number);
    zc_reply_text(reply, "provider", generation->provider);
    zc_reply_text(reply, "state", zcache_generation_state_name(generation->state));
    zc_reply_number(reply, "age_ms", generation->age_ms);
    zc_reply_number(reply, "pins", (int64_t)generation->pins);
    zc_reply_number(reply, "leases", (int64_t)generation->lease_count);
    zc_reply_line(reply);
    for (size_t i = 0; i < generation->lease_count; i++) {
        zc_reply_begin(reply, "lease");
        zc_reply_number(reply, "generation", (int64_t)generation->number);
        zc_reply_number(reply, "thread", generation->leases[i].thread);
        zc_reply_number(reply, "age_ms", generation->leases[i].age_ms);
        zc_reply_line(reply);
    }
}

static zcache_status run_generations(request *asked)
{
    return zcache_generation_each(&asked->control->cache->root, write_generation, asked->reply);
}

/* ---- log ------------------------------------------------------------------------------------- */

static zcache_status run_log(request *asked)
{
    for (size_t i = 0; asked->count == 2 && i < LEVELS; i++) {
        if (strcmp(asked->words[1], level_names[i]) != 0)
            continue;
        atomic_store_explicit(&asked->control->cache->log.level, (int)i, memory_order_relaxed);
        return ZCACHE_OK;
    }
    return zc_error(ZCACHE_E_INVALID, "log takes a level: error, warning, info or debug");
}

/* ---- set ------------------------------------------------------------------------------------- */

static int hex_digit(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* Decodes %XX in place; false: it is none, or a 0 byte. */
static bool decode(char *word)
{
    char *to = word;
    for (const char *at = word; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_digit(at[1]);
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high << 4 | low);
        at += 2;
    }
    *to = '\0';
    return true;
}

static zcache_status run_set(request *asked)
{
    zc_cache *cache = asked->control->cache;
    for (size_t i = 1; i < asked->count; i++)
        if (!decode(asked->words[i]))
            return zc_error(
                ZCACHE_E_INVALID,
                "set: a %% in a value stands before two hexadecimal digits, as in %%25");
    zcache_status status = zc_swap_begin(cache, "set");
    if (status != ZCACHE_OK)
        return status;
    asked->words[asked->count] = NULL;
    status = zc_set(cache, (const char *const *)asked->words + 1, "control socket");
    zc_swap_end(cache);
    return status;
}

/* ---- swap ------------------------------------------------------------------------------------ */

static zcache_status parse_swap(request *asked, zc_job *job)
{
    if (asked->count < 2 || strlen(asked->words[1]) >= sizeof(job->provider))
        return zc_error(ZCACHE_E_INVALID, "swap takes the name of a provider");
    strcpy(job->provider, asked->words[1]);
    for (size_t i = 2; i < asked->count; i++) {
        const char *word = asked->words[i];
        char *end = NULL;
        if (strcmp(word, "mode=copy") == 0)
            job->mode = ZCACHE_SWAP_COPY;
        else if (strcmp(word, "mode=cold") == 0)
            job->mode = ZCACHE_SWAP_COLD;
        else if (strcmp(word, "verify") == 0)
            job->verify = true;
        else if (strcmp(word, "wait") == 0)
            asked->wait = true;
        else if (strncmp(word, "rate=", 5) == 0 && word[5] >= '0' && word[5] <= '9' &&
                 strlen(word) <= 20 && (job->rate = strtoll(word + 5, &end, 10)) >= 0 &&
                 *end == '\0')
            continue;
        else
            return zc_error(ZCACHE_E_INVALID,
                            "swap: %.40s: there are mode=cold, mode=copy, rate=N, verify and wait",
                            word);
    }
    if (job->mode != ZCACHE_SWAP_COPY && (job->verify || job->rate != 0))
        return zc_error(ZCACHE_E_INVALID, "swap: verify and rate need mode=copy");
    return ZCACHE_OK;
}

static zcache_status run_swap(request *asked)
{
    zc_job job = {.mode = ZCACHE_SWAP_COLD};
    zcache_status status = parse_swap(asked, &job);
    if (status == ZCACHE_OK)
        status = zc_job_start(asked->control, &job);
    if (status != ZCACHE_OK)
        asked->wait = false;
    return status;
}

static zcache_status run_reload(request *asked)
{
    if (asked->count > 2 || (asked->count == 2 && strcmp(asked->words[1], "wait") != 0))
        return zc_error(ZCACHE_E_INVALID, "reload takes nothing but wait");
    zcache_status status = zc_job_start(asked->control, &(zc_job){.reload = true});
    asked->wait = status == ZCACHE_OK && asked->count == 2;
    return status;
}

static zcache_status run_abort(request *asked)
{
    zc_cache *cache = asked->control->cache;
    pthread_mutex_lock(&cache->lock);
    bool swapping = cache->swapping;
    pthread_mutex_unlock(&cache->lock);
    zcache_status status = zcache_swap_abort(&cache->root);
    zc_reply_begin(asked->reply, "abort");
    zc_reply_bool(asked->reply, "swapping", swapping);
    zc_reply_line(asked->reply);
    return status;
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    zcache_status (*run)(request *asked);
    bool takes_words;
} commands[] = {
    {"status", run_status, false}, {"stats", run_stats, false},
    {"config", run_config, false}, {"generations", run_generations, false},
    {"log", run_log, true},        {"set", run_set, true},
    {"swap", run_swap, true},      {"reload", run_reload, true},
    {"abort", run_abort, false},
};

static zcache_status run(request *asked)
{
    const char *name = asked->count > 0 ? asked->words[0] : "";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        if (asked->count > 1 && !commands[i].takes_words)
            return zc_error(ZCACHE_E_INVALID, "%s takes nothing more", name);
        return commands[i].run(asked);
    }
    return zc_error(ZCACHE_E_NOTSUP, "\"%.40s\" is not a command of this version", name);
}

bool zc_command_run(zc_control *control, char *text, zc_reply *reply)
{
    request asked = {.control = control, .reply = reply};
    zcache_status status = ZCACHE_OK;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (asked.count == WORDS_MAX) {
            status = zc_error(ZCACHE_E_INVALID, "a request has at most %d words", WORDS_MAX);
            break;
        }
        asked.words[asked.count++] = word;
    }
    if (status == ZCACHE_OK)
        status = run(&asked);
    if (!asked.wait)
        zc_reply_end(reply, status, zc_error_text());
    return asked.wait;
}
