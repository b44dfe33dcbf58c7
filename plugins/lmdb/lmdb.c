/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The lmdb provider: entries in a directory of this machine, which outlive the process and are
 * shared by all processes that name it. Here are its options, opening and closing, the descriptor;
 * store.h explains what lies on disk.
 */
#include <string.h>

#include "store.h"

static const char *const sync_words[] = {"commit", "second", "never", NULL};
static const char *const eviction_words[] = {"evict", "refuse", NULL};

static const zcache_option option_table[] = {
    ZCACHE_STRING_OPTION(lmdb_options, path, "path", NULL, ZCACHE_OPTION_REQUIRED,
                         "the directory of the store, absolute; made if only it is missing; on a "
                         "local file system, and writable by its owner alone unless mode says "
                         "otherwise"),
    ZCACHE_SIZE_OPTION(lmdb_options, size, "size", "1g", INT64_C(1) << 20, INT64_C(1) << 44,
                       "the most that the file takes on disk; an eighth of it is kept free for "
                       "LMDB to work with"),
    ZCACHE_ENUM_OPTION(lmdb_options, eviction, "eviction", "evict", eviction_words,
                       "what happens when it is full: evict (what has expired goes, then what was "
                       "written longest ago) or refuse (writes fail)"),
    ZCACHE_ENUM_OPTION(
        lmdb_options, sync, "sync", "second", sync_words,
        "when writes are flushed to the disk: commit (before they are acknowledged), "
        "second (once a second) or never; a process that is killed loses nothing, "
        "but after a crash of the machine the store starts empty unless all was "
        "flushed"),
    ZCACHE_DURATION_OPTION(lmdb_options, expire_interval_ms, "expire_interval", "10s", 100,
                           INT64_C(86400000),
                           "how often what has expired is removed from the file; reads miss it at "
                           "once"),
    ZCACHE_INT_OPTION(
        lmdb_options, max_readers, "max_readers", "510", 8, 65535,
        "the most reads at once in all processes together; the process that opens the "
        "store first decides"),
    ZCACHE_STRING_OPTION(lmdb_options, mode, "mode", "0600", 0,
                         "the mode of the files, octal; 0660 lets processes of other users in the "
                         "directory's group share the store"),
};

static lmdb_settings settings_of(const lmdb_options *options)
{
    return (lmdb_settings){
        .size = (uint64_t)options->size,
        .expire_interval_ms = options->expire_interval_ms,
        .sync = (lmdb_sync)options->sync,
        .eviction = (lmdb_eviction)options->eviction,
    };
}

static zcache_status fail(lmdb_instance *instance, const lmdb_failure *failure)
{
    const zcache_host *host = instance->host;
    host->free(instance);
    return host->error(host, failure->status, "%s", failure->text);
}

static zcache_status lmdb_open(const zcache_host *host, const zcache_call *call,
                               const void *options, void **self)
{
    lmdb_directory_id id;
    lmdb_failure failure;
    mode_t mode;
    lmdb_instance *instance = host->alloc(sizeof(*instance));
    if (instance == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "lmdb: out of memory opening the store");
    memset(instance, 0, sizeof(*instance));
    instance->host = host;
    instance->options = options;
    instance->settings = settings_of(options);
    if (!lmdb_mode_parse(instance->options->mode, &mode)) {
        lmdb_fail(&failure, ZCACHE_E_CONFIG,
                  "lmdb: mode is \"%s\": it must be octal, let the owner read and write, and let "
                  "nobody execute, as 0600 or 0660",
                  instance->options->mode != NULL ? instance->options->mode : "");
        return fail(instance, &failure);
    }
    if (lmdb_directory_check(instance->options->path, mode, &id, &failure) != ZCACHE_OK ||
        lmdb_registry_attach(instance, &id, mode, call->deadline_ns, &failure) != ZCACHE_OK)
        return fail(instance, &failure);
    *self = instance;
    return ZCACHE_OK;
}

static void lmdb_close(void *self)
{
    lmdb_instance *instance = self;
    const zcache_host *host = instance->host;
    lmdb_registry_detach(instance);
    host->free(instance);
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* All may change but what the files were opened with. */
static zcache_status lmdb_configure(void *self, const zcache_call *call, const void *options)
{
    (void)call;
    lmdb_instance *instance = self;
    const lmdb_options *new = options, *old = instance->options;
    if (!is_same(new->path, old->path) || !is_same(new->mode, old->mode) ||
        new->max_readers != old->max_readers)
        return ZCACHE_E_NOTSUP;
    const lmdb_settings settings = settings_of(new);
    instance->options = new; /* nobody else looks at it */
    lmdb_registry_configure(instance, &settings);
    return ZCACHE_OK;
}

static void lmdb_fork(void *self, zcache_fork_phase phase)
{
    lmdb_registry_fork(((lmdb_instance *)self)->store, phase);
}

static const zcache_ops lmdb_ops = {
    .size = sizeof(zcache_ops),
    .open = lmdb_open,
    .close = lmdb_close,
    .get = lmdb_get,
    .set = lmdb_set,
    .del = lmdb_del,
    .peek = lmdb_peek,
    .touch = lmdb_touch,
    .incr = lmdb_incr,
    .scan = lmdb_scan,
    .clear = lmdb_clear,
    .ping = lmdb_ping,
    .stats = lmdb_stats,
    .quiesce = lmdb_quiesce,
    .fork = lmdb_fork,
    .configure = lmdb_configure,
};

ZCACHE_PLUGIN(lmdb) = {
    ZCACHE_DESCRIPTOR_HEADER,
    .kind = ZCACHE_KIND_PROVIDER,
    .name = "lmdb",
    .version = ZCACHE_VERSION,
    .summary = "keeps entries in files of this machine, through LMDB",
    .threads = ZCACHE_THREADS_PARALLEL,
    .key_bytes = ZCACHE_KEY_ANY,
    .key_max = LMDB_KEY_MAX,
    .value_max = LMDB_VALUE_MAX,
    .ttl_granule_ms = 1,
    ZCACHE_DESCRIPTOR_OPTIONS(option_table, lmdb_options),
    .load = lmdb_registry_load,
    .unload = lmdb_registry_unload,
    .ops = &lmdb_ops,
};
