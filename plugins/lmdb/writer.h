/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Requests to the writer thread, and what the operations on entries find while it carries them out.
 *
 *     waiting ── taken by the writer: applying ── applied ── committed: done
 *        │            │                            │
 *        └─ left      └─ waits on, for a moment    └─ left   (what a caller does at its deadline)
 *
 * A request that is waiting is taken back at the deadline, and nothing has happened. One that is
 * being applied reads its caller's memory, so the caller stays until that is over. One whose commit
 * is awaited is left to the writer, and it is not known whether it will have been carried out.
 *
 * Transactions are bounded: each has a budget of pages. A request that is larger is carried out in
 * pieces, of which each is committed.
 */
#ifndef LMDB_WRITER_H
#define LMDB_WRITER_H

#include "store.h"

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct lmdb_result {
    zcache_status status;
    int64_t number;
} lmdb_result;

typedef struct lmdb_work lmdb_work;

#define LMDB_AGAIN 0x7a63 /* of lmdb_apply_fn: the budget is spent, and the item is not done */

/* Carries out item i: 0, LMDB_AGAIN, or a code of LMDB's, for which the transaction is given up. */
typedef int lmdb_apply_fn(lmdb_work *work, lmdb_request *request, size_t i);

typedef enum lmdb_stage { LMDB_WAITING, LMDB_APPLYING, LMDB_APPLIED, LMDB_DONE } lmdb_stage;

struct lmdb_request {
    lmdb_store *store;
    lmdb_apply_fn *apply;  /* NULL: see lmdb_writer_mend */
    const void *input;     /* the caller's: its items, keys, increments */
    bool owned;            /* there is no input of the caller's: it may leave at any time */
    int64_t number;        /* an argument */
    unsigned char *prefix; /* an argument, owned */
    size_t prefix_size;
    int64_t deadline_ns;
    size_t count;

    /* guarded by the store's lock */
    lmdb_request *next;
    uint64_t serial; /* not 0 */
    lmdb_stage stage;
    bool left; /* by its caller: the writer frees it */
    pthread_cond_t moved;

    /* the writer's, then the caller's */
    size_t at, committed_at; /* items that are done; and committed */
    lmdb_failure failure;    /* the last one of an item's, or of all */
    lmdb_result results[];
};

/* NULL: out of memory, with the failure filled in. */
lmdb_request *lmdb_request_new(lmdb_store *store, lmdb_apply_fn *apply, const void *input,
                               size_t count, lmdb_failure *failure);
void lmdb_request_free(lmdb_request *request);

/* Has it carried out. ZCACHE_OK: there are results, and the request is to be freed. Else it is
 * gone, and the failure holds for all items. */
zcache_status lmdb_submit(lmdb_request *request, int64_t deadline_ns, lmdb_failure *failure);

/* The thread. */
void *lmdb_writer_run(void *store);
/* Has the writer map the store anew, or close it where LMDB has given it up (MDB_PANIC). */
zcache_status lmdb_writer_mend(lmdb_store *store, int64_t deadline_ns, lmdb_failure *failure);

/* ---- group.c: the writer's side of requests -------------------------------------------------- */

/* The next request that writes, moved to the group, whose end is at *tail; NULL: there is none, or
 * the store must be mended first. */
lmdb_request *lmdb_group_next(lmdb_store *store, lmdb_request ***tail);
/* What becomes of the group. `failure` NULL: it is committed, or it is to be done again. */
void lmdb_group_end(lmdb_store *store, bool committed, const lmdb_failure *failure);
/* Fails all that wait. */
void lmdb_group_fail_queue(lmdb_store *store, const lmdb_failure *failure);
/* Whether the first that waits is the one of *serial, which becomes that of the first. */
bool lmdb_group_is_first(lmdb_store *store, uint64_t *serial);
/* Refuses the next item of the request of that serial, if it is the first that waits. */
void lmdb_group_refuse_first(lmdb_store *store, uint64_t serial, const lmdb_failure *failure);
/* Under the store's lock: gives a request back to its caller, or frees it if that has left. */
void lmdb_group_finish(lmdb_request *request);

/* ---- a transaction --------------------------------------------------------------------------- */

typedef struct lmdb_tally {
    uint64_t writes, deletes, evictions, expirations;
} lmdb_tally;

struct lmdb_work {
    lmdb_store *store;
    MDB_txn *txn;
    lmdb_settings settings;
    uint64_t version;     /* the last given */
    uint64_t limit_pages; /* of live pages; what is beyond is for those that are being replaced */
    uint64_t reserve_pages;
    int64_t budget; /* pages that may still be written */
    bool dirty;
    uint64_t wanted_pages; /* in one piece, by the largest value */
    lmdb_tally tally;
};

/* ---- record.c: one entry --------------------------------------------------------------------- */

typedef struct lmdb_found {
    bool stored;   /* there is a record */
    bool is_there; /* and it has not expired */
    record_header header;
    zcache_slice value; /* until the next write */
} lmdb_found;

int lmdb_find(MDB_txn *txn, MDB_dbi entries, zcache_slice key, lmdb_found *found);
/* Stores a value in place of what was found: a new version. */
int lmdb_store_value(lmdb_work *work, zcache_slice key, const lmdb_found *found, zcache_slice value,
                     int64_t expires_ms);
/* Gives what was found another expiry. */
int lmdb_store_expiry(lmdb_work *work, zcache_slice key, const lmdb_found *found,
                      int64_t expires_ms);
int lmdb_remove(lmdb_work *work, zcache_slice key, const lmdb_found *found);
/* When something ends that lives so long from now on. */
int64_t lmdb_expires_ms(int64_t ttl_ms);

#define LMDB_INDEX_KEY 16
void lmdb_order_key(uint64_t version, unsigned char key[8]);
uint64_t lmdb_order_number(const unsigned char key[8]);

/* ---- evict.c: room --------------------------------------------------------------------------- */

uint64_t lmdb_live_pages(lmdb_store *store, MDB_txn *txn);
uint64_t lmdb_value_pages(const lmdb_store *store, size_t value_size);
void lmdb_limits(lmdb_work *work);
/* Makes room for a value of a key, which itself is never evicted for it. *status: ZCACHE_OK, or why
 * there is none, with the failure filled in. LMDB_AGAIN: in the next transaction there will be. */
int lmdb_make_room(lmdb_work *work, zcache_slice key, size_t value_size, zcache_status *status,
                   lmdb_failure *failure);
/* Evicts until so many pages are live, as far as the budget goes. *done: they are, or nothing is
 * left to evict. */
int lmdb_evict_to(lmdb_work *work, uint64_t live_pages, bool *done);
/* Removes what has expired. LMDB_AGAIN: there is more. */
int lmdb_expire(lmdb_work *work);

#endif
