/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache ctl: asks and commands a running process. Every command is a request to each socket that
 * is meant, and a way to show the lines of the reply, for people or as a JSON object.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* How a command shows a reply. */
typedef struct view {
    cli_program *cli;
    cli_table table;
    bool inside; /* of the JSON object of a generation */
    bool no;     /* the exit status says so */
} view;

typedef struct command {
    const char *request;
    ctl_line_fn *show;  /* a line, for people */
    ctl_line_fn *write; /* a line, in JSON */
    const char *name;   /* in JSON, of the array or object of all lines; NULL: they are members */
    char brackets[3];   /* of it */
    size_t columns;     /* of the table */
} command;

/* ---- running --------------------------------------------------------------------------------- */

static void end_json(view *shown, const ctl_outcome *outcome)
{
    cli_program *cli = shown->cli;
    const char *name = zcache_status_name(outcome->status);
    cli_json_name(cli, "status");
    cli_json_text(cli, strncmp(name, "ZCACHE_", 7) == 0 ? name + 7 : name);
    if (outcome->status < 0) {
        cli_json_name(cli, "message");
        cli_json_text(cli, outcome->message);
    }
    cli_json_end(cli, '}');
}

static cli_exit run_on(cli_program *cli, const command *asked, const char *path, bool many)
{
    view shown = {.cli = cli, .table = {.columns = asked->columns}};
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "socket");
        cli_json_text(cli, path);
        if (asked->name != NULL) {
            cli_json_name(cli, asked->name);
            cli_json_begin(cli, asked->brackets[0]);
        }
    } else if (many) {
        cli_print(cli, "%s:\n", path);
    }
    ctl_outcome outcome =
        ctl_ask(path, asked->request, false, cli->json ? asked->write : asked->show, &shown);
    if (cli->json) {
        if (shown.inside) {
            cli_json_end(cli, ']');
            cli_json_end(cli, '}');
        }
        if (asked->name != NULL)
            cli_json_end(cli, asked->brackets[1]);
        end_json(&shown, &outcome);
    }
    cli_exit result = cli_table_print(cli, &shown.table, many ? "  " : "");
    if (outcome.status < 0)
        cli_message(cli, "%s: %s", path, outcome.message);
    if (shown.no)
        result = cli_worse(result, CLI_NO);
    return cli_worse(result, cli_exit_of(outcome.status));
}

static cli_exit run(cli_program *cli, const cli_arguments *arguments, const command *asked)
{
    ctl_sockets sockets;
    cli_exit result = ctl_find(cli, arguments, &sockets);
    if (result != CLI_DONE)
        return result;
    bool all = (arguments->given & CLI_BIT(ALL)) != 0;
    if (cli->json && all)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < sockets.count; i++)
        result = cli_worse(result, run_on(cli, asked, sockets.paths[i], all));
    if (cli->json && all)
        cli_json_end(cli, ']');
    if (cli->json)
        cli_json_line(cli);
    ctl_sockets_free(&sockets);
    return result;
}

static void write_object(void *user, const ctl_line *line)
{
    cli_program *cli = ((view *)user)->cli;
    cli_json_begin(cli, '{');
    ctl_json_members(cli, line);
    cli_json_end(cli, '}');
}

/* ---- status ---------------------------------------------------------------------------------- */

static void show_swap(cli_table *table, const ctl_line *line)
{
    const char *state = ctl_text(line, "state");
    bool reload = ctl_number(line, "reload") != 0;
    char what[96] = "reload";
    if (!reload)
        snprintf(what, sizeof(what), "swap to %s", ctl_text(line, "provider"));
    cli_table_cell(table, "last asked");
    if (strcmp(state, "running") == 0)
        cli_table_cell(table, "%s, under way", what);
    else if (strcmp(state, "ended") == 0 && ctl_number(line, "succeeded") != 0)
        cli_table_cell(table, "%s, succeeded", what);
    else if (strcmp(state, "ended") == 0)
        cli_table_cell(table, "%s, failed: %s", what, ctl_text(line, "message"));
    else
        cli_table_cell(table, "nothing");
}

