/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Settings from the environment, copied once when a configuration is loaded: ZCACHE_<SECTION>_<KEY>
 * in general, and some variables with names of their own, ours and other people's. A set-uid
 * program has no environment here.
 */
#ifndef ZC_CONFIG_ENVIRONMENT_H
#define ZC_CONFIG_ENVIRONMENT_H

#include "config/settings.h"

/* The longest name of a variable that can matter. */
#define ZC_VARIABLE_MAX 160

/* Copies what matters of the environment into settings->variables. Refuses variables that begin
 * with ZCACHE_ and look like one of ours mistyped. As with getenv, no other thread may change the
 * environment meanwhile. */
zcache_status zc_environment_load(zc_settings *settings);

/* The path in ZCACHE_CONF, valid until the environment changes; NULL if there is none. */
const char *zc_environment_file(void);

/* The variable that counts for a key, or NULL. */
const zc_setting *zc_environment_find(const zc_settings *settings, const char *section,
                                      const char *key);

/* What follows the prefix of `part` in a variable's name, as "TIMEOUT"; NULL if the variable is
 * none of that part's. */
const char *zc_environment_rest(const zc_setting *variable, const char *part);

/* Whether `rest`, as zc_environment_rest gives it, stands for `word`. */
bool zc_environment_means(const char *rest, const char *word);

/* Whether two words have the same form in a variable's name. */
bool zc_environment_same(const char *a, const char *b);

/* Whether the variable's text is a list separated by colons, as in PATH. */
bool zc_environment_is_path(const zc_setting *variable);

#endif
