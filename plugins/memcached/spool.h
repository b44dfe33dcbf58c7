/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The keys of a dump, kept until they are reported: in memory as far as a fixed buffer holds them,
 * then in a temporary file without a name. A dump must be read as fast as it comes: one that stands
 * still stops the server's crawler, which then stops the next thread of the server that is asked
 * for a dump, and every connection of that thread.
 */
#ifndef MC_SPOOL_H
#define MC_SPOOL_H

#include <zcache/plugin.h>

#include "protocol.h"

typedef struct mc_spool {
    const zcache_host *host;
    char *buffer;
    size_t size;  /* bytes in the buffer */
    size_t start; /* of those not yet read */
    int file;     /* what did not fit; -1: none */
} mc_spool;

/* Errors, with a message: ZCACHE_E_NOMEM. */
zcache_status mc_spool_open(mc_spool *spool, const zcache_host *host);
void mc_spool_close(mc_spool *spool);

/* Forgets everything. */
void mc_spool_clear(mc_spool *spool);

/* Appends one. Errors, with a message: ZCACHE_E_NOMEM, there is no room for temporary files. */
zcache_status mc_spool_put(mc_spool *spool, const mc_dump_line *dump);

/* From writing to reading. Errors: as mc_spool_put. */
zcache_status mc_spool_rewind(mc_spool *spool);

/* Takes the next one. ZCACHE_MISS: there is none left. Errors: as mc_spool_put. */
zcache_status mc_spool_next(mc_spool *spool, mc_dump_line *dump);

#endif
