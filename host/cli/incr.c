/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache incr.
 */
#include <inttypes.h>

#include "cli.h"

cli_exit cli_incr(cli_program *cli, const cli_arguments *arguments)
{
    zcache_slice key = arguments->operands[0];
    int64_t delta = 1;
    if (arguments->count > 1) {
        const char *text = cli_operand_text(cli, arguments, 1);
        if (text == NULL)
            return CLI_USAGE;
        if (!cli_parse_integer(text, &delta))
            return cli_usage_error(cli, NULL, "\"%s\" is not a 64-bit number", text);
    }
    int64_t number = 0;
    zcache_status status = zcache_incr_n(cli->cache, key.data, key.size, delta, &number,
                                         ZCACHE_WRITE(.ttl_ms = arguments->ttl_ms));
    if (cli->json) {
        cli_json_key_status(cli, key, status);
        if (status == ZCACHE_OK) {
            cli_json_name(cli, "number");
            cli_json_integer(cli, number);
        }
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else if (status == ZCACHE_OK) {
        cli_print(cli, "%" PRId64 "\n", number);
    }
    return cli_report(cli, status);
}
