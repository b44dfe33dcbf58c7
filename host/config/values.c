/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Integers are read digit by digit: strtoll would take blanks, signs and other locales' digits, and
 * tell an overflow through errno.
 */
#include "config/values.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"

#define TOO_LARGE "the number is too large"

/* Reads decimal digits and moves *at behind them. False: none, or too many for int64_t (*overflow).
 */
static bool read_digits(const char **at, int64_t *number, bool *overflow)
{
    const char *begin = *at;
    *number = 0;
    *overflow = false;
    for (; **at >= '0' && **at <= '9'; ++*at)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, **at - '0', number)) {
            *overflow = true;
            return false;
        }
    return *at > begin;
}

const char *zc_value_int(const char *text, int64_t *number)
{
    bool negative = *text == '-', overflow;
    const char *at = text + (negative || *text == '+' ? 1 : 0);
    if (!read_digits(&at, number, &overflow))
        return overflow ? TOO_LARGE : "expected a whole number";
    if (*at != '\0')
        return "expected a whole number, without a unit";
    if (negative)
        *number = -*number;
    return NULL;
}

static const struct size_unit {
    const char *name;
    unsigned shift;
} size_units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}};

/* "k", "kb" and "KiB", in any case, are the same. */
static bool read_size_unit(const char *text, unsigned *shift)
{
    if (*text == '\0' || strcasecmp(text, "b") == 0) {
        *shift = 0;
        return true;
    }
    for (size_t i = 0; i < sizeof(size_units) / sizeof(size_units[0]); i++)
        if (strncasecmp(text, size_units[i].name, 1) == 0 &&
            (text[1] == '\0' || strcasecmp(text + 1, "b") == 0 ||
             strcasecmp(text + 1, "ib") == 0)) {
            *shift = size_units[i].shift;
            return true;
        }
    return false;
}

const char *zc_value_size(const char *text, int64_t *bytes)
{
    static const char expected[] = "expected a size, as 4096, 64k, 16MiB or 1.5g";
    const char *at = text;
    int64_t whole, fraction = 0, scale = 1;
    bool overflow;
    if (!read_digits(&at, &whole, &overflow))
        return overflow ? TOO_LARGE : expected;
    if (*at == '.') {
        const char *begin = ++at;
        if (!read_digits(&at, &fraction, &overflow) || at - begin > 6)
            return "expected a size with at most 6 decimals, as 1.5g";
        for (; begin < at; begin++)
            scale *= 10;
    }
    unsigned shift;
    if (!read_size_unit(at, &shift))
        return expected;
    if (scale > 1 && shift == 0)
        return "a size with decimals needs a unit, as 1.5k";
    /* the fraction is below 10^6 and the unit at most 2^40: no overflow in their product */
    if (__builtin_mul_overflow(whole, INT64_C(1) << shift, bytes) ||
        __builtin_add_overflow(*bytes, (fraction << shift) / scale, bytes))
        return TOO_LARGE;
    return NULL;
}

static const struct duration_unit {
    const char *name;
    int64_t ms;
} duration_units[] = {
    {"d", INT64_C(86400000)}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
#define DURATION_UNIT_COUNT (sizeof(duration_units) / sizeof(duration_units[0]))

const char *zc_value_duration(const char *text, int64_t *ms)
{
    static const char expected[] = "expected a duration, as 500ms, 30s, 15m, 1h, 7d or 1h30m";
    if (strcasecmp(text, "never") == 0) {
        *ms = -1;
        return NULL;
    }
    *ms = 0;
    size_t next_unit = 0; /* units go from large to small */
    const char *at = text;
    do {
        int64_t number;
        bool overflow;
        if (!read_digits(&at, &number, &overflow))
            return overflow ? TOO_LARGE : expected;
        size_t unit_size = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        if (unit_size == 0 && *at == '\0')
            return "a duration needs a unit, as 5s or 500ms";
        size_t unit = next_unit;
        while (unit < DURATION_UNIT_COUNT &&
               (strlen(duration_units[unit].name) != unit_size ||
                strncmp(at, duration_units[unit].name, unit_size) != 0))
            unit++;
        if (unit == DURATION_UNIT_COUNT)
            return expected;
        if (__builtin_mul_overflow(number, duration_units[unit].ms, &number) ||
            __builtin_add_overflow(*ms, number, ms))
            return TOO_LARGE;
        at += unit_size;
        next_unit = unit + 1;
    } while (*at != '\0');
    return NULL;
}

const char *zc_value_bool(const char *text, bool *truth)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        *truth = strcasecmp(text, yes[i]) == 0;
        if (*truth || strcasecmp(text, no[i]) == 0)
            return NULL;
    }
    return "must be yes or no (or true, false, on, off, 1, 0)";
}

const char *zc_value_fraction(const char *text, double *fraction)
{
    static const char expected[] = "expected a part of 1, as 0.1, 10% or 1e-3";
    /* a percentage is read as if the exponent were written, so that it is rounded once */
    char decimal[64];
    size_t size = strlen(text);
    bool is_percentage = size > 0 && text[size - 1] == '%';
    int written = snprintf(decimal, sizeof(decimal), "%s%.*s%s", *text == '.' ? "0" : "",
                           (int)(size - is_percentage), text, is_percentage ? "e-2" : "");
    if ((size_t)written >= sizeof(decimal))
        return "the number has too many digits";
    const char *at = decimal;
    zc_number number;
    if (!zc_number_read(&at, decimal + written, &number) || *at != '\0')
        return expected;
    return zc_number_to_double(&number, fraction) && *fraction >= 0 && *fraction <= 1
               ? NULL
               : "must be 0 to 1, or 0% to 100%";
}

const char *zc_value_show_int(int64_t number, char shown[ZC_VALUE_SHOWN_MAX])
{
    snprintf(shown, ZC_VALUE_SHOWN_MAX, "%" PRId64, number);
    return shown;
}

const char *zc_value_show_size(int64_t bytes, char shown[ZC_VALUE_SHOWN_MAX])
{
    for (size_t i = 0; i < sizeof(size_units) / sizeof(size_units[0]) && bytes > 0; i++)
        if (bytes % (INT64_C(1) << size_units[i].shift) == 0) {
            snprintf(shown, ZC_VALUE_SHOWN_MAX, "%" PRId64 "%s", bytes >> size_units[i].shift,
                     size_units[i].name);
            return shown;
        }
    return zc_value_show_int(bytes, shown);
}

const char *zc_value_show_duration(int64_t ms, char shown[ZC_VALUE_SHOWN_MAX])
{
    if (ms == -1)
        return "never";
    size_t unit = 0;
    while (duration_units[unit].ms > 1 && (ms == 0 || ms % duration_units[unit].ms != 0))
        unit++;
    snprintf(shown, ZC_VALUE_SHOWN_MAX, "%" PRId64 "%s", ms / duration_units[unit].ms,
             duration_units[unit].name);
    return shown;
}
