/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A codec that the check calls by itself: what it reads ends at an unmapped page and is unmapped
 * after the call, and so does the room that it asks for, which is never more than that.
 */
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zcache/codec.h>
#include <zcache/table.h>

#include "check.h"
#include "usage.h"

typedef struct record {
    int64_t id;
    double ratio;
    bool on;
    const char *name;
    const char **tags;
    size_t ntags;
    const void *blob;
    size_t blob_size;
} record;
ZCACHE_STRUCT(record, ZC_I64(id), ZC_DOUBLE(ratio), ZC_BOOL(on), ZC_STRING(name),
              ZC_ARRAY(tags, ntags, ZC_STRING), ZC_BYTES(blob, blob_size))
ZCACHE_TABLE(records, record)

static const char *tags[] = {"first", "", NULL};
static const record example = {.id = INT64_C(-5000000000),
                               .ratio = 0.1,
                               .on = true,
                               .name = "a name of some length",
                               .tags = tags,
                               .ntags = 3,
                               .blob = "\0\xff\x80z",
                               .blob_size = 4};

#define TEXT(text)                                                     \
    {                                                                  \
        .kind = ZCACHE_TOKEN_TEXT, .slice = { text, sizeof(text) - 1 } \
    }
/* The example, to a codec that works by tokens. */
static const zcache_token tokens[] = {
    {.kind = ZCACHE_TOKEN_MAP, .count = 6},
    TEXT("id"),
    {.kind = ZCACHE_TOKEN_INTEGER, .integer = INT64_C(-5000000000)},
    TEXT("ratio"),
    {.kind = ZCACHE_TOKEN_DOUBLE, .real = 0.1},
    TEXT("on"),
    {.kind = ZCACHE_TOKEN_BOOL, .boolean = true},
    TEXT("name"),
    TEXT("a name of some length"),
    TEXT("tags"),
    {.kind = ZCACHE_TOKEN_ARRAY, .count = 3},
    TEXT("first"),
    TEXT(""),
    {.kind = ZCACHE_TOKEN_NULL},
    TEXT("blob"),
    {.kind = ZCACHE_TOKEN_BYTES, .slice = {"\0\xff\x80z", 4}},
};

static zcache_status take_error(zcache_status status, const char *format, ...) ZCACHE_PRINTF(2, 3);
static zcache_status take_error(zcache_status status, const char *format, ...)
{
    (void)format;
    return status;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* A buffer of just the room that was asked for. */
typedef struct room {
    zcache_buffer buffer; /* first */
    conform_guard memory;
    long grows; /* that will succeed */
} room;

static bool grow(zcache_buffer *buffer, size_t more)
{
    room *self = (room *)buffer;
    if (self->grows-- <= 0)
        return false;
    size_t capacity = buffer->size + more;
    char *filled = calloc(1, capacity);
    expect(filled != NULL, "no memory for the check's own room");
    if (buffer->size > 0)
        memcpy(filled, buffer->data, buffer->size);
    conform_guard larger = conform_guard_make(zcache_bytes_of(filled, capacity));
    free(filled);
    size_t writable = larger.map_size - (size_t)sysconf(_SC_PAGESIZE);
    expect(mprotect(larger.map, writable, PROT_READ | PROT_WRITE) == 0, "mprotect failed");
    if (self->memory.map != NULL)
        conform_guard_free(&self->memory);
    self->memory = larger;
    buffer->data = (unsigned char *)larger.map + writable - capacity;
    buffer->capacity = capacity;
    return true;
}

/* Encodes the example into a buffer that grows no more than `grows` times. */
static zcache_status encode(const zcache_codec *codec, long grows, room *to)
{
    *to = (room){.buffer = {.grow = grow, .error = take_error}, .grows = grows};
    if (codec->encode != NULL)
        return codec->encode(codec, record_struct(), &example, &to->buffer);
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]) && status == ZCACHE_OK; i++) {
        zcache_token token = tokens[i];
        conform_guard text = conform_guard_make(token.slice);
        if (token.slice.data != NULL)
            token.slice = text.bytes;
        status = codec->put(codec, &to->buffer, &token);
        conform_guard_free(&text);
    }
    return status;
}

static void end_room(room *one)
{
    if (one->memory.map != NULL)
        conform_guard_free(&one->memory);
}

