/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Calls to codecs that are not ours. What they return is held to what <zcache/codec.h> allows, and
 * every failure has a message, theirs or ours.
 */
#ifndef ZC_CODEC_CUSTOM_H
#define ZC_CODEC_CUSTOM_H

#include <zcache/codec.h>

/* What is missing of put and next, or encode and decode; NULL: nothing. */
const char *zc_custom_fault(const zcache_codec *codec);

/* Before a call: forgets the message that is there. ZCACHE_E_NOMEM: this thread has none. */
zcache_status zc_custom_begin(void);

/* After one that returned `status`: ZCACHE_OK, ZCACHE_E_NOMEM or `refusal`. */
zcache_status zc_custom_end(zcache_status status, zcache_status refusal);

#endif
