/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The quick way through MessagePack: pairs in the order of the fields, and elements, whose values
 * are in the form that our own encoder gives them. Where something is not so, or is wrong, or needs
 * a larger block, it stops, without a word; msgpack-decode.c then goes the long way.
 *
 * Each field has a step: a function that compares the name, reads the value, and ends with a jump to
 * the step of the next field, with all that it knows in registers. The technique is upb's
 * (https://blog.reverberate.org/2021/04/21/musttail-efficient-interpreters.html).
 *
 * Names and values are loaded as words of fixed sizes, without a look at the end before:
 * MSGPACK_AHEAD bytes are there to be loaded behind any `at` up to self->limit. Before the last of
 * them are reached, zc_msgpack_tail() goes on in a copy. Behind that come bytes which end each name
 * and text, so that only a number can be read beyond the end. Whoever is returned an `at` that is
 * there refuses it.
 */
#ifndef ZC_CODEC_MSGPACK_QUICK_H
#define ZC_CODEC_MSGPACK_QUICK_H

#include "codec/msgpack-read.h"
#include "codec/plan.h"

#define ZC_LIKELY(condition)   __builtin_expect(condition, 1)
#define ZC_UNLIKELY(condition) __builtin_expect(condition, 0)

/* Reads pairs of `value` from `field` on, up to the one before `last`; one at least. Returns where it
 * stopped, and in self->next the field that it stopped at: `last` if all were read. `is_blank` tells
 * whether the fields are as in plan->initial. */
static inline const unsigned char *
zc_msgpack_quick_pairs(zc_msgpack_reader *self, const unsigned char *at, const zc_field *field,
                       const zc_field *last, char *value, bool is_blank)
{
    self->last = last;
    self->is_blank = is_blank;
    return field->msgpack_step(self, at, field, value);
}

/* The step of a field whose other members are known. */
zc_msgpack_step *zc_msgpack_step_of(const zc_field *field, bool has_default);

/* The step of what is behind the last field. */
zc_msgpack_step zc_msgpack_stop;

/* Reads elements of an array. Returns where it stopped; `*element` and `*count` tell what is left. */
const unsigned char *zc_msgpack_quick_elements(zc_msgpack_reader *self, const unsigned char *at,
                                               const zc_field *field, char **element,
                                               size_t *count);

/* Whether a name is here; `at` is not behind the limit. */
bool zc_msgpack_is_name(const zc_msgpack_reader *self, const unsigned char *at,
                        const zc_msgpack_name *name);

#endif
