/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The vocabulary that applications (<zcache/zcache.h>) and plugins (<zcache/plugin.h>) share:
 * status codes, byte slices, durations, items of a batch.
 *
 * The header is plain C99 and C++11. Sizes are bytes. Durations are milliseconds in an int64_t.
 */
#ifndef ZCACHE_TYPES_H
#define ZCACHE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- compiler attributes --------------------------------------------------------------------- */

#if defined(__GNUC__) || defined(__clang__)
#define ZCACHE_PUBLIC                      __attribute__((visibility("default")))
#define ZCACHE_MUST_USE                    __attribute__((warn_unused_result))
#define ZCACHE_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define ZCACHE_PUBLIC
#define ZCACHE_MUST_USE
#define ZCACHE_PRINTF(format_at, first_at)
#endif

#ifdef __cplusplus
#define ZCACHE_BEGIN_DECLS extern "C" {
#define ZCACHE_END_DECLS   }
#else
#define ZCACHE_BEGIN_DECLS
#define ZCACHE_END_DECLS
#endif

ZCACHE_BEGIN_DECLS

/* ---- status ---------------------------------------------------------------------------------- */

/* Every status: name, number, text. The sign tells the three classes apart:
 *
 *     0   done
 *   > 0   the answer is "no": nothing is wrong with the cache
 *   < 0   an error: the operation was not carried out, or (E_TIMEOUT, E_UNAVAILABLE, E_PROTOCOL on
 *         a write) it is not known whether it was
 *
 * The numbers are part of the ABI and never change. Since 1.0. */
#define ZCACHE_STATUS_MAP(X)                                                     \
    X(OK, 0, "done")                                                             \
    X(MISS, 1, "no such key")                                                    \
    X(EXISTS, 2, "the key exists already")                                       \
    X(CONFLICT, 3, "the value has changed since it was read")                    \
    X(E_INVALID, -1, "invalid argument")                                         \
    X(E_NOMEM, -2, "out of memory")                                              \
    X(E_KEY, -3, "the key cannot be used")                                       \
    X(E_TOO_LARGE, -4, "the value is too large")                                 \
    X(E_UNAVAILABLE, -5, "the backend cannot be reached")                        \
    X(E_TIMEOUT, -6, "the deadline passed")                                      \
    X(E_PROTOCOL, -7, "the backend sent something that could not be understood") \
    X(E_SERVER, -8, "the backend refused the request")                           \
    X(E_AUTH, -9, "the backend refused the credentials")                         \
    X(E_NOTSUP, -10, "the provider does not support this operation")             \
    X(E_TYPE, -11, "the value is of another type")                               \
    X(E_RANGE, -12, "the result would be out of range")                          \
    X(E_CONFIG, -13, "the configuration is wrong")                               \
    X(E_PLUGIN, -14, "the plugin was refused")                                   \
    X(E_BUSY, -15, "busy")                                                       \
    X(E_REFUSED, -16, "refused by policy")                                       \
    X(E_CLOSED, -17, "the cache is closed")                                      \
    X(E_INTERNAL, -18, "internal error")

typedef enum zcache_status {
#define ZCACHE_STATUS_ENUM(name, number, text) ZCACHE_##name = number,
    ZCACHE_STATUS_MAP(ZCACHE_STATUS_ENUM)
#undef ZCACHE_STATUS_ENUM
} zcache_status;

/* ---- slices ---------------------------------------------------------------------------------- */

/* Bytes that somebody else owns. `data` may be NULL only when `size` is 0. The bytes are not
 * terminated and may contain NULs. How long they stay valid is said wherever a slice appears.
 * Since 1.0. */
typedef struct zcache_slice {
    const void *data;
    size_t size;
} zcache_slice;

/* A slice of the bytes of a C string, without its terminator. Valid as long as `text`. */
static inline zcache_slice zcache_str(const char *text)
{
    zcache_slice slice;
    slice.data = text;
    slice.size = strlen(text);
    return slice;
}

/* A slice of `size` bytes at `data`. Valid as long as `data`. */
static inline zcache_slice zcache_bytes_of(const void *data, size_t size)
{
    zcache_slice slice;
    slice.data = data;
    slice.size = size;
    return slice;
}

/* ---- time to live ---------------------------------------------------------------------------- */

