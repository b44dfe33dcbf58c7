/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The redis provider: options, opening and closing, the descriptor. Keys are stored under the names
 * they have, and values as they are, so that other clients of the server read them too.
 */
#include <stdio.h>
#include <string.h>

#include "instance.h"

static const zcache_option option_table[] = {
    ZCACHE_STRING_OPTION(
        redis_options, url, "url", "redis://127.0.0.1:6379", ZCACHE_OPTION_SECRET,
        "the server: redis://[user[:password]@]host[:port][/database], or "
        "unix:/path[?db=database]; an IPv6 address in brackets, special characters "
        "percent-encoded"),
    ZCACHE_STRING_OPTION(redis_options, user, "user", NULL, 0,
                         "the ACL user to log in as; wins over the URL's"),
    ZCACHE_STRING_OPTION(redis_options, password, "password", NULL, ZCACHE_OPTION_SECRET,
                         "the password to log in with; wins over the URL's"),
    ZCACHE_INT_OPTION(redis_options, database, "database", "-1", -1, 2147483647,
                      "the database to select; wins over the URL's; -1: the URL's, else 0"),
    ZCACHE_DURATION_OPTION(redis_options, connect_timeout_ms, "connect_timeout", "2s", 1, 3600000,
                           "how long connecting and logging in may take, within the operation's "
                           "own timeout"),
    ZCACHE_INT_OPTION(redis_options, pool_size, "pool_size", "16", 1, 4096,
                      "the most connections; further threads wait for one, within their timeout; "
                      "native leases are not counted"),
    ZCACHE_DURATION_OPTION(redis_options, backoff_min_ms, "backoff_min", "50ms", 1, 3600000,
                           "the pause after a first failed attempt to connect, in which operations "
                           "fail at once; it doubles with each further one"),
    ZCACHE_DURATION_OPTION(redis_options, backoff_max_ms, "backoff_max", "2s", 1, 3600000,
                           "the longest pause between attempts to connect"),
};

static bool is_set(const char *text)
{
    return text != NULL && *text != '\0';
}

static char *copy(const zcache_host *host, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copied = host->alloc(size);
    return copied != NULL ? memcpy(copied, text, size) : NULL;
}

/* Explicit options win over the URL's parts. */
static zcache_status resolve(redis_instance *instance)
{
    const redis_options *options = instance->options;
    const zcache_host *host = instance->host;
    const char *wrong = redis_url_parse(instance->url_text, &instance->url);
    if (wrong != NULL)
        return host->error(host, ZCACHE_E_CONFIG, "redis: url: %s", wrong);
    const redis_url *url = &instance->url;
    instance->user = is_set(options->user) ? options->user : url->user;
    instance->password = is_set(options->password) ? options->password : url->password;
    instance->database = options->database >= 0 ? options->database
                         : url->database >= 0   ? url->database
                                                : 0;
    if (instance->user != NULL && instance->password == NULL)
        return host->error(host, ZCACHE_E_CONFIG,
                           "redis: a user is set, but no password: write "
                           "redis://user:password@host, redis://:password@host if the text before "
                           "the @ is the password, or set password");
    if (options->backoff_min_ms > options->backoff_max_ms)
        return host->error(host, ZCACHE_E_CONFIG,
                           "redis: backoff_min (%lld ms) is above backoff_max (%lld ms)",
                           (long long)options->backoff_min_ms, (long long)options->backoff_max_ms);
    if (url->path != NULL)
        snprintf(instance->name, sizeof(instance->name), "%s", url->path);
    else
        snprintf(instance->name, sizeof(instance->name),
                 strchr(url->host, ':') != NULL ? "[%s]:%s" : "%s:%s", url->host, url->port);
    return ZCACHE_OK;
}

/* Locks and conditions. */
static zcache_status init(redis_instance *instance)
{
    zcache_status status = redis_pool_init(instance);
    if (status == ZCACHE_OK &&
        !redis_lookup_init(&instance->lookup, instance->url.host, instance->url.port)) {
        redis_pool_destroy(instance);
        status = redis_fail_nomem(instance);
    }
    return status;
}

static void release(redis_instance *instance)
{
    const zcache_host *host = instance->host;
    if (instance->url_text != NULL)
        explicit_bzero(instance->url_text, instance->url_size);
    host->free(instance->url_text);
    host->free(instance);
}

static zcache_status redis_open(const zcache_host *host, const zcache_call *call,
                                const void *options, void **self)
{
    (void)call; /* the server is not asked for anything yet */
    redis_instance *instance = host->alloc(sizeof(*instance));
    if (instance == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "out of memory");
    memset(instance, 0, sizeof(*instance));
    instance->host = host;
    instance->options = options;
    const char *url = instance->options->url != NULL ? instance->options->url : "";
    instance->url_size = strlen(url);
    instance->url_text = copy(host, url);
    zcache_status status = instance->url_text == NULL
                               ? host->error(host, ZCACHE_E_NOMEM, "out of memory")
                               : resolve(instance);
    if (status == ZCACHE_OK)
        status = init(instance);
    if (status != ZCACHE_OK) {
        release(instance);
        return status;
    }
    *self = instance;
    return ZCACHE_OK;
}

static void redis_close(void *self)
{
    redis_instance *instance = self;
    redis_pool_destroy(instance);
    redis_lookup_destroy(&instance->lookup);
    release(instance);
}

static void redis_fork(void *self, zcache_fork_phase phase)
{
    redis_instance *instance = self;
    if (phase == ZCACHE_FORK_PREPARE) {
        redis_pool_fork(instance, phase);
        redis_lookup_fork(&instance->lookup, phase);
    } else {
        redis_lookup_fork(&instance->lookup, phase);
        redis_pool_fork(instance, phase);
    }
}

static const zcache_ops redis_ops = {
    .size = sizeof(zcache_ops),
    .open = redis_open,
    .close = redis_close,
    .get = redis_get,
    .set = redis_set,
    .del = redis_del,
    .peek = redis_peek,
    .touch = redis_touch,
    .incr = redis_incr,
    .scan = redis_scan,
    .clear = redis_clear,
    .ping = redis_ping,
    .stats = redis_stats,
    .fork = redis_fork,
};

ZCACHE_PLUGIN(redis) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "redis",
    .version = ZCACHE_VERSION,
    .summary = "keeps entries in a Redis (or Valkey) server, through hiredis",
    .threads = ZCACHE_THREADS_PARALLEL,
    .key_bytes = ZCACHE_KEY_ANY,
    .value_max = (size_t)512 << 20, /* a server's proto-max-bulk-len */
    .ttl_granule_ms = 1,
    ZCACHE_DESCRIPTOR_OPTIONS(option_table, redis_options),
    .native = &redis_native,
    .ops = &redis_ops,
};
