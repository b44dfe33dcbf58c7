# SPDX-License-Identifier: BSD-3-Clause
# Fuzzers of the decoders: `make fuzz`. Their corpora run in `make check` too.

FUZZ_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
FUZZ_LIBS = tests/codec/libcodec-harness.la host/libhost.la

check_PROGRAMS += tests/fuzz/replay-test
TESTS += tests/fuzz/replay-test
tests_fuzz_replay_test_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_test_SOURCES = %D%/replay-test.c %D%/fuzz.c %D%/fuzz.h
tests_fuzz_replay_test_LDADD = $(FUZZ_LIBS)

# Built where the compiler has -fsanitize=fuzzer: tests/fuzz/run.
FUZZERS = \
	tests/fuzz/json-fuzzer \
	tests/fuzz/msgpack-fuzzer \
	tests/fuzz/tokens-fuzzer \
	tests/fuzz/bytes-fuzzer \
	tests/fuzz/string-fuzzer
if PLUGIN_CBOR
FUZZERS += tests/fuzz/cbor-fuzzer
endif
FUZZ_SOURCES = %D%/target.c %D%/fuzz.c %D%/fuzz.h
FUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_PROGRAMS += $(FUZZERS)
tests_fuzz_json_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=json
tests_fuzz_json_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_json_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_json_fuzzer_LDADD = $(FUZZ_LIBS)
tests_fuzz_msgpack_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=msgpack
tests_fuzz_msgpack_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_msgpack_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_msgpack_fuzzer_LDADD = $(FUZZ_LIBS)
tests_fuzz_tokens_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=tokens
tests_fuzz_tokens_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_tokens_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_tokens_fuzzer_LDADD = $(FUZZ_LIBS)
tests_fuzz_cbor_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=cbor
tests_fuzz_cbor_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_cbor_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_cbor_fuzzer_LDADD = $(FUZZ_LIBS)
tests_fuzz_bytes_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=bytes
tests_fuzz_bytes_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_bytes_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_bytes_fuzzer_LDADD = $(FUZZ_LIBS)
tests_fuzz_string_fuzzer_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DECODER=string
tests_fuzz_string_fuzzer_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_string_fuzzer_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_string_fuzzer_LDADD = $(FUZZ_LIBS)

# Writes seeds of the corpora.
EXTRA_PROGRAMS += tests/fuzz/seeds
tests_fuzz_seeds_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_seeds_LDADD = $(FUZZ_LIBS)

fuzzers: $(FUZZERS)
# For scripts.
print-fuzzers:
	@echo $(FUZZERS)


EXTRA_DIST += %D%/run %D%/corpus %D%/json.dict %D%/msgpack.dict %D%/tokens.dict %D%/cbor.dict %D%/string.dict
