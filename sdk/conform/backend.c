/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Deadlines, and a server that does not answer: stopped and resumed by the commands of the request.
 */
#include <stdio.h>
#include <sys/wait.h>

#include "check.h"
#include "op.h"

/* What an operation may take beyond its deadline: the machine may be busy. */
#define LATE_MS 2000

/* Calls an operation that has `timeout_ms`, and fails if it comes back late, each time. */
static zcache_status run_within(conform *c, conform_op op, int64_t timeout_ms)
{
    for (int tries = 1;; tries++) {
        zcache_call call = conform_call(ZCACHE_CALL_TTL, timeout_ms);
        int64_t from_ms = conform_now_ms();
        zcache_status status = conform_op_run(c, op, &call);
        int64_t took_ms = conform_now_ms() - from_ms;
        if (took_ms <= (timeout_ms > 0 ? timeout_ms : 0) + LATE_MS)
            return status;
        expect(tries < ATTEMPTS, "%s with a deadline in %" PRId64 " ms came back after %" PRId64,
               conform_op_names[op], timeout_ms, took_ms);
    }
}

static void passed_deadline(conform *c)
{
    put(c, "a", "1");
    for (conform_op op = 0; op < CONFORM_OPS; op++) {
        if (!conform_op_is_there(c, op))
            continue;
        zcache_status status = run_within(c, op, -1000);
        expect(status == ZCACHE_E_TIMEOUT || status >= ZCACHE_OK,
               "%s whose deadline had passed: expected E_TIMEOUT (or that it was done at once), "
               "found %s: %s",
               conform_op_names[op], zcache_status_name(status), zcache_error_message());
    }
    put(c, "b", "2");
    expect_holds(c, "b", "2", "after operations that had no time");
}

/* ---- a silent server ------------------------------------------------------------------------- */

static void shell(const char *command)
{
    int status = system(command);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
           "the command that was given for the server failed with status %d: %s",
           WIFEXITED(status) ? WEXITSTATUS(status) : -1, command);
}

/* Waits until a write succeeds: the provider reconnects by itself. */
static void wait_for_server(conform *c)
{
    int64_t end_ms = conform_now_ms() + 30000;
    zcache_status status;
    for (int tries = 0; (status = run_within(c, CONFORM_SET, 2000)) != ZCACHE_OK; tries++) {
        if (tries >= 10 * ATTEMPTS && conform_now_ms() >= end_ms)
            break;
        conform_sleep_ms(50);
    }
    expect_status(ZCACHE_OK, status, "set for 30 s after the server answers again");
}

static void ends_with_an_error(conform *c)
{
    zcache_status found[CONFORM_OPS];
    put(c, "a", "1");
    shell(c->request->stop_backend);
    found[CONFORM_GET] = run_within(c, CONFORM_GET, 300);
    /* a signal that stops a server with several threads is not at once everywhere */
    for (int tries = 1; tries < 10 * ATTEMPTS && found[CONFORM_GET] == ZCACHE_OK; tries++) {
        conform_sleep_ms(100);
        found[CONFORM_GET] = run_within(c, CONFORM_GET, 300);
    }
    for (conform_op op = CONFORM_GET + 1; op < CONFORM_OPS; op++)
        found[op] = conform_op_is_there(c, op) ? run_within(c, op, 300) : ZCACHE_E_TIMEOUT;
    shell(c->request->resume_backend); /* before any verdict: others use the server */
    for (conform_op op = 0; op < CONFORM_OPS; op++)
        expect(found[op] == ZCACHE_E_TIMEOUT || found[op] == ZCACHE_E_UNAVAILABLE ||
                   /* what the provider counts itself needs no server */
                   (op == CONFORM_STATS && found[op] == ZCACHE_OK),
               "%s on a server that does not answer: expected E_TIMEOUT or E_UNAVAILABLE, found %s",
               conform_op_names[op], zcache_status_name(found[op]));
    wait_for_server(c);
}

static void comes_back(conform *c)
{
    put(c, "kept", "1");
    shell(c->request->stop_backend);
    for (int i = 0; i < 3; i++)
        run_within(c, CONFORM_GET, 300);
    shell(c->request->resume_backend);
    wait_for_server(c);
    put(c, "new", "2");
    expect_holds(c, "new", "2", "when the server answers again");
    expect_holds(c, "kept", "1", "when the server answers again");
}

