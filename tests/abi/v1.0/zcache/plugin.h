/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The plugin ABI: what a provider (a store), a filter (a layer above one) or a codec (a
 * serialization of typed tables) must export.
 *
 * A plugin is a shared object NAME.so that exports one const object and nothing else:
 *
 *     #include <zcache/plugin.h>
 *
 *     static zcache_status mine_open(const zcache_host *host, const zcache_call *call,
 *                                    const void *options, void **self) { ... }
 *     ...
 *     static const zcache_ops mine_ops = {
 *         .size = sizeof(zcache_ops),
 *         .open = mine_open, .close = mine_close,
 *         .get = mine_get, .set = mine_set, .del = mine_del,
 *     };
 *
 *     ZCACHE_PLUGIN(mine) = {
 *         ZCACHE_DESCRIPTOR_HEADER,
 *         .kind = ZCACHE_KIND_PROVIDER,
 *         .name = "mine",
 *         .version = "1.0",
 *         .summary = "keeps entries in my store",
 *         .ops = &mine_ops,
 *     };
 *
 * Compile it with `cc -fPIC -shared -fvisibility=hidden -Wl,-z,defs,-z,now`, flags that
 * `pkg-config zcache-plugin` gives, and install it, by rename, in the directory that
 * `pkg-config --variable=plugindir zcache-plugin` prints. Then `provider = mine` loads it.
 *
 * A plugin needs no symbol of the host: every service comes in the zcache_host table given to open.
 *
 * A codec has no open and no ops, but a zcache_codec, whose functions any thread may call at once:
 *
 *     static const zcache_codec mine_codec = {
 *         .size = sizeof(zcache_codec), .put = mine_put, .next = mine_next,
 *     };
 *
 *     ZCACHE_PLUGIN(mine) = {
 *         ZCACHE_DESCRIPTOR_HEADER,
 *         .kind = ZCACHE_KIND_CODEC,
 *         .name = "mine",
 *         .version = "1.0",
 *         .summary = "stores structs in my format",
 *         .codec = &mine_codec,
 *     };
 *
 * Then `serialization = mine` loads it, for a table or for all.
 *
 * Life cycle, all calls by the host:
 *
 *     load ─┬─ open ── get, set, … from any thread, overlapping ── quiesce ── close ─┬─ unload
 *           │           └─ configure: new options, while operations run              │   dlclose
 *           └─ once for each generation that uses the plugin, each with its own self ┘
 *
 * No operation runs while open, quiesce or close does, and none after quiesce. Each of them may run
 * in another thread. The host waits for open, ping, quiesce and close only so long: one that comes
 * back later is closed and unloaded then. After close, nothing
 * of the plugin may run: it has joined its threads and deleted its pthread keys, because its code
 * is about to be unmapped. Memory never crosses the boundary to be freed on the other side, and no
 * pointer into the plugin outlives the call that gave it.
 *
 * ABI changes
 *   1.0  first version
 */
#ifndef ZCACHE_PLUGIN_H
#define ZCACHE_PLUGIN_H

#include <zcache/codec.h>
#include <zcache/types.h>
#include <zcache/version.h>

ZCACHE_BEGIN_DECLS

#define ZCACHE_ABI_MAGIC UINT32_C(0x7a634831) /* "zcH1" */
#define ZCACHE_ABI_MAJOR 1                    /* changes when old plugins no longer run */
#define ZCACHE_ABI_MINOR 0                    /* grows when something is appended */

typedef struct zcache_host zcache_host;
typedef struct zcache_call zcache_call;
typedef struct zcache_sink zcache_sink;
typedef struct zcache_scan_sink zcache_scan_sink;
typedef struct zcache_stat_sink zcache_stat_sink;
typedef struct zcache_layer zcache_layer;

/* ---- the call: deadline and wishes ----------------------------------------------------------- */

#define ZCACHE_CALL_TTL UINT32_C(1) /* get, scan: the meta's ttl_ms is wanted */
#define ZCACHE_CALL_CAS UINT32_C(2) /* get: the meta's cas is wanted */

