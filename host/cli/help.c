/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache help, and every --help: the command table, printed.
 */
#include <ctype.h>
#include <string.h>

#include "cli.h"

static void add_option_row(cli_table *table, const cli_option *option)
{
    cli_table_cell(table, "%s%s%s%s%s", option->letter != NULL ? option->letter : "   ",
                   option->letter != NULL ? ", " : " ", option->name,
                   option->argument != NULL ? " " : "",
                   option->argument != NULL ? option->argument : "");
    cli_table_cell(table, "%s", option->help);
}

static cli_exit print_options(cli_program *cli, uint32_t options)
{
    cli_table table = {.columns = 2};
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if ((options & UINT32_C(1) << id) != 0)
            add_option_row(&table, &cli_options[id]);
    return cli_table_print(cli, &table, "  ");
}

/* How much of a usage tells operands: its options, after them, have no room in a list. */
static size_t operands_size(const char *usage)
{
    size_t size = strlen(usage);
    for (const char *option = strchr(usage, '-'); option != NULL; option = strchr(option + 1, '-'))
        if (option - usage >= 2 && (option[-1] == ' ' || option[-1] == '['))
            return (size_t)(option - usage) - (option[-1] == '[' ? 2 : 1);
    return size;
}

/* Whether it is one of a family, "ctl" say. */
static bool is_of(const cli_command *command, zcache_slice family)
{
    return strncmp(command->name, family.data, family.size) == 0 &&
           command->name[family.size] == ' ';
}

static cli_exit print_commands(cli_program *cli, zcache_slice family, bool shell_only)
{
    cli_table table = {.columns = 2};
    for (size_t i = 0; i < cli_command_count; i++) {
        const cli_command *command = &cli_commands[i];
        bool shown =
            shell_only ? (command->flags & CLI_SHELL_ONLY) != 0 : cli_command_shown(cli, command);
        if (!shown || (command->flags & CLI_HIDDEN) != 0)
            continue;
        if (family.size > 0 && !is_of(command, family))
            continue;
        cli_table_cell(&table, "%s%s%.*s", command->name, command->usage[0] != '\0' ? " " : "",
                       (int)operands_size(command->usage), command->usage);
        cli_table_cell(&table, "%s", command->summary);
    }
    return cli_table_print(cli, &table, "  ");
}

static cli_exit help_program(cli_program *cli)
{
    if (cli->in_shell)
        return print_commands(cli, (zcache_slice){0}, false);
    cli_print(cli, "usage: zcache [-c FILE] [-p PROVIDER] [-t TABLE] [-s SECTION.KEY=VALUE]... "
                   "[--json] COMMAND\n\nOne cache, whatever store is behind it: memory, Redis, "
                   "memcached.\n\nCommands (zcache COMMAND --help tells more):\n");
    cli_exit result = print_commands(cli, (zcache_slice){0}, false);
    cli_print(cli, "\nCommands of the shell beside these:\n");
    result = cli_worse(result, print_commands(cli, (zcache_slice){0}, true));
    cli_print(cli, "\nOptions, before or after the command; -- ends them:\n");
    result = cli_worse(
        result, print_options(cli, CLI_OPENING_OPTIONS | CLI_COMMON_OPTIONS | CLI_BIT(VERSION)));
    cli_print(cli, "\nWithout -c the file is the one that ZCACHE_CONF names, else the system's "
                   "zcache.ini. Options win\nover the environment (ZCACHE_PROVIDER, REDIS_URL, "
                   "MEMCACHED_SERVERS, ZCACHE_SECTION_KEY),\nwhich wins over the file.\n\n"
                   "Exit status:\n"
                   "  0  done\n"
                   "  1  a miss, or false\n"
                   "  2  the command line, a key or a value cannot be used\n"
                   "  3  the backend failed or timed out, or a result could not be written\n"
                   "  4  the configuration or a plugin was refused\n");
    return result;
}

