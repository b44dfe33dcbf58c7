/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What must be one atomic step and has no command of its own: Lua, called by its SHA-1.
 */
#ifndef REDIS_SCRIPTS_H
#define REDIS_SCRIPTS_H

typedef struct redis_script {
    const char *source;
    const char *sha1; /* of the source, in lower case: a test compares it with the server's */
} redis_script;

/* KEYS[1] -> nil, or {PTTL, token, value}. The token is the first 16 hexadecimal digits of the
 * value's SHA-1, and never 0. */
extern const redis_script redis_script_read;

/* KEYS[1] token value ttl_ms|-1 -> 1: stored; 0: no such key; -1: another token */
extern const redis_script redis_script_cas;

/* KEYS[1] delta ttl_ms -> the new number, as a string: Lua's numbers end at 2^53 */
extern const redis_script redis_script_incr;

/* KEYS[1] -> 1: never expires now; 0: no such key */
extern const redis_script redis_script_persist;

#endif
