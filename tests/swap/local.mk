# SPDX-License-Identifier: BSD-3-Clause
# Swaps of a running cache.

SWAP_TESTS = tests/swap/swap-test tests/swap/copy-test tests/swap/swap-threads-test \
	tests/swap/swap-leak-test tests/swap/stress-test tests/swap/reload-test \
	tests/swap/configure-test tests/swap/reload-memory-test tests/swap/reload-typed-test tests/swap/watch-test \
	tests/swap/blocking-test tests/swap/move-test tests/swap/copy-failure-test
check_PROGRAMS += $(SWAP_TESTS)
TESTS += $(SWAP_TESTS)
SWAP_LIBS = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_swap_swap_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_test_LDADD = $(SWAP_LIBS)
tests_swap_copy_test_SOURCES = %D%/copy-test.c %D%/copy-harness.c %D%/copy-harness.h
tests_swap_copy_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_copy_test_LDADD = $(SWAP_LIBS)
tests_swap_swap_threads_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_threads_test_LDADD = $(SWAP_LIBS)
tests_swap_swap_leak_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_leak_test_LDADD = $(SWAP_LIBS)
tests_swap_stress_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_stress_test_LDADD = $(SWAP_LIBS)
tests_swap_reload_test_SOURCES = %D%/reload-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_reload_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_reload_test_LDADD = $(SWAP_LIBS)
tests_swap_configure_test_SOURCES = %D%/configure-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_configure_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_configure_test_LDADD = $(SWAP_LIBS)
tests_swap_reload_memory_test_SOURCES = %D%/reload-memory-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_reload_memory_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_reload_memory_test_LDADD = $(SWAP_LIBS)
tests_swap_reload_typed_test_SOURCES = %D%/reload-typed-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_reload_typed_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_reload_typed_test_LDADD = $(SWAP_LIBS)
tests_swap_watch_test_SOURCES = %D%/watch-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_watch_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_watch_test_LDADD = $(SWAP_LIBS)
tests_swap_blocking_test_SOURCES = %D%/blocking-test.c %D%/reload-harness.c %D%/reload-harness.h
tests_swap_blocking_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_blocking_test_LDADD = $(SWAP_LIBS)
tests_swap_move_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_move_test_LDADD = $(SWAP_LIBS)
tests_swap_copy_failure_test_SOURCES = %D%/copy-failure-test.c %D%/copy-harness.c %D%/copy-harness.h
tests_swap_copy_failure_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_copy_failure_test_LDADD = $(SWAP_LIBS)