/* What every operation is given about its caller. Borrowed for the call. Since ABI 1.0. */
struct zcache_call {
    size_t size;         /* of this struct, as the host knows it */
    int64_t started_ns;  /* CLOCK_MONOTONIC when the operation began: "now" for all that is quick */
    int64_t deadline_ns; /* CLOCK_MONOTONIC. The operation must return by then, with
                          * ZCACHE_E_TIMEOUT for what is not done */
    uint32_t flags;      /* ZCACHE_CALL_…; unknown bits are ignored */
    const char *table;   /* that the caller works on; "": no table, but the cache itself; NULL: the
                          * library's own call, such as a copy or a ping. For filters that count:
                          * keys have all of their table's name before them already */
};

/* ---- sinks: where answers go ----------------------------------------------------------------- */

/* What is known of an entry beside its value. Since ABI 1.0. */
typedef struct zcache_meta {
    int64_t ttl_ms; /* remaining, at least 1; ZCACHE_TTL_NEVER; ZCACHE_TTL_UNKNOWN */
    uint64_t cas;   /* a token for ZCACHE_SET_CAS: differs whenever the value differs; 0: unknown */
} zcache_meta;

/* Receives the answers of get and peek. `i` is the index in keys[]. The sink may be called in any
 * order, at most once an index, by the thread that was called only. An index that is never
 * reported is a miss, if the operation returns ZCACHE_OK; otherwise it has the returned status.
 * Since ABI 1.0. */
struct zcache_sink {
    /* keys[i] is there. `value` is borrowed for this call and copied (peek: empty). `meta` may be
     * NULL: nothing known. */
    void (*hit)(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta);
    /* keys[i] alone failed, with an error status (< 0). */
    void (*fail)(zcache_sink *sink, size_t i, zcache_status status);
};

/* Receives the keys of a scan. Since ABI 1.0. */
struct zcache_scan_sink {
    /* One key, borrowed for this call. `meta` may be NULL. Returns true to go on; false: stop, and
     * return ZCACHE_OK. The sink may call the cache again (a delete of the key, say): hold no lock
     * around it that an operation of yours takes. */
    bool (*key)(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta);
};

/* Receives the statistics of a provider. Since ABI 1.0. */
struct zcache_stat_sink {
    void (*stat)(zcache_stat_sink *sink, const zcache_stat *stat); /* borrowed for this call */
};

/* One counter of a batched incr. `key` is borrowed for the call. Since ABI 1.0. */
typedef struct zcache_increment {
    zcache_slice key;
    int64_t delta;
    int64_t ttl_ms;       /* used only where the key is created: 1 to ZCACHE_TTL_MAX, or NEVER */
    int64_t result;       /* out: the number after the operation */
    zcache_status status; /* out */
} zcache_increment;

/* Room for the text of any counter, with a terminator: printf's "%" PRId64. Since ABI 1.0. */
#define ZCACHE_COUNTER_SIZE 21

/* Reads the text of a counter: a signed 64-bit number in decimal, written in its one way. "", "+1",
 * "01", "-0", " 1", "1 " and numbers beyond 64 bits are none, which is ZCACHE_E_TYPE: false, and
 * *number stays as it was. Any thread. Since ABI 1.0. */
