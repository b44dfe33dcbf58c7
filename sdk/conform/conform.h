/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The conformance kit: holds a compiled plugin to the rules of <zcache/plugin.h>. It knows nothing
 * of the plugin but what its descriptor tells, and calls it through <zcache/harness.h> and
 * <zcache/zcache.h>, as anybody could.
 *
 * Every check runs in a child process of its own, so that a plugin which crashes, hangs or leaks
 * fails that check and no other. The parent never loads the plugin.
 */
#ifndef SDK_CONFORM_CONFORM_H
#define SDK_CONFORM_CONFORM_H

#include <zcache/harness.h>

typedef enum conform_verdict {
    CONFORM_PASSED,
    CONFORM_FAILED,
    CONFORM_SKIPPED /* the plugin declares that it cannot, or the request does not allow it */
} conform_verdict;

typedef struct conform_result {
    size_t number;    /* from 1 */
    const char *name; /* "ttl-not-early" */
    const char *rule; /* a sentence: what must hold */
    conform_verdict verdict;
    const char *reason; /* failed: what was found; skipped: why; passed: "" */
    int64_t took_ms;
} conform_result;
/* Everything is borrowed for the call. */
typedef void conform_result_fn(void *user, const conform_result *result);

typedef struct conform_request {
    const char *plugin;            /* its name */
    zcache_source source;          /* where its options come from, as for zcache_config_check */
    const char *path;              /* likewise */
    const zcache_options *options; /* likewise */
    const char *only;              /* globs, with commas between: such checks; NULL: all */
    const char *stop_backend;      /* a shell command that makes its server silent; NULL: none */
    const char *resume_backend;    /* one that makes it answer again; NULL: none */
    bool embedded;                 /* it has no server: checks of a silent one are not asked for */
    bool exclusive;                /* nobody else uses the store: it may be emptied */
    size_t jobs;                   /* checks that run at a time; at least 1 */
} conform_request;

/* Before any other function of the kit or of the library: makes the library allocate as the checks
 * need it. Errors: as zcache_set_allocator. */
zcache_status conform_prepare(void);

/* The most results that there can be. */
size_t conform_count(void);

/* Whether `only` names any check. */
bool conform_knows(const char *only);

/* Runs what is asked for and fits the plugin's kind, and reports each check in their order. The
 * first is always that the plugin can be loaded and opened: if it fails, no other is run, and the
 * result is false. */
bool conform_run(const conform_request *request, conform_result_fn *each, void *user);

#endif
