/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The keeper thread. Once a second it flushes what was committed without (sync = second) and looks
 * whether the files are still there; now and then it frees the places of readers whose process was
 * killed; and at expire_interval it removes what has expired, in transactions as bounded as all.
 * Every process with the store open does so: what one has done the next finds done.
 */
#include <errno.h>
#include <sys/stat.h>

#include "writer.h"

#define TICK_NS    INT64_C(1000000000)
#define READERS_NS INT64_C(10000000000)
#define WAIT_NS    INT64_C(1000000000) /* for a write of its own */

/* ---- flushing -------------------------------------------------------------------------------- */

/* All up to transaction `number` is on disk. If it is still the last one, that is all there is. */
static int settle(lmdb_work *work, lmdb_request *request, size_t i)
{
    request->results[i].status = ZCACHE_OK;
    if (!work->dirty && (int64_t)mdb_txn_id(work->txn) == request->number + 1 &&
        !lmdb_state_set_unflushed(&work->store->directory, ""))
        return errno != 0 ? errno : EIO;
    return 0;
}

static zcache_status submit(lmdb_store *store, lmdb_apply_fn *apply, int64_t number,
                            int64_t deadline_ns, lmdb_failure *failure)
{
    lmdb_request *request = lmdb_request_new(store, apply, NULL, 1, failure);
    if (request == NULL)
        return failure->status;
    request->owned = true;
    request->number = number;
    zcache_status status = lmdb_submit(request, deadline_ns, failure);
    if (status != ZCACHE_OK)
        return status;
    *failure = request->failure;
    lmdb_request_free(request);
    return failure->status;
}

/* A slot of a store that is ready; NULL: it is not, or not in time. */
static lmdb_slot *hold(lmdb_store *store, int64_t deadline_ns)
{
    lmdb_slot *slot = lmdb_slot_take(store, deadline_ns);
    if (slot != NULL && atomic_load(&store->state) != LMDB_READY) {
        lmdb_slot_give(slot);
        slot = NULL;
    }
    return slot;
}

void lmdb_flush(lmdb_store *store, int64_t deadline_ns)
{
    MDB_envinfo info;
    lmdb_failure failure;
    lmdb_slot *slot = hold(store, deadline_ns);
    if (slot == NULL)
        return;
    atomic_store(&store->unflushed, false);
    int rc = mdb_env_info(store->env, &info);
    if (rc == 0)
        rc = mdb_env_sync(store->env, 1);
    lmdb_slot_give(slot);
    if (rc == 0) {
        atomic_fetch_add_explicit(&store->counts.flushes, 1, memory_order_relaxed);
        if (submit(store, settle, (int64_t)info.me_last_txnid, deadline_ns, &failure) == ZCACHE_OK)
            return;
    } else {
        lmdb_explain(&failure, store, "flushing", rc);
        lmdb_log(store, ZCACHE_LOG_ERROR, "%s", failure.text);
    }
    atomic_store(&store->unflushed, true); /* the next one tries again */
}

/* ---- expiry ---------------------------------------------------------------------------------- */

/* Whether the first of the index has expired: most times nothing has, and nothing is written. */
static bool has_expired(lmdb_store *store)
{
    lmdb_slot *slot;
    lmdb_failure failure;
    MDB_cursor *cursor;
    MDB_val at, key;
    bool expired = false;
    if (lmdb_read_begin(store, store->now_ns() + WAIT_NS, &slot, &failure) != ZCACHE_OK)
        return false;
    if (mdb_cursor_open(slot->txn, store->expiry, &cursor) == 0) {
        expired = mdb_cursor_get(cursor, &at, &key, MDB_FIRST) == 0 &&
                  at.mv_size == LMDB_INDEX_KEY &&
                  (int64_t)lmdb_order_number(at.mv_data) <= lmdb_wall_ms();
        mdb_cursor_close(cursor);
    }
    lmdb_read_end(slot);
    return expired;
}

static int expire(lmdb_work *work, lmdb_request *request, size_t i)
{
    request->results[i].status = ZCACHE_OK;
    return lmdb_expire(work);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void look_at_files(lmdb_store *store)
{
    struct stat data;
    mdb_filehandle_t fd;
    lmdb_failure failure;
    lmdb_slot *slot = hold(store, store->now_ns() + WAIT_NS);
    if (slot == NULL)
        return;
    bool removed =
        mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &data) == 0 && data.st_nlink == 0;
    lmdb_slot_give(slot);
    if (removed) /* the writer sees it too, whatever it is asked, and opens the store anew */
        (void)lmdb_writer_mend(store, store->now_ns() + WAIT_NS, &failure);
}

static void look_at_readers(lmdb_store *store)
{
    int dead = 0;
    lmdb_slot *slot = hold(store, store->now_ns() + WAIT_NS);
    if (slot == NULL)
        return;
    if (mdb_reader_check(store->env, &dead) == 0 && dead > 0)
        lmdb_log(store, ZCACHE_LOG_INFO, "freed the places of %d readers that were killed", dead);
    lmdb_slot_give(slot);
}

/* Waits until then, or until something has changed. True: it is time to stop. */
static bool rest(lmdb_store *store, int64_t until_ns, lmdb_settings *settings)
{
    const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                   .tv_nsec = until_ns % 1000000000};
    pthread_mutex_lock(&store->lock);
    if (!store->stop)
        pthread_cond_timedwait(&store->keep, &store->lock, &until);
    *settings = store->settings;
    bool stop = store->stop;
    pthread_mutex_unlock(&store->lock);
    return stop;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void *lmdb_keeper_run(void *user)
{
    lmdb_store *store = user;
    lmdb_settings settings;
    lmdb_failure failure;
    int64_t tick_ns = store->now_ns() + TICK_NS, readers_ns = store->now_ns() + READERS_NS;
    int64_t expired_ns = store->now_ns(), expire_ns = tick_ns;
    while (!rest(store, earlier(tick_ns, expire_ns), &settings)) {
        int64_t now_ns = store->now_ns();
        expire_ns = expired_ns + settings.expire_interval_ms * 1000000;
        if (now_ns >= expire_ns) {
            if (has_expired(store))
                (void)submit(store, expire, 0, now_ns + WAIT_NS, &failure); /* or the next time */
            expired_ns = store->now_ns();
            expire_ns = expired_ns + settings.expire_interval_ms * 1000000;
        }
        if (now_ns < tick_ns)
            continue;
        look_at_files(store);
        if (settings.sync != LMDB_SYNC_NEVER && atomic_load(&store->unflushed))
            lmdb_flush(store, now_ns + WAIT_NS + TICK_NS);
        if (now_ns >= readers_ns) {
            look_at_readers(store);
            readers_ns = now_ns + READERS_NS;
        }
        tick_ns = store->now_ns() + TICK_NS;
    }
    return NULL;
}
