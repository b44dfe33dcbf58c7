/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the word being typed can become, from the command table, the plugins that are there and the
 * settings that they have. The shell asks it, and so does the bash completion, through the hidden
 * command `zcache complete -- WORD...`, so that neither keeps lists of its own.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* The words before the one that is typed. */
typedef struct words_before {
    zcache_slice operands[3]; /* the first ones */
    size_t count;
    cli_option_id pending; /* the option whose argument is typed; CLI_OPTION_COUNT: none */
    bool options_end;
    const char *config_file;
} words_before;

typedef struct completion {
    cli_program *cli;
    zcache_slice typed;
    cli_candidate_fn *each;
    void *user;
    zcache_kind kind; /* of the plugins to offer; 0: any */
} completion;

static void offer(const completion *offers, const char *candidate)
{
    zcache_slice typed = offers->typed;
    if (typed.size == 0 || strncmp(candidate, typed.data, typed.size) == 0)
        offers->each(offers->user, candidate);
}

static void pass_word(words_before *before, zcache_slice word)
{
    const char *text = word.data;
    if (before->pending != CLI_OPTION_COUNT) {
        if (before->pending == CLI_OPTION_CONFIG)
            before->config_file = text;
        before->pending = CLI_OPTION_COUNT;
    } else if (before->options_end || word.size < 2 || text[0] != '-') {
        if (before->count < 3)
            before->operands[before->count++] = word;
    } else if (strcmp(text, "--") == 0) {
        before->options_end = true;
    } else {
        cli_option_id id = cli_option_find(text, word.size);
        if (id != CLI_OPTION_COUNT && cli_options[id].argument != NULL)
            before->pending = id;
    }
}

static void offer_plugin(void *user, const zcache_plugin_info *info)
{
    const completion *offers = user;
    if (offers->kind == 0 || (info->status == ZCACHE_OK && info->descriptor->kind == offers->kind))
        offer(offers, info->name);
}

static void offer_plugins(completion *offers, const words_before *before, zcache_kind kind)
{
    offers->kind = kind;
    const char *file = before->config_file != NULL ? before->config_file : offers->cli->config_file;
    zcache_options options = cli_session_options(offers->cli);
    /* A configuration that is wrong has no plugins to offer; what is wrong is told when it is used.
     */
    (void)zcache_plugin_each(file != NULL ? ZCACHE_SOURCE_FILE : ZCACHE_SOURCE_ENVIRONMENT, file,
                             &options, offer_plugin, offers);
}

static void offer_setting(void *user, const zcache_setting *setting)
{
    char text[128];
    snprintf(text, sizeof(text), "%s.%s=", setting->section, setting->key);
    offer(user, text);
}

/* What can be set in a running process is a plugin's. */
static void offer_plugin_setting(void *user, const zcache_setting *setting)
{
    const char *const others[] = {"cache", "swap", "control"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(setting->section, others[i]) == 0)
            return;
    if (strchr(setting->section, '.') == NULL)
        offer_setting(user, setting);
}

static void offer_settings(completion *offers, const words_before *before,
                           zcache_setting_fn *offer_one)
{
    zcache_options options = cli_session_options(offers->cli);
    (void)zcache_config_check(before->config_file != NULL ? ZCACHE_SOURCE_FILE
                                                          : ZCACHE_SOURCE_ENVIRONMENT,
                              before->config_file, &options, offer_one, offers);
}

static void offer_argument(completion *offers, const words_before *before)
{
    static const char *const durations[] = {"500ms", "30s", "15m", "1h", "7d", "never"};
    switch (before->pending) {
    case CLI_OPTION_CONFIG:
        offers->each(offers->user, ":file:");
        break;
    case CLI_OPTION_PROVIDER:
        offer_plugins(offers, before, ZCACHE_KIND_PROVIDER);
        break;
    case CLI_OPTION_SETTING:
        offer_settings(offers, before, offer_setting);
        break;
    case CLI_OPTION_SOCKET:
        offers->each(offers->user, ":file:");
        break;
    case CLI_OPTION_MODE:
        offer(offers, "cold");
        offer(offers, "copy");
        break;
    case CLI_OPTION_TTL:
        for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
            offer(offers, durations[i]);
        break;
    default:
        break; /* a table, a number */
    }
}

