/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Reading the pieces that JSON (RFC 8259) is made of: white space, strings, and whole values that
 * nobody asked for. Strict: the grammar and no more, UTF-8 checked, surrogates in pairs.
 *
 * `at`, what is read next, is handed from function to function, so that it stays in a register;
 * NULL says that one failed and left its message. At the end is the fence (codec.h), whose bytes
 * stand nowhere in JSON: so `*at` may be looked at, and a scan stops there.
 */
#ifndef ZC_CODEC_JSON_SCAN_H
#define ZC_CODEC_JSON_SCAN_H

#include "codec/codec.h"
#include "codec/json-lex.h"

typedef struct zc_json_reader {
    const unsigned char *begin, *end;
    zcache_block *block;
    zcache_status status; /* of the failure */
    /* What is being read, for messages; field may be NULL. */
    const zc_plan *plan;
    const zc_field *field;
} zc_json_reader;

/* Leaves ZCACHE_E_TYPE and "byte 17: user.name: …" for what is at `at`. Returns NULL. */
const unsigned char *zc_json_fail(zc_json_reader *reader, const unsigned char *at,
                                  const char *format, ...) __attribute__((cold))
ZCACHE_PRINTF(3, 4);

const unsigned char *zc_json_skip_spaces(const unsigned char *at);

/* Past white space, of which there mostly is none. */
static inline const unsigned char *zc_json_skip_space(const unsigned char *at)
{
    return *at <= ' ' ? zc_json_skip_spaces(at) : at;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* A string that was found to be in order. */
typedef struct zc_json_string {
    const unsigned char *raw; /* between the quotes */
    size_t raw_size;
    size_t size;     /* of the text that it means, at most raw_size */
    bool is_escaped; /* it is not simply what stands there */
    bool has_nul;    /* the text contains U+0000 */
} zc_json_string;

/* Goes on with a string, all of which before `at` was plain. */
const unsigned char *zc_json_scan_rest(zc_json_reader *reader, const unsigned char *at,
                                       zc_json_string *string);

/* Reads a string; `at` is behind its first quote, and what is returned behind its last. */
static inline const unsigned char *
zc_json_scan_string(zc_json_reader *reader, const unsigned char *at, zc_json_string *string)
{
    string->raw = at;
    string->is_escaped = false;
    string->has_nul = false;
    uint32_t stops;
    while ((stops = zc_json_stops16(at)) == 0)
        at += 16;
    at += __builtin_ctz(stops);
    if (*at != '"')
        return zc_json_scan_rest(reader, at, string);
    string->raw_size = string->size = (size_t)(at - string->raw);
    return at + 1;
}

/* Writes the text that a string means, string->size bytes. */
void zc_json_unescape(const zc_json_string *string, char *to);

/* ---- values ---------------------------------------------------------------------------------- */

/* Past a value, all of it checked. `depth` is the level that it is if it is an array or object. */
const unsigned char *zc_json_skip_value(zc_json_reader *reader, const unsigned char *at,
                                        unsigned depth);

/* Past a null; `at` is at its n. */
const unsigned char *zc_json_read_null(zc_json_reader *reader, const unsigned char *at);

/* What begins at `at`, for people: "a text", "a map", … */
const char *zc_json_kind(const zc_json_reader *reader, const unsigned char *at);

#endif
