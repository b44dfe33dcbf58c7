/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * limit COMMAND...: runs a test program, for at most ZCACHE_TEST_LIMIT seconds (600). When they are
 * over it shows what each process of the test is waiting for, as TAP comments, and bails out.
 *
 * However the test ends, nothing of it survives: orphans become this process's own children
 * (PR_SET_CHILD_SUBREAPER), so that all are found, and none keeps open the pipe of make's driver.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum { DEFAULT_LIMIT_S = 600, PROCESSES_MAX = 4096, KILL_INTERVAL_MS = 20 };

typedef struct process {
    pid_t id, parent;
    char state; /* as ps shows it: Z is dead and waits for its parent */
    char name[32];
} process;

/* ---- looking --------------------------------------------------------------------------------- */

/* The first line of a file of /proc, its NULs as spaces; "" if there is none. */
static const char *line_of(const char *directory, const char *file)
{
    static char text[4096];
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, file);
    FILE *open = fopen(path, "re");
    size_t size = open == NULL ? 0 : fread(text, 1, sizeof(text) - 1, open);
    if (open != NULL)
        fclose(open);
    for (size_t i = 0; i < size; i++)
        if (!isprint((unsigned char)text[i]))
            text[i] = ' ';
    text[size] = '\0';
    return text;
}

/* Of a process or a thread. False: it has gone. */
static bool look_at(const char *directory, process *found)
{
    const char *stat = line_of(directory, "stat");
    const char *name = strchr(stat, '('),
               *end = strrchr(stat, ')'); /* a name may have both in it */
    if (name == NULL || end == NULL || sscanf(end, ") %c %d", &found->state, &found->parent) != 2)
        return false;
    found->id = (pid_t)strtol(stat, NULL, 10);
    snprintf(found->name, sizeof(found->name), "%.*s", (int)(end - name - 1), name + 1);
    return true;
}

static size_t all_processes(process *all)
{
    size_t count = 0;
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
        char path[300];
        snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
        if (isdigit((unsigned char)entry->d_name[0]) && count < PROCESSES_MAX &&
            look_at(path, &all[count]))
            count++;
    }
    if (processes != NULL)
        closedir(processes);
    return count;
}

/* Moves this process's living descendants to the front; how many they are. */
static size_t descendants(process *all)
{
    size_t count = all_processes(all), found = 0;
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = found; i < count; i++) {
            bool ours = all[i].parent == getpid();
            for (size_t j = 0; j < found && !ours; j++)
                ours = all[i].parent == all[j].id;
            if (!ours || all[i].state == 'Z')
                continue;
            process one = all[i];
            all[i] = all[found];
            all[found++] = one;
            more = true;
        }
    }
    return found;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* valgrind knows the stacks of what runs under it, and a debugger only its own. */
#define BACKTRACE                                                                  \
    "exec 2>&1; pid=%d\n"                                                          \
    "case $(readlink /proc/$pid/exe) in\n"                                         \
    "*/valgrind/*) timeout 60 vgdb --pid=$pid v.info scheduler ;;\n"               \
    "*) if command -v gdb >/dev/null; then\n"                                      \
    "       timeout 60 gdb -nx -batch -p $pid -ex 'thread apply all bt 40' 2>&1 |" \
    "           grep -e '^#' -e '^Thread' -e ptrace\n"                             \
    "   elif command -v eu-stack >/dev/null; then timeout 60 eu-stack -p $pid\n"   \
    "   else echo 'gdb or eu-stack, if there were one, would show stacks'\n"       \
    "   fi ;;\n"                                                                   \
    "esac"

static void show_stacks(pid_t id)
{
    char command[sizeof(BACKTRACE) + 16], line[512];
    snprintf(command, sizeof(command), BACKTRACE, id);
    FILE *output = popen(command, "re");
    if (output == NULL)
        return;
    while (fgets(line, sizeof(line), output) != NULL)
        printf("#     %s%s", line, strchr(line, '\n') == NULL ? "\n" : "");
    pclose(output);
}

