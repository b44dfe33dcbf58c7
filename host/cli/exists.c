/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache exists.
 */
#include "cli.h"

cli_exit cli_exists(cli_program *cli, const cli_arguments *arguments)
{
    cli_exit result = CLI_DONE;
    if (cli->json)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < arguments->count; i++) {
        zcache_slice key = arguments->operands[i];
        zcache_status status = zcache_exists_n(cli->cache, key.data, key.size, NULL);
        if (cli->json) {
            cli_json_key_status(cli, key, status);
            if (status >= 0) {
                cli_json_name(cli, "exists");
                cli_json_bool(cli, status == ZCACHE_OK);
            }
            cli_json_end(cli, '}');
        } else {
            cli_print(cli, "%s\n", status == ZCACHE_OK ? "yes" : status > 0 ? "no" : "error");
        }
        result = cli_worse(result, cli_report(cli, status));
    }
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    }
    return result;
}
