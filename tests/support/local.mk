# SPDX-License-Identifier: BSD-3-Clause
# What tests share: servers, faults, assertions. Link it with $(SUPPORT_LIBS), before the others.

SUPPORT_LIBS = tests/support/libsupport.la

check_LTLIBRARIES += tests/support/libsupport.la
tests_support_libsupport_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_support_libsupport_la_SOURCES = \
	%D%/child.c %D%/child.h \
	%D%/clock.h \
	%D%/durations.c %D%/durations.h \
	%D%/expect.c %D%/expect.h \
	%D%/failing-allocator.c %D%/failing-allocator.h \
	%D%/fenced.h \
	%D%/fork-safe-malloc.c \
	%D%/proxy.c %D%/proxy.h \
	%D%/random.h \
	%D%/servers.c %D%/servers.h \
	%D%/temp.c %D%/temp.h \
	%D%/threads.c %D%/threads.h \
	%D%/watched.h

# What each test runs under.
check_PROGRAMS += tests/support/limit

EXTRA_DIST += %D%/valgrind.supp
