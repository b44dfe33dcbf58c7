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

# Parts of the pages are generated: sdk/man/fill. They are checked in, so that every build has every
# page; a test compares them with what the program says.
dist_man_MANS = \
	%D%/man/zcache.1 \
	%D%/man/zcache.3 \
	%D%/man/zcache-plugin.3 \
	%D%/man/zcache-table.3 \
	%D%/man/zcache.ini.5 \
	%D%/man/zcache-cbor.7 \
	%D%/man/zcache-fault.7 \
	%D%/man/zcache-lmdb.7 \
	%D%/man/zcache-memcached.7 \
	%D%/man/zcache-memory.7 \
	%D%/man/zcache-redis.7 \
	%D%/man/zcache-stats.7
EXTRA_DIST += %D%/man/fill %D%/man/mdoc.awk

# man zcache_get: every function of zcache.h leads to zcache(3).
FUNCTIONS = sed -n 's/^ZCACHE_PUBLIC.*[ *]\(zcache_[a-z_]*\)(.*/\1.3/p' $(srcdir)/sdk/zcache/zcache.h

install-data-hook:
	for page in $$($(FUNCTIONS)); do ln -sf zcache.3 "$(DESTDIR)$(man3dir)/$$page"; done

uninstall-hook:
	for page in $$($(FUNCTIONS)); do rm -f "$(DESTDIR)$(man3dir)/$$page"; done

# Renews what is generated in the pages.
man: all
	@for page in $(dist_man_MANS); do \
		./run $(srcdir)/sdk/man/fill $(srcdir)/$$page >man.new || exit 1; \
		cmp -s man.new $(srcdir)/$$page || { cat man.new >$(srcdir)/$$page; echo "$$page"; }; \
	done; rm -f man.new
.PHONY: man

include %D%/conform/local.mk
include %D%/examples/local.mk
