/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Messages on standard error, and the exit statuses that go with them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

cli_exit cli_exit_of(zcache_status status)
{
    switch (status) {
    case ZCACHE_OK:
        return CLI_DONE;
    case ZCACHE_MISS:
    case ZCACHE_EXISTS:
    case ZCACHE_CONFLICT:
        return CLI_NO;
    case ZCACHE_E_INVALID:
    case ZCACHE_E_KEY:
    case ZCACHE_E_TOO_LARGE:
        return CLI_USAGE;
    case ZCACHE_E_CONFIG:
    case ZCACHE_E_PLUGIN:
    case ZCACHE_E_REFUSED:
        return CLI_REFUSED;
    default:
        return CLI_FAILED;
    }
}

cli_exit cli_worse(cli_exit one, cli_exit other)
{
    return one > other ? one : other;
}

ZCACHE_PRINTF(2, 0)
static void write_message(cli_program *cli, const char *format, va_list arguments)
{
    fflush(stdout); /* so that both streams on one terminal show what came first; cli_flush tells
                     * of errors */
    char text[1024];
    vsnprintf(text, sizeof(text), format, arguments);
    for (char *byte = text; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            *byte = '?'; /* what the user typed may be anything */
    if (cli->line > 0)
        fprintf(stderr, "zcache: line %lu: %s\n", cli->line, text);
    else
        fprintf(stderr, "zcache: %s\n", text);
}

void cli_message(cli_program *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_message(cli, format, arguments);
    va_end(arguments);
}

cli_exit cli_report(cli_program *cli, zcache_status status)
{
    if (status < 0) {
        const char *message = zcache_error_message();
        cli_message(cli, "%s", message[0] != '\0' ? message : zcache_status_text(status));
    }
    return cli_exit_of(status);
}

cli_exit cli_usage_error(cli_program *cli, const cli_command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_message(cli, format, arguments);
    va_end(arguments);
    if (cli->line > 0)
        return CLI_USAGE; /* a script is not asked to try anything */
    const char *name = command != NULL ? command->name : "";
    const char *blank = command != NULL ? " " : "";
    if (cli->in_shell)
        cli_message(cli, "try: help%s%s", blank, name);
    else
        cli_message(cli, "try: zcache%s%s --help", blank, name);
    return CLI_USAGE;
}

cli_exit cli_no_memory(cli_program *cli)
{
    cli_message(cli, "out of memory");
    return CLI_FAILED;
}

/* The number of characters to change, insert, drop or exchange with the next one to make `from`
 * into `to` (optimal string alignment); words are cut at 31 characters. */
static unsigned distance(const char *from, const char *to)
{
    enum { LONGEST = 32 };
    unsigned rows[3][LONGEST] = {{0}};
    size_t to_size = strnlen(to, LONGEST - 1);
    size_t from_size = strnlen(from, LONGEST - 1);
    for (size_t j = 0; j <= to_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= from_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= to_size; j++) {
            unsigned best = above[j - 1] + (from[i - 1] != to[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[from_size % 3][to_size];
}

const char *cli_nearest(const char *word, const char *const names[], size_t count)
{
    size_t size = strlen(word);
    const char *nearest = NULL;
    unsigned least = size <= 3 ? 2 : 3; /* a candidate must be nearer than this */
    for (size_t i = 0; i < count; i++) {
        /* the beginning of a name is as good as one slip */
        bool begins = size >= 2 && strncmp(names[i], word, size) == 0;
        unsigned slips = begins ? 1 : distance(word, names[i]);
        if (slips < least) {
            least = slips;
            nearest = names[i];
        }
    }
    return nearest;
}
