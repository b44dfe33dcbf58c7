# SPDX-License-Identifier: BSD-3-Clause
# The memcached provider's parsers: they link the sources, not the plugin.
if PLUGIN_MEMCACHED
MEMCACHED_UNIT_TESTS = tests/unit/memcached-protocol-test tests/unit/memcached-servers-test
check_PROGRAMS += $(MEMCACHED_UNIT_TESTS)
TESTS += $(MEMCACHED_UNIT_TESTS)
MEMCACHED_UNIT_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/plugins
tests_unit_memcached_protocol_test_CPPFLAGS = $(MEMCACHED_UNIT_CPPFLAGS)
tests_unit_memcached_protocol_test_SOURCES = %D%/memcached-protocol-test.c \
	plugins/memcached/protocol.c
tests_unit_memcached_protocol_test_LDADD = $(CMOCKA_LIBS)
tests_unit_memcached_servers_test_CPPFLAGS = $(MEMCACHED_UNIT_CPPFLAGS)
tests_unit_memcached_servers_test_SOURCES = %D%/memcached-servers-test.c \
	plugins/memcached/protocol.c plugins/memcached/servers.c
tests_unit_memcached_servers_test_LDADD = $(CMOCKA_LIBS)
endif