/* A TTL is a number of milliseconds greater than 0, or one of these. Any other negative number is
 * ZCACHE_E_INVALID. An entry never expires early, and late by less than two granules of its
 * provider (1 ms on memory and redis, 1 s on memcached). Since 1.0. */
#define ZCACHE_TTL_DEFAULT INT64_C(0)  /* written: the table's TTL, else the cache's */
#define ZCACHE_TTL_NEVER   INT64_C(-1) /* written: never expire; read: it never will */
#define ZCACHE_TTL_UNKNOWN INT64_C(-2) /* read only: it was not asked for, or cannot be told */

/* The longest TTL: ten years. A longer one is ZCACHE_E_INVALID: use ZCACHE_TTL_NEVER. */
#define ZCACHE_TTL_MAX (INT64_C(3650) * 24 * 3600 * 1000)

#define ZCACHE_MILLISECONDS(n) ((int64_t)(n))
#define ZCACHE_SECONDS(n)      ((int64_t)(n)*1000)
#define ZCACHE_MINUTES(n)      ((int64_t)(n)*60 * 1000)
#define ZCACHE_HOURS(n)        ((int64_t)(n)*3600 * 1000)
#define ZCACHE_DAYS(n)         ((int64_t)(n)*24 * 3600 * 1000)

/* ---- items of a batched write ---------------------------------------------------------------- */

/* What a write asks of the key as it is now. Since 1.0. */
typedef enum zcache_set_mode {
    ZCACHE_SET_ALWAYS = 0,  /* store, whatever is there */
    ZCACHE_SET_ADD = 1,     /* store only if the key is not there; else ZCACHE_EXISTS */
    ZCACHE_SET_REPLACE = 2, /* store only if the key is there; else ZCACHE_MISS */
    ZCACHE_SET_CAS = 3      /* store only if `cas` is still its token; else ZCACHE_CONFLICT,
                             * or ZCACHE_MISS if the key is gone */
} zcache_set_mode;

/* One key of a batched write. `key` and `value` are borrowed for the call. An empty value is
 * legal. Since 1.0. */
typedef struct zcache_item {
    zcache_slice key;
    zcache_slice value;
    int64_t ttl_ms; /* as above. A plugin sees 1 to ZCACHE_TTL_MAX, or ZCACHE_TTL_NEVER */
    uint64_t cas;   /* ZCACHE_SET_CAS: the token that a read gave; else ignored */
    zcache_set_mode mode;
    zcache_status status; /* out: what became of this key */
} zcache_item;

/* ---- names ----------------------------------------------------------------------------------- */

/* Room for the name of a plugin, [a-z][a-z0-9_-]{0,31}, and its terminator. Since 1.0. */
#define ZCACHE_NAME_SIZE 33

/* ---- log levels ------------------------------------------------------------------------------ */

typedef enum zcache_log_level {
    ZCACHE_LOG_ERROR = 0,   /* something was lost or refused */
    ZCACHE_LOG_WARNING = 1, /* the cache goes on, but somebody should look */
    ZCACHE_LOG_INFO = 2,    /* swaps, reconnections */
    ZCACHE_LOG_DEBUG = 3    /* for whoever hunts a bug */
} zcache_log_level;

/* ---- statistics ------------------------------------------------------------------------------ */

typedef enum zcache_stat_kind {
    ZCACHE_STAT_COUNTER = 0, /* only grows, from 0 when the provider was opened */
    ZCACHE_STAT_GAUGE = 1,   /* a level now */
    ZCACHE_STAT_TEXT = 2     /* a name, a version */
} zcache_stat_kind;

/* One statistic. Its strings are borrowed for the callback. Names are lower case words joined by
 * `_`, units last: `items`, `memory_bytes`, `connections_open`. One that stands for a table has the
 * table's name in it as it is, or a word in parentheses, which no table is called:
 * `stats_users_hits`, `stats_(other)_hits`. Since 1.0. */
typedef struct zcache_stat {
    const char *name;
    zcache_stat_kind kind;
    int64_t number;   /* COUNTER, GAUGE */
    const char *text; /* TEXT; else NULL */
} zcache_stat;

ZCACHE_END_DECLS

#endif /* ZCACHE_TYPES_H */
