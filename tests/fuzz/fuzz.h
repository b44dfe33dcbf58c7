/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What a fuzzer gives to a decoder, and what must hold whatever it gives (codec_try). A fuzzer is
 * one decoder and an engine's main program: libFuzzer's, AFL++'s, or, for the corpus in `make
 * check`, replay-test.c.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The decoders, each with a corpus of its name. */
#ifdef WITH_CBOR
#define FUZZ_CBOR(X) X(cbor)
#else
#define FUZZ_CBOR(X)
#endif
#define FUZZ_DECODERS(X) X(json) X(msgpack) X(tokens) FUZZ_CBOR(X) X(bytes) X(string)

#define FUZZ_DECLARE(decoder) void fuzz_##decoder(const uint8_t *data, size_t size);
FUZZ_DECODERS(FUZZ_DECLARE)
#undef FUZZ_DECLARE

#endif
