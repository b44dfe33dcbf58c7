# SPDX-License-Identifier: BSD-3-Clause
# Parts of the filters, by themselves.

if PLUGIN_FAULT
check_PROGRAMS += tests/unit/fault-pattern-test
TESTS += tests/unit/fault-pattern-test
tests_unit_fault_pattern_test_SOURCES = %D%/fault-pattern-test.c plugins/fault/pattern.c
tests_unit_fault_pattern_test_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_fault_pattern_test_LDADD = $(SUPPORT_LIBS) $(UNIT_LIBS)
endif

if PLUGIN_STATS
check_PROGRAMS += tests/unit/stats-histogram-test
TESTS += tests/unit/stats-histogram-test
tests_unit_stats_histogram_test_SOURCES = %D%/stats-histogram-test.c plugins/stats/histogram.c
tests_unit_stats_histogram_test_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_stats_histogram_test_LDADD = $(SUPPORT_LIBS) $(UNIT_LIBS)
endif
