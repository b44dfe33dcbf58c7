# SPDX-License-Identifier: BSD-3-Clause
# Clients of other authors: `make check-interop`, which needs Node.js and the npm registry.

INTEROP_SIDES = tests/interop/record tests/interop/decode
EXTRA_PROGRAMS += $(INTEROP_SIDES)
tests_interop_record_CPPFLAGS = $(TEST_CPPFLAGS)
tests_interop_record_LDADD = host/libzcache.la
tests_interop_decode_CPPFLAGS = $(CODEC_TEST_CPPFLAGS)
tests_interop_decode_LDADD = tests/codec/libcodec-harness.la host/libhost.la

check-interop: all $(INTEROP_SIDES)
	$(MAKE) check TESTS=tests/interop/interop-test.sh check_PROGRAMS=tests/support/limit$(EXEEXT) check_LTLIBRARIES=

EXTRA_DIST += %D%/interop-test.sh %D%/client.js %D%/suites.js %D%/package.json %D%/package-lock.json
