#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# README.md must not lie: its programs, its INI file and its plugin are cut out of it, compiled as it
# says, and run. The plugins are compiled without sanitizers, as a stranger would.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
set -e

cd "$dir"
PKG_CONFIG_PATH=$ZCACHE_TEST_BUILD/sdk
export PKG_CONFIG_PATH

# block NAME: writes the code block that is marked with a file name into that file.
block() {
    awk -v name="$1" '
        /^```/ && $2 == name { inside = 1; found = 1; next }
        /^```/ { inside = 0 }
        inside { print }
        END { exit !found }' "$ZCACHE_TEST_SOURCE/README.md" >"$1"
}

# compile NAME: a program.
compile() {
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CC $SANITIZER_CFLAGS -Wall -Wextra -Werror -o "$1" "$1.c" $(pkg-config --cflags --libs zcache)
}

# compile_plugin FILE NAME
compile_plugin() {
    # shellcheck disable=SC2046 # a list of flags
    $CC -Wall -Wextra -Werror -o "$2.so" "$1" $(pkg-config --cflags --libs zcache-plugin)
}

# with_servers COMMAND...: with the INI file of the README, on the servers of this test.
with_servers() {
    ZCACHE_REDIS_URL=unix:$redis_socket ZCACHE_MEMCACHED_SERVERS=$memcached_socket \
        "$ZCACHE_TEST_BUILD/run" "$@"
}

example_is_the_same() {
    sed '1,/^ \*\/$/d' "$ZCACHE_TEST_SOURCE/sdk/examples/first.c" | diff - first.c
}

# make_project NAME: as the README says, but not by the make that runs this test.
make_project() {
    (cd "$1" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make CC="$CC" && mv "$1.so" ..)
}

with_plugins_here() {
    ZCACHE_PLUGIN_PATH=$dir "$ZCACHE_TEST_BUILD/host/cli/zcache" "$@"
}

shell_on() {
    provider=$1
    shift
    printf '%s\n' "$@" | with_plugins_here -p "$provider" shell
}

for file in first.c table.c zcache.ini swap.c off.c; do
    check "README.md has $file" block "$file"
done
start_redis
start_memcached

check 'the first program is the one in sdk/examples' example_is_the_same
check 'the first program compiles' compile first
check_output 'the first program runs on memory' hello "$ZCACHE_TEST_BUILD/run" ./first
check 'the first typed table compiles' compile table
check_output 'the first typed table runs' 'Ann, 2 tags' "$ZCACHE_TEST_BUILD/run" ./table
check 'the first zcache.ini is valid' zcache config check "$dir/zcache.ini"
ZCACHE_CONF=$dir/zcache.ini
export ZCACHE_CONF
check_output 'the first program runs on redis with it' hello with_servers ./first
unset ZCACHE_CONF
check_output 'its key has the prefix' hello \
    zcache -p redis -s "redis.url=unix:$redis_socket" get myapp:greeting
check 'the first swap compiles' compile swap
check_output 'the first swap swaps' \
    'from redis to memcached, 0 operations in flight, plugin unloaded' with_servers ./swap
check 'the first plugin compiles' compile_plugin off.c off
check 'the first plugin is accepted' with_plugins_here plugin info off
check 'it takes a value' with_plugins_here -p off set a 1
check_status 'and caches nothing' 1 with_plugins_here -p off get a

check 'a plugin that keeps entries is written' zcache plugin new mine
check 'it compiles' make_project mine
check_output 'it keeps what is set' "$(printf 'OK\n1')" shell_on mine 'set a 1' 'get a'

done_testing
