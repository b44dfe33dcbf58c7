/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A star is matched by remembering only the latest one: if what follows fails, the star takes one
 * byte more. Earlier stars need no second thought, because the latest could take whatever they
 * would have given up; so there is no recursion, and no exponential pattern.
 */
#include "core/glob.h"

/* The set that begins after "[", against `byte`; moves *at beyond its "]". */
static bool match_set(const unsigned char *pattern, size_t size, size_t *at, unsigned char byte)
{
    size_t i = *at;
    bool negated = i < size && pattern[i] == '^';
    if (negated)
        i++;
    bool found = false;
    while (i < size && pattern[i] != ']') {
        if (pattern[i] == '\\' && i + 1 < size) {
            found |= pattern[i + 1] == byte;
            i += 2;
        } else if (i + 2 < size && pattern[i + 1] == '-') {
            unsigned char low = pattern[i];
            unsigned char high = pattern[i + 2];
            if (low > high) {
                low = pattern[i + 2];
                high = pattern[i];
            }
            found |= byte >= low && byte <= high;
            i += 3;
        } else {
            found |= pattern[i] == byte;
            i++;
        }
    }
    *at = i < size ? i + 1 : size;
    return found != negated;
}

/* Matches one pattern element other than `*` at pattern[*at] against `byte`; moves *at beyond it.
 */
static bool match_one(const unsigned char *pattern, size_t size, size_t *at, unsigned char byte)
{
    unsigned char first = pattern[(*at)++];
    switch (first) {
    case '?':
        return true;
    case '[':
        return match_set(pattern, size, at, byte);
    case '\\':
        if (*at < size)
            first = pattern[(*at)++];
        return first == byte;
    default:
        return first == byte;
    }
}

bool zc_glob_match(zcache_slice pattern_slice, zcache_slice text_slice)
{
    const unsigned char *pattern = pattern_slice.data;
    const unsigned char *text = text_slice.data;
    size_t pattern_size = pattern_slice.size;
    size_t at = 0;
    size_t i = 0;
    bool have_star = false;
    size_t after_star = 0; /* in the pattern */
    size_t star_end = 0;   /* the text that the latest star has taken ends here */
    while (i < text_slice.size) {
        if (at < pattern_size && pattern[at] == '*') {
            have_star = true;
            after_star = ++at;
            star_end = i;
        } else if (at < pattern_size && match_one(pattern, pattern_size, &at, text[i])) {
            i++;
        } else if (have_star) {
            at = after_star;
            i = ++star_end;
        } else {
            return false;
        }
    }
    while (at < pattern_size && pattern[at] == '*')
        at++;
    return at == pattern_size;
}

size_t zc_glob_literal_head(zcache_slice pattern_slice, char *buffer)
{
    const char *pattern = pattern_slice.data;
    size_t size = 0;
    for (size_t i = 0; i < pattern_slice.size; i++) {
        if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[')
            break;
        if (pattern[i] == '\\' && i + 1 < pattern_slice.size)
            i++;
        buffer[size++] = pattern[i];
    }
    return size;
}
