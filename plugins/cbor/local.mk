# SPDX-License-Identifier: BSD-3-Clause
# The codec cbor.

pkglib_LTLIBRARIES += plugins/cbor.la
plugins_cbor_la_SOURCES = plugins/cbor/cbor.c
plugins_cbor_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CBOR_CFLAGS)
plugins_cbor_la_LDFLAGS = $(PLUGIN_LINK)
plugins_cbor_la_LIBADD = $(CBOR_LIBS)
