/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Durations, sizes and numbers as people write them; the forms of zcache.ini.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

/* Largest first: cli_format_duration takes the first that divides. */
static const unit duration_units[] = {
    {"d", 24 * 3600 * 1000}, {"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};
static const unit size_units[] = {{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}};

#define UNITS(table) (sizeof(table) / sizeof((table)[0]))

bool cli_parse_integer(const char *text, int64_t *number)
{
    const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

bool cli_parse_duration(const char *text, int64_t *ms)
{
    if (strcmp(text, "never") == 0) {
        *ms = ZCACHE_TTL_NEVER;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15)
        return false;
    int64_t number = strtoll(text, NULL, 10);
    for (size_t i = 0; i < UNITS(duration_units); i++) {
        if (strcmp(text + digits, duration_units[i].name) != 0)
            continue;
        if (number < 1 || number > ZCACHE_TTL_MAX / duration_units[i].factor)
            return false;
        *ms = number * duration_units[i].factor;
        return true;
    }
    return false;
}

/* The factor of "k", "KB", "KiB", …; 0: it is no unit. */
static int64_t size_factor(const char *name)
{
    for (size_t i = 0; i < UNITS(size_units); i++) {
        size_t length = strlen(size_units[i].name);
        if (strncasecmp(name, size_units[i].name, length) != 0)
            continue;
        const char *rest = name + length;
        if (*rest == '\0' || strcasecmp(rest, "b") == 0 ||
            (length > 0 && strcasecmp(rest, "ib") == 0))
            return size_units[i].factor;
    }
    return 0;
}

bool cli_parse_size(const char *text, int64_t *bytes)
{
    size_t digits = strspn(text, "0123456789.");
    if (digits == 0 || digits > 18)
        return false;
    char *end;
    double number = strtod(text, &end);
    int64_t factor = size_factor(text + digits);
    if (end != text + digits || factor == 0 || number * (double)factor > (double)(INT64_MAX / 2))
        return false;
    *bytes = (int64_t)(number * (double)factor);
    return true;
}

static void format(int64_t number, const unit *units, char *text)
{
    while (units->factor > 1 && (number == 0 || number % units->factor != 0))
        units++;
    snprintf(text, 32, "%" PRId64 "%s", number / units->factor, units->name);
}

void cli_format_duration(int64_t ms, char *text)
{
    if (ms == ZCACHE_TTL_NEVER)
        strcpy(text, "never");
    else
        format(ms, duration_units, text);
}

void cli_format_size(int64_t bytes, char *text)
{
    format(bytes, size_units, text);
}
