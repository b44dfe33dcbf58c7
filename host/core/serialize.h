/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The lock round every operation of a plugin that declares ZCACHE_THREADS_SERIALIZED.
 */
#ifndef ZC_CORE_SERIALIZE_H
#define ZC_CORE_SERIALIZE_H

#include "core/instance.h"

/* Binds `layer` to operations that take instance->lock, wait for it until the call's deadline, and
 * go on to the instance's own. Operations that it does not have are left as they are. */
void zc_serialize_bind(zc_instance *instance, zcache_layer *layer);

#endif
