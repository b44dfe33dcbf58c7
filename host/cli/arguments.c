/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The options, and the parser that tells them from operands. Options may stand before or after the
 * command and between its operands; `--` ends them. `-`, and a `-` with a digit after it (a
 * number), are operands.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define RATE_MAX INT64_C(1000000000)
#define JOBS_MAX 32

const cli_option cli_options[CLI_OPTION_COUNT] = {
    [CLI_OPTION_CONFIG] = {"--config", "-c", "FILE", "read this INI file, not the configured one"},
    [CLI_OPTION_PROVIDER] = {"--provider", "-p", "PROVIDER", "use this provider"},
    [CLI_OPTION_TABLE] = {"--table", "-t", "TABLE", "work on this table"},
    [CLI_OPTION_SETTING] = {"--set", "-s", "SECTION.KEY=VALUE", "change a setting; repeatable"},
    [CLI_OPTION_JSON] = {"--json", NULL, NULL,
                         "print JSON; bytes that are not UTF-8: {\"base64\": ...}"},
    [CLI_OPTION_TTL] = {"--ttl", NULL, "DURATION",
                        "time to live: 500ms, 30s, 15m, 1h, 7d, or never"},
    [CLI_OPTION_ADD] = {"--add", NULL, NULL, "store only if the key is not there"},
    [CLI_OPTION_REPLACE] = {"--replace", NULL, NULL, "store only if the key is there"},
    [CLI_OPTION_SOCKET] = {"--socket", NULL, "PATH", "the control socket, not the configured one"},
    [CLI_OPTION_ALL] = {"--all", NULL, NULL, "address every process that is found"},
    [CLI_OPTION_MODE] = {"--mode", NULL, "MODE",
                         "cold: the new provider as it is; copy: bring all entries over first"},
    [CLI_OPTION_RATE] = {"--rate", NULL, "N", "copy at most N entries a second; 0: no limit"},
    [CLI_OPTION_VERIFY] = {"--verify", NULL, NULL, "compare all entries after the copy"},
    [CLI_OPTION_WAIT] = {"--wait", NULL, NULL, "show the progress, and end when the swap ends"},
    [CLI_OPTION_ONLY] = {"--only", NULL, "PATTERN", "run these checks alone: ttl-*,life-two"},
    [CLI_OPTION_REPORT] = {"--report", NULL, "FILE", "write the report to FILE too, as JSON"},
    [CLI_OPTION_JOBS] = {"--jobs", "-j", "N", "run so many checks at a time"},
    [CLI_OPTION_EMBEDDED] = {"--embedded", NULL, NULL,
                             "the plugin has no server: leave the checks of a silent one out"},
    [CLI_OPTION_EXCLUSIVE] = {"--exclusive", NULL, NULL,
                              "the store is for the checks alone: it may be emptied"},
    [CLI_OPTION_STOP_BACKEND] = {"--stop-backend", NULL, "COMMAND",
                                 "a shell command that makes the server silent"},
    [CLI_OPTION_RESUME_BACKEND] = {"--resume-backend", NULL, "COMMAND",
                                   "a shell command that makes it answer again"},
    [CLI_OPTION_VERSION] = {"--version", "-V", NULL, "print the version"},
    [CLI_OPTION_HELP] = {"--help", "-h", NULL, "explain the program, or the command"},
};

static bool spelled(const char *name, const char *spelling, size_t size)
{
    return name != NULL && strlen(name) == size && memcmp(name, spelling, size) == 0;
}

cli_option_id cli_option_find(const char *spelling, size_t size)
{
    int id = 0;
    while (id < CLI_OPTION_COUNT && !spelled(cli_options[id].name, spelling, size) &&
           !spelled(cli_options[id].letter, spelling, size))
        id++;
    return (cli_option_id)id;
}

static cli_exit unknown_option(cli_program *cli, const char *word, size_t size)
{
    const char *names[CLI_OPTION_COUNT];
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        names[id] = cli_options[id].name;
    char spelling[64];
    if (size >= sizeof(spelling))
        size = sizeof(spelling) - 1;
    memcpy(spelling, word, size);
    spelling[size] = '\0';
    const char *nearest =
        spelling[1] == '-' ? cli_nearest(spelling, names, CLI_OPTION_COUNT) : NULL;
    if (nearest != NULL)
        return cli_usage_error(cli, NULL, "unknown option %s; did you mean %s?", spelling, nearest);
    return cli_usage_error(cli, NULL, "unknown option %s; put -- before operands that begin with -",
                           spelling);
}

static bool valid_setting(const char *text)
{
    const char *equals = strchr(text, '=');
    const char *dot = equals != NULL ? memchr(text, '.', (size_t)(equals - text)) : NULL;
    return dot != NULL && dot > text && dot + 1 < equals;
}

