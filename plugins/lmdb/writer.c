/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The writer thread: group commit. It begins a transaction, which is where it may have to wait for
 * another process; only then it takes requests, one after the other, as long as there are any and
 * the budget lasts, and commits them together. Those that come meanwhile are the next group.
 *
 * A transaction that runs out of pages is given up and done again in smaller steps, at last with
 * one item alone and, before each try, room made by transactions of their own.
 */
#include "writer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_NS       INT64_C(5000000000) /* for opening once more */
#define BUDGET_MAX    8192                /* pages */
#define TRIES_MAX     8                   /* of one item that runs out of pages */
#define FEW_PAGES     4                   /* are found in one piece wherever half of all is free */
#define DEADLINE_MASK 15                  /* a batch looks at the clock once in so many items */

typedef struct writer {
    lmdb_store *store;
    lmdb_work work;
    int64_t budget; /* of a transaction, now; halved and doubled as they fail and succeed */
    unsigned tries;
    uint64_t stuck; /* the serial of the request that they are of */
    size_t applied; /* items in this transaction */
} writer;

/* ---- applying -------------------------------------------------------------------------------- */

static void give_up_rest(lmdb_store *store, lmdb_request *request)
{
    for (; request->at < request->count; request->at++)
        request->results[request->at].status = ZCACHE_E_TIMEOUT;
    lmdb_fail(&request->failure, ZCACHE_E_TIMEOUT,
              "lmdb at %s: the deadline passed before all of the batch was written", store->path);
}

static int apply(writer *self, lmdb_request *request)
{
    int rc = 0;
    lmdb_store *store = self->store;
    size_t first = request->at;
    while (request->at < request->count && self->work.budget > 0) {
        if (((request->at - first) & DEADLINE_MASK) == 0 &&
            store->now_ns() >= request->deadline_ns) {
            give_up_rest(store, request);
            break;
        }
        self->work.budget--;
        rc = request->apply(&self->work, request, request->at);
        if (rc != 0)
            break;
        request->at++;
        self->applied++;
    }
    return rc == LMDB_AGAIN ? 0 : rc;
}

static int apply_group(writer *self)
{
    lmdb_store *store = self->store;
    lmdb_request **tail = &store->group, *request;
    int rc = 0;
    while (rc == 0 && self->work.budget > 0 && (request = lmdb_group_next(store, &tail)) != NULL) {
        rc = apply(self, request);
        pthread_mutex_lock(&store->lock);
        request->stage = LMDB_APPLIED;
        pthread_cond_signal(&request->moved); /* its caller may be late */
        pthread_mutex_unlock(&store->lock);
    }
    return rc;
}

/* ---- a transaction --------------------------------------------------------------------------- */

static MDB_val header_key(void)
{
    MDB_val key = {sizeof(LMDB_HEADER_KEY) - 1, (void *)(uintptr_t)LMDB_HEADER_KEY};
    return key;
}

static int begin(writer *self)
{
    lmdb_work *work = &self->work;
    MDB_val key = header_key(), value;
    store_header header;
    int rc = mdb_txn_begin(self->store->env, NULL, 0, &work->txn);
    if (rc != 0)
        return rc;
    rc = mdb_get(work->txn, self->store->main, &key, &value);
    if (rc == 0 && value.mv_size != sizeof(header))
        rc = MDB_CORRUPTED;
    if (rc != 0) {
        mdb_txn_abort(work->txn);
        return rc;
    }
    memcpy(&header, value.mv_data, sizeof(header));
    work->version = header.version;
    work->budget = self->budget;
    work->dirty = false;
    work->wanted_pages = 0;
    work->tally = (lmdb_tally){0, 0, 0, 0};
    self->applied = 0;
    return 0;
}

/* Notes, before anything is committed, that the machine may not crash now. */
static int note_unflushed(writer *self)
{
    char boot[LMDB_BOOT_SIZE], noted[LMDB_BOOT_SIZE];
    lmdb_store *store = self->store;
    if (self->work.settings.sync == LMDB_SYNC_COMMIT)
        return 0;
    lmdb_state_unflushed(&store->directory, noted);
    if (noted[0] == '\0' && !(lmdb_boot(boot) && lmdb_state_set_unflushed(&store->directory, boot)))
        return errno != 0 ? errno : EIO;
    atomic_store(&store->unflushed, true);
    return 0;
}

static void count(lmdb_store *store, const lmdb_tally *tally)
{
    const memory_order any = memory_order_relaxed;
    atomic_fetch_add_explicit(&store->counts.writes, tally->writes, any);
    atomic_fetch_add_explicit(&store->counts.deletes, tally->deletes, any);
    atomic_fetch_add_explicit(&store->counts.evictions, tally->evictions, any);
    atomic_fetch_add_explicit(&store->counts.expirations, tally->expirations, any);
    atomic_fetch_add_explicit(&store->counts.commits, 1, any);
}

