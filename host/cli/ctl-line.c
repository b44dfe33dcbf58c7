/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A reader of JSON as the control socket writes it: objects without others in them, whole numbers.
 * Texts are decoded where they stand, for they only get shorter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static char *skip_blanks(char *at)
{
    return at + strspn(at, " \t\r");
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit | 0x20) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* The four digits of \uXXXX; -1: they are none. Surrogates are not written. */
static long unicode_escape(const char *at)
{
    long code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code != 0 ? code : -1;
}

static char *put_utf8(char *to, long code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* Decodes the string whose opening quote is at `at`; gives what follows it, or NULL. */
static char *parse_string(char *at, const char **string)
{
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (*at++ != '"')
        return NULL;
    char *to = at;
    *string = to;
    while (*at != '"') {
        if (*at == '\0')
            return NULL;
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        const char *escape = *at != '\0' ? strchr(escapes, *at) : NULL;
        if (escape != NULL) {
            *to++ = meant[escape - escapes];
            at++;
            continue;
        }
        long code = *at == 'u' ? unicode_escape(at + 1) : -1;
        if (code < 0)
            return NULL;
        to = put_utf8(to, code);
        at += 5;
    }
    *to = '\0';
    return at + 1;
}

static char *parse_value(char *at, ctl_field *field)
{
    static const struct {
        const char *word;
        ctl_kind kind;
        int64_t number;
    } words[] = {{"null", CTL_NULL, 0}, {"true", CTL_BOOL, 1}, {"false", CTL_BOOL, 0}};
    field->text = "";
    if (*at == '"') {
        field->kind = CTL_TEXT;
        return parse_string(at, &field->text);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t size = strlen(words[i].word);
        if (strncmp(at, words[i].word, size) != 0)
            continue;
        field->kind = words[i].kind;
        field->number = words[i].number;
        return at + size;
    }
    char *end;
    field->kind = CTL_NUMBER;
    field->number = strtoll(at, &end, 10);
    return end != at ? end : NULL;
}

bool ctl_line_parse(char *text, ctl_line *line)
{
    line->count = 0;
    char *at = skip_blanks(text);
    if (*at++ != '{')
        return false;
    at = skip_blanks(at);
    while (*at != '}') {
        if (line->count == CTL_FIELDS_MAX)
            return false;
        ctl_field *field = &line->fields[line->count];
        *field = (ctl_field){0};
        at = parse_string(at, &field->name);
        if (at == NULL || *(at = skip_blanks(at)) != ':')
            return false;
        at = parse_value(skip_blanks(at + 1), field);
        if (at == NULL)
            return false;
        line->count++;
        at = skip_blanks(at);
        if (*at == ',')
            at = skip_blanks(at + 1);
        else if (*at != '}')
            return false;
    }
    return true;
}

static const ctl_field *find(const ctl_line *line, const char *name)
{
    static const ctl_field none = {.text = ""};
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->fields[i].name, name) == 0)
            return &line->fields[i];
    return &none;
}

const char *ctl_text(const ctl_line *line, const char *name)
{
    return find(line, name)->text;
}

int64_t ctl_number(const ctl_line *line, const char *name)
{
    return find(line, name)->number;
}

bool ctl_is(const ctl_line *line, const char *type)
{
    return strcmp(ctl_text(line, "type"), type) == 0;
}

void ctl_json_members(cli_program *cli, const ctl_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const ctl_field *field = &line->fields[i];
        if (strcmp(field->name, "type") == 0)
            continue;
        cli_json_name(cli, field->name);
        if (field->kind == CTL_TEXT)
            cli_json_text(cli, field->text);
        else if (field->kind == CTL_NUMBER)
            cli_json_integer(cli, field->number);
        else if (field->kind == CTL_BOOL)
            cli_json_bool(cli, field->number != 0);
        else
            cli_json_null(cli);
    }
}

void ctl_format_age(int64_t ms, char text[32])
{
    long long s = ms / 1000;
    if (ms < 1000)
        snprintf(text, 32, "%lldms", (long long)ms);
    else if (s < 60)
        snprintf(text, 32, "%llds", s);
    else if (s < 3600)
        snprintf(text, 32, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, 32, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(text, 32, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}
