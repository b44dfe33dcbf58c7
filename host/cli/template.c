/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Finds the template and renders its files, line by line. A name that is longer or shorter moves
 * what follows it on its line; a line that was aligned with an open parenthesis there is moved as
 * much, so that the result looks as if it was written by hand.
 */
#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- names ----------------------------------------------------------------------------------- */

bool cli_plugin_name_make(const char *name, cli_plugin_name *plugin)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t size = strlen(name);
    if (size == 0 || size >= ZCACHE_NAME_SIZE || strchr(letters, name[0]) == NULL ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != size)
        return false;
    for (size_t i = 0; i <= size; i++) {
        char byte = name[i];
        plugin->name[i] = byte;
        plugin->identifier[i] = byte == '-' ? '_' : byte;
        plugin->constant[i] = (char)toupper((unsigned char)plugin->identifier[i]);
    }
    return true;
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* Where the template lies if it lies from this command as configured, wherever both were moved: in
 * a DESTDIR, in another prefix. */
static bool path_from_command(char path[PATH_MAX])
{
    static const char bin[] = ZC_BINDIR, template[] = ZC_TEMPLATEDIR;
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    size_t common = 0; /* up to and without the slash where the two part */
    for (size_t i = 0; bin[i] == template[i] && bin[i] != '\0'; i++)
        if (bin[i] == '/')
            common = i;
    size_t used = (size_t)(slash - path);
    for (const char *at = bin + common; *at != '\0'; at++)
        if (*at == '/' && used < PATH_MAX)
            used += (size_t)snprintf(path + used, PATH_MAX - used, "/..");
    if (used < PATH_MAX)
        used += (size_t)snprintf(path + used, PATH_MAX - used, "%s", template + common);
    return used < PATH_MAX && access(path, F_OK) == 0;
}

static void find_template(char path[PATH_MAX])
{
    const char *named = secure_getenv("ZCACHE_TEMPLATE");
    if (named != NULL && named[0] != '\0')
        snprintf(path, PATH_MAX, "%s", named);
    else if (!path_from_command(path))
        snprintf(path, PATH_MAX, "%s", ZC_TEMPLATEDIR);
}

/* ---- rendering ------------------------------------------------------------------------------- */

#define PARENTHESES 16

typedef struct rendering {
    FILE *out;
    const cli_plugin_name *plugin;
    size_t from_column, to_column; /* in the template's line, and in ours */
    struct {
        size_t from, to;
    } open[PARENTHESES]; /* the columns of parentheses that are open */
    size_t depth;
} rendering;

static void put(rendering *render, const char *from, size_t from_size, const char *to,
                size_t to_size)
{
    if (from_size == 1 && *from == '(' && render->depth < PARENTHESES) {
        render->open[render->depth].from = render->from_column;
        render->open[render->depth++].to = render->to_column;
    } else if (from_size == 1 && *from == ')' && render->depth > 0) {
        render->depth--;
    }
    fwrite(to, 1, to_size, render->out);
    render->from_column += from_size;
    render->to_column += to_size;
}

/* Writes the blanks at the beginning of a line; the result is what comes after them. */
static const char *put_indentation(rendering *render, const char *line)
{
    size_t blanks = strspn(line, " ");
    size_t wanted = blanks;
    if (blanks == 0)
        render->depth = 0; /* whatever a comment may have left open */
    else if (render->depth > 0 && blanks == render->open[render->depth - 1].from + 1)
        wanted = render->open[render->depth - 1].to + 1;
    fprintf(render->out, "%*s", (int)wanted, "");
    render->from_column = blanks;
    render->to_column = wanted;
    return line + blanks;
}

static void render_line(rendering *render, const char *line)
{
    const struct {
        const char *from, *to;
    } words[] = {
        {"my-store", render->plugin->name},
        {"my_store", render->plugin->identifier},
        {"MY_STORE", render->plugin->constant},
    };
    const char *at = put_indentation(render, line);
    while (*at != '\0') {
        const char *from = at, *to = at;
        size_t from_size = 1, to_size = 1;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strncmp(at, words[i].from, strlen(words[i].from)) == 0) {
                to = words[i].to;
                from_size = strlen(words[i].from);
                to_size = strlen(to);
            }
        }
        put(render, from, from_size, to, to_size);
        at += from_size;
    }
}

/* 0, or an errno. */
static int render_file(const char *path, const cli_plugin_name *plugin, cli_rendered *file)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return errno;
    int failure = 0;
    char *line = NULL;
    size_t room = 0;
    rendering render = {.out = open_memstream(&file->text, &file->size), .plugin = plugin};
    if (render.out == NULL) {
        failure = errno;
        fclose(in);
        return failure;
    }
    errno = 0;
    while (getline(&line, &room, in) >= 0)
        render_line(&render, line);
    if (ferror(in) || !feof(in))
        failure = errno != 0 ? errno : EIO;
    bool lost = ferror(render.out) != 0;
    lost = fclose(render.out) != 0 || lost;
    if (lost && failure == 0)
        failure = ENOMEM;
    free(line);
    fclose(in);
    return failure;
}

cli_exit cli_template_render(cli_program *cli, const cli_plugin_name *plugin,
                             cli_rendered files[CLI_TEMPLATE_FILES])
{
    /* A .gitignore in the template would count in zcache's own sources. */
    static const struct {
        const char *from, *to; /* NULL: NAME.c */
    } names[CLI_TEMPLATE_FILES] = {
        {"my-store.c", NULL},
        {"GNUmakefile", "GNUmakefile"},
        {"configure.ac", "configure.ac"},
        {"Makefile.am", "Makefile.am"},
        {"README.md", "README.md"},
        {"gitignore", ".gitignore"},
    };
    memset(files, 0, CLI_TEMPLATE_FILES * sizeof(files[0]));
    char directory[PATH_MAX];
    find_template(directory);
    for (size_t i = 0; i < CLI_TEMPLATE_FILES; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof(path), "%s/%s", directory, names[i].from);
        if (names[i].to != NULL)
            snprintf(files[i].file, sizeof(files[i].file), "%s", names[i].to);
        else
            snprintf(files[i].file, sizeof(files[i].file), "%s.c", plugin->name);
        int failure = render_file(path, plugin, &files[i]);
        if (failure != 0) {
            cli_message(cli,
                        "cannot read the template %s: %s; install all of zcache, or name the "
                        "template's directory in ZCACHE_TEMPLATE",
                        path, strerror(failure));
            cli_template_free(files);
            return CLI_FAILED;
        }
    }
    return CLI_DONE;
}

void cli_template_free(cli_rendered files[CLI_TEMPLATE_FILES])
{
    for (size_t i = 0; i < CLI_TEMPLATE_FILES; i++)
        free(files[i].text);
}
