#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# What .ci/run tells of a leg that failed: tests/support/failures and tests/support/tap-totals, on
# logs that automake's test driver has made.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

failures() {
    "$ZCACHE_TEST_SOURCE/tests/support/failures" "$1"
}

# run_test DIRECTORY NAME: the rest of the input is what the test prints.
run_test() {
    mkdir -p "$dir/$1/tests/unit"
    cat >"$dir/printed"
    (
        cd "$dir/$1" &&
            "$ZCACHE_TEST_SOURCE/build-aux/tap-driver.sh" --test-name "tests/unit/$2" \
                --log-file "tests/unit/$2.log" --trs-file "tests/unit/$2.trs" -- \
                cat "$dir/printed" >"$dir/driver" 2>&1
    )
}

run_test good a <<'END'
ok 1 - first
# a remark
ok 2 - second # SKIP no server
1..2
END
check_output 'of tests that passed nothing is told' '' failures "$dir/good"

run_test bad a <<'END'
# tests/a.c:12: of a thread
ok 1 - first
# of the first
ok 2 - second
# before the third
not ok 3 - third
# after the third
ok 4 - fourth
# of the fourth
1..4
END
run_test bad b <<'END'
ok 1 - fifth
==7== Invalid read of size 4
==7==    at 0x1: main
ok 2 - sixth # TODO some day
1..3
END
run_test bad c <<'END'
ok 1 - seventh
# of the seventh
1..1
END
check_output 'failures first, then what was said around each' 'FAIL: tests/unit/a 3 - third
XPASS: tests/unit/b 2 - sixth # TODO some day
ERROR: tests/unit/b - too few tests run (expected 3, got 2)
---- unit/a.log
# tests/a.c:12: of a thread
# before the third
FAIL: tests/unit/a 3 - third
# after the third
---- unit/b.log
==7== Invalid read of size 4
==7==    at 0x1: main
XPASS: tests/unit/b 2 - sixth # TODO some day
ERROR: tests/unit/b - too few tests run (expected 3, got 2)' failures "$dir/bad"
check_output 'the totals agree' '5 3 0' "$ZCACHE_TEST_SOURCE/tests/support/tap-totals" "$dir/bad"

{
    seq 1 300 | sed 's/.*/not ok & - test\n# what was found/'
    echo '1..300'
} | run_test many a
failures "$dir/many" >"$dir/cut"
check_output 'many failures are cut to 200 lines' 200 grep -c '' "$dir/cut"
done_testing
