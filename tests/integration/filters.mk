# SPDX-License-Identifier: BSD-3-Clause
# The filters fault and stats, above memory and redis.

if PLUGIN_MEMORY
if PLUGIN_REDIS
if PLUGIN_FAULT
if PLUGIN_STATS
FILTER_TESTS = tests/integration/fault-filter-test tests/integration/stats-filter-test
check_PROGRAMS += $(FILTER_TESTS)
TESTS += $(FILTER_TESTS)
TESTS += %D%/filter-check-test.sh
FILTER_HARNESS = %D%/filter-harness.c %D%/filter-harness.h tests/fixtures/fixture-files.h
tests_integration_fault_filter_test_SOURCES = %D%/fault-filter-test.c $(FILTER_HARNESS)
tests_integration_fault_filter_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_fault_filter_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_integration_stats_filter_test_SOURCES = %D%/stats-filter-test.c $(FILTER_HARNESS)
tests_integration_stats_filter_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_stats_filter_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
endif
endif
endif
endif
EXTRA_DIST += %D%/filter-check-test.sh