static void show_process(cli_table *table, const ctl_line *line)
{
    char up[32];
    ctl_format_age(ctl_number(line, "uptime_ms"), up);
    cli_table_cell(table, "process");
    cli_table_cell(table, "%" PRId64 " %s, up %s, zcache %s", ctl_number(line, "pid"),
                   ctl_text(line, "program"), up, ctl_text(line, "version"));
    cli_table_cell(table, "provider");
    cli_table_cell(table, "%s, generation %" PRId64 "%s", ctl_text(line, "provider"),
                   ctl_number(line, "generation"),
                   ctl_number(line, "swapping") != 0 ? ", a swap is under way" : "");
    cli_table_cell(table, "log level");
    cli_table_cell(table, "%s", ctl_text(line, "log_level"));
}

static void show_status(void *user, const ctl_line *line)
{
    cli_table *table = &((view *)user)->table;
    if (ctl_is(line, "process")) {
        show_process(table, line);
    } else if (ctl_is(line, "swap")) {
        show_swap(table, line);
    } else if (ctl_is(line, "progress")) {
        cli_table_cell(table, "%s", ctl_text(line, "phase"));
        cli_table_cell(table, "%" PRId64 " of %" PRId64 " entries", ctl_number(line, "scanned"),
                       ctl_number(line, "total"));
    }
}

static void write_status(void *user, const ctl_line *line)
{
    cli_program *cli = ((view *)user)->cli;
    if (!ctl_is(line, "process")) {
        cli_json_name(cli, ctl_text(line, "type"));
        write_object(user, line);
        return;
    }
    ctl_json_members(cli, line);
}

cli_exit cli_ctl_status(cli_program *cli, const cli_arguments *arguments)
{
    return run(cli, arguments, &(command){"status", show_status, write_status, NULL, "", 2});
}

/* ---- stats ----------------------------------------------------------------------------------- */

static const ctl_field *value_of(const ctl_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->fields[i].name, "value") == 0)
            return &line->fields[i];
    return NULL;
}

static void show_stat(void *user, const ctl_line *line)
{
    cli_table *table = &((view *)user)->table;
    const ctl_field *value = value_of(line);
    if (value == NULL || !ctl_is(line, "stat"))
        return;
    cli_table_cell(table, "%s", ctl_text(line, "name"));
    if (value->kind == CTL_NUMBER)
        cli_table_cell(table, "%" PRId64, value->number);
    else
        cli_table_cell(table, "%s", value->text);
}

static void write_stat(void *user, const ctl_line *line)
{
    cli_program *cli = ((view *)user)->cli;
    const ctl_field *value = value_of(line);
    if (value == NULL || !ctl_is(line, "stat"))
        return;
    cli_json_name(cli, ctl_text(line, "name"));
    if (value->kind == CTL_NUMBER)
        cli_json_integer(cli, value->number);
    else
        cli_json_text(cli, value->text);
}

cli_exit cli_ctl_stats(cli_program *cli, const cli_arguments *arguments)
{
    return run(cli, arguments, &(command){"stats", show_stat, write_stat, "stats", "{}", 2});
}

/* ---- config ---------------------------------------------------------------------------------- */

static void show_setting(void *user, const ctl_line *line)
{
    cli_table *table = &((view *)user)->table;
    if (!ctl_is(line, "setting"))
        return;
    cli_table_cell(table, "[%s] %s", ctl_text(line, "section"), ctl_text(line, "key"));
    cli_table_cell(table, "= %s", ctl_text(line, "value"));
    cli_table_cell(table, "# %s", ctl_text(line, "origin"));
}

cli_exit cli_ctl_config(cli_program *cli, const cli_arguments *arguments)
{
    return run(cli, arguments,
               &(command){"config", show_setting, write_object, "settings", "[]", 3});
}

/* ---- generations ----------------------------------------------------------------------------- */

