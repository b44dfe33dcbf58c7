/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A bit for each place in the pattern that the bytes so far can lead to, all moved at once by each
 * byte: Baeza-Yates and Gonnet, "A new approach to text searching", 1992; a star is a place that no
 * byte leads away from.
 */
#include "fault/pattern.h"

/* Lets element `bit` take what the set that begins at text[0], behind its "[", has. Returns what
 * follows the set. One that is not closed goes to the end, as in `zcache keys`. */
static const char *compile_set(const char *text, fault_pattern *pattern, uint64_t bit)
{
    bool members[256] = {false};
    bool negated = *text == '^';
    text += negated;
    while (*text != '\0' && *text != ']') {
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (text[1] == '-' && text[2] != '\0') {
            unsigned char from = (unsigned char)text[0], to = (unsigned char)text[2];
            unsigned low = from < to ? from : to, high = from < to ? to : from;
            for (unsigned byte = low; byte <= high; byte++)
                members[byte] = true;
            text += 3;
            continue;
        }
        members[(unsigned char)*text++] = true;
    }
    for (unsigned byte = 0; byte < 256; byte++)
        if (members[byte] != negated)
            pattern->takes[byte] |= bit;
    return *text == ']' ? text + 1 : text;
}

bool fault_pattern_compile(const char *text, fault_pattern *pattern)
{
    *pattern = (fault_pattern){.end = 1};
    while (*text != '\0') {
        uint64_t bit = pattern->end;
        if (*text == '*') {
            pattern->stays |= bit;
            text++;
            continue;
        }
        if (bit == UINT64_C(1) << FAULT_PATTERN_MAX)
            return false;
        if (*text == '[') {
            text = compile_set(text + 1, pattern, bit);
        } else if (*text == '?') {
            for (unsigned byte = 0; byte < 256; byte++)
                pattern->takes[byte] |= bit;
            text++;
        } else {
            if (*text == '\\' && text[1] != '\0')
                text++;
            pattern->takes[(unsigned char)*text++] |= bit;
        }
        pattern->end = bit << 1;
    }
    return true;
}

bool fault_pattern_matches(const fault_pattern *pattern, zcache_slice key)
{
    const unsigned char *bytes = key.data;
    uint64_t places = 1;
    for (size_t i = 0; i < key.size && places != 0; i++)
        places = (places & pattern->takes[bytes[i]]) << 1 | (places & pattern->stays);
    return (places & pattern->end) != 0;
}
