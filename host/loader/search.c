/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every check is made on an open descriptor. The directory's canonical path is what is loaded from
 * in the end, so each directory on that path is checked as well: after that, only root and the
 * process's own user can make it mean another file.
 */
#include "loader/search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"

#define SUFFIX ".so"

bool zc_search_name_is_legal(const char *name)
{
    if (*name < 'a' || *name > 'z')
        return false;
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return size < ZC_NAME_MAX && name[size] == '\0';
}

const char *zc_search_distrust(const struct stat *status, uid_t user, gid_t group, const char **fix)
{
    *fix = NULL;
    if (status->st_uid != 0 && status->st_uid != user) {
        *fix = "chown root";
        return "belongs to neither root nor the user of this process";
    }
    if (status->st_mode & S_IWOTH) {
        *fix = "chmod o-w";
        return "is writable by others";
    }
    bool private_group = status->st_gid == group && group == user;
    if ((status->st_mode & S_IWGRP) && status->st_gid != 0 && !private_group) {
        *fix = "chmod g-w";
        return "is writable by a group";
    }
    return NULL;
}

static zcache_status refuse(const char *what, const char *path, const char *why, const char *fix)
{
    if (fix == NULL)
        return zc_error(ZCACHE_E_PLUGIN, "%s %s %s", what, path, why);
    return zc_error(ZCACHE_E_PLUGIN, "%s %s %s: it is not trusted (%s %s)", what, path, why, fix,
                    path);
}

static zcache_status check_trust(const char *what, const char *path, const struct stat *status)
{
    const char *fix;
    const char *why = zc_search_distrust(status, geteuid(), getegid(), &fix);
    return why == NULL ? ZCACHE_OK : refuse(what, path, why, fix);
}

/* Checks every directory above the canonical `path`, which is given back as it was. */
static zcache_status check_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        struct stat status;
        *slash = '\0';
        int failed = stat(path, &status);
        zcache_status result = ZCACHE_OK;
        if (failed) {
            result = zc_error(ZCACHE_E_PLUGIN, "directory %s: %s", path, strerror(errno));
        } else {
            /* Adding a name is no danger here, taking one away is: that the sticky bit forbids. */
            if (status.st_mode & S_ISVTX)
                status.st_mode &= ~(mode_t)(S_IWOTH | S_IWGRP);
            /* Groups that administer (staff in /usr/local) are the machine's own policy. */
            status.st_mode &= ~(mode_t)S_IWGRP;
            result = check_trust("directory", path, &status);
        }
        *slash = '/';
        if (result != ZCACHE_OK)
            return result;
    }
    return ZCACHE_OK;
}

/* Opens and verifies a directory of plugin_path: *fd is -1, and the result ZCACHE_OK, if it does
 * not exist. `canonical` has room for PATH_MAX bytes. */
static zcache_status open_directory(const char *path, char *canonical, int *fd)
{
    *fd = -1;
    if (path[0] != '/')
        return refuse("plugin_path", path, "is not an absolute directory", NULL);
    struct stat link_status;
    if (lstat(path, &link_status) == 0 && S_ISLNK(link_status.st_mode))
        return refuse("plugin_path", path,
                      "is a symbolic link: name the directory that it points to", NULL);
    if (realpath(path, canonical) == NULL) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ZCACHE_OK;
        return zc_error(ZCACHE_E_PLUGIN, "plugin_path %s: %s", path, strerror(errno));
    }
    *fd = open(canonical, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) {
        if (errno == ENOENT)
            return ZCACHE_OK;
        return zc_error(ZCACHE_E_PLUGIN, "plugin_path %s: %s", path, strerror(errno));
    }
    struct stat status;
    zcache_status result;
    if (fstat(*fd, &status) != 0)
        result = zc_error(ZCACHE_E_PLUGIN, "plugin_path %s: %s", path, strerror(errno));
    else
        result = check_trust("directory", canonical, &status);
    if (result == ZCACHE_OK)
        result = check_parents(canonical);
    if (result != ZCACHE_OK) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

