/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The parsers of protocol.h. None allocates, none reads beyond the line it was given.
 */
#include "protocol.h"

int mc_find_line(const char *data, size_t size, mc_line *line)
{
    const char *end = size > 0 ? memchr(data, '\n', size < MC_LINE_MAX ? size : MC_LINE_MAX) : NULL;
    if (end == NULL)
        return size < MC_LINE_MAX ? 0 : -1;
    line->text = data;
    line->size = (size_t)(end - data);
    line->whole = line->size + 1;
    if (line->size > 0 && data[line->size - 1] == '\r')
        line->size--; /* a dump's lines end in a bare newline */
    return 1;
}

bool mc_line_begins(const mc_line *line, const char *text)
{
    size_t size = strlen(text);
    return line->size >= size && memcmp(line->text, text, size) == 0;
}

bool mc_line_is(const mc_line *line, const char *text)
{
    return line->size == strlen(text) && mc_line_begins(line, text);
}

bool mc_parse_unsigned(const char *text, size_t size, uint64_t *number)
{
    uint64_t sum = 0;
    if (size == 0 || size > 20)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
            return false;
    }
    *number = sum;
    return true;
}

bool mc_next_word(mc_line *rest, zcache_slice *word)
{
    if (rest->size == 0)
        return false;
    const char *end = memchr(rest->text, ' ', rest->size);
    size_t size = end != NULL ? (size_t)(end - rest->text) : rest->size;
    *word = zcache_bytes_of(rest->text, size);
    size_t skip = end != NULL ? size + 1 : size;
    rest->text += skip;
    rest->size -= skip;
    return true;
}

/* The next word as a number. */
static bool next_unsigned(mc_line *rest, uint64_t *number)
{
    zcache_slice word;
    return mc_next_word(rest, &word) && mc_parse_unsigned(word.data, word.size, number);
}

bool mc_parse_value_line(const mc_line *line, mc_value_line *value)
{
    mc_line rest = *line;
    zcache_slice word;
    uint64_t flags;

    value->cas = 0;
    if (!mc_line_begins(line, "VALUE ") || !mc_next_word(&rest, &word))
        return false;
    if (!mc_next_word(&rest, &value->key) || value->key.size == 0)
        return false;
    if (!next_unsigned(&rest, &flags) || !next_unsigned(&rest, &value->size))
        return false;
    return rest.size == 0 || (next_unsigned(&rest, &value->cas) && rest.size == 0);
}

/* One flag of a meta reply: a letter and its token. Unknown ones are ignored: they are told to be.
 */
static bool parse_meta_flag(zcache_slice word, mc_meta_reply *reply)
{
    const char *text = word.data;
    const char *token = text + 1;
    size_t size = word.size - 1;
    uint64_t number;

    switch (text[0]) {
    case 't':
        if (size == 2 && memcmp(token, "-1", 2) == 0) {
            reply->ttl_s = -1;
            return true;
        }
        if (!mc_parse_unsigned(token, size, &number) || number > INT32_MAX)
            return false;
        reply->ttl_s = (int64_t)number;
        return true;
    case 'c':
        return mc_parse_unsigned(token, size, &reply->cas);
    case 'f':
        return mc_parse_unsigned(token, size, &reply->flags);
    case 'k':
        reply->key = zcache_bytes_of(token, size);
        return true;
    default:
        return true;
    }
}

bool mc_parse_meta(const mc_line *line, mc_meta_reply *reply)
{
    mc_line rest = *line;
    zcache_slice word;

    *reply = (mc_meta_reply){.ttl_s = -2};
    if (!mc_next_word(&rest, &word) || word.size != 2)
        return false;
    memcpy(reply->code, word.data, 2);
    for (int i = 0; i < 2; i++)
        if (reply->code[i] < 'A' || reply->code[i] > 'Z')
            return false;
    if (mc_meta_is(reply, "VA") && !next_unsigned(&rest, &reply->size))
        return false;
    while (mc_next_word(&rest, &word))
        if (word.size > 0 && !parse_meta_flag(word, reply))
            return false;
    return true;
}

bool mc_meta_is(const mc_meta_reply *reply, const char code[2])
{
    return reply->code[0] == code[0] && reply->code[1] == code[1];
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes the dump's own percent-encoding. */
static bool decode_dump_key(zcache_slice encoded, mc_dump_line *dump)
{
    const char *text = encoded.data;
    size_t size = 0;
    for (size_t i = 0; i < encoded.size; i++) {
        if (size == MC_KEY_MAX)
            return false;
        if (text[i] != '%') {
            dump->key[size++] = text[i];
            continue;
        }
        if (encoded.size - i < 3)
            return false;
        int high = hex_digit(text[i + 1]);
        int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0)
            return false;
        dump->key[size++] = (char)(high * 16 + low);
        i += 2;
    }
    dump->key_size = size;
    return size > 0;
}

bool mc_parse_dump_line(const mc_line *line, mc_dump_line *dump)
{
    mc_line rest = *line;
    zcache_slice key;
    zcache_slice expiry;
    uint64_t number;

    if (!mc_line_begins(line, "key=") || !mc_next_word(&rest, &key) ||
        !mc_next_word(&rest, &expiry))
        return false;
    const char *text = expiry.data;
    if (expiry.size < 5 || memcmp(text, "exp=", 4) != 0)
        return false;
    if (expiry.size == 6 && memcmp(text + 4, "-1", 2) == 0)
        dump->expires_s = -1;
    else if (mc_parse_unsigned(text + 4, expiry.size - 4, &number) && number <= INT64_MAX / 1000)
        dump->expires_s = (int64_t)number;
    else
        return false;
    return decode_dump_key(zcache_bytes_of((const char *)key.data + 4, key.size - 4), dump);
}

int64_t mc_ttl_seconds(int64_t ttl_ms)
{
    return (ttl_ms + 999) / 1000 + 1;
}
