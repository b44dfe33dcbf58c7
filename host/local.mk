# SPDX-License-Identifier: BSD-3-Clause
# libzcache. Its sources are a convenience library, which unit tests also link to reach internals.

HOST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/host $(INIH_CFLAGS) $(XXHASH_CFLAGS) \
	-DZC_PLUGINDIR='"$(plugindir)"' -DZC_SYSCONFDIR='"$(sysconfdir)"'

noinst_LTLIBRARIES += host/libhost.la
host_libhost_la_CPPFLAGS = $(HOST_CPPFLAGS)
host_libhost_la_SOURCES = \
	host/base/allocator.c host/base/allocator.h \
	host/base/clock.h \
	host/base/decimal-read.c host/base/decimal-write.c host/base/decimal.h \
	host/base/error.c host/base/error.h \
	host/base/lock.h \
	host/base/log.c host/base/log.h \
	host/base/powers.c host/base/powers.h \
	host/base/thread.c host/base/thread.h
host_libhost_la_LIBADD = $(LTDL_LIBS) $(INIH_LIBS) $(XXHASH_LIBS)

# Writes powers.c.
EXTRA_PROGRAMS += host/base/powers-generate
host_base_powers_generate_CPPFLAGS = $(HOST_CPPFLAGS)
host_base_powers_generate_SOURCES = host/base/powers-generate.c host/base/powers.h

include host/config/local.mk
include host/loader/local.mk
include host/codec/local.mk
include host/core/local.mk
include host/swap/local.mk
include host/reload/local.mk
include host/table/local.mk
include host/control/local.mk

lib_LTLIBRARIES += host/libzcache.la
host_libzcache_la_SOURCES =
host_libzcache_la_LIBADD = host/libhost.la
host_libzcache_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(LIBZCACHE_VERSION_INFO) \
	-Wl,--version-script=$(top_srcdir)/host/libzcache.map
EXTRA_host_libzcache_la_DEPENDENCIES = $(top_srcdir)/host/libzcache.map
EXTRA_DIST += host/libzcache.map
