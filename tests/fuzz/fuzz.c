/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The decoders as fuzzers see them. Codecs of structs decode each input as the type that has
 * everything in it, and, as it may be of any kind, as single values.
 */
#include "fuzz.h"

#include "codec/harness.h"
#include "codec/types.h"

/* Arrays by themselves, which no table of a program's has but a codec must take. */
typedef struct numbers_alone {
    double *numbers;
    size_t count;
} numbers_alone;
typedef struct trees_alone {
    tree **trees;
    size_t count;
} trees_alone;
ZCACHE_STRUCT(numbers_alone, ZC_ARRAY(numbers, count, ZC_DOUBLE))
ZCACHE_STRUCT(trees_alone, ZC_ARRAY(trees, count, ZC_POINTER(tree)))

typedef struct plans {
    zc_plan *tree, *numbers, *trees, *string, *bytes;
} plans;

static zc_plan *bare(const zcache_struct *described)
{
    static zcache_struct types[2];
    static size_t used;
    zcache_struct *type = &types[used++];
    *type = *described;
    type->bare = true;
    return codec_plan(type);
}

/* Made once, for the life of the process. */
static const plans *all_plans(void)
{
    static plans made;
    if (made.tree == NULL) {
        made.numbers = bare(numbers_alone_struct());
        made.trees = bare(trees_alone_struct());
        made.string = codec_plan(zcache_string_struct());
        made.bytes = codec_plan(zcache_bytes_struct());
        made.tree = codec_plan(tree_struct());
    }
    return &made;
}

/* What an input begins as: the types that it may be follow from that. */
typedef enum kind { KIND_MAP, KIND_ARRAY, KIND_TEXT } kind;

static void fuzz_codec(const codec_under_test *codec, kind begins, const uint8_t *data, size_t size)
{
    const plans *all = all_plans();
    if (begins == KIND_MAP) {
        codec_try(codec, all->tree, data, size);
    } else if (begins == KIND_ARRAY) {
        codec_try(codec, all->numbers, data, size);
        codec_try(codec, all->trees, data, size);
    } else {
        codec_try(codec, all->string, data, size);
        codec_try(codec, all->bytes, data, size);
    }
}

void fuzz_json(const uint8_t *data, size_t size)
{
    uint8_t first = size > 0 ? data[0] : 0;
    fuzz_codec(&codec_json,
               first == '"'   ? KIND_TEXT
               : first == '[' ? KIND_ARRAY
                              : KIND_MAP,
               data, size);
}

void fuzz_msgpack(const uint8_t *data, size_t size)
{
    uint8_t first = size > 0 ? data[0] : 0;
    bool map = (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
    bool array = (first & 0xf0) == 0x90 || first == 0xdc || first == 0xdd;
    fuzz_codec(&codec_msgpack, map ? KIND_MAP : array ? KIND_ARRAY : KIND_TEXT, data, size);
}

void fuzz_tokens(const uint8_t *data, size_t size)
{
    uint8_t first = size > 0 ? data[0] : 0;
    fuzz_codec(&codec_tokens,
               first == ZCACHE_TOKEN_MAP     ? KIND_MAP
               : first == ZCACHE_TOKEN_ARRAY ? KIND_ARRAY
                                             : KIND_TEXT,
               data, size);
}

#ifdef WITH_CBOR
void fuzz_cbor(const uint8_t *data, size_t size)
{
    unsigned major = size > 0 ? data[0] >> 5 : 5;
    fuzz_codec(&codec_cbor,
               major == 5   ? KIND_MAP
               : major == 4 ? KIND_ARRAY
                            : KIND_TEXT,
               data, size);
}
#endif

void fuzz_bytes(const uint8_t *data, size_t size)
{
    codec_try(&codec_bytes, all_plans()->bytes, data, size);
}

void fuzz_string(const uint8_t *data, size_t size)
{
    codec_try(&codec_string, all_plans()->string, data, size);
}
