#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# sdk/examples/tables.c prints the same on every provider.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
set -e

expected='user 7 is Ann <ann@example.com>
the session ends within 32 s
Apple costs 0.50, 2 tags
Pear costs 0.75, 1 tags
plum: no such key
1 key begins with p: pear
after the clear: no such key'

tables_on() {
    ZCACHE_PROVIDER=$1 ZCACHE_CACHE_SERIALIZATION=$2 REDIS_URL=unix:$redis_socket \
        MEMCACHED_SERVERS=$memcached_socket ZCACHE_LMDB_PATH=$dir/store \
        "$ZCACHE_TEST_BUILD/run" "$ZCACHE_TEST_BUILD/sdk/examples/tables"
}

start_redis
start_memcached
for provider in memory redis memcached lmdb; do
    for codec in json msgpack; do
        check_output "typed tables on $provider as $codec" "$expected" tables_on $provider $codec
    done
done
done_testing
