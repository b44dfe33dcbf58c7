# SPDX-License-Identifier: BSD-3-Clause
# What outsiders compile against.

zcacheincludedir = $(includedir)/zcache
zcacheinclude_HEADERS = \
	%D%/zcache/types.h \
	%D%/zcache/zcache.h \
	%D%/zcache/codec.h \
	%D%/zcache/table.h \
	%D%/zcache/admin.h \
	%D%/zcache/harness.h \
	%D%/zcache/plugin.h \
	%D%/zcache/options-cpp.h \
	%D%/zcache/table-cpp.h \
	%D%/zcache/zcache.hpp \
	%D%/zcache/detail.hpp \
	%D%/zcache/keyspace.hpp \
	%D%/zcache/cache.hpp \
	%D%/zcache/table.hpp
nodist_zcacheinclude_HEADERS = %D%/zcache/version.h

zcachenativeincludedir = $(zcacheincludedir)/native
zcachenativeinclude_HEADERS = \
	%D%/zcache/native/memory.h \
	%D%/zcache/native/redis.h \
	%D%/zcache/native/memcached.h

pkgconfig_DATA += %D%/zcache.pc %D%/zcache-plugin.pc

# What `zcache plugin new` writes projects from
templatedir = $(pkgdatadir)/template
dist_template_DATA = \
	%D%/template/my-store.c \
	%D%/template/GNUmakefile \
	%D%/template/configure.ac \
	%D%/template/Makefile.am \
	%D%/template/README.md \
	%D%/template/gitignore

dist_man_MANS = %D%/man/zcache-table.3

include %D%/conform/local.mk
include %D%/examples/local.mk
