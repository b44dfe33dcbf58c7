/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Lists of a kind of its own replace those of all kinds; then words become bits and patterns.
 */
#include "fault/plan.h"

#include <string.h>

const char *const fault_operation_names[FAULT_OPERATIONS] = {
    "get", "set", "del", "peek", "touch", "incr", "scan", "clear", "ping", "stats"};

static const struct {
    const char *word;
    zcache_status status;
} statuses[] = {
    {"unavailable", ZCACHE_E_UNAVAILABLE},
    {"timeout", ZCACHE_E_TIMEOUT},
    {"protocol", ZCACHE_E_PROTOCOL},
    {"server", ZCACHE_E_SERVER},
    {"auth", ZCACHE_E_AUTH},
    {"nomem", ZCACHE_E_NOMEM},
    {"too_large", ZCACHE_E_TOO_LARGE},
    {"busy", ZCACHE_E_BUSY},
    {"internal", ZCACHE_E_INTERNAL},
};
const char *const fault_status_words[] = {"unavailable", "timeout", "protocol",  "server",
                                          "auth",        "nomem",   "too_large", "busy",
                                          "internal",    NULL};
const char *const fault_way_words[] = {"out", "in", "both", NULL};

#define BIT(operation) (UINT32_C(1) << (operation))
#define ALL            (BIT(FAULT_OPERATIONS) - 1)

/* What each kind can do anything to. An incr that is dropped would have to tell the number that the
 * counter did not become. */
static const uint32_t possible[FAULT_KINDS] = {
    [FAULT_ERROR] = ALL,
    [FAULT_DELAY] = ALL,
    [FAULT_HANG] = ALL,
    [FAULT_DROP] = ALL & ~(BIT(FAULT_INCR) | BIT(FAULT_PING) | BIT(FAULT_STATS)),
    [FAULT_CORRUPT] = BIT(FAULT_GET) | BIT(FAULT_SET),
};

/* The options of one kind. */
typedef struct source {
    const char *operations_key, *keys_key; /* for messages */
    double rate;
    const zcache_list *operations, *keys;
} source;

static void sources_of(const fault_options *options, source sources[FAULT_KINDS])
{
    static const zcache_list none = {0, NULL};
    const source all[FAULT_KINDS] = {
        {"error_operations", "error_keys", options->error_rate, &options->error_operations,
         &options->error_keys},
        {"delay_operations", "delay_keys",
         options->delay_ms + options->jitter_ms > 0 ? options->delay_rate : 0,
         &options->delay_operations, &options->delay_keys},
        {"hang_operations", "hang_keys", options->hang_rate, &options->hang_operations,
         &options->hang_keys},
        {"drop_operations", "drop_keys", options->drop_rate, &options->drop_operations,
         &options->drop_keys},
        {"operations", "corrupt_keys", options->corrupt_rate, &none, &options->corrupt_keys},
    };
    memcpy(sources, all, sizeof(all));
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        source *one = &sources[kind];
        if (one->keys->count == 0) {
            one->keys = &options->keys;
            one->keys_key = "keys";
        }
    }
}

static zcache_status parse_operations(const zcache_host *host, const char *option,
                                      const zcache_list *words, uint32_t *operations)
{
    *operations = 0;
    for (size_t i = 0; i < words->count; i++) {
        size_t operation = 0;
        while (operation < FAULT_OPERATIONS &&
               strcmp(words->items[i], fault_operation_names[operation]) != 0)
            operation++;
        if (operation == FAULT_OPERATIONS)
            return host->error(
                host, ZCACHE_E_CONFIG,
                "fault: %s: \"%.40s\" is no operation; there are get, set, del, peek, "
                "touch, incr, scan, clear, ping and stats",
                option, words->items[i]);
        *operations |= BIT(operation);
    }
    return ZCACHE_OK;
}

/* The operations of a kind: its own list, or that of all kinds as far as it applies. */
static zcache_status choose_operations(const zcache_host *host, fault_kind kind, const source *from,
                                       uint32_t shared, uint32_t *chosen)
{
    *chosen = shared & possible[kind];
    if (from->operations->count == 0)
        return ZCACHE_OK;
    zcache_status status = parse_operations(host, from->operations_key, from->operations, chosen);
    if (status == ZCACHE_OK && (*chosen & ~possible[kind]) != 0)
        status = host->error(host, ZCACHE_E_CONFIG,
                             "fault: %s: incr, ping and stats cannot be dropped: what they answer "
                             "is not known without them",
                             from->operations_key);
    return status;
}