static void writes_into_its_room(conform *c)
{
    zcache_status status = ZCACHE_E_NOMEM;
    conform_watch(60, "encoding");
    for (long grows = 0; status != ZCACHE_OK; grows++) {
        room to;
        status = encode(c->plugin->codec, grows, &to);
        expect(to.buffer.size <= to.buffer.capacity,
               "it asked for room for %zu bytes and says that it wrote %zu", to.buffer.capacity,
               to.buffer.size);
        expect(status == ZCACHE_OK || (status == ZCACHE_E_NOMEM && to.grows < 0),
               "encoding into a buffer that grows %ld times: %s", grows,
               zcache_status_name(status));
        expect(status == ZCACHE_E_NOMEM || to.grows >= 0,
               "encoding into a buffer that could not grow: expected E_NOMEM, found ZCACHE_OK");
        end_room(&to);
    }
}

/* ---- decoding -------------------------------------------------------------------------------- */

static bool lies_in(const void *from, size_t size, const void *begin, size_t whole)
{
    uintptr_t at = (uintptr_t)from - (uintptr_t)begin;
    return at <= whole && size <= whole - at;
}

/* Reads tokens to the end of the bytes, or to the first that is refused. */
static zcache_status walk(const zcache_codec *codec, zcache_slice bytes)
{
    const unsigned char *begin = bytes.data;
    zcache_reader reader = {begin, begin + bytes.size, begin, take_error};
    while (reader.at < reader.end) {
        const unsigned char *before = reader.at;
        zcache_token token = {.kind = ZCACHE_TOKEN_NULL};
        zcache_status status = codec->next(codec, &reader, &token);
        if (status != ZCACHE_OK)
            return status;
        expect(reader.at > before && reader.at <= reader.end,
               "a token of %zu bytes was read from the last %zu", (size_t)(reader.at - before),
               (size_t)(reader.end - before));
        expect((token.kind != ZCACHE_TOKEN_TEXT && token.kind != ZCACHE_TOKEN_BYTES) ||
                   lies_in(token.slice.data, token.slice.size, begin, bytes.size),
               "a text or bytes do not lie in what was read");
    }
    return ZCACHE_OK;
}

static void expect_in_block(const void *pointer, size_t size, const zcache_block *block)
{
    expect(pointer == NULL || lies_in(pointer, size, block->base, block->used),
           "a pointer in a decoded struct does not come from zcache_block_alloc");
}

static void expect_example(const record *out, const zcache_block *block)
{
    expect(out->id == example.id && memcmp(&out->ratio, &example.ratio, sizeof(double)) == 0 &&
               out->on == example.on && out->ntags == example.ntags &&
               out->blob_size == example.blob_size && out->name != NULL && out->tags != NULL &&
               out->blob != NULL,
           "a struct came back changed");
    expect_in_block(out->name, strlen(example.name) + 1, block);
    expect_in_block(out->blob, out->blob_size, block);
    expect_in_block(out->tags, sizeof(tags), block);
    for (size_t i = 0; i < out->ntags; i++)
        expect_in_block(out->tags[i], 1, block);
    expect(strcmp(out->name, example.name) == 0 && out->tags[0] != NULL &&
               strcmp(out->tags[0], tags[0]) == 0 && out->tags[1] != NULL &&
               out->tags[1][0] == '\0' && out->tags[2] == NULL &&
               memcmp(out->blob, example.blob, example.blob_size) == 0,
           "a struct came back changed");
}

/* Decodes the whole struct, into a larger block each time that one is too small. The bytes are
 * unmapped when its fields are looked at. */
static zcache_status decode(const zcache_codec *codec, zcache_slice bytes, bool whole)
{
    zcache_status status = ZCACHE_E_NOMEM;
    for (size_t capacity = 16; status == ZCACHE_E_NOMEM && capacity < 1 << 20; capacity *= 2) {
        record out = {0};
        zcache_block block = {.base = malloc(capacity), .capacity = capacity, .error = take_error};
        expect(block.base != NULL, "no memory for the check's own block");
        conform_guard input = conform_guard_make(bytes);
        const unsigned char *begin = input.bytes.data;
        zcache_reader reader = {begin, begin + bytes.size, begin, take_error};
        status = codec->decode(codec, record_struct(), &reader, &out, &block);
        conform_guard_free(&input);
        if (status == ZCACHE_OK && whole)
            expect_example(&out, &block);
        free(block.base);
    }
    return status;
}

