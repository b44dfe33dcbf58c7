/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Opening a store, with all doubts about what is on disk settled before the first read of a page:
 * whether it is ours, whole, and not torn by a crash of the machine. What is wrong is refused and
 * left as it is; only what a crash of the machine may have torn is thrown away.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* strerror_r */
#endif
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "writer.h"

#define DATA_NAME   "data.mdb"
#define LOCK_NAME   "lock.mdb"
#define RETRY_NS    INT64_C(250000000) /* between attempts to open that fail */
#define LITTLE_ROOM 1048576            /* less is a full file system */

/* ---- messages -------------------------------------------------------------------------------- */

/* LMDB calls a write that was cut short EIO: of one at the end of the disk the first part fits. */
static int what_cut_it_short(const lmdb_store *store)
{
    struct statvfs system;
    struct rlimit limit;
    if (fstatvfs(store->directory.fd, &system) == 0 &&
        (uint64_t)system.f_bavail * system.f_frsize < LITTLE_ROOM)
        return ENOSPC;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < store->mapped)
        return EFBIG;
    return EIO;
}

zcache_status lmdb_explain(lmdb_failure *failure, const lmdb_store *store, const char *what,
                           int code)
{
    char text[128];
    if (code == EIO)
        code = what_cut_it_short(store);
    const char *reason = code > 0 ? strerror_r(code, text, sizeof(text)) : mdb_strerror(code);
    switch (code) {
    case ENOMEM:
        return lmdb_fail(failure, ZCACHE_E_NOMEM, "lmdb at %s: %s: out of memory", store->path,
                         what);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return lmdb_fail(failure, ZCACHE_E_SERVER,
                         "lmdb at %s: %s: %s: what was stored before is still there; make room on "
                         "the file system, or choose a smaller size",
                         store->path, what, reason);
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return lmdb_fail(
            failure, ZCACHE_E_SERVER,
            "lmdb at %s: %s: no free pages in one piece: choose a larger size, or look "
            "for a process that is stopped in a read",
            store->path, what);
    case MDB_READERS_FULL:
        return lmdb_fail(failure, ZCACHE_E_UNAVAILABLE,
                         "lmdb at %s: %s: all max_readers = %u places are taken: choose more and "
                         "restart every process that uses the store",
                         store->path, what, store->max_readers);
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return lmdb_fail(failure, ZCACHE_E_PROTOCOL,
                         "lmdb at %s: %s: %s: the files are damaged or no store of zcache; restore "
                         "them, or empty the directory to start anew",
                         store->path, what, reason);
    default:
        return lmdb_fail(failure, ZCACHE_E_UNAVAILABLE, "lmdb at %s: %s: %s", store->path, what,
                         reason);
    }
}

void lmdb_log(lmdb_store *store, zcache_log_level level, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&store->log_lock);
    if (store->host != NULL)
        store->host->log(store->host, level, "at %s: %s", store->path, text);
    pthread_mutex_unlock(&store->log_lock);
}

/* ---- before LMDB opens the files ------------------------------------------------------------- */

/* Whoever wrote without flushing in another boot has been cut off by the end of the machine. */
static zcache_status settle_crash(lmdb_store *store, lmdb_sync sync, lmdb_failure *failure)
{
    char now[LMDB_BOOT_SIZE], then[LMDB_BOOT_SIZE];
    lmdb_directory *directory = &store->directory;
    bool known = lmdb_boot(now);
    if (!known && sync != LMDB_SYNC_COMMIT)
        return lmdb_fail(
            failure, ZCACHE_E_CONFIG,
            "lmdb at %s: /proc/sys/kernel/random/boot_id cannot be read, without which "
            "a crash of the machine would go unnoticed: set sync = commit",
            store->path);
    lmdb_state_unflushed(directory, then);
    if (then[0] == '\0' || (known && strcmp(now, then) == 0))
        return ZCACHE_OK;
    if ((unlinkat(directory->fd, DATA_NAME, 0) != 0 && errno != ENOENT) ||
        (unlinkat(directory->fd, LOCK_NAME, 0) != 0 && errno != ENOENT) ||
        !lmdb_state_set_length(directory, 0) || !lmdb_state_set_unflushed(directory, ""))
        return lmdb_explain(failure, store, "removing what a crash of the machine left", errno);
    lmdb_log(store, ZCACHE_LOG_WARNING,
             "the machine went down before what was written was flushed (sync = second or never): "
             "the store starts empty");
    return ZCACHE_OK;
}

