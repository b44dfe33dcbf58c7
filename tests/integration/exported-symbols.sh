#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# What the built objects export: the library what its headers declare, a plugin its descriptor, and
# neither anything else. Whatever more were visible could be bound to by accident, and would be ABI
# for ever.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

headers=$ZCACHE_TEST_SOURCE/sdk/zcache

# exported FILE: its dynamic symbols, sorted, without the markers of AddressSanitizer and the version
# nodes.
exported() {
    nm -D --defined-only --format=posix "$1" | sed 's/@.*//; s/ .*//' |
        grep -v -e '^__odr_asan\.' -e '^ZCACHE_[0-9]' | sort -u
}

# The functions that the headers declare public, sorted. A declaration may go over two lines.
declared() {
    cat "$headers"/*.h | tr '\n' ' ' | grep -o 'ZCACHE_PUBLIC [^;()]*[ *]zcache_[a-z0-9_]*(' |
        sed 's/.*[ *]\(zcache_[a-z0-9_]*\)($/\1/' | sort -u
}

# Two lists that are both empty would be the same.
declares_enough() {
    [ "$(declared | wc -l)" -ge 40 ]
}

same_lists() {
    declared >"$dir/declared"
    exported "$1" >"$dir/exported"
    diff "$dir/declared" "$dir/exported"
}

check 'the headers declare public functions' declares_enough
library=$ZCACHE_TEST_BUILD/host/.libs/libzcache.so
if [ -e "$library" ]; then
    check 'libzcache exports what its headers declare, and nothing else' same_lists "$library"
fi

found=0
for plugin in "$ZCACHE_TEST_BUILD"/plugins/.libs/*.so; do
    [ -e "$plugin" ] || continue
    found=$((found + 1))
    check_output "plugin ${plugin##*/} exports its descriptor, and nothing else" zcache_plugin \
        exported "$plugin"
done
check 'plugins were found' [ "$found" -gt 0 ]
done_testing
