/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * "Did you mean …?": which of the known words a mistyped one is nearest to.
 */
#ifndef ZC_CONFIG_SUGGEST_H
#define ZC_CONFIG_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* How many characters must be inserted, deleted, changed or swapped with a neighbour to make one of
 * the other; letter case is ignored. SIZE_MAX if a word is longer than 64 bytes. */
size_t zc_suggest_distance(const char *a, const char *b);

/* Whether one is probably the other mistyped: up to a third of the longer one differs, and one
 * character may always (not all of them). */
bool zc_suggest_near(const char *a, const char *b);

#endif
