# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# shellcheck shell=sh
# What shell tests share, to be sourced first: TAP, a private directory $dir, real servers on Unix
# sockets in it. However the test ends, servers and directory are gone afterwards.
#
#     . "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
#     start_redis
#     check 'a value comes back' zcache -p redis -s "redis.url=unix:$redis_socket" get a
#     done_testing

set -u
dir=$(mktemp -d /tmp/zcache-test.XXXXXX) # the name of a Unix socket has at most 107 bytes
tests=0 server_pids='' all_done=no
trap tap_end EXIT
trap 'exit 1' HUP INT TERM

tap_end() {
    trap - EXIT
    trap '' HUP INT TERM
    for pid in $server_pids; do
        kill "$pid" 2>/dev/null || continue
        kill -CONT "$pid" 2>/dev/null # a test may have stopped it
        wait "$pid" 2>/dev/null
    done
    rm -rf "$dir"
    [ "$all_done" = yes ] || echo "Bail out! the test script broke off"
}

# check NAME COMMAND...: one test, which passes if the command succeeds; else its output is shown.
check() {
    tests=$((tests + 1))
    name=$1
    shift
    status=0
    "$@" >"$dir/output" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok $tests - $name"
    else
        echo "not ok $tests - $name"
        echo "# status $status of: $*"
        sed 's/^/# /' "$dir/output"
    fi
}

# check_output NAME TEXT COMMAND...: also, its standard output must be the text.
check_output() {
    tests=$((tests + 1))
    name=$1 expected=$2
    shift 2
    status=0
    printed=$("$@" 2>"$dir/error") || status=$?
    if [ "$status" -eq 0 ] && [ "$printed" = "$expected" ]; then
        echo "ok $tests - $name"
    else
        echo "not ok $tests - $name"
        printf 'status %s of: %s\nexpected: %s\nprinted: %s\n' "$status" "$*" "$expected" \
            "$printed" | cat - "$dir/error" | sed 's/^/# /'
    fi
}

# check_status NAME STATUS COMMAND...: the command ends with this exit status.
check_status() {
    tests=$((tests + 1))
    name=$1 expected=$2
    shift 2
    status=0
    "$@" >"$dir/output" 2>&1 || status=$?
    if [ "$status" -eq "$expected" ]; then
        echo "ok $tests - $name"
    else
        echo "not ok $tests - $name"
        echo "# expected status $expected, got $status, of: $*"
        sed 's/^/# /' "$dir/output"
    fi
}

done_testing() {
    echo "1..$tests"
    all_done=yes
}

zcache() {
    "$ZCACHE_TEST_BUILD/run" zcache "$@"
}

# wait_for PROVIDER SETTING: until the server answers, for at most 20 s.
wait_for() {
    tries=0
    until zcache -p "$1" -s "$2" ping >"$dir/output" 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then
            sed 's/^/# /' "$dir/$1.log" "$dir/output"
            exit 1
        fi
        sleep 0.1
    done
}

# Sets redis_socket and redis_pid.
start_redis() {
    redis_socket=$dir/redis.sock
    "$REDIS_SERVER" --port 0 --unixsocket "$redis_socket" --save '' --appendonly no --dir "$dir" \
        >"$dir/redis.log" 2>&1 &
    redis_pid=$!
    server_pids="$server_pids $redis_pid"
    wait_for redis "redis.url=unix:$redis_socket"
}

# Sets memcached_socket and memcached_pid.
start_memcached() {
    memcached_socket=$dir/memcached.sock
    "$MEMCACHED_SERVER" -s "$memcached_socket" -u "$(id -un)" >"$dir/memcached.log" 2>&1 &
    memcached_pid=$!
    server_pids="$server_pids $memcached_pid"
    wait_for memcached "memcached.servers=$memcached_socket"
}
