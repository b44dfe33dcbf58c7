# SPDX-License-Identifier: BSD-3-Clause
# The tests of host/codec/.

CODEC_UNIT_TESTS = \
	tests/unit/base64-test \
	tests/unit/decimal-read-test \
	tests/unit/decimal-write-test \
	tests/unit/plan-test \
	tests/unit/powers-test \
	tests/unit/utf8-test
check_PROGRAMS += $(CODEC_UNIT_TESTS)
TESTS += $(CODEC_UNIT_TESTS)
tests_unit_base64_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_base64_test_LDADD = $(UNIT_LIBS)
tests_unit_decimal_read_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_decimal_read_test_LDADD = $(UNIT_LIBS) -lm
tests_unit_decimal_write_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_decimal_write_test_LDADD = $(UNIT_LIBS) -lm
tests_unit_plan_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_plan_test_LDADD = $(SUPPORT_LIBS) $(UNIT_LIBS)
tests_unit_powers_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_powers_test_LDADD = $(UNIT_LIBS)
tests_unit_utf8_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_utf8_test_LDADD = $(UNIT_LIBS)
