/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Runs the checks, each in a child process, several at a time, and reports them in their order. A
 * child writes one record, its verdict and the reason, on a pipe, and ends; one that ends without
 * has crashed. Children are forked from a process without threads that never loads the plugin.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "process.h"

/* A check that takes longer is ended; each call of the plugin is watched more closely. */
#define CHECK_LIMIT_MS INT64_C(300000)
#define JOBS_MAX       32

typedef struct running {
    pid_t pid;     /* 0: free */
    size_t number; /* from 0 */
    int pipe;
    int64_t began_ms;
    size_t size;
    char record[CONFORM_RECORD_MAX]; /* the verdict's letter, then the reason */
} running;

typedef struct kept {
    bool known;
    conform_verdict verdict;
    int64_t took_ms;
    char *reason; /* owned; NULL: none, or memory is short */
} kept;

static const conform_group *const groups[] = {
#define CONFORM_LIST_GROUP(name) &conform_##name##_group,
    CONFORM_GROUPS(CONFORM_LIST_GROUP)
#undef CONFORM_LIST_GROUP
};

/* `pattern` is `*`s and other characters, up to a comma or its end. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL;
    const char *from = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0' || *pattern == ',';
}

/* One of several patterns, with commas between them. */
static bool matches_any(const char *patterns, const char *name)
{
    for (const char *next = patterns; next != NULL; next = strchr(patterns, ',')) {
        patterns = next == patterns ? next : next + 1;
        if (matches(patterns, name))
            return true;
    }
    return false;
}

size_t conform_count(void)
{
    size_t count = 0;
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        count += groups[g]->count;
    return count;
}

bool conform_knows(const char *only)
{
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (size_t k = 0; k < groups[g]->count; k++)
            if (matches_any(only, groups[g]->checks[k].name))
                return true;
    return false;
}

static bool is_for(const conform_check *check, char kind)
{
    if (kind == ZCACHE_KIND_CODEC)
        return (check->needs & (FOR_CODEC | FOR_ALL)) != 0;
    return (check->needs & (kind == ZCACHE_KIND_FILTER ? FOR_CODEC : FOR_CODEC | FOR_FILTER)) == 0;
}

static bool is_asked(const conform_request *request, const conform_check *check, char kind)
{
    if (!is_for(check, kind))
        return false;
    if (request->embedded && (check->needs & NEEDS_BACKEND) != 0)
        return false;
    return request->only == NULL || matches_any(request->only, check->name);
}

/* Fills in the checks that are asked for, the first of all excepted, which has told the kind of the
 * plugin. Returns their number. */
static size_t choose(const conform_request *request, char kind, const conform_check *chosen[])
{
    size_t count = 0;
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (size_t k = g == 0 ? 1 : 0; k < groups[g]->count; k++)
            if (is_asked(request, &groups[g]->checks[k], kind))
                chosen[count++] = &groups[g]->checks[k];
    return count;
}

/* ---- the parent ------------------------------------------------------------------------------ */

static void keep(kept *result, conform_verdict verdict, int64_t took_ms, const char *reason)
{
    *result = (kept){true, verdict, took_ms, strdup(reason)};
}

