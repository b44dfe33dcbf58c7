/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Which control socket is meant. The configuration names one, or with %p in its path one a process:
 * then those that are there are looked for, and those that nobody listens on are left out.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define PATTERN_MAX 1024

typedef struct configured {
    char pattern[PATTERN_MAX];
} configured;

static void note_socket(void *user, const zcache_setting *setting)
{
    configured *found = user;
    if (strcmp(setting->section, "control") == 0 && strcmp(setting->key, "socket") == 0 &&
        strlen(setting->value) < sizeof(found->pattern))
        strcpy(found->pattern, setting->value);
}

/* The pattern of glob(3) for a configured path; false: it is too long. */
static bool make_glob(const char *pattern, char *made, size_t size)
{
    size_t used = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        char part[8] = {*at};
        if (at[0] == '%' && at[1] == 'p')
            strcpy(part, "[0-9]*");
        else if (strchr("*?[\\", *at) != NULL)
            part[0] = '\\', part[1] = *at;
        if (*at == '%')
            at++;
        if (used + strlen(part) >= size)
            return false;
        strcpy(made + used, part);
        used += strlen(part);
    }
    return true;
}

/* Whether `path` is what the pattern gives for some process. */
static bool matches(const char *pattern, const char *path)
{
    if (pattern[0] == '%' && pattern[1] == 'p') {
        for (size_t digits = strspn(path, "0123456789"); digits > 0; digits--)
            if (matches(pattern + 2, path + digits))
                return true;
        return false;
    }
    if (pattern[0] == '%')
        pattern++;
    if (*pattern != *path)
        return false;
    return *pattern == '\0' || matches(pattern + 1, path + 1);
}

static bool add(ctl_sockets *found, const char *path)
{
    char **paths = realloc(found->paths, (found->count + 1) * sizeof(*paths));
    if (paths != NULL)
        found->paths = paths;
    char *copy = paths != NULL ? strdup(path) : NULL;
    if (copy == NULL)
        return false;
    found->paths[found->count++] = copy;
    return true;
}

static bool answers(const char *path)
{
    int fd = ctl_connect(path);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static cli_exit look_for(cli_program *cli, const char *pattern, ctl_sockets *found)
{
    char wildcard[PATTERN_MAX];
    glob_t there = {0};
    if (!make_glob(pattern, wildcard, sizeof(wildcard)))
        return cli_usage_error(cli, NULL, "[control] socket is too long");
    int error = glob(wildcard, 0, NULL, &there);
    cli_exit result = error == GLOB_NOSPACE ? cli_no_memory(cli) : CLI_DONE;
    for (size_t i = 0; error == 0 && i < there.gl_pathc && result == CLI_DONE; i++)
        if (matches(pattern, there.gl_pathv[i]) && answers(there.gl_pathv[i]) &&
            !add(found, there.gl_pathv[i]))
            result = cli_no_memory(cli);
    globfree(&there);
    return result;
}

static cli_exit find_configured(cli_program *cli, ctl_sockets *found)
{
    configured setting = {""};
    zcache_options options = cli_session_options(cli);
    zcache_status status = zcache_config_check(cli_session_source(cli), cli->config_file, &options,
                                               note_socket, &setting);
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    if (setting.pattern[0] == '\0') {
        cli_message(cli, "no control socket is configured: set [control] socket, or give --socket");
        return CLI_REFUSED;
    }
    cli_exit result = look_for(cli, setting.pattern, found);
    if (result == CLI_DONE && found->count == 0) {
        cli_message(cli, "no process listens on %s", setting.pattern);
        result = CLI_FAILED;
    }
    return result;
}

cli_exit ctl_find(cli_program *cli, const cli_arguments *arguments, ctl_sockets *found)
{
    *found = (ctl_sockets){0};
    bool all = (arguments->given & CLI_BIT(ALL)) != 0;
    if (arguments->socket != NULL && all)
        return cli_usage_error(cli, NULL, "--socket and --all cannot be used together");
    cli_exit result = CLI_DONE;
    if (arguments->socket == NULL)
        result = find_configured(cli, found);
    else if (!add(found, arguments->socket))
        result = cli_no_memory(cli);
    if (result == CLI_DONE && found->count > 1 && !all) {
        cli_message(cli, "several processes listen: name one by --socket, or use --all");
        for (size_t i = 0; i < found->count; i++)
            cli_message(cli, "  --socket %s", found->paths[i]);
        result = CLI_USAGE;
    }
    if (result != CLI_DONE)
        ctl_sockets_free(found);
    return result;
}

void ctl_sockets_free(ctl_sockets *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->paths[i]);
    free(found->paths);
    *found = (ctl_sockets){0};
}
