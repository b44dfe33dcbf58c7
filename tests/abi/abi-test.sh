#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The ABI is what it was at 1.0: the layout of every struct that plugins and programs are compiled
# with, and what libzcache exports. Additions are let through, at the end of structs that carry
# their size; each kind of breakage is tried out too, and must be noticed.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

here=$ZCACHE_TEST_SOURCE/tests/abi
sdk=$ZCACHE_TEST_SOURCE/sdk/zcache
today="-I$ZCACHE_TEST_SOURCE/sdk -I$ZCACHE_TEST_BUILD/sdk"
frozen="-I$here/v1.0"
cd "$dir" || exit 1

# skip NAME REASON
skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

# not COMMAND...: it fails, as it should.
not() {
    ! "$@"
}

# layout COMPILER FLAG...: layout.c compiles.
layout() {
    "$@" -std=c11 -Wall -Wextra -pedantic -Werror -fsyntax-only "$here/layout.c"
}

# witness OUTPUT HEADERS FLAG...: a dump of every type that the headers, in that directory, declare.
witness() {
    output=$1 headers=$2
    shift 2
    "$CC" -std=c11 -O0 -g -fPIC -shared -w -o "$output.so" "$@" -include no-assertions.h \
        "$here/layout.c" && "$here/dump" "$output.so" "$headers" "$output"
}

# may_grow OLD NEW: lets structs that carry their size grow at their end, those that have grown.
# What else may have become of these, abidiff does not tell: the layout does.
may_grow() {
    cat "$here"/layout-*.h | sed -n 's/^GROWING(\(.*\),.*/\1/p' | sort >growing
    # shellcheck disable=SC2016 # fields of awk
    awk -F "'" '!/<class-decl name=.*size-in-bits/ { next }
        FNR == NR { old[$2] = $4; next }
        $2 in old && $4 + 0 > old[$2] + 0 { print $2 }' "$1" "$2" | sort -u | comm -12 - growing |
        sed 's/.*/[suppress_type]\n  name = &\n  has_data_member_inserted_at = end/'
}

# compatible OLD NEW: nothing that was there is gone or another.
compatible() {
    may_grow "$1" "$2" >growth
    abidiff --leaf-changes-only --no-added-syms --suppressions growth "$1" "$2"
}

