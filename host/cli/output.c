/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Standard output, through stdio: its error flag remembers any failed write until cli_flush tells
 * of it. Bytes that could harm a terminal or a line-wise reader are escaped here, and nowhere else.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static FILE *output(const cli_program *cli)
{
    return cli->file != NULL ? cli->file : stdout;
}

void cli_write(cli_program *cli, const void *data, size_t size)
{
    if (size > 0)
        fwrite(data, 1, size, output(cli));
}

void cli_print(cli_program *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(output(cli), format, arguments);
    va_end(arguments);
}

/* Unicode 15, table 3-7: well-formed UTF-8 byte sequences. */
size_t cli_utf8(const unsigned char *text, size_t size)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size < length)
        return 0;
    unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < lowest || text[1] > highest)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

size_t cli_printable(const unsigned char *text, size_t size)
{
    size_t length = cli_utf8(text, size);
    if (length == 1 && (text[0] < 0x20 || text[0] == 0x7f))
        return 0;
    if (length == 2 && text[0] == 0xc2 && text[1] < 0xa0)
        return 0; /* C1 control characters */
    if (length == 3 && text[0] == 0xe2 && text[1] == 0x80 &&
        (text[2] == 0xa8 || text[2] == 0xa9 || (text[2] >= 0xaa && text[2] <= 0xae)))
        return 0; /* line and paragraph separators, and what turns the direction of writing */
    if (length == 3 && text[0] == 0xe2 && text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9)
        return 0;
    return length;
}

static void write_shown(cli_program *cli, zcache_slice bytes, const char *kept,
                        bool escape_backslash)
{
    const unsigned char *text = bytes.data;
    for (size_t i = 0; i < bytes.size;) {
        size_t length = cli_printable(text + i, bytes.size - i);
        if (text[i] == '\\' && escape_backslash) {
            cli_write(cli, "\\\\", 2);
        } else if (length > 0) {
            cli_write(cli, text + i, length);
        } else if (text[i] != 0 && strchr(kept, text[i]) != NULL) {
            cli_write(cli, text + i, 1);
        } else {
            cli_print(cli, "\\x%02X", text[i]);
        }
        i += length > 0 ? length : 1;
    }
}

void cli_write_escaped(cli_program *cli, zcache_slice bytes)
{
    write_shown(cli, bytes, "", true);
}

void cli_write_value(cli_program *cli, zcache_slice value)
{
    if (isatty(STDOUT_FILENO))
        write_shown(cli, value, "\t\n", false);
    else
        cli_write(cli, value.data, value.size);
}

cli_exit cli_flush(cli_program *cli)
{
    errno = 0;
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost)
        return CLI_DONE;
    if (!cli->broken)
        cli_message(cli, "cannot write to standard output: %s",
                    errno != 0 ? strerror(errno) : "an earlier write failed");
    cli->broken = true;
    return CLI_FAILED;
}
