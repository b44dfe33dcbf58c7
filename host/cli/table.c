/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Rows in aligned columns, two blanks apart. Cells are kept until all are known, escaped, so that
 * neither a plugin's text nor a setting can break a row.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The text without control characters, and without ill-formed bytes: `?` for each. */
static void make_printable(char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size;) {
        size_t length = cli_printable((unsigned char *)text + i, size - i);
        if (length == 0)
            text[i] = '?';
        i += length > 0 ? length : 1;
    }
}

void cli_table_cell(cli_table *table, const char *format, ...)
{
    if (table->failed)
        return;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity > 0 ? table->capacity * 2 : 32;
        char **cells = realloc(table->cells, capacity * sizeof(*cells));
        if (cells == NULL) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (text == NULL) {
        table->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    make_printable(text);
    table->cells[table->count++] = text;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t width(const char *text)
{
    size_t characters = 0;
    for (; *text != '\0'; text++)
        characters += ((unsigned char)*text & 0xc0) != 0x80;
    return characters;
}

static size_t column_width(const cli_table *table, size_t column)
{
    size_t widest = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t cell = width(table->cells[i]);
        if (cell > widest)
            widest = cell;
    }
    return widest;
}

/* Nothing of a row follows its last cell that holds anything, blanks neither. */
static size_t last_cell(const cli_table *table, size_t row)
{
    size_t last = row + table->columns - 1;
    while (last > row && table->cells[last][0] == '\0')
        last--;
    return last;
}

cli_exit cli_table_print(cli_program *cli, cli_table *table, const char *indent)
{
    size_t *widths = calloc(table->columns, sizeof(*widths));
    bool failed = table->failed || widths == NULL;
    for (size_t column = 0; !failed && column < table->columns; column++)
        widths[column] = column_width(table, column);
    for (size_t row = 0; !failed && row + table->columns <= table->count; row += table->columns) {
        cli_print(cli, "%s", indent);
        size_t last = last_cell(table, row);
        for (size_t i = row; i < last; i++) {
            size_t pad = widths[i - row] - width(table->cells[i]) + 2;
            cli_print(cli, "%s%*s", table->cells[i], (int)pad, "");
        }
        cli_print(cli, "%s\n", table->cells[last]);
    }
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(widths);
    *table = (cli_table){.columns = table->columns};
    return failed ? cli_no_memory(cli) : CLI_DONE;
}
