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

conform_wrappers = \
	tests/conform/conform-memory.sh \
	tests/conform/conform-redis.sh \
	tests/conform/conform-memcached.sh
EXTRA_DIST += $(conform_wrappers)

if PLUGIN_MEMORY
TESTS += tests/conform/conform-memory.sh
endif
if PLUGIN_REDIS
tests_conform_conform_CPPFLAGS += -DCONFORM_REDIS $(REDIS_CFLAGS)
tests_conform_conform_LDADD += $(REDIS_LIBS)
TESTS += tests/conform/conform-redis.sh
endif
if PLUGIN_MEMCACHED
tests_conform_conform_CPPFLAGS += -DCONFORM_MEMCACHED $(MEMCACHED_CFLAGS)
tests_conform_conform_LDADD += $(MEMCACHED_LIBS)
TESTS += tests/conform/conform-memcached.sh
endif
