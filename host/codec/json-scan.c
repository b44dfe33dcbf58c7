/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What is out of line of reading JSON: strings with escapes or characters beyond ASCII, and values
 * that are skipped. Skipping keeps one bit for each level, so that it needs no recursion.
 */
#include "codec/json-scan.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/decimal.h"
#include "base/error.h"
#include "codec/field.h"

const unsigned char *zc_json_fail(zc_json_reader *reader, const unsigned char *at,
                                  const char *format, ...)
{
    size_t byte = (size_t)(at - reader->begin);
    char what[ZC_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (reader->field != NULL)
        reader->status = zc_field_refuse_decode(reader->plan, reader->field, byte, "%s", what);
    else
        reader->status =
            zc_error(ZCACHE_E_TYPE, "byte %zu: %s: %s", byte, reader->plan->name, what);
    return NULL;
}

const unsigned char *zc_json_skip_spaces(const unsigned char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Four hexadecimal digits; -1: they are not. */
static int32_t read_hex(const unsigned char *at)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char byte = at[i], letter = byte | 0x20;
        if (byte >= '0' && byte <= '9')
            value = value << 4 | (byte - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* Reads the escape at `at`, which has a backslash, into `character`. Returns its length; 0: it is
 * none. A surrogate that has no other half is none. */
static size_t read_escape(const unsigned char *at, const unsigned char *end, uint32_t *character)
{
    static const unsigned char meanings[0x100] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    if (end - at < 2)
        return 0;
    *character = meanings[at[1]];
    if (*character != 0)
        return 2;
    int32_t unit = at[1] == 'u' && end - at >= 6 ? read_hex(at + 2) : -1;
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    *character = (uint32_t)unit;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 6;
    int32_t low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? read_hex(at + 8) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *character = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

static size_t utf8_size(uint32_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

const unsigned char *zc_json_scan_rest(zc_json_reader *reader, const unsigned char *at,
                                       zc_json_string *string)
{
    const unsigned char *end = reader->end;
    size_t saved = 0;
    while (at < end && *at != '"') {
        if (!zc_json_stops(*at)) {
            uint32_t stops = zc_json_stops16(at);
            at += stops != 0 ? __builtin_ctz(stops) : 16;
        } else if (*at == '\\') {
            uint32_t character;
            size_t size = read_escape(at, end, &character);
            if (size == 0)
                return zc_json_fail(reader, at, "no escape of JSON");
            string->is_escaped = true;
            string->has_nul |= character == 0;
            saved += size - utf8_size(character);
            at += size;
        } else if (*at < 0x20) {
            return zc_json_fail(reader, at, "a control character in a text");
        } else {
            size_t size = zc_json_utf8_length(at, (size_t)(end - at));
            if (size == 0)
                return zc_json_fail(reader, at, "the text is not UTF-8");
            at += size;
        }
    }
    if (at == end)
        return zc_json_fail(reader, at, "ends within a text");
    string->raw_size = (size_t)(at - string->raw);
    string->size = string->raw_size - saved;
    return at + 1;
}

static char *write_utf8(uint32_t character, char *to)
{
    if (character < 0x80) {
        *to = (char)character;
        return to + 1;
    }
    size_t size = utf8_size(character);
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; character >>= 6)
        to[i] = (char)(0x80 | (character & 0x3F));
    to[0] = (char)(marks[size] | character);
    return to + size;
}

void zc_json_unescape(const zc_json_string *string, char *to)
{
    const unsigned char *at = string->raw, *end = at + string->raw_size;
    while (at < end) {
        uint32_t character = *at;
        if (character == '\\') {
            at += read_escape(at, end, &character);
            to = write_utf8(character, to);
            continue;
        }
        const unsigned char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

const char *zc_json_kind(const zc_json_reader *reader, const unsigned char *at)
{
    switch (*at) {
    case '{':
        return "a map";
    case '[':
        return "an array";
    case '"':
        return "a text";
    case 't':
    case 'f':
        return "a bool";
    case 'n':
        return "a null";
    case '-':
    case '0' ... '9':
        return "a number";
    default:
        return at < reader->end ? "no value of JSON" : "the end";
    }
}

static const unsigned char *skip_word(zc_json_reader *reader, const unsigned char *at,
                                      const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - at) < size || memcmp(at, word, size) != 0)
        return zc_json_fail(reader, at, "no value of JSON");
    return at + size;
}

const unsigned char *zc_json_read_null(zc_json_reader *reader, const unsigned char *at)
{
    return skip_word(reader, at, "null");
}

static const unsigned char *skip_number(zc_json_reader *reader, const unsigned char *at)
{
    const char *next = (const char *)at;
    zc_number number;
    if (!zc_number_read(&next, (const char *)reader->end, &number))
        return zc_json_fail(reader, (const unsigned char *)next, "no number of JSON");
    return (const unsigned char *)next;
}

static const unsigned char *skip_string(zc_json_reader *reader, const unsigned char *at)
{
    zc_json_string string;
    return zc_json_scan_string(reader, at + 1, &string);
}

/* A value that contains no others. */
static const unsigned char *skip_scalar(zc_json_reader *reader, const unsigned char *at)
{
    switch (*at) {
    case '"':
        return skip_string(reader, at);
    case '-':
    case '0' ... '9':
        return skip_number(reader, at);
    case 't':
        return skip_word(reader, at, "true");
    case 'f':
        return skip_word(reader, at, "false");
    default:
        return skip_word(reader, at, "null");
    }
}

/* A name and its colon. */
static const unsigned char *skip_name(zc_json_reader *reader, const unsigned char *at)
{
    if (*at != '"')
        return zc_json_fail(reader, at, "expected a name");
    at = skip_string(reader, at);
    if (at == NULL)
        return NULL;
    at = zc_json_skip_space(at);
    if (*at != ':')
        return zc_json_fail(reader, at, "expected ':'");
    return zc_json_skip_space(at + 1);
}

/* The brackets that are open: bit 0 is the innermost, 1 for an object. */
typedef struct levels {
    uint64_t objects;
    unsigned count;
} levels;

/* Behind a value: past the brackets that close, and a comma, up to the next value, or to the end of
 * the outermost. */
static const unsigned char *skip_to_next(zc_json_reader *reader, const unsigned char *at,
                                         levels *open)
{
    while (open->count > 0) {
        bool is_object = open->objects & 1;
        at = zc_json_skip_space(at);
        unsigned char byte = *at;
        if (byte == ',') {
            at = zc_json_skip_space(at + 1);
            return is_object ? skip_name(reader, at) : at;
        }
        if (byte != (is_object ? '}' : ']'))
            return zc_json_fail(reader, at, "expected ',' or '%c'", is_object ? '}' : ']');
        at++;
        open->objects >>= 1;
        open->count--;
    }
    return at;
}

const unsigned char *zc_json_skip_value(zc_json_reader *reader, const unsigned char *at,
                                        unsigned depth)
{
    levels open = {0, 0};
    do {
        unsigned char byte = *at;
        if (byte == '{' || byte == '[') {
            bool is_object = byte == '{';
            if (depth + open.count > ZC_DEPTH_MAX)
                return zc_json_fail(reader, at, "nested deeper than %d levels", ZC_DEPTH_MAX);
            open.objects = open.objects << 1 | is_object;
            open.count++;
            at = zc_json_skip_space(at + 1);
            if (*at != (is_object ? '}' : ']')) {
                at = is_object ? skip_name(reader, at) : at;
                continue;
            }
        } else {
            at = skip_scalar(reader, at);
        }
        if (at != NULL)
            at = skip_to_next(reader, at, &open);
    } while (at != NULL && open.count > 0);
    return at;
}
