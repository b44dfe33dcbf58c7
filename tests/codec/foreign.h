/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Documents as other writers make them: the same value in other words (another order of the fields,
 * fields that we do not know, numbers in longer forms, white space, escapes), and any document at
 * all. msgpack-c's objects are what the values are written from; jansson and msgpack-c write the
 * others. Each function appends to a stream.
 */
#ifndef TESTS_CODEC_FOREIGN_H
#define TESTS_CODEC_FOREIGN_H

#include <msgpack.h>
#include <stdio.h>

#include "values.h"

/* The same value in other words. Without NaN, infinities and extension types. */
void foreign_json(values *random, const msgpack_object *object, FILE *out);
void foreign_msgpack(values *random, const msgpack_object *object, FILE *out);

/* Any document, of at most `depth` levels. */
void any_json(values *random, unsigned depth, FILE *out);
void any_msgpack(values *random, unsigned depth, FILE *out);

#endif
