/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Writes commands: one growing buffer, with marks where large values are spliced in when it is
 * sent.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

/* From here on a system call's piece costs less than copying. */
#define LARGE_BYTES 16384

void redis_commands_init(redis_commands *commands, const zcache_host *host)
{
    commands->host = host;
    commands->data = commands->in_place;
    commands->capacity = sizeof(commands->in_place);
    commands->large = NULL;
    commands->large_capacity = 0;
    redis_commands_clear(commands);
}

void redis_commands_clear(redis_commands *commands)
{
    commands->count = 0;
    commands->total = 0;
    commands->size = 0;
    commands->large_count = 0;
    commands->failed = false;
}

void redis_commands_free(redis_commands *commands)
{
    if (commands->data != commands->in_place)
        commands->host->free(commands->data);
    commands->host->free(commands->large);
}

static bool reserve(redis_commands *commands, size_t more)
{
    size_t needed = commands->size + more;
    if (needed <= commands->capacity)
        return true;
    size_t capacity = commands->capacity;
    while (capacity < needed)
        capacity *= 2;
    bool first = commands->data == commands->in_place;
    char *data = commands->host->realloc(first ? NULL : commands->data, capacity);
    if (data == NULL) {
        commands->failed = true;
        return false;
    }
    if (first)
        memcpy(data, commands->in_place, commands->size);
    commands->data = data;
    commands->capacity = capacity;
    return true;
}

static void append(redis_commands *commands, const void *bytes, size_t size)
{
    if (size == 0 || commands->failed || !reserve(commands, size))
        return;
    memcpy(commands->data + commands->size, bytes, size);
    commands->size += size;
    commands->total += size;
}

/* `*3\r\n`, `$5\r\n` */
static void append_head(redis_commands *commands, char kind, size_t number)
{
    char text[32];
    char *at = text + sizeof(text);
    *--at = '\n';
    *--at = '\r';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    *--at = kind;
    append(commands, at, (size_t)(text + sizeof(text) - at));
}

static void append_large(redis_commands *commands, zcache_slice bytes)
{
    if (commands->failed)
        return;
    if (commands->large_count == commands->large_capacity) {
        size_t capacity = commands->large_capacity == 0 ? 8 : commands->large_capacity * 2;
        redis_large *large =
            commands->host->realloc(commands->large, capacity * sizeof(*commands->large));
        if (large == NULL) {
            commands->failed = true;
            return;
        }
        commands->large = large;
        commands->large_capacity = capacity;
    }
    commands->large[commands->large_count++] = (redis_large){commands->size, bytes};
    commands->total += bytes.size;
}

void redis_command(redis_commands *commands, size_t arguments)
{
    append_head(commands, '*', arguments);
    commands->count++;
}

void redis_argument(redis_commands *commands, zcache_slice bytes)
{
    append_head(commands, '$', bytes.size);
    if (bytes.size < LARGE_BYTES)
        append(commands, bytes.data, bytes.size);
    else
        append_large(commands, bytes);
    append(commands, "\r\n", 2);
}

void redis_argument_text(redis_commands *commands, const char *text)
{
    redis_argument(commands, zcache_str(text));
}

void redis_argument_number(redis_commands *commands, int64_t number)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld", (long long)number);
    redis_argument(commands, zcache_bytes_of(text, (size_t)size));
}

size_t redis_commands_rest(const redis_commands *commands, size_t sent, struct iovec *pieces,
                           size_t max)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i <= commands->large_count && count < max; i++) {
        bool last = i == commands->large_count;
        size_t end = last ? commands->size : commands->large[i].at;
        zcache_slice both[2] = {{commands->data + at, end - at}, {NULL, 0}};
        if (!last)
            both[1] = commands->large[i].bytes;
        at = end;
        for (size_t j = 0; j < 2 && count < max; j++) {
            if (both[j].size <= sent) {
                sent -= both[j].size;
                continue;
            }
            /* sendmsg only reads what an iovec, which has no const, points to */
            union {
                const void *from;
                void *to;
            } bytes = {(const char *)both[j].data + sent};
            pieces[count].iov_base = bytes.to;
            pieces[count++].iov_len = both[j].size - sent;
            sent = 0;
        }
    }
    return count;
}
