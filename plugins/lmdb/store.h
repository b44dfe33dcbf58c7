/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What lies on disk. A store is a directory of an LMDB environment (data.mdb, lock.mdb) and one
 * file of ours (zcache.state, see directory.h). In the environment:
 *
 *     database   key                            value
 *     (unnamed)  "zcache"                       store_header: what this is, the last version given
 *     entries    the key of the entry           record_header, then the value
 *     order      version                        the key of the entry
 *     expiry     expires_ms, version            the key of the entry, if it expires
 *
 * Every write of a value gives it the next version, a number that no other value of the store has
 * had: it is the token of compare-and-set, and `order` has the entries as they were written, oldest
 * first. `expiry` has them as they expire. Numbers in keys are big endian, so that they sort; those
 * in values are the machine's, as LMDB's own are. Entries expire by the wall clock, in milliseconds
 * of CLOCK_REALTIME, for they outlive processes and boots: a clock that is set forward ends them
 * early by as much, one that is set back late.
 *
 * How writes end by their deadline: LMDB has one writer at a time over all processes, and waiting
 * for it cannot be limited. So callers put requests in a queue and wait on a condition, and only
 * the writer thread (writer.c) is ever held up. It carries out all that has gathered in one
 * transaction: one flush for many writes. Reads run in the caller's thread (readers.c).
 *
 * One environment may be open only once in a process: all instances of the plugin that name one
 * directory share an lmdb_store (registry.c).
 */
#ifndef LMDB_STORE_H
#define LMDB_STORE_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <zcache/plugin.h>

#include "directory.h"

/* LMDB's compiled-in limit of keys (MDB_MAXKEYSIZE), unless somebody has compiled it otherwise. */
#define LMDB_KEY_MAX   511
#define LMDB_VALUE_MAX ((size_t)512 << 20)

#define LMDB_NEVER INT64_MAX /* expires_ms of an entry without a TTL */

/* ---- what is stored -------------------------------------------------------------------------- */

#define LMDB_HEADER_KEY "zcache"
#define LMDB_FORMAT     UINT64_C(0x31626d646c637a01) /* another layout gets another number */

typedef struct store_header {
    uint64_t format;
    uint64_t version; /* the last one given */
} store_header;

typedef struct record_header {
    uint64_t version;
    int64_t expires_ms;
} record_header;

/* ---- options --------------------------------------------------------------------------------- */

typedef enum lmdb_sync { LMDB_SYNC_COMMIT, LMDB_SYNC_SECOND, LMDB_SYNC_NEVER } lmdb_sync;
typedef enum lmdb_eviction { LMDB_EVICT, LMDB_REFUSE } lmdb_eviction;

/* The INI section, filled in by the host. */
typedef struct lmdb_options {
    const char *path;
    const char *mode;
    int64_t size;
    int64_t expire_interval_ms;
    int64_t max_readers;
    int sync;
    int eviction;
} lmdb_options;

/* Those that may differ between two instances on one store: the newest instance's hold. */
typedef struct lmdb_settings {
    uint64_t size;
    int64_t expire_interval_ms;
    lmdb_sync sync;
    lmdb_eviction eviction;
} lmdb_settings;

/* ---- the store ------------------------------------------------------------------------------- */

#define LMDB_SLOTS 64 /* reads at once in a process; more wait, each for some microseconds */

/* A place for one reader, with its transaction kept for the next. Whoever holds any slot keeps the
 * environment open and where it is mapped. */
typedef struct lmdb_slot {
    MDB_txn *txn;     /* reset; NULL: none yet */
    _Atomic int busy; /* acquire: of what the last holder did; release: of ours */
    char apart[64 - sizeof(MDB_txn *) - sizeof(int)]; /* no two in one cache line */
} lmdb_slot;

typedef enum lmdb_state {
    LMDB_CLOSED,  /* the next operation opens it */
    LMDB_OPENING, /* somebody does */
    LMDB_READY
} lmdb_state;

typedef struct lmdb_request lmdb_request;
typedef struct lmdb_instance lmdb_instance;

typedef struct lmdb_counts {
    _Atomic uint64_t writes, deletes, evictions, expirations, commits, flushes;
} lmdb_counts; /* relaxed: they order nothing */

