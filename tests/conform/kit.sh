# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# shellcheck shell=sh
# What the tests share that hold our own plugins to the conformance kit, as `zcache plugin check`
# does for anybody: its TAP is theirs, so that each check counts as a test. The report is left as
# NAME.conformance.json beside their logs. To be sourced first.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

# run_kit NAME ARGUMENT...: all of the kit on a plugin of the build tree, whose store is the kit's.
run_kit() {
    report=$ZCACHE_TEST_BUILD/tests/conform/$1.conformance.json
    rm -f "$report"
    # shellcheck disable=SC2086 # a command with arguments, as valgrind, or nothing
    "$ZCACHE_TEST_BUILD/run" ${ZCACHE_TEST_RUNNER-} "$ZCACHE_TEST_BUILD/host/cli/zcache" \
        plugin check "$@" --exclusive --jobs 4 --report "$report" && status=0 || status=$?
    # the plan of the kit is the plan of the test
    all_done=yes
    if [ ! -s "$report" ] || [ "$status" -gt 1 ]; then
        echo "Bail out! zcache plugin check ended with status $status"
        status=1
    fi
    exit "$status"
}
