/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Temporary directories for tests: private (0700), with a path short enough for Unix sockets, and
 * removed with everything in them when the process that made them exits.
 */
#ifndef TESTS_SUPPORT_TEMP_H
#define TESTS_SUPPORT_TEMP_H

#include <stddef.h>
#include <sys/types.h>

/* Makes a directory. The path is valid until exit. Ends the process if it cannot be made. */
const char *temp_dir(void);

/* Writes `text` to the file `name` in `dir` with `mode`, and gives its path, valid until exit. */
const char *temp_file(const char *dir, const char *name, const char *text, mode_t mode);

#endif
