# SPDX-License-Identifier: BSD-3-Clause
include %D%/cli.mk

include %D%/cpp.mk
include %D%/memcached.mk
include %D%/lmdb.mk
include %D%/failure.mk
include %D%/filters.mk

# The redis provider on real and on hostile servers.
if PLUGIN_REDIS
check_LTLIBRARIES += tests/integration/libredis-cache.la
tests_integration_libredis_cache_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_libredis_cache_la_SOURCES = %D%/redis-cache.c %D%/redis-cache.h
REDIS_TESTS = \
	tests/integration/redis-test \
	tests/integration/redis-fault-test \
	tests/integration/redis-memory-test \
	tests/integration/redis-process-test
check_PROGRAMS += $(REDIS_TESTS)
TESTS += $(REDIS_TESTS)
REDIS_TEST_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/plugins $(REDIS_CFLAGS)
REDIS_TEST_LIBS = tests/integration/libredis-cache.la $(SUPPORT_LIBS) $(TEST_LIBS) $(REDIS_LIBS)
tests_integration_redis_test_CPPFLAGS = $(REDIS_TEST_CPPFLAGS)
tests_integration_redis_test_SOURCES = %D%/redis-test.c plugins/redis/scripts.c
tests_integration_redis_test_LDADD = $(REDIS_TEST_LIBS)
tests_integration_redis_fault_test_CPPFLAGS = $(REDIS_TEST_CPPFLAGS)
tests_integration_redis_fault_test_LDADD = $(REDIS_TEST_LIBS)
tests_integration_redis_memory_test_CPPFLAGS = $(REDIS_TEST_CPPFLAGS)
tests_integration_redis_memory_test_LDADD = $(REDIS_TEST_LIBS)
tests_integration_redis_process_test_CPPFLAGS = $(REDIS_TEST_CPPFLAGS)
tests_integration_redis_process_test_LDADD = $(REDIS_TEST_LIBS)
endif

if PLUGIN_MEMORY
if PLUGIN_REDIS
check_LTLIBRARIES += tests/integration/libcontrol-harness.la
tests_integration_libcontrol_harness_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_libcontrol_harness_la_SOURCES = %D%/control-harness.c %D%/control-harness.h
check_PROGRAMS += tests/integration/control-test tests/integration/control-socket-test
TESTS += tests/integration/control-test tests/integration/control-socket-test
tests_integration_control_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_control_test_LDADD = \
	tests/integration/libcontrol-harness.la $(SUPPORT_LIBS) $(TEST_LIBS)
tests_integration_control_socket_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_control_socket_test_LDADD = \
	tests/integration/libcontrol-harness.la $(SUPPORT_LIBS) $(TEST_LIBS)
endif
endif

if PLUGIN_MEMORY
check_PROGRAMS += tests/integration/typed-memory-test
TESTS += tests/integration/typed-memory-test
tests_integration_typed_memory_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_typed_memory_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
endif

# Plugins met through the public API, and what is exported.
check_PROGRAMS += tests/integration/plugin-refusal-test
tests_integration_plugin_refusal_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_integration_plugin_refusal_test_SOURCES = %D%/plugin-refusal-test.c \
	tests/fixtures/fixture-files.h
tests_integration_plugin_refusal_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
TESTS += tests/integration/plugin-refusal-test
TESTS += %D%/exported-symbols.sh
EXTRA_DIST += %D%/exported-symbols.sh
TESTS += %D%/readme-test.sh %D%/install-test.sh %D%/installed-plugin-test.sh %D%/examples-test.sh \
	%D%/man-test.sh
EXTRA_DIST += %D%/readme-test.sh %D%/install-test.sh %D%/installed-plugin-test.sh %D%/examples-test.sh \
	%D%/man-test.sh


# A program with plugins inside.
if STATIC_LIBRARIES
if PLUGIN_MEMORY
check_PROGRAMS += tests/integration/static-test
TESTS += tests/integration/static-test
if PLUGIN_REDIS
STATIC_TEST_REDIS = -dlpreopen plugins/redis.la
STATIC_TEST_NAMES = memory redis
else
STATIC_TEST_REDIS =
STATIC_TEST_NAMES = memory
endif
tests_integration_static_test_CPPFLAGS = $(TEST_CPPFLAGS) -DLINKED_IN='"$(STATIC_TEST_NAMES) "'
tests_integration_static_test_LDFLAGS = $(AM_LDFLAGS) -static
tests_integration_static_test_LDADD = -dlpreopen plugins/memory.la $(STATIC_TEST_REDIS) \
	$(SUPPORT_LIBS) $(TEST_LIBS) $(LTDL_LIBS)
endif
endif
