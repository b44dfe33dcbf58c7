/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the operations that write share: a request and its message, in the caller's thread.
 */
#ifndef LMDB_OPERATIONS_H
#define LMDB_OPERATIONS_H

#include "writer.h"

/* A request on the caller's input; NULL: ZCACHE_E_NOMEM, with the message left. */
lmdb_request *lmdb_begin(lmdb_instance *instance, lmdb_apply_fn *apply, const void *input,
                         size_t n);

/* Submits it. ZCACHE_OK: its results are there, and it is to be freed; the message of an item that
 * failed is left. Else it is gone, and the status holds for all items. */
zcache_status lmdb_run(lmdb_instance *instance, lmdb_request *request, int64_t deadline_ns);

#endif