static zcache_status check_length(lmdb_store *store, lmdb_failure *failure)
{
    struct stat data;
    uint64_t least = lmdb_state_length(&store->directory);
    if (fstatat(store->directory.fd, DATA_NAME, &data, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ZCACHE_OK : lmdb_explain(failure, store, DATA_NAME, errno);
    if (!S_ISREG(data.st_mode))
        return lmdb_fail(failure, ZCACHE_E_CONFIG, "lmdb at %s: " DATA_NAME " is no regular file",
                         store->path);
    if ((uint64_t)data.st_size < least)
        return lmdb_fail(failure, ZCACHE_E_PROTOCOL,
                         "lmdb at %s: " DATA_NAME
                         " was cut: it has %lld bytes and had %llu; restore "
                         "it, or empty the directory to start anew",
                         store->path, (long long)data.st_size, (unsigned long long)least);
    return ZCACHE_OK;
}

/* ---- the map --------------------------------------------------------------------------------- */

/* Makes the file as long as the map: nobody else is opening, so it never gets shorter. Where the
 * system does not want that (a limit of file sizes), its length stays unknown. */
static void lengthen(lmdb_store *store)
{
    struct stat data;
    struct rlimit limit; /* beyond it SIGXFSZ ends the process */
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &data) != 0 ||
        getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < store->mapped))
        return;
    /* on disk before it is noted: after a crash the file must not seem cut */
    if ((uint64_t)data.st_size < store->mapped && ftruncate(fd, (off_t)store->mapped) == 0 &&
        fsync(fd) == 0)
        data.st_size = (off_t)store->mapped;
    if ((uint64_t)data.st_size < store->mapped ||
        lmdb_state_length(&store->directory) >= store->mapped)
        return;
    if (!lmdb_state_set_length(&store->directory, store->mapped))
        lmdb_log(store, ZCACHE_LOG_WARNING, "the length of the file could not be noted");
}

/* What the meta page says was mapped by somebody, at least. */
static uint64_t needed_map(lmdb_store *store, uint64_t size)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    size -= size % store->page_size;
    return size > used ? size : used;
}

int lmdb_environment_map(lmdb_store *store, uint64_t size)
{
    MDB_envinfo info;
    /* 0: what other processes have */
    int rc = mdb_env_set_mapsize(store->env, 0);
    if (rc == 0)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0 && info.me_mapsize < needed_map(store, size))
        rc = mdb_env_set_mapsize(store->env, (size_t)needed_map(store, size));
    if (rc == 0)
        rc = mdb_env_info(store->env, &info);
    if (rc != 0)
        return rc;
    store->mapped = info.me_mapsize;
    if (lmdb_directory_again(&store->directory)) {
        lengthen(store);
        lmdb_directory_opened(&store->directory);
    }
    return 0;
}

/* ---- the databases --------------------------------------------------------------------------- */

static int open_databases(lmdb_store *store, MDB_txn *txn, unsigned flags)
{
    int rc = mdb_dbi_open(txn, "entries", flags, &store->entries);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "order", flags, &store->order);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "expiry", flags, &store->expiry);
    return rc;
}

/* 0: it is ours; MDB_NOTFOUND: there is nothing at all; MDB_INVALID: it is somebody else's. */
static int check_header(lmdb_store *store, MDB_txn *txn)
{
    MDB_val key = {sizeof(LMDB_HEADER_KEY) - 1, (void *)(uintptr_t)LMDB_HEADER_KEY}, value;
    MDB_stat stat;
    int rc = mdb_dbi_open(txn, NULL, 0, &store->main);
    if (rc == 0)
        rc = mdb_get(txn, store->main, &key, &value);
    if (rc == 0) {
        store_header header;
        if (value.mv_size != sizeof(header))
            return MDB_INVALID;
        memcpy(&header, value.mv_data, sizeof(header));
        return header.format == LMDB_FORMAT ? 0 : MDB_VERSION_MISMATCH;
    }
    if (rc == MDB_NOTFOUND && mdb_stat(txn, store->main, &stat) == 0 && stat.ms_entries > 0)
        return MDB_INVALID;
    return rc;
}

