# SPDX-License-Identifier: BSD-3-Clause
# Codecs by what they write and read, and how they are found.

check_LTLIBRARIES += tests/unit/libcodec-harness.la
tests_unit_libcodec_harness_la_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_libcodec_harness_la_SOURCES = %D%/codec-harness.c %D%/codec-harness.h %D%/codec-types.h
CODEC_HARNESS_LIBS = tests/unit/libcodec-harness.la $(SUPPORT_LIBS) $(UNIT_LIBS)
CODEC_HARNESS_TESTS = \
	tests/unit/msgpack-damage-test \
	tests/unit/msgpack-number-test \
	tests/unit/msgpack-portable-test \
	tests/unit/msgpack-quick-test \
	tests/unit/msgpack-test \
	tests/unit/registry-test \
	tests/unit/tokens-test
check_PROGRAMS += $(CODEC_HARNESS_TESTS)
TESTS += $(CODEC_HARNESS_TESTS)
tests_unit_msgpack_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_msgpack_test_LDADD = $(CODEC_HARNESS_LIBS)
tests_unit_msgpack_number_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_msgpack_number_test_LDADD = $(CODEC_HARNESS_LIBS) -lm
tests_unit_msgpack_quick_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_msgpack_quick_test_LDADD = $(CODEC_HARNESS_LIBS)
# The same without the instructions of this machine.
tests_unit_msgpack_portable_test_CPPFLAGS = $(UNIT_CPPFLAGS) -U__SSE2__
tests_unit_msgpack_portable_test_SOURCES = %D%/msgpack-quick-test.c host/codec/msgpack-decode.c \
	host/codec/msgpack-encode.c host/codec/msgpack-quick.c host/codec/msgpack-read.c \
	host/codec/utf8.c
tests_unit_msgpack_portable_test_LDADD = $(CODEC_HARNESS_LIBS)
tests_unit_msgpack_damage_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_msgpack_damage_test_LDADD = $(CODEC_HARNESS_LIBS)
tests_unit_registry_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_registry_test_LDADD = $(CODEC_HARNESS_LIBS)
tests_unit_tokens_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_tokens_test_LDADD = $(CODEC_HARNESS_LIBS)

if PLUGIN_CBOR
check_PROGRAMS += tests/unit/cbor-test
TESTS += tests/unit/cbor-test
tests_unit_cbor_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_cbor_test_LDADD = $(CODEC_HARNESS_LIBS) -lm
endif
