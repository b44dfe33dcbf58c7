/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What holds for every value, on every codec: random values of rich types come back as they were,
 * cut and damaged ones are refused or are other values, and never more than that. Seeds are printed
 * where a test fails; ZCACHE_TEST_SEED sets the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "harness.h"
#include "types.h"
#include "values.h"

static const codec_under_test *const codecs[] = {&codec_json, &codec_msgpack, &codec_tokens,
#ifdef WITH_CBOR
                                                 &codec_cbor
#endif
};
#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

typedef struct subject {
    const zcache_struct *(*type)(void);
    zc_plan *plan;
    unsigned rounds; /* the fewer, the larger its values are */
} subject;
static subject subjects[] = {{numbers_struct, NULL, 1000},
                             {texts_struct, NULL, 250},
                             {label_struct, NULL, 300},
                             {arrays_struct, NULL, 100},
                             {tree_struct, NULL, 60}};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

/* A random value and what one codec makes of it. */
typedef struct trial {
    const codec_under_test *codec;
    const zcache_struct *type;
    const zc_plan *plan;
    uint64_t seed;
    values *random;
    void *value;
    codec_output encoded;
} trial;

#define FAIL(trial, ...)                                                                 \
    do {                                                                                 \
        print_error("%s of %s, seed %#llx: ", (trial)->codec->name, (trial)->type->name, \
                    (unsigned long long)(trial)->seed);                                  \
        print_error(__VA_ARGS__);                                                        \
        print_error("\n%s\n", zc_error_text());                                          \
        fail();                                                                          \
    } while (0)

static void begin_trial(trial *self)
{
    self->random = values_new(self->seed);
    self->value = values_memory(self->random, self->type->size);
    values_fill(self->random, self->type, self->value, self->codec->limits);
    self->encoded = codec_encode(self->codec, self->plan, self->value);
    if (self->encoded.status != ZCACHE_OK)
        FAIL(self, "a good value is not encoded");
}

static void end_trial(trial *self)
{
    free(self->encoded.data);
    values_free(self->random);
}

static void assert_same(const trial *self, const void *value, const char *what)
{
    const char *where;
    if (!values_equal(self->type, self->value, value, &where))
        FAIL(self, "%s: the field %s differs", what, where);
}

/* Runs a check on random values of all types with all codecs, `divisor` times less often than each
 * type allows. */
static void for_all(unsigned divisor, void (*check)(trial *self))
{
    uint64_t seed = values_seed(1);
    for (size_t c = 0; c < CODECS; c++)
        for (size_t s = 0; s < SUBJECTS; s++)
            for (unsigned i = 0; i < subjects[s].rounds / divisor; i++) {
                trial self = {.codec = codecs[c],
                              .type = subjects[s].type(),
                              .plan = subjects[s].plan,
                              .seed = seed + i};
                begin_trial(&self);
                check(&self);
                end_trial(&self);
            }
}

/* ---- good bytes ------------------------------------------------------------------------------ */

static void check_round_trip(trial *self)
{
    codec_value decoded =
        codec_decode(self->codec, self->plan, self->encoded.data, self->encoded.size);
    if (decoded.status != ZCACHE_OK)
        FAIL(self, "what was encoded is not decoded");
    assert_same(self, decoded.value, "decoded");
    codec_output again = codec_encode(self->codec, self->plan, decoded.value);
    if (again.status != ZCACHE_OK || again.size != self->encoded.size ||
        memcmp(again.data, self->encoded.data, again.size) != 0)
        FAIL(self, "equal values are encoded to different bytes");
    free(again.data);
    codec_value_free(&decoded);
}

static void test_values_come_back_and_equal_ones_have_equal_bytes(void **state)
{
    (void)state;
    for_all(1, check_round_trip);
}

static void check_other_codecs(trial *self)
{
    codec_value here =
        codec_decode(self->codec, self->plan, self->encoded.data, self->encoded.size);
    for (size_t c = 0; c < CODECS; c++) {
        if (codecs[c]->limits & ~self->codec->limits)
            continue;
        codec_output encoded = codec_encode(codecs[c], self->plan, here.value);
        codec_value there = codec_decode(codecs[c], self->plan, encoded.data, encoded.size);
        if (there.status != ZCACHE_OK)
            FAIL(self, "%s does not take what was decoded", codecs[c]->name);
        assert_same(self, there.value, codecs[c]->name);
        codec_value_free(&there);
        free(encoded.data);
    }
    codec_value_free(&here);
}

