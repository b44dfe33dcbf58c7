#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The manual pages are well-formed, what is generated in them is what the program says today, their
# references lead somewhere, and their examples hold. A display becomes an example by the comment on
# its first line:
#     .\" file: first.c [PACKAGE...]   a program, compiled with these pkg-config packages too; it
#                                      prints what the page says after it ("It prints .Ql …"),
#                                      unless a session builds it
#     .\" file: zcache.ini             a configuration that `zcache config check` takes
#     .\" session                      commands after "$ ", which go on after "> ", each followed by
#                                      what it prints; a line of "..." stands for any lines
# A page that begins with `.\" server: redis` (or memcached) has that server, whatever address its
# examples name.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
set -e

pages=$ZCACHE_TEST_SOURCE/sdk/man
PKG_CONFIG_PATH=$ZCACHE_TEST_BUILD/sdk${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH MANWIDTH=80

# ---- the page ------------------------------------------------------------------------------------

well_formed() {
    mandoc -T lint -W warning "$1"
}

formats_without_warnings() {
    LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null | tee "$dir/warnings"
    [ ! -s "$dir/warnings" ]
}

is_what_the_program_says() {
    "$ZCACHE_TEST_BUILD/run" "$pages/fill" "$1" | diff "$1" -
}

# The next three print what is wrong.
references_to_nowhere() {
    sed -n 's/^\.Xr \(zcache[^ ]*\) \([0-9]\).*/\1.\2/p' "$1" | while read -r name; do
        [ -f "$pages/$name" ] || echo "no page $name"
    done
}

# Functions of a header.
functions_not_told() {
    grep -o '\<zcache_[a-z_]*(\(zcache\|void\|const\)' "$2" | sed 's/(.*//; /_fn$/d' | sort -u |
        while read -r name; do
            grep -qw "${name%_n}" "$1" || echo "$name is not there"
        done
}

# Members of the table of operations.
operations_not_told() {
    sed -n '/^typedef struct zcache_ops {/,/^}/s/^ *zcache_[a-z_]*_fn \*\([a-z_]*\);.*/\1/p' "$2" |
        while read -r name; do
            grep -qx "\.Ss $name" "$1" || echo "no heading for $name"
        done
}

nothing_from() {
    "$@" >"$dir/wrong"
    [ ! -s "$dir/wrong" ] || ! cat "$dir/wrong"
}

is_installed() {
    grep -q "%D%/man/$1" "$pages/../local.mk"
}

# The plugins of which the page tells options: one that this build lacks cannot be asked.
has_its_plugins() {
    sed -n 's/^\.\\" generated: options //p' "$1" | while read -r plugin; do
        zcache plugin info "$plugin" >/dev/null 2>&1 </dev/null || exit 1
    done
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests # SKIP $1"
}

# ---- its examples --------------------------------------------------------------------------------

# cut PAGE: writes each example into its file, what it is to print into FILE.expected, packages into
# FILE.packages; sessions into sessions.N. Undoes roff's escapes.
cut_examples() {
    awk '
        /^\.\\" file: / {
            file = $3; made = file
            printf "" > file
            $1 = $2 = $3 = ""; print > (file ".packages")
            next
        }
        /^\.\\" session/ { file = "session." ++sessions; printf "" > file; next }
        /^\.Ed/ { file = ""; next }
        file != "" { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); sub(/^\\&/, ""); print > file; next }
        /^\.Ql / && said {
            text = substr($0, 5); sub(/ [.,;]$/, "", text); gsub(/^"|"$/, "", text)
            print text > (made ".expected"); said = 0
        }
        /^It prints$/ { said = 1 }' "$1"
}

# compile FILE COMPILER...
compile() {
    file=$1
    shift
    # shellcheck disable=SC2046,SC2086 # lists of flags
    "$@" $SANITIZER_CFLAGS -Wall -Wextra -Wpedantic -Werror -o "${file%.*}" "$file" \
        $(pkg-config --cflags --libs zcache $(cat "$file.packages"))
}

prints_what_the_page_says() {
    "$ZCACHE_TEST_BUILD/run" "./${1%.*}" >printed
    [ "$(cat printed)" = "$(cat "$1.expected")" ] || ! cat printed
}

