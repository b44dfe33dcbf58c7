/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A reply on its way: lines of JSON, each a flat object. A lack of memory is remembered, so that
 * only the end needs to look.
 */
#ifndef ZC_CONTROL_REPLY_H
#define ZC_CONTROL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zcache/zcache.h>

typedef struct zc_reply {
    char *text; /* owned; not terminated */
    size_t size, capacity;
    bool comma;  /* the line has a member */
    bool failed; /* memory was short */
} zc_reply;

/* A line: its "type", any number of members, its end. */
void zc_reply_begin(zc_reply *reply, const char *type);
void zc_reply_text(zc_reply *reply, const char *name, const char *text); /* NULL: null */
void zc_reply_number(zc_reply *reply, const char *name, int64_t number);
void zc_reply_bool(zc_reply *reply, const char *name, bool truth);
void zc_reply_line(zc_reply *reply);

/* The last line of every reply. `message` counts for errors. */
void zc_reply_end(zc_reply *reply, zcache_status status, const char *message);

void zc_reply_free(zc_reply *reply);

#endif