static void show_threads(const char *directory)
{
    char tasks[64];
    snprintf(tasks, sizeof(tasks), "%s/task", directory);
    DIR *threads = opendir(tasks);
    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) {
        char path[400];
        process thread;
        snprintf(path, sizeof(path), "%s/%s", tasks, entry->d_name);
        if (isdigit((unsigned char)entry->d_name[0]) && look_at(path, &thread))
            printf("#   thread %d (%s): state %c in %s\n", thread.id, thread.name, thread.state,
                   line_of(path, "wchan"));
    }
    if (threads != NULL)
        closedir(threads);
}

static void show(const process *one)
{
    char directory[32];
    snprintf(directory, sizeof(directory), "/proc/%d", one->id);
    printf("# process %d, child of %d: %s\n", one->id, one->parent, line_of(directory, "cmdline"));
    show_threads(directory);
    show_stacks(one->id);
    fflush(stdout);
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* Until there is none: each that is killed may have started another in the meantime. */
static void kill_descendants(process *all)
{
    for (;;) {
        for (size_t i = 0, count = descendants(all); i < count; i++)
            kill(all[i].id, SIGKILL);
        pid_t ended;
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (ended < 0 && errno == ECHILD)
            return;
        clock_sleep_ms(KILL_INTERVAL_MS);
    }
}

/* Whether the child has ended; reaps orphans too. */
static bool has_ended(pid_t child, int *status)
{
    int other;
    for (pid_t ended; (ended = waitpid(-1, &other, WNOHANG)) > 0;) {
        if (ended == child) {
            *status = other;
            return true;
        }
    }
    return false;
}

/* Returns 0 when the child has ended, SIGALRM when the time is over, or the signal that came. */
static int wait_for(pid_t child, const sigset_t *signals, int64_t end_ms, int *status)
{
    while (!has_ended(child, status)) {
        int64_t left_ms = end_ms - clock_ms();
        if (left_ms <= 0)
            return SIGALRM;
        struct timespec left = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
        int signal = sigtimedwait(signals, NULL, &left);
        if (signal > 0 && signal != SIGCHLD)
            return signal;
    }
    return 0;
}

static pid_t start(char *const command[], const sigset_t *mask)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setsid(); /* what is typed at the terminal is for this process, which tells it on */
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    printf("Bail out! cannot run %s: %s\n", command[0], strerror(errno));
    fflush(stdout);
    _exit(127);
}

int main(int argc, char *argv[])
{
    static process all[PROCESSES_MAX];
    const char *setting = getenv("ZCACHE_TEST_LIMIT");
    long limit_s = setting != NULL && setting[0] != '\0' ? strtol(setting, NULL, 10) : 0;
    if (limit_s <= 0)
        limit_s = DEFAULT_LIMIT_S;
    if (argc < 2) {
        fprintf(stderr, "usage: limit COMMAND...\n");
        return 2;
    }
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int64_t began_ms = clock_ms();
    pid_t child = start(argv + 1, &before);
    if (child < 0) {
        printf("Bail out! cannot fork: %s\n", strerror(errno));
        return 1;
    }
    int status, signal = wait_for(child, &signals, began_ms + limit_s * 1000, &status);
    size_t left = descendants(all);
    if (signal == SIGALRM) {
        printf("\n# %s has not ended after %ld s:\n", argv[argc - 1], limit_s);
        for (size_t i = 0; i < left; i++)
            show(&all[i]);
    } else if (signal == 0) {
        for (size_t i = 0; i < left; i++)
            printf("# process %d (%s) outlived the test, and is killed\n", all[i].id, all[i].name);
    }
    kill_descendants(all);
    if (signal == SIGALRM)
        printf("Bail out! %s hung: it was ended after %ld s\n", argv[argc - 1], limit_s);
    if (signal != 0)
        return 128 + signal;
    printf("# took %.1f s\n", (double)(clock_ms() - began_ms) / 1000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