typedef struct lmdb_store {
    /* constant */
    void *(*alloc)(size_t size);
    void (*free)(void *memory);
    int64_t (*now_ns)(void);
    char *path;
    dev_t device;
    ino_t inode;
    mode_t mode;
    unsigned max_readers;

    /* guarded by the registry's lock */
    struct lmdb_store *next;
    size_t users;
    bool closing;
    unsigned forking; /* instances that have prepared a fork */
    bool forked;      /* in a child: by one that is alive here */

    /* Guards what follows. Order: registry's, this one, log_lock. */
    pthread_mutex_t lock;
    pthread_condattr_t monotonic; /* for every condition: waits end by CLOCK_MONOTONIC */
    pthread_cond_t work;          /* for the writer: queue, stop */
    pthread_cond_t keep;          /* for the keeper: stop, settings */
    pthread_cond_t changed;       /* state */
    lmdb_settings settings;
    lmdb_instance *instances; /* the newest first */
    lmdb_request *first, *last;
    uint64_t serial;     /* of the last request */
    lmdb_request *group; /* those of the transaction that the writer is at */
    bool stop;           /* keeper first, then writer */
    bool keeper_runs, writer_runs;
    pthread_t keeper, writer;
    int64_t retry_ns;     /* CLOSED: no attempt to open before */
    lmdb_failure failure; /* CLOSED: why the last attempt failed */

    /* Guards `host`, the one to log to: the newest instance's. Held while it logs. */
    pthread_mutex_t log_lock;
    const zcache_host *host;

    _Atomic int state;      /* lmdb_state; written under `lock`, and from READY with all slots */
    _Atomic bool unflushed; /* the writer has committed without a flush since the last */
    lmdb_slot slots[LMDB_SLOTS];

    /* Constant while a slot is held; changed by the writer with all slots, or by who opens. */
    lmdb_directory directory;
    MDB_env *env;
    MDB_dbi main, entries, order, expiry;
    size_t page_size;
    uint64_t mapped; /* bytes */

    lmdb_counts counts;
} lmdb_store;

struct lmdb_instance {
    const zcache_host *host;
    const lmdb_options *options;
    lmdb_store *store;
    lmdb_settings settings;
    lmdb_instance *next;
};

/* ---- registry.c: the stores of this process -------------------------------------------------- */

/* Finds or makes the store of the instance's directory, which must exist, and opens it. */
zcache_status lmdb_registry_attach(lmdb_instance *instance, const lmdb_directory_id *id,
                                   mode_t mode, int64_t deadline_ns, lmdb_failure *failure);
/* Gives an instance other settings. */
void lmdb_registry_configure(lmdb_instance *instance, const lmdb_settings *settings);
/* Closes it with its last instance. */
void lmdb_registry_detach(lmdb_instance *instance);
/* A fork: to be called for every instance, in each phase. */
void lmdb_registry_fork(lmdb_store *store, zcache_fork_phase phase);
zcache_status lmdb_registry_load(const zcache_host *host);
void lmdb_registry_unload(void);

/* ---- environment.c: opening and closing ------------------------------------------------------ */

/* Makes the store ready, if it is not: after a fork, or after LMDB gave it up. */
zcache_status lmdb_ready(lmdb_store *store, int64_t deadline_ns, lmdb_failure *failure);
/* Closes the environment. Nobody else uses it any more. */
void lmdb_environment_close(lmdb_store *store);
/* By the writer, which holds every slot: maps as much as settings and other processes need. */
int lmdb_environment_map(lmdb_store *store, uint64_t size);
/* Leaves a message about LMDB's or errno's `code` and returns the status that it means. */
zcache_status lmdb_explain(lmdb_failure *failure, const lmdb_store *store, const char *what,
                           int code);
/* Writes a line to the application's log. */
void lmdb_log(lmdb_store *store, zcache_log_level level, const char *format, ...)
    ZCACHE_PRINTF(3, 4);

/* ---- readers.c ------------------------------------------------------------------------------- */

/* Begins a read in the caller's thread: slot->txn is live until lmdb_read_end, which is soon. */
zcache_status lmdb_read_begin(lmdb_store *store, int64_t deadline_ns, lmdb_slot **slot,
                              lmdb_failure *failure);
void lmdb_read_end(lmdb_slot *slot);
/* A slot without a transaction; NULL: the deadline passed. */
lmdb_slot *lmdb_slot_take(lmdb_store *store, int64_t deadline_ns);
void lmdb_slot_give(lmdb_slot *slot);
/* Waits until all readers have ended, and keeps new ones out. */
void lmdb_slots_take_all(lmdb_store *store);
void lmdb_slots_give_all(lmdb_store *store);

/* ---- operations ------------------------------------------------------------------------------ */

zcache_get_fn lmdb_get;
zcache_peek_fn lmdb_peek;
zcache_scan_op_fn lmdb_scan;
zcache_set_fn lmdb_set;
zcache_del_fn lmdb_del;
zcache_touch_fn lmdb_touch;
zcache_incr_fn lmdb_incr;
zcache_clear_fn lmdb_clear;
zcache_ping_fn lmdb_ping;
zcache_stats_fn lmdb_stats;
zcache_quiesce_fn lmdb_quiesce;

/* Milliseconds of CLOCK_REALTIME, rounded down (is it expired?) and up (when will it be?). */
int64_t lmdb_wall_ms(void);
int64_t lmdb_wall_ms_up(void);
/* Remaining TTL of what expires then and has not yet. */
int64_t lmdb_ttl_ms(int64_t expires_ms);

/* keeper.c: the thread that flushes, removes what has expired and looks for dead readers. */
void *lmdb_keeper_run(void *store);
/* Flushes what is not, and notes that all is on disk. */
void lmdb_flush(lmdb_store *store, int64_t deadline_ns);

#endif
