#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The command line of zcache itself: help of everything, wrong usage with the advice that goes with
# it, where options may stand, and output that cannot be written. None of it needs a server.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC1003,SC2016 # quoting is what many tests are about; eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

# ---- help ----

expect_like 'help' 0 'usage: zcache *
  get KEY *
  config check \[FILE\] *
Exit status:
  0  done
*' '' zcache help
zcache help >"$dir/all"
expect '--help is help' 0 "$(cat "$dir/all")" '' zcache --help
expect '-h too' 0 "$(cat "$dir/all")" '' zcache -h
check 'help fits a terminal of 100 columns' awk 'length($0) > 100 { exit 1 }' "$dir/all"

for command in get set del exists ttl touch incr mget mset keys clear ping stats shell \
    'plugin list' 'plugin info' 'plugin new' 'config check' 'config show' version help; do
    # shellcheck disable=SC2086 # a command may be two words
    expect_like "help $command" 0 "usage: zcache $command*
Options:
*--help *" '' zcache help $command
    # shellcheck disable=SC2086
    zcache help $command >"$dir/help"
    # shellcheck disable=SC2086
    expect "$command --help" 0 "$(cat "$dir/help")" '' zcache $command --help
    check "help lists $command" grep -q "^  $command " "$dir/all"
done
for command in swap table exit quit; do
    expect_like "help $command, of the shell" 0 "usage: $command*" '' zcache help $command
done
expect_like 'help of a family' 0 'usage: zcache plugin COMMAND
*plugin list *
*plugin info NAME *plugin new NAME \[DIR\] *' '' zcache plugin --help
expect_like 'help --json' 0 \
    '{"commands": \[{"name": "get", "usage": "KEY", "summary": "*", "help": "*", "shell_only": false, "options": \["--config", *\]}, *{"name": "exit", *"shell_only": true, *}\], "options": \[{"name": "--config", "letter": "-c", "argument": "FILE", "help": "*"}, *\]}' '' \
    zcache help --json
expect_like 'help --json of a command' 0 '{"commands": \[{"name": "ctl log", *}\], *}' '' \
    zcache ctl log --help --json
expect 'help --json of a family' 0 2 '' eval 'zcache help config --json | grep -o "\"usage\"" | wc -l'
expect_like 'set --help tells its options' 0 '*--ttl DURATION *--add *--replace *' '' \
    zcache set --help
expect_like '--help needs no operands and opens nothing' 0 'usage: zcache get KEY*' '' \
    zcache -p nothing get --help

expect_like "run, of the build tree, finds the command" 0 "usage: zcache *" "" \
    "$ZCACHE_TEST_BUILD/run" zcache --help

# ---- version ----

version=$(sed -n 's/^#define ZCACHE_VERSION "\(.*\)"$/\1/p' "$ZCACHE_TEST_BUILD/sdk/zcache/version.h")
expect 'version' 0 "zcache $version (library $version, plugin ABI 1.0)" '' zcache version
expect '--version' 0 "zcache $version (library $version, plugin ABI 1.0)" '' zcache --version
expect '-V' 0 "zcache $version (library $version, plugin ABI 1.0)" '' zcache -V
expect 'version --json' 0 \
    "{\"command\": \"$version\", \"library\": \"$version\", \"abi_major\": 1, \"abi_minor\": 0}" '' \
    zcache version --json

# ---- wrong usage ----

expect 'nothing' 2 '' 'zcache: a command is missing
zcache: try: zcache --help' zcache
expect 'a command with a slip' 2 '' 'zcache: unknown command "gte"; did you mean "get"[?]
zcache: try: zcache --help' zcache gte a
expect 'the beginning of a command' 2 '' 'zcache: unknown command "vers"; did you mean "version"[?]*' \
    zcache vers
expect 'a command that is like no other' 2 '' 'zcache: unknown command "frobnicate"
*' zcache frobnicate
expect 'a second word with a slip' 2 '' \
    'zcache: unknown command "plugin lits"; did you mean "plugin list"[?]*' zcache plugin lits
expect 'a family without its second word' 2 '' \
    'zcache: "config" needs a command after it: check or show*' zcache config
expect 'help on what is not there' 2 '' 'zcache: unknown command "gte"; did you mean "get"[?]*' \
    zcache help gte
expect 'an option with a slip' 2 '' 'zcache: unknown option --provder; did you mean --provider[?]*' \
    zcache --provder redis get a
