/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A plugin's shared object in this process: found by name in trusted directories, verified, opened
 * with libltdl, counted, closed. Two users of one file share one module.
 */
#ifndef ZC_LOADER_MODULE_H
#define ZC_LOADER_MODULE_H

#include <zcache/admin.h>
#include <zcache/plugin.h>

typedef struct zc_module zc_module;

/* Opens the plugin `name`, linked in or from the first directory of `path` that has NAME.so, and
 * verifies file and descriptor (and that it is of `kind`; 0: any). Calls its `load` if it is the
 * first user. Errors: ZCACHE_E_PLUGIN, with the reason. Any thread. */
zcache_status zc_module_open(const char *name, const zcache_list *path, zcache_kind kind,
                             zc_module **module);

/* Takes part in a fork: prepare takes the loader's lock, parent and child release it. */
void zc_module_fork(zcache_fork_phase phase);

/* Ends one use; the last one calls `unload` and closes the object. Tells whether its code is gone
 * from memory now. NULL is nothing. */
bool zc_module_close(zc_module *module);

/* The host's own copy of the descriptor and its ops, zero where the plugin is older: valid until
 * close. The strings in it are copies. */
const zcache_descriptor *zc_module_descriptor(const zc_module *module);

/* The path that was verified, or "(linked in)". */
const char *zc_module_file(const zc_module *module);

/* Lists the names of the plugins that are linked into the program. A status that `each` returns
 * ends it. */
zcache_status zc_module_each_linked(zcache_status (*each)(void *user, const char *name),
                                    void *user);

/* Reports every plugin, linked in or in `path`, sorted by name; refused ones too. */
zcache_status zc_module_each(const zcache_list *path, zcache_plugin_fn *each, void *user);

/* Reports one. Errors: as zc_module_open. */
zcache_status zc_module_inspect(const char *name, const zcache_list *path, zcache_plugin_fn *each,
                                void *user);

#endif
