/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * From a codec's name to its functions: one that is built in, else one that the program registered
 * (zcache_codec_register), else a plugin of the kind CODEC.
 */
#ifndef ZC_CODEC_REGISTRY_H
#define ZC_CODEC_REGISTRY_H

#include <zcache/plugin.h>

#include "codec/codec.h"

struct zc_module;

/* A codec that was found: encode(custom, plan, …), decode(custom, plan, …). */
typedef struct zc_codec {
    char name[ZCACHE_NAME_SIZE];
    zc_encode_fn *encode;
    zc_decode_fn *decode;
    const zcache_codec *custom; /* registered, or of a plugin; built in: NULL */
    struct zc_module *module;   /* of a plugin: open until the release; else NULL */
} zc_codec;

/* Finds the codec `name` for values of a type. Release it with zc_codec_release; on failure it is
 * all zero, and may be released too.
 *     plugin_path   directories of plugins; only read where the name is neither built in nor
 *                   registered
 * Errors: ZCACHE_E_CONFIG: there is none of this name, or it cannot hold the type; ZCACHE_E_PLUGIN:
 * its plugin was refused; ZCACHE_E_NOMEM. Any thread. */
zcache_status zc_codec_find(const char *name, const zcache_list *plugin_path, const zc_plan *plan,
                            zc_codec *codec);

/* Closes the plugin that it came from. Nothing may use the codec any more. */
void zc_codec_release(zc_codec *codec);

#endif
