#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Who guards the guard: `zcache plugin check` passes a plugin that is good in every way, and finds
# each fault of tests/fixtures/broken by the checks that are there for it, and by no others, with a
# message that tells what is wrong. The plugins are compiled as their authors do it, without
# sanitizers: it is the kit that has to find what they do.
# shellcheck source=tests/integration/cli.sh
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

sources=$ZCACHE_TEST_SOURCE/tests/fixtures/broken

# Checks that most faults must not fail.
common='value-round-trip value-miss value-replace mode-add ttl-told incr-counts batch-misses'
common="$common scan-prefix clear-prefix deadline-passed stats life-two"

# FAULT | checks that must fail | a part of what one of them says | checks that must pass  if not
# those in common: a fault may be too coarse for them, or left to chance where threads meet
sed 's/ *| */|/g' >"$dir/table" <<'END'
cuts_value_at_nul | value-bytes value-fuzz | a value of 512 bytes came back with 0
takes_empty_for_missing | value-empty incr-type | get of a value of 0 bytes: expected ZCACHE_OK, found ZCACHE_MISS
refuses_large_values | value-size batch-values | set of a value of 100000 bytes: expected ZCACHE_OK, found ZCACHE_E_TOO_LARGE: a value has more
takes_keys_for_strings | key-nul scan-bytes | holds "fourth", which another key was given
ignores_last_byte_of_key | key-near key-nul scan-prefix mode-add-threads batch-misses clear-prefix life-two | holds "of 2", which another key was given | value-round-trip value-miss
ignores_case_of_keys | key-bytes key-near scan-literal clear-prefix | the key with the byte 0x41 holds "byte 97", which another key was given
cuts_long_keys | key-long | the longest key holds "other end", which another key was given
del_says_ok_always | value-delete ttl-gone batch-misses | del of a key that is gone: expected ZCACHE_MISS, found ZCACHE_OK
peek_tells_no_ttl | value-peek host-ttl | peek did not tell the TTL
add_overwrites | mode-add mode-add-ttl mode-add-threads batch-modes | ADD of a key that is there: expected ZCACHE_EXISTS, found ZCACHE_OK
add_refused_changes_ttl | mode-add-ttl | an ADD that was refused changed the TTL from NEVER to
replace_creates | mode-replace ttl-gone batch-modes | REPLACE of a missing key: expected ZCACHE_MISS, found ZCACHE_OK
cas_ignores_token | mode-cas mode-cas-writes mode-cas-incr | CAS with the token of an older value: expected ZCACHE_CONFLICT, found ZCACHE_OK
cas_creates | mode-cas-writes ttl-gone batch-modes | CAS of a key that is gone: expected ZCACHE_MISS, found ZCACHE_OK
cas_always_conflicts | mode-cas mode-cas-ttl mode-cas-threads | CAS was refused with the token of the present value
cas_token_is_size | mode-cas-token mode-cas-writes mode-cas-incr | two values of one key had the same cas token
incr_keeps_cas_token | mode-cas-incr | CAS after an incr: expected ZCACHE_CONFLICT, found ZCACHE_OK
incr_lends_new_token | mode-cas-incr-threads | after some threads counted with CAS, some with incr | mode-cas mode-cas-incr mode-cas-threads incr-threads
expires_early | ttl-not-early ttl-told ttl-longest ttl-touch | ms was gone after at most
never_expires | ttl-not-late ttl-gone ttl-gone-touch ttl-gone-incr ttl-replace ttl-touch scan-expired | "a" with a TTL of 300 ms was still there after
ttl_has_32_bits | ttl-longest | with the longest TTL the remaining TTL is 1827
tells_no_ttl | ttl-told ttl-never scan-ttl value-peek incr-new-ttl swap-copy host-ttl | get with ZCACHE_CALL_TTL did not tell the TTL
set_keeps_ttl | ttl-replace mode-cas-ttl batch-duplicates | a set with NEVER left the old TTL
touch_revives | ttl-gone-touch | touch of an expired key: expected ZCACHE_MISS, found ZCACHE_OK
touch_changes_nothing | ttl-touch batch-touch | a touch of two keys left a TTL
incr_is_not_atomic | incr-threads | 4 threads together counted to
incr_wraps | incr-overflow | incr of "9223372036854775807" by 1: expected ZCACHE_E_RANGE, found ZCACHE_OK
incr_counts_in_doubles | incr-range incr-overflow | incr of "c" by 2 gave 9007199254740994, not 9007199254740995
incr_takes_any_text | incr-type incr-batch | incr of a text in a batch: expected ZCACHE_E_TYPE, found ZCACHE_OK
incr_resets_ttl | incr-keeps-ttl | incr with a TTL changed that of an existing counter, NEVER, to
incr_creates_forever | incr-new-ttl | a new counter with a TTL of 600000 ms has -1
first_duplicate_wins | batch-duplicates | which stood three times in a set: expected "third", found "first"
leaves_status_unset | value-round-trip mode-add batch-large | set returned OK without a status for key 0 | value-miss
tells_sink_twice | value-round-trip value-peek batch-misses | get told of key 0 twice | value-miss
tells_sink_beyond_batch | value-round-trip batch-large | get told of key 1 of a batch of 1 | value-miss
tells_sink_in_another_thread | value-round-trip value-peek | get called the sink in another thread | value-miss
returns_miss_itself | value-miss value-delete batch-misses | get returned ZCACHE_MISS: a "no" is a key's status | value-round-trip
returns_unknown_status | value-miss value-delete batch-misses | get returned -77, which is no status | value-round-trip
takes_error_for_miss | memory-others | get whose allocation 1 fails: expected E_NOMEM, found ZCACHE_MISS
stops_at_first_miss | batch-misses | second key of a get: expected ZCACHE_OK, found ZCACHE_MISS | value-round-trip value-miss batch-duplicates
keeps_callers_key | value-round-trip key-near | crashed: signal 11 | value-miss
keeps_callers_value | value-round-trip value-replace | crashed: signal 11 | value-miss value-empty
reads_beyond_value | value-round-trip value-size | crashed: signal 11 | value-miss
sleeps_past_deadline | deadline-passed | get with a deadline in -1000 ms came back after | value-round-trip ping
stats_has_capitals | stats | stats gave the name "Items" | ping
lends_one_handle_to_two | native-alone | two acquires gave the same handle | native
scan_ignores_prefix | scan-prefix scan-literal scan-many | which does not begin with it | scan-ttl scan-stop
scan_takes_globs | scan-literal host-keys | axb:1", which does not begin with it
scan_gives_expired | scan-expired | scan for "" gave 2 keys, not 1
scan_tells_no_ttl | scan-ttl | scan with ZCACHE_CALL_TTL did not tell the TTLs
scan_goes_on | scan-stop | scan went on after the sink had said false
scan_counts_positions | scan-delete | of 300 keys while the sink deleted them
scan_ends_at_1000 | scan-many | scan over 3000 keys did not give key
scan_holds_its_lock | scan-delete | hung: no return from scan, whose sink deletes
clear_ignores_prefix | clear-prefix host-tables | after a clear of another prefix: expected ZCACHE_OK, found ZCACHE_MISS | clear-all
clear_leaves_one | clear-prefix clear-all | after a clear of its prefix: expected ZCACHE_MISS, found ZCACHE_OK | value-delete
leaks_host_memory | leak-open leak-loads memory-open | 30 opens and closes left 30 blocks of host->alloc behind
leaks_malloc | leak-open leak-operations | bytes of malloc behind, as the
leaks_descriptor | leak-descriptors leak-loads | 30 opens and closes left 30 file descriptors open
leaves_thread | leak-threads | after close 1 threads still run: close joins every thread | value-round-trip
leaves_thread_key | leak-keys life-thread | 5 loads and unloads left 5 pthread keys behind
stays_mapped | life-unmapped | after unload 1 the process still maps
opens_once | life-two swap swap-copy host-ttl | open: expected ZCACHE_OK, found ZCACHE_E_BUSY: it is open | life-reopen
shares_self | life-two | two opens gave the same self | life-reopen
handles_a_signal | life-process | while it is open signal 10 has another handler
changes_umask | life-process | while it is open the umask is 077
frees_foreign_memory | value-delete | host->free was given what host->alloc did not | value-round-trip
frees_twice | value-delete | a block of host->alloc was given to host->free twice | value-round-trip
set_loses_old_value | memory-set | get of "a" after a set that failed: expected ZCACHE_OK, found ZCACHE_MISS
open_crashes_without_memory | memory-open | crashed: signal 11
crashes_in_del | value-delete | crashed: signal 6 | value-round-trip
tears_values | thread-mixed | a value of key
ignores_fork | fork-threads | hung: no return from | fork fork-close
configure_empties | configure configure-live | after a configure with the same options: expected ZCACHE_OK, found ZCACHE_MISS
configure_keeps_old_options | configure configure-live | set after a configure, when the options before it are freed
exports_a_symbol | load-exports | it exports the symbol connect_to_server
needs_libzcache | load-independent | it is linked with libzcache.so
codec_loses_a_field | codec-structs codec-sizes codec-threads codec-input | an integer or bool came back changed | codec-drift codec-broken
codec_rounds_doubles | codec-structs codec-sizes codec-threads | the double 0.10000000000000001 came back as 0.1000000014901161 | codec-drift codec-broken codec-input
codec_takes_empty_for_null | codec-structs codec-sizes codec-threads | text 0 of an array came back changed | codec-drift codec-broken codec-input
codec_cuts_texts | codec-sizes | a text came back changed | codec-structs codec-drift codec-input
codec_refuses_unknown_fields | codec-drift | decoding into a struct with fewer fields: expected ZCACHE_OK, found ZCACHE_MISS | codec-structs codec-broken codec-input
codec_ignores_bytes_behind | codec-behind | decoding a struct with the byte 0x00 behind it: expected ZCACHE_MISS, found ZCACHE_OK | codec-structs codec-broken codec-input
codec_crashes_on_cut_bytes | codec-broken codec-behind codec-input codec-leak | crashed: signal 6 | codec-structs codec-drift
codec_reads_beyond_its_input | codec-input | crashed: signal 11 | codec-structs codec-drift codec-output
codec_keeps_its_input | codec-input | does not come from zcache_block_alloc | codec-structs codec-behind codec-output
codec_writes_beyond_its_room | codec-output codec-input | crashed: signal 11 | load-description
codec_ignores_lack_of_memory | codec-output | a buffer that could not grow: expected E_NOMEM, found ZCACHE_OK | codec-structs codec-input
codec_shares_a_token | codec-threads | came back changed | codec-structs codec-sizes codec-input
codec_leaks | codec-leak | bytes of malloc behind, as those before did | codec-structs codec-threads codec-input
filter_swallows_errors | incr-overflow incr-type incr-batch below-errors | incr of "" by 1: expected ZCACHE_E_TYPE, found ZCACHE_OK
filter_takes_errors_for_misses | below-errors | get was told ZCACHE_E_UNAVAILABLE by the layer below, and answered ZCACHE_MISS
filter_drops_failed_keys | below-errors | get was told ZCACHE_E_UNAVAILABLE by the layer below for its key, and answered ZCACHE_MISS
filter_says_ok_always | below-errors | set was told ZCACHE_E_UNAVAILABLE by the layer below for its key, and answered ZCACHE_OK
filter_takes_its_time | below-call | get of the layer below was given 1000 ms more than the filter had
filter_forgets_wishes | below-call | get of the layer below was called with the flags 0x0, where the filter was called with 0x1
filter_forgets_table | below-call | get of the layer below was told the table "", where the filter was told "(none)"
filter_mixes_up_answers | batch-large batch-misses batch-values | key 0 of a get of 1000 was given the value "value 999" of another
filter_drops_a_key | batch-large batch-misses batch-values | key 999 of a get of 1000: expected ZCACHE_OK, found ZCACHE_MISS
filter_deletes_another_key | batch-large batch-misses | second key of a del: expected ZCACHE_OK, found ZCACHE_MISS
filter_forgets_ttl | ttl-told ttl-longest value-peek scan-ttl swap-copy host-ttl | after a set with a TTL the remaining TTL is -1 ms, not about 600000
filter_forgets_mode | mode-add mode-add-ttl mode-replace mode-cas batch-modes | ADD of a key that is there: expected ZCACHE_EXISTS, found ZCACHE_OK
filter_forgets_meta | ttl-told ttl-never mode-cas mode-cas-token swap-copy | get with ZCACHE_CALL_CAS gave no token
filter_forgets_prefix | scan-prefix scan-literal scan-many | which does not begin with it
filter_keeps_what_is_cleared | clear-prefix clear-many clear-all host-tables | after a clear of everything: expected ZCACHE_MISS, found ZCACHE_OK
filter_sets_twice | mode-add mode-cas batch-modes | ADD of a missing key: expected ZCACHE_OK, found ZCACHE_EXISTS
filter_counts_twice | incr-counts incr-text incr-range incr-batch incr-threads | incr of "a" by 1 gave 2, not 1
filter_shares_a_buffer | thread-mixed thread-own | which only this thread writes: expected
filter_leaks_on_error | leak-open leak-operations leak-loads | 300 rounds of operations that end with a del left 300 blocks of host->alloc behind
filter_leaks_itself | leak-open leak-loads memory-open | 30 opens and closes left 30 blocks of host->alloc behind
END

