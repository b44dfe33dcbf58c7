/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A line of the shell, split into words as a POSIX shell does (Shell Command Language 2.2): '…',
 * "…", backslash, $'…' for any bytes, # for comments. Nothing is expanded.
 *
 * Quoting only ever removes bytes, so all words fit in one block with the line's size.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct splitter {
    const char *from;
    const char *end;
    char *to;
} splitter;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static const char *single_quoted(splitter *line)
{
    for (line->from++; line->from < line->end; line->from++) {
        if (*line->from == '\'') {
            line->from++;
            return NULL;
        }
        *line->to++ = *line->from;
    }
    return "a ' is not closed";
}

/* 2.2.3: in double quotes a backslash is one unless it quotes $ ` " or \. */
static const char *double_quoted(splitter *line)
{
    for (line->from++; line->from < line->end; line->from++) {
        if (*line->from == '"') {
            line->from++;
            return NULL;
        }
        if (*line->from == '\\' && line->from + 1 < line->end &&
            memchr("$`\"\\", line->from[1], 4) != NULL)
            line->from++;
        *line->to++ = *line->from;
    }
    return "a \" is not closed";
}

static int hex_digit(const splitter *line)
{
    if (line->from == line->end)
        return -1;
    char byte = *line->from;
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* 2.2.4: what follows a backslash between $' and '. */
static const char *escape(splitter *line)
{
    static const char letters[] = "abefnrtv\\'\"";
    static const char bytes[] = "\a\b\033\f\n\r\t\v\\'\"";
    char letter = *line->from++;
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    if (at != NULL) {
        *line->to++ = bytes[at - letters];
        return NULL;
    }
    if (letter != 'x')
        return "in $'...' a backslash stands before one of a b e f n r t v x \\ ' \"";
    int high = hex_digit(line);
    if (high < 0)
        return "in $'...' hexadecimal digits must follow \\x";
    line->from++;
    int low = hex_digit(line);
    if (low >= 0)
        line->from++;
    *line->to++ = (char)(low >= 0 ? high << 4 | low : high);
    return NULL;
}

static const char *dollar_quoted(splitter *line)
{
    line->from += 2;
    while (line->from < line->end) {
        if (*line->from == '\'') {
            line->from++;
            return NULL;
        }
        if (*line->from != '\\') {
            *line->to++ = *line->from++;
            continue;
        }
        if (++line->from == line->end)
            break;
        const char *wrong = escape(line);
        if (wrong != NULL)
            return wrong;
    }
    return "a $' is not closed";
}

static const char *take_word(splitter *line)
{
    const char *wrong = NULL;
    while (wrong == NULL && line->from < line->end && !is_blank(*line->from)) {
        if (*line->from == '\'') {
            wrong = single_quoted(line);
        } else if (*line->from == '"') {
            wrong = double_quoted(line);
        } else if (*line->from == '$' && line->from + 1 < line->end && line->from[1] == '\'') {
            wrong = dollar_quoted(line);
        } else if (*line->from == '\\') {
            if (++line->from == line->end)
                return "a backslash ends the line";
            *line->to++ = *line->from++;
        } else {
            *line->to++ = *line->from++;
        }
    }
    return wrong;
}

const char *cli_split(const char *text, size_t size, zcache_slice **words, size_t *count)
{
    size_t most = size / 2 + 2; /* a word and a blank are two bytes; and the caller's */
    size_t bytes = most * sizeof(zcache_slice) + size + most;
    *words = malloc(bytes);
    *count = 0;
    if (*words == NULL)
        return "out of memory";
    splitter line = {text, text + size, (char *)(*words + most)};
    for (;;) {
        while (line.from < line.end && is_blank(*line.from))
            line.from++;
        if (line.from == line.end || *line.from == '#')
            return NULL;
        char *begin = line.to;
        const char *wrong = take_word(&line);
        if (wrong != NULL) {
            free(*words);
            *words = NULL;
            return wrong;
        }
        (*words)[(*count)++] = zcache_bytes_of(begin, (size_t)(line.to - begin));
        *line.to++ = '\0';
    }
}
