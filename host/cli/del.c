/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache del.
 */
#include <stdlib.h>

#include "cli.h"

static cli_exit del_many(cli_program *cli, const zcache_slice keys[], size_t n)
{
    zcache_status *statuses = calloc(n, sizeof(*statuses));
    if (statuses == NULL)
        return cli_no_memory(cli);
    for (size_t i = 0; i < n; i++)
        statuses[i] = ZCACHE_E_INTERNAL; /* until the library has told */
    zcache_status status = zcache_del_multi_n(cli->cache, n, keys, statuses, NULL);
    cli_exit result = cli_exit_of(status);
    size_t deleted = 0;
    if (cli->json)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < n; i++) {
        deleted += statuses[i] == ZCACHE_OK;
        result = cli_worse(result, cli_exit_of(statuses[i]));
        if (cli->json) {
            cli_json_key_status(cli, keys[i], statuses[i]);
            cli_json_end(cli, '}');
        }
    }
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    } else if (cli->in_shell) {
        cli_print(cli, "deleted %zu of %zu\n", deleted, n);
    }
    if (status < 0)
        cli_report(cli, status);
    free(statuses);
    return result;
}

cli_exit cli_del(cli_program *cli, const cli_arguments *arguments)
{
    zcache_slice key = arguments->operands[0];
    if (arguments->count > 1 || cli->json)
        return del_many(cli, arguments->operands, arguments->count);
    return cli_answer(cli, key, zcache_del_n(cli->cache, key.data, key.size, NULL));
}
