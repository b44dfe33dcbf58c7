/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How a field is written as MessagePack: chosen when its plan is made (msgpack-encode.c).
 */
#ifndef ZC_CODEC_MSGPACK_WRITE_H
#define ZC_CODEC_MSGPACK_WRITE_H

#include "codec/plan.h"

/* The step of a field whose other members are known. */
zc_msgpack_write *zc_msgpack_write_of(const zc_field *field);

#endif
