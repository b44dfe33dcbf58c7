# SPDX-License-Identifier: BSD-3-Clause
# The ABI is what it was when it was frozen. v1.0/ has the headers of then, plugins that are
# compiled against them and against nothing else, and what libzcache exported.

ABI_CPPFLAGS = -I$(top_srcdir)/%D%/v1.0
ABI_LINK = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += \
	tests/abi/frozen.la \
	tests/abi/frozen-filter.la \
	tests/abi/frozen-tokens.la \
	tests/abi/frozen-values.la
tests_abi_frozen_la_CPPFLAGS = $(ABI_CPPFLAGS)
tests_abi_frozen_la_LDFLAGS = $(ABI_LINK)
tests_abi_frozen_la_SOURCES = %D%/v1.0/frozen.c
tests_abi_frozen_filter_la_CPPFLAGS = $(ABI_CPPFLAGS)
tests_abi_frozen_filter_la_LDFLAGS = $(ABI_LINK)
tests_abi_frozen_filter_la_SOURCES = %D%/v1.0/frozen-filter.c
tests_abi_frozen_tokens_la_CPPFLAGS = $(ABI_CPPFLAGS)
tests_abi_frozen_tokens_la_LDFLAGS = $(ABI_LINK)
tests_abi_frozen_tokens_la_SOURCES = %D%/v1.0/frozen-tokens.c
tests_abi_frozen_values_la_CPPFLAGS = $(ABI_CPPFLAGS)
tests_abi_frozen_values_la_LDFLAGS = $(ABI_LINK)
tests_abi_frozen_values_la_SOURCES = %D%/v1.0/frozen-values.c

check_PROGRAMS += tests/abi/frozen-test
tests_abi_frozen_test_CPPFLAGS = $(TEST_CPPFLAGS)
tests_abi_frozen_test_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
TESTS += tests/abi/frozen-test %D%/abi-test.sh
EXTRA_DIST += %D%/abi-test.sh %D%/dump %D%/freeze %D%/layout.c %D%/layout-plugin.h \
	%D%/layout-application.h %D%/v1.0/libzcache.abi \
	%D%/v1.0/zcache/types.h %D%/v1.0/zcache/codec.h %D%/v1.0/zcache/plugin.h \
	%D%/v1.0/zcache/version.h

# Only until 1.0.0 is released, which tests/abi/freeze looks at: what was compiled against the
# frozen headers, or linked with the library that was dumped, runs for ever.
abi-freeze: all
	$(srcdir)/%D%/freeze headers dump '$(abs_top_builddir)'

abi-dump: all
	$(srcdir)/%D%/freeze dump '$(abs_top_builddir)'
