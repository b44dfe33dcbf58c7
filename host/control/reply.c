/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * JSON (RFC 8259), written as it is told. What is not UTF-8 in a text (a path may be anything)
 * becomes U+FFFD, the replacement character.
 */
#include "control/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"

#define FIRST_CAPACITY 1024

static void append(zc_reply *reply, const char *bytes, size_t size)
{
    if (reply->failed)
        return;
    if (reply->capacity - reply->size < size) {
        size_t capacity = reply->capacity > 0 ? reply->capacity : FIRST_CAPACITY;
        while (capacity - reply->size < size)
            capacity *= 2;
        char *text = zc_realloc(reply->text, capacity);
        if (text == NULL) {
            reply->failed = true;
            return;
        }
        reply->text = text;
        reply->capacity = capacity;
    }
    memcpy(reply->text + reply->size, bytes, size);
    reply->size += size;
}

/* The length of the well-formed UTF-8 character at `text` (Unicode 15, table 3-7); 0: none. */
static size_t character(const unsigned char *text)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < lowest || text[1] > highest)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80) /* the terminator, too, ends it here */
            return 0;
    return length;
}

static void append_string(zc_reply *reply, const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    append(reply, "\"", 1);
    while (*at != '\0') {
        size_t length = character(at);
        char escaped[8];
        if (length == 0)
            append(reply, "\xef\xbf\xbd", 3);
        else if (*at == '"' || *at == '\\')
            append(reply, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\%c", *at));
        else if (*at < 0x20 || *at == 0x7f)
            append(reply, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", *at));
        else
            append(reply, (const char *)at, length);
        at += length > 0 ? length : 1;
    }
    append(reply, "\"", 1);
}

static void append_name(zc_reply *reply, const char *name)
{
    if (reply->comma)
        append(reply, ",", 1);
    reply->comma = true;
    append_string(reply, name);
    append(reply, ":", 1);
}

void zc_reply_begin(zc_reply *reply, const char *type)
{
    append(reply, "{", 1);
    reply->comma = false;
    zc_reply_text(reply, "type", type);
}

void zc_reply_text(zc_reply *reply, const char *name, const char *text)
{
    append_name(reply, name);
    if (text != NULL)
        append_string(reply, text);
    else
        append(reply, "null", 4);
}

void zc_reply_number(zc_reply *reply, const char *name, int64_t number)
{
    char digits[24];
    append_name(reply, name);
    append(reply, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)number));
}

void zc_reply_bool(zc_reply *reply, const char *name, bool truth)
{
    append_name(reply, name);
    append(reply, truth ? "true" : "false", truth ? 4 : 5);
}

void zc_reply_line(zc_reply *reply)
{
    append(reply, "}\n", 2);
}

void zc_reply_end(zc_reply *reply, zcache_status status, const char *message)
{
    const char *name = zcache_status_name(status);
    const char prefix[] = "ZCACHE_";
    bool known = strncmp(name, prefix, sizeof(prefix) - 1) == 0;
    zc_reply_begin(reply, "end");
    zc_reply_text(reply, "status", known ? name + sizeof(prefix) - 1 : name);
    zc_reply_number(reply, "code", status);
    if (status < ZCACHE_OK)
        zc_reply_text(reply, "message", message);
    zc_reply_line(reply);
}

void zc_reply_free(zc_reply *reply)
{
    zc_free(reply->text);
    *reply = (zc_reply){0};
}
