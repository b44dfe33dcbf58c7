/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache stats.
 */
#include <inttypes.h>

#include "cli.h"

typedef struct stat_rows {
    cli_program *cli;
    cli_table table;
} stat_rows;

static void add_row(void *user, const zcache_stat *stat)
{
    stat_rows *rows = user;
    if (rows->cli->json) {
        cli_json_name(rows->cli, stat->name);
        if (stat->kind == ZCACHE_STAT_TEXT)
            cli_json_text(rows->cli, stat->text);
        else
            cli_json_integer(rows->cli, stat->number);
        return;
    }
    cli_table_cell(&rows->table, "%s", stat->name);
    if (stat->kind == ZCACHE_STAT_TEXT)
        cli_table_cell(&rows->table, "%s", stat->text != NULL ? stat->text : "");
    else
        cli_table_cell(&rows->table, "%" PRId64, stat->number);
}

cli_exit cli_stats(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    stat_rows rows = {cli, {.columns = 2}};
    if (cli->json)
        cli_json_begin(cli, '{');
    zcache_status status = zcache_stats(cli->cache, add_row, &rows, NULL);
    if (cli->json) {
        cli_json_end(cli, '}');
        cli_json_line(cli);
    }
    cli_exit result = cli_table_print(cli, &rows.table, "");
    return cli_worse(result, cli_report(cli, status));
}
