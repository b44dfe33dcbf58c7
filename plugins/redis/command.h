/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Commands in the form in which they are sent (RESP: arrays of bulk strings), appended one after
 * the other. Small ones need no allocation; large values are not copied but sent from where they
 * are. Running out of memory is remembered, so that it is checked once, when all is written.
 */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <zcache/plugin.h>

#define REDIS_COMMANDS_INLINE 1024

/* A large argument that goes between byte `at` of the data and the one after. */
typedef struct redis_large {
    size_t at;
    zcache_slice bytes; /* borrowed until the commands are freed */
} redis_large;

typedef struct redis_commands {
    const zcache_host *host;
    size_t count; /* of commands */
    size_t total; /* of bytes, the large ones too */
    char *data;
    size_t size, capacity;
    redis_large *large;
    size_t large_count, large_capacity;
    bool failed; /* memory was short: not to be sent */
    char in_place[REDIS_COMMANDS_INLINE];
} redis_commands;

void redis_commands_init(redis_commands *commands, const zcache_host *host);
/* Empties it and keeps its memory. */
void redis_commands_clear(redis_commands *commands);
void redis_commands_free(redis_commands *commands);

/* Begins a command of so many arguments, its name included: as many must follow. */
void redis_command(redis_commands *commands, size_t arguments);
void redis_argument(redis_commands *commands, zcache_slice bytes);
void redis_argument_text(redis_commands *commands, const char *text);
void redis_argument_number(redis_commands *commands, int64_t number);

/* Describes what is left after the first `sent` bytes, in at most `max` pieces. Returns how many.
 */
size_t redis_commands_rest(const redis_commands *commands, size_t sent, struct iovec *pieces,
                           size_t max);

#endif