# changed NAME SCRIPT: today's headers, changed by a sed script, in a directory of that name.
changed() {
    mkdir -p "$1/zcache" && cp "$sdk"/*.h "$ZCACHE_TEST_BUILD/sdk/zcache/version.h" "$1/zcache"
    rm -f "$1/zcache/plugin.h" # a copy of a file that may be read only
    sed "$2" "$sdk/plugin.h" >"$1/zcache/plugin.h"
}

# Every member and enumerator that the dumps have of zcache's own stands in the layout.
layout_is_whole() {
    sed -n 's/^ *FIELD(\(zcache[a-z_]*\), \([a-z_]*\).*/\1 \2/p; s/^ *VALUE(\([A-Z0-9_]*\).*/\1/p
        s/^ *LEAST(\([A-Z0-9_]*\).*/\1/p' "$here"/layout-*.h | sort -u >written
    # shellcheck disable=SC2016 # fields of awk
    awk -F "'" '/<class-decl name=/ { type = $2 } /<\/class-decl>/ { type = "" }
        /<var-decl name=/ && type ~ /^zcache/ { print type, $2 }
        /<enumerator name=.ZCACHE_/ { print $2 }' "$@" | sort -u >dumped
    [ "$(wc -l <dumped)" -gt 200 ] && comm -13 written dumped >missing && not grep . missing
}

# And so does every macro that is a number, but for the version's.
macros_are_written() {
    # shellcheck disable=SC2086 # a list of flags
    printf '#include <zcache/%s>\n' plugin.h zcache.h table.h admin.h harness.h |
        "$CC" -std=c11 $today -E -dM - |
        sed -n 's/^#define \(ZCACHE_[A-Z0-9_]*\) .*[0-9][0-9xA-Fa-f]*[()0-9 *]*$/\1/p' |
        grep -v -e '^ZCACHE_VERSION' | sort -u >macros
    sed -n 's/^ *[A-Z]*(\(ZCACHE_[A-Z0-9_]*\),.*/\1/p' "$here"/layout-*.h | sort -u >written
    [ "$(wc -l <macros)" -gt 10 ] && comm -23 macros written >missing && not grep . missing
}

# ---- the layout --------------------------------------------------------------------------------

# shellcheck disable=SC2086 # lists of flags
if printf '#ifndef __LP64__\n#error\n#endif\n' | "$CC" -fsyntax-only -x c - 2>/dev/null; then
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        check "$compiler: the frozen headers have the layout" \
            layout $compiler $frozen -DLAYOUT_FROZEN
        check "$compiler: today's have it" layout $compiler $today -DLAYOUT_APPLICATION
    done
    changed reordered 's/^    zcache_peek_fn \*peek;$/    zcache_touch_fn *touch;/; t
        s/^    zcache_touch_fn \*touch;$/    zcache_peek_fn *peek;/'
    check 'fields that change places are noticed' not layout "$CC" -Ireordered
    changed renumbered 's/ZCACHE_THREADS_SERIALIZED = 1/ZCACHE_THREADS_SERIALIZED = 2/'
    check 'a number that changes is noticed' not layout "$CC" -Irenumbered
    changed inserted 's/^    int64_t delta;$/&\n    int64_t more;/'
    check 'a field in between is noticed' not layout "$CC" -Iinserted
    changed lengthened 's/^    uint64_t cas;   .*$/&\n    int64_t more;/'
    check 'a struct that has no size may not grow' not layout "$CC" -Ilengthened
    changed appended 's/^    zcache_released_fn \*released;$/&\n    zcache_ping_fn *more;/'
    check 'one that has it may' layout "$CC" -Iappended
    check 'but not when it is frozen' not layout "$CC" -Iappended -DLAYOUT_FROZEN
else
    skip 'the layout' 'it is written down for 64-bit machines'
fi
check 'the layout has every number' macros_are_written

# ---- what abidiff finds ------------------------------------------------------------------------

library=$ZCACHE_TEST_BUILD/host/.libs/libzcache.so
if ! command -v abidiff >/dev/null; then
    skip 'abidiff' 'it is missing (abigail-tools)'
elif [ -n "$SANITIZER_CFLAGS" ]; then
    skip 'abidiff' 'sanitizers add symbols of their own'
elif [ ! -e "$library" ] || ! readelf -S "$library" | grep -q '\.debug_info'; then
    skip 'abidiff' 'libzcache is not shared, or has no debugging information'
else
    echo '#define _Static_assert(...) struct nothing' >no-assertions.h
    # shellcheck disable=SC2086 # lists of flags
    {
        check 'the frozen headers are dumped' witness frozen.abi "$here/v1.0/zcache" $frozen
        check "today's are, those of plugins" witness plugin.abi "$sdk" $today
        check 'and all of them' witness all.abi "$sdk" $today -DLAYOUT_APPLICATION
    }
    check 'libzcache is dumped' "$here/dump" "$library" "$sdk" library.abi
    check 'the layout is whole' layout_is_whole all.abi library.abi

    check 'plugins that were compiled with the frozen headers fit' compatible frozen.abi plugin.abi
    check 'programs that were linked with 1.0 fit' compatible "$here/v1.0/libzcache.abi" library.abi

    for breakage in reordered renumbered inserted lengthened; do
        check "$breakage headers are dumped" witness $breakage.abi $breakage/zcache -I$breakage
        check 'the difference is noticed' not compatible plugin.abi $breakage.abi
    done
    check 'appended headers are dumped' witness appended.abi appended/zcache -Iappended
    check 'an addition fits' compatible plugin.abi appended.abi
    sed 's/zcache_ping/zcache_pong/g' library.abi >renamed.abi
    check 'a function that is gone is noticed' not compatible renamed.abi library.abi
    sed "/elf-symbol name='zcache_ping'/d" library.abi >without.abi
    check 'one that came fits' compatible without.abi library.abi
    sed 's/ZCACHE_SWAP_PAUSE. value=.1/&7/' library.abi >renumbered-library.abi
    check 'a number that changed is noticed' not compatible renumbered-library.abi library.abi
fi
done_testing
