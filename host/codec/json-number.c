/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 */
#include "codec/json-number.h"

#include "codec/field.h"

/* Whether a well-formed number is an integer, by its digits: the nearest double may be one where
 * the number is not. `*last` is the last digit that is no 0, if there is one. */
static bool is_integral(const char *text, size_t size, char *last)
{
    const char *end = text + size;
    int64_t digits = 0, zeros = 0, behind_point = 0, exponent = 0; /* zeros: those at the end */
    bool is_fraction = false;
    for (text += *text == '-'; text < end && (*text | 0x20) != 'e'; text++) {
        if (*text == '.') {
            is_fraction = true;
            continue;
        }
        digits++;
        behind_point += is_fraction;
        zeros = *text == '0' ? zeros + 1 : 0;
        *last = *text == '0' ? *last : *text;
    }
    if (text < end) {
        bool is_negative = *++text == '-';
        for (text += *text == '-' || *text == '+'; text < end && exponent < INT32_MAX; text++)
            exponent = exponent * 10 + (*text - '0');
        exponent = is_negative ? -exponent : exponent;
    }
    return zeros == digits || exponent + zeros >= behind_point;
}

/* Stores a number with a fraction or exponent into an integer, if it is one. False: it is none, or
 * does not fit. */
static bool store_integral(const zc_field *field, void *to, const zc_number *number)
{
    char last = '0';
    if (!is_integral(number->text, number->size, &last))
        return false;
    /* Up to 2^53 = …992 a double is the integer itself; …993 is the only other one that becomes
     * 2^53. */
    if (fabs(number->real) == (double)ZC_REAL_INTEGER_MAX && last != '2')
        return false;
    return zc_field_set_real(field, to, number->real);
}

bool zc_json_store_number(const zc_field *field, void *to, const zc_number *number)
{
    if (number->kind == ZC_NUMBER_UNSIGNED)
        return zc_field_set_natural(field, to, number->natural);
    if (field->type == ZCACHE_TYPE_DOUBLE) {
        double value;
        bool fits = zc_number_to_double(number, &value);
        ZC_STORE(double, to, value);
        return fits;
    }
    if (field->type == ZCACHE_TYPE_FLOAT) {
        float value;
        bool fits = zc_number_to_float(number, &value);
        ZC_STORE(float, to, value);
        return fits;
    }
    return store_integral(field, to, number);
}

const unsigned char *zc_json_refuse_number(zc_json_reader *r, const unsigned char *at,
                                           const unsigned char *end)
{
    const char *text = (const char *)at;
    size_t size = (size_t)(end - at);
    char last;
    bool is_integer = r->field->type < ZCACHE_TYPE_FLOAT;
    return zc_json_fail(
        r, at, "%.*s%s %s (%s)", size > 40 ? 40 : (int)size, text, size > 40 ? "..." : "",
        is_integer && !is_integral(text, size, &last) ? "is no integer" : "is out of range",
        zc_field_number_name(r->field));
}
