# SPDX-License-Identifier: BSD-3-Clause
# Programs that show how it is done; the tests build and run them.

noinst_PROGRAMS += %D%/package-cache %D%/first %D%/tables

sdk_examples_package_cache_SOURCES = %D%/package-cache.c
sdk_examples_package_cache_LDADD = host/libzcache.la -lm

sdk_examples_first_SOURCES = %D%/first.c
sdk_examples_first_LDADD = host/libzcache.la

sdk_examples_tables_SOURCES = %D%/tables.c
sdk_examples_tables_LDADD = host/libzcache.la