static int create_databases(lmdb_store *store)
{
    MDB_txn *txn;
    store_header header = {.format = LMDB_FORMAT, .version = 0};
    MDB_val key = {sizeof(LMDB_HEADER_KEY) - 1, (void *)(uintptr_t)LMDB_HEADER_KEY};
    MDB_val value = {sizeof(header), &header};
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = open_databases(store, txn, MDB_CREATE);
    if (rc == 0)
        rc = mdb_put(txn, store->main, &key, &value, 0);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int find_databases(lmdb_store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    rc = check_header(store, txn);
    if (rc == 0)
        rc = open_databases(store, txn, 0);
    if (rc == 0)
        return mdb_txn_commit(txn); /* keeps the handles */
    mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? create_databases(store) : rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Whatever the umask is: processes of other users, where mode allows them, write to both files. */
static int set_modes(lmdb_store *store)
{
    struct stat found;
    static const char *const names[] = {DATA_NAME, LOCK_NAME};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (fstatat(store->directory.fd, names[i], &found, 0) != 0 ||
            (found.st_uid == geteuid() && (found.st_mode & 0777) != store->mode &&
             fchmodat(store->directory.fd, names[i], store->mode, 0) != 0))
            return errno;
    return 0;
}

static zcache_status check_pages(lmdb_store *store, lmdb_failure *failure)
{
    struct stat data;
    MDB_envinfo info;
    MDB_stat stat;
    mdb_filehandle_t fd;
    int rc = mdb_env_stat(store->env, &stat);
    store->page_size = stat.ms_psize;
    if (rc == 0)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0)
        rc = mdb_env_get_fd(store->env, &fd);
    if (rc == 0 && fstat(fd, &data) != 0)
        rc = errno;
    if (rc != 0)
        return lmdb_explain(failure, store, "opening", rc);
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * store->page_size;
    if (lmdb_state_length(&store->directory) == 0 && store->directory.is_new &&
        (uint64_t)data.st_size < used)
        return lmdb_fail(failure, ZCACHE_E_PROTOCOL,
                         "lmdb at %s: " DATA_NAME
                         " was cut: it has %lld bytes of %llu; restore it, "
                         "or empty the directory to start anew",
                         store->path, (long long)data.st_size, (unsigned long long)used);
    return ZCACHE_OK;
}

static zcache_status open_files(lmdb_store *store, const lmdb_settings *settings,
                                lmdb_failure *failure)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    if (settings->sync != LMDB_SYNC_COMMIT)
        flags |= MDB_NOSYNC;
    int rc = mdb_env_create(&store->env);
    if (rc != 0)
        return lmdb_explain(failure, store, "opening", rc);
    if (mdb_env_get_maxkeysize(store->env) < LMDB_KEY_MAX)
        return lmdb_fail(failure, ZCACHE_E_PLUGIN,
                         "lmdb: this liblmdb takes keys of %d bytes only, not of %d: use one with "
                         "the usual MDB_MAXKEYSIZE",
                         mdb_env_get_maxkeysize(store->env), LMDB_KEY_MAX);
    rc = mdb_env_set_maxdbs(store->env, 3);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(store->env, store->max_readers);
    if (rc == 0)
        rc = mdb_env_open(store->env, store->path, flags, store->mode);
    if (rc != 0)
        return lmdb_explain(failure, store, "opening", rc);
    zcache_status status = check_pages(store, failure);
    if (status != ZCACHE_OK)
        return status;
    rc = set_modes(store);
    if (rc != 0)
        return lmdb_explain(failure, store, "setting the mode of its files", rc);
    rc = mdb_env_set_mapsize(store->env, (size_t)needed_map(store, settings->size));
    if (rc == 0) {
        int dead;
        mdb_reader_check(store->env, &dead);
        rc = find_databases(store);
    }
    if (rc == MDB_MAP_RESIZED) /* another process has just made it larger */
        rc = lmdb_environment_map(store, settings->size);
    if (rc == 0 && store->directory.is_new && fsync(store->directory.fd) != 0)
        rc = errno; /* the files' names belong to what a commit promises */
    return rc == 0 ? ZCACHE_OK : lmdb_explain(failure, store, "opening", rc);
}

