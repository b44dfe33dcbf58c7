/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Counters as text. Digits are added below zero, where there is one number more.
 */
#include "memory/number.h"

#include <inttypes.h>
#include <stdio.h>

bool memory_number_parse(zcache_slice text, int64_t *number)
{
    const char *at = text.data, *end = at + text.size;
    bool negative = at < end && *at == '-';
    if (negative)
        at++;
    if (at == end || (*at == '0' && (negative || end - at > 1)))
        return false;
    int64_t value = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        if (__builtin_mul_overflow(value, INT64_C(10), &value) ||
            __builtin_sub_overflow(value, (int64_t)(*at - '0'), &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *number = negative ? value : -value;
    return true;
}

size_t memory_number_format(int64_t number, char text[MEMORY_NUMBER_MAX])
{
    return (size_t)snprintf(text, MEMORY_NUMBER_MAX, "%" PRId64, number);
}