static inline bool zcache_counter_of(zcache_slice text, int64_t *number)
{
    const char *digits = (const char *)text.data;
    bool negative = text.size > 0 && digits[0] == '-';
    size_t first = negative ? 1 : 0;
    uint64_t limit = (uint64_t)INT64_MAX + first;
    uint64_t magnitude = 0;
    if (text.size == first || (digits[first] == '0' && text.size > 1))
        return false;
    for (size_t i = first; i < text.size; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(digits[i] - '0');
        if (magnitude > (limit - digit) / 10)
            return false;
        magnitude = magnitude * 10 + digit;
    }
    *number = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return true;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* When a process forks. Since ABI 1.0. */
typedef enum zcache_fork_phase {
    ZCACHE_FORK_PREPARE = 0, /* in the parent, before: take every lock of this self */
    ZCACHE_FORK_PARENT = 1,  /* in the parent, after: release them */
    ZCACHE_FORK_CHILD = 2    /* in the child: release them; drop every connection without a byte
                              * sent on it, for the parent goes on using it. Only the thread that
                              * forked exists here */
} zcache_fork_phase;

/* Every operation has the shape (self, call, count, inputs, outputs), is a batch (one key is a
 * batch of one; n is at least 1), and returns
 *   ZCACHE_OK       the batch was carried out; each key has its own status
 *   < 0             an error that holds for every key which has no status of its own yet
 * after describing an error with host->error. A "no" (ZCACHE_MISS, …) is a key's status, never the
 * operation's. The host has checked everything before: keys are within the declared length and
 * form, values within the declared size, TTLs resolved. A key may stand in a batch twice: the later
 * write wins, a read answers both.
 *
 * Threads: ZCACHE_THREADS_PARALLEL: any number of operations at once, on one self.
 * ZCACHE_THREADS_SERIALIZED: the host takes a lock round each.
 *
 * Statuses in arrays are set by the host to an unknown value before the call. */

/* Creates an instance. It checks what only it can check of its options and need not reach its
 * server: a provider whose server is down opens, answers ZCACHE_E_UNAVAILABLE, and reconnects by
 * itself. `host` stays valid until close returns; so does `options` (the plugin's own struct, filled
 * from the option table; NULL without a table), or until configure has replaced it. On failure
 * nothing is left behind and *self is not used. */
typedef zcache_status zcache_open_fn(const zcache_host *host, const zcache_call *call,
                                     const void *options, void **self);

/* Ends an instance and frees all that it holds: threads joined, pthread keys deleted, descriptors
 * closed. Cannot fail. */
typedef void zcache_close_fn(void *self);

/* Reads n keys into sink->hit. Fills in what call->flags ask for. */
typedef zcache_status zcache_get_fn(void *self, const zcache_call *call, size_t n,
                                    const zcache_slice keys[], zcache_sink *sink);

/* Writes n items by their mode: value and TTL are both replaced. items[i].status: ZCACHE_OK,
 * ZCACHE_EXISTS, ZCACHE_MISS, ZCACHE_CONFLICT, or an error. A failed write leaves the old value. */
typedef zcache_status zcache_set_fn(void *self, const zcache_call *call, size_t n,
                                    zcache_item items[]);

/* Deletes n keys. status[i]: ZCACHE_OK, ZCACHE_MISS, or an error. */
typedef zcache_status zcache_del_fn(void *self, const zcache_call *call, size_t n,
                                    const zcache_slice keys[], zcache_status status[]);

/* Tells existence and remaining TTL without the value: as get with an empty value in each hit,
 * and always with the TTL. Without it, `exists` falls back on get, and `ttl` on get with
 * ZCACHE_CALL_TTL. */
typedef zcache_status zcache_peek_fn(void *self, const zcache_call *call, size_t n,
                                     const zcache_slice keys[], zcache_sink *sink);

/* Gives n keys a new TTL, in one atomic step a key. status[i]: ZCACHE_OK, ZCACHE_MISS, or an error.
 */
typedef zcache_status zcache_touch_fn(void *self, const zcache_call *call, size_t n,
                                      const zcache_slice keys[], int64_t ttl_ms,
                                      zcache_status status[]);

/* Adds to n counters, in one atomic step each. A counter is the decimal text of a signed 64-bit
 * number ("-12"; no sign +, no leading zeros, no blanks), so that get reads it and set makes one. A
 * missing key counts as 0 and is created with ttl_ms; an existing one keeps its TTL. Status:
 * ZCACHE_OK; ZCACHE_E_TYPE: the value is not such a text; ZCACHE_E_RANGE: overflow. Errors change
 * nothing. */
typedef zcache_status zcache_incr_fn(void *self, const zcache_call *call, size_t n,
                                     zcache_increment increments[]);

/* Streams every key that begins with `prefix` (empty: every key) in bounded memory. Each key that
 * is there throughout is given at least once. Expired keys are not given. */
typedef zcache_status zcache_scan_op_fn(void *self, const zcache_call *call, zcache_slice prefix,
                                        zcache_scan_sink *sink);

/* Deletes every key that begins with `prefix`; an empty one empties the store. Keys that are
 * written meanwhile may stay. Without it the host scans and deletes. */
typedef zcache_status zcache_clear_fn(void *self, const zcache_call *call, zcache_slice prefix);

/* Proves that the backend answers, credentials and all: one round trip to every server. */
typedef zcache_status zcache_ping_fn(void *self, const zcache_call *call);

/* Reports statistics: `items`, `memory_bytes`, `connections_open`, … as far as they are known. The
 * host puts the provider's name before them, "redis_items". A filter names its own with its own name
 * first, "fault_errors", which are told as they are, and then calls the layer below. A `-` in a
 * plugin's name is a `_` there: "my_store_items". */
typedef zcache_status zcache_stats_fn(void *self, const zcache_call *call, zcache_stat_sink *sink);

/* Ends background work and waits for what was promised (a write behind), before close; no operation
 * runs any more. By the deadline it returns whatever it has reached. */
typedef zcache_status zcache_quiesce_fn(void *self, const zcache_call *call);

/* Takes part in a fork: see zcache_fork_phase. Without it, a provider must be safe in both
 * processes as it is. */
typedef void zcache_fork_fn(void *self, zcache_fork_phase phase);

/* A thread that may have used this self is ending: its per-thread state can go. Called by that
 * thread. */
typedef void zcache_thread_exit_fn(void *self);

/* Puts other options into force in an open instance: `options` is a struct as open was given one,
 * checked as that was. It lets `zcache ctl set` and a reload change options without a new instance;
 * without it a reload swaps. One at a time for one self, while operations run (SERIALIZED: not even
 * those), between open and quiesce, in any thread.
 *     ZCACHE_OK        `options` is in force, for every operation that begins after the return, and
 *                      stays valid as that of open did. The struct before it is freed as soon as
 *                      every operation that began before the return has ended: one that runs
 *                      meanwhile may go on with either, and is right if it reads the pointer to the
 *                      options once (an acquire load, which pairs with a release store here).
 *                      Threads of the plugin's own must have let go of the old struct before the
 *                      return
 *     ZCACHE_E_NOTSUP  what differs cannot change in an open instance: a reload then swaps
 *     other errors     the new options are refused
 * On an error the old options stay in force, and `options` is not used any more. A change of several
 * plugins that one of them refuses is taken back: the others are given their old struct again, as
 * if it were a new one, and what they had been given goes the way of one that was replaced. */
typedef zcache_status zcache_configure_fn(void *self, const zcache_call *call, const void *options);

/* Tells that a struct which configure has replaced is about to be freed, because no operation that
 * may look at it runs any more: what the plugin has made of it can go, too. In any thread, while
 * operations run (SERIALIZED: not even those), and not after quiesce: close frees what is left. */
typedef void zcache_released_fn(void *self, const void *options);

/* The vtable. A NULL operation that is not required: not supported (a provider), or passed
 * through (a filter). Capabilities are derived from it. Appended to, never reordered. */
typedef struct zcache_ops {
    size_t size;            /* sizeof(zcache_ops) when the plugin was compiled */
    zcache_open_fn *open;   /* required */
    zcache_close_fn *close; /* required */
    zcache_get_fn *get;     /* required of a provider */
    zcache_set_fn *set;     /* required of a provider */
    zcache_del_fn *del;     /* required of a provider */
    zcache_peek_fn *peek;
    zcache_touch_fn *touch;
    zcache_incr_fn *incr;
    zcache_scan_op_fn *scan; /* keys, clear and copying need it */
    zcache_clear_fn *clear;
    zcache_ping_fn *ping;
    zcache_stats_fn *stats;
    zcache_quiesce_fn *quiesce;
    zcache_fork_fn *fork;
    zcache_thread_exit_fn *thread_exit;
    zcache_configure_fn *configure;
    zcache_released_fn *released;
} zcache_ops;

/* ---- filters: the layer below ---------------------------------------------------------------- */

/* What lies below a filter: every operation with the self it belongs to. Layers that pass an
 * operation through are skipped: the call goes straight to the one that carries it out. A NULL
 * `call` means that nobody below supports it. A filter's own peek, touch, incr, scan and clear are
 * called only where the layer below has them; its ping and stats always.
 *
 * A filter that calls the layer below for its caller gives it the caller's `call`, or one with the same
 * table, no later deadline, and the same flags at least. An error that it is told there it tells: it
 * makes no hit, no miss and no success of it.
 *
 *     return next->get.call(next->get.self, call, n, keys, sink);
 */
struct zcache_layer {
    size_t size;
#define ZCACHE_BOUND(op)        \
    struct {                    \
        zcache_##op##_fn *call; \
        void *self;             \
    }
    ZCACHE_BOUND(get) get;
    ZCACHE_BOUND(set) set;
    ZCACHE_BOUND(del) del;
    ZCACHE_BOUND(peek) peek;
    ZCACHE_BOUND(touch) touch;
    ZCACHE_BOUND(incr) incr;
    ZCACHE_BOUND(scan_op) scan;
    ZCACHE_BOUND(clear) clear;
    ZCACHE_BOUND(ping) ping;
    ZCACHE_BOUND(stats) stats;
#undef ZCACHE_BOUND
};

/* ---- host services --------------------------------------------------------------------------- */

/* The services of the host, one table for each open: valid until close returns. Every function may
 * be called from any thread; a plugin's own threads may use all but error. Since ABI 1.0. */
struct zcache_host {
    size_t size; /* of this table: a service beyond it is not there */
    uint16_t abi_major;
    uint16_t abi_minor;
    const char *version; /* of the host, "1.0.0" */

    /* Writes a line to the application's log, without a newline and without the plugin's name,
     * which the host adds. Secrets have no place in it. */
    void (*log)(const zcache_host *host, zcache_log_level level, const char *format, ...)
        ZCACHE_PRINTF(3, 4);

    /* Leaves the message that zcache_error_message() gives the caller, and returns `status`, so
     * that a failure reads `return host->error(host, ZCACHE_E_UNAVAILABLE, "redis at %s: %s", …);`.
     * Tell what happened, to what, and what to do. Per key failures of a batch may leave one
     * message for all. */
    zcache_status (*error)(const zcache_host *host, zcache_status status, const char *format, ...)
        ZCACHE_PRINTF(3, 4);

    /* Nanoseconds of CLOCK_MONOTONIC: the clock of every deadline. */
    int64_t (*now_ns)(void);

    /* The application's allocator. As malloc, realloc and free; freeing NULL is nothing. What one
     * gives goes back to the other, never to the C library's. */
    void *(*alloc)(size_t size);
    void *(*realloc)(void *memory, size_t size);
    void (*free)(void *memory);

    /* A filter: the layer below. A provider: NULL. */
    const zcache_layer *next;
};

/* ---- options --------------------------------------------------------------------------------- */

/* How an option is written in the INI file, and the type of the field that receives it. */
typedef enum zcache_option_type {
    ZCACHE_OPTION_STRING = 0,   /* const char *; NULL without a default */
    ZCACHE_OPTION_INT = 1,      /* int64_t; decimal */
    ZCACHE_OPTION_SIZE = 2,     /* int64_t, bytes; "4096", "64k", "64KiB", "1.5g": powers of 1024 */
    ZCACHE_OPTION_DURATION = 3, /* int64_t, milliseconds; "500ms 30s 15m 1h 7d", "never" is -1 where
                                 * the minimum allows it; a bare number is refused */
    ZCACHE_OPTION_BOOL = 4,     /* bool; yes no true false on off 1 0 */
    ZCACHE_OPTION_ENUM = 5,     /* int: the index in choices */
    ZCACHE_OPTION_LIST = 6,     /* zcache_list; separated by commas, white space or lines */
    ZCACHE_OPTION_FRACTION = 7  /* double, 0 to 1; "10%", "0.1", "1e-3" */
} zcache_option_type;

/* The value of a ZCACHE_OPTION_LIST. Since ABI 1.0. */
typedef struct zcache_list {
    size_t count;
    const char *const *items; /* `count` strings, then NULL */
} zcache_list;

#define ZCACHE_OPTION_SECRET   UINT32_C(1) /* never shown: `config show`, logs, messages */
#define ZCACHE_OPTION_REQUIRED UINT32_C(2) /* no default: must be set */

/* One option of a plugin: a key of its INI section. The host parses, checks the range, refuses
 * unknown keys with the nearest known one, and fills the plugin's struct. Write entries with the
 * macros below: they check the field's size at compile time. Since ABI 1.0. */
typedef struct zcache_option {
    const char *key; /* [a-z][a-z0-9_]* */
    zcache_option_type type;
    uint32_t flags;            /* ZCACHE_OPTION_SECRET, ZCACHE_OPTION_REQUIRED */
    size_t offset;             /* of the field in the plugin's options struct */
    const char *default_value; /* as it would be written in the INI file; NULL: none (a string NULL,
                                * a number 0, a bool no, an empty list) */
    int64_t min, max;          /* INT, SIZE, DURATION: both inclusive; both 0: no limits */
    const char *const *choices; /* ENUM: the words, then NULL; else NULL */
    const char *help;           /* one sentence, no full stop needed, with the unit if any */
} zcache_option;

/* The offset of `field`, and a compile error where the field's size is not that of `type`. */
#define ZCACHE_FIELD(options_type, field, type) \
    (offsetof(options_type, field) +            \
     0 * sizeof(char[sizeof(((options_type *)0)->field) == sizeof(type) ? 1 : -1]))

#define ZCACHE_STRING_OPTION(options_type, field, key, default_value, flags, help)         \
    {                                                                                      \
        key, ZCACHE_OPTION_STRING, flags, ZCACHE_FIELD(options_type, field, const char *), \
            default_value, 0, 0, NULL, help                                                \
    }
#define ZCACHE_INT_OPTION(options_type, field, key, default_value, min, max, help)                 \
    {                                                                                              \
        key, ZCACHE_OPTION_INT, 0, ZCACHE_FIELD(options_type, field, int64_t), default_value, min, \
            max, NULL, help                                                                        \
    }
#define ZCACHE_SIZE_OPTION(options_type, field, key, default_value, min, max, help)            \
    {                                                                                          \
        key, ZCACHE_OPTION_SIZE, 0, ZCACHE_FIELD(options_type, field, int64_t), default_value, \
            min, max, NULL, help                                                               \
    }
#define ZCACHE_DURATION_OPTION(options_type, field, key, default_value, min, max, help)            \
    {                                                                                              \
        key, ZCACHE_OPTION_DURATION, 0, ZCACHE_FIELD(options_type, field, int64_t), default_value, \
            min, max, NULL, help                                                                   \
    }
#define ZCACHE_BOOL_OPTION(options_type, field, key, default_value, help)                         \
    {                                                                                             \
        key, ZCACHE_OPTION_BOOL, 0, ZCACHE_FIELD(options_type, field, bool), default_value, 0, 0, \
            NULL, help                                                                            \
    }
#define ZCACHE_ENUM_OPTION(options_type, field, key, default_value, choices, help)               \
    {                                                                                            \
        key, ZCACHE_OPTION_ENUM, 0, ZCACHE_FIELD(options_type, field, int), default_value, 0, 0, \
            choices, help                                                                        \
    }
#define ZCACHE_LIST_OPTION(options_type, field, key, default_value, help)                          \
    {                                                                                              \
        key, ZCACHE_OPTION_LIST, 0, ZCACHE_FIELD(options_type, field, zcache_list), default_value, \
            0, 0, NULL, help                                                                       \
    }

#define ZCACHE_FRACTION_OPTION(options_type, field, key, default_value, help)                     \
    {                                                                                             \
        key, ZCACHE_OPTION_FRACTION, 0, ZCACHE_FIELD(options_type, field, double), default_value, \
            0, 0, NULL, help                                                                      \
    }

/* ---- native access --------------------------------------------------------------------------- */

/* The accessor to a provider's native handle. The application calls it through a typed header
 * (<zcache/native/redis.h>) that names the same `type`, so that a handle never meets the wrong
 * type: the host compares the two texts. Since ABI 1.0. */
typedef struct zcache_native {
    const char *type; /* library.type/version, "hiredis.redisContext/0.14" */
    /* Lends a handle that nobody else uses until it is released. */
    zcache_status (*acquire)(void *self, const zcache_call *call, void **handle);
    /* Takes it back, in whatever state it is. */
    void (*release)(void *self, void *handle);
} zcache_native;

/* ---- the descriptor -------------------------------------------------------------------------- */

typedef enum zcache_kind {
    ZCACHE_KIND_PROVIDER = 1, /* a store */
    ZCACHE_KIND_FILTER = 2,   /* a layer above one; no stable ABI: it runs on the host version it
                               * was compiled for, and no other */
    ZCACHE_KIND_CODEC = 3     /* a serialization of typed tables: <zcache/codec.h> */
} zcache_kind;

typedef enum zcache_threads {
    ZCACHE_THREADS_PARALLEL = 0,  /* operations may overlap on one self */
    ZCACHE_THREADS_SERIALIZED = 1 /* the host takes a lock round every operation */
} zcache_threads;

typedef enum zcache_key_bytes {
    ZCACHE_KEY_ANY = 0, /* keys are any bytes */
    ZCACHE_KEY_TEXT = 1 /* keys are bytes 0x21 to 0x7e: the host percent-encodes the others, and
                         * `%`, and decodes what a scan gives */
} zcache_key_bytes;

#define ZCACHE_PLUGIN_RESIDENT UINT32_C(1) /* never unload: a library below cannot be unloaded */

/* The one object that a plugin exports. Everything in it is const and static. The host checks
 * magic, then major (equal to its own), then minor (not above its own), then copies the first
 * min(size) bytes into a zeroed struct of its own: fields that an older plugin does not have are 0,
 * which is always the harmless value. Appended to, never reordered. Since ABI 1.0. */
typedef struct zcache_descriptor {
    uint32_t magic;     /* ZCACHE_ABI_MAGIC */
    uint16_t abi_major; /* ZCACHE_ABI_MAJOR */
    uint16_t abi_minor; /* ZCACHE_ABI_MINOR, or the oldest minor that has all the plugin needs */
    size_t size;        /* sizeof(zcache_descriptor) when the plugin was compiled */
    const char *host_version; /* ZCACHE_VERSION when compiled: compared for filters only */

    zcache_kind kind;
    const char *name;    /* [a-z][a-z0-9_-]{0,31}, and the file is NAME.so */
    const char *version; /* of the plugin */
    const char *summary; /* half a line for `zcache plugin list` */

    zcache_threads threads;
    uint32_t flags; /* ZCACHE_PLUGIN_RESIDENT */
    zcache_key_bytes key_bytes;
    size_t key_max;         /* longest key, bytes, in the form of key_bytes; 0: no limit */
    size_t value_max;       /* largest value, bytes; 0: no limit */
    int64_t ttl_granule_ms; /* TTLs are exact to this; 0: 1 ms */

    const zcache_option *options; /* the option table, or NULL */
    size_t option_count;
    size_t option_stride; /* sizeof(zcache_option) when the plugin was compiled */
    size_t options_size;  /* of the plugin's own struct that they fill */

    const zcache_native *native; /* or NULL */

    /* Once a module, before the first open and after the last close; either may be NULL. load may
     * not start threads. A failing load refuses the plugin; its message is left with host->error
     * of a table that has no next. */
    zcache_status (*load)(const zcache_host *host);
    void (*unload)(void);

    const zcache_ops *ops; /* of a provider or filter; a codec has none */

    /* Of a codec; else NULL. Its functions are given the host's own copy of it. All above about
     * threads, keys, values, TTLs, options and native handles is 0 for a codec; load and unload are
     * as for any plugin, and it may be RESIDENT. */
    const zcache_codec *codec;
} zcache_descriptor;

/* The first members of every descriptor. */
#define ZCACHE_DESCRIPTOR_HEADER                                                             \
    .magic = ZCACHE_ABI_MAGIC, .abi_major = ZCACHE_ABI_MAJOR, .abi_minor = ZCACHE_ABI_MINOR, \
    .size = sizeof(zcache_descriptor), .host_version = ZCACHE_VERSION

/* The members that describe an option table `table` filling an `options_type`. */
#define ZCACHE_DESCRIPTOR_OPTIONS(table, options_type)                      \
    .options = (table), .option_count = sizeof(table) / sizeof((table)[0]), \
    .option_stride = sizeof(zcache_option), .options_size = sizeof(options_type)

/* Declares and begins the definition of the exported object: `ZCACHE_PLUGIN(mine) = { … };`.
 * In a shared object its name is zcache_plugin. Where libtool also compiles the plugin for static
 * linking (-DZCACHE_LIBTOOL given, and libtool's own -DPIC not), it is NAME_LTX_zcache_plugin, by
 * which libltdl tells preloaded plugins apart. */
#if defined(ZCACHE_LIBTOOL) && !defined(PIC)
#define ZCACHE_PLUGIN(name) ZCACHE_PLUGIN_OBJECT(name##_LTX_zcache_plugin)
#else
#define ZCACHE_PLUGIN(name) ZCACHE_PLUGIN_OBJECT(zcache_plugin)
#endif
#define ZCACHE_PLUGIN_OBJECT(symbol)                     \
    ZCACHE_PUBLIC extern const zcache_descriptor symbol; \
    const zcache_descriptor symbol

ZCACHE_END_DECLS

#endif /* ZCACHE_PLUGIN_H */
