# SPDX-License-Identifier: BSD-3-Clause
# The filter fault.

pkglib_LTLIBRARIES += plugins/fault.la
plugins_fault_la_SOURCES = \
	plugins/fault/batch.c \
	plugins/fault/call.c \
	plugins/fault/fault.c plugins/fault/fault.h \
	plugins/fault/pattern.c plugins/fault/pattern.h \
	plugins/fault/plan.c plugins/fault/plan.h
plugins_fault_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_srcdir)/plugins
plugins_fault_la_LDFLAGS = $(PLUGIN_LINK)
