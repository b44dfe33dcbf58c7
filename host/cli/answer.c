/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The answer of commands that have no result but their status.
 */
#include "cli.h"

cli_exit cli_answer(cli_program *cli, zcache_slice key, zcache_status status)
{
    if (cli->json) {
        cli_json_key_status(cli, key, status);
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else if (cli->in_shell && status >= 0) {
        cli_print(cli, "%s\n",
                  status == ZCACHE_OK       ? "OK"
                  : status == ZCACHE_EXISTS ? "(exists)"
                                            : "(miss)");
    }
    return cli_report(cli, status);
}
