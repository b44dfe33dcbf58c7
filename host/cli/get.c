/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache get, zcache mget.
 */
#include <stdlib.h>

#include "cli.h"

static void write_json_value(cli_program *cli, zcache_slice key, zcache_status status,
                             const zcache_value *value)
{
    cli_json_key_status(cli, key, status);
    if (status >= 0) {
        cli_json_name(cli, "value");
        if (status == ZCACHE_OK)
            cli_json_bytes(cli, zcache_bytes_of(value->data, value->size));
        else
            cli_json_null(cli);
    }
    cli_json_end(cli, '}');
}

cli_exit cli_get(cli_program *cli, const cli_arguments *arguments)
{
    zcache_slice key = arguments->operands[0];
    zcache_value value = ZCACHE_VALUE_INIT;
    zcache_status status = zcache_get_n(cli->cache, key.data, key.size, &value, NULL);
    if (cli->json) {
        write_json_value(cli, key, status, &value);
        cli_json_line(cli);
    } else if (status == ZCACHE_OK && !cli->in_shell) {
        cli_write(cli, value.data, value.size);
    } else if (status == ZCACHE_OK) {
        cli_write_value(cli, zcache_bytes_of(value.data, value.size));
        cli_write(cli, "\n", 1);
    } else if (status > 0 && cli->in_shell) {
        cli_print(cli, "(miss)\n");
    }
    zcache_value_free(&value);
    return cli_report(cli, status);
}

/* A line KEY<TAB>VALUE; \N and \E cannot be values, in which a backslash is doubled. */
static void write_line(cli_program *cli, zcache_slice key, zcache_status status,
                       const zcache_value *value)
{
    cli_write_escaped(cli, key);
    if (status == ZCACHE_OK) {
        cli_write(cli, "\t", 1);
        cli_write_escaped(cli, zcache_bytes_of(value->data, value->size));
    } else {
        cli_print(cli, "%s", status > 0 ? "\t\\N" : "\t\\E");
    }
    cli_write(cli, "\n", 1);
}

cli_exit cli_mget(cli_program *cli, const cli_arguments *arguments)
{
    size_t n = arguments->count;
    zcache_value *values = calloc(n, sizeof(*values));
    zcache_status *statuses = calloc(n, sizeof(*statuses));
    cli_exit result = CLI_FAILED;
    if (values == NULL || statuses == NULL) {
        cli_no_memory(cli);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        values[i] = (zcache_value)ZCACHE_VALUE_INIT;
    for (size_t i = 0; i < n; i++)
        statuses[i] = ZCACHE_E_INTERNAL; /* until the library has told */

    zcache_status status =
        zcache_get_multi_n(cli->cache, n, arguments->operands, values, statuses, NULL);
    result = cli_exit_of(status);
    if (cli->json)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < n; i++) {
        if (cli->json)
            write_json_value(cli, arguments->operands[i], statuses[i], &values[i]);
        else
            write_line(cli, arguments->operands[i], statuses[i], &values[i]);
        result = cli_worse(result, cli_exit_of(statuses[i]));
        zcache_value_free(&values[i]);
    }
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    }
    if (status < 0)
        cli_report(cli, status);
out:
    free(values);
    free(statuses);
    return result;
}
