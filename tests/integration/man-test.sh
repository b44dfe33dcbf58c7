#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The manual pages are well-formed, and their examples, those that are marked with a file's name,
# compile and print what the page says after them ("It prints .Ql …").
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
set -e

pages=$ZCACHE_TEST_SOURCE/sdk/man
cd "$dir"
PKG_CONFIG_PATH=$ZCACHE_TEST_BUILD/sdk
export PKG_CONFIG_PATH

# examples PAGE: cuts every marked example into its file, and what it prints into FILE.expected;
# lists the files.
examples() {
    awk '
        /^\.\\" file: / { file = $3; print file; next }
        /^\.Ed/ { if (file != "") last = file; file = ""; next }
        file != "" { gsub(/\\e/, "\\"); sub(/^\\&/, ""); print > file; next }
        /^\.Ql / && said {
            text = substr($0, 5); sub(/ \.$/, "", text)
            print text > (last ".expected"); said = 0
        }
        /^It prints$/ { said = 1 }' "$1"
}

runs_as_told() {
    name=${1%.c}
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CC $SANITIZER_CFLAGS -std=c11 -Wall -Wextra -Wpedantic -Werror -o "$name" "$1" \
        $(pkg-config --cflags --libs zcache)
    "$ZCACHE_TEST_BUILD/run" "./$name" >printed
    [ "$(cat printed)" = "$(cat "$1.expected")" ]
}

well_formed() {
    mandoc -T lint -W warning "$1"
}

for page in "$pages"/*.[0-9]; do
    if command -v mandoc >/dev/null; then
        check "$(basename "$page") is well-formed" well_formed "$page"
    fi
    for example in $(examples "$page"); do
        check "$(basename "$page"): $example runs" runs_as_told "$example"
    done
done
done_testing
