#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# zcache plugin check as its users meet it: what it prints and reports, which checks it runs, and
# what it says of a plugin that cannot be checked. What it finds in plugins is tested in
# tests/conform.
# shellcheck source=tests/integration/cli.sh
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

plugins=$ZCACHE_TEST_BUILD/plugins/.libs
nothing_more='Bail out! The rest cannot be checked.'
load='load: it is found, verified, loaded, opened, closed and unloaded'

# ---- what it prints ----

expect_like 'help tells each option' 0 'usage: zcache plugin check NAME|FILE *
*--only PATTERN *--report FILE *--jobs N *--embedded *--exclusive *--stop-backend COMMAND *' '' \
    zcache plugin check --help
expect 'a plugin by its name' 0 "TAP version 13
ok 1 - $load
ok 2 - value-empty: an empty value is a value, and not a miss
1..2
# memory: 2 passed, 0 failed, 0 skipped" '' zcache plugin check memory --only value-empty
expect_like 'a file, with several patterns' 0 "TAP version 13
ok 1 - $load
ok 2 - value-empty: *
ok 3 - life-two: *
1..3
# memory: 3 passed, 0 failed, 0 skipped" '' \
    zcache plugin check "$plugins/memory.so" --only 'value-em*,life-two' --jobs 2
expect_like 'what the request does not allow is skipped, with the reason' 0 "*
ok 2 - clear-all: * # SKIP it would empty the store, which is not said to be exclusive
ok 3 - backend-silent: * # SKIP no commands are given that stop and resume its server
1..3
# memory: 1 passed, 0 failed, 2 skipped" '' zcache plugin check memory --only clear-all,backend-silent
expect_like 'a store without a server is not asked about one' 0 '*
ok 2 - clear-all: *
1..2
*' '' zcache plugin check memory --only clear-all,backend-silent --embedded --exclusive
expect_like 'options of the plugin and others' 0 '*# memory: 2 passed, 0 failed, 0 skipped' '' \
    zcache plugin check memory max_memory=8m cache.timeout=5s --only value-empty
expect_like 'a codec has its own checks' 0 "*
ok 2 - load-description: *
# cbor: * passed, 0 failed, 0 skipped" '' zcache plugin check cbor

# ---- reports ----

report='{"plugin": "memory", "zcache": "*", "abi_major": 1, "abi_minor": 0, "complete": true, "passed": 2, "failed": 0, "skipped": 0, "checks": \[{"name": "load", "rule": "*", "result": "passed", "reason": null, "took_ms": [0-9]*}, {"name": "stats", *}\]}'
expect_like '--json prints the report alone' 0 "$report" '' \
    zcache --json plugin check memory --only stats
expect_like '--report writes it too' 0 'TAP *# memory: 2 passed, 0 failed, 0 skipped' '' \
    zcache plugin check memory --only stats --report "$dir/report"
expect_like 'the report in the file' 0 "$report" '' cat "$dir/report"
expect 'a report that cannot be written is told before any check' 3 '' \
    "zcache: $dir/no/report cannot be written: No such file or directory" \
    zcache plugin check memory --report "$dir/no/report"

# ---- what cannot be checked ----

expect_like 'an unknown name' 1 "TAP version 13
not ok 1 - $load
# loading it: expected ZCACHE_OK, found ZCACHE_E_PLUGIN: no plugin nothing: *
$nothing_more" '' zcache plugin check nothing
expect_like 'its report is not complete' 1 '{"plugin": "nothing", *"complete": false, "passed": 0, "failed": 1, *}' '' \
    zcache --json plugin check nothing
expect 'a file that is not there' 2 '' "zcache: $dir/none.so: No such file or directory
zcache: try: zcache plugin check --help" zcache plugin check "$dir/none.so"
expect 'a file that is not called as a plugin is' 2 '' \
    "zcache: $dir/report is not called NAME.so, as a plugin is
zcache: try: zcache plugin check --help" zcache plugin check "$dir/report"
cp "$dir/report" "$dir/report.so"
expect_like 'a file that is no plugin' 1 "*
# loading it: expected ZCACHE_OK, found ZCACHE_E_PLUGIN: plugin file $dir/report.so is not an ELF file
$nothing_more" '' zcache plugin check "$dir/report.so"
expect_like 'an option that the plugin does not have' 1 "*
# open: expected ZCACHE_OK, found ZCACHE_E_CONFIG: option: \[memory\] max_memry: no such key; did you mean *max_memory*
$nothing_more" '' zcache plugin check memory max_memry=1m
expect_like 'a server that is not there is told once' 1 "TAP version 13
not ok 1 - $load
# it opens, but its store does not answer: redis at $dir/none.sock: no such file or directory *. Start its server, and tell where it is: zcache plugin check redis KEY=VALUE
$nothing_more" 'zcache: warning: redis: *' zcache plugin check redis "url=unix:$dir/none.sock"

# ---- wrong usage ----

expect_like 'no plugin' 2 '' 'zcache: an operand is missing: plugin check NAME|FILE *' \
    zcache plugin check
expect 'an operand that sets nothing' 2 '' 'zcache: "foo" is not of the form KEY=VALUE
zcache: try: zcache plugin check --help' zcache plugin check memory foo
expect_like 'checks that are not there' 2 '' 'zcache: --only speed-\*: there is no such check; *
zcache: try: zcache plugin check --help' zcache plugin check memory --only 'speed-*'
expect_like 'one command without the other' 2 '' \
    'zcache: --stop-backend and --resume-backend go together
*' zcache plugin check memory --stop-backend true
expect_like 'a server that is and is not' 2 '' \
    'zcache: --embedded says that there is no server for --stop-backend
*' zcache plugin check memory --embedded --stop-backend true --resume-backend true
expect_like 'no jobs' 2 '' 'zcache: "0" is no number of checks from 1 to 32
*' zcache plugin check memory --jobs 0
done_testing
