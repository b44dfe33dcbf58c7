/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Random bits that are the same in every run: Sebastiano Vigna's SplitMix64.
 */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdint.h>

/* All 64 bits are random; `state` is any number at first. */
static inline uint64_t random_bits(uint64_t *state)
{
    uint64_t bits = *state += UINT64_C(0x9E3779B97F4A7C15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

/* 0 to limit - 1. */
static inline unsigned random_below(uint64_t *state, unsigned limit)
{
    return (unsigned)((random_bits(state) >> 32) * limit >> 32);
}

#endif
