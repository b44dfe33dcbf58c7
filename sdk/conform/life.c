/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opening and closing, and what a process finds after it: nothing of the plugin runs any more, and
 * its code is gone.
 */
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "usage.h"

#define CYCLES 25

/* Uses every operation that the store has a little. */
static void use(conform *c)
{
    put(c, "a", "1");
    expect_holds(c, "a", "1", "after a set");
    if (c->ops->incr.call != NULL)
        expect_status(ZCACHE_OK, conform_add(c, "n", 1, LONG_MS).status, "incr");
    if (c->ops->touch.call != NULL)
        expect_status(ZCACHE_OK, conform_touch_one(c, "a", LONG_MS), "touch");
    if (c->ops->scan.call != NULL) {
        conform_keys keys;
        expect_status(ZCACHE_OK, conform_scan(c, "", 0, &keys), "scan");
        conform_keys_free(&keys);
    }
    expect_status(ZCACHE_OK, conform_delete(c, "a"), "del");
    conform_delete(c, "n");
}

static void open_use_close(conform *c)
{
    c->store = conform_open(c);
    c->ops = c->store->layer;
    use(c);
    conform_close(c, c->store);
    c->store = NULL;
}

static void reopens(conform *c)
{
    conform_load(c);
    for (int i = 0; i < CYCLES; i++)
        open_use_close(c);
    conform_unload(c);
}

static void two_at_once(conform *c)
{
    zcache_harness_instance *first = c->store;
    zcache_harness_instance *second = conform_open(c);
    expect(first->self != second->self || first->self == NULL,
           "two opens gave the same self: a swap has two instances open at once");
    c->store = second;
    c->ops = second->layer;
    use(c);
    c->store = first;
    c->ops = first->layer;
    put(c, "b", "kept");
    conform_close(c, second);
    expect_holds(c, "b", "kept", "after another instance was closed");
    use(c);
}

static void closes_without_use(conform *c)
{
    conform_load(c);
    for (int i = 0; i < 3; i++) {
        zcache_harness_instance *store = conform_open(c);
        conform_watch_call("close");
        zcache_harness_close(store); /* without a quiesce before */
        conform_watch(0, NULL);
    }
    conform_unload(c);
}

static bool modules_are_kept(void)
{
    const char *kept = getenv("ZCACHE_KEEP_MODULES");
    return kept != NULL && kept[0] != '\0' && strcmp(kept, "0") != 0;
}

static void is_unmapped(conform *c)
{
    if (modules_are_kept())
        conform_skip("ZCACHE_KEEP_MODULES is set: no module is unloaded");
    for (int i = 0; i < CYCLES; i++) {
        conform_load(c);
        char file[4096];
        snprintf(file, sizeof(file), "%s", zcache_harness_file(c->harness));
        if (file[0] != '/')
            conform_skip("it is linked into the program");
        if (c->plugin->kind != ZCACHE_KIND_CODEC)
            open_use_close(c);
        conform_unload(c);
        expect(!usage_maps(file),
               "after unload %d the process still maps %s: something keeps it, as a thread of it, "
               "a C++ thread_local with a destructor, or a unique symbol (-fno-gnu-unique); or let "
               "it declare ZCACHE_PLUGIN_RESIDENT",
               i + 1, file);
    }
}

/* ---- a thread that outlives the plugin ------------------------------------------------------- */

static pthread_barrier_t used, unloaded;

static void *outlive(void *user)
{
    use(user);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&unloaded);
    return NULL; /* destructors of pthread keys run now, whose code may be gone */
}

static void thread_outlives_it(conform *c)
{
    pthread_t thread;
    conform_load(c);
    c->store = conform_open(c);
    c->ops = c->store->layer;
    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&unloaded, NULL, 2);
    expect(pthread_create(&thread, NULL, outlive, c) == 0, "no thread could be started");
    pthread_barrier_wait(&used);
    conform_close(c, c->store);
    c->store = NULL;
    conform_unload(c);
    pthread_barrier_wait(&unloaded);
    pthread_join(thread, NULL);
}

/* ---- the process ----------------------------------------------------------------------------- */

typedef struct process_state {
    char directory[4096];
    mode_t mask;
    char locale[256];
    sigset_t blocked;
    struct sigaction actions[65];
    size_t environment;
} process_state;

extern char **environ;

static void look(process_state *state)
{
    memset(state, 0, sizeof(*state));
    expect(getcwd(state->directory, sizeof(state->directory)) != NULL, "getcwd failed");
    state->mask = umask(0);
    umask(state->mask);
    const char *locale = setlocale(LC_ALL, NULL);
    snprintf(state->locale, sizeof(state->locale), "%s", locale != NULL ? locale : "");
    pthread_sigmask(SIG_SETMASK, NULL, &state->blocked);
    for (int i = 1; i < 65; i++)
        sigaction(i, NULL, &state->actions[i]); /* of some it fails: both times */
    while (environ[state->environment] != NULL)
        state->environment++;
}

static void expect_same(const process_state *before, const char *when)
{
    static process_state now;
    look(&now);
    expect(strcmp(before->directory, now.directory) == 0, "%s the working directory is %s", when,
           now.directory);
    expect(before->mask == now.mask, "%s the umask is %03o", when, (unsigned)now.mask);
    expect(strcmp(before->locale, now.locale) == 0, "%s the locale is %s", when, now.locale);
    expect(before->environment == now.environment, "%s the environment has other variables", when);
    for (int i = 1; i < 65; i++) {
        expect(sigismember(&before->blocked, i) == sigismember(&now.blocked, i),
               "%s signal %d is %s", when, i,
               sigismember(&now.blocked, i) == 1 ? "blocked" : "no longer blocked");
        expect(before->actions[i].sa_handler == now.actions[i].sa_handler,
               "%s signal %d has another handler: signals are the application's", when, i);
    }
}

static void leaves_the_process_alone(conform *c)
{
    static process_state before;
    look(&before);
    conform_load(c);
    before.actions[SIGALRM].sa_handler = SIG_IGN; /* the check's own is set anew for each call */
    struct sigaction own;
    sigaction(SIGALRM, NULL, &own);
    before.actions[SIGALRM] = own;
    c->store = conform_open(c);
    c->ops = c->store->layer;
    use(c);
    expect_same(&before, "while it is open");
    conform_close(c, c->store);
    c->store = NULL;
    conform_unload(c);
    expect_same(&before, "after its unload");
}

static const conform_check checks[] = {
    {"life-reopen", "it can be opened and closed again and again", reopens, WITHOUT_STORE},
    {"life-two", "two instances are open at once and do not disturb each other", two_at_once, 0},
    {"life-unused", "it closes unused, and without a quiesce", closes_without_use, WITHOUT_STORE},
    {"life-unmapped", "after unload its code is no longer mapped", is_unmapped,
     WITHOUT_STORE | NEEDS_UNLOADING | FOR_ALL},
    {"life-thread", "a thread that used it may end after it is unloaded", thread_outlives_it,
     WITHOUT_STORE},
    {"life-process", "signals, umask, locale, environment and directory stay as they are",
     leaves_the_process_alone, WITHOUT_STORE},
};

CONFORM_GROUP(life);
