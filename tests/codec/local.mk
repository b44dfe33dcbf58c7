# SPDX-License-Identifier: BSD-3-Clause
# The codecs met from outside: any value, any bytes, and other libraries' opinion.

# What these tests and the fuzzers share: no cmocka.
CODEC_HARNESS_SOURCES = \
	tests/codec/harness.c tests/codec/harness.h tests/fixtures/tagged.h \
	tests/codec/types.h \
	tests/codec/values.c tests/codec/values.h

check_LTLIBRARIES += tests/codec/libcodec-harness.la
CODEC_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/tests
tests_codec_libcodec_harness_la_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_codec_libcodec_harness_la_SOURCES = $(CODEC_HARNESS_SOURCES)

CODEC_TESTS = tests/codec/property-test
check_PROGRAMS += $(CODEC_TESTS)
TESTS += $(CODEC_TESTS)
CODEC_TEST_LIBS = tests/codec/libcodec-harness.la $(UNIT_LIBS)
tests_codec_property_test_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_codec_property_test_LDADD = $(CODEC_TEST_LIBS)
