/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The process ends by _exit, without the destructors of whatever the plugin has brought in, once
 * its verdict is written. An alarm stands for each call that does not come back.
 */
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int record_fd = -1;
/* What is under way, for the alarm: changed by the thread that runs the check. */
static const char *volatile watched = "the check";

static _Noreturn void end(char letter, const char *reason)
{
    char record[CONFORM_RECORD_MAX];
    int size = snprintf(record, sizeof(record), "%c%s", letter, reason);
    size_t all = size < 0 ? 1 : (size_t)size < sizeof(record) ? (size_t)size : sizeof(record) - 1;
    if (write(record_fd, record, all + 1) < 0)
        _exit(3);
    _exit(letter == CONFORM_LETTER_FAILED ? 1 : 0);
}

void conform_fail(const char *format, ...)
{
    char reason[CONFORM_RECORD_MAX - 1];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    end(CONFORM_LETTER_FAILED, reason);
}

void conform_skip(const char *format, ...)
{
    char reason[CONFORM_RECORD_MAX - 1];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    end(CONFORM_LETTER_SKIPPED, reason);
}

void conform_expect_status(zcache_status expected, zcache_status found, const char *format, ...)
{
    if (expected == found)
        return;
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    const char *message = found < ZCACHE_OK ? zcache_error_message() : "";
    conform_fail("%s: expected %s, found %s%s%s", what, zcache_status_name(expected),
                 zcache_status_name(found), message[0] != '\0' ? ": " : "", message);
}

/* ---- the alarm ------------------------------------------------------------------------------- */

/* The grace is counted by the second, so that a process which was stopped, or had no processor, has
 * all of it after that. */
static volatile sig_atomic_t grace_s;

/* Only what a signal handler may call. */
static void hung(int signal_number)
{
    (void)signal_number;
    if (grace_s > 0) {
        grace_s--;
        alarm(1);
        return;
    }
    static char record[128] = "-hung: no return from ";
    size_t used = strlen(record);
    const char *what = watched;
    for (size_t i = 0; what[i] != '\0' && used < sizeof(record) - 1; i++)
        record[used++] = what[i];
    record[used] = '\0';
    ssize_t written = write(record_fd, record, used + 1);
    _exit(written < 0 ? 3 : 1);
}

static bool watching_all;

void conform_watch(unsigned seconds, const char *what)
{
    if (watching_all)
        return;
    if (what != NULL)
        watched = what;
    grace_s = GRACE_S;
    alarm(seconds);
}

void conform_watch_call(const char *what)
{
    conform_watch(CALL_TIMEOUT_MS / 1000, what);
}

void conform_watch_all(unsigned seconds, const char *what)
{
    watching_all = false;
    conform_watch(seconds, what);
    watching_all = seconds > 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

int64_t conform_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void conform_sleep_ms(int64_t ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

int64_t conform_granule_ms(const conform *c)
{
    return c->plugin->ttl_granule_ms > 0 ? c->plugin->ttl_granule_ms : 1;
}

int64_t conform_late_ms(const conform *c)
{
    return 2 * conform_granule_ms(c) + SLACK_MS;
}

/* ---- the check ------------------------------------------------------------------------------- */

/* Skips the check if the plugin declares that it lacks `what`. */
static void need(const conform_check *check, uint32_t bit, bool there, const char *what)
{
    if ((check->needs & bit) != 0 && !there)
        conform_skip("%s", what);
}

static void check_kind(const conform_check *check, const zcache_descriptor *plugin)
{
    need(check, NEEDS_PROVIDER, plugin->kind == ZCACHE_KIND_PROVIDER,
         "it is a filter: the provider below it is asked");
    need(check, NEEDS_UNLOADING, (plugin->flags & ZCACHE_PLUGIN_RESIDENT) == 0,
         "it declares ZCACHE_PLUGIN_RESIDENT: it is never unloaded");
}

static void check_request(const conform_request *request, const conform_check *check)
{
    need(check, NEEDS_BACKEND, request->stop_backend != NULL && request->resume_backend != NULL,
         "no commands are given that stop and resume its server");
    need(check, NEEDS_EXCLUSIVE, request->exclusive,
         "it would empty the store, which is not said to be exclusive");
}

static void check_operations(const conform *c, const conform_check *check)
{
    const zcache_layer *ops = c->ops;
    need(check, NEEDS_PEEK, ops->peek.call != NULL, "it declares no peek");
    need(check, NEEDS_TOUCH, ops->touch.call != NULL, "it declares no touch");
    need(check, NEEDS_INCR, ops->incr.call != NULL, "it declares no incr");
    need(check, NEEDS_SCAN, ops->scan.call != NULL, "it declares no scan");
    need(check, NEEDS_CLEAR, ops->clear.call != NULL, "it declares no clear");
    need(check, NEEDS_PING, ops->ping.call != NULL, "it declares no ping");
    need(check, NEEDS_STATS, ops->stats.call != NULL, "it declares no stats");
    need(check, NEEDS_CONFIGURE, c->plugin->ops->configure != NULL, "it declares no configure");
    need(check, NEEDS_NATIVE, c->plugin->native != NULL, "it declares no native handle");
}

/* A mode that a store cannot carry out in one atomic step is answered with E_NOTSUP, whatever the
 * key. */
static void check_modes(conform *c, const conform_check *check)
{
    static const struct {
        uint32_t bit;
        zcache_set_mode mode;
        const char *name;
    } modes[] = {{NEEDS_ADD, ZCACHE_SET_ADD, "ADD"},
                 {NEEDS_REPLACE, ZCACHE_SET_REPLACE, "REPLACE"},
                 {NEEDS_CAS, ZCACHE_SET_CAS, "CAS"}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if ((check->needs & modes[i].bit) == 0)
            continue;
        if (conform_store(c, "of-that-mode", "1", LONG_MS, modes[i].mode, 1) == ZCACHE_E_NOTSUP)
            conform_skip("it answers E_NOTSUP to a set with the mode %s", modes[i].name);
        conform_delete(c, "of-that-mode");
    }
}

/* Takes the keys of the check away, as far as the plugin can. */
static void clean(conform *c)
{
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    zcache_slice prefix = zcache_str(c->prefix);
    if (c->store != NULL && c->ops->clear.call != NULL) {
        conform_watch_call("clear");
        expect_status(ZCACHE_OK, c->ops->clear.call(c->ops->clear.self, &call, prefix),
                      "clear of the check's own keys");
    }
    conform_close(c, c->store);
    c->store = NULL;
}

void conform_child(const conform_request *request, const conform_check *check, int record)
{
    record_fd = record;
    signal(SIGALRM, hung);
    conform c = {.request = request};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(c.prefix, sizeof(c.prefix), "zcheck:%lx:%lx:", (unsigned long)getpid(),
             (unsigned long)now.tv_nsec);
    check_request(request, check);
    conform_load(&c);
    check_kind(check, c.plugin);
    const uint32_t kind = c.plugin->kind; /* the plugin is unloaded before it is told */
    if ((check->needs & WITHOUT_STORE) != 0) {
        conform_unload(&c);
        check->run(&c);
    } else {
        if (kind != ZCACHE_KIND_CODEC) {
            c.store = conform_open(&c);
            c.ops = c.store->layer;
            check_operations(&c, check);
            check_modes(&c, check);
        }
        check->run(&c);
        clean(&c);
        conform_unload(&c);
    }
    end(CONFORM_LETTER_PASSED, (const char[]){(char)kind, 0});
}
