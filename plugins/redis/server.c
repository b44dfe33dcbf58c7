/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * ping and stats: how the server is, and how the connections to it are.
 */
#include <stdlib.h>
#include <string.h>

#include "instance.h"

/* ---- ping ------------------------------------------------------------------------------------ */

typedef struct pinging {
    redis_exchange exchange; /* first: parts are received through it */
    redis_instance *instance;
    zcache_status status;
} pinging;

static bool ping_part(redis_exchange *exchange, const redis_part *part)
{
    pinging *ping = (pinging *)exchange;
    if (part->type == REDIS_REPLY_ERROR)
        ping->status = redis_fail_reply(ping->instance, part->text);
    return part->type == REDIS_REPLY_ERROR || part->type == REDIS_REPLY_STATUS;
}

zcache_status redis_ping(void *self, const zcache_call *call)
{
    redis_instance *instance = self;
    pinging ping = {.exchange = {.part = ping_part, .repeatable = true}, .instance = instance};
    redis_commands_init(&ping.exchange.commands, instance->host);
    redis_command(&ping.exchange.commands, 1);
    redis_argument_text(&ping.exchange.commands, "PING");
    zcache_status status = redis_pool_exchange(instance, &ping.exchange, call->deadline_ns);
    redis_commands_free(&ping.exchange.commands);
    return status == ZCACHE_OK ? ping.status : status;
}

/* ---- stats ----------------------------------------------------------------------------------- */

/* Those lines of INFO that are told: name as there, as here, kind. */
static const struct {
    const char *line, *name;
    zcache_stat_kind kind;
} known_lines[] = {
    {"redis_version", "server_version", ZCACHE_STAT_TEXT},
    {"uptime_in_seconds", "server_uptime_seconds", ZCACHE_STAT_GAUGE},
    {"connected_clients", "server_clients", ZCACHE_STAT_GAUGE},
    {"used_memory", "memory_bytes", ZCACHE_STAT_GAUGE},
    {"maxmemory", "memory_limit_bytes", ZCACHE_STAT_GAUGE},
    {"evicted_keys", "server_evictions", ZCACHE_STAT_GAUGE},
    {"expired_keys", "server_expirations", ZCACHE_STAT_GAUGE},
    {"role", "server_role", ZCACHE_STAT_TEXT},
};

typedef struct asking {
    redis_exchange exchange; /* first: parts are received through it */
    zcache_stat_sink *sink;
} asking;

static void tell_number(zcache_stat_sink *sink, const char *name, zcache_stat_kind kind,
                        int64_t number)
{
    zcache_stat stat = {.name = name, .kind = kind, .number = number};
    sink->stat(sink, &stat);
}

/* One line of INFO, "name:value". */
static void tell_line(zcache_stat_sink *sink, const char *line, size_t size)
{
    for (size_t i = 0; i < sizeof(known_lines) / sizeof(known_lines[0]); i++) {
        size_t name_size = strlen(known_lines[i].line);
        char value[64];
        if (size <= name_size || line[name_size] != ':' ||
            memcmp(line, known_lines[i].line, name_size) != 0 ||
            size - name_size - 1 >= sizeof(value))
            continue;
        memcpy(value, line + name_size + 1, size - name_size - 1);
        value[size - name_size - 1] = '\0';
        zcache_stat stat = {.name = known_lines[i].name, .kind = known_lines[i].kind};
        if (stat.kind == ZCACHE_STAT_TEXT)
            stat.text = value;
        else
            stat.number = strtoll(value, NULL, 10);
        sink->stat(sink, &stat);
        return;
    }
}

/* DBSIZE, then INFO. What this user may not ask is left out. */
static bool stats_part(redis_exchange *exchange, const redis_part *part)
{
    asking *ask = (asking *)exchange;
    if (part->type == REDIS_REPLY_ERROR)
        return true;
    if (part->reply == 0) {
        tell_number(ask->sink, "items", ZCACHE_STAT_GAUGE, part->number);
        return part->type == REDIS_REPLY_INTEGER;
    }
    const char *line = part->text.data, *end = line + part->text.size;
    while (line < end) {
        size_t size = 0;
        while (line + size < end && line[size] != '\r' && line[size] != '\n')
            size++;
        tell_line(ask->sink, line, size);
        line += size + 1;
    }
    return part->type == REDIS_REPLY_STRING;
}

/* What this side knows, whether the server can be reached or not. */
static void tell_own(redis_instance *instance, zcache_stat_sink *sink)
{
    redis_pool *pool = &instance->pool;
    size_t idle = 0;
    pthread_mutex_lock(&pool->lock);
    for (redis_connection *each = pool->idle; each != NULL; each = each->next_idle)
        idle++;
    size_t open = pool->open, waiting = pool->waiting, leases = redis_native_count(instance);
    uint64_t opened = pool->opened, lost = pool->lost, failed = pool->failed_attempts;
    uint64_t reconnects = pool->reconnects;
    pthread_mutex_unlock(&pool->lock);

    zcache_stat stat = {.name = "server", .kind = ZCACHE_STAT_TEXT, .text = instance->name};
    sink->stat(sink, &stat);
    const struct {
        const char *name;
        zcache_stat_kind kind;
        uint64_t number;
    } own[] = {
        {"connections_open", ZCACHE_STAT_GAUGE, open},
        {"connections_idle", ZCACHE_STAT_GAUGE, idle},
        {"connections_waiting", ZCACHE_STAT_GAUGE, waiting},
        {"connections_max", ZCACHE_STAT_GAUGE, pool->max},
        {"leases", ZCACHE_STAT_GAUGE, leases},
        {"connections_opened", ZCACHE_STAT_COUNTER, opened},
        {"connections_lost", ZCACHE_STAT_COUNTER, lost},
        {"reconnects", ZCACHE_STAT_COUNTER, reconnects},
        {"failed_attempts", ZCACHE_STAT_COUNTER, failed},
        {"commands", ZCACHE_STAT_COUNTER, atomic_load(&instance->commands)},
        {"round_trips", ZCACHE_STAT_COUNTER, atomic_load(&instance->round_trips)},
        {"timeouts", ZCACHE_STAT_COUNTER, atomic_load(&instance->timeouts)},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        tell_number(sink, own[i].name, own[i].kind, (int64_t)own[i].number);
}

zcache_status redis_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    redis_instance *instance = self;
    asking ask = {.exchange = {.part = stats_part, .repeatable = true}, .sink = sink};
    redis_commands_init(&ask.exchange.commands, instance->host);
    redis_command(&ask.exchange.commands, 1);
    redis_argument_text(&ask.exchange.commands, "DBSIZE");
    redis_command(&ask.exchange.commands, 1);
    redis_argument_text(&ask.exchange.commands, "INFO");
    tell_own(instance, sink);
    zcache_status status = redis_pool_exchange(instance, &ask.exchange, call->deadline_ns);
    redis_commands_free(&ask.exchange.commands);
    return status;
}
