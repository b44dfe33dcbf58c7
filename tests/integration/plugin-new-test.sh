#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# zcache plugin new: what it writes compiles and runs, whatever the plugin is called; what cannot be
# done is refused with the reason, overwrites nothing and leaves nothing behind. What the store does
# is for tests/conform/conform-template.sh, and what an installed zcache suffices for, for
# install-test.sh.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC2016 # eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

template=$ZCACHE_TEST_SOURCE/sdk/template
ZCACHE_TEMPLATE=$template
export ZCACHE_TEMPLATE
cd "$dir" || exit 1
all_files='GNUmakefile configure.ac Makefile.am README.md .gitignore'

# Not the make that runs this test, and no flags of it.
make_in() {
    project=$1
    shift
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL PKG_CONFIG_PATH="$ZCACHE_TEST_BUILD/sdk" \
        make -C "$project" CC="$CC" CFLAGS='-Wall -Wextra -pedantic -Werror' "$@"
}

# same_as_template DIRECTORY: my-store's project is the template itself.
same_as_template() {
    # shellcheck disable=SC2086 # a list of files
    for file in my-store.c $all_files; do
        cmp "$1/$file" "$template/${file#.}" || return
    done
}

# nothing_of_the_template DIRECTORY
nothing_of_the_template() {
    ! grep -ri 'my[-_]store' "$1"
}

# aligned FILE: a line that goes on in parentheses begins where its arguments began, at most where
# the two are in the template; told by the one function that has both on its lines.
aligned() {
    awk -v name="$2" '
        index($0, "static zcache_status " name "_open(") { column = index($0, "("); next }
        column && !match($0, "^ *const void \\*options") { exit 1 }
        column { exit RLENGTH - length("const void *options") != column }
        END { exit !column }' "$1"
}

on_new() {
    provider=$1 path=$2
    shift 2
    lines "$@" | zcache -s "cache.plugin_path=$path" -p "$provider" shell
}

# ---- names ----

expect 'it tells what it has written' 0 "mine: mine.c $all_files
Now, there: make && make check. README.md tells the rest." '' zcache plugin new mine
expect 'its files are all there is' 0 "$(lines .gitignore GNUmakefile Makefile.am README.md \
    configure.ac mine.c)" '' env LC_ALL=C ls -A mine
check 'no trace of the name in the template' nothing_of_the_template mine
expect 'into another directory, with --json' 0 \
    '{"name": "my-store", "directory": "de\"ep", "files": ["my-store.c", "GNUmakefile", "configure.ac", "Makefile.am", "README.md", ".gitignore"]}' \
    '' zcache plugin new --json my-store 'de"ep'
check 'my-store is the template' same_as_template 'de"ep'
mkdir empty
expect_like 'into a directory that is empty' 0 'empty: *' '' zcache plugin new in-the_middle empty
expect_like 'in the shell' 0 'in_shell: in_shell.c *' '' \
    eval 'echo plugin new in_shell | zcache shell'
longest=a2345678901234567890123456789-_2
expect_like 'the longest name' 0 "$longest: *" '' zcache plugin new "$longest"

for project in mine:mine in-the_middle:empty in_shell:in_shell 'my-store:de"ep' \
    "$longest:$longest"; do
    plugin=${project%%:*} directory=${project#*:}
    check "$plugin compiles" make_in "$directory"
    check "$plugin is its name" zcache -s "cache.plugin_path=$dir/$directory" plugin info "$plugin"
    expect "$plugin keeps entries" 0 "$(lines OK 1 OK '(miss)')" '' \
        on_new "$plugin" "$dir/$directory" 'set a 1' 'get a' 'del a' 'get a'
    identifier=$(echo "$plugin" | tr - _)
    expect_like "$plugin names its statistics" 0 "*
${identifier}_items *" '' zcache -s "cache.plugin_path=$dir/$directory" -p "$plugin" stats
    check "$plugin is aligned" aligned "$directory/$plugin.c" "$identifier"
done
expect 'its option is checked' 4 '' 'zcache: *[[]mine[]]*buckets*' \
    zcache -s "cache.plugin_path=$dir/mine" -p mine -s mine.buckets=0 get a
expect 'a misspelt one is suggested' 4 '' 'zcache: *buckets*' \
    zcache -s "cache.plugin_path=$dir/mine" -p mine -s mine.bucket=5 get a
if [ -z "$SANITIZER_CFLAGS" ]; then # which need more than any limit
    expect 'more buckets than there is memory for' 3 '' \
        'zcache: *mine: no memory for 16777216 buckets*' \
        eval 'ulimit -v 100000
            zcache -s "cache.plugin_path=$dir/mine" -p mine -s mine.buckets=16777216 get a'
fi
check 'make clean leaves the sources' make_in mine clean
expect 'and nothing else' 0 "$(lines .gitignore GNUmakefile Makefile.am README.md configure.ac mine.c)" \
    '' env LC_ALL=C ls -A mine
expect_like 'without zcache make says what is missing' 0 '*zcache is not installed, or PKG_CONFIG_PATH*' \
    '' eval 'env -u MAKEFLAGS PKG_CONFIG_PATH=/nowhere PKG_CONFIG_LIBDIR=/nowhere make -C mine 2>&1 || true'

# ---- refusals ----

for name in '' A Mine 1st -a _a a.b a/b ../a 'a b' "${longest}3" "$(printf 'a\nb')"; do
    expect "\"$name\" is no name" 2 '' "zcache: \"*\" cannot be a plugin's name: it is 1 to 32*" \
        zcache plugin new -- "$name" refused
done
for name in cache swap control table memory redis memcached cbor json zcache; do
    expect "$name is taken" 2 '' "zcache: \"$name\" is a name of zcache's own: choose another" \
        zcache plugin new "$name" refused
done
expect 'no name' 2 '' 'zcache: an operand is missing: plugin new NAME [[]DIR]*' zcache plugin new
echo kept >empty/README.md
cp -R mine before
expect 'a directory that is not empty' 2 '' \
    'zcache: mine is not empty, and nothing is overwritten: name another directory' \
    zcache plugin new mine
check 'and nothing was' diff -r mine before
: >file
expect 'a file' 2 '' 'zcache: cannot make the directory file: Not a directory' \
    zcache plugin new mine file
expect 'a directory that has no parent' 3 '' \
    'zcache: cannot make the directory no/where: No such file or directory' \
    zcache plugin new mine no/where
expect 'a template that is not there' 3 '' \
    'zcache: cannot read the template /nowhere/my-store.c: No such file or directory; install all*' \
    env ZCACHE_TEMPLATE=/nowhere "$command_file" plugin new mine refused
mkdir half
cp "$template/my-store.c" "$template/GNUmakefile" half
expect 'a template that lacks a file' 3 '' 'zcache: cannot read the template half/configure.ac: *' \
    env ZCACHE_TEMPLATE=half "$command_file" plugin new mine refused
check 'nothing was made for them' [ ! -e refused ]

# A limit of 8 KiB a file stands for a full disk: write fails half-way.
expect 'a disk that is full' 3 '' 'zcache: cannot write full/mine.c: File too large' \
    eval 'trap "" XFSZ; ulimit -f 16; zcache plugin new mine full'
check 'leaves no directory' [ ! -e full ]
mkdir there
expect 'nor files in one that was there' 3 '' 'zcache: cannot write there/mine.c: File too large' \
    eval 'trap "" XFSZ; ulimit -f 16; zcache plugin new mine there'
check 'which stays' rmdir there
done_testing
