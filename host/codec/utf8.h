/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Whether bytes are a text: UTF-8 (RFC 3629) without a NUL: no overlong form, no surrogate, nothing
 * above U+10FFFF, no sequence cut off at the end. ASCII is passed over 8 and 16 bytes at a time.
 */
#ifndef ZC_CODEC_UTF8_H
#define ZC_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool zc_utf8_is_text(const void *bytes, size_t size);

#endif
