# SPDX-License-Identifier: BSD-3-Clause
# Failing servers and connections, failing allocations: on every provider that is built.
failure_programs = tests/integration/failure-test tests/integration/allocation-failure-test
check_PROGRAMS += $(failure_programs)
TESTS += $(failure_programs)
tests_integration_failure_test_CPPFLAGS = $(TEST_CPPFLAGS) $(FAILURE_PROVIDERS)
tests_integration_failure_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_integration_allocation_failure_test_CPPFLAGS = $(TEST_CPPFLAGS) $(FAILURE_PROVIDERS)
tests_integration_allocation_failure_test_SOURCES = %D%/allocation-failure-test.c \
	%D%/allocation-trials.c %D%/allocation-trials.h
tests_integration_allocation_failure_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
FAILURE_PROVIDERS =
if PLUGIN_REDIS
FAILURE_PROVIDERS += -DHAVE_REDIS $(REDIS_CFLAGS)
endif
if PLUGIN_MEMCACHED
FAILURE_PROVIDERS += -DHAVE_MEMCACHED
endif
if PLUGIN_LMDB
FAILURE_PROVIDERS += -DHAVE_LMDB
endif
