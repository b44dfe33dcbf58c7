/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One opened plugin: its module, its options, the host table it was given, and the layer that it
 * makes above another. A stack is an array of them (generation.h); a tool that tests plugins opens
 * them one by one (plugin.c).
 */
#ifndef ZC_CORE_INSTANCE_H
#define ZC_CORE_INSTANCE_H

#include <pthread.h>

#include "config/config.h"
#include "loader/module.h"
#include "loader/services.h"

typedef struct zc_instance {
    zc_module *module;
    const zcache_descriptor *descriptor; /* the module's */
    void *options; /* the plugin's struct in force; changed with the turn to swap (configure.h) */
    zc_services services; /* the host table given to open */
    void *self;
    zcache_layer layer; /* what the layer above calls: this one's operations or those below */
    pthread_mutex_t
        lock; /* SERIALIZED: held round every operation; order: after every other lock */
    bool open;
} zc_instance;

/* Loads the plugin, checks that it is of `kind` (0: any), and fills its options. Whatever comes of
 * it, zc_instance_close ends it. */
zcache_status zc_instance_load(zc_instance *instance, const char *name, zcache_kind kind,
                               const zc_config *config);

/* Opens a loaded instance above `below`; NULL: nothing is below. Likewise. */
zcache_status zc_instance_open(zc_instance *instance, zc_log *log, const zcache_layer *below,
                               int64_t deadline_ns);

/* Ends what the two have begun, however far it came. Tells whether the code is unmapped. */
bool zc_instance_close(zc_instance *instance);

/* Makes the instance's lock, free: at open, and anew in a forked child, where the thread that held
 * it has another id, and a recursive lock can only be released by its owner. */
void zc_instance_lock_start(zc_instance *instance);

#endif
