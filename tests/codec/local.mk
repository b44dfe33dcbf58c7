# SPDX-License-Identifier: BSD-3-Clause
# The codecs met from outside: any value, any bytes, and other libraries' opinion.

# What these tests and the fuzzers share: no cmocka.
CODEC_HARNESS_SOURCES = \
	tests/codec/harness.c tests/codec/harness.h tests/fixtures/tagged.h \
	tests/codec/types.h \
	tests/codec/values.c tests/codec/values.h

if PLUGIN_CBOR
CODEC_HARNESS_SOURCES += plugins/cbor/cbor.c
CODEC_CBOR_CPPFLAGS = -DWITH_CBOR $(CBOR_CFLAGS)
endif

check_LTLIBRARIES += tests/codec/libcodec-harness.la
CODEC_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/tests $(CODEC_CBOR_CPPFLAGS)
tests_codec_libcodec_harness_la_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_codec_libcodec_harness_la_SOURCES = $(CODEC_HARNESS_SOURCES)
tests_codec_libcodec_harness_la_LIBADD = $(CBOR_LIBS)

CODEC_TESTS = tests/codec/drift-test tests/codec/property-test
check_PROGRAMS += $(CODEC_TESTS)
TESTS += $(CODEC_TESTS)
CODEC_TEST_LIBS = tests/codec/libcodec-harness.la $(UNIT_LIBS)
tests_codec_drift_test_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_codec_drift_test_LDADD = $(CODEC_TEST_LIBS)
tests_codec_property_test_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_codec_property_test_LDADD = $(CODEC_TEST_LIBS)

# jansson's and msgpack-c's opinion.
if HAVE_JANSSON
if HAVE_MSGPACK_C
check_PROGRAMS += tests/codec/opinion-test
TESTS += tests/codec/opinion-test
tests_codec_opinion_test_CPPFLAGS = $(CODEC_TEST_CPPFLAGS) $(JANSSON_CFLAGS) $(MSGPACK_C_CFLAGS)
tests_codec_opinion_test_SOURCES = %D%/opinion-test.c %D%/foreign.c %D%/foreign.h
tests_codec_opinion_test_LDADD = $(CODEC_TEST_LIBS) $(JANSSON_LIBS) $(MSGPACK_C_LIBS)
endif
endif
