# SPDX-License-Identifier: BSD-3-Clause

# The memory engine's: they link its sources, not the plugin.
if PLUGIN_MEMORY
check_LTLIBRARIES += tests/unit/libmemory-engine.la
tests_unit_libmemory_engine_la_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/plugins $(XXHASH_CFLAGS)
tests_unit_libmemory_engine_la_SOURCES = $(MEMORY_ENGINE_SOURCES) \
	%D%/memory-harness.c %D%/memory-harness.h
MEMORY_TEST_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/plugins
MEMORY_TEST_LIBS = tests/unit/libmemory-engine.la $(SUPPORT_LIBS) $(TEST_LIBS)
MEMORY_TESTS = \
	tests/unit/memory-engine-test \
	tests/unit/memory-limit-test \
	tests/unit/memory-scan-test \
	tests/unit/memory-threads-test
check_PROGRAMS += $(MEMORY_TESTS)
TESTS += $(MEMORY_TESTS)
tests_unit_memory_engine_test_CPPFLAGS = $(MEMORY_TEST_CPPFLAGS)
tests_unit_memory_engine_test_LDADD = $(MEMORY_TEST_LIBS)
tests_unit_memory_limit_test_CPPFLAGS = $(MEMORY_TEST_CPPFLAGS)
tests_unit_memory_limit_test_LDADD = $(MEMORY_TEST_LIBS)
tests_unit_memory_scan_test_CPPFLAGS = $(MEMORY_TEST_CPPFLAGS)
tests_unit_memory_scan_test_LDADD = $(MEMORY_TEST_LIBS)
tests_unit_memory_threads_test_CPPFLAGS = $(MEMORY_TEST_CPPFLAGS)
tests_unit_memory_threads_test_LDADD = $(MEMORY_TEST_LIBS)
endif

# What plugins share, in plugin.h.
check_PROGRAMS += tests/unit/counter-text-test
TESTS += tests/unit/counter-text-test
tests_unit_counter_text_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_counter_text_test_LDADD = $(CMOCKA_LIBS)

# What tests share.
check_PROGRAMS += tests/unit/child-test
TESTS += tests/unit/child-test %D%/failures-test.sh
EXTRA_DIST += %D%/failures-test.sh
tests_unit_child_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_child_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)

include %D%/codec.mk
include %D%/config.mk
include %D%/json.mk
include %D%/memcached.mk
include %D%/codecs.mk
include %D%/filters.mk

# Keys and patterns of the core.
CORE_UNIT_TESTS = tests/unit/glob-test tests/unit/key-test
check_PROGRAMS += $(CORE_UNIT_TESTS)
TESTS += $(CORE_UNIT_TESTS)
tests_unit_glob_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_glob_test_LDADD = $(UNIT_LIBS)
tests_unit_key_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_key_test_LDADD = $(UNIT_LIBS)

# The redis provider's URLs: its source, not the plugin.
if PLUGIN_REDIS
check_PROGRAMS += tests/unit/redis-url-test
TESTS += tests/unit/redis-url-test
tests_unit_redis_url_test_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_redis_url_test_SOURCES = %D%/redis-url-test.c plugins/redis/url.c
tests_unit_redis_url_test_LDADD = $(CMOCKA_LIBS)
endif

# The loader's.
LOADER_UNIT_TESTS = tests/unit/loader-refusal-test tests/unit/loader-elf-test \
	tests/unit/loader-test tests/unit/loader-descriptor-test tests/unit/loader-memory-test
check_PROGRAMS += $(LOADER_UNIT_TESTS)
TESTS += $(LOADER_UNIT_TESTS)
LOADER_TEST_LIBS = $(SUPPORT_LIBS) $(UNIT_LIBS)
tests_unit_loader_refusal_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_loader_refusal_test_SOURCES = %D%/loader-refusal-test.c tests/fixtures/fixture-files.h
tests_unit_loader_refusal_test_LDADD = $(LOADER_TEST_LIBS)
tests_unit_loader_elf_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_loader_elf_test_SOURCES = %D%/loader-elf-test.c tests/fixtures/fixture-files.h
tests_unit_loader_elf_test_LDADD = $(LOADER_TEST_LIBS)
tests_unit_loader_descriptor_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_loader_descriptor_test_SOURCES = %D%/loader-descriptor-test.c tests/fixtures/fixture-files.h
tests_unit_loader_descriptor_test_LDADD = $(LOADER_TEST_LIBS)
tests_unit_loader_memory_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_loader_memory_test_SOURCES = %D%/loader-memory-test.c tests/fixtures/fixture-files.h
tests_unit_loader_memory_test_LDADD = $(LOADER_TEST_LIBS)
tests_unit_loader_test_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_loader_test_SOURCES = %D%/loader-test.c tests/fixtures/fixture-files.h
tests_unit_loader_test_LDADD = $(LOADER_TEST_LIBS)
