/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 */
#include "op.h"

const char *const conform_op_names[CONFORM_OPS] = {"get",  "set",  "del",   "peek", "touch",
                                                   "incr", "scan", "clear", "ping", "stats"};

bool conform_op_is_there(const conform *c, conform_op op)
{
    const zcache_layer *ops = c->ops;
    switch (op) {
    case CONFORM_PEEK:
        return ops->peek.call != NULL;
    case CONFORM_TOUCH:
        return ops->touch.call != NULL;
    case CONFORM_INCR:
        return ops->incr.call != NULL;
    case CONFORM_SCAN:
        return ops->scan.call != NULL;
    case CONFORM_CLEAR:
        return ops->clear.call != NULL;
    case CONFORM_PING:
        return ops->ping.call != NULL;
    case CONFORM_STATS:
        return ops->stats.call != NULL;
    default:
        return true;
    }
}

typedef struct one_answer {
    zcache_sink sink; /* first: the plugin gives its address back */
    zcache_status status;
} one_answer;

static void keep_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    (void)i, (void)value, (void)meta;
    ((one_answer *)sink)->status = ZCACHE_OK;
}

static void keep_failure(zcache_sink *sink, size_t i, zcache_status status)
{
    (void)i;
    ((one_answer *)sink)->status = status;
}

static bool ignore_key(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    (void)sink, (void)key, (void)meta;
    return true;
}

static void ignore_stat(zcache_stat_sink *sink, const zcache_stat *stat)
{
    (void)sink, (void)stat;
}

zcache_status conform_op_run(conform *c, conform_op op, const zcache_call *call)
{
    const zcache_layer *ops = c->ops;
    zcache_slice key = conform_key(c, "a");
    zcache_status status = ZCACHE_OK, whole = ZCACHE_OK;
    one_answer answer = {{keep_hit, keep_failure}, ZCACHE_MISS};
    zcache_scan_sink scan_sink = {ignore_key};
    zcache_stat_sink stat_sink = {ignore_stat};
    zcache_item item = conform_item(key, zcache_str("1"), LONG_MS);
    zcache_increment increment = {.key = key, .delta = 1, .ttl_ms = LONG_MS};
    conform_watch_call(conform_op_names[op]);
    switch (op) {
    case CONFORM_GET:
        whole = ops->get.call(ops->get.self, call, 1, &key, &answer.sink);
        status = answer.status;
        break;
    case CONFORM_SET:
        whole = ops->set.call(ops->set.self, call, 1, &item);
        status = item.status;
        break;
    case CONFORM_DEL:
        whole = ops->del.call(ops->del.self, call, 1, &key, &status);
        break;
    case CONFORM_PEEK:
        whole = ops->peek.call(ops->peek.self, call, 1, &key, &answer.sink);
        status = answer.status;
        break;
    case CONFORM_TOUCH:
        whole = ops->touch.call(ops->touch.self, call, 1, &key, LONG_MS, &status);
        break;
    case CONFORM_INCR:
        whole = ops->incr.call(ops->incr.self, call, 1, &increment);
        status = increment.status;
        break;
    case CONFORM_SCAN:
        whole = ops->scan.call(ops->scan.self, call, zcache_str(c->prefix), &scan_sink);
        break;
    case CONFORM_CLEAR:
        whole = ops->clear.call(ops->clear.self, call, zcache_str(c->prefix));
        break;
    case CONFORM_PING:
        whole = ops->ping.call(ops->ping.self, call);
        break;
    case CONFORM_STATS:
        whole = ops->stats.call(ops->stats.self, call, &stat_sink);
        break;
    case CONFORM_OPS:
        break;
    }
    conform_watch(0, NULL);
    return whole != ZCACHE_OK ? whole : status;
}
