/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache plugin new: writes the project of a new plugin, which needs nothing but an installed
 * zcache. Everything is rendered in memory first. Then each file is created where none was, and all
 * that was created is removed again if one cannot be written: a project is there whole, or not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "template.h"

/* ---- the name -------------------------------------------------------------------------------- */

/* Sections of zcache.ini, plugins and codecs that are zcache's own, and `zcache`, because names
 * that begin with zcache_ are. */
static const char *const taken_names[] = {
    "cache", "swap",  "control", "table", "memory", "redis", "memcached", "cbor",
    "lmdb",  "fault", "stats",   "bytes", "string", "json",  "msgpack",   "zcache",
};

static cli_exit check_name(cli_program *cli, const char *name, cli_plugin_name *plugin)
{
    if (!cli_plugin_name_make(name, plugin)) {
        cli_message(cli,
                    "\"%s\" cannot be a plugin's name: it is 1 to 32 lower case letters, digits, "
                    "\"_\" and \"-\", and begins with a letter",
                    name);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < sizeof(taken_names) / sizeof(taken_names[0]); i++) {
        if (strcmp(name, taken_names[i]) != 0)
            continue;
        cli_message(cli, "\"%s\" is a name of zcache's own: choose another", name);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* Whether there is nothing in a directory; *failure: an errno, or 0. */
static bool is_empty(const char *directory, int *failure)
{
    DIR *open = opendir(directory);
    if (open == NULL) {
        *failure = errno;
        return false;
    }
    bool empty = true;
    errno = 0;
    for (const struct dirent *entry = readdir(open); entry != NULL && empty; entry = readdir(open))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    *failure = empty ? errno : 0;
    closedir(open);
    return empty && *failure == 0;
}

/* Makes the directory, or takes one that is empty. */
static cli_exit take_directory(cli_program *cli, const char *directory, bool *made)
{
    *made = mkdir(directory, 0777) == 0;
    if (*made)
        return CLI_DONE;
    int failure = errno;
    if (failure == EEXIST && is_empty(directory, &failure))
        return CLI_DONE;
    if (failure == 0) {
        cli_message(cli, "%s is not empty, and nothing is overwritten: name another directory",
                    directory);
        return CLI_USAGE;
    }
    cli_message(cli, "cannot make the directory %s: %s", directory, strerror(failure));
    return failure == ENOTDIR ? CLI_USAGE : CLI_FAILED;
}

/* ---- the files ------------------------------------------------------------------------------- */

/* Creates one file; *created even where it could not be written whole. 0, or an errno. */
static int write_file(int directory, const cli_rendered *file, bool *created)
{
    int out = openat(directory, file->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    *created = out >= 0;
    if (out < 0)
        return errno;
    int failure = 0;
    for (size_t done = 0; done < file->size && failure == 0;) {
        ssize_t written = write(out, file->text + done, file->size - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            failure = errno;
    }
    if (close(out) != 0 && failure == 0)
        failure = errno;
    return failure;
}

/* All of them, or none. */
static cli_exit write_files(cli_program *cli, const char *path,
                            const cli_rendered files[CLI_TEMPLATE_FILES])
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        cli_message(cli, "cannot open the directory %s: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    int failure = 0;
    size_t count = 0; /* how many are there */
    for (size_t i = 0; i < CLI_TEMPLATE_FILES && failure == 0; i++) {
        bool created;
        failure = write_file(directory, &files[i], &created);
        count += created;
        if (failure != 0)
            cli_message(cli, "cannot write %s/%s: %s", path, files[i].file, strerror(failure));
    }
    while (failure != 0 && count > 0)
        unlinkat(directory, files[--count].file, 0);
    close(directory);
    return failure == 0 ? CLI_DONE : CLI_FAILED;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void tell(cli_program *cli, const cli_plugin_name *plugin, const char *directory,
                 const cli_rendered files[CLI_TEMPLATE_FILES])
{
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "name");
        cli_json_text(cli, plugin->name);
        cli_json_name(cli, "directory");
        cli_json_bytes(cli, zcache_str(directory));
        cli_json_name(cli, "files");
        cli_json_begin(cli, '[');
        for (size_t i = 0; i < CLI_TEMPLATE_FILES; i++)
            cli_json_text(cli, files[i].file);
        cli_json_end(cli, ']');
        cli_json_end(cli, '}');
        cli_json_line(cli);
        return;
    }
    cli_write_escaped(cli, zcache_str(directory));
    cli_print(cli, ":");
    for (size_t i = 0; i < CLI_TEMPLATE_FILES; i++)
        cli_print(cli, " %s", files[i].file);
    cli_print(cli, "\nNow, there: make && make check. README.md tells the rest.\n");
}

cli_exit cli_plugin_new(cli_program *cli, const cli_arguments *arguments)
{
    const char *name = cli_operand_text(cli, arguments, 0);
    const char *directory = arguments->count > 1 ? cli_operand_text(cli, arguments, 1) : name;
    if (name == NULL || directory == NULL)
        return CLI_USAGE;
    cli_plugin_name plugin;
    cli_exit result = check_name(cli, name, &plugin);
    if (result != CLI_DONE)
        return result;
    cli_rendered files[CLI_TEMPLATE_FILES];
    result = cli_template_render(cli, &plugin, files);
    if (result != CLI_DONE)
        return result;
    bool made;
    result = take_directory(cli, directory, &made);
    if (result == CLI_DONE) {
        result = write_files(cli, directory, files);
        if (result == CLI_DONE)
            tell(cli, &plugin, directory, files);
        else if (made)
            rmdir(directory);
    }
    cli_template_free(files);
    return result;
}
