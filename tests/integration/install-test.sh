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

# The command finds its template in DESTDIR, where its own place tells.
new_plugin() {
    env -u ZCACHE_TEMPLATE LD_LIBRARY_PATH="$root$libdir" "$root$bindir/zcache" plugin new mine
}

make_plugin() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL PKG_CONFIG_PATH="$root$libdir/pkgconfig" \
        PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_DISABLE_UNINSTALLED=1 make -C mine CC="$CC"
}

# A plugin is installed by rename: a file that is loaded must never be overwritten.
install_plugin() {
    cp mine/mine.so "$root$plugindir/mine.so.new" &&
        mv "$root$plugindir/mine.so.new" "$root$plugindir/mine.so"
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

# man zcache_get finds the page that tells of it.
page_of() {
    cmp "$root$mandir/man3/zcache_$1.3" "$ZCACHE_TEST_SOURCE/sdk/man/zcache.3"
}

libdir=$(directory libdir) plugindir=$(directory plugindir) bindir=$(directory bindir)
mandir=$(directory mandir)
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
check 'zcache plugin new finds its template' new_plugin
check 'a plugin compiles by zcache-plugin.pc' make_plugin
check 'it goes where plugins go' install_plugin
check_output 'the installed command runs it' "$(printf 'OK\n1')" keeps_an_entry
check 'every plugin in the directory is accepted' installed "$root$bindir/zcache" plugin list
for function in get open_file key_list_free; do
    check "zcache_$function has a page" page_of $function
done
check 'make uninstall DESTDIR=…' make_in_build uninstall
check 'nothing is left' nothing_is_left
done_testing