static int commit(writer *self)
{
    lmdb_work *work = &self->work;
    store_header header = {.format = LMDB_FORMAT, .version = work->version};
    MDB_val key = header_key(), value = {sizeof(header), &header};
    if (!work->dirty) {
        mdb_txn_abort(work->txn);
        return 0;
    }
    int rc = mdb_put(work->txn, self->store->main, &key, &value, 0);
    if (rc == 0)
        rc = note_unflushed(self);
    if (rc != 0) {
        mdb_txn_abort(work->txn);
        return rc;
    }
    rc = mdb_txn_commit(work->txn);
    if (rc == 0)
        count(self->store, &work->tally);
    return rc;
}

/* ---- running out of pages -------------------------------------------------------------------- */

/* How far to evict. */
typedef struct room {
    uint64_t pages; /* fewer shall be live; 0: only wait for those that are free already */
    uint64_t least; /* but no fewer than this are */
    uint64_t aim;   /* live pages in the end; UINT64_MAX: not known yet */
    bool done;      /* there is nothing left to evict, or no need */
} room;

/* A transaction for the sake of room. The first evicts nothing. */
static int free_some(writer *self, room *wanted)
{
    int rc = begin(self);
    if (rc != 0)
        return rc;
    self->work.dirty = true;
    if (wanted->aim == UINT64_MAX) {
        uint64_t live = lmdb_live_pages(self->store, self->work.txn);
        wanted->aim = live > wanted->pages + wanted->least ? live - wanted->pages : wanted->least;
        wanted->done = wanted->pages == 0;
    } else if (!wanted->done) {
        rc = lmdb_evict_to(&self->work, wanted->aim, &wanted->done);
    }
    if (rc == 0)
        return commit(self);
    mdb_txn_abort(self->work.txn);
    return rc;
}

/* A page that is freed can be used after one more transaction: so the first makes those free that
 * earlier ones have freed, with which some entries can be evicted at a time, and the last one those
 * of the last eviction. */
static int free_pages(writer *self, room *wanted)
{
    int rc = free_some(self, wanted);
    while (rc == 0 && !wanted->done)
        rc = free_some(self, wanted);
    return rc == 0 ? free_some(self, wanted) : rc;
}

/* Each time more is evicted: a large value needs its pages in one piece. But when half of all pages
 * is free, and still not the few of a small one, then a reader that does not end keeps the old
 * ones, and eviction is no help. */
static room how_much(const writer *self)
{
    const lmdb_work *work = &self->work;
    room wanted = {.aim = UINT64_MAX};
    if (work->settings.eviction == LMDB_EVICT)
        wanted.pages = (8 + work->wanted_pages / 4) << self->tries;
    if (work->wanted_pages <= FEW_PAGES)
        wanted.least = work->limit_pages / 2;
    return wanted;
}

static void out_of_pages(writer *self, int rc)
{
    lmdb_store *store = self->store;
    lmdb_failure failure;
    int dead;
    bool alone = self->applied == 0 || self->budget == 1;
    lmdb_group_end(store, false, NULL);
    self->budget = alone ? 1 : self->budget / 4 + 1;
    if (!alone)
        return;
    mdb_reader_check(store->env, &dead);
    if (!lmdb_group_is_first(store, &self->stuck))
        self->tries = 0;
    if (self->tries++ < TRIES_MAX) {
        room wanted = how_much(self);
        self->budget = (int64_t)(self->work.reserve_pages / 8);
        (void)free_pages(self, &wanted); /* whether it was enough the next try tells */
        self->budget = 1;
        return;
    }
    self->tries = 0;
    lmdb_explain(&failure, store, "writing", rc);
    lmdb_group_refuse_first(store, self->stuck, &failure);
}

/* ---- the environment's own matters ----------------------------------------------------------- */

static void close_environment(lmdb_store *store)
{
    lmdb_slots_take_all(store);
    pthread_mutex_lock(&store->lock);
    lmdb_environment_close(store);
    atomic_store(&store->state, LMDB_CLOSED);
    pthread_mutex_unlock(&store->lock);
    lmdb_slots_give_all(store);
}

static int map_anew(writer *self)
{
    lmdb_slots_take_all(self->store);
    int rc = lmdb_environment_map(self->store, self->work.settings.size);
    lmdb_slots_give_all(self->store);
    return rc;
}

/* Whether somebody has removed the files: what is written to them would be lost. */
static bool is_removed(lmdb_store *store)
{
    struct stat data;
    mdb_filehandle_t fd;
    return mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &data) == 0 && data.st_nlink == 0;
}

