/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * get and peek. A plain get asks for many keys in one line (`get a b c`), the fastest way there is,
 * which every server knows; its replies name their keys, and misses are silent. Remaining TTLs need
 * the meta command `mg`, one request a key, answered in order.
 */
#include "exchange.h"
#include "operations.h"

/* Servers must find a line's end within so many bytes to be quick about it. */
#define LINE_KEYS_MAX 8000

typedef struct read_context {
    const zcache_slice *keys;
    zcache_sink *sink;
    const char *command; /* "get" or "gets"; the flags of mg */
    bool peek;
} read_context;

static void fail_key(void *context, size_t i, zcache_status status)
{
    const read_context *read = context;
    read->sink->fail(read->sink, i, status);
}

/* Takes the reply's end into account: a value is followed by an empty line. Returns the bytes of
 * the whole reply, 0: not all here, or an error. */
static int64_t whole_reply(const mc_job *job, const mc_line *line, uint64_t value_size,
                           const char *data, size_t size)
{
    size_t rest = size - line->whole;
    if (value_size > SIZE_MAX / 4)
        return mc_connection_error(job->connection, ZCACHE_E_PROTOCOL,
                                   "it sent a value of %llu bytes", (unsigned long long)value_size);
    if (rest < value_size + 2)
        return 0;
    if (memcmp(data + line->whole + value_size, "\r\n", 2) != 0)
        return mc_connection_error(job->connection, ZCACHE_E_PROTOCOL,
                                   "a value is not as long as it said");
    return (int64_t)(line->whole + value_size + 2);
}

/* ---- get k k k ---------------------------------------------------------------------------------
 */

static zcache_status fill_line(mc_job *job)
{
    const read_context *read = job->context;
    mc_client *client = job->client;
    size_t size = 0;

    mc_put_text(job->connection, read->command);
    while (job->unsent != MC_NO_KEY) {
        size_t i = job->unsent;
        const zcache_slice *key = &read->keys[i];
        mc_put(job->connection, " ", 1);
        mc_put(job->connection, key->data, key->size);
        size += key->size + 1;
        job->unsent = client->next[i];
        if (size >= LINE_KEYS_MAX || job->unsent == MC_NO_KEY) {
            client->marks[i] |= MC_MARK_LINE_END;
            break;
        }
    }
    mc_put(job->connection, "\r\n", 2);
    job->awaited++;
    job->filled = job->unsent == MC_NO_KEY;
    return ZCACHE_OK;
}

/* The line of the job's head has ended: keys that have no answer are misses, or failed. */
static void end_line(mc_job *job, zcache_status status)
{
    const read_context *read = job->context;
    mc_client *client = job->client;
    size_t i = job->head;
    bool last = false;

    while (i != MC_NO_KEY && !last) {
        last = (client->marks[i] & MC_MARK_LINE_END) != 0;
        if ((client->marks[i] & MC_MARK_ANSWERED) == 0 && status != ZCACHE_OK)
            read->sink->fail(read->sink, i, status);
        client->marks[i] |= MC_MARK_ANSWERED;
        i = client->next[i];
    }
    job->head = i;
    job->awaited--;
}

/* The key of the current line that this reply answers. Servers answer in the order of the request;
 * a proxy may not. */
static size_t find_key(const mc_job *job, zcache_slice name)
{
    const read_context *read = job->context;
    const mc_client *client = job->client;

    for (size_t i = job->head; i != MC_NO_KEY; i = client->next[i]) {
        const zcache_slice *key = &read->keys[i];
        if ((client->marks[i] & MC_MARK_ANSWERED) == 0 && key->size == name.size &&
            memcmp(key->data, name.data, name.size) == 0)
            return i;
        if ((client->marks[i] & MC_MARK_LINE_END) != 0)
            break;
    }
    return MC_NO_KEY;
}

static int64_t take_value(mc_job *job, const char *data, size_t size)
{
    const read_context *read = job->context;
    mc_value_line value;
    mc_line line;

    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    if (found > 0 && mc_line_is(&line, "END")) {
        end_line(job, ZCACHE_OK);
        return (int64_t)line.whole;
    }
    if (found > 0 && mc_line_begins(&line, "SERVER_ERROR")) {
        end_line(job, mc_connection_refusal(job->connection, &line));
        return (int64_t)line.whole;
    }
    if (found < 0 || !mc_parse_value_line(&line, &value)) {
        line.text = data;
        line.size = found < 0 ? 80 : line.size;
        return mc_connection_refusal(job->connection, &line);
    }
    int64_t whole = whole_reply(job, &line, value.size, data, size);
    if (whole <= 0)
        return whole;
    size_t i = find_key(job, value.key);
    if (i == MC_NO_KEY)
        return mc_connection_error(job->connection, ZCACHE_E_PROTOCOL,
                                   "it sent a key that was not asked for");
    zcache_meta meta = {.ttl_ms = ZCACHE_TTL_UNKNOWN, .cas = value.cas};
    unsigned char *marks = job->client->marks;
    marks[i] |= MC_MARK_ANSWERED;
    while ((marks[job->head] & (MC_MARK_ANSWERED | MC_MARK_LINE_END)) == MC_MARK_ANSWERED)
        job->head = job->client->next[job->head];
    read->sink->hit(read->sink, i, zcache_bytes_of(data + line.whole, (size_t)value.size), &meta);
    return whole;
}