static void opens_without_server(conform *c)
{
    zcache_harness_instance *store;
    for (int tries = 1;; tries++) {
        shell(c->request->stop_backend);
        int64_t from_ms = conform_now_ms();
        zcache_status status = conform_try_open(c, &store);
        int64_t took_ms = conform_now_ms() - from_ms;
        shell(c->request->resume_backend);
        expect_status(ZCACHE_OK, status,
                      "open while the server does not answer (it need not reach its server)");
        conform_close(c, store);
        if (took_ms <= CALL_TIMEOUT_MS + LATE_MS)
            break;
        expect(tries < ATTEMPTS, "open came back after %" PRId64 " ms", took_ms);
    }
    wait_for_server(c);
}

static void closes_without_server(conform *c)
{
    put(c, "a", "1");
    for (int tries = 1;; tries++) {
        zcache_harness_instance *store = conform_open(c);
        shell(c->request->stop_backend);
        int64_t from_ms = conform_now_ms();
        conform_watch_call("close while the server does not answer");
        zcache_harness_close(store);
        int64_t took_ms = conform_now_ms() - from_ms;
        conform_watch(0, NULL);
        shell(c->request->resume_backend);
        if (took_ms <= 5000)
            break;
        expect(tries < ATTEMPTS, "close took %" PRId64 " ms while the server did not answer",
               took_ms);
    }
    wait_for_server(c);
}

/* ---- ping and stats -------------------------------------------------------------------------- */

static void answers_ping(conform *c)
{
    expect_status(ZCACHE_OK, run_within(c, CONFORM_PING, CALL_TIMEOUT_MS), "ping");
}

typedef struct naming {
    zcache_stat_sink sink; /* first */
    size_t count;
    char names[200][64];
} naming;

static void check_stat(zcache_stat_sink *sink, const zcache_stat *stat)
{
    naming *one = (naming *)sink;
    expect(stat->name != NULL && stat->name[0] != '\0', "stats gave a statistic without a name");
    /* names of tables may stand in it: [A-Za-z0-9_.-], or a word in parentheses */
    expect(stat->name[0] >= 'a' && stat->name[0] <= 'z' &&
               strspn(stat->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_.-()") == strlen(stat->name),
           "stats gave the name \"%s\": lower case words joined by _ are asked for", stat->name);
    expect(stat->kind == ZCACHE_STAT_COUNTER || stat->kind == ZCACHE_STAT_GAUGE ||
               stat->kind == ZCACHE_STAT_TEXT,
           "stats gave %s the kind %d", stat->name, (int)stat->kind);
    expect(stat->kind != ZCACHE_STAT_TEXT || stat->text != NULL, "the text of %s is NULL",
           stat->name);
    expect(stat->kind != ZCACHE_STAT_COUNTER || stat->number >= 0, "the counter %s is %" PRId64,
           stat->name, stat->number);
    for (size_t i = 0; i < one->count; i++)
        expect(strcmp(one->names[i], stat->name) != 0, "stats gave %s twice", stat->name);
    if (one->count < sizeof(one->names) / sizeof(one->names[0]))
        snprintf(one->names[one->count++], sizeof(one->names[0]), "%s", stat->name);
}

static void tells_statistics(conform *c)
{
    put(c, "a", "1");
    naming *one = calloc(1, sizeof(*one));
    expect(one != NULL, "no memory for the check's own list");
    one->sink.stat = check_stat;
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("stats");
    expect_status(ZCACHE_OK, c->ops->stats.call(c->ops->stats.self, &call, &one->sink), "stats");
    conform_watch(0, NULL);
    expect(one->count > 0, "stats gave nothing");
    free(one);
}

static const conform_check checks[] = {
    {"deadline-passed", "an operation whose deadline has passed comes back at once",
     passed_deadline, 0},
    {"backend-silent", "with a silent server every operation ends by its deadline, with an error",
     ends_with_an_error, NEEDS_BACKEND},
    {"backend-back", "when the server answers again, so does the provider, with its entries",
     comes_back, NEEDS_BACKEND},
    {"backend-open", "it opens while its server is silent", opens_without_server, NEEDS_BACKEND},
    {"backend-close", "it closes at once while its server is silent", closes_without_server,
     NEEDS_BACKEND},
    {"ping", "ping proves that the backend answers", answers_ping, NEEDS_PING},
    {"stats", "stats gives names of lower case words, none twice", tells_statistics, NEEDS_STATS},
};

CONFORM_GROUP(backend);