static void start(running *child, const conform_request *request, const conform_check *check,
                  size_t number, kept *result)
{
    int ends[2];
    if (pipe(ends) != 0) {
        keep(result, CONFORM_FAILED, 0, "no pipe could be made for the check's process");
        return;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        setpgid(0, 0);
        /* a crash is the verdict: nobody wants the core */
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        conform_child(request, check, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        keep(result, CONFORM_FAILED, 0, "no process could be made for the check");
        return;
    }
    setpgid(pid, pid);
    *child = (running){.pid = pid, .number = number, .pipe = ends[0], .began_ms = conform_now_ms()};
}

/* What became of a child that has ended, or is ended now for `late`. */
static void finish(running *child, bool late, kept *result)
{
    int64_t took_ms = conform_now_ms() - child->began_ms;
    char text[128];
    int status = 0;
    if (late)
        kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    kill(-child->pid, SIGKILL); /* what it has left running */
    close(child->pipe);
    child->record[child->size < sizeof(child->record) ? child->size : sizeof(child->record) - 1] =
        '\0';
    char letter = child->size > 0 ? child->record[0] : '\0';
    /* A process that passed may still crash while it ends: destructors of the plugin run then. */
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (late) {
        snprintf(text, sizeof(text), "hung: the check did not end in %d s",
                 (int)(CHECK_LIMIT_MS / 1000));
        keep(result, CONFORM_FAILED, took_ms, text);
    } else if (letter == CONFORM_LETTER_FAILED) {
        keep(result, CONFORM_FAILED, took_ms, child->record + 1);
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof(text), "crashed: signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        keep(result, CONFORM_FAILED, took_ms, text);
    } else if (letter == CONFORM_LETTER_SKIPPED && ended_well) {
        keep(result, CONFORM_SKIPPED, took_ms, child->record + 1);
    } else if (letter == CONFORM_LETTER_PASSED && ended_well) {
        keep(result, CONFORM_PASSED, took_ms, child->record + 1);
    } else {
        snprintf(text, sizeof(text), "the check's process ended with status %d",
                 WEXITSTATUS(status));
        keep(result, CONFORM_FAILED, took_ms, text);
    }
    child->pid = 0;
}

/* Takes what a child has written. true: it has written all, or has ended. */
static bool take(running *child)
{
    ssize_t got =
        read(child->pipe, child->record + child->size, sizeof(child->record) - 1 - child->size);
    if (got < 0)
        return errno != EINTR;
    child->size += (size_t)got;
    /* A record ends with a 0 byte: what a process of the plugin's own holds open is not waited for.
     */
    return got == 0 || child->record[child->size - 1] == '\0' ||
           child->size == sizeof(child->record) - 1;
}

/* Waits for the next children to end. */
static void wait_some(running *children, size_t jobs, kept *results)
{
    struct pollfd polled[JOBS_MAX];
    for (size_t i = 0; i < jobs; i++)
        polled[i] = (struct pollfd){children[i].pid != 0 ? children[i].pipe : -1, POLLIN, 0};
    poll(polled, jobs, 1000);
    for (size_t i = 0; i < jobs; i++) {
        running *child = &children[i];
        if (child->pid == 0)
            continue;
        if (polled[i].revents != 0 && take(child))
            finish(child, false, &results[child->number]);
        else if (conform_now_ms() - child->began_ms > CHECK_LIMIT_MS)
            finish(child, true, &results[child->number]);
    }
}

static void report(kept *result, const conform_check *check, size_t number, conform_result_fn *each,
                   void *user)
{
    bool passed = result->verdict == CONFORM_PASSED;
    each(user, &(conform_result){.number = number + 1,
                                 .name = check->name,
                                 .rule = check->rule,
                                 .verdict = result->verdict,
                                 .reason = passed || result->reason == NULL ? "" : result->reason,
                                 .took_ms = result->took_ms});
    free(result->reason);
    result->reason = NULL;
}

/* Runs the first check of all; the kind that it tells, or 0: it failed. */
static char run_first(const conform_request *request, conform_result_fn *each, void *user)
{
    const conform_check *check = &groups[0]->checks[0];
    running child = {0};
    kept result = {0};
    start(&child, request, check, 0, &result);
    while (!result.known)
        wait_some(&child, 1, &result);
    char kind = result.verdict != CONFORM_PASSED || result.reason == NULL ? 0 : result.reason[0];
    report(&result, check, 0, each, user);
    return kind;
}

/* Whether it may run only while no other does: it stops the server, or empties the store. */
static bool is_disturbing(const conform_check *check)
{
    return (check->needs & (NEEDS_BACKEND | NEEDS_EXCLUSIVE)) != 0;
}

bool conform_run(const conform_request *request, conform_result_fn *each, void *user)
{
    char kind = run_first(request, each, user);
    if (kind == 0)
        return false;
    size_t jobs = request->jobs < 1 ? 1 : request->jobs > JOBS_MAX ? JOBS_MAX : request->jobs;
    const conform_check **chosen = calloc(conform_count(), sizeof(*chosen));
    kept *results = calloc(conform_count(), sizeof(*results));
    running *children = calloc(jobs, sizeof(*children));
    bool complete = chosen != NULL && results != NULL && children != NULL;
    size_t count = complete ? choose(request, kind, chosen) : 0;
    size_t started = 0, reported = 0;
    while (reported < count) {
        for (size_t i = 0; i < jobs && started < count; i++) {
            bool alone = started > reported &&
                         (is_disturbing(chosen[started]) || is_disturbing(chosen[started - 1]));
            if (children[i].pid != 0 || alone)
                continue;
            start(&children[i], request, chosen[started], started, &results[started]);
            started++;
        }
        wait_some(children, jobs, results);
        for (; reported < count && results[reported].known; reported++)
            report(&results[reported], chosen[reported], reported + 1, each, user);
    }
    free(chosen);
    free(results);
    free(children);
    return complete;
}
