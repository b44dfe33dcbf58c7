# SPDX-License-Identifier: BSD-3-Clause
# The conformance suite: one program, run once for each provider that is built.

check_PROGRAMS += tests/conform/conform
tests_conform_conform_CPPFLAGS = $(TEST_CPPFLAGS)
tests_conform_conform_CFLAGS = $(AM_CFLAGS)
tests_conform_conform_LDADD = $(SUPPORT_LIBS) $(TEST_LIBS)
tests_conform_conform_SOURCES = \
	%D%/conform.c %D%/conform.h \
	%D%/raw.c \
	%D%/argument-test.c \
	%D%/backend-test.c \
	%D%/batch-test.c \
	%D%/counter-test.c \
	%D%/credentials-test.c \
	%D%/expiry-test.c \
	%D%/fork-test.c \
	%D%/glob-test.c \
	%D%/info-test.c \
	%D%/key-test.c \
	%D%/keys-test.c \
	%D%/mode-test.c \
	%D%/native-test.c \
	%D%/stored-test.c \
	%D%/table-test.c \
	%D%/thread-test.c \
	%D%/ttl-test.c \
	%D%/typed-test.c \
	%D%/value-test.c

# Not under sanitizers, which end a process with a faulty plugin before the kit can tell what is wrong.
if !SANITIZER
TESTS += tests/conform/kit-test.sh
endif
EXTRA_DIST += \
	%D%/kit-test.sh \
	tests/fixtures/broken/broken.c \
	tests/fixtures/broken/by-values.h \
	tests/fixtures/broken/codec.c \
	tests/fixtures/broken/faults.h \
	tests/fixtures/broken/filter.c \
	tests/fixtures/broken/table.h

conform_wrappers = \
	tests/conform/conform-memory.sh \
	tests/conform/conform-template.sh \
	tests/conform/conform-redis.sh \
	tests/conform/conform-memcached.sh \
	tests/conform/conform-lmdb.sh
EXTRA_DIST += $(conform_wrappers)

# Our own plugins pass `zcache plugin check`, as those of others do.
kit_tests = \
	tests/conform/kit-memory.sh \
	tests/conform/kit-redis.sh \
	tests/conform/kit-memcached.sh \
	tests/conform/kit-lmdb.sh \
	tests/conform/kit-cbor.sh \
	tests/conform/kit-fault.sh \
	tests/conform/kit-stats.sh
EXTRA_DIST += $(kit_tests) %D%/kit.sh %D%/late-stop-test.sh
CLEANFILES += tests/conform/*.conformance.json

# What every plugin author starts from
check_LTLIBRARIES += tests/conform/my-store.la
tests_conform_my_store_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
tests_conform_my_store_la_LDFLAGS = $(PLUGIN_LINK) -rpath /nowhere
tests_conform_my_store_la_SOURCES = sdk/template/my-store.c
TESTS += tests/conform/conform-template.sh

if PLUGIN_MEMORY
TESTS += tests/conform/conform-memory.sh tests/conform/kit-memory.sh
endif
if PLUGIN_REDIS
tests_conform_conform_CPPFLAGS += -DCONFORM_REDIS $(REDIS_CFLAGS)
tests_conform_conform_LDADD += $(REDIS_LIBS)
TESTS += tests/conform/conform-redis.sh tests/conform/kit-redis.sh tests/conform/late-stop-test.sh
endif
if PLUGIN_MEMCACHED
tests_conform_conform_CPPFLAGS += -DCONFORM_MEMCACHED $(MEMCACHED_CFLAGS)
tests_conform_conform_LDADD += $(MEMCACHED_LIBS)
TESTS += tests/conform/conform-memcached.sh tests/conform/kit-memcached.sh
endif
if PLUGIN_LMDB
TESTS += tests/conform/conform-lmdb.sh tests/conform/kit-lmdb.sh
endif
if PLUGIN_CBOR
TESTS += tests/conform/kit-cbor.sh
endif
if PLUGIN_FAULT
TESTS += tests/conform/kit-fault.sh
endif
if PLUGIN_STATS
TESTS += tests/conform/kit-stats.sh
endif
