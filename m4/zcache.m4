# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors

# ZCACHE_WARNINGS: WARNING_CFLAGS, those of our warnings that the compiler has; CXX_WARNING_CFLAGS.
AC_DEFUN([ZCACHE_WARNINGS], [
  WARNING_CFLAGS=
  zcache_saved_CFLAGS=$CFLAGS
  for zcache_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wold-style-definition \
      -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef \
      -Wvla -Wconversion -Wno-sign-conversion -Wlogical-op -Wduplicated-cond; do
    CFLAGS="$zcache_saved_CFLAGS -Werror $zcache_flag"
    AC_MSG_CHECKING([whether $CC has $zcache_flag])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
      [AC_MSG_RESULT([yes]); WARNING_CFLAGS="$WARNING_CFLAGS $zcache_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$zcache_saved_CFLAGS
  CXX_WARNING_CFLAGS="-Wall -Wextra -pedantic"
  AS_IF([test "x$enable_werror" = xyes], [
    WARNING_CFLAGS="$WARNING_CFLAGS -Werror"
    CXX_WARNING_CFLAGS="$CXX_WARNING_CFLAGS -Werror"
  ])
  AC_SUBST([WARNING_CFLAGS])
  AC_SUBST([CXX_WARNING_CFLAGS])
])

# ZCACHE_PLUGIN_SWITCH(NAME, [PKG-CONFIG MODULES], [DEBIAN PACKAGE]): --disable-NAME, the conditional
# PLUGIN_NAME, its flags NAME_CFLAGS and NAME_LIBS, and plugin_NAME for the summary. A missing library
# switches the plugin off, unless it was asked for.
AC_DEFUN([ZCACHE_PLUGIN_SWITCH], [
  AC_ARG_ENABLE([$1],
    [AS_HELP_STRING([--disable-$1], [do not build the $1 plugin])],
    [], [enable_$1=auto])
  AS_IF([test "x$enable_$1" = xno], [plugin_$1="no: --disable-$1"],
    [m4_ifval([$2],
      [PKG_CHECK_MODULES(m4_toupper([$1]), [$2], [plugin_$1=yes],
        [AS_IF([test "x$enable_$1" = xyes],
          [AC_MSG_ERROR([the $1 plugin needs $2: install $3])])
         plugin_$1="no: $2 is missing ($3)"])],
      [plugin_$1=yes])])
  AM_CONDITIONAL([PLUGIN_]m4_toupper([$1]), [test "x$plugin_$1" = xyes])
])

# ZCACHE_THREADS: our code uses POSIX threads and C11 atomics.
AC_DEFUN([ZCACHE_THREADS], [
  AC_SEARCH_LIBS([pthread_create], [pthread], [], [AC_MSG_ERROR([POSIX threads are missing])])
  AC_SEARCH_LIBS([dlopen], [dl], [], [AC_MSG_ERROR([dlopen is missing])])
  AC_CHECK_HEADER([stdatomic.h], [], [AC_MSG_ERROR([C11 atomics are missing: use gcc 4.9 or clang 3.6 or later])])
])

# ZCACHE_CXX_LIKE_CC: CXX is clang++ beside clang, if nobody has chosen it: a program can have the
# sanitizers of one compiler only. Before AC_PROG_CXX.
AC_DEFUN([ZCACHE_CXX_LIKE_CC], [
  AS_CASE([$CC], [*clang*], [
    zcache_like_cc=`echo "$CC" | sed 's/clang/clang++/'`
    AC_CHECK_PROG([CXX], [$zcache_like_cc], [$zcache_like_cc])
  ])
])

# ZCACHE_CXX: whether CXX compiles C++17, which tests only need: have_cxx, the conditional HAVE_CXX.
AC_DEFUN([ZCACHE_CXX], [
  AC_LANG_PUSH([C++])
  zcache_saved_CXXFLAGS=$CXXFLAGS
  CXXFLAGS="$CXXFLAGS -std=c++17"
  AC_MSG_CHECKING([whether $CXX compiles C++17])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <optional>]],
      [[std::optional<int> one = 1; return *one - 1;]])],
    [have_cxx=yes], [have_cxx=no])
  AC_MSG_RESULT([$have_cxx])
  CXXFLAGS=$zcache_saved_CXXFLAGS
  AC_LANG_POP([C++])
  AM_CONDITIONAL([HAVE_CXX], [test "x$have_cxx" = xyes])
])

# ZCACHE_COMPARE(NAME, PKG-CONFIG MODULE, DEBIAN PACKAGE, [IF YES]): a library that tests and benchmarks
# compare ours with: have_NAME for the summary, the conditional HAVE_NAME, NAME_CFLAGS and NAME_LIBS.
AC_DEFUN([ZCACHE_COMPARE], [
  PKG_CHECK_MODULES(m4_toupper([$1]), [$2], [have_$1=yes], [have_$1="no ($3)"])
  m4_ifval([$4], [AS_IF([test "x$4" != xyes], [have_$1=no])])
  AM_CONDITIONAL([HAVE_]m4_toupper([$1]), [test "x$have_$1" = xyes])
])

# ZCACHE_BASH_COMPLETION: bashcompletiondir.
AC_DEFUN([ZCACHE_BASH_COMPLETION], [
  AC_ARG_WITH([bash-completion-dir],
    [AS_HELP_STRING([--with-bash-completion-dir=DIR], [where the bash completion goes])],
    [bashcompletiondir=$withval], [bashcompletiondir='${datadir}/bash-completion/completions'])
  AC_SUBST([bashcompletiondir])
])
