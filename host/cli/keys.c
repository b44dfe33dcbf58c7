/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache keys, zcache clear.
 */
#include <stdio.h>

#include "cli.h"

cli_exit cli_keys(cli_program *cli, const cli_arguments *arguments)
{
    const char *pattern = NULL;
    if (arguments->count > 0) {
        pattern = cli_operand_text(cli, arguments, 0);
        if (pattern == NULL)
            return CLI_USAGE;
    }
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    zcache_status status = zcache_keys(cli->cache, pattern, &list, NULL);
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    if (cli->json)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (cli->json) {
            cli_json_bytes(cli, list.keys[i]);
        } else {
            cli_write_escaped(cli, list.keys[i]);
            cli_write(cli, "\n", 1);
        }
    }
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    }
    zcache_key_list_free(&list);
    return CLI_DONE;
}

cli_exit cli_clear(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    char provider[ZCACHE_NAME_SIZE];
    zcache_status status = zcache_provider(cli->cache, provider, sizeof(provider));
    if (status == ZCACHE_OK)
        status = zcache_clear(cli->cache, NULL);
    if (status != ZCACHE_OK)
        return cli_report(cli, status);

    char prefix[128];
    cli_exit result = cli_session_setting(cli, "cache", "key_prefix", prefix, sizeof(prefix));
    if (result != CLI_DONE)
        return result;
    char cleared[sizeof(prefix) + CLI_TABLE_NAME_SIZE + 2];
    snprintf(cleared, sizeof(cleared), "%s%s%s*", prefix, cli->table_name,
             cli->table_name[0] != '\0' ? ":" : "");
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "provider");
        cli_json_text(cli, provider);
        cli_json_name(cli, "cleared");
        cli_json_text(cli, cleared);
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else {
        cli_print(cli, "cleared %s of %s\n", cleared[1] == '\0' ? "everything" : cleared, provider);
    }
    return CLI_DONE;
}
