/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * JSON (RFC 8259), always UTF-8 and on one line. Cached bytes need not be text: those that are not
 * UTF-8 become an object {"base64": "…"} where a string would be.
 */
#include <inttypes.h>
#include <string.h>

#include "cli.h"

static void separate(cli_program *cli)
{
    if (cli->json_comma)
        cli_write(cli, ", ", 2);
    cli->json_comma = true;
}

void cli_json_begin(cli_program *cli, char bracket)
{
    separate(cli);
    cli_write(cli, &bracket, 1);
    cli->json_comma = false;
}

void cli_json_end(cli_program *cli, char bracket)
{
    cli_write(cli, &bracket, 1);
    cli->json_comma = true;
}

static void write_string(cli_program *cli, const unsigned char *text, size_t size)
{
    cli_write(cli, "\"", 1);
    for (size_t i = 0; i < size;) {
        size_t length = cli_utf8(text + i, size - i);
        if (text[i] == '"' || text[i] == '\\')
            cli_print(cli, "\\%c", text[i]);
        else if (text[i] == '\n')
            cli_write(cli, "\\n", 2);
        else if (text[i] == '\t')
            cli_write(cli, "\\t", 2);
        else if (text[i] < 0x20 || text[i] == 0x7f)
            cli_print(cli, "\\u%04x", text[i]);
        else
            cli_write(cli, text + i, length);
        i += length;
    }
    cli_write(cli, "\"", 1);
}

/* RFC 4648, section 4. */
static void write_base64(cli_program *cli, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    cli_write(cli, "{\"base64\": \"", 12);
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0U);
        char text[4] = {digits[group >> 18], digits[group >> 12 & 63],
                        left > 1 ? digits[group >> 6 & 63] : '=',
                        left > 2 ? digits[group & 63] : '='};
        cli_write(cli, text, 4);
    }
    cli_write(cli, "\"}", 2);
}

static bool is_utf8(const unsigned char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = cli_utf8(text + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

void cli_json_bytes(cli_program *cli, zcache_slice bytes)
{
    separate(cli);
    if (is_utf8(bytes.data, bytes.size))
        write_string(cli, bytes.data, bytes.size);
    else
        write_base64(cli, bytes.data, bytes.size);
}

void cli_json_text(cli_program *cli, const char *text)
{
    if (text != NULL)
        cli_json_bytes(cli, zcache_str(text));
    else
        cli_json_null(cli);
}

void cli_json_name(cli_program *cli, const char *name)
{
    cli_json_text(cli, name);
    cli_write(cli, ": ", 2);
    cli->json_comma = false;
}

void cli_json_integer(cli_program *cli, int64_t number)
{
    separate(cli);
    cli_print(cli, "%" PRId64, number);
}

void cli_json_bool(cli_program *cli, bool truth)
{
    separate(cli);
    cli_print(cli, "%s", truth ? "true" : "false");
}

void cli_json_null(cli_program *cli)
{
    separate(cli);
    cli_write(cli, "null", 4);
}

void cli_json_status(cli_program *cli, zcache_status status)
{
    const char *name = zcache_status_name(status);
    const char prefix[] = "ZCACHE_";
    bool known = strncmp(name, prefix, sizeof(prefix) - 1) == 0;
    cli_json_name(cli, "status");
    cli_json_text(cli, known ? name + sizeof(prefix) - 1 : name);
    if (status < 0) {
        cli_json_name(cli, "message");
        cli_json_text(cli, zcache_error_message());
    }
}

void cli_json_key_status(cli_program *cli, zcache_slice key, zcache_status status)
{
    cli_json_begin(cli, '{');
    cli_json_name(cli, "key");
    cli_json_bytes(cli, key);
    cli_json_status(cli, status);
}

void cli_json_line(cli_program *cli)
{
    cli_write(cli, "\n", 1);
    cli->json_comma = false;
}