static void reads_within_its_input(conform *c)
{
    const zcache_codec *codec = c->plugin->codec;
    room encoded;
    conform_watch(60, "coding");
    expect_status(ZCACHE_OK, encode(codec, LONG_MAX, &encoded), "encoding a struct");
    zcache_slice all = {encoded.buffer.data, encoded.buffer.size};
    for (size_t size = 0; size <= all.size; size++) {
        bool whole = size == all.size;
        zcache_status status;
        if (codec->decode != NULL) {
            status = decode(codec, zcache_bytes_of(all.data, size), whole);
            expect(whole || status != ZCACHE_OK, "the first %zu of %zu bytes were a struct, too",
                   size, all.size);
        } else {
            conform_guard input = conform_guard_make(zcache_bytes_of(all.data, size));
            status = walk(codec, input.bytes);
            conform_guard_free(&input);
        }
        expect(status == ZCACHE_OK || !whole, "decoding what it encoded: %s",
               zcache_status_name(status));
    }
    end_room(&encoded);
}

/* ---- in tables ------------------------------------------------------------------------------- */

typedef struct opened {
    zcache *cache;
    zcache *raw; /* the bytes of the table */
    records_t records;
} opened;

static void open_table(conform *c, opened *o)
{
    o->cache = conform_codec_cache(c);
    expect_status(ZCACHE_OK, records_open(o->cache, "records", &o->records, NULL),
                  "opening a table with serialization = %s", c->request->plugin);
    expect_status(ZCACHE_OK, zcache_table(o->cache, "records", &o->raw), "zcache_table");
}

static void refuses_bytes_behind(conform *c)
{
    /* none of them is white space, which a text may have behind it */
    static const unsigned char behind[] = {0x00, 'x', 0x7f, 0x80, 0xff};
    opened o;
    open_table(c, &o);
    zcache_value value = ZCACHE_VALUE_INIT;
    expect_status(ZCACHE_OK, records_set(&o.records, "a", &example, NULL), "encoding a struct");
    expect_status(ZCACHE_OK, zcache_get(o.raw, "a", &value, NULL), "zcache_get");
    unsigned char *bytes = malloc(value.size + 1);
    expect(bytes != NULL, "no memory for the check's own bytes");
    memcpy(bytes, value.data, value.size);
    for (size_t i = 0; i < sizeof(behind); i++) {
        record out;
        bytes[value.size] = behind[i];
        expect_status(ZCACHE_OK, zcache_set(o.raw, "a", bytes, value.size + 1, NULL), "zcache_set");
        expect_status(ZCACHE_MISS, records_get(&o.records, "a", &out, NULL),
                      "decoding a struct with the byte 0x%02x behind it", behind[i]);
    }
    free(bytes);
    zcache_value_free(&value);
    conform_end_cache(o.cache);
}

#define ROUNDS 300
#define PARTS  8

static void leaves_no_memory(conform *c)
{
    opened o;
    open_table(c, &o);
    size_t before = usage_now().allocated;
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < ROUNDS; i++) {
            record out;
            expect_status(ZCACHE_OK, records_set(&o.records, "a", &example, NULL),
                          "encoding a struct");
            expect_status(ZCACHE_OK, records_get(&o.records, "a", &out, NULL), "decoding a struct");
            record_free(&out);
            expect_status(ZCACHE_OK, zcache_set(o.raw, "bad", "?", 1, NULL), "zcache_set");
            if (records_get(&o.records, "bad", &out, NULL) == ZCACHE_OK)
                record_free(&out);
        }
        size_t after = usage_now().allocated;
        if (after < before + ROUNDS * sizeof(void *))
            break;
        expect(part < PARTS - 1, "%d structs left %zu bytes of malloc behind, as those before did",
               ROUNDS, after - before);
        before = after;
    }
    conform_end_cache(o.cache);
}

static const conform_check checks[] = {
    {"codec-output", "it writes no more than it asked for, and says where it could not",
     writes_into_its_room, FOR_CODEC},
    {"codec-input", "it reads nothing beyond the bytes, and keeps no pointer to them",
     reads_within_its_input, FOR_CODEC},
    {"codec-behind", "bytes behind a value make it none", refuses_bytes_behind, FOR_CODEC},
    {"codec-leak", "encoding and decoding leave no memory behind", leaves_no_memory, FOR_CODEC},
};

CONFORM_GROUP(codec_memory);