static zcache_status environment_open(lmdb_store *store, const lmdb_settings *settings,
                                      int64_t deadline_ns, lmdb_failure *failure)
{
    zcache_status status = lmdb_directory_open(&store->directory, store->path, store->mode,
                                               store->now_ns, deadline_ns, failure);
    if (status != ZCACHE_OK)
        return status;
    status = settle_crash(store, settings->sync, failure);
    if (status == ZCACHE_OK)
        status = check_length(store, failure);
    if (status == ZCACHE_OK)
        status = open_files(store, settings, failure);
    if (status == ZCACHE_OK) {
        MDB_envinfo info;
        mdb_env_info(store->env, &info);
        store->mapped = info.me_mapsize;
        lengthen(store);
        lmdb_directory_opened(&store->directory);
        /* of a process that was killed: the keeper flushes, so that a later crash costs nothing */
        char boot[LMDB_BOOT_SIZE];
        lmdb_state_unflushed(&store->directory, boot);
        atomic_store(&store->unflushed, boot[0] != '\0');
        return ZCACHE_OK;
    }
    if (store->directory.is_new) /* nobody's store: leave the directory as it was */
        unlinkat(store->directory.fd, "zcache.state", 0);
    lmdb_environment_close(store);
    return status;
}

void lmdb_environment_close(lmdb_store *store)
{
    for (size_t i = 0; i < LMDB_SLOTS; i++) {
        if (store->slots[i].txn != NULL)
            mdb_txn_abort(store->slots[i].txn);
        store->slots[i].txn = NULL;
    }
    if (store->env != NULL)
        mdb_env_close(store->env);
    store->env = NULL;
    lmdb_directory_close(&store->directory);
}

/* ---- readiness ------------------------------------------------------------------------------- */

/* A thread that no signal handler of the application's runs in. */
static int start_thread(pthread_t *thread, void *(*run)(void *), lmdb_store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static zcache_status start_threads(lmdb_store *store, lmdb_failure *failure)
{
    int rc = 0;
    if (!store->writer_runs) {
        rc = start_thread(&store->writer, lmdb_writer_run, store);
        store->writer_runs = rc == 0;
    }
    if (rc == 0 && !store->keeper_runs) {
        rc = start_thread(&store->keeper, lmdb_keeper_run, store);
        store->keeper_runs = rc == 0;
    }
    return rc == 0 ? ZCACHE_OK : lmdb_explain(failure, store, "starting a thread", rc);
}

/* Under the lock, which is free while the files are opened. */
static zcache_status try_open(lmdb_store *store, int64_t deadline_ns, lmdb_failure *failure)
{
    const lmdb_settings settings = store->settings;
    atomic_store(&store->state, LMDB_OPENING);
    pthread_mutex_unlock(&store->lock);
    zcache_status status = environment_open(store, &settings, deadline_ns, failure);
    pthread_mutex_lock(&store->lock);
    if (status == ZCACHE_OK && (status = start_threads(store, failure)) != ZCACHE_OK)
        lmdb_environment_close(store);
    if (status != ZCACHE_OK) {
        store->failure = *failure;
        store->retry_ns = store->now_ns() + RETRY_NS;
    }
    atomic_store(&store->state, status == ZCACHE_OK ? LMDB_READY : LMDB_CLOSED);
    pthread_cond_broadcast(&store->changed);
    return status;
}

zcache_status lmdb_ready(lmdb_store *store, int64_t deadline_ns, lmdb_failure *failure)
{
    const struct timespec deadline = {.tv_sec = deadline_ns / 1000000000,
                                      .tv_nsec = deadline_ns % 1000000000};
    zcache_status status = ZCACHE_OK;
    pthread_mutex_lock(&store->lock);
    while (status == ZCACHE_OK && atomic_load(&store->state) != LMDB_READY) {
        if (atomic_load(&store->state) == LMDB_CLOSED) {
            if (store->now_ns() < store->retry_ns) {
                *failure = store->failure;
                status = failure->status;
            } else {
                status = try_open(store, deadline_ns, failure);
            }
        } else if (pthread_cond_timedwait(&store->changed, &store->lock, &deadline) == ETIMEDOUT) {
            status = lmdb_fail(failure, ZCACHE_E_TIMEOUT,
                               "lmdb at %s: the deadline passed while the store was being opened",
                               store->path);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}
