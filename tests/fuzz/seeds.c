/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Writes seeds of the corpora: `seeds DIRECTORY` puts small random values, as each codec encodes
 * them, into DIRECTORY/CODEC. Those in tests/fuzz/corpus that are called value-N are from here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/harness.h"
#include "codec/types.h"
#include "codec/values.h"

#define SEEDS     16
#define SEED_SIZE 900

static void write_seed(const char *directory, const char *codec, unsigned number,
                       const codec_output *encoded)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s/value-%02u", directory, codec, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(encoded->data, 1, encoded->size, file) != encoded->size ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const codec_under_test *const codecs[] = {&codec_json, &codec_msgpack, &codec_tokens,
#ifdef WITH_CBOR
                                                     &codec_cbor
#endif
    };
    if (argc != 2) {
        fprintf(stderr, "usage: seeds DIRECTORY\n");
        return 2;
    }
    zc_plan *plan = codec_plan(tree_struct());
    for (size_t c = 0; c < sizeof(codecs) / sizeof(codecs[0]); c++) {
        unsigned written = 0;
        for (uint64_t seed = 1; written < SEEDS; seed++) {
            values *random = values_new(seed);
            tree value;
            values_fill(random, tree_struct(), &value, codecs[c]->limits);
            codec_output encoded = codec_encode(codecs[c], plan, &value);
            /* the fewer bytes, the more likely a change meets something */
            if (encoded.size <= SEED_SIZE + seed)
                write_seed(argv[1], codecs[c]->name, written++, &encoded);
            free(encoded.data);
            values_free(random);
        }
    }
    zc_plan_free(plan);
    return 0;
}
