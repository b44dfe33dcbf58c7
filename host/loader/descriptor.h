/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a plugin says of itself, checked and made the host's own. A plugin may have been compiled
 * against an older or a newer header: every struct of it is read only as far as its own size says,
 * and what is missing is 0. The copy shares nothing with the plugin but function pointers, so no
 * string of it dies with its code.
 */
#ifndef ZC_LOADER_DESCRIPTOR_H
#define ZC_LOADER_DESCRIPTOR_H

#include <zcache/plugin.h>

/* Checks the descriptor of the plugin `name` and copies it: one block, to be freed with zc_free.
 *     readable  bytes that the object behind `theirs` is known to have
 * Errors: ZCACHE_E_PLUGIN, "field: what was expected, what was found"; ZCACHE_E_NOMEM. */
zcache_status zc_descriptor_copy(const zcache_descriptor *theirs, size_t readable, const char *name,
                                 zcache_descriptor **copy);

/* Checks that the defaults of the options of a copied descriptor can be parsed and are within their
 * limits. Errors: ZCACHE_E_PLUGIN, with plugin and option; ZCACHE_E_NOMEM. */
zcache_status zc_descriptor_check_defaults(const zcache_descriptor *own);

/* The names of the operations that `descriptor` has (of a codec: its functions), separated by
 * blanks; NULL when memory is short. To be freed with zc_free. */
char *zc_descriptor_capabilities(const zcache_descriptor *descriptor);

#endif
