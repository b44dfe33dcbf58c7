# SPDX-License-Identifier: BSD-3-Clause
# The lmdb provider: on real directories, with real processes that are killed.
if PLUGIN_LMDB
check_LTLIBRARIES += tests/integration/liblmdb-harness.la
tests_integration_liblmdb_harness_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_liblmdb_harness_la_SOURCES = %D%/lmdb-harness.c %D%/lmdb-harness.h
LMDB_TEST_LIBS = tests/integration/liblmdb-harness.la $(SUPPORT_LIBS) $(TEST_LIBS)
LMDB_TESTS = \
	tests/integration/lmdb-test \
	tests/integration/lmdb-process-test \
	tests/integration/lmdb-crash-test \
	tests/integration/lmdb-damage-test
check_PROGRAMS += $(LMDB_TESTS)
TESTS += $(LMDB_TESTS)
tests_integration_lmdb_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_lmdb_test_LDADD = $(LMDB_TEST_LIBS)
tests_integration_lmdb_process_test_CPPFLAGS = $(TEST_CPPFLAGS) $(LMDB_CFLAGS)
tests_integration_lmdb_process_test_LDADD = $(LMDB_TEST_LIBS) $(LMDB_LIBS)
tests_integration_lmdb_crash_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_lmdb_crash_test_LDADD = $(LMDB_TEST_LIBS)
tests_integration_lmdb_damage_test_CPPFLAGS = $(TEST_CPPFLAGS) $(LMDB_CFLAGS)
tests_integration_lmdb_damage_test_LDADD = $(LMDB_TEST_LIBS) $(LMDB_LIBS)
endif
