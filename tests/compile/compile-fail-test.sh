#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# A mistake with a typed table does not compile, and the compiler names what is wrong. Each snippet of
# tests/compile/wrong is compiled twice: with -DWRONG it must fail, and the messages must have what its
# `names:` line says; without it must compile without a warning, so that nothing else is wrong.
# Those in C are compiled as C and as C++, by every compiler that is there.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

snippets=$ZCACHE_TEST_SOURCE/tests/compile/wrong
warnings='-Wall -Wextra -pedantic -Werror'

# compile COMPILER SNIPPET FLAG...: into nothing.
compile() {
    compiler=$1 snippet=$2
    shift 2
    # shellcheck disable=SC2086 # lists of flags
    $compiler $warnings -fsyntax-only "$@" -I"$ZCACHE_TEST_BUILD/sdk" "$snippet"
}

# The messages must be an error's, not a warning's that -Werror made one: users may not have it.
refuses() {
    named=$(sed -n 's/^ \* names: //p' "$2")
    if compile "$@" -DWRONG -Wno-error >"$dir/messages" 2>&1; then
        echo "it compiles with -DWRONG"
        return 1
    fi
    grep -q -F "$named" "$dir/messages" || {
        cat "$dir/messages"
        echo "no message names $named"
        return 1
    }
}

# try COMPILER SUFFIX FLAG...: every snippet whose name ends so, if the compiler is there.
try() {
    compiler=$1 suffix=$2
    shift 2
    command -v "${compiler%% *}" >/dev/null || return 0
    for snippet in "$snippets"/*"$suffix"; do
        check "$(basename "$snippet"): $compiler $1" \
            compiles_right_and_refuses_wrong "$compiler" "$snippet" "$@"
    done
}

compiles_right_and_refuses_wrong() {
    compile "$@" && refuses "$@"
}

headers=$ZCACHE_TEST_SOURCE/sdk
for compiler in gcc clang; do
    try "$compiler" .c -std=c11 "-I$headers"
    # As they are when they are installed: a system's headers, whose warnings are not shown.
    try "$compiler" .c -std=gnu17 -isystem "$headers"
done
for compiler in g++ clang++; do
    try "$compiler" .c -std=c++17 "-I$headers" -x c++
    try "$compiler" .cpp -std=c++20 "-I$headers"
done
done_testing
