/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Paths are kept in a list until exit, where each directory is removed with nftw. A forked child
 * inherits the list but is not its owner, and leaves everything alone.
 */
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct path {
    struct path *next;
    pid_t
        owner; /* the process that removes it: 0 for a plain file, which goes with its directory */
    char text[];
} path;

static struct {
    pthread_mutex_t lock; /* guards the list */
    path *first;
} paths = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void die(const char *doing, const char *name)
{
    printf("Bail out! cannot %s %s: %s\n", doing, name, strerror(errno));
    exit(1);
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(name);
}

static void remove_all(void)
{
    for (path *entry = paths.first, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->owner == getpid())
            nftw(entry->text, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(entry);
    }
    paths.first = NULL;
}

static const char *keep(const char *text, pid_t owner)
{
    size_t size = strlen(text) + 1;
    path *entry = malloc(sizeof(*entry) + size);
    if (entry == NULL)
        die("remember", text);
    entry->owner = owner;
    memcpy(entry->text, text, size);
    pthread_mutex_lock(&paths.lock);
    static bool registered;
    if (!registered)
        registered = atexit(remove_all) == 0;
    entry->next = paths.first;
    paths.first = entry;
    pthread_mutex_unlock(&paths.lock);
    return entry->text;
}

const char *temp_dir(void)
{
    char name[] = "/tmp/zcache-test-XXXXXX";
    if (mkdtemp(name) == NULL)
        die("make the directory", name);
    return keep(name, getpid());
}

const char *temp_file(const char *dir, const char *name, const char *text, mode_t mode)
{
    char full[4096];
    snprintf(full, sizeof(full), "%s/%s", dir, name);
    int file = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (file < 0)
        die("create", full);
    size_t size = strlen(text);
    if (write(file, text, size) != (ssize_t)size || fchmod(file, mode) != 0 || close(file) != 0)
        die("write", full);
    return keep(full, 0);
}
