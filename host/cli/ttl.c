/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache ttl, zcache touch.
 */
#include <inttypes.h>

#include "cli.h"

cli_exit cli_ttl(cli_program *cli, const cli_arguments *arguments)
{
    zcache_slice key = arguments->operands[0];
    int64_t ttl_ms = ZCACHE_TTL_UNKNOWN;
    zcache_status status = zcache_ttl_n(cli->cache, key.data, key.size, &ttl_ms, NULL);
    if (cli->json) {
        cli_json_key_status(cli, key, status);
        if (status == ZCACHE_OK) {
            cli_json_name(cli, "ttl_ms");
            if (ttl_ms == ZCACHE_TTL_NEVER)
                cli_json_null(cli);
            else
                cli_json_integer(cli, ttl_ms);
        }
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else if (status == ZCACHE_OK && ttl_ms == ZCACHE_TTL_NEVER) {
        cli_print(cli, "never\n");
    } else if (status == ZCACHE_OK) {
        cli_print(cli, "%" PRId64 "\n", ttl_ms);
    } else if (status > 0 && cli->in_shell) {
        cli_print(cli, "(miss)\n");
    }
    return cli_report(cli, status);
}

cli_exit cli_touch(cli_program *cli, const cli_arguments *arguments)
{
    if ((arguments->given & CLI_BIT(TTL)) == 0)
        return cli_usage_error(cli, NULL, "touch needs --ttl DURATION");
    zcache_slice key = arguments->operands[0];
    zcache_status status =
        zcache_touch_n(cli->cache, key.data, key.size, ZCACHE_WRITE(.ttl_ms = arguments->ttl_ms));
    return cli_answer(cli, key, status);
}
