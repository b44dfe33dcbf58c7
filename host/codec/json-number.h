/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Numbers of JSON for fields, but for plain integers, which the decoder stores itself. JSON knows
 * one kind of number: 1.0 and 1e3 are integers too, and are read into integer fields.
 */
#ifndef ZC_CODEC_JSON_NUMBER_H
#define ZC_CODEC_JSON_NUMBER_H

#include "base/decimal.h"
#include "codec/json-scan.h"

/* Stores a number that is no ZC_NUMBER_INTEGER. False: the field cannot hold it. */
bool zc_json_store_number(const zc_field *field, void *to, const zc_number *number);

/* "byte 17: user.age: 300 is out of range (uint8)", of the number from `at` to `end`, which
 * reader->field cannot hold. Returns NULL. */
const unsigned char *zc_json_refuse_number(zc_json_reader *reader, const unsigned char *at,
                                           const unsigned char *end) __attribute__((cold));

#endif
