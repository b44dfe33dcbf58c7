/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache set, zcache mset.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* max_value_size goes no further: what a limit that cannot be read is taken for. */
#define LARGEST_VALUE (INT64_C(512) << 20)

static bool from_input(const cli_arguments *arguments)
{
    zcache_slice value = arguments->count > 1 ? arguments->operands[1] : zcache_str("-");
    return value.size == 1 && memcmp(value.data, "-", 1) == 0;
}

static cli_exit read_value(cli_program *cli, char **data, size_t *size)
{
    if (cli->in_shell)
        return cli_usage_error(cli, NULL,
                               "in the shell a value must follow the key: standard input is the "
                               "shell's own");
    char text[64];
    cli_exit result = cli_session_setting(cli, "cache", "max_value_size", text, sizeof(text));
    if (result != CLI_DONE)
        return result;
    int64_t limit;
    if (!cli_parse_size(text, &limit))
        limit = LARGEST_VALUE;
    return cli_read_input(cli, (size_t)limit, data, size);
}

cli_exit cli_set(cli_program *cli, const cli_arguments *arguments)
{
    bool add = (arguments->given & CLI_BIT(ADD)) != 0;
    bool replace = (arguments->given & CLI_BIT(REPLACE)) != 0;
    if (add && replace)
        return cli_usage_error(cli, NULL, "--add and --replace exclude each other");

    zcache_slice key = arguments->operands[0];
    zcache_slice value = {0};
    char *input = NULL;
    if (from_input(arguments)) {
        cli_exit result = read_value(cli, &input, &value.size);
        if (result != CLI_DONE)
            return result;
        value.data = input;
    } else {
        value = arguments->operands[1];
    }
    const zcache_write_options *options = ZCACHE_WRITE(.ttl_ms = arguments->ttl_ms);
    zcache_status (*store)(zcache *, const void *, size_t, const void *, size_t,
                           const zcache_write_options *) = add       ? zcache_add_n
                                                           : replace ? zcache_replace_n
                                                                     : zcache_set_n;
    zcache_status status = store(cli->cache, key.data, key.size, value.data, value.size, options);
    free(input);
    return cli_answer(cli, key, status);
}

static cli_exit show_items(cli_program *cli, const zcache_item *items, size_t n)
{
    cli_exit result = CLI_DONE;
    if (cli->json)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < n; i++) {
        result = cli_worse(result, cli_exit_of(items[i].status));
        if (cli->json) {
            cli_json_key_status(cli, items[i].key, items[i].status);
            cli_json_end(cli, '}');
        }
    }
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    } else if (cli->in_shell && result == CLI_DONE) {
        cli_print(cli, "OK\n");
    }
    return result;
}

cli_exit cli_mset(cli_program *cli, const cli_arguments *arguments)
{
    if (arguments->count % 2 != 0)
        return cli_usage_error(cli, NULL, "the last key has no value: mset KEY VALUE...");
    size_t n = arguments->count / 2;
    zcache_item *items = calloc(n, sizeof(*items));
    if (items == NULL)
        return cli_no_memory(cli);
    for (size_t i = 0; i < n; i++)
        items[i] = (zcache_item){.key = arguments->operands[2 * i],
                                 .value = arguments->operands[2 * i + 1],
                                 .ttl_ms = arguments->ttl_ms,
                                 .status = ZCACHE_E_INTERNAL}; /* until the library has told */
    zcache_status status = zcache_set_multi(cli->cache, n, items, NULL);
    cli_exit result = show_items(cli, items, n);
    if (status < 0)
        result = cli_worse(result, cli_report(cli, status));
    free(items);
    return result;
}
