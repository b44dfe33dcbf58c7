/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A watch is set before what it watches is looked at, so nothing is missed in between.
 */
#include "reload/trail.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"

#define LINKS_MAX 40 /* as the kernel's */
#define LOOKS_MAX 8
#define SELF_MASK (IN_MOVE_SELF | IN_DELETE_SELF)
#define NAME_MASK \
    (IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | SELF_MASK)

typedef struct zc_trail_place {
    int watch;
    char *directory;
    char *name; /* in it; NULL: the directory itself */
} zc_trail_place;

zcache_status zc_trail_open(zc_trail *trail)
{
    *trail = (zc_trail){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (trail->fd < 0)
        return zc_error(ZCACHE_E_UNAVAILABLE, "inotify is not to be had: %s", strerror(errno));
    return ZCACHE_OK;
}

static void forget(zc_trail *trail)
{
    for (size_t i = 0; i < trail->count; i++) {
        /* several places may share one: then it is gone already */
        inotify_rm_watch(trail->fd, trail->places[i].watch);
        zc_free(trail->places[i].directory);
        zc_free(trail->places[i].name);
    }
    zc_free(trail->places);
    trail->places = NULL;
    trail->count = 0;
}

void zc_trail_close(zc_trail *trail)
{
    forget(trail);
    if (trail->fd >= 0)
        close(trail->fd);
    trail->fd = -1;
}

/* ---- following ------------------------------------------------------------------------------- */

/* Returns 0 or an errno. */
static int add_place(zc_trail *trail, const char *directory, const char *name)
{
    uint32_t mask = name != NULL ? NAME_MASK : SELF_MASK;
    if (*directory == '\0')
        directory = "/";
    zc_trail_place *grown = zc_realloc(trail->places, (trail->count + 1) * sizeof(*trail->places));
    if (grown == NULL)
        return ENOMEM;
    trail->places = grown;
    zc_trail_place place = {.directory = zc_strdup(directory),
                            .name = name != NULL ? zc_strdup(name) : NULL};
    int failed = 0;
    if (place.directory == NULL || (name != NULL && place.name == NULL))
        failed = ENOMEM;
    else if ((place.watch = inotify_add_watch(
                  trail->fd, directory, mask | IN_MASK_ADD | IN_ONLYDIR | IN_DONT_FOLLOW)) < 0)
        failed = errno;
    if (failed == 0) {
        trail->places[trail->count++] = place;
        return 0;
    }
    zc_free(place.directory);
    zc_free(place.name);
    return failed;
}

typedef enum step { STEP_DIRECTORY, STEP_LINK, STEP_END, STEP_FAILED } step;

/* One name on the way. `path` is directory/name; *failed an errno. */
static step take_step(zc_trail *trail, const char *directory, const char *name, const char *path,
                      bool is_last, char target[PATH_MAX], int *failed)
{
    bool watched = false;
    for (int looks = 0; looks < LOOKS_MAX; looks++) {
        struct stat status;
        bool there = lstat(path, &status) == 0;
        if (there && S_ISDIR(status.st_mode) && !is_last) {
            *failed = add_place(trail, path, NULL);
            if (*failed == 0 || *failed == EACCES) /* one that we may only pass through */
                return STEP_DIRECTORY;
            if (*failed != ENOENT && *failed != ENOTDIR)
                return STEP_FAILED;
            continue; /* it was taken away meanwhile */
        }
        if (!watched) {
            *failed = add_place(trail, directory, name);
            if (*failed == ENOENT || *failed == ENOTDIR)
                return STEP_END; /* as above: its own watch tells */
            if (*failed != 0)
                return STEP_FAILED;
            watched = true;
            continue; /* look again, now that no change is missed */
        }
        if (!there || !S_ISLNK(status.st_mode))
            return STEP_END;
        ssize_t size = readlink(path, target, PATH_MAX - 1);
        if (size > 0) {
            target[size] = '\0';
            return STEP_LINK;
        }
    }
    return STEP_END;
}

/* Takes the first name off `rest`; false: there is none. */
static bool take_name(char rest[PATH_MAX], char name[NAME_MAX + 1])
{
    size_t at = strspn(rest, "/"), size = strcspn(rest + at, "/");
    if (size == 0 || size > NAME_MAX)
        return false;
    memcpy(name, rest + at, size);
    name[size] = '\0';
    size_t end = at + size + strspn(rest + at + size, "/");
    memmove(rest, rest + end, strlen(rest + end) + 1);
    return true;
}

zcache_status zc_trail_follow(zc_trail *trail, const char *path)
{
    char done[PATH_MAX] = "", rest[PATH_MAX], full[PATH_MAX], target[PATH_MAX];
    char joined[2 * PATH_MAX], name[NAME_MAX + 1];
    int failed = 0, links = 0;
    forget(trail);
    trail->stirs = false;
    if ((size_t)snprintf(rest, sizeof(rest), "%s", path) >= sizeof(rest))
        return zc_error(ZCACHE_E_UNAVAILABLE, "%.100s...: the path is too long", path);
    while (take_name(rest, name)) {
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) { /* `done` has no links in it */
            char *slash = strrchr(done, '/');
            if (slash != NULL)
                *slash = '\0';
            continue;
        }
        if ((size_t)snprintf(full, sizeof(full), "%s/%s", done, name) >= sizeof(full))
            return ZCACHE_OK; /* nothing can be there */
        step taken = take_step(trail, done, name, full, *rest == '\0', target, &failed);
        if (taken == STEP_FAILED)
            return zc_error(ZCACHE_E_UNAVAILABLE, "the directory %s cannot be watched: %s",
                            *done != '\0' ? done : "/", strerror(failed));
        if (taken == STEP_DIRECTORY) {
            memcpy(done, full, sizeof(done));
        } else if (taken == STEP_LINK && ++links <= LINKS_MAX) {
            snprintf(joined, sizeof(joined), "%s/%s", target, rest);
            if (strlen(joined) >= sizeof(rest))
                return ZCACHE_OK;
            size_t size = strlen(joined);
            if (*rest == '\0')
                joined[--size] = '\0'; /* the slash */
            memcpy(rest, joined, size + 1);
            if (*target == '/')
                *done = '\0';
        } else {
            return ZCACHE_OK;
        }
    }
    return ZCACHE_OK;
}