static void show_generation(void *user, const ctl_line *line)
{
    cli_table *table = &((view *)user)->table;
    char age[32];
    ctl_format_age(ctl_number(line, "age_ms"), age);
    bool lease = ctl_is(line, "lease");
    if (!lease && !ctl_is(line, "generation"))
        return;
    if (table->count == 0) {
        static const char *const heads[] = {"generation", "provider", "state",
                                            "age",        "pins",     "leases"};
        for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
            cli_table_cell(table, "%s", heads[i]);
    }
    if (lease) {
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "  lease");
        cli_table_cell(table, "thread %" PRId64, ctl_number(line, "thread"));
        cli_table_cell(table, "%s", age);
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", "");
        return;
    }
    if (ctl_number(line, "number") != 0)
        cli_table_cell(table, "%" PRId64, ctl_number(line, "number"));
    else
        cli_table_cell(table, "next");
    cli_table_cell(table, "%s", ctl_text(line, "provider"));
    cli_table_cell(table, "%s", ctl_text(line, "state"));
    cli_table_cell(table, "%s", age);
    cli_table_cell(table, "%" PRId64, ctl_number(line, "pins"));
    cli_table_cell(table, "%" PRId64, ctl_number(line, "leases"));
}

static void write_generation(void *user, const ctl_line *line)
{
    view *shown = user;
    cli_program *cli = shown->cli;
    if (ctl_is(line, "lease")) {
        write_object(user, line);
        return;
    }
    if (!ctl_is(line, "generation"))
        return;
    if (shown->inside) {
        cli_json_end(cli, ']');
        cli_json_end(cli, '}');
    }
    shown->inside = true;
    cli_json_begin(cli, '{');
    ctl_json_members(cli, line);
    cli_json_name(cli, "holders");
    cli_json_begin(cli, '[');
}

cli_exit cli_ctl_generations(cli_program *cli, const cli_arguments *arguments)
{
    return run(
        cli, arguments,
        &(command){"generations", show_generation, write_generation, "generations", "[]", 6});
}

/* ---- log, set, abort ------------------------------------------------------------------------------ */

static void show_nothing(void *user, const ctl_line *line)
{
    (void)user;
    (void)line;
}

cli_exit cli_ctl_log(cli_program *cli, const cli_arguments *arguments)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    const char *level = cli_operand_text(cli, arguments, 0);
    if (level == NULL)
        return CLI_USAGE;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(level, levels[i]) != 0)
            continue;
        char request[32];
        snprintf(request, sizeof(request), "log %s", level);
        return run(cli, arguments, &(command){request, show_nothing, show_nothing, NULL, "", 1});
    }
    return cli_usage_error(cli, NULL, "\"%s\" is no log level: error, warning, info or debug",
                           level);
}

/* Appends a setting to the request; what would end the word, and %, as %XX. False: no room. */
static bool append_setting(char *request, size_t size, const char *setting)
{
    size_t used = strlen(request);
    if (used + 1 >= size)
        return false;
    request[used++] = ' ';
    for (; *setting != '\0'; setting++) {
        unsigned char byte = (unsigned char)*setting;
        bool plain = byte > ' ' && byte <= '~' && byte != '%';
        int written = snprintf(request + used, size - used, plain ? "%c" : "%%%02X", byte);
        if (written < 0 || (size_t)written >= size - used)
            return false;
        used += (size_t)written;
    }
    return true;
}

cli_exit cli_ctl_set(cli_program *cli, const cli_arguments *arguments)
{
    char request[ZCACHE_CONTROL_LINE_MAX - 1] = "set"; /* and its newline */
    for (size_t i = 0; i < arguments->count; i++) {
        const char *setting = cli_operand_text(cli, arguments, i);
        if (setting == NULL)
            return CLI_USAGE;
        if (strchr(setting, '=') == NULL)
            return cli_usage_error(cli, NULL, "\"%s\": expected SECTION.KEY=VALUE", setting);
        if (!append_setting(request, sizeof(request), setting))
            return cli_usage_error(cli, NULL, "the settings are too long for one request");
    }
    return run(cli, arguments, &(command){request, show_nothing, show_nothing, NULL, "", 1});
}

static void show_abort(void *user, const ctl_line *line)
{
    view *shown = user;
    if (!ctl_is(line, "abort"))
        return;
    shown->no = ctl_number(line, "swapping") == 0;
    if (shown->cli->json)
        ctl_json_members(shown->cli, line);
    else
        cli_table_cell(&shown->table,
                       shown->no ? "no swap is under way" : "a copy under way gives up now");
}

cli_exit cli_ctl_abort(cli_program *cli, const cli_arguments *arguments)
{
    return run(cli, arguments, &(command){"abort", show_abort, show_abort, NULL, "", 1});
}
