/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The services that the host gives to an opened plugin: the zcache_host table, and behind it the
 * log of its cache and the secrets that no message of the plugin may show.
 */
#ifndef ZC_LOADER_SERVICES_H
#define ZC_LOADER_SERVICES_H

#include "base/log.h"
#include <zcache/plugin.h>

typedef struct zc_services {
    zcache_host host; /* first: the plugin gives its address back */
    zc_log *log;
    char name[ZCACHE_NAME_SIZE]; /* of the plugin, before its log lines */
    const char **secrets; /* the values of its SECRET options, in its options struct; owned array */
    size_t secret_count;
} zc_services;

/* Makes the table for one open. `options` is the plugin's filled struct, or NULL; `next` the layer
 * below a filter. */
zcache_status zc_services_start(zc_services *services, zc_log *log,
                                const zcache_descriptor *descriptor, const void *options,
                                const zcache_layer *next);
void zc_services_stop(zc_services *services);

/* A table without a cache, for `load`: messages and memory, log lines to standard error. */
const zcache_host *zc_services_for_load(void);

#endif
