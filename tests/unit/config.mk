# SPDX-License-Identifier: BSD-3-Clause
# The tests of host/config/.

check_LTLIBRARIES += tests/unit/libconfig-harness.la
tests_unit_libconfig_harness_la_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_libconfig_harness_la_SOURCES = %D%/config-harness.c %D%/config-harness.h
CONFIG_TEST_LIBS = tests/unit/libconfig-harness.la $(SUPPORT_LIBS) $(UNIT_LIBS)
CONFIG_TESTS = \
	tests/unit/config-values-test \
	tests/unit/config-ini-test \
	tests/unit/config-options-test \
	tests/unit/config-load-test \
	tests/unit/config-swap-test \
	tests/unit/config-memory-test \
	tests/unit/config-files-test
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
tests_unit_config_values_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_values_test_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_config_ini_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_ini_test_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_config_options_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_options_test_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_config_load_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_load_test_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_config_swap_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_swap_test_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_config_memory_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_config_memory_test_LDADD = $(CONFIG_TEST_LIBS)

BUILT_PLUGINS =
if PLUGIN_MEMORY
BUILT_PLUGINS += memory
endif
if PLUGIN_REDIS
BUILT_PLUGINS += redis
endif
if PLUGIN_MEMCACHED
BUILT_PLUGINS += memcached
endif
tests_unit_config_files_test_CPPFLAGS = $(UNIT_CPPFLAGS) -DBUILT_PLUGINS='"$(BUILT_PLUGINS)"'
tests_unit_config_files_test_LDADD = $(CONFIG_TEST_LIBS)
