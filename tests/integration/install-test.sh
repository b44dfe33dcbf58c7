#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# What `make install` puts into DESTDIR suffices to compile a program and a plugin, by the installed
# pkg-config files, and to run both; `make uninstall` leaves nothing behind. The programs see the
# copy in DESTDIR as the root of a system, by PKG_CONFIG_SYSROOT_DIR.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
set -e

root=$dir/root
cd "$dir"

# Not the make that runs this test: without its flags, job server and level.
make_in_build() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES \
        make -C "$ZCACHE_TEST_BUILD" "$@" DESTDIR="$root"
}

package() {
    PKG_CONFIG_PATH=$root$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
        PKG_CONFIG_DISABLE_UNINSTALLED=1 pkg-config "$@"
}

# directory NAME: a directory variable of the build, expanded.
directory() {
    make_in_build -s print-directories | sed -n "s/^$1=//p"
}

soname_is() {
    readelf -d "$root$libdir/libzcache.so" | grep -q "SONAME.*\[$1\]"
}

compile_program() {
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CC $SANITIZER_CFLAGS -o first "$ZCACHE_TEST_SOURCE/sdk/examples/first.c" \
        $(package --cflags --libs zcache)
}

compile_cpp_program() {
    cat >second.cpp <<'PROGRAM'
#include <zcache/zcache.hpp>
#include <cstdio>

struct user {
    int64_t id;
    const char *name;
};
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name))

int main()
{
    const auto cache = zcache::cache::open_env();
    const zcache::table<user> users(cache, "users");
    users.set("7", {7, "Ann"}, std::chrono::hours(1));
    std::puts((*users.get("7"))->name);
}
PROGRAM
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CXX -std=c++17 $SANITIZER_CFLAGS -o second second.cpp $(package --cflags --libs zcache)
}

# A plugin is installed by rename: a file that is loaded must never be overwritten.
compile_plugin() {
    # shellcheck disable=SC2046 # a list of flags
    $CC -o mine.so.new "$ZCACHE_TEST_SOURCE/sdk/examples/plugin/mine.c" \
        $(package --cflags --libs zcache-plugin) &&
        mv mine.so.new "$root$plugindir/mine.so"
}

installed() {
    LD_LIBRARY_PATH=$root$libdir ZCACHE_PLUGIN_PATH=$root$plugindir "$@"
}

keeps_an_entry() {
    printf 'set a 1\nget a\n' | installed "$root$bindir/zcache" -p mine shell
}

nothing_is_left() {
    rm -f "$root$plugindir/mine.so"
    ! find "$root" ! -type d | grep .
}

libdir=$(directory libdir) plugindir=$(directory plugindir) bindir=$(directory bindir)
check 'make install DESTDIR=…' make_in_build install
check 'the soname is libzcache.so.1' soname_is libzcache.so.1
check 'a program compiles by zcache.pc' compile_program
check_output 'it runs on memory' hello installed ./first
if [ -n "$CXX" ]; then
    check 'a C++ program compiles by zcache.pc' compile_cpp_program
    check_output 'it runs on memory' Ann installed ./second
fi
check_output 'zcache-plugin.pc tells where plugins go' "$plugindir" \
    env PKG_CONFIG_PATH="$root$libdir/pkgconfig" PKG_CONFIG_DISABLE_UNINSTALLED=1 \
    pkg-config --variable=plugindir zcache-plugin
check 'a plugin compiles by zcache-plugin.pc' compile_plugin
check_output 'the installed command runs it' "$(printf 'OK\n1')" keeps_an_entry
check 'every plugin in the directory is accepted' installed "$root$bindir/zcache" plugin list
check 'make uninstall DESTDIR=…' make_in_build uninstall
check 'nothing is left' nothing_is_left
done_testing
