# SPDX-License-Identifier: BSD-3-Clause
# The memory provider: memory.c is the plugin, the other files are its engine.

MEMORY_ENGINE_SOURCES = \
	plugins/memory/engine.c plugins/memory/engine.h \
	plugins/memory/entry.c plugins/memory/entry.h \
	plugins/memory/heap.h \
	plugins/memory/shard.c plugins/memory/shard.h \
	plugins/memory/state.h \
	plugins/memory/table.c plugins/memory/table.h \
	plugins/memory/walk.c

pkglib_LTLIBRARIES += plugins/memory.la
plugins_memory_la_SOURCES = plugins/memory/memory.c $(MEMORY_ENGINE_SOURCES)
plugins_memory_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_srcdir)/plugins $(XXHASH_CFLAGS)
plugins_memory_la_LDFLAGS = $(PLUGIN_LINK)