# build FAULT: $dir/FAULT.so
build() {
    libraries=''
    [ "$1" != needs_libzcache ] ||
        libraries="-Wl,--no-as-needed $ZCACHE_TEST_BUILD/host/.libs/libzcache.so"
    source=broken
    case $1 in codec_*) source=codec ;; filter_*) source=filter ;; esac
    # shellcheck disable=SC2086 # CC and the libraries are several words
    $CC -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
        -I"$ZCACHE_TEST_SOURCE/sdk" -I"$ZCACHE_TEST_BUILD/sdk" "-DBROKEN=$1" "-DBROKEN_$1" \
        -o "$dir/$1.so" "$sources/$source.c" $libraries -Wl,-z,defs,-z,now >"$dir/$1.log" 2>&1
}

# run FAULT CHECKS: leaves the TAP in $dir/FAULT.tap.
run() {
    build "$1"
    zcache plugin check "$dir/$1.so" --only "$(echo "$2" | tr ' ' ,)" --embedded --exclusive \
        --jobs 4 >"$dir/$1.tap" 2>>"$dir/$1.log" </dev/null
}

# is_found FAULT CHECKS MESSAGE: whether these checks failed and no others, and one said so.
is_found() {
    cat "$dir/$1.log" "$dir/$1.tap"
    failed=$(sed -n 's/^not ok [0-9]* - \([a-z0-9-]*\):.*/\1/p' "$dir/$1.tap" | sort)
    grep -q "^# $1: [0-9]* passed, " "$dir/$1.tap" &&
        [ "$failed" = "$(echo "$2" | tr ' ' '\n' | sort)" ] &&
        grep '^# ' "$dir/$1.tap" | grep -qF "$3"
}

