/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The one cache of a run: opened when the first command needs it, as the command line says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

zcache_source cli_session_source(const cli_program *cli)
{
    return cli->config_file != NULL ? ZCACHE_SOURCE_FILE : ZCACHE_SOURCE_ENVIRONMENT;
}

zcache_options cli_session_options(const cli_program *cli)
{
    return (zcache_options){
        .size = sizeof(zcache_options), .provider = cli->provider, .settings = cli->settings};
}

/* The settings of the command line, below them one that takes the control socket away: that of the
 * configuration is another process's. An array to be freed; NULL: memory is short. */
static const char **without_socket(const char *const *given)
{
    size_t count = 0;
    while (given != NULL && given[count] != NULL)
        count++;
    const char **settings = calloc(count + 2, sizeof(*settings));
    if (settings == NULL)
        return NULL;
    settings[0] = "control.socket=";
    for (size_t i = 0; i < count; i++)
        settings[i + 1] = given[i];
    return settings;
}

cli_exit cli_session_open(cli_program *cli)
{
    if (cli->root != NULL)
        return CLI_DONE;
    zcache_options options = cli_session_options(cli);
    const char **settings = without_socket(options.settings);
    if (settings == NULL)
        return cli_no_memory(cli);
    options.settings = settings;
    zcache_status status = cli->config_file != NULL
                               ? zcache_open_file(&cli->root, cli->config_file, &options)
                               : zcache_open_env(&cli->root, &options);
    free(settings);
    if (status != ZCACHE_OK) {
        cli->root = NULL;
        return cli_report(cli, status);
    }
    cli->cache = cli->root;
    return cli->table != NULL ? cli_session_table(cli, cli->table) : CLI_DONE;
}

cli_exit cli_session_table(cli_program *cli, const char *name)
{
    zcache *table = cli->root;
    zcache_status status = name != NULL ? zcache_table(cli->root, name, &table) : ZCACHE_OK;
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    cli->cache = table;
    snprintf(cli->table_name, sizeof(cli->table_name), "%s", name != NULL ? name : "");
    return CLI_DONE;
}

void cli_session_close(cli_program *cli)
{
    if (cli->root == NULL)
        return;
    zcache_status status = zcache_close(cli->root);
    if (status != ZCACHE_OK)
        cli_report(cli, status);
    cli->root = NULL;
    cli->cache = NULL;
}

typedef struct wanted_setting {
    const char *section;
    const char *key;
    char *value;
    size_t size;
} wanted_setting;

static void compare_setting(void *user, const zcache_setting *setting)
{
    wanted_setting *wanted = user;
    if (strcmp(setting->section, wanted->section) == 0 && strcmp(setting->key, wanted->key) == 0)
        snprintf(wanted->value, wanted->size, "%s", setting->value);
}

cli_exit cli_session_setting(cli_program *cli, const char *section, const char *key, char *value,
                             size_t size)
{
    wanted_setting wanted = {section, key, value, size};
    value[0] = '\0';
    return cli_report(cli, zcache_config_each(cli->root, compare_setting, &wanted));
}
