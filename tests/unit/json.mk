# SPDX-License-Identifier: BSD-3-Clause
# The tests of the JSON codec.

check_LTLIBRARIES += tests/unit/libjson-harness.la
tests_unit_libjson_harness_la_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_libjson_harness_la_SOURCES = %D%/json-harness.c %D%/json-harness.h \
	%D%/json-cases.h
JSON_TEST_LIBS = tests/unit/libjson-harness.la $(UNIT_LIBS)
JSON_TESTS = \
	tests/unit/json-decode-test \
	tests/unit/json-encode-test \
	tests/unit/json-fields-test \
	tests/unit/json-grammar-test \
	tests/unit/json-portable-encode-test \
	tests/unit/json-portable-fields-test \
	tests/unit/json-portable-grammar-test
check_PROGRAMS += $(JSON_TESTS)
TESTS += $(JSON_TESTS)
tests_unit_json_decode_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_decode_test_LDADD = $(JSON_TEST_LIBS)
tests_unit_json_encode_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_encode_test_LDADD = $(JSON_TEST_LIBS)
tests_unit_json_fields_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_fields_test_LDADD = $(JSON_TEST_LIBS)
tests_unit_json_grammar_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_grammar_test_LDADD = $(JSON_TEST_LIBS)

# The same without the instructions of this machine.
JSON_PORTABLE_CPPFLAGS = $(UNIT_CPPFLAGS) -U__SSE2__
JSON_PORTABLE_SOURCES = host/codec/json-encode.c host/codec/json-decode.c host/codec/json-number.c \
	host/codec/json-scan.c
tests_unit_json_portable_encode_test_CPPFLAGS = $(JSON_PORTABLE_CPPFLAGS)
tests_unit_json_portable_encode_test_SOURCES = %D%/json-encode-test.c $(JSON_PORTABLE_SOURCES)
tests_unit_json_portable_encode_test_LDADD = $(JSON_TEST_LIBS)
tests_unit_json_portable_fields_test_CPPFLAGS = $(JSON_PORTABLE_CPPFLAGS)
tests_unit_json_portable_fields_test_SOURCES = %D%/json-fields-test.c $(JSON_PORTABLE_SOURCES)
tests_unit_json_portable_fields_test_LDADD = $(JSON_TEST_LIBS)
tests_unit_json_portable_grammar_test_CPPFLAGS = $(JSON_PORTABLE_CPPFLAGS)
tests_unit_json_portable_grammar_test_SOURCES = %D%/json-grammar-test.c $(JSON_PORTABLE_SOURCES)
tests_unit_json_portable_grammar_test_LDADD = $(JSON_TEST_LIBS)
