#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Clients that nobody here wrote, ioredis, memjs and @msgpack/msgpack, read what typed tables wrote
# and write what typed tables read, on real servers; and the public test suites of both formats.
# Needs the npm registry: `make check-interop`, no part of `make check`.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

here=$ZCACHE_TEST_SOURCE/tests/interop
work=$ZCACHE_TEST_BUILD/tests/interop/node # client.js finds its packages beside itself

install_packages() {
    mkdir -p "$work" &&
        cp "$here/package.json" "$here/package-lock.json" "$here/client.js" "$here/suites.js" "$work" &&
        chmod -R u+w "$work" && cd "$work" &&
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

# memjs speaks TCP only.
start_memcached_on_tcp() {
    MEMCACHED_PORT_FILENAME=$dir/ports "$MEMCACHED_SERVER" -p -1 -U 0 -l 127.0.0.1 \
        -u "$(id -un)" >"$dir/memcached.log" 2>&1 &
    server_pids="$server_pids $!"
    tries=0
    until memcached_address=127.0.0.1:$(sed -n 's/^TCP INET: //p' "$dir/ports" 2>/dev/null) &&
        [ "$memcached_address" != 127.0.0.1: ]; do
        tries=$((tries + 1))
        [ "$tries" -le 200 ] || exit 1
        sleep 0.1
    done
    wait_for memcached "memcached.servers=$memcached_address"
}

record() {
    "$ZCACHE_TEST_BUILD/tests/interop/record" "$@"
}

check 'npm installs the packages' install_packages
start_redis
start_memcached_on_tcp
for codec in json msgpack; do
    for provider in redis memcached; do
        if [ "$provider" = redis ]; then
            address=$redis_socket setting=redis.url=unix:$redis_socket
        else
            address=$memcached_address setting=memcached.servers=$memcached_address
        fi
        check "a table writes $codec to $provider" record write "$provider" "$setting" "$codec"
        check "JavaScript reads it" node "$work/client.js" check "$provider" "$address" "$codec"
        check "JavaScript writes $codec to $provider" \
            node "$work/client.js" write "$provider" "$address" "$codec"
        check "a table reads it" record check "$provider" "$setting" "$codec"
    done
done
check 'JSONTestSuite and msgpack-test-suite' \
    node "$work/suites.js" "$ZCACHE_TEST_BUILD/tests/interop/decode"
done_testing
