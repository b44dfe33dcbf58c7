/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * memcached's text protocol: what its replies say, and numbers and times in its form. Pure
 * functions on bytes that came from a server and are trusted in nothing: every number is checked
 * for overflow, every line has a longest length. (Source: memcached's doc/protocol.txt.)
 *
 * Names of the plugin's functions begin with mc_, for libmemcached has taken memcached_.
 */
#ifndef MC_PROTOCOL_H
#define MC_PROTOCOL_H

#include <zcache/types.h>

/* No reply line is longer: a key has 250 bytes, thrice that in a dump. */
#define MC_LINE_MAX 4096

/* memcached takes an expiry time up to this for relative seconds, above it for a date. */
#define MC_RELATIVE_MAX INT64_C(2592000)

/* A line that has arrived whole. */
typedef struct mc_line {
    const char *text; /* borrowed from the buffer; not terminated */
    size_t size;      /* without its end */
    size_t whole;     /* with it */
} mc_line;

/* Finds the first line of a buffer. 1: found; 0: it has not arrived whole; -1: it is too long. */
int mc_find_line(const char *data, size_t size, mc_line *line);

/* Tells whether the line is `text`, or begins with it. */
bool mc_line_is(const mc_line *line, const char *text);
bool mc_line_begins(const mc_line *line, const char *text);

/* Reads decimal digits, all of them; false: no such number, or above UINT64_MAX. */
bool mc_parse_unsigned(const char *text, size_t size, uint64_t *number);

/* Takes the next word of a line that words are separated in by single blanks. */
bool mc_next_word(mc_line *rest, zcache_slice *word);

/* "VALUE <key> <flags> <bytes> [<cas>]". */
typedef struct mc_value_line {
    zcache_slice key;
    uint64_t size;
    uint64_t cas; /* 0 if not given */
} mc_value_line;
bool mc_parse_value_line(const mc_line *line, mc_value_line *value);

/* The reply of a meta command: "HD", "VA <bytes>", "EN", "NS", "EX", "NF", and its flags. */
typedef struct mc_meta_reply {
    char code[2];
    uint64_t size;    /* VA: of the value that follows */
    int64_t ttl_s;    /* t: remaining seconds, -1 for ever; -2 if not given */
    uint64_t cas;     /* c; 0 if not given */
    uint64_t flags;   /* f: client flags; 0 if not given */
    zcache_slice key; /* k; NULL if not given */
} mc_meta_reply;
bool mc_parse_meta(const mc_line *line, mc_meta_reply *reply);
bool mc_meta_is(const mc_meta_reply *reply, const char code[2]);

/* A line of `lru_crawler metadump`: "key=<percent-encoded> exp=<UNIX time or -1> …". The decoded
 * key goes to `key`, which has room for MC_KEY_MAX. */
#define MC_KEY_MAX 250
typedef struct mc_dump_line {
    char key[MC_KEY_MAX];
    size_t key_size;
    int64_t expires_s; /* UNIX time by the server's clock; -1: never */
} mc_dump_line;
bool mc_parse_dump_line(const mc_line *line, mc_dump_line *dump);

/* The seconds that make memcached keep an entry for at least ttl_ms: one more than the TTL rounded
 * up, since n seconds live between n - 1 and n there. */
int64_t mc_ttl_seconds(int64_t ttl_ms);

#endif
