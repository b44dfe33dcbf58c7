/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Prints powers.c: `make host/base/powers-generate && host/base/powers-generate > …/powers.c`.
 *
 * 10^q has the significant bits of 5^q. One long number begins as a power of two and is multiplied
 * by 5 again and again, or divided by 5: each division rounds down, and so, as
 * floor(floor(x / 5) / 5) is floor(x / 25), all of them together do so once. The top 128 bits are
 * what the table holds.
 */
#include <stdio.h>

#include "base/powers.h"

/* 5^342 has 795 bits. Above the one that is 1 at first there is room for as many, and below it for
 * as many and 128 more. */
#define LIMBS 64
#define FIRST 32

/* The least significant comes first. */
static uint32_t number[LIMBS];

static void number_reset(void)
{
    for (int i = 0; i < LIMBS; i++)
        number[i] = i == FIRST;
}

static void number_multiply_by_5(void)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)number[i] * 5;
        number[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void number_divide_by_5(void)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | number[i];
        number[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

static zc_power number_top(void)
{
    int top = LIMBS - 1;
    while (number[top] == 0)
        top--;
    zc_power power = {(uint64_t)number[top] << 32 | number[top - 1],
                      (uint64_t)number[top - 2] << 32 | number[top - 3]};
    uint32_t next = number[top - 4];
    for (; power.high >> 63 == 0; next <<= 1) {
        power.high = power.high << 1 | power.low >> 63;
        power.low = power.low << 1 | next >> 31;
    }
    return power;
}

int main(void)
{
    static zc_power powers[ZC_POWER_MAX - ZC_POWER_MIN + 1];
    number_reset();
    for (int q = 0; q <= ZC_POWER_MAX; q++, number_multiply_by_5())
        powers[q - ZC_POWER_MIN] = number_top();
    number_reset();
    for (int q = 0; q >= ZC_POWER_MIN; q--, number_divide_by_5())
        powers[q - ZC_POWER_MIN] = number_top();

    puts("/* SPDX-License-Identifier: BSD-3-Clause\n"
         " * Copyright (c) The zcache authors\n"
         " *\n"
         " * Powers of ten, as powers.h tells. Written by powers-generate.c; do not edit.\n"
         " */\n"
         "#include \"base/powers.h\"\n"
         "\n"
         "/* clang-format off */\n"
         "const zc_power zc_powers[] = {");
    for (int q = ZC_POWER_MIN; q <= ZC_POWER_MAX; q++) {
        zc_power power = powers[q - ZC_POWER_MIN];
        int first = (q - ZC_POWER_MIN) % 2 == 0;
        printf("%s{0x%016llx, 0x%016llx},%s", first ? "    " : " ", (unsigned long long)power.high,
               (unsigned long long)power.low, first ? "" : "\n");
    }
    puts("\n};");
    return ferror(stdout) != 0 || fclose(stdout) != 0;
}
