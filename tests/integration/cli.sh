# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# shellcheck shell=sh
# What the tests of the zcache command share, to be sourced first. Each test gives all that a run
# must show: exit status, standard output, standard error.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

# expect NAME STATUS OUTPUT MESSAGES COMMAND...: OUTPUT is all of standard output, and MESSAGES a
# pattern of `case` for all of standard error, both without the newlines at the end.
expect() {
    expected_output=$3
    run_and_judge is_equal "$@"
}

# expect_like: as expect, but OUTPUT is a pattern too.
expect_like() {
    expected_output=$3
    run_and_judge is_like "$@"
}

is_equal() {
    [ "$1" = "$2" ]
}

is_like() {
    # shellcheck disable=SC2254 # it is a pattern
    case $1 in $2) return 0 ;; esac
    return 1
}

run_and_judge() {
    tests=$((tests + 1))
    judge=$1 name=$2 expected_status=$3 expected_messages=$5
    shift 5
    status=0
    printed=$("$@" 2>"$dir/messages") || status=$?
    messages=$(cat "$dir/messages")
    if [ "$status" -eq "$expected_status" ] && "$judge" "$printed" "$expected_output" &&
        is_like "$messages" "$expected_messages"; then
        echo "ok $tests - $name"
        return
    fi
    echo "not ok $tests - $name"
    {
        echo "command: $*"
        echo "status: $status, expected $expected_status"
        echo "output: $printed"
        echo "expected: $expected_output"
        echo "messages: $messages"
        echo "expected: $expected_messages"
    } | sed 's/^/# /'
}

# lines TEXT...: each on a line; what a script for `zcache shell` is made of.
lines() {
    printf '%s\n' "$@"
}

# The program itself, past libtool's wrapper script, which takes most of the time of a short run.
command_file=$ZCACHE_TEST_BUILD/host/cli/.libs/zcache
[ -x "$command_file" ] || command_file=$ZCACHE_TEST_BUILD/host/cli/zcache
LD_LIBRARY_PATH=$ZCACHE_TEST_BUILD/host/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
ZCACHE_PLUGIN_PATH=$ZCACHE_TEST_BUILD/plugins/.libs
export LD_LIBRARY_PATH ZCACHE_PLUGIN_PATH

zcache() {
    "$command_file" "$@"
}
