/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Internal: how ZCACHE_WRITE(…), ZCACHE_READ(…), … make options in place in C++, which has no
 * compound literals: a temporary, which lives as long as the call that it is an argument of.
 */
#ifndef ZCACHE_OPTIONS_CPP_H
#define ZCACHE_OPTIONS_CPP_H

/* g++ with -Wextra would ask for the members that are meant to be 0, at every use of the macros. */
#ifdef __GNUC__
#pragma GCC system_header
#endif

#define ZCACHE_IN_PLACE_(type, ...) \
    (&static_cast<const type &>(type{.size = sizeof(type), __VA_ARGS__}))

#endif /* ZCACHE_OPTIONS_CPP_H */
