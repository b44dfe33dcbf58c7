/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * swap, of the shell: another provider behind the open cache.
 */
#include "cli.h"

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static void show_json(cli_program *cli, const zcache_swap_report *report)
{
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"generation", (int64_t)report->generation},
        {"load_ns", report->load_ns},
        {"open_ns", report->open_ns},
        {"ping_ns", report->ping_ns},
        {"publish_ns", report->publish_ns},
        {"drain_ns", report->drain_ns},
        {"close_ns", report->close_ns},
        {"in_flight", (int64_t)report->in_flight},
        {"leases", (int64_t)report->leases},
    };
    cli_json_begin(cli, '{');
    cli_json_name(cli, "from");
    cli_json_text(cli, report->from);
    cli_json_name(cli, "to");
    cli_json_text(cli, report->to);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cli_json_name(cli, numbers[i].name);
        cli_json_integer(cli, numbers[i].number);
    }
    cli_json_name(cli, "retired");
    cli_json_bool(cli, report->retired);
    cli_json_name(cli, "unmapped");
    cli_json_bool(cli, report->unmapped);
    cli_json_end(cli, '}');
    cli_json_line(cli);
}

static void show_line(cli_program *cli, const zcache_swap_report *report)
{
    int64_t total_ns = report->load_ns + report->open_ns + report->ping_ns + report->publish_ns +
                       report->drain_ns + report->close_ns;
    const char *old = report->retired    ? "is still in use, and closed when it no longer is"
                      : report->unmapped ? "is closed and unloaded"
                                         : "is closed";
    cli_print(cli,
              "swapped %s -> %s in %.1f ms (load %.1f, open %.1f, ping %.1f, publish %.1f, drain "
              "%.1f, close %.1f); the old provider %s\n",
              report->from, report->to, ms(total_ns), ms(report->load_ns), ms(report->open_ns),
              ms(report->ping_ns), ms(report->publish_ns), ms(report->drain_ns),
              ms(report->close_ns), old);
}

cli_exit cli_swap(cli_program *cli, const cli_arguments *arguments)
{
    const char *provider = NULL;
    if (arguments->count > 0) {
        provider = cli_operand_text(cli, arguments, 0);
        if (provider == NULL)
            return CLI_USAGE;
    } else if (arguments->config_file == NULL) {
        return cli_usage_error(cli, NULL, "swap needs a PROVIDER or -c FILE");
    }
    zcache_swap_report report = {0};
    zcache_status status =
        zcache_swap(cli->root, ZCACHE_SWAP(.provider = provider, .file = arguments->config_file,
                                           .settings = arguments->settings, .report = &report));
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    if (cli->json)
        show_json(cli, &report);
    else
        show_line(cli, &report);
    return CLI_DONE;
}
