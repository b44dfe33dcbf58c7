# SPDX-License-Identifier: BSD-3-Clause
# The filter stats.

pkglib_LTLIBRARIES += plugins/stats.la
plugins_stats_la_SOURCES = \
	plugins/stats/histogram.c plugins/stats/histogram.h \
	plugins/stats/stats.c \
	plugins/stats/tables.c plugins/stats/tables.h
plugins_stats_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(top_srcdir)/plugins
plugins_stats_la_LDFLAGS = $(PLUGIN_LINK)
