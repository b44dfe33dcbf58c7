/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * ping and stats: one round trip to every server at once.
 */
#include <stdio.h>

#include "exchange.h"
#include "operations.h"

typedef struct status_context {
    const char *command;
    /* Sums over the servers. */
    uint64_t items, bytes, limit, connections, hits, misses, evictions;
    char version[64]; /* "mixed" if they differ */
} status_context;

static zcache_status fill_status(mc_job *job)
{
    const status_context *context = job->context;
    mc_put_text(job->connection, context->command);
    job->awaited = 1;
    job->filled = true;
    return ZCACHE_OK;
}

static int64_t take_version(mc_job *job, const char *data, size_t size)
{
    mc_line line;
    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    if (!mc_line_begins(&line, "VERSION "))
        return mc_connection_refusal(job->connection, &line);
    job->awaited = 0;
    return (int64_t)line.whole;
}

static void add_stat(status_context *context, const mc_line *name, const mc_line *value)
{
    const struct {
        const char *name;
        uint64_t *sum;
    } sums[] = {
        {"curr_items", &context->items},     {"bytes", &context->bytes},
        {"limit_maxbytes", &context->limit}, {"curr_connections", &context->connections},
        {"get_hits", &context->hits},        {"get_misses", &context->misses},
        {"evictions", &context->evictions},
    };
    uint64_t number;

    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        if (mc_line_is(name, sums[i].name) && mc_parse_unsigned(value->text, value->size, &number))
            *sums[i].sum += number;
    if (!mc_line_is(name, "version") || value->size >= sizeof(context->version))
        return;
    if (context->version[0] == '\0')
        snprintf(context->version, sizeof(context->version), "%.*s", (int)value->size, value->text);
    else if (!mc_line_is(value, context->version))
        snprintf(context->version, sizeof(context->version), "mixed");
}

static int64_t take_stats(mc_job *job, const char *data, size_t size)
{
    zcache_slice word;
    mc_line line;
    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found < 0)
        line = (mc_line){.text = data, .size = 80};
    mc_line rest = line;
    if (mc_line_begins(&line, "STAT ") && mc_next_word(&rest, &word) &&
        mc_next_word(&rest, &word)) {
        mc_line name = {.text = word.data, .size = word.size};
        add_stat(job->context, &name, &rest);
    } else if (mc_line_is(&line, "END")) {
        job->awaited = 0;
    } else {
        return mc_connection_refusal(job->connection, &line);
    }
    return (int64_t)line.whole;
}

/* Asks every server; the first that fails gives the status. */
static zcache_status ask_servers(mc_pool *pool, const zcache_call *call, const mc_work *work,
                                 status_context *context)
{
    mc_client *client;
    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (mc_batch_begin(client, 0)) {
        for (size_t s = 0; s < pool->server_count; s++)
            mc_batch_use(client, s);
        mc_exchange(client, call, work, context);
        for (size_t s = pool->server_count; s-- > 0;)
            if (client->jobs[s].status != ZCACHE_OK)
                status = client->jobs[s].status;
    } else {
        status = mc_nomem(pool);
    }
    mc_pool_release(client);
    return status;
}

zcache_status mc_ping(void *self, const zcache_call *call)
{
    static const mc_work work = {.fill = fill_status, .take = take_version};
    status_context context = {.command = "version\r\n"};
    return ask_servers(self, call, &work, &context);
}

static void report_number(zcache_stat_sink *sink, const char *name, uint64_t number)
{
    const zcache_stat stat = {.name = name,
                              .kind = ZCACHE_STAT_GAUGE,
                              .number = number <= INT64_MAX ? (int64_t)number : INT64_MAX};
    sink->stat(sink, &stat);
}

zcache_status mc_stats(void *self, const zcache_call *call, zcache_stat_sink *sink)
{
    static const mc_work work = {.fill = fill_status, .take = take_stats};
    mc_pool *pool = self;
    status_context context = {.command = "stats\r\n"};

    zcache_status status = ask_servers(pool, call, &work, &context);
    if (status != ZCACHE_OK)
        return status;
    uint64_t open = 0;
    pthread_mutex_lock(&pool->lock);
    for (const mc_connection *c = pool->connections; c != NULL; c = c->next)
        open += c->fd >= 0;
    pthread_mutex_unlock(&pool->lock);
    /* The servers' own numbers are of all their clients, and older than this provider: levels. */
    report_number(sink, "items", context.items);
    report_number(sink, "memory_bytes", context.bytes);
    report_number(sink, "memory_limit_bytes", context.limit);
    report_number(sink, "connections_open", open);
    report_number(sink, "servers", pool->server_count);
    report_number(sink, "server_connections", context.connections);
    report_number(sink, "server_hits", context.hits);
    report_number(sink, "server_misses", context.misses);
    report_number(sink, "server_evictions", context.evictions);
    const zcache_stat version = {
        .name = "server_version", .kind = ZCACHE_STAT_TEXT, .text = context.version};
    sink->stat(sink, &version);
    return ZCACHE_OK;
}
