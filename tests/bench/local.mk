# SPDX-License-Identifier: BSD-3-Clause
# How fast we are beside others: `make bench`. `make check` only runs it for a moment, for it must
# keep compiling, and all libraries must agree about the values.

check_PROGRAMS += tests/bench/codec
tests_bench_codec_CPPFLAGS = $(HOST_CPPFLAGS)
tests_bench_codec_SOURCES = %D%/codec.c %D%/codec.h %D%/codec-zcache.c \
	%D%/codec-records.c %D%/codec-records.h
tests_bench_codec_LDADD = host/libhost.la
if HAVE_JANSSON
tests_bench_codec_CPPFLAGS += -DHAVE_JANSSON $(JANSSON_CFLAGS)
tests_bench_codec_SOURCES += %D%/codec-jansson.c
tests_bench_codec_LDADD += $(JANSSON_LIBS)
endif
if HAVE_CJSON
tests_bench_codec_CPPFLAGS += -DHAVE_CJSON $(CJSON_CFLAGS)
tests_bench_codec_SOURCES += %D%/codec-cjson.c
tests_bench_codec_LDADD += $(CJSON_LIBS)
endif
if HAVE_MSGPACK_C
tests_bench_codec_CPPFLAGS += -DHAVE_MSGPACK_C $(MSGPACK_C_CFLAGS)
tests_bench_codec_SOURCES += %D%/codec-msgpack-c.c
tests_bench_codec_LDADD += $(MSGPACK_C_LIBS)
endif
if HAVE_RAPIDJSON
tests_bench_codec_CPPFLAGS += -DHAVE_RAPIDJSON $(RAPIDJSON_CFLAGS)
tests_bench_codec_SOURCES += %D%/codec-rapidjson.cpp
tests_bench_codec_LINK = $(CXXLINK)
else
tests_bench_codec_LINK = $(LINK)
endif

TESTS += %D%/codec-test.sh
EXTRA_DIST += %D%/codec-test.sh

# What filters cost an operation.
check_PROGRAMS += tests/bench/filters
tests_bench_filters_CPPFLAGS = $(AM_CPPFLAGS)
tests_bench_filters_LDADD = host/libzcache.la

bench-filters: tests/bench/filters$(EXEEXT)
	ZCACHE_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs' tests/bench/filters$(EXEEXT)

bench: tests/bench/codec$(EXEEXT)
	@case ' $(CFLAGS) $(SANITIZER_CFLAGS) ' in \
	*-fsanitize*) echo 'warning: these figures say nothing: sanitizers are on' >&2 ;; \
	*' -O2 '* | *' -O3 '*) ;; \
	*) echo "warning: these figures say little: configure with CFLAGS='-g -O2'" >&2 ;; \
	esac
	tests/bench/codec$(EXEEXT)

.PHONY: bench bench-filters
