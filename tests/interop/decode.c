/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What our decoders say to any document: reads lines `CODEC TYPE HEX`, and prints for each
 * "accepted" or "refused", or, of types other than `any`, the value as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/harness.h"

/* Any document is the unknown field `?` of this. */
typedef struct nothing {
    bool known;
} nothing;
typedef struct i64 {
    int64_t value;
} i64;
typedef struct u64 {
    uint64_t value;
} u64;
typedef struct real {
    double value;
} real;
ZCACHE_STRUCT(nothing, ZC_BOOL(known))
ZCACHE_STRUCT(i64, ZC_I64(value))
ZCACHE_STRUCT(u64, ZC_U64(value))
ZCACHE_STRUCT(real, ZC_DOUBLE(value))

typedef struct kind {
    const char *name;
    const zcache_struct *(*type)(void);
    zcache_struct bare;
    zc_plan *plan;
} kind;
static kind kinds[] = {{.name = "any", .type = nothing_struct},
                       {.name = "i64", .type = i64_struct},
                       {.name = "u64", .type = u64_struct},
                       {.name = "double", .type = real_struct},
                       {.name = "text", .type = zcache_string_struct},
                       {.name = "bytes", .type = zcache_bytes_struct}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static unsigned char document[1 << 20];

/* Returns the size. */
static size_t read_hex(const char *hex, unsigned char *to)
{
    size_t size = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        to[size++] = (unsigned char)byte;
    return size;
}

static void answer(const codec_under_test *codec, const kind *asked, const char *hex)
{
    bool any = asked == &kinds[0], json = codec == &codec_json;
    const char *before = !any ? "" : json ? "{\"?\":" : "\x81\xa1?";
    size_t size = strlen(before);
    memcpy(document, before, size);
    size += read_hex(hex, document + size);
    if (any && json)
        document[size++] = '}';
    codec_value decoded = codec_decode(codec, asked->plan, document, size);
    if (any || decoded.status != ZCACHE_OK) {
        puts(decoded.status == ZCACHE_OK ? "accepted" : "refused");
    } else {
        codec_output printed = codec_encode(&codec_json, asked->plan, decoded.value);
        printf("%.*s\n", (int)printed.size, (const char *)printed.data);
        free(printed.data);
    }
    codec_value_free(&decoded);
}

int main(void)
{
    static char line[1 << 20];
    for (size_t i = 0; i < KINDS; i++) {
        kinds[i].bare = *kinds[i].type();
        kinds[i].bare.bare = i > 0;
        kinds[i].plan = codec_plan(&kinds[i].bare);
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char codec[16], type[16];
        int hex = 0;
        if (sscanf(line, "%15s %15s %n", codec, type, &hex) != 2)
            return 2;
        for (size_t i = 0; i < KINDS; i++)
            if (strcmp(type, kinds[i].name) == 0)
                answer(strcmp(codec, "json") == 0 ? &codec_json : &codec_msgpack, &kinds[i],
                       line + hex);
    }
    for (size_t i = 0; i < KINDS; i++)
        zc_plan_free(kinds[i].plan);
    return 0;
}
