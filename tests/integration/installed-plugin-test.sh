#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# An installed zcache is all that a plugin's author needs. In an environment that knows nothing of
# this tree, with the copy in DESTDIR as the system: a project of `zcache plugin new`, built by make
# and by autotools, passes the conformance kit, is installed, and swapped to in a running process;
# and each plugin of ours compiles from its folder alone.
# shellcheck source=tests/support/tap.sh
# shellcheck disable=SC2016,SC2094 # an inner shell expands; status and list are files and words
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

root=$dir/root
mkdir "$dir/home"
cd "$dir/home" || exit 1
path=$PATH

make_in_build() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES \
        make -C "$ZCACHE_TEST_BUILD" "$@" DESTDIR="$root"
}

# directory NAME: a directory variable of the build, expanded.
directory() {
    make_in_build -s print-directories | sed -n "s/^$1=//p"
}

# installed COMMAND...: in an environment of nothing but what DESTDIR makes necessary.
installed() {
    env -i HOME="$dir/home" PATH="$root$bindir:$path" LD_LIBRARY_PATH="$root$libdir" \
        PKG_CONFIG_PATH="$root$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root" \
        ZCACHE_PLUGIN_PATH="$root$plugindir" "$@"
}

# in_project DIRECTORY COMMAND...
in_project() {
    project=$1
    shift
    (cd "$project" && installed "$@")
}

swap_in_shell() {
    printf '%s\n' 'set a 1' 'get a' 'swap memory' 'get a' 'swap mine' 'set a 2' 'get a' |
        installed zcache -p mine shell | sed 's/ in .*//'
}

# A process that reads its commands from a pipe, swapped from outside.
start_process() {
    mkfifo commands
    installed zcache -p memory -s "control.socket=$dir/home/socket" shell <commands >results 2>&1 &
    server_pids="$server_pids $!"
    exec 3>commands
    echo 'set a 1' >&3
    wait_for_line 1 OK
}

# wait_for_line NUMBER TEXT: of what the process has printed, for at most 20 s.
wait_for_line() {
    tries=0
    until [ "$(sed -n "$1p" results)" = "$2" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then
            cat results
            return 1
        fi
        sleep 0.1
    done
}

swap_from_outside() {
    installed zcache ctl swap mine --wait --socket "$dir/home/socket" &&
        installed zcache ctl status --json --socket "$dir/home/socket" >status &&
        grep -q '"provider": "mine"' status
}

goes_on() {
    printf '%s\n' 'get a' 'set a 3' 'get a' >&3
    wait_for_line 2 '(miss)' && wait_for_line 4 3
}

# compile_alone PLUGIN LIBRARY...: as anybody would who has only that folder.
compile_alone() {
    plugin=$1
    shift
    mkdir -p "alone/$plugin" alone/built &&
        cp "$ZCACHE_TEST_SOURCE/plugins/$plugin"/*.[ch] "alone/$plugin" &&
        in_project alone sh -ec 'cc=$1 plugin=$2
            shift 2
            flags=$(pkg-config --cflags --libs zcache-plugin)
            $cc -D_GNU_SOURCE -Wall -Wextra -Werror -I. -o "built/$plugin.so" "$plugin"/*.c $flags \
                "$@"' sh "$CC" "$plugin" "$@"
}

alone() {
    installed zcache -s "cache.plugin_path=$dir/home/alone/built" "$@"
}

# tells_its_name PLUGIN KIND: file and descriptor agree, else it is refused.
tells_its_name() {
    alone plugin list --json >list
    grep -o "{\"name\": \"$1\"[^}]*}" list | grep '"refused": null' | grep "\"kind\": \"$2\""
}

libdir=$(directory libdir) plugindir=$(directory plugindir) bindir=$(directory bindir)
check 'make install DESTDIR=…' make_in_build install

# ---- a project -----------------------------------------------------------------------------------

check 'zcache plugin new' installed zcache plugin new mine
check 'make' in_project mine make CC="$CC" CFLAGS='-O2 -Wall -Wextra -Werror'
if [ -z "$SANITIZER_CFLAGS" ]; then
    check 'make check: it conforms' in_project mine make check
    if [ -e "$(gcc -print-file-name=libasan.so 2>/dev/null)" ]; then
        check 'make check-asan: it does under AddressSanitizer' in_project mine make check-asan CC=gcc
    fi
fi
check 'make install' in_project mine env -u PKG_CONFIG_SYSROOT_DIR make install DESTDIR="$root"
check 'it is there for everybody' installed zcache plugin info mine
check_output 'a shell swaps from it and to it' "$(printf '%s\n' OK 1 'swapped mine -> memory' \
    '(miss)' 'swapped memory -> mine' OK 2)" swap_in_shell
check 'a process runs on memory' start_process
check 'it is swapped to from outside' swap_from_outside
check 'and the process goes on with it' goes_on
echo exit >&3
exec 3>&-

check 'zcache plugin new, once more' installed zcache plugin new my-own
check 'autoreconf -i' in_project my-own autoreconf -i
check './configure' in_project my-own ./configure CC="$CC"
check 'make, by the Makefile of automake' in_project my-own make
if [ -z "$SANITIZER_CFLAGS" ]; then
    check 'make check' in_project my-own make check
fi
check 'make dist has all of it' in_project my-own make dist
check 'make distclean leaves the makefile that needs no configure' in_project my-own make distclean
check 'which builds it again' in_project my-own make CC="$CC"

# ---- our plugins ---------------------------------------------------------------------------------

# Only what this build has: a library that is missing switches its plugin off.
is_built() {
    [ -e "$root$plugindir/$1.so" ]
}

for one in cbor:codec:-lcbor fault:filter: lmdb:provider:-llmdb \
    memcached:provider:-lmemcached,-lcrypto memory:provider: redis:provider:-lhiredis \
    stats:filter:; do
    plugin_name=${one%%:*} libraries=${one##*:} kind=${one#*:}
    kind=${kind%:*}
    is_built "$plugin_name" || continue
    # shellcheck disable=SC2046 # a list of words
    check "$plugin_name compiles from its folder alone" \
        compile_alone "$plugin_name" $(echo "$libraries" | tr , ' ')
    check "$plugin_name is its name" tells_its_name "$plugin_name" "$kind"
done
keeps() {
    printf 'set a 1\nget a\n' | alone "$@" shell
}
check_output 'memory keeps entries' "$(printf 'OK\n1')" keeps -p memory
if is_built lmdb; then
    check_output 'lmdb keeps entries' "$(printf 'OK\n1')" keeps -p lmdb -s "lmdb.path=$dir/home/store"
fi
if is_built fault && is_built stats; then
    check_output 'filters pass them on' "$(printf 'OK\n1')" keeps -p memory -s cache.filters=fault,stats
fi
done_testing
