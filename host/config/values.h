/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How numbers, sizes and durations are written in a configuration: text to number and back.
 */
#ifndef ZC_CONFIG_VALUES_H
#define ZC_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* Each reads the whole text and returns NULL, or why it is refused: "a duration needs a unit, …".
 */
const char *zc_value_int(const char *text, int64_t *number);
/* Bytes: "4096", "64k", "64KiB", "1.5g": powers of 1024. */
const char *zc_value_size(const char *text, int64_t *bytes);
/* Milliseconds: "500ms 30s 15m 1h 7d", also together from large to small as "1h30m"; "never" is
 * -1. */
const char *zc_value_duration(const char *text, int64_t *ms);
const char *zc_value_bool(const char *text, bool *truth);
/* 0 to 1: "0.1", "10%", "1e-3". The nearest double, in every locale. */
const char *zc_value_fraction(const char *text, double *fraction);

#define ZC_VALUE_SHOWN_MAX 32

/* The other way, as short as it can be written without loss: "64KiB", "90s", "never". */
const char *zc_value_show_int(int64_t number, char shown[ZC_VALUE_SHOWN_MAX]);
const char *zc_value_show_size(int64_t bytes, char shown[ZC_VALUE_SHOWN_MAX]);
const char *zc_value_show_duration(int64_t ms, char shown[ZC_VALUE_SHOWN_MAX]);

#endif
