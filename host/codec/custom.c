/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Calls to codecs that are not ours.
 */
#include "codec/custom.h"

#include "base/error.h"
#include "base/thread.h"
#include <zcache/zcache.h>

zcache_status zc_custom_begin(void)
{
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return zc_error_nomem();
    thread->message_left = false;
    return ZCACHE_OK;
}

zcache_status zc_custom_end(zcache_status status, zcache_status refusal)
{
    if (status == ZCACHE_OK || status == ZCACHE_E_NOMEM)
        return status;
    if (!zc_thread_self()->message_left)
        zc_error(refusal, "the codec says: %s", zcache_status_text(status));
    return refusal;
}

const char *zc_custom_fault(const zcache_codec *codec)
{
    bool tokens = codec->put != NULL || codec->next != NULL;
    bool values = codec->encode != NULL || codec->decode != NULL;
    if (tokens == values)
        return tokens ? "expected put and next or encode and decode, found some of both"
                      : "expected put and next, or encode and decode, found none";
    if (tokens && codec->put == NULL)
        return "put: expected a function, found none";
    if (tokens && codec->next == NULL)
        return "next: expected a function, found none";
    if (values && codec->encode == NULL)
        return "encode: expected a function, found none";
    if (values && codec->decode == NULL)
        return "decode: expected a function, found none";
    return NULL;
}
