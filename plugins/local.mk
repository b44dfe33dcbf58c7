# SPDX-License-Identifier: BSD-3-Clause
# Each plugin is a module of its own folder; all are built into plugins/, one plugin_path.

PLUGIN_CPPFLAGS = $(AM_CPPFLAGS) -DZCACHE_LIBTOOL
PLUGIN_LINK = $(AM_LDFLAGS) -module -avoid-version $(PLUGIN_DEFS_LDFLAGS) -Wl,-z,now

if PLUGIN_MEMORY
include %D%/memory/local.mk
endif
if PLUGIN_REDIS
include %D%/redis/local.mk
endif
if PLUGIN_LMDB
include %D%/lmdb/local.mk
endif
if PLUGIN_FAULT
include %D%/fault/local.mk
endif
if PLUGIN_STATS
include %D%/stats/local.mk
endif
if PLUGIN_CBOR
include %D%/cbor/local.mk
endif
if PLUGIN_MEMCACHED
include %D%/memcached/local.mk
endif
