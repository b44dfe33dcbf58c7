# SPDX-License-Identifier: BSD-3-Clause
# The API for C++, on memory and on a real redis-server.
if HAVE_CXX
if PLUGIN_MEMORY
CPP_TEST_CPPFLAGS = $(TEST_CPPFLAGS)
if PLUGIN_REDIS
CPP_TEST_CPPFLAGS += -DWITH_REDIS
endif
CPP_TESTS = tests/integration/cpp-cache-test tests/integration/cpp-table-test
check_PROGRAMS += $(CPP_TESTS)
TESTS += $(CPP_TESTS)
tests_integration_cpp_cache_test_CPPFLAGS = $(CPP_TEST_CPPFLAGS)
tests_integration_cpp_cache_test_SOURCES = %D%/cpp-cache-test.cpp %D%/cpp-harness.hpp
tests_integration_cpp_cache_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_integration_cpp_table_test_CPPFLAGS = $(CPP_TEST_CPPFLAGS)
tests_integration_cpp_table_test_SOURCES = %D%/cpp-table-test.cpp %D%/cpp-harness.hpp
tests_integration_cpp_table_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
endif
endif
