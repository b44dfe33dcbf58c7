/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plugin without a cache above it, for programs that test plugins: the library finds, verifies,
 * loads and opens it as it would for a cache, and the program calls its operations itself.
 * `zcache plugin check` is written on this header.
 *
 *     zcache_harness *harness;
 *     zcache_harness_instance *store;
 *     if (zcache_harness_load(&harness, "mine", ZCACHE_SOURCE_CODE, NULL, &options) == ZCACHE_OK &&
 *         zcache_harness_open(harness, NULL, 1000, &store) == ZCACHE_OK) {
 *         store->layer->get.call(store->layer->get.self, &call, 1, &key, &sink);
 *         zcache_harness_close(store);
 *     }
 *
 * The functions may be called from any thread. What a plugin demands of its caller, as that no
 * operation runs while it is closed, is up to the program. Everything here is since 1.0.
 */
#ifndef ZCACHE_HARNESS_H
#define ZCACHE_HARNESS_H

#include <zcache/admin.h>

ZCACHE_BEGIN_DECLS

/* A loaded plugin, with the configuration that its options come from. */
typedef struct zcache_harness zcache_harness;

/* Finds the plugin `name` in the configured plugin_path, verifies and loads it.
 *     source, path, options   the configuration, as for zcache_config_check
 * Errors: ZCACHE_E_CONFIG, ZCACHE_E_PLUGIN; then nothing is loaded and *harness is NULL. */
ZCACHE_PUBLIC zcache_status zcache_harness_load(zcache_harness **harness, const char *name,
                                                zcache_source source, const char *path,
                                                const zcache_options *options);

/* The host's copy of what the plugin tells of itself, and the path that was verified: valid until
 * zcache_harness_unload. */
ZCACHE_PUBLIC const zcache_descriptor *zcache_harness_descriptor(const zcache_harness *harness);
ZCACHE_PUBLIC const char *zcache_harness_file(const zcache_harness *harness);

/* Ends the use of the plugin, whose instances are all closed. true: its code is no longer mapped
 * into this process. false: something keeps it, or another use goes on. NULL is nothing: false. */
ZCACHE_PUBLIC bool zcache_harness_unload(zcache_harness *harness);

/* An opened provider or filter. Both members are set by zcache_harness_open, and constant. */
typedef struct zcache_harness_instance {
    void *self; /* what open gave: for the operations of the descriptor that are not in a layer */
    /* Its operations above those of `below`; around each, if the plugin is SERIALIZED, the lock. */
    const zcache_layer *layer;
} zcache_harness_instance;

/* Opens an instance, with the options that the configuration has for it.
 *     below        the layer that a filter stands on, valid until the close; NULL for a provider
 *     timeout_ms   the deadline given to the plugin, from now
 * Errors: ZCACHE_E_CONFIG, an option is wrong; what the plugin's open returns. Then *instance is
 * NULL. */
ZCACHE_PUBLIC zcache_status zcache_harness_open(zcache_harness *harness, const zcache_layer *below,
                                                int64_t timeout_ms,
                                                zcache_harness_instance **instance);

/* Closes it, without a quiesce before. NULL is nothing. */
ZCACHE_PUBLIC void zcache_harness_close(zcache_harness_instance *instance);

ZCACHE_END_DECLS

#endif /* ZCACHE_HARNESS_H */
