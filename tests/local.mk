# SPDX-License-Identifier: BSD-3-Clause
# All tests speak TAP. `make check` runs them with the servers of this machine, started by each test.

TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
# ZCACHE_TEST_RUNNER: valgrind, or nothing.
LOG_COMPILER = tests/support/limit $(ZCACHE_TEST_RUNNER)
SH_LOG_COMPILER = tests/support/limit $(SHELL)

# die_after_fork: else ThreadSanitizer ends a child that was forked beside threads when it starts one,
# as closing a cache does.
if SANITIZER
SANITIZER_ENVIRONMENT = \
	ASAN_OPTIONS="$${ASAN_OPTIONS-detect_leaks=1:detect_stack_use_after_return=1}"; export ASAN_OPTIONS; \
	UBSAN_OPTIONS="$${UBSAN_OPTIONS-print_stacktrace=1}"; export UBSAN_OPTIONS; \
	TSAN_OPTIONS="$${TSAN_OPTIONS-second_deadlock_stack=1:die_after_fork=0}"; export TSAN_OPTIONS;
endif

if HAVE_CXX
CXX_OF_TESTS = $(CXX)
endif

AM_TESTS_ENVIRONMENT = \
	$(SANITIZER_ENVIRONMENT) \
	unset ZCACHE_CONF ZCACHE_PROVIDER ZCACHE_PLUGIN_PATH CACHE_PROVIDER REDIS_URL MEMCACHED_SERVERS; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	ZCACHE_TEST_PLUGINS='$(abs_top_builddir)/plugins/.libs'; export ZCACHE_TEST_PLUGINS; \
	ZCACHE_TEST_FIXTURES='$(abs_top_builddir)/tests/fixtures/.libs'; export ZCACHE_TEST_FIXTURES; \
	ZCACHE_TEST_SOURCE='$(abs_top_srcdir)'; export ZCACHE_TEST_SOURCE; \
	ZCACHE_TEST_BUILD='$(abs_top_builddir)'; export ZCACHE_TEST_BUILD; \
	CC='$(CC)'; export CC; CXX='$(CXX_OF_TESTS)'; export CXX; \
	SANITIZER_CFLAGS='$(SANITIZER_CFLAGS)'; export SANITIZER_CFLAGS; \
	REDIS_SERVER='$(REDIS_SERVER)'; export REDIS_SERVER; \
	MEMCACHED_SERVER='$(MEMCACHED_SERVER)'; export MEMCACHED_SERVER;

# What tests of the public API link: the installed library's twin.
TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/support $(CMOCKA_CFLAGS)
TEST_LIBS = host/libzcache.la $(CMOCKA_LIBS)
# What unit tests of internals link.
UNIT_CPPFLAGS = $(HOST_CPPFLAGS) -I$(top_srcdir)/tests/support $(CMOCKA_CFLAGS)
UNIT_LIBS = host/libhost.la $(CMOCKA_LIBS)

if HAVE_CMOCKA
include %D%/support/local.mk
include %D%/fixtures/local.mk
include %D%/unit/local.mk
include %D%/integration/local.mk
include %D%/compile/local.mk
include %D%/abi/local.mk
include %D%/conform/local.mk
include %D%/swap/local.mk
include %D%/codec/local.mk
include %D%/fuzz/local.mk
include %D%/interop/local.mk
endif
include %D%/bench/local.mk