expect 'an unknown letter' 2 '' 'zcache: unknown option -x; put -- before operands*' zcache get -x
expect 'an option of another command' 2 '' 'zcache: "get" has no option --ttl
zcache: try: zcache get --help' zcache get a --ttl 5s
expect 'an option without its argument' 2 '' 'zcache: -p needs an argument: PROVIDER*' \
    zcache get a -p
expect 'an argument for an option without' 2 '' 'zcache: --json takes no argument*' \
    zcache --json=yes get a
expect 'a setting without =' 2 '' 'zcache: "cache.timeout" is not of the form SECTION.KEY=VALUE*' \
    zcache -s cache.timeout get a
expect 'a setting without a section' 2 '' 'zcache: "timeout=1s" is not of the form*' \
    zcache -s timeout=1s get a
expect 'a missing operand' 2 '' 'zcache: an operand is missing: get KEY
zcache: try: zcache get --help' zcache get
expect 'an operand too many' 2 '' 'zcache: an operand too many: get KEY*' zcache get a b
expect 'a key without its value' 2 '' 'zcache: the last key has no value*' zcache mset a 1 b
expect '--add and --replace' 2 '' 'zcache: --add and --replace exclude each other*' \
    zcache set a 1 --add --replace
expect 'touch without --ttl' 2 '' 'zcache: touch needs --ttl DURATION*' zcache touch a
expect 'a number that is none' 2 '' 'zcache: "1x" is not a 64-bit number*' zcache incr a 1x
expect 'a number that is too large' 2 '' 'zcache: "9223372036854775808" is not*' \
    zcache incr a 9223372036854775808
for ttl in 5 0s -1s 1.5s 5x s '' 3651d 99999999999999999999s Never; do
    expect "a --ttl of \"$ttl\"" 2 '' "zcache: \"$ttl\" is not a duration from 1ms to 3650d: *" \
        zcache set a 1 --ttl "$ttl"
done
for ttl in 1ms 500ms 30s 15m 1h 7d 3650d never; do
    expect "a --ttl of $ttl" 0 '' '' zcache set a 1 --ttl "$ttl"
done
expect 'a command of the shell' 2 '' 'zcache: "swap" is a command of the shell*' zcache swap redis
expect '--version with a command' 2 '' 'zcache: --version stands alone*' zcache get --version
expect 'what is typed cannot harm a terminal' 2 '' 'zcache: unknown command "[?]\[31m"*' \
    zcache "$(printf '\033[31m')"

# ---- where options may stand ----

expect 'before the command' 1 '{"key": "a", "status": "MISS", "value": null}' '' \
    zcache --json -t t get a
expect 'after it' 1 '{"key": "a", "status": "MISS", "value": null}' '' zcache get --json -t t a
expect 'after the operands' 1 '{"key": "a", "status": "MISS", "value": null}' '' \
    zcache get a -tt --json
expect 'with = ' 1 '{"key": "a", "status": "MISS", "value": null}' '' \
    zcache --json --table=t --provider=memory --set=cache.timeout=2s get a
expect 'options of a command before it' 0 '' '' zcache --ttl 5s --add set a 1
expect '-- ends them' 1 '{"key": "--json", "status": "MISS", "value": null}' '' \
    zcache get --json -- --json
expect 'a negative number is an operand' 0 -7 '' zcache incr a -7

# ---- output that cannot be written ----

expect 'a full device' 3 '' 'zcache: cannot write to standard output: No space left on device' \
    eval 'zcache help >/dev/full'
expect 'a full device, and little to write' 3 '' 'zcache: cannot write to standard output: *' \
    eval 'zcache incr n >/dev/full'
expect 'a closed standard output' 3 '' 'zcache: cannot write to standard output: *' \
    eval 'zcache version >&-'
expect 'a reader that is gone' 0 3 'zcache: cannot write to standard output: Broken pipe' \
    eval '{ { sleep 0.3; zcache help; echo $? >"$dir/status"; } | :; cat "$dir/status"; }'
expect 'the shell stops when nobody reads' 0 3 'zcache: *cannot write to standard output: Broken pipe' \
    eval '{ { sleep 0.3; yes version | zcache shell; echo $? >"$dir/status"; } | :; cat "$dir/status"; }'
expect 'a closed standard input' 3 '' 'zcache: cannot read standard input: *' \
    eval 'zcache set a <&-'
expect 'a standard input that is a directory' 3 '' 'zcache: cannot read standard input: *' \
    eval 'zcache set a </'
expect 'a closed standard error' 2 '' '' eval 'zcache gte 2>&-'

done_testing