static void offer_options(const completion *offers, const cli_command *command)
{
    uint32_t options = command != NULL
                           ? cli_command_options(offers->cli, command)
                           : CLI_OPENING_OPTIONS | CLI_COMMON_OPTIONS | CLI_BIT(VERSION);
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if ((options & UINT32_C(1) << id) != 0)
            offer(offers, cli_options[id].name);
}

/* The next word of every command that begins with the `count` words there are: 0 or 1. */
static void offer_commands(const completion *offers, const zcache_slice words[], size_t count)
{
    char last[16] = "";
    for (size_t i = 0; i < cli_command_count; i++) {
        const cli_command *command = &cli_commands[i];
        if ((command->flags & CLI_HIDDEN) != 0 || !cli_command_shown(offers->cli, command))
            continue;
        const char *name = command->name;
        size_t first = strcspn(name, " ");
        if (count == 1 && words[0].size == first && memcmp(words[0].data, name, first) == 0 &&
            name[first] == ' ')
            offer(offers, name + first + 1);
        char word[16];
        snprintf(word, sizeof(word), "%.*s", (int)first, name);
        if (count == 0 && strcmp(word, last) != 0) /* the commands of a family stand together */
            offer(offers, word);
        memcpy(last, word, sizeof(last));
    }
}

static void offer_log_levels(const completion *offers)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        offer(offers, levels[i]);
}

static void offer_operands(completion *offers, const words_before *before,
                           const cli_command *command, size_t used)
{
    if (before->count - used >= command->max)
        return;
    switch (command->operand) {
    case CLI_OPERAND_PLUGIN:
        offer_plugins(offers, before, (zcache_kind)0);
        break;
    case CLI_OPERAND_PROVIDER:
        offer_plugins(offers, before, ZCACHE_KIND_PROVIDER);
        break;
    case CLI_OPERAND_LOG_LEVEL:
        offer_log_levels(offers);
        break;
    case CLI_OPERAND_SETTING:
        offer_settings(offers, before, offer_plugin_setting);
        break;
    case CLI_OPERAND_FILE:
        offers->each(offers->user, ":file:");
        break;
    case CLI_OPERAND_NEW:
        if (before->count > used)
            offers->each(offers->user, ":file:");
        break;
    case CLI_OPERAND_COMMAND:
        offer_commands(offers, before->operands + used, before->count - used);
        break;
    case CLI_OPERAND_BYTES:
        break;
    }
}

void cli_complete_each(cli_program *cli, const zcache_slice words[], size_t count,
                       cli_candidate_fn *each, void *user)
{
    words_before before = {.pending = CLI_OPTION_COUNT};
    for (size_t i = 0; i + 1 < count; i++)
        pass_word(&before, words[i]);
    completion offers = {cli, count > 0 ? words[count - 1] : zcache_str(""), each, user,
                         (zcache_kind)0};
    size_t used;
    const cli_command *command = cli_command_find(before.operands, before.count, &used);
    const char *typed = offers.typed.data;
    if (before.pending != CLI_OPTION_COUNT)
        offer_argument(&offers, &before);
    else if (offers.typed.size > 0 && typed[0] == '-' && !before.options_end)
        offer_options(&offers, command);
    else if (command != NULL)
        offer_operands(&offers, &before, command, used);
    else
        offer_commands(&offers, before.operands, before.count);
}

static void print_candidate(void *user, const char *candidate)
{
    cli_print(user, "%s\n", candidate);
}

cli_exit cli_complete(cli_program *cli, const cli_arguments *arguments)
{
    cli_complete_each(cli, arguments->operands, arguments->count, print_candidate, cli);
    return CLI_DONE;
}
