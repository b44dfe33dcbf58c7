/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The options, made ready for use: which faults strike which operations and keys, how often. Whether
 * one strikes is a hash of the seed, of the number of the call since the plan came into force, of
 * the place of the key in the call, and of the kind of fault. So the same seed and the same sequence
 * of calls give the same faults, one kind does not change another's, and no thread waits for
 * another; where threads call at once, who gets which number is up to them.
 */
#ifndef FAULT_PLAN_H
#define FAULT_PLAN_H

#include <stdatomic.h>

#include "fault/pattern.h"
#include <zcache/plugin.h>

typedef enum fault_kind {
    FAULT_ERROR,
    FAULT_DELAY,
    FAULT_HANG,
    FAULT_DROP,
    FAULT_CORRUPT,
    FAULT_JITTER, /* no fault: how much of the jitter a delay gets */
    FAULT_FLIP    /* which bits are flipped */
} fault_kind;
#define FAULT_KINDS 5

typedef enum fault_operation {
    FAULT_GET,
    FAULT_SET,
    FAULT_DEL,
    FAULT_PEEK,
    FAULT_TOUCH,
    FAULT_INCR,
    FAULT_SCAN,
    FAULT_CLEAR,
    FAULT_PING,
    FAULT_STATS
} fault_operation;
#define FAULT_OPERATIONS 10

extern const char *const fault_operation_names[FAULT_OPERATIONS];

typedef enum fault_way { FAULT_WAY_OUT, FAULT_WAY_IN, FAULT_WAY_BOTH } fault_way;

typedef struct fault_options {
    int64_t seed;
    zcache_list operations, keys;
    double error_rate, delay_rate, hang_rate, drop_rate, corrupt_rate;
    zcache_list error_operations, delay_operations, hang_operations, drop_operations;
    zcache_list error_keys, delay_keys, hang_keys, drop_keys, corrupt_keys;
    int status; /* an index in fault_status_words */
    int64_t delay_ms, jitter_ms;
    int corrupt; /* fault_way */
    int64_t corrupt_bytes;
} fault_options;

extern const char *const fault_status_words[];
extern const char *const fault_way_words[];

/* Where and how often one kind strikes. */
typedef struct fault_rule {
    uint64_t below; /* strikes if the hash is below; `always` for all of them */
    bool always;
    uint32_t operations;  /* a bit each; 0: it never strikes */
    size_t pattern_count; /* 0: every key */
    const fault_pattern *patterns;
} fault_rule;

typedef struct fault_plan {
    struct fault_plan *next; /* in the instance's list; guarded by its lock */
    const fault_options *options;
    uint64_t seed;
    uint32_t operations; /* that anything can strike */
    zcache_status status;
    _Atomic uint64_t calls; /* the number of the next one; relaxed: it orders nothing else */
    fault_rule rules[FAULT_KINDS];
    fault_pattern patterns[]; /* of all rules */
} fault_plan;

/* Makes a plan, to be freed with host->free; ZCACHE_E_CONFIG, an operation or pattern is none;
 * ZCACHE_E_NOMEM. */
zcache_status fault_plan_make(const zcache_host *host, const fault_options *options,
                              fault_plan **plan);

/* Where in the sequence of calls we are. */
typedef struct fault_place {
    const fault_plan *plan;
    fault_operation operation;
    uint64_t call;
} fault_place;

/* 64 bits that depend on nothing but what fault_plan.h says. */
uint64_t fault_hash(const fault_place *place, fault_kind kind, size_t key);

/* Whether this kind strikes key number `index`, or, with `key` NULL, a call that has no key. */
bool fault_strikes(const fault_place *place, fault_kind kind, size_t index,
                   const zcache_slice *key);

/* Whether a rule can strike this operation at all. */
static inline bool fault_can(const fault_place *place, fault_kind kind)
{
    return (place->plan->rules[kind].operations & UINT32_C(1) << place->operation) != 0;
}

/* Whether the key is among those that the rule is for. */
bool fault_is_meant(const fault_rule *rule, zcache_slice key);

#endif
