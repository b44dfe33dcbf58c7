/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A shared object in memory: all that is done with libltdl and the dynamic linker. libltdl is not
 * thread-safe: every function here is called under the loader's one lock.
 *
 * Linked-in plugins. A program that is linked with libzcache.a can carry its plugins inside:
 *
 *     #include <ltdl.h>
 *     int main(void)
 *     {
 *         LTDL_SET_PRELOADED_SYMBOLS();      before the first call of zcache
 *
 *     libtool --mode=link cc -static -o program program.o -dlpreopen memory.la libzcache.la
 *
 * The plugin is found by its name, before any directory is searched. Its object is compiled with
 * -DZCACHE_LIBTOOL, so that it exports NAME_LTX_zcache_plugin; libltdl writes every character of
 * such a name that is no letter or digit as `_`, so NAME has no `-`.
 */
#ifndef ZC_LOADER_OBJECT_H
#define ZC_LOADER_OBJECT_H

#include "loader/search.h"

typedef struct zc_object zc_object;

/* Loads a verified file. If an older file of the same path is still in memory, the new one is
 * loaded beside it. Errors: ZCACHE_E_PLUGIN, ZCACHE_E_NOMEM. */
zcache_status zc_object_open(const zc_search_file *file, zc_object **object);

/* Opens a plugin that is linked into the program: *object is NULL, and the result ZCACHE_OK, if
 * there is none of that name. */
zcache_status zc_object_open_linked(const char *name, zc_object **object);

/* What it exports, and how many bytes of it there are. */
const zcache_descriptor *zc_object_descriptor(const zc_object *object, size_t *size);

/* Closes it. Tells whether its code is gone from memory. */
bool zc_object_close(zc_object *object);

/* Lists the names of all linked-in plugins. A status that `each` returns ends it. */
zcache_status zc_object_each_linked(zc_search_fn *each, void *user);

/* Ends libltdl, if nothing is open. */
void zc_object_stop(void);

#endif
