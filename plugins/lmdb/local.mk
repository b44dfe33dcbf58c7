# SPDX-License-Identifier: BSD-3-Clause
# The lmdb provider. The .la lies in plugins/ itself, so that all modules share one plugin_path.

pkglib_LTLIBRARIES += plugins/lmdb.la
plugins_lmdb_la_SOURCES = \
	%D%/counter.c \
	%D%/directory.c \
	%D%/directory.h \
	%D%/environment.c \
	%D%/evict.c \
	%D%/group.c \
	%D%/keeper.c \
	%D%/lmdb.c \
	%D%/operations.h \
	%D%/queue.c \
	%D%/readers.c \
	%D%/reads.c \
	%D%/record.c \
	%D%/registry.c \
	%D%/scan.c \
	%D%/status.c \
	%D%/store.h \
	%D%/writer.c \
	%D%/writer.h \
	%D%/writes.c
plugins_lmdb_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(LMDB_CFLAGS)
plugins_lmdb_la_LDFLAGS = $(PLUGIN_LINK)
plugins_lmdb_la_LIBADD = $(LMDB_LIBS)
