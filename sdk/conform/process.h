/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The process of one check: prepares what the check needs, runs it, and writes the verdict.
 */
#ifndef SDK_CONFORM_PROCESS_H
#define SDK_CONFORM_PROCESS_H

#include "check.h"

/* The record on the pipe: a letter, the reason, a 0 byte; written at once. */
#define CONFORM_RECORD_MAX     2048 /* less than PIPE_BUF */
#define CONFORM_LETTER_PASSED  '+'
#define CONFORM_LETTER_FAILED  '-'
#define CONFORM_LETTER_SKIPPED '#'
/* In the place of a reason, where the check has passed, stands the plugin's kind as a byte. */

__attribute__((noreturn)) void conform_child(const conform_request *request,
                                             const conform_check *check, int record);

#endif
