#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Every header of the SDK compiles by itself, without a warning, in each standard of C and C++ that it
# promises, by every compiler that is there; so do a struct with every kind of field, options made in
# place, the template of plugins, and the tests of the C++ API.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

include="-I$ZCACHE_TEST_SOURCE/sdk -I$ZCACHE_TEST_BUILD/sdk"

# compile COMPILER STANDARD FILE FLAG...: into nothing.
compile() {
    compiler=$1 standard=$2 file=$3
    shift 3
    # shellcheck disable=SC2086 # a list of flags
    "$compiler" "-std=$standard" -Wall -Wextra -pedantic -Werror -fsyntax-only $include "$@" "$file"
}

# A header alone, and a second time.
# check_header NAME COMPILERS LANGUAGE STANDARD...
check_header() {
    header=$1 compilers=$2 language=$3
    shift 3
    printf '#include <zcache/%s>\n#include <zcache/%s>\n' "$header" "$header" >"$dir/header.$language"
    for one in $compilers; do
        command -v "$one" >/dev/null || continue
        for standard in "$@"; do
            check "$header: $one -std=$standard" \
                compile "$one" "$standard" "$dir/header.$language"
        done
    done
}

# check_program FILE COMPILERS FLAGS STANDARD...
check_program() {
    program=$ZCACHE_TEST_SOURCE/$1 compilers=$2 flags=$3
    shift 3
    for one in $compilers; do
        command -v "$one" >/dev/null || continue
        for standard in "$@"; do
            # shellcheck disable=SC2086 # a list of flags
            check "${program##*/}: $one -std=$standard" \
                compile "$one" "$standard" "$program" $flags
        done
    done
}

for header in types.h zcache.h codec.h plugin.h admin.h harness.h native/memory.h; do
    check_header "$header" 'gcc clang' c c99 c11 c17
    check_header "$header" 'g++ clang++' cpp c++11 c++20
done
check_header table.h 'gcc clang' c c11 c17
check_header table.h 'g++ clang++' cpp c++17 c++20
check_header zcache.hpp 'g++ clang++' cpp c++17 c++20

check_program tests/compile/every-field.c 'gcc clang' -Wconversion c11 c17
check_program tests/compile/every-field.c 'g++ clang++' '-x c++' c++17 c++20
check_program sdk/template/my-store.c 'gcc clang' '-Wshadow -Wconversion -Wno-sign-conversion' \
    c11 gnu17
check_program tests/compile/options-in-place.c 'gcc clang' '' c11 c17
check_program tests/compile/options-in-place.c 'g++ clang++' '-x c++' c++20
for test in "$ZCACHE_TEST_SOURCE"/tests/integration/cpp-*-test.cpp; do
    check_program "tests/integration/${test##*/}" 'g++ clang++' \
        "-I$ZCACHE_TEST_SOURCE/tests/support -DWITH_REDIS" c++17 c++20
done
done_testing
