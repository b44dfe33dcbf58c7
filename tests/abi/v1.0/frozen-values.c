/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A codec by values, compiled against the frozen headers, for one struct: its number, then its
 * text.
 */
#include <zcache/plugin.h>

typedef struct note {
    int64_t id;
    const char *text;
} note;

static zcache_status values_encode(const zcache_codec *codec, const zcache_struct *type,
                                   const void *value, zcache_buffer *buffer)
{
    (void)codec, (void)type;
    const note *from = value;
    if (from->text == NULL)
        return buffer->error(ZCACHE_E_INVALID, "a note has a text");
    if (!zcache_buffer_append(buffer, &from->id, sizeof(from->id)) ||
        !zcache_buffer_append(buffer, from->text, strlen(from->text)))
        return ZCACHE_E_NOMEM;
    return ZCACHE_OK;
}

static zcache_status values_decode(const zcache_codec *codec, const zcache_struct *type,
                                   zcache_reader *reader, void *value, zcache_block *block)
{
    (void)codec, (void)type;
    note *to = value;
    size_t size = (size_t)(reader->end - reader->at);
    if (size < sizeof(to->id))
        return reader->error(ZCACHE_E_TYPE, "%zu bytes are no note", size);
    memcpy(&to->id, reader->at, sizeof(to->id));
    size -= sizeof(to->id);
    char *text = zcache_block_alloc(block, size + 1, 1);
    if (text == NULL)
        return ZCACHE_E_NOMEM;
    memcpy(text, reader->at + sizeof(to->id), size);
    text[size] = '\0';
    to->text = text;
    reader->at = reader->end;
    return ZCACHE_OK;
}

static const zcache_codec values_codec = {
    .size = sizeof(zcache_codec),
    .encode = values_encode,
    .decode = values_decode,
};

ZCACHE_PLUGIN(frozen_values) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_CODEC,
    .name = "frozen-values",
    .version = "1.0",
    .summary = "was compiled when ABI 1.0 came out",
    .codec = &values_codec,
};
