/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The services that the host gives to an opened plugin: the zcache_host table, and behind it the
 * log of its cache and the secrets that no message of the plugin may show.
 */
#ifndef ZC_LOADER_SERVICES_H
#define ZC_LOADER_SERVICES_H

#include <stdatomic.h>

#include "base/log.h"
#include <zcache/plugin.h>

/* The value of a SECRET option, or one that it had before: a message about an old connection may
 * still tell it. Immutable but for the link. */
typedef struct zc_secret {
    _Atomic(struct zc_secret *) next; /* a shorter one, or one as long */
    size_t size;
    char text[];
} zc_secret;

typedef struct zc_services {
    zcache_host host; /* first: the plugin gives its address back */
    zc_log *log;
    char name[ZCACHE_NAME_SIZE]; /* of the plugin, before its log lines */
    /* Added to by whoever has the turn to swap, read by any thread that writes a message: a release
     * store of a link pairs with an acquire load of it. Freed by zc_services_stop only. */
    _Atomic(zc_secret *) secrets;
} zc_services;

/* Makes the table for one open. `options` is the plugin's filled struct, or NULL; `next` the layer
 * below a filter. */
zcache_status zc_services_start(zc_services *services, zc_log *log,
                                const zcache_descriptor *descriptor, const void *options,
                                const zcache_layer *next);
void zc_services_stop(zc_services *services);

/* From now on hides the secrets among these options, too. */
zcache_status zc_services_learn(zc_services *services, const zcache_descriptor *descriptor,
                                const void *options);

/* A table without a cache, for `load`: messages and memory, log lines to standard error. */
const zcache_host *zc_services_for_load(void);

#endif
