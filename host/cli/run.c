/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * From words to a command that runs: finds it in the table, checks options and number of operands
 * against its entry, opens the cache if it needs one.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* The first words of all commands that can be used here. */
static size_t first_words(const cli_program *cli, const char *names[], char texts[][16],
                          size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < cli_command_count && count < room; i++) {
        const cli_command *command = &cli_commands[i];
        if ((command->flags & CLI_HIDDEN) != 0 || !cli_command_shown(cli, command))
            continue;
        snprintf(texts[count], sizeof(texts[count]), "%.*s", (int)strcspn(command->name, " "),
                 command->name);
        names[count] = texts[count];
        count++;
    }
    return count;
}

/* The second words of the commands that begin with `family`. */
static size_t second_words(const char *family, const char *names[], size_t room)
{
    size_t size = strlen(family);
    size_t count = 0;
    for (size_t i = 0; i < cli_command_count && count < room; i++) {
        const char *name = cli_commands[i].name;
        if (strncmp(name, family, size) == 0 && name[size] == ' ')
            names[count++] = name + size + 1;
    }
    return count;
}

/* "a, b or c" */
static void list_words(const char *const names[], size_t count, char *list, size_t size)
{
    list[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        const char *between = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        snprintf(list + used, size - used, "%s%s", between, names[i]);
    }
}

cli_exit cli_unknown_command(cli_program *cli, const zcache_slice words[], size_t count)
{
    enum { ROOM = 64 };
    const char *names[ROOM];
    const char *word = words[0].data;
    size_t name_count = second_words(word, names, ROOM);
    if (name_count > 0 && count == 1) {
        char list[128];
        list_words(names, name_count, list, sizeof(list));
        return cli_usage_error(cli, NULL, "\"%s\" needs a command after it: %s", word, list);
    }
    if (name_count > 0) {
        const char *second = words[1].data;
        const char *nearest = cli_nearest(second, names, name_count);
        return cli_usage_error(cli, NULL, "unknown command \"%s %s\"; did you mean \"%s %s\"?",
                               word, second, word, nearest != NULL ? nearest : names[0]);
    }
    char texts[ROOM][16];
    name_count = first_words(cli, names, texts, ROOM);
    const char *nearest = cli_nearest(word, names, name_count);
    if (nearest != NULL)
        return cli_usage_error(cli, NULL, "unknown command \"%s\"; did you mean \"%s\"?", word,
                               nearest);
    return cli_usage_error(cli, NULL, "unknown command \"%s\"", word);
}

static cli_exit check_options(cli_program *cli, const cli_command *command,
                              const cli_arguments *arguments)
{
    uint32_t wrong = arguments->given & ~cli_command_options(cli, command);
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if ((wrong & UINT32_C(1) << id) == 0)
            continue;
        if ((CLI_OPENING_OPTIONS & UINT32_C(1) << id) != 0)
            return cli_usage_error(cli, command,
                                   "%s belongs on the command line of zcache; here there is "
                                   "\"swap\"",
                                   cli_options[id].name);
        return cli_usage_error(cli, command, "\"%s\" has no option %s", command->name,
                               cli_options[id].name);
    }
    return CLI_DONE;
}

static cli_exit check_operands(cli_program *cli, const cli_command *command, size_t count)
{
    if (count >= command->min && count <= command->max)
        return CLI_DONE;
    const char *what = count < command->min ? "an operand is missing" : "an operand too many";
    return cli_usage_error(cli, command, "%s: %s %s", what, command->name, command->usage);
}

static cli_exit run_command(cli_program *cli, const cli_command *command,
                            const cli_arguments *arguments)
{
    if ((command->flags & CLI_NEEDS_CACHE) == 0)
        return command->run(cli, arguments);
    cli_exit result = cli_session_open(cli);
    if (result != CLI_DONE)
        return result;
    if (!cli->in_shell || arguments->table == NULL)
        return command->run(cli, arguments);

    zcache *cache = cli->cache;
    char table_name[CLI_TABLE_NAME_SIZE];
    memcpy(table_name, cli->table_name, sizeof(table_name));
    result = cli_session_table(cli, arguments->table);
    if (result == CLI_DONE)
        result = command->run(cli, arguments);
    cli->cache = cache;
    memcpy(cli->table_name, table_name, sizeof(table_name));
    return result;
}

static cli_exit dispatch(cli_program *cli, cli_arguments *arguments)
{
    if ((arguments->given & CLI_BIT(VERSION)) != 0) {
        if (cli->in_shell || arguments->count > 0)
            return cli_usage_error(cli, NULL, "--version stands alone");
        return cli_version(cli, arguments);
    }
    size_t used;
    const cli_command *command = cli_command_find(arguments->operands, arguments->count, &used);
    if ((arguments->given & CLI_BIT(HELP)) != 0)
        return cli_help_on(cli, arguments->operands, command != NULL ? used : arguments->count);
    if (arguments->count == 0)
        return cli_usage_error(cli, NULL, "a command is missing");
    if (command == NULL)
        return cli_unknown_command(cli, arguments->operands, arguments->count);
    if (!cli_command_shown(cli, command))
        return cli_usage_error(cli, NULL, "\"%s\" is %sa command of the shell", command->name,
                               cli->in_shell ? "not " : "");

    memmove(arguments->operands, arguments->operands + used,
            (arguments->count - used) * sizeof(*arguments->operands));
    arguments->count -= used;
    cli_exit result = check_options(cli, command, arguments);
    if (result == CLI_DONE)
        result = check_operands(cli, command, arguments->count);
    if (result == CLI_DONE)
        result = run_command(cli, command, arguments);
    return result;
}

cli_exit cli_run(cli_program *cli, const zcache_slice words[], size_t count)
{
    cli_arguments arguments;
    cli_exit result = cli_arguments_parse(cli, words, count, &arguments);
    if (result != CLI_DONE)
        return result;
    if (!cli->in_shell) {
        cli->config_file = arguments.config_file;
        cli->provider = arguments.provider;
        cli->table = arguments.table;
        cli->settings = arguments.settings;
    }
    bool json = cli->json;
    cli->json = json || (arguments.given & CLI_BIT(JSON)) != 0;
    result = dispatch(cli, &arguments);
    cli->json = json;
    if (!cli->in_shell)
        cli->settings = NULL;
    cli_arguments_free(&arguments);
    return result;
}
