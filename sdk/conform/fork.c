/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A process with an open store forks, as servers do. The store is told, as the library tells it,
 * and then used on both sides at once: a child that writes on its parent's connection mixes both
 * up.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ROUNDS 200

static void tell_one(const zcache_descriptor *plugin, zcache_harness_instance *store,
                     zcache_fork_phase phase)
{
    if (plugin->ops->fork != NULL)
        plugin->ops->fork(store->self, phase);
}

/* A filter first before the fork, and last after it, as locks are taken and released. */
static void tell(conform *c, zcache_fork_phase phase)
{
    const zcache_descriptor *base = c->base != NULL ? zcache_harness_descriptor(c->base) : NULL;
    if (base != NULL && phase != ZCACHE_FORK_PREPARE)
        tell_one(base, c->base_store, phase);
    tell_one(c->plugin, c->store, phase);
    if (base != NULL && phase == ZCACHE_FORK_PREPARE)
        tell_one(base, c->base_store, phase);
}

static pid_t fork_store(conform *c)
{
    conform_watch_call("fork");
    tell(c, ZCACHE_FORK_PREPARE);
    pid_t pid = fork();
    expect(pid >= 0, "no process could be made");
    tell(c, pid == 0 ? ZCACHE_FORK_CHILD : ZCACHE_FORK_PARENT);
    conform_watch(0, NULL);
    return pid;
}

/* A failure in a child has written the verdict already. */
static void expect_child(pid_t pid)
{
    int status = 0;
    conform_watch(120, "operations in a forked child");
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    conform_watch(0, NULL);
    expect(!WIFSIGNALED(status), "a forked child that used the store crashed: signal %d",
           WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        _exit(1);
}

/* Writes and reads keys that only this side uses. */
static void work(conform *c, const char *side)
{
    char name[64], text[64];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof(name), "%s-%d", side, i % 20);
        snprintf(text, sizeof(text), "%s wrote %d", side, i);
        put(c, name, text);
        expect_holds(c, name, text, "which only this side of a fork writes");
    }
}

static void both_sides_work(conform *c)
{
    put(c, "before", "1");
    expect_holds(c, "before", "1", "before the fork");
    pid_t pid = fork_store(c);
    if (pid == 0) {
        expect_holds(c, "before", "1", "in a forked child");
        work(c, "child");
        _exit(0);
    }
    work(c, "parent");
    expect_child(pid);
    work(c, "parent");
}

static void child_closes(conform *c)
{
    put(c, "before", "1");
    pid_t pid = fork_store(c);
    if (pid == 0) {
        put(c, "child", "1");
        conform_close(c, c->store);
        _exit(0);
    }
    expect_child(pid);
    expect_holds(c, "before", "1", "after a forked child has closed its store");
    work(c, "parent");
}

static void many_children(conform *c)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork_store(c);
        if (pid == 0) {
            put(c, "shared", "by a child");
            expect_holds(c, "shared", "by a child", "in a forked child");
            _exit(0);
        }
        expect_child(pid);
        put(c, "parent", "1");
        expect_holds(c, "parent", "1", "after a fork");
    }
}

static void child_of_child(conform *c)
{
    pid_t pid = fork_store(c);
    if (pid == 0) {
        work(c, "child");
        pid_t inner = fork_store(c);
        if (inner == 0) {
            work(c, "grandchild");
            _exit(0);
        }
        work(c, "child");
        expect_child(inner);
        _exit(0);
    }
    work(c, "parent");
    expect_child(pid);
}

/* ---- a fork while other threads use the store ------------------------------------------------ */

static _Atomic bool forking_is_done;

static void work_or_fork(conform *c, size_t number)
{
    if (number > 0) {
        char side[32];
        snprintf(side, sizeof(side), "thread-%zu", number);
        while (!atomic_load(&forking_is_done))
            work(c, side);
        return;
    }
    for (int i = 0; i < 10; i++) {
        /* as the library: no operation of another thread is stopped, only waited for */
        pid_t pid = fork_store(c);
        if (pid == 0) {
            conform_watch_all(0, NULL); /* the alarm of the parent is not the child's */
            put(c, "child", "1");
            expect_holds(c, "child", "1", "in a child forked while other threads used the store");
            _exit(0);
        }
        expect_child(pid);
    }
    atomic_store(&forking_is_done, true);
}

/* A sanitizer's allocator that another thread is in at the moment of a fork is locked for ever in the
 * child: mended in LLVM 18 (AddressSanitizer) and 19 (ThreadSanitizer), and in GCC 15. It may have
 * come with the plugin; a program that was built with it has to have its own remedy. */
static bool allocator_is_a_sanitizers(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#endif
#endif
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
}

static void forks_under_load(conform *c)
{
    if (allocator_is_a_sanitizers())
        conform_skip("a sanitizer is in the process: a child forked while another thread is in its "
                     "malloc would hang");
    if (c->plugin->threads == ZCACHE_THREADS_SERIALIZED)
        conform_skip("it declares ZCACHE_THREADS_SERIALIZED: the library holds its lock over a "
                     "fork");
    conform_threads(c, 4, work_or_fork);
}

static const conform_check checks[] = {
    {"fork", "after a fork both processes use the store, and neither disturbs the other",
     both_sides_work, 0},
    {"fork-close", "a forked child may close the store", child_closes, 0},
    {"fork-many", "a process may fork again and again", many_children, 0},
    {"fork-child", "a forked child may fork", child_of_child, 0},
    {"fork-threads", "a process may fork while other threads use the store", forks_under_load, 0},
};

CONFORM_GROUP(fork);