# A good plugin passes everything, and so does one that leaves the locks to the library.
all_good='good serialized codec_by_tokens codec_by_values filter_of_nothing'
for name in $all_good; do
    run "$name" '*' &
done
wait
for name in $all_good; do
    check "$name: every check passes" is_found "$name" '' "# $name: "
done
# its entries are in the process that has it open, where no other plugin's instance reads them
check_output 'good: all that a plugin can do is asked for' host-stored \
    sed -n 's/^ok [0-9]* - \([a-z0-9-]*\):.* # SKIP .*/\1/p' "$dir/good.tap"

run stood_still ttl-not-early
check 'stood_still: one early end is no fault' is_found stood_still '' '# stood_still: 2 passed'

# Four at a time: a plugin that hangs takes as long as a call may.
for worker in 0 1 2 3; do
    awk "NR % 4 == $worker" "$dir/table" |
        while IFS='|' read -r fault checks message others; do
            run "$fault" "$checks ${others:-$common}"
        done &
done
wait
while IFS='|' read -r fault checks message others; do
    check "$fault: found by $checks" is_found "$fault" "$checks" "$message"
done <"$dir/table"

cut -d '|' -f 1 "$dir/table" | sort >"$dir/known"
sed -n 's/^    \([a-z_0-9]*\),\{0,1\}$/\1/p' "$sources/faults.h" | sort >"$dir/there"
check 'every fault is looked for' diff "$dir/there" "$dir/known"
done_testing
