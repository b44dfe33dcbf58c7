# SPDX-License-Identifier: BSD-3-Clause
# The .la lies in plugins/ itself, so that all modules share one plugin_path in the build tree.

pkglib_LTLIBRARIES += plugins/memcached.la
plugins_memcached_la_SOURCES = \
	%D%/clear.c \
	%D%/connect.c \
	%D%/connection.c \
	%D%/connection.h \
	%D%/counter.c \
	%D%/exchange.c \
	%D%/exchange.h \
	%D%/memcached.c \
	%D%/operations.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/protocol.c \
	%D%/protocol.h \
	%D%/reads.c \
	%D%/resolver.c \
	%D%/resolver.h \
	%D%/scan.c \
	%D%/servers.c \
	%D%/servers.h \
	%D%/spool.c \
	%D%/spool.h \
	%D%/status.c \
	%D%/writes.c
plugins_memcached_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(MEMCACHED_CFLAGS)
plugins_memcached_la_LDFLAGS = $(PLUGIN_LINK)
plugins_memcached_la_LIBADD = $(MEMCACHED_LIBS)
