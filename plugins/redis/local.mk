# SPDX-License-Identifier: BSD-3-Clause
# The redis provider. Built into plugins/ itself, so that its .so lies with the others.

pkglib_LTLIBRARIES += plugins/redis.la
plugins_redis_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(REDIS_CFLAGS)
plugins_redis_la_LDFLAGS = $(PLUGIN_LINK)
plugins_redis_la_LIBADD = $(REDIS_LIBS)
plugins_redis_la_SOURCES = \
	plugins/redis/batch.c plugins/redis/batch.h \
	plugins/redis/command.c plugins/redis/command.h \
	plugins/redis/connect.c \
	plugins/redis/connection.c plugins/redis/connection.h \
	plugins/redis/counters.c \
	plugins/redis/failure.c \
	plugins/redis/instance.h \
	plugins/redis/lookup.c plugins/redis/lookup.h \
	plugins/redis/native.c \
	plugins/redis/pool.c plugins/redis/pool.h \
	plugins/redis/reads.c \
	plugins/redis/redis.c \
	plugins/redis/scan.c \
	plugins/redis/scripts.c plugins/redis/scripts.h \
	plugins/redis/server.c \
	plugins/redis/url.c plugins/redis/url.h \
	plugins/redis/writes.c
