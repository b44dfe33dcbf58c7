# SPDX-License-Identifier: BSD-3-Clause
# Example configurations, for reading and copying: installed beside the documentation, never as the
# system's zcache.ini, which is the operator's.

conf_FILES = \
	%D%/zcache.ini \
	%D%/memory.ini \
	%D%/redis.ini \
	%D%/memcached.ini \
	%D%/lmdb.ini
examplesdir = $(docdir)/examples
examples_DATA = $(conf_FILES)
EXTRA_DIST += $(conf_FILES)