/* Opens what is not open, and follows the settings. */
static zcache_status get_ready(writer *self, lmdb_failure *failure)
{
    lmdb_store *store = self->store;
    if (atomic_load(&store->state) == LMDB_READY && is_removed(store)) {
        lmdb_log(store, ZCACHE_LOG_WARNING, "the files were removed: the store starts empty");
        close_environment(store);
    }
    zcache_status status = lmdb_ready(store, store->now_ns() + OPEN_NS, failure);
    if (status != ZCACHE_OK)
        return status;
    pthread_mutex_lock(&store->lock);
    self->work.settings = store->settings;
    pthread_mutex_unlock(&store->lock);
    mdb_env_set_flags(store->env, MDB_NOSYNC, self->work.settings.sync != LMDB_SYNC_COMMIT);
    int rc = 0;
    if (self->work.settings.size > store->mapped + store->page_size)
        rc = map_anew(self);
    lmdb_limits(&self->work);
    int64_t most = (int64_t)(self->work.reserve_pages / 8);
    most = most < BUDGET_MAX ? most : BUDGET_MAX;
    if (self->budget == 0 || self->budget > most)
        self->budget = most;
    return rc == 0 ? ZCACHE_OK : lmdb_explain(failure, store, "growing to its size", rc);
}

/* The first request, if it is about the environment: carries it out. */
static bool mend(writer *self)
{
    lmdb_store *store = self->store;
    pthread_mutex_lock(&store->lock);
    lmdb_request *request = store->first;
    bool wanted = request != NULL && request->apply == NULL;
    if (wanted) {
        store->first = request->next;
        if (store->first == NULL)
            store->last = NULL;
        request->stage = LMDB_APPLYING;
    }
    pthread_mutex_unlock(&store->lock);
    if (!wanted)
        return false;
    int rc = map_anew(self);
    MDB_txn *txn = NULL;
    if (rc == 0 && (rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn)) == 0)
        mdb_txn_abort(txn);
    if (rc == MDB_PANIC || rc == MDB_INVALID)
        close_environment(store);
    pthread_mutex_lock(&store->lock);
    lmdb_group_finish(request);
    pthread_mutex_unlock(&store->lock);
    return true;
}

zcache_status lmdb_writer_mend(lmdb_store *store, int64_t deadline_ns, lmdb_failure *failure)
{
    lmdb_request *request = lmdb_request_new(store, NULL, NULL, 0, failure);
    if (request == NULL)
        return ZCACHE_E_NOMEM;
    request->owned = true;
    zcache_status status = lmdb_submit(request, deadline_ns, failure);
    if (status == ZCACHE_OK)
        lmdb_request_free(request);
    return status;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What a transaction that failed leads to. */
static void after_failure(writer *self, int rc)
{
    lmdb_failure failure;
    if (rc == MDB_MAP_FULL || rc == MDB_TXN_FULL) {
        out_of_pages(self, rc);
        return;
    }
    lmdb_explain(&failure, self->store, "writing", rc);
    lmdb_group_end(self->store, false, &failure);
    MDB_txn *txn = NULL;
    rc = mdb_txn_begin(self->store->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        mdb_txn_abort(txn);
    else if (rc == MDB_PANIC)
        close_environment(self->store); /* its last meta page is in doubt: read it again */
}

static void run_group(writer *self)
{
    lmdb_store *store = self->store;
    lmdb_failure failure;
    if (get_ready(self, &failure) != ZCACHE_OK) {
        lmdb_group_fail_queue(store, &failure);
        return;
    }
    if (mend(self))
        return;
    int rc = begin(self);
    if (rc == MDB_MAP_RESIZED && (rc = map_anew(self)) == 0)
        return;
    if (rc != 0) {
        lmdb_explain(&failure, store, "writing", rc);
        lmdb_group_fail_queue(store, &failure);
        if (rc == MDB_PANIC)
            close_environment(store);
        return;
    }
    rc = apply_group(self);
    if (rc == 0)
        rc = commit(self);
    else
        mdb_txn_abort(self->work.txn);
    if (rc != 0) {
        after_failure(self, rc);
        return;
    }
    lmdb_group_end(store, true, NULL);
    self->tries = 0;
    self->budget *= 2; /* get_ready keeps it below the most */
}

void *lmdb_writer_run(void *user)
{
    writer self = {.store = user, .work = {.store = user}};
    lmdb_store *store = user;
    pthread_mutex_lock(&store->lock);
    while (!(store->stop && !store->keeper_runs && store->first == NULL)) {
        if (store->first == NULL) {
            pthread_cond_wait(&store->work, &store->lock);
            continue;
        }
        pthread_mutex_unlock(&store->lock);
        run_group(&self);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}
