/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache ping.
 */
#include <time.h>

#include "cli.h"

int64_t cli_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

cli_exit cli_ping(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    char provider[ZCACHE_NAME_SIZE];
    zcache_status status = zcache_provider(cli->cache, provider, sizeof(provider));
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    int64_t begin_ns = cli_now_ns();
    status = zcache_ping(cli->cache, NULL);
    int64_t round_trip_ns = cli_now_ns() - begin_ns;
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "provider");
        cli_json_text(cli, provider);
        cli_json_status(cli, status);
        cli_json_name(cli, "round_trip_ns");
        cli_json_integer(cli, round_trip_ns);
        cli_json_end(cli, '}');
        cli_json_line(cli);
    } else if (status == ZCACHE_OK) {
        cli_print(cli, "%s answered in %.3f ms\n", provider, (double)round_trip_ns / 1e6);
    }
    return cli_report(cli, status);
}