# Runs a session. Its transcript is as in the page, but for the lines that "..." stands for.
session_is_as_told() {
    {
        # A program goes with the library, a plugin must not need its sanitizers.
        cat <<'CC'
PATH=../bin:$PATH
cc() {
    case " $* " in
    *' -shared '*) $CC -Wall -Wextra -Werror "$@" ;;
    *) $CC $SANITIZER_CFLAGS -Wall -Wextra -Werror "$@" ;;
    esac
}
CC
        awk -v quote="'" '
            function flush() {
                if (command == "")
                    return
                gsub(quote, quote "\\" quote quote, shown)
                print "printf " quote "%s\\n" quote " " quote shown quote
                print command
                command = ""
            }
            /^\$ / { flush(); command = substr($0, 3); shown = $0; reading = 1; next }
            /^> / && reading { command = command "\n" substr($0, 3); shown = shown "\n" $0; next }
            { reading = 0 }
            END { flush() }' "$1"
    } >"$1.sh"
    "$ZCACHE_TEST_BUILD/run" sh "$1.sh" >"$1.printed" 2>&1 || true
    awk '
        NR == FNR { expected[++count] = $0; next }
        expected[at + 1] == "..." { at++; skipping = 1 }
        $0 == expected[at + 1] { at++; skipping = 0; next }
        !skipping { print "not as told: " $0 "\nbut: " expected[at + 1]; failed = 1; exit 1 }
        END {
            if (expected[at + 1] == "...")
                at++
            if (!failed && at < count) {
                print "not printed: " expected[at + 1]
                exit 1
            }
        }' "$1" "$1.printed" || ! cat "$1.printed"
}

run_example() {
    page=$1 file=$2
    case $file in
    *.c | *.cpp)
        if [ ! -f "$file.expected" ]; then
            check "$page: a session builds $file" grep -q "$file" session.*
        elif [ "${file##*.}" = c ]; then
            check "$page: $file compiles" compile "$file" "$CC" -std=c11
            check "$page: $file runs" prints_what_the_page_says "$file"
        elif [ -n "$CXX" ]; then
            check "$page: $file compiles" compile "$file" "$CXX" -std=c++17
            check "$page: $file runs" prints_what_the_page_says "$file"
        else
            skip "$page: $file: no C++ compiler"
        fi
        ;;
    *.ini) check "$page: $file is valid" zcache config check "$PWD/$file" ;;
    session.*) check "$page: $file is as told" session_is_as_told "$file" ;;
    esac
}

# Each starts its server once; the environment then leads to it.
use_redis() {
    [ -n "${redis_socket-}" ] || start_redis
    mkdir -p "$dir/bin"
    printf '#!/bin/sh\nexec %s -s %s "$@"\n' "$(command -v redis-cli)" "$redis_socket" \
        >"$dir/bin/redis-cli"
    chmod +x "$dir/bin/redis-cli"
    "$dir/bin/redis-cli" FLUSHALL >"$dir/output" # no other page's keys
    export ZCACHE_REDIS_URL="unix:$redis_socket"
}

use_memcached() {
    [ -n "${memcached_socket-}" ] || start_memcached
    export ZCACHE_MEMCACHED_SERVERS="$memcached_socket"
}

# ---- all pages -----------------------------------------------------------------------------------

for file in "$pages"/*.[0-9]; do
    page=$(basename "$file")
    unset ZCACHE_REDIS_URL ZCACHE_MEMCACHED_SERVERS
    if command -v mandoc >/dev/null; then
        check "$page is well-formed" well_formed "$file"
    else
        skip "$page: no mandoc"
    fi
    if command -v man >/dev/null && command -v groff >/dev/null; then
        check "$page is formatted without warnings" formats_without_warnings "$file"
    else
        skip "$page: no man and groff"
    fi
    case $page in
    zcache.3)
        check "$page tells of every function" nothing_from functions_not_told "$file" \
            "$pages/../zcache/zcache.h"
        ;;
    zcache-plugin.3)
        check "$page tells of every operation" nothing_from operations_not_told "$file" \
            "$pages/../zcache/plugin.h"
        ;;
    esac
    check "$page is installed" is_installed "$page"
    check "$page refers to pages that are there" nothing_from references_to_nowhere "$file"
    if ! has_its_plugins "$file"; then
        skip "$page: its plugin is not built"
        continue
    fi
    check "$page is what the program says (else: make man)" is_what_the_program_says "$file"

    mkdir "$dir/$page"
    cd "$dir/$page"
    cut_examples "$file"
    ! grep -q '^\.\\" server: redis' "$file" || use_redis
    ! grep -q '^\.\\" server: memcached' "$file" || use_memcached
    for example in *.ini *.c *.cpp session.?; do
        [ ! -f "$example" ] || run_example "$page" "$example"
    done
done
done_testing