/* Takes one option, with its argument if it has one. */
static cli_exit take(cli_program *cli, cli_arguments *arguments, cli_option_id id,
                     const char *argument)
{
    arguments->given |= UINT32_C(1) << id;
    switch (id) {
    case CLI_OPTION_CONFIG:
        arguments->config_file = argument;
        break;
    case CLI_OPTION_PROVIDER:
        arguments->provider = argument;
        break;
    case CLI_OPTION_TABLE:
        arguments->table = argument;
        break;
    case CLI_OPTION_SETTING:
        if (!valid_setting(argument))
            return cli_usage_error(cli, NULL, "\"%s\" is not of the form SECTION.KEY=VALUE",
                                   argument);
        arguments->settings[arguments->setting_count++] = argument;
        break;
    case CLI_OPTION_TTL:
        if (!cli_parse_duration(argument, &arguments->ttl_ms))
            return cli_usage_error(cli, NULL,
                                   "\"%s\" is not a duration from 1ms to 3650d: write 500ms, 30s, "
                                   "15m, 1h, 7d, or never",
                                   argument);
        break;
    case CLI_OPTION_SOCKET:
        arguments->socket = argument;
        break;
    case CLI_OPTION_MODE:
        if (strcmp(argument, "cold") != 0 && strcmp(argument, "copy") != 0)
            return cli_usage_error(cli, NULL, "\"%s\" is no mode: cold or copy", argument);
        arguments->mode = argument;
        break;
    case CLI_OPTION_RATE:
        if (!cli_parse_integer(argument, &arguments->rate) || arguments->rate < 0 ||
            arguments->rate > RATE_MAX)
            return cli_usage_error(cli, NULL, "\"%s\" is no number of entries a second", argument);
        break;
    case CLI_OPTION_ONLY:
        arguments->only = argument;
        break;
    case CLI_OPTION_REPORT:
        arguments->report = argument;
        break;
    case CLI_OPTION_JOBS:
        if (!cli_parse_integer(argument, &arguments->jobs) || arguments->jobs < 1 ||
            arguments->jobs > JOBS_MAX)
            return cli_usage_error(cli, NULL, "\"%s\" is no number of checks from 1 to %d",
                                   argument, JOBS_MAX);
        break;
    case CLI_OPTION_STOP_BACKEND:
        arguments->stop_backend = argument;
        break;
    case CLI_OPTION_RESUME_BACKEND:
        arguments->resume_backend = argument;
        break;
    default:
        break;
    }
    return CLI_DONE;
}

/* Takes the option that words[*i] begins; *i is left at the last word it uses. */
static cli_exit parse_option(cli_program *cli, const zcache_slice words[], size_t count, size_t *i,
                             cli_arguments *arguments)
{
    const char *word = words[*i].data;
    size_t size = words[*i].size;
    const char *argument = NULL; /* that is part of the word */
    if (word[1] == '-') {
        const char *equals = memchr(word, '=', size);
        if (equals != NULL) {
            size = (size_t)(equals - word);
            argument = equals + 1;
        }
    } else if (size > 2) {
        size = 2;
        argument = word + 2;
    }
    cli_option_id id = cli_option_find(word, size);
    if (id == CLI_OPTION_COUNT)
        return unknown_option(cli, word, size);
    if (cli_options[id].argument == NULL && argument != NULL)
        return cli_usage_error(cli, NULL, "%s takes no argument", cli_options[id].name);
    if (cli_options[id].argument != NULL && argument == NULL) {
        if (++*i == count)
            return cli_usage_error(cli, NULL, "%.*s needs an argument: %s", (int)size, word,
                                   cli_options[id].argument);
        argument = words[*i].data;
    }
    if (memchr(words[*i].data, '\0', words[*i].size) != NULL)
        return cli_usage_error(cli, NULL, "the argument of %s holds a 0 byte",
                               cli_options[id].name);
    return take(cli, arguments, id, argument);
}

static bool begins_option(zcache_slice word)
{
    const char *text = word.data;
    return word.size > 1 && text[0] == '-' && !(text[1] >= '0' && text[1] <= '9');
}

cli_exit cli_arguments_parse(cli_program *cli, const zcache_slice words[], size_t count,
                             cli_arguments *arguments)
{
    *arguments = (cli_arguments){.ttl_ms = ZCACHE_TTL_DEFAULT, .jobs = 1};
    arguments->operands = calloc(count + 1, sizeof(*arguments->operands));
    arguments->settings = calloc(count + 1, sizeof(*arguments->settings));
    cli_exit result = CLI_DONE;
    if (arguments->operands == NULL || arguments->settings == NULL)
        result = cli_no_memory(cli);

    bool options_end = false;
    for (size_t i = 0; i < count && result == CLI_DONE; i++) {
        if (options_end || !begins_option(words[i]))
            arguments->operands[arguments->count++] = words[i];
        else if (words[i].size == 2 && memcmp(words[i].data, "--", 2) == 0)
            options_end = true;
        else
            result = parse_option(cli, words, count, &i, arguments);
    }
    if (result != CLI_DONE)
        cli_arguments_free(arguments);
    return result;
}

void cli_arguments_free(cli_arguments *arguments)
{
    free(arguments->operands);
    free(arguments->settings);
    *arguments = (cli_arguments){0};
}

const char *cli_operand_text(cli_program *cli, const cli_arguments *arguments, size_t i)
{
    zcache_slice operand = arguments->operands[i];
    if (memchr(operand.data, '\0', operand.size) == NULL)
        return operand.data;
    cli_usage_error(cli, NULL, "operand %zu holds a 0 byte", i + 1);
    return NULL;
}
