/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache version.
 */
#include "cli.h"

cli_exit cli_version(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "command");
        cli_json_text(cli, ZCACHE_VERSION);
        cli_json_name(cli, "library");
        cli_json_text(cli, zcache_version());
        cli_json_name(cli, "abi_major");
        cli_json_integer(cli, ZCACHE_ABI_MAJOR);
        cli_json_name(cli, "abi_minor");
        cli_json_integer(cli, ZCACHE_ABI_MINOR);
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else {
        cli_print(cli, "zcache %s (library %s, plugin ABI %d.%d)\n", ZCACHE_VERSION,
                  zcache_version(), ZCACHE_ABI_MAJOR, ZCACHE_ABI_MINOR);
    }
    return CLI_DONE;
}
