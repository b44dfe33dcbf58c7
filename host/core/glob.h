/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Key patterns, with the meaning that Redis gives them:
 *
 *     *        any bytes, none too        [abc] [a-z]  one byte of the set (ranges either way
 * round) ?        one byte                   [^abc]       one byte that is not of the set \x the
 * byte x itself, also inside a set
 *
 * A set that is not closed ends with the pattern; a `\` at the end is itself. Source: the
 * documentation of Redis' KEYS command, and the behaviour of redis-server 7.
 */
#ifndef ZC_CORE_GLOB_H
#define ZC_CORE_GLOB_H

#include <zcache/types.h>

/* Whether all of `text` matches. Takes at most (pattern size) × (text size) steps, whatever the
 * pattern. */
bool zc_glob_match(zcache_slice pattern, zcache_slice text);

/* The literal bytes that every match begins with, into `buffer` of at least pattern.size bytes. */
size_t zc_glob_literal_head(zcache_slice pattern, char *buffer);

#endif
