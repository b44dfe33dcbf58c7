/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A codec by tokens, compiled against the frozen headers: a letter for each token, then what it
 * has, as it lies in memory.
 */
#include <zcache/plugin.h>

/* By zcache_token_kind. */
static const char letters[] = "nbiufdtxame";

static zcache_status tokens_put(const zcache_codec *codec, zcache_buffer *buffer,
                                const zcache_token *token)
{
    (void)codec;
    const void *more = NULL;
    size_t size = 0;
    switch (token->kind) {
    case ZCACHE_TOKEN_BOOL:
        more = &token->boolean, size = sizeof(token->boolean);
        break;
    case ZCACHE_TOKEN_INTEGER:
        more = &token->integer, size = sizeof(token->integer);
        break;
    case ZCACHE_TOKEN_UNSIGNED:
        more = &token->natural, size = sizeof(token->natural);
        break;
    case ZCACHE_TOKEN_FLOAT:
    case ZCACHE_TOKEN_DOUBLE:
        if (token->real != token->real)
            return buffer->error(ZCACHE_E_INVALID, "no NaN");
        more = &token->real, size = sizeof(token->real);
        break;
    case ZCACHE_TOKEN_TEXT:
    case ZCACHE_TOKEN_BYTES:
        more = &token->slice.size, size = sizeof(token->slice.size);
        break;
    case ZCACHE_TOKEN_ARRAY:
    case ZCACHE_TOKEN_MAP:
        more = &token->count, size = sizeof(token->count);
        break;
    case ZCACHE_TOKEN_NULL:
        break;
    case ZCACHE_TOKEN_END:
        return buffer->error(ZCACHE_E_INVALID, "nothing ends");
    }
    bool has_slice = token->kind == ZCACHE_TOKEN_TEXT || token->kind == ZCACHE_TOKEN_BYTES;
    unsigned char *to = zcache_buffer_room(buffer, 1);
    if (to == NULL)
        return ZCACHE_E_NOMEM;
    *to = (unsigned char)letters[token->kind];
    buffer->size++;
    if (!zcache_buffer_append(buffer, more, size) ||
        (has_slice && !zcache_buffer_append(buffer, token->slice.data, token->slice.size)))
        return ZCACHE_E_NOMEM;
    return ZCACHE_OK;
}

static bool tokens_take(zcache_reader *reader, void *to, size_t size)
{
    if ((size_t)(reader->end - reader->at) < size)
        return false;
    memcpy(to, reader->at, size);
    reader->at += size;
    return true;
}

static zcache_status tokens_next(const zcache_codec *codec, zcache_reader *reader,
                                 zcache_token *token)
{
    (void)codec;
    char letter;
    const char *found = NULL;
    if (tokens_take(reader, &letter, 1) && letter != '\0')
        found = strchr(letters, letter);
    if (found == NULL)
        return reader->error(ZCACHE_E_TYPE, "byte %zu: no token",
                             (size_t)(reader->at - reader->begin));
    token->kind = (zcache_token_kind)(found - letters);
    bool whole = true;
    switch (token->kind) {
    case ZCACHE_TOKEN_BOOL:
        whole = tokens_take(reader, &token->boolean, sizeof(token->boolean));
        break;
    case ZCACHE_TOKEN_INTEGER:
        whole = tokens_take(reader, &token->integer, sizeof(token->integer));
        break;
    case ZCACHE_TOKEN_UNSIGNED:
        whole = tokens_take(reader, &token->natural, sizeof(token->natural));
        break;
    case ZCACHE_TOKEN_FLOAT:
    case ZCACHE_TOKEN_DOUBLE:
        whole = tokens_take(reader, &token->real, sizeof(token->real));
        break;
    case ZCACHE_TOKEN_TEXT:
    case ZCACHE_TOKEN_BYTES:
        whole = tokens_take(reader, &token->slice.size, sizeof(token->slice.size)) &&
                (size_t)(reader->end - reader->at) >= token->slice.size;
        token->slice.data = reader->at;
        reader->at += whole ? token->slice.size : 0;
        break;
    case ZCACHE_TOKEN_ARRAY:
    case ZCACHE_TOKEN_MAP:
        whole = tokens_take(reader, &token->count, sizeof(token->count));
        break;
    case ZCACHE_TOKEN_NULL:
    case ZCACHE_TOKEN_END:
        break;
    }
    return whole ? ZCACHE_OK : reader->error(ZCACHE_E_TYPE, "the value is cut off");
}

static const zcache_codec tokens_codec = {
    .size = sizeof(zcache_codec),
    .put = tokens_put,
    .next = tokens_next,
};

ZCACHE_PLUGIN(frozen_tokens) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_CODEC,
    .name = "frozen-tokens",
    .version = "1.0",
    .summary = "was compiled when ABI 1.0 came out",
    .codec = &tokens_codec,
};
