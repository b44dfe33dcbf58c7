/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The settings of options and environment are gathered once; each load lays a copy of them over
 * what the file says then.
 */
#include "config/source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/environment.h"
#include "config/ini.h"
#include "config/settings.h"

#define SYSTEM_FILE ZC_SYSCONFDIR "/zcache.ini"

struct zc_config_source {
    char *name; /* the path as it was given, for messages; NULL: no file */
    char *path; /* absolute */
    bool may_be_missing;
    bool was_loaded;    /* from the file */
    struct stat status; /* of the file at the last load; all 0: it was not there */
    zc_settings kept;   /* of options and environment */
};

void zc_config_source_free(zc_config_source *source)
{
    if (source == NULL)
        return;
    zc_settings_free(&source->kept);
    zc_free(source->name);
    zc_free(source->path);
    zc_free(source);
}

/* The process may change its working directory. */
static char *make_absolute(const char *path)
{
    char directory[PATH_MAX];
    if (path[0] == '/' || getcwd(directory, sizeof(directory)) == NULL)
        return zc_strdup(path);
    return zc_format("%s/%s", directory, path);
}

static zcache_status set_file(zc_config_source *made, zcache_source source, const char *path)
{
    if (source == ZCACHE_SOURCE_CODE)
        return ZCACHE_OK;
    if (source == ZCACHE_SOURCE_ENVIRONMENT) {
        path = zc_environment_file();
        made->may_be_missing = path == NULL;
        if (path == NULL)
            path = SYSTEM_FILE;
    } else if (path == NULL) {
        return zc_error(ZCACHE_E_INVALID, "the path of a configuration file is missing");
    }
    made->name = zc_strdup(path);
    made->path = make_absolute(path);
    return made->name != NULL && made->path != NULL ? ZCACHE_OK : zc_error_nomem();
}

zcache_status zc_config_source_new(zcache_source source, const char *path,
                                   const zcache_options *options, zc_config_source **result)
{
    *result = NULL;
    zc_config_source *made = zc_calloc(1, sizeof(*made));
    if (made == NULL)
        return zc_error_nomem();
    zcache_status status = set_file(made, source, path);
    if (status == ZCACHE_OK && source != ZCACHE_SOURCE_CODE)
        status = zc_environment_load(&made->kept);
    if (status == ZCACHE_OK && options != NULL)
        status = zc_settings_add_options(&made->kept, options->settings, "option");
    if (status == ZCACHE_OK && options != NULL && options->provider != NULL)
        status = zc_settings_add_provider(&made->kept, options->provider, "option");
    if (status != ZCACHE_OK) {
        zc_config_source_free(made);
        return status;
    }
    *result = made;
    return ZCACHE_OK;
}

/* What the file says, if it is there. A pipe can be read once: a second time it would be empty, and
 * so a configuration without settings. */
static zcache_status read_file(zc_config_source *source, zc_settings *settings, bool *read)
{
    *read = false;
    if (source->path == NULL)
        return ZCACHE_OK;
    struct stat status;
    if (stat(source->path, &status) != 0) {
        if (source->may_be_missing && !source->was_loaded &&
            (errno == ENOENT || errno == ENOTDIR)) {
            source->status = (struct stat){0};
            return ZCACHE_OK;
        }
        return zc_error(ZCACHE_E_CONFIG, "%s: cannot be opened: %s", source->name, strerror(errno));
    }
    source->status = status;
    if (source->was_loaded && !S_ISREG(status.st_mode))
        return zc_error(ZCACHE_E_CONFIG, "%s: is not a regular file: it cannot be read again",
                        source->name);
    *read = true;
    return zc_ini_read(settings, source->path, source->name);
}

zcache_status zc_config_source_load(zc_config_source *source, zc_config **config)
{
    zc_settings settings = ZC_SETTINGS_INIT;
    bool read;
    *config = NULL;
    zcache_status status = read_file(source, &settings, &read);
    if (status == ZCACHE_OK)
        status = zc_settings_lay_over(&settings, &source->kept);
    if (status == ZCACHE_OK)
        status = zc_config_make(&settings, config);
    if (status == ZCACHE_OK)
        source->was_loaded = read;
    zc_settings_free(&settings);
    return status;
}

const char *zc_config_source_file(const zc_config_source *source)
{
    return source->path;
}

bool zc_config_source_is_stale(const zc_config_source *source)
{
    struct stat now = {0};
    if (stat(source->path, &now) != 0)
        now = (struct stat){0};
    const struct stat *then = &source->status;
    return now.st_dev != then->st_dev || now.st_ino != then->st_ino ||
           now.st_size != then->st_size || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}