/* ---- news ------------------------------------------------------------------------------------ */

/* Whether a name that has just been made is all there. A file that is still to be written is not:
 * its writer closes it. */
static bool is_complete(const zc_trail_place *place)
{
    char path[PATH_MAX];
    struct stat status;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", place->directory, place->name) >=
            sizeof(path) ||
        lstat(path, &status) != 0)
        return false;
    return !S_ISREG(status.st_mode) || status.st_nlink > 1;
}

static zc_trail_news news_of(const zc_trail *trail, const struct inotify_event *event)
{
    zc_trail_news news = ZC_TRAIL_QUIET;
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        return ZC_TRAIL_CHANGED;
    for (size_t i = 0; i < trail->count; i++) {
        const zc_trail_place *place = &trail->places[i];
        if (place->watch != event->wd)
            continue;
        if ((event->mask & (SELF_MASK | IN_UNMOUNT)) != 0)
            return ZC_TRAIL_CHANGED;
        if (event->len == 0 || place->name == NULL || strcmp(place->name, event->name) != 0)
            continue;
        if ((event->mask & IN_MODIFY) == 0 &&
            ((event->mask & IN_CREATE) == 0 || is_complete(place)))
            return ZC_TRAIL_CHANGED;
        news = ZC_TRAIL_STIRS;
    }
    return news;
}

zc_trail_news zc_trail_read(zc_trail *trail)
{
    _Alignas(struct inotify_event) char buffer[4096];
    zc_trail_news news = ZC_TRAIL_QUIET;
    ssize_t size;
    while ((size = read(trail->fd, buffer, sizeof(buffer))) > 0) {
        const struct inotify_event *event;
        for (const char *at = buffer; at < buffer + size; at += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)(const void *)at;
            zc_trail_news one = news_of(trail, event);
            if (one != ZC_TRAIL_QUIET)
                trail->stirs = one == ZC_TRAIL_STIRS;
            if (one > news)
                news = one;
        }
    }
    return news;
}
