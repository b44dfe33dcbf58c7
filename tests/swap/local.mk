# SPDX-License-Identifier: BSD-3-Clause
# Swaps of a running cache.

SWAP_TESTS = tests/swap/swap-test tests/swap/copy-test tests/swap/swap-threads-test \
	tests/swap/swap-leak-test tests/swap/stress-test
check_PROGRAMS += $(SWAP_TESTS)
TESTS += $(SWAP_TESTS)
SWAP_LIBS = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_swap_swap_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_test_LDADD = $(SWAP_LIBS)
tests_swap_copy_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_copy_test_LDADD = $(SWAP_LIBS)
tests_swap_swap_threads_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_threads_test_LDADD = $(SWAP_LIBS)
tests_swap_swap_leak_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_swap_leak_test_LDADD = $(SWAP_LIBS)
tests_swap_stress_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_swap_stress_test_LDADD = $(SWAP_LIBS)