/* Opens and verifies NAME.so in the directory `fd`: file->fd is -1 if it is not there. */
static zcache_status open_file(int fd, const char *directory, const char *name,
                               zc_search_file *file)
{
    const char *separator = strcmp(directory, "/") == 0 ? "" : "/";
    file->path = zc_format("%s%s%s" SUFFIX, directory, separator, name);
    if (file->path == NULL)
        return zc_error_nomem();
    const char *base = strrchr(file->path, '/') + 1;
    /* O_NONBLOCK: a FIFO of that name must not hang us */
    file->fd = openat(fd, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file->fd < 0) {
        if (errno == ENOENT)
            return ZCACHE_OK;
        if (errno == ELOOP)
            return refuse("plugin file", file->path, "is a symbolic link: install the file itself",
                          NULL);
        return zc_error(ZCACHE_E_PLUGIN, "plugin file %s: %s", file->path, strerror(errno));
    }
    if (fstat(file->fd, &file->status) != 0)
        return zc_error(ZCACHE_E_PLUGIN, "plugin file %s: %s", file->path, strerror(errno));
    if (!S_ISREG(file->status.st_mode))
        return refuse("plugin file", file->path, "is not a regular file", NULL);
    return check_trust("plugin file", file->path, &file->status);
}

/* "no plugin foo: it is not linked in, and there is no foo.so in /a, /b". */
static zcache_status not_found(const char *name, const zcache_list *path)
{
    char places[ZC_ERROR_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < path->count && used < sizeof(places) - 1; i++) {
        if (i > 0)
            used +=
                (size_t)(stpncpy(places + used, ", ", sizeof(places) - 1 - used) - (places + used));
        used += (size_t)(stpncpy(places + used, path->items[i], sizeof(places) - 1 - used) -
                         (places + used));
    }
    if (path->count == 0)
        return zc_error(ZCACHE_E_PLUGIN,
                        "no plugin %s: it is not linked in, and plugin_path is empty", name);
    return zc_error(ZCACHE_E_PLUGIN,
                    "no plugin %s: it is not linked in, and there is no %s" SUFFIX
                    " in plugin_path (%s)",
                    name, name, places);
}

zcache_status zc_search_open(const char *name, const zcache_list *path, zc_search_file *file)
{
    *file = (zc_search_file){.fd = -1};
    for (size_t i = 0; i < path->count; i++) {
        char canonical[PATH_MAX];
        int directory;
        zcache_status result = open_directory(path->items[i], canonical, &directory);
        if (result == ZCACHE_OK && directory >= 0) {
            result = open_file(directory, canonical, name, file);
            close(directory);
        }
        if (result == ZCACHE_OK && file->fd >= 0)
            return ZCACHE_OK;
        zc_search_close(file);
        if (result != ZCACHE_OK)
            return result;
    }
    return not_found(name, path);
}

void zc_search_close(zc_search_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    zc_free(file->path);
    *file = (zc_search_file){.fd = -1};
}

zcache_status zc_search_each(const char *directory, zc_search_fn *each, void *user)
{
    char canonical[PATH_MAX];
    int fd;
    zcache_status result = open_directory(directory, canonical, &fd);
    if (result != ZCACHE_OK || fd < 0)
        return result;
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        close(fd);
        return zc_error(ZCACHE_E_PLUGIN, "plugin_path %s: %s", canonical, strerror(errno));
    }
    struct dirent *entry;
    while (result == ZCACHE_OK && (entry = readdir(entries)) != NULL) {
        size_t size = strlen(entry->d_name);
        char name[ZC_NAME_MAX];
        if (size <= strlen(SUFFIX) || size - strlen(SUFFIX) >= sizeof(name) ||
            strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        memcpy(name, entry->d_name, size - strlen(SUFFIX));
        name[size - strlen(SUFFIX)] = '\0';
        if (zc_search_name_is_legal(name))
            result = each(user, name);
    }
    closedir(entries);
    return result;
}