static void test_a_value_moves_from_codec_to_codec_unchanged(void **state)
{
    (void)state;
    for_all(4, check_other_codecs);
}

/* ---- bad bytes ------------------------------------------------------------------------------- */

/* Sizes up to which every byte is tried, and beyond which some are. */
#define EVERY_BYTE 600

static void check_prefixes(trial *self)
{
    size_t size = self->encoded.size, step = 1 + size / EVERY_BYTE;
    for (size_t end = 0; end < size; end += size - end <= 16 ? 1 : step) {
        codec_value cut = codec_decode(self->codec, self->plan, self->encoded.data, end);
        if (cut.status != ZCACHE_E_TYPE)
            FAIL(self, "the first %zu of %zu bytes are taken for a value", end, size);
    }
}

static void test_a_value_that_was_cut_is_refused(void **state)
{
    (void)state;
    for_all(20, check_prefixes);
}

static void check_bytes_after(trial *self)
{
    unsigned char *longer = values_memory(self->random, self->encoded.size + 1);
    memcpy(longer, self->encoded.data, self->encoded.size);
    for (unsigned byte = 0; byte < 256; byte++) {
        if (self->codec == &codec_json && strchr(" \t\r\n", (int)byte) != NULL && byte != 0)
            continue; /* white space is part of the text */
        longer[self->encoded.size] = (unsigned char)byte;
        codec_value decoded = codec_decode(self->codec, self->plan, longer, self->encoded.size + 1);
        if (decoded.status != ZCACHE_E_TYPE)
            FAIL(self, "a byte %#x after the value is ignored", byte);
    }
}

static void test_a_byte_after_the_value_is_refused(void **state)
{
    (void)state;
    for_all(50, check_bytes_after);
}

static void check_damage(trial *self)
{
    unsigned char *bytes = values_memory(self->random, self->encoded.size);
    for (unsigned round = 0; round < 40; round++) {
        memcpy(bytes, self->encoded.data, self->encoded.size);
        for (size_t flips = 1 + values_below(self->random, 3); flips > 0; flips--) {
            size_t at = values_below(self->random, self->encoded.size);
            if (values_below(self->random, 2) == 0)
                bytes[at] ^= (unsigned char)(1u << values_below(self->random, 8));
            else
                bytes[at] = (unsigned char)values_bits(self->random);
        }
        /* ends the program unless what is taken comes back */
        codec_try(self->codec, self->plan, bytes, self->encoded.size);
    }
}

static void test_damaged_bytes_are_refused_or_another_value(void **state)
{
    (void)state;
    for_all(10, check_damage);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void check_blocks(trial *self)
{
    codec_value decoded =
        codec_decode(self->codec, self->plan, self->encoded.data, self->encoded.size);
    size_t needed = decoded.needed, capacity = 0;
    codec_value_free(&decoded);
    for (size_t step = 1 + needed / EVERY_BYTE; capacity < needed; capacity += step) {
        codec_value tried = codec_decode_into(self->codec, self->plan, self->encoded.data,
                                              self->encoded.size, capacity);
        if (tried.status != ZCACHE_E_NOMEM)
            FAIL(self, "a block of %zu bytes is enough, and one of %zu was", capacity, needed);
    }
}

static void test_every_smaller_block_is_too_small(void **state)
{
    (void)state;
    for_all(20, check_blocks);
}

static int make_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUBJECTS; i++)
        subjects[i].plan = codec_plan(subjects[i].type());
    return 0;
}

static int free_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUBJECTS; i++)
        zc_plan_free(subjects[i].plan);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back_and_equal_ones_have_equal_bytes),
        cmocka_unit_test(test_a_value_moves_from_codec_to_codec_unchanged),
        cmocka_unit_test(test_a_value_that_was_cut_is_refused),
        cmocka_unit_test(test_a_byte_after_the_value_is_refused),
        cmocka_unit_test(test_damaged_bytes_are_refused_or_another_value),
        cmocka_unit_test(test_every_smaller_block_is_too_small),
    };
    return cmocka_run_group_tests(tests, make_plans, free_plans);
}
