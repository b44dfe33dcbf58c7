/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache config check, zcache config show. Neither opens the provider; in the shell `config show`
 * tells of the cache that is open, swaps included.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* ---- check ----------------------------------------------------------------------------------- */

typedef struct found_provider {
    char name[64];
    char origin[1024];
} found_provider;

static void find_provider(void *user, const zcache_setting *setting)
{
    found_provider *found = user;
    if (strcmp(setting->section, "cache") != 0 || strcmp(setting->key, "provider") != 0)
        return;
    snprintf(found->name, sizeof(found->name), "%s", setting->value);
    snprintf(found->origin, sizeof(found->origin), "%s", setting->origin);
}

cli_exit cli_config_check(cli_program *cli, const cli_arguments *arguments)
{
    const char *file = cli->config_file;
    if (arguments->count > 0) {
        file = cli_operand_text(cli, arguments, 0);
        if (file == NULL)
            return CLI_USAGE;
        if (cli->config_file != NULL && !cli->in_shell)
            return cli_usage_error(cli, NULL, "config check takes FILE or -c FILE, not both");
    }
    found_provider found = {{0}, {0}};
    zcache_options options = cli_session_options(cli);
    zcache_status status =
        zcache_config_check(file != NULL ? ZCACHE_SOURCE_FILE : ZCACHE_SOURCE_ENVIRONMENT, file,
                            &options, find_provider, &found);
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "file");
        cli_json_text(cli, file);
        cli_json_status(cli, status);
        if (status == ZCACHE_OK) {
            cli_json_name(cli, "provider");
            cli_json_text(cli, found.name);
            cli_json_name(cli, "origin");
            cli_json_text(cli, found.origin);
        }
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else if (status == ZCACHE_OK) {
        cli_print(cli, "%s: ok, provider %s (%s)\n", file != NULL ? file : "configuration",
                  found.name, found.origin);
    }
    return cli_report(cli, status);
}

/* ---- show ------------------------------------------------------------------------------------ */

typedef struct setting_rows {
    cli_program *cli;
    cli_table table;
} setting_rows;

static void show_setting(void *user, const zcache_setting *setting)
{
    setting_rows *rows = user;
    cli_program *cli = rows->cli;
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "section");
        cli_json_text(cli, setting->section);
        cli_json_name(cli, "key");
        cli_json_text(cli, setting->key);
        cli_json_name(cli, "value");
        cli_json_text(cli, setting->value);
        cli_json_name(cli, "origin");
        cli_json_text(cli, setting->origin);
        cli_json_option(cli, setting->option);
        cli_json_end(cli, '}');
        return;
    }
    cli_table_cell(&rows->table, "[%s] %s", setting->section, setting->key);
    cli_table_cell(&rows->table, "= %s", setting->value);
    cli_table_cell(&rows->table, "# %s", setting->origin);
}

cli_exit cli_config_show(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    setting_rows rows = {cli, {.columns = 3}};
    zcache_options options = cli_session_options(cli);
    if (cli->json)
        cli_json_begin(cli, '[');
    zcache_status status = cli->root != NULL
                               ? zcache_config_each(cli->root, show_setting, &rows)
                               : zcache_config_check(cli_session_source(cli), cli->config_file,
                                                     &options, show_setting, &rows);
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    }
    cli_exit result = cli_table_print(cli, &rows.table, "");
    return cli_worse(result, cli_report(cli, status));
}