static zcache_status compile_patterns(const zcache_host *host, const source *from,
                                      fault_pattern *patterns)
{
    for (size_t i = 0; i < from->keys->count; i++)
        if (!fault_pattern_compile(from->keys->items[i], &patterns[i]))
            return host->error(host, ZCACHE_E_CONFIG,
                               "fault: %s: the pattern \"%.40s...\" is too long: at most %d "
                               "characters, stars not counted",
                               from->keys_key, from->keys->items[i], FAULT_PATTERN_MAX);
    return ZCACHE_OK;
}

/* Only some ways of a value lead through its get or its set. */
static uint32_t corruptible(const fault_options *options)
{
    return options->corrupt == FAULT_WAY_OUT  ? BIT(FAULT_GET)
           : options->corrupt == FAULT_WAY_IN ? BIT(FAULT_SET)
                                              : BIT(FAULT_GET) | BIT(FAULT_SET);
}

static zcache_status fill_rules(const zcache_host *host, const source sources[FAULT_KINDS],
                                fault_plan *plan)
{
    uint32_t shared;
    zcache_status status =
        parse_operations(host, "operations", &plan->options->operations, &shared);
    fault_pattern *patterns = plan->patterns;
    for (size_t kind = 0; kind < FAULT_KINDS && status == ZCACHE_OK; kind++) {
        const source *from = &sources[kind];
        fault_rule *rule = &plan->rules[kind];
        uint32_t operations = 0;
        status = choose_operations(host, (fault_kind)kind, from, shared, &operations);
        if (status == ZCACHE_OK)
            status = compile_patterns(host, from, patterns);
        if (kind == FAULT_CORRUPT)
            operations &= corruptible(plan->options);
        rule->always = from->rate >= 1;
        rule->below = rule->always ? UINT64_MAX : (uint64_t)(from->rate * 18446744073709551616.0);
        rule->operations = rule->below > 0 ? operations : 0;
        rule->patterns = patterns;
        rule->pattern_count = from->keys->count;
        patterns += from->keys->count;
        plan->operations |= rule->operations;
    }
    return status;
}

/* ---- hashing --------------------------------------------------------------------------------- */

/* The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t fault_hash(const fault_place *place, fault_kind kind, size_t key)
{
    return mix(mix(mix(place->plan->seed) ^ place->call) ^ ((uint64_t)key << 3 | kind));
}

bool fault_is_meant(const fault_rule *rule, zcache_slice key)
{
    for (size_t i = 0; i < rule->pattern_count; i++)
        if (fault_pattern_matches(&rule->patterns[i], key))
            return true;
    return rule->pattern_count == 0;
}

bool fault_strikes(const fault_place *place, fault_kind kind, size_t index, const zcache_slice *key)
{
    const fault_rule *rule = &place->plan->rules[kind];
    return fault_can(place, kind) &&
           (rule->always || fault_hash(place, kind, index) < rule->below) &&
           (key == NULL || fault_is_meant(rule, *key));
}

/* ---- making one ------------------------------------------------------------------------------ */

zcache_status fault_plan_make(const zcache_host *host, const fault_options *options,
                              fault_plan **made)
{
    source sources[FAULT_KINDS];
    sources_of(options, sources);
    size_t patterns = 0;
    for (size_t kind = 0; kind < FAULT_KINDS; kind++)
        patterns += sources[kind].keys->count;
    size_t size = sizeof(fault_plan) + patterns * sizeof(fault_pattern);
    fault_plan *plan = host->alloc(size);
    if (plan == NULL)
        return host->error(host, ZCACHE_E_NOMEM, "fault: out of memory reading the options");
    memset(plan, 0, size);
    plan->options = options;
    plan->status = statuses[options->status].status;
    plan->seed = (uint64_t)options->seed;
    if (options->seed == 0) /* told by stats, so 63 bits */
        plan->seed = mix((uint64_t)host->now_ns() ^ (uintptr_t)plan) >> 1;
    atomic_init(&plan->calls, 0);
    zcache_status status = fill_rules(host, sources, plan);
    if (status != ZCACHE_OK) {
        host->free(plan);
        return status;
    }
    *made = plan;
    return ZCACHE_OK;
}