/* ---- mg k flags --------------------------------------------------------------------------------
 */

static zcache_status fill_meta(mc_job *job)
{
    const read_context *read = job->context;
    const zcache_slice *key = &read->keys[job->unsent];

    if (!job->connection->meta)
        return mc_connection_error(job->connection, ZCACHE_E_NOTSUP,
                                   "it does not tell remaining TTLs, since it lacks the meta "
                                   "commands: use memcached 1.6.10 or later");
    mc_put(job->connection, "mg ", 3);
    mc_put(job->connection, key->data, key->size);
    mc_put_text(job->connection, read->command);
    job->awaited++;
    job->unsent = job->client->next[job->unsent];
    job->filled = job->unsent == MC_NO_KEY;
    return ZCACHE_OK;
}

static int64_t take_meta(mc_job *job, const char *data, size_t size)
{
    const read_context *read = job->context;
    zcache_slice value = {.data = NULL, .size = 0};
    mc_meta_reply reply;
    mc_line line;

    int found = mc_find_line(data, size, &line);
    if (found == 0)
        return 0;
    int64_t whole = (int64_t)line.whole;
    if (found > 0 && mc_line_begins(&line, "SERVER_ERROR")) {
        zcache_status status = mc_connection_refusal(job->connection, &line);
        read->sink->fail(read->sink, mc_answer_head(job), status);
        job->awaited--;
        return whole;
    }
    const char *hit = read->peek ? "HD" : "VA";
    if (found < 0 || !mc_parse_meta(&line, &reply) ||
        !(mc_meta_is(&reply, "EN") || mc_meta_is(&reply, hit))) {
        line.text = data;
        line.size = found < 0 ? 80 : line.size;
        return mc_connection_refusal(job->connection, &line);
    }
    if (mc_meta_is(&reply, "EN")) {
        mc_answer_head(job);
        job->awaited--;
        return whole;
    }
    const zcache_slice *key = &read->keys[job->head];
    if (reply.key.size != key->size || memcmp(reply.key.data, key->data, key->size) != 0 ||
        reply.ttl_s < -1)
        return mc_connection_error(job->connection, ZCACHE_E_PROTOCOL,
                                   "it sent a key that was not asked for");
    if (!read->peek) {
        whole = whole_reply(job, &line, reply.size, data, size);
        if (whole <= 0)
            return whole;
        value = zcache_bytes_of(data + line.whole, (size_t)reply.size);
    }
    job->awaited--;
    zcache_meta meta = {.cas = reply.cas};
    meta.ttl_ms = reply.ttl_s < 0    ? ZCACHE_TTL_NEVER
                  : reply.ttl_s == 0 ? 1 /* it expires within this second */
                                     : reply.ttl_s * 1000;
    read->sink->hit(read->sink, mc_answer_head(job), value, &meta);
    return whole;
}

/* ---- the operations ----------------------------------------------------------------------------
 */

static zcache_status read_batch(mc_pool *pool, const zcache_call *call, size_t n,
                                const mc_work *work, read_context *read)
{
    mc_client *client;
    zcache_status status = mc_pool_acquire(pool, call, &client);
    if (status != ZCACHE_OK)
        return status;
    if (mc_batch_begin(client, n)) {
        for (size_t i = 0; i < n; i++)
            if (!mc_batch_add(client, i, read->keys[i]))
                fail_key(read, i, pool->host->error(pool->host, ZCACHE_E_KEY, "not a text key"));
        mc_exchange(client, call, work, read);
        mc_each_failed(client, fail_key, read);
    } else {
        status = mc_nomem(pool);
    }
    mc_pool_release(client);
    return status;
}

zcache_status mc_get(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                     zcache_sink *sink)
{
    static const mc_work lines = {.fill = fill_line, .take = take_value};
    static const mc_work metas = {.fill = fill_meta, .take = take_meta};
    read_context read = {.keys = keys, .sink = sink, .command = "get"};

    if ((call->flags & ZCACHE_CALL_TTL) != 0) {
        read.command = " k t c v\r\n";
        return read_batch(self, call, n, &metas, &read);
    }
    if ((call->flags & ZCACHE_CALL_CAS) != 0)
        read.command = "gets";
    return read_batch(self, call, n, &lines, &read);
}

zcache_status mc_peek(void *self, const zcache_call *call, size_t n, const zcache_slice keys[],
                      zcache_sink *sink)
{
    static const mc_work metas = {.fill = fill_meta, .take = take_meta};
    read_context read = {.keys = keys, .sink = sink, .command = " k t\r\n", .peek = true};
    return read_batch(self, call, n, &metas, &read);
}
