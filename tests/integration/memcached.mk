# SPDX-License-Identifier: BSD-3-Clause
# The memcached provider on real and on hostile servers.
if PLUGIN_MEMCACHED
check_LTLIBRARIES += tests/integration/libmemcached-harness.la
tests_integration_libmemcached_harness_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_libmemcached_harness_la_SOURCES = \
	%D%/memcached-harness.c %D%/memcached-harness.h
MEMCACHED_TEST_LIBS = tests/integration/libmemcached-harness.la $(SUPPORT_LIBS) $(TEST_LIBS)
MEMCACHED_TESTS = \
	tests/integration/memcached-test \
	tests/integration/memcached-counter-test \
	tests/integration/memcached-scan-test \
	tests/integration/memcached-fault-test
check_PROGRAMS += $(MEMCACHED_TESTS)
TESTS += $(MEMCACHED_TESTS)
tests_integration_memcached_test_CPPFLAGS = $(TEST_CPPFLAGS) $(MEMCACHED_CFLAGS)
tests_integration_memcached_test_LDADD = $(MEMCACHED_TEST_LIBS) $(MEMCACHED_LIBS)
tests_integration_memcached_counter_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_memcached_counter_test_LDADD = $(MEMCACHED_TEST_LIBS)
tests_integration_memcached_scan_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_memcached_scan_test_LDADD = $(MEMCACHED_TEST_LIBS)
tests_integration_memcached_fault_test_CPPFLAGS = $(TEST_CPPFLAGS) $(MEMCACHED_CFLAGS)
tests_integration_memcached_fault_test_LDADD = $(MEMCACHED_TEST_LIBS) $(MEMCACHED_LIBS)
endif