static cli_exit help_command(cli_program *cli, const cli_command *command)
{
    const char *program = cli->in_shell || (command->flags & CLI_SHELL_ONLY) != 0 ? "" : "zcache ";
    cli_print(cli, "usage: %s%s%s%s\n\n", program, command->name,
              command->usage[0] != '\0' ? " " : "", command->usage);
    cli_print(cli, "%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    if (command->help[0] != '\0')
        cli_print(cli, "\n%s", command->help);
    cli_print(cli, "\nOptions:\n");
    return print_options(cli, cli_command_options(cli, command));
}

static cli_exit help_family(cli_program *cli, zcache_slice family)
{
    cli_print(cli, "usage: %s%s COMMAND\n\n", cli->in_shell ? "" : "zcache ",
              (const char *)family.data);
    return print_commands(cli, family, false);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void json_member(cli_program *cli, const char *name, const char *text)
{
    cli_json_name(cli, name);
    cli_json_text(cli, text);
}

static void json_command(cli_program *cli, const cli_command *command)
{
    uint32_t options = cli_command_options(cli, command);
    cli_json_begin(cli, '{');
    json_member(cli, "name", command->name);
    json_member(cli, "usage", command->usage);
    json_member(cli, "summary", command->summary);
    json_member(cli, "help", command->help);
    cli_json_name(cli, "shell_only");
    cli_json_bool(cli, (command->flags & CLI_SHELL_ONLY) != 0);
    cli_json_name(cli, "options");
    cli_json_begin(cli, '[');
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if ((options & UINT32_C(1) << id) != 0)
            cli_json_text(cli, cli_options[id].name);
    cli_json_end(cli, ']');
    cli_json_end(cli, '}');
}

/* The commands that `words` name, or begin to, and all options. */
static void help_json(cli_program *cli, const zcache_slice words[], size_t count)
{
    size_t used;
    const cli_command *named = cli_command_find(words, count, &used);
    cli_json_begin(cli, '{');
    cli_json_name(cli, "commands");
    cli_json_begin(cli, '[');
    for (size_t i = 0; i < cli_command_count; i++) {
        const cli_command *command = &cli_commands[i];
        bool wanted = named != NULL ? command == named : count == 0 || is_of(command, words[0]);
        if (wanted && (command->flags & CLI_HIDDEN) == 0)
            json_command(cli, command);
    }
    cli_json_end(cli, ']');
    cli_json_name(cli, "options");
    cli_json_begin(cli, '[');
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        cli_json_begin(cli, '{');
        json_member(cli, "name", cli_options[id].name);
        json_member(cli, "letter", cli_options[id].letter);
        json_member(cli, "argument", cli_options[id].argument);
        json_member(cli, "help", cli_options[id].help);
        cli_json_end(cli, '}');
    }
    cli_json_end(cli, ']');
    cli_json_end(cli, '}');
    cli_json_line(cli);
}

/* ---- on what is asked for -------------------------------------------------------------------- */

static bool is_family(zcache_slice word)
{
    for (size_t i = 0; i < cli_command_count; i++)
        if (is_of(&cli_commands[i], word))
            return true;
    return false;
}

cli_exit cli_help_on(cli_program *cli, const zcache_slice words[], size_t count)
{
    size_t used;
    const cli_command *command = cli_command_find(words, count, &used);
    bool family = count == 1 && is_family(words[0]);
    if (count > 0 && !family && (command == NULL || used != count))
        return cli_unknown_command(cli, words, count);
    if (cli->json) {
        help_json(cli, words, count);
        return CLI_DONE;
    }
    if (count == 0)
        return help_program(cli);
    return family ? help_family(cli, words[0]) : help_command(cli, command);
}

cli_exit cli_help(cli_program *cli, const cli_arguments *arguments)
{
    return cli_help_on(cli, arguments->operands, arguments->count);
}
