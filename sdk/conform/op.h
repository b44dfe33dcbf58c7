/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Each operation in the same form, for what must hold of all of them: on one key, in one call.
 */
#ifndef SDK_CONFORM_OP_H
#define SDK_CONFORM_OP_H

#include "check.h"

/* Those on keys first. */
typedef enum conform_op {
    CONFORM_GET,
    CONFORM_SET,
    CONFORM_DEL,
    CONFORM_PEEK,
    CONFORM_TOUCH,
    CONFORM_INCR,
    CONFORM_SCAN,
    CONFORM_CLEAR,
    CONFORM_PING,
    CONFORM_STATS,
    CONFORM_OPS
} conform_op;
extern const char *const conform_op_names[CONFORM_OPS];

bool conform_op_is_there(const conform *c, conform_op op);
/* Runs it, watched, on the key "a" or on all keys of the check; the key's status, or the whole's. */
zcache_status conform_op_run(conform *c, conform_op op, const zcache_call *call);

#endif
